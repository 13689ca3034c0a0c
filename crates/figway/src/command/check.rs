//! `figway check`: a configuration and everything it names, read exactly as at start.

use cdc::CaptureConfig;

use crate::args;
use crate::terminal::Terminal;

pub(crate) fn run(args: &args::Check, terminal: &mut Terminal) -> anyhow::Result<u8> {
    let config = CaptureConfig::read(&terminal.path(&args.file))?;
    for source in config.sources() {
        terminal.say(format_args!(
            "{}: {} in {} as {} to topic {}, {} partitions",
            source.name(),
            source.pattern().as_str(),
            source.directory().display(),
            source.layout().name(),
            source.topic(),
            source.partitions(),
        ))?;
    }
    for source in config.sources() {
        // No fault of the configuration: it may be mounted later.
        if !source.directory().is_dir() {
            terminal.say(format_args!(
                "note: the directory {} of {} is not there yet",
                source.directory().display(),
                source.name()
            ))?;
        }
    }
    terminal.say(format_args!(
        "{}: no fault found; kafka was not contacted",
        args.file.display()
    ))?;
    Ok(crate::HELD)
}
