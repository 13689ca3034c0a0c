//! Figway assembled: the commands of the one binary.
//!
//! In: words and a [`terminal::Terminal`]. Out: what the command writes, and an exit code: 0 all held, 1 something
//! did not, 2 the command or a configuration file is not understood.

mod args;
mod command;
mod figures;
mod files;
mod progress;
pub mod terminal;

use clap::Parser;

use args::{Cli, Command};
use terminal::Terminal;

/// Runs one command: `words` is what was typed after `figway`. Returns the exit code.
pub fn run(
    words: impl IntoIterator<Item = impl Into<std::ffi::OsString>>,
    mut terminal: Terminal,
) -> u8 {
    let words = words.into_iter().map(Into::into);
    let cli = match Cli::try_parse_from(std::iter::once("figway".into()).chain(words)) {
        Ok(cli) => cli,
        Err(answer) => return usage(&answer, &mut terminal),
    };
    let result = match cli.command {
        Command::Broker(args) => command::broker::run(&args, &mut terminal),
        Command::Cdc(args) => command::cdc::run(args, &mut terminal),
        Command::Check(args) => command::check::run(&args, &mut terminal),
        Command::Copybook(args) => command::copybook::run(args, &mut terminal),
        Command::Demo(args) => command::demo::run(&args, &mut terminal),
        Command::Registry(args) => command::registry::run(&args, &mut terminal),
        Command::Audit(args) => command::audit::run(&args, &mut terminal),
        Command::Gateways(args) => command::gateways::run(&args, &mut terminal),
        Command::Rollouts(args) => command::rollouts::run(&args, &mut terminal),
        Command::Proposals(args) => command::proposals::run(&args, &mut terminal),
        Command::Report(args) => command::report::run(&args, &mut terminal),
        Command::Routes(args) => command::routes::run(&args, &mut terminal),
        Command::Serve(args) => command::serve::run(&args, &mut terminal),
    };
    ops::telemetry::flush();
    match result.and_then(|code| Ok(terminal.flush().map(|()| code)?)) {
        Ok(code) => code,
        Err(error) => failed(&error, &mut terminal),
    }
}

/// The exit codes of commands.
pub(crate) const HELD: u8 = 0;
pub(crate) const FAILED: u8 = 1;
pub(crate) const MISUNDERSTOOD: u8 = 2;

/// Help that was asked for goes to standard output, a misunderstanding to standard error.
fn usage(answer: &clap::Error, terminal: &mut Terminal) -> u8 {
    let text = answer.render();
    let text = if terminal.colours() {
        text.ansi().to_string()
    } else {
        text.to_string()
    };
    if answer.use_stderr() {
        terminal.note(text.trim_end());
        return MISUNDERSTOOD;
    }
    // Whoever asked for help and closed the pipe has seen enough.
    terminal
        .say(text.trim_end())
        .and_then(|()| terminal.flush())
        .ok();
    HELD
}

/// Says what went wrong, with its causes; the exit code follows from what it is.
fn failed(error: &anyhow::Error, terminal: &mut Terminal) -> u8 {
    if let Some(faults) = error.downcast_ref::<ops::config::Faults>() {
        let text = if terminal.colours() {
            faults.coloured()
        } else {
            faults.to_string()
        };
        terminal.note(text);
        return MISUNDERSTOOD;
    }
    let gone = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::BrokenPipe;
    if error.downcast_ref::<std::io::Error>().is_some_and(gone) {
        // `figway ... | head` has what it wanted.
        return HELD;
    }
    report(error.as_ref(), terminal);
    FAILED
}

/// Says what went wrong, what can be done, and the causes that add something to what was said.
pub(crate) fn report(error: &(dyn std::error::Error + 'static), terminal: &mut Terminal) {
    let mut said = error.to_string();
    terminal.note(format_args!("error: {said}"));
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            terminal.note(format_args!("  because: {text}"));
            said = text;
        }
        if let Some(help) = error
            .downcast_ref::<cdc::Error>()
            .and_then(cdc::Error::help)
        {
            terminal.note(format_args!("  help: {help}"));
        }
        cause = error.source();
    }
}
