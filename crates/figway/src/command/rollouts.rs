//! `figway rollouts`: what plans of groups wait for, and what happened on their way. Speaks to the admin API of one gateway.

use gateway::admin::view::{RolloutEvents, RolloutsView};
use gateway::rollout::event::What;
use gateway::rollout::judge::{Met, Standing};

use super::routes::history::plain;
use super::routes::show::table;
use super::routes::{client, json, segment, typed};
use crate::args::Rollouts;
use crate::terminal::Terminal;

pub(crate) fn run(args: &Rollouts, terminal: &mut Terminal) -> anyhow::Result<u8> {
    ops::telemetry::init("error");
    super::runtime()?.block_on(carry_out(args, terminal))
}

async fn carry_out(args: &Rollouts, terminal: &mut Terminal) -> anyhow::Result<u8> {
    match args {
        Rollouts::List { admin } => {
            let client = client(admin, terminal)?;
            let answer: serde_json::Value = client.get("/v1/rollouts").await?;
            if admin.json {
                return json(&answer, terminal);
            }
            listed(&client.understood(answer)?, terminal)
        }
        Rollouts::Events { admin, group, last } => {
            let client = client(admin, terminal)?;
            let of = group
                .as_deref()
                .map_or_else(String::new, |group| format!("&group={}", segment(group)));
            let path = format!("/v1/rollouts/events?limit={last}{of}");
            let answer: serde_json::Value = client.get(&path).await?;
            if admin.json {
                return json(&answer, terminal);
            }
            told(&client.understood(answer)?, terminal)
        }
    }
}

fn listed(found: &RolloutsView, terminal: &mut Terminal) -> anyhow::Result<u8> {
    if found.rollouts.is_empty() {
        terminal.say("no group has a plan: [groups.NAME.rollout] in routes.toml gives it one")?;
    }
    for one in &found.rollouts {
        let next = one.next.map_or_else(
            || "no further step".to_owned(),
            |next| format!("next {}", typed(next)),
        );
        let standing = one.standing.map_or("", |standing| match standing {
            Standing::Ready => ", ready",
            Standing::Waits => ", waits",
            Standing::Fails => ", FAILS",
        });
        terminal.say(format_args!(
            "{}: {}, version {}, {next}{standing}; {} acts",
            plain(&one.group),
            typed(one.mode),
            one.version,
            plain(&one.leader)
        ))?;
        for condition in &one.conditions {
            let mark = match condition.met {
                Met::Yes => "holds ",
                Met::NotYet => "waits ",
                Met::Broken => "BROKEN",
            };
            terminal.say(format_args!(
                "  {mark}  {:<10}  {}",
                plain(&condition.name),
                plain(&condition.told)
            ))?;
        }
        if let Some(why) = &one.why {
            terminal.say(format_args!("  {}", plain(why)))?;
        }
    }
    Ok(crate::HELD)
}

fn told(found: &RolloutEvents, terminal: &mut Terminal) -> anyhow::Result<u8> {
    let mut list = table(&["WHEN", "GROUP", "VERSION", "MODE", "WHAT", "GATEWAY"]);
    for event in found.events.iter().rev() {
        let gateway = event.source.rsplit('/').next().unwrap_or_default();
        list.add_row([
            plain(&event.time),
            plain(&event.subject),
            event.data.version.to_string(),
            typed(event.data.mode),
            plain(&what(&event.data.what)),
            plain(gateway),
        ]);
    }
    terminal.say(list.trim_fmt())?;
    Ok(crate::HELD)
}

fn what(what: &What) -> String {
    match what {
        What::Begun => "evidence counts from here".to_owned(),
        What::Judged { standing } => match standing {
            Standing::Ready => "all holds",
            Standing::Waits => "something does not hold yet",
            Standing::Fails => "something surely does not hold",
        }
        .to_owned(),
        What::Proposed { to, proposal } => format!("{} is proposed ({proposal})", typed(*to)),
        What::Withdrawn { to, why } => format!("{} is proposed no more: {why}", typed(*to)),
        What::Promoted { to } => format!("on to {}", typed(*to)),
        What::RolledBack { to, why } => format!("back to {}: {why}", typed(*to)),
        What::Refused { to, why } => format!("{} was refused: {why}", typed(*to)),
    }
}
