//! `figway check`: a configuration and everything it names, read exactly as at start.

mod routes;

use std::path::{Path, PathBuf};

use cdc::CaptureConfig;
use gateway::config::Resolved;
use ops::config::{Faults, Source};

use crate::args;
use crate::terminal::Terminal;

/// What is checked where no file is named, each where it is there.
const USUAL: [&str; 2] = ["routes.toml", "capture.toml"];

pub(crate) fn run(args: &args::Check, terminal: &mut Terminal) -> anyhow::Result<u8> {
    let mut files = args.files.clone();
    if files.is_empty() {
        files.extend(USUAL.map(PathBuf::from));
        files.retain(|file| terminal.path(file).exists());
    }
    if files.is_empty() {
        files.push("capture.toml".into());
    }
    // A person mends all of them at once.
    let mut faults = Faults::default();
    for file in &files {
        match one(file, terminal)? {
            Ok(()) => terminal.say(format_args!(
                "{}: no fault found; nothing was contacted",
                file.display()
            ))?,
            Err(found) => faults.extend(found),
        }
    }
    faults.into_result(crate::HELD).map_err(Into::into)
}

/// The faults of a file, or what it says, told.
fn one(file: &Path, terminal: &mut Terminal) -> anyhow::Result<Result<(), Faults>> {
    let path = terminal.path(file);
    let source = match Source::read(&path) {
        Ok(source) => source,
        Err(faults) => return Ok(Err(faults)),
    };
    if gateway::config::is_of_routes(&source) {
        return Ok(match Resolved::of(&source, &path) {
            Ok(resolved) => {
                routes::tell(&resolved, terminal)?;
                Ok(())
            }
            Err(faults) => Err(faults),
        });
    }
    Ok(match CaptureConfig::read(&path) {
        Ok(config) => {
            capture(&config, terminal)?;
            Ok(())
        }
        Err(faults) => Err(faults),
    })
}

fn capture(config: &CaptureConfig, terminal: &mut Terminal) -> anyhow::Result<()> {
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
    Ok(())
}
