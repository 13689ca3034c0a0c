//! `figway report`: where each group stands, for whoever decides and for whoever audits.
//!
//! In: the admin API of one gateway, or a report that was written before; and what legacy says of its use. Out: one HTML page, or JSON.

mod gather;
mod model;
mod page;
mod usage;

use anyhow::Context as _;
use askama::Template as _;

use self::model::Report;
use self::page::Page;
use super::routes::client;
use crate::args;
use crate::terminal::Terminal;

pub(crate) fn run(args: &args::Report, terminal: &mut Terminal) -> anyhow::Result<u8> {
    ops::telemetry::init("error");
    let usage = match (&args.usage, &args.transactions) {
        (Some(usage), Some(transactions)) => {
            Some(usage::read(usage, transactions, &args.caller, terminal)?)
        }
        _ => None,
    };
    let mut report = match &args.from {
        Some(file) => {
            let shown = file.display();
            let text = std::fs::read(terminal.path(file))
                .with_context(|| format!("{shown} cannot be read"))?;
            Report::parse(&text).map_err(|why| anyhow::anyhow!("{shown} is no report: {why}"))?
        }
        None => {
            let client = client(&args.admin, terminal)?;
            let anchors = super::audit::anchors(&args.anchors, terminal)?;
            super::runtime()?.block_on(gather::gather(&client, &anchors))?
        }
    };
    for wanted in &args.group {
        anyhow::ensure!(
            report.groups.iter().any(|group| group.name == *wanted),
            "there is no group {wanted:?}"
        );
    }
    if !args.group.is_empty() {
        report
            .groups
            .retain(|group| args.group.contains(&group.name));
    }
    if let Some(usage) = usage {
        report.add(usage);
    }
    let text = match args.admin.json {
        true => format!("{}\n", serde_json::to_string_pretty(&report)?),
        false => Page::of(&report).render()?,
    };
    match &args.out {
        Some(file) => {
            let shown = file.display();
            std::fs::write(terminal.path(file), text)
                .with_context(|| format!("{shown} cannot be written"))?;
            terminal.note(format_args!("wrote {shown}"));
        }
        None => terminal.say(text.trim_end())?,
    }
    Ok(match report.log.broken {
        Some(_) => crate::FAILED,
        None => crate::HELD,
    })
}
