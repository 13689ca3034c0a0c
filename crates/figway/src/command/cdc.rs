//! `figway cdc run | status | release`.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Context;
use cdc::{Capture, CaptureConfig, Decision, Mode, SourceStatus, State, What};
use ops::shutdown::Shutdown;

use crate::args;
use crate::figures::{grouped, span};
use crate::progress;
use crate::terminal::Terminal;

/// How long a source may take to its next safe point after it was asked to end.
const DRAIN: std::time::Duration = std::time::Duration::from_secs(10);

pub(crate) fn run(args: args::Cdc, terminal: &mut Terminal) -> anyhow::Result<u8> {
    match args {
        args::Cdc::Run { config, once } => {
            // Results and errors are told here, in words; the log is for what happens in between.
            ops::telemetry::init(if once { "off" } else { "warn" });
            let mode = if once { Mode::Once } else { Mode::Forever };
            capture(read(&config, terminal)?, mode, terminal)
        }
        args::Cdc::Status {
            config: given,
            json,
        } => {
            ops::telemetry::init("error");
            let config = read(&given, terminal)?;
            let all = super::runtime()?.block_on(cdc::status(&config))?;
            if json {
                show_json(&all, terminal)
            } else {
                show(&all, &given, terminal)
            }
        }
        args::Cdc::Release {
            config,
            source,
            generation,
            choice,
            why,
            by,
        } => {
            ops::telemetry::init("error");
            let config = read(&config, terminal)?;
            let who = by
                .or_else(login)
                .context("who decides? say it with --by NAME")?;
            let decision = Decision { choice, who, why };
            super::runtime()?.block_on(cdc::release(&config, &source, &generation, &decision))?;
            terminal.say(format_args!(
                "{source} {generation}: released as {choice} by {}; a running worker acts on it within seconds",
                decision.who
            ))?;
            Ok(crate::HELD)
        }
    }
}

/// The configuration, on the Kafka that the command line names if it names one.
pub(super) fn read(
    args: &args::CaptureConfig,
    terminal: &Terminal,
) -> anyhow::Result<CaptureConfig> {
    let config = CaptureConfig::read(&terminal.path(&args.config))?;
    Ok(match &args.bootstrap {
        None => config,
        Some(bootstrap) => {
            let kafka = kafka::KafkaConfig {
                bootstrap: bootstrap.clone(),
                ..config.kafka().clone()
            };
            config.with_kafka(kafka)
        }
    })
}

fn capture(config: CaptureConfig, mode: Mode, terminal: &mut Terminal) -> anyhow::Result<u8> {
    let observer = progress::of_capture(terminal);
    if mode == Mode::Forever {
        terminal.note(format_args!(
            "capturing {} sources to kafka at {}; ctrl-c ends it at the next safe point",
            config.sources().len(),
            config.kafka().bootstrap
        ));
    }
    let runtime = super::runtime()?;
    let ended = runtime.block_on(async {
        let shutdown = Shutdown::new();
        shutdown.on_signals()?;
        let capture = Capture::from_config(config);
        let ended = tokio::select! {
            ended = capture.run(&shutdown, mode, observer) => Some(ended),
            () = overdue(&shutdown) => None,
        };
        std::io::Result::Ok((ended, shutdown.has_begun()))
    });
    // A call into a broker that hangs is not waited for: the broker takes back what was not committed.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    let (Some(ended), asked) = ended? else {
        terminal.note(format_args!(
            "kafka did not answer within {} s of the end; what was committed stays, the rest is sent again at the next start",
            DRAIN.as_secs()
        ));
        return Ok(crate::FAILED);
    };
    let mut code = crate::HELD;
    // Sources that fail together mostly fail for one reason, which is said once.
    let mut failed: Vec<(&cdc::Error, Vec<&str>)> = Vec::new();
    for source in &ended {
        match &source.outcome {
            // A service that is asked to end has done its work, held or not.
            Ok(position) if mode == Mode::Once && is_held(position) => {
                code = crate::FAILED;
                terminal.note(format_args!(
                    "{}: waits for a person: see figway cdc status",
                    source.source
                ));
            }
            Ok(_) => {}
            // Asked to end, a source that was waiting to try again has nothing more to say.
            Err(_) if asked => {}
            Err(error) => match failed
                .iter_mut()
                .find(|(same, _)| same.to_string() == error.to_string())
            {
                Some((_, names)) => names.push(&source.source),
                None => failed.push((error, vec![&source.source])),
            },
        }
    }
    for (error, names) in failed {
        code = crate::FAILED;
        terminal.note(format_args!("{}: ended", names.join(", ")));
        crate::report(error, terminal);
    }
    Ok(code)
}

/// Returns some time after the shutdown began.
async fn overdue(shutdown: &Shutdown) {
    shutdown.begun().await;
    tokio::time::sleep(DRAIN).await;
}

/// A generation waits for a person, or its deletes do.
fn is_held(position: &cdc::Position) -> bool {
    let deletes = |committed: &cdc::Committed| committed.held_deletes.is_some();
    position.hold.is_some() || position.committed.as_ref().is_some_and(deletes)
}

