//! `figway audit`: whether the control log is what it was. Asks no gateway.

use std::path::PathBuf;

use anyhow::Context;
use gateway::config::Resolved;
use gateway::control::Settings;
use gateway::control::anchor::Anchor;
use gateway::control::audit::{self, Found};

use super::routes::history::plain;
use super::routes::json;
use crate::args::Audit;
use crate::terminal::Terminal;

pub(crate) fn run(args: &Audit, terminal: &mut Terminal) -> anyhow::Result<u8> {
    ops::telemetry::init("error");
    let Audit::Verify {
        file,
        bootstrap,
        anchors,
        json: as_json,
    } = args;
    let mut resolved = Resolved::read(&terminal.path(file))?;
    if let Some(bootstrap) = bootstrap {
        resolved = resolved.with_bootstrap(bootstrap.clone());
    }
    let (anchors, unread) = read(anchors, terminal)?;
    let settings = Settings::of(&resolved, "figway audit");
    let audit = super::runtime()?.block_on(audit::read(&settings))?;
    let found = audit.found(&anchors);
    if *as_json {
        json(&serde_json::to_value(&found)?, terminal)?;
    } else {
        say(&found, terminal)?;
        for line in &unread {
            terminal.say(format_args!("  no anchor: {}", plain(line)))?;
        }
    }
    Ok(if found.broken.is_some() {
        crate::FAILED
    } else {
        crate::HELD
    })
}

/// Every anchor of the files, where all lines are anchors.
pub(super) fn anchors(files: &[PathBuf], terminal: &Terminal) -> anyhow::Result<Vec<Anchor>> {
    let (anchors, unread) = read(files, terminal)?;
    match unread.first() {
        Some(line) => anyhow::bail!("no anchor: {line}"),
        None => Ok(anchors),
    }
}

/// Every anchor of the files, and the lines that are none: one that was being written when the disk was full, or was changed.
fn read(files: &[PathBuf], terminal: &Terminal) -> anyhow::Result<(Vec<Anchor>, Vec<String>)> {
    let (mut anchors, mut unread) = (Vec::new(), Vec::new());
    for file in files {
        let shown = file.display();
        let text = std::fs::read_to_string(terminal.path(file))
            .with_context(|| format!("{shown} cannot be read"))?;
        for (line, number) in text.lines().zip(1..) {
            match Anchor::parse(line) {
                Ok(anchor) => anchors.push(anchor),
                Err(why) => unread.push(format!("{shown}, line {number}: {why}")),
            }
        }
    }
    Ok((anchors, unread))
}

fn say(found: &Found, terminal: &mut Terminal) -> anyhow::Result<()> {
    let Some(position) = found.position else {
        return Ok(terminal.say("the control log has no entry")?);
    };
    let time = |at: &Option<String>| plain(at.as_deref().unwrap_or("-"));
    terminal.say(format_args!(
        "{} entries, from {} to {}, come to {}",
        found.entries,
        time(&found.first_at),
        time(&found.last_at),
        position.hash
    ))?;
    for (outcome, count) in &found.outcomes {
        terminal.say(format_args!("  {count} {}", outcome.replace('_', " ")))?;
    }
    let by_entries = found.vouched.saturating_sub(found.anchors);
    terminal.say(format_args!(
        "  {by_entries} vouch for those before them; {} anchors, the last at offset {}",
        found.anchors,
        found
            .anchored
            .map_or_else(|| "none".to_owned(), |at| at.to_string())
    ))?;
    if found.strangers > 0 {
        terminal.say(format_args!(
            "  {} anchors are of keys that the log does not know",
            found.strangers
        ))?;
    }
    match &found.broken {
        None => terminal.say("nothing was changed, taken out, put in or moved")?,
        Some(broken) => terminal.say(format_args!(
            "BROKEN at offset {}: {}",
            broken.offset,
            plain(&broken.why)
        ))?,
    }
    Ok(())
}
