//! `figway routes parked`, `retry` and `skip`: writes that legacy did not take, and what people decide about them.

use anyhow::Context;
use gateway::admin::client::Client;
use gateway::admin::view::{DecideParked, Parked};
use gateway::back::{ParkedWrite, Wanted};
use gateway::control::rfc3339;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::show::{or_dash, table};
use super::{json, segment};
use crate::args;
use crate::terminal::Terminal;

pub(super) async fn list(
    client: &Client,
    group: &str,
    as_json: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let path = format!("/v1/groups/{}/parked", segment(group));
    let answer: serde_json::Value = client.get(&path).await?;
    if as_json {
        return json(&answer, terminal);
    }
    show(&client.understood(answer)?, terminal)
}

/// What somebody wants done with a parked write.
pub(super) struct Wish<'a> {
    pub(super) write: &'a args::ParkedArgs,
    pub(super) what: Wanted,
    /// Also with one that legacy may have executed.
    pub(super) in_doubt: bool,
}

/// The write as it is parked now; the gateway does nothing about one that is parked anew before it gets to it.
fn found<'p>(parked: &'p Parked, wish: &Wish<'_>) -> anyhow::Result<&'p ParkedWrite> {
    let (partition, offset) = wish.write.place;
    let mut writes = parked.parked.iter();
    let found = writes.find(|one| (one.partition, one.offset) == (partition, offset));
    let found = found.with_context(|| {
        format!("no write of partition {partition} at offset {offset} is parked")
    })?;
    anyhow::ensure!(
        wish.in_doubt || found.reason != "in_doubt",
        "the write {partition}:{offset} is in doubt: legacy may have executed it; look there, and if it is not there say so with --in-doubt"
    );
    Ok(found)
}

pub(super) async fn decide(
    client: &Client,
    wish: &Wish<'_>,
    as_json: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let Wish { write, what, .. } = *wish;
    let (partition, offset) = write.place;
    let who = super::who(client, write.by.as_ref()).await?;
    let path = format!("/v1/groups/{}/parked", segment(&write.group));
    let parked: Parked = client.get(&path).await?;
    let request = DecideParked {
        partition,
        offset,
        since_ms: found(&parked, wish)?.since_ms,
        what,
        who,
        why: write.why.clone(),
    };
    let answer: serde_json::Value = client.post(&path, &request).await?;
    if as_json {
        return json(&answer, terminal);
    }
    let what = match what {
        Wanted::Retry => "is tried again",
        Wanted::Skip => "is given up: legacy never gets it",
    };
    terminal.say(format_args!(
        "the write {partition}:{offset} of group {} {what}",
        write.group
    ))?;
    Ok(crate::HELD)
}

pub(super) fn show(parked: &Parked, terminal: &mut Terminal) -> anyhow::Result<u8> {
    if parked.parked.is_empty() {
        terminal.say(format_args!("no write of group {} is parked", parked.group))?;
        return Ok(crate::HELD);
    }
    let mut list = table(&[
        "WRITE", "KEY", "ROUTE", "REASON", "SINCE", "REQUEST", "WANTED",
    ]);
    for one in &parked.parked {
        let reason = match one.detail.as_str() {
            "" => one.reason.replace('_', " "),
            detail => format!("{}: {detail}", one.reason.replace('_', " ")),
        };
        let since = u64::try_from(one.since_ms).unwrap_or(0);
        let since: SystemTime = UNIX_EPOCH + Duration::from_millis(since);
        list.add_row([
            format!("{}:{}", one.partition, one.offset),
            one.key.escape_debug().to_string(),
            or_dash(one.route.as_deref()),
            reason,
            rfc3339(since),
            or_dash(one.id.as_deref()),
            one.wanted.map_or("-", Wanted::as_str).to_owned(),
        ]);
    }
    terminal.say(list.trim_fmt())?;
    Ok(crate::HELD)
}