fn show(
    all: &[SourceStatus],
    config: &args::CaptureConfig,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header([
        "SOURCE",
        "STATE",
        "GENERATION",
        "TOPIC",
        "R",
        "C",
        "U",
        "D",
        "DEAD",
        "AGE",
        "WORKER",
    ]);
    for status in all {
        let totals = status.totals;
        table.add_row([
            status.source.clone(),
            state(status),
            status.generation.clone().unwrap_or_else(|| "-".to_owned()),
            status.topic.clone(),
            grouped(totals.read),
            grouped(totals.created),
            grouped(totals.updated),
            grouped(totals.deleted),
            grouped(totals.dead_letters),
            status.age.map_or_else(|| "-".to_owned(), span),
            status
                .last_seen
                .map_or_else(|| "never".to_owned(), |time| format!("{} ago", span(time))),
        ]);
    }
    terminal.say(table.trim_fmt())?;
    for status in all {
        explain(status, config, terminal)?;
    }
    Ok(crate::HELD)
}

fn state(status: &SourceStatus) -> String {
    match &status.state {
        State::New => "new".to_owned(),
        State::Current => "current".to_owned(),
        State::Sending { generation, sent } => format!("sending {generation} ({})", grouped(*sent)),
        State::Held => "HELD".to_owned(),
    }
}

/// What a person must know or decide, below the table.
fn explain(
    status: &SourceStatus,
    config: &args::CaptureConfig,
    terminal: &mut Terminal,
) -> std::io::Result<()> {
    if let Some(trouble) = &status.trouble {
        terminal.say(format_args!("\n{}: {}", status.source, trouble.message))?;
    }
    for held in &status.held {
        let what = match held.what {
            What::Generation => "held".to_owned(),
            What::Deletes(records) => format!("{} deletes held", grouped(records)),
        };
        terminal.say(format_args!(
            "\n{} {}: {what} for {}",
            status.source,
            held.generation,
            span(held.since)
        ))?;
        for reason in &held.reasons {
            terminal.say(format_args!("  because {reason}"))?;
        }
        match held.released {
            Some(choice) => terminal.say(format_args!(
                "  released as {choice}; the worker has not acted on it yet"
            ))?,
            None => {
                terminal.say("  to decide, one of:")?;
                for choice in held.choices {
                    let command =
                        release_command(&status.source, &held.generation, *choice, config);
                    terminal.say(format_args!("    {command}"))?;
                }
            }
        }
    }
    Ok(())
}

fn show_json(all: &[SourceStatus], terminal: &mut Terminal) -> anyhow::Result<u8> {
    let sources: Vec<_> = all.iter().map(json).collect();
    terminal.say(format_args!("{:#}", serde_json::Value::Array(sources)))?;
    Ok(crate::HELD)
}

fn json(status: &SourceStatus) -> serde_json::Value {
    let held: Vec<_> = status
        .held
        .iter()
        .map(|held| {
            serde_json::json!({
                "generation": held.generation,
                "deletes": match held.what { What::Generation => None, What::Deletes(records) => Some(records) },
                "reasons": held.reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "since_seconds": held.since.as_secs(),
                "choices": held.choices.iter().map(|choice| choice.as_str()).collect::<Vec<_>>(),
                "released": held.released.map(cdc::Choice::as_str),
            })
        })
        .collect();
    let word = match &status.state {
        State::New => "new",
        State::Current => "current",
        State::Sending { .. } => "sending",
        State::Held => "held",
    };
    serde_json::json!({
        "source": status.source,
        "topic": status.topic,
        "state": word,
        "generation": status.generation,
        "sent": {
            "r": status.totals.read,
            "c": status.totals.created,
            "u": status.totals.updated,
            "d": status.totals.deleted,
            "dead_letters": status.totals.dead_letters,
        },
        "held": held,
        "trouble": status.trouble.as_ref().map(|trouble| trouble.message.clone()),
        "age_seconds": status.age.map(|time| time.as_secs()),
        "worker_seen_seconds": status.last_seen.map(|time| time.as_secs()),
    })
}

/// The command that takes this choice, to be pasted into a shell: on the same configuration and Kafka as this one.
fn release_command(
    source: &str,
    generation: &str,
    choice: cdc::Choice,
    config: &args::CaptureConfig,
) -> String {
    let mut command = format!(
        "figway cdc release {} {} --choice {choice}",
        quoted(source),
        quoted(generation)
    );
    if config.config != Path::new(args::CAPTURE_FILE) {
        command += &format!(" --config {}", quoted(&config.config.to_string_lossy()));
    }
    if let Some(bootstrap) = &config.bootstrap {
        command += &format!(" --bootstrap {}", quoted(bootstrap));
    }
    command + " --why \"...\""
}

/// A word as a POSIX shell takes it, whatever is in it.
fn quoted(word: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | ',');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Who is logged in: as the shell says, else as the system's list of users does.
pub(super) fn login() -> Option<String> {
    ["LOGNAME", "USER"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|name| !name.is_empty())
        .or_else(|| {
            let uid = std::fs::metadata("/proc/self").ok()?.uid().to_string();
            let users = std::fs::read_to_string("/etc/passwd").ok()?;
            users.lines().find_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next()?;
                (fields.nth(1)? == uid).then(|| name.to_owned())
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_in_a_printed_command_is_never_run() {
        let config = args::CaptureConfig {
            config: "my conf.toml".into(),
            bootstrap: None,
        };
        let command = release_command("lots", "d$(touch x);'.G1", cdc::Choice::Skip, &config);
        assert_eq!(
            command,
            r#"figway cdc release lots 'd$(touch x);'\''.G1' --choice skip --config 'my conf.toml' --why "...""#
        );
        let config = args::CaptureConfig {
            config: args::CAPTURE_FILE.into(),
            bootstrap: Some("k:9092".into()),
        };
        assert_eq!(
            release_command("lots", "LOT.G0001V00", cdc::Choice::Apply, &config),
            r#"figway cdc release lots LOT.G0001V00 --choice apply --bootstrap k:9092 --why "...""#
        );
    }
}
