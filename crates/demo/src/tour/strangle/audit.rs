//! Steps: back to legacy, with the loss said and accepted; and the history of all of it, its chain computed anew.

use std::collections::BTreeMap;
use std::time::Instant;

use gateway::control::hash::ChainHash;
use http::StatusCode;
use serde_json::Value;

use super::admin::{Loss, WHO, number, text};
use super::batch;
use super::canary::ledgers;
use super::world::World;
use crate::error::{Error, Kind, Result};
use crate::step::grouped;
use crate::tour::milliseconds;
use crate::tour::player::Played;

pub(super) async fn rollback(world: &mut World) -> Result<Played> {
    let began = Instant::now();
    let mut played = Played::new(
        "the group goes back to legacy by one command, which waits until legacy has the last write that the new service accepted: nothing \
         is lost, and the batch's total agrees",
    );
    let group = world.admin.group("lots").await?;
    let before = group.pointer("/before").and_then(Value::as_array);
    let version = before
        .into_iter()
        .flatten()
        .find(|version| matches!(text(version, "/mode/mode").as_str(), "legacy" | "shadow"))
        .map(|version| number(version, "/version"))
        .ok_or_else(|| Error::new(Kind::Http, "the group was never in legacy's hands"))?;
    let why = "the month's end is run on legacy";
    let flip = Instant::now();
    let made = world
        .admin
        .try_rollback("lots", version, why, Loss::Refused)
        .await?;
    played
        .findings
        .same("the rollback", &StatusCode::OK, &made.status);
    played.figure("flip", milliseconds(flip.elapsed()));
    for lot in &world.lots {
        let through = world.inquire(world.addresses.gateway, lot).await?;
        let direct = world.inquire(world.addresses.legacy, lot).await?;
        played.findings.same(
            &format!("the answer about {lot}"),
            &direct.body,
            &through.body,
        );
    }
    played.figure(
        "answered by legacy",
        grouped(u64::try_from(world.lots.len()).unwrap_or(u64::MAX)),
    );
    let [legacy, service] = ledgers(world);
    let executed = u64::try_from(service.len()).unwrap_or(u64::MAX);
    let said: Value = serde_json::from_slice(&made.body).unwrap_or_default();
    if said.pointer("/loss").is_some_and(|loss| !loss.is_null()) {
        played
            .findings
            .fail("the rollback says that legacy lacks writes");
    }
    for posted in service.iter() {
        let reference = &posted.posting.reference;
        played.findings.same(
            &format!("{reference}, executed by the service, in legacy's ledger"),
            &Some(&posted.posting),
            &legacy.find(reference).map(|posted| &posted.posting),
        );
    }
    batch::totals(world, &mut played);
    played.figure("executed by the service", grouped(executed));
    played.figure("time", milliseconds(began.elapsed()));
    Ok(played)
}

/// What the tour did to modes, in order: group, kind of entry, and the mode where it names one.
const DONE: [(&str, &str, &str); 9] = [
    ("lots", "set", "shadow"),
    ("lots", "set", "canary"),
    ("lots", "set", "canary"),
    ("lots", "set", "modern"),
    ("lots", "set", "canary"),
    ("lots", "set", "modern"),
    ("lot-records", "set", "modern"),
    ("lot-records", "break_glass_merge", "legacy"),
    ("lots", "rollback", ""),
];

pub(super) async fn history(world: &mut World) -> Result<Played> {
    let mut played = Played::new(
        "the control log has every change with who, when and why; its chain of hashes, computed here anew from the raw entries, is \
         the gateway's, and breaks when a byte of an entry is changed",
    );
    let page = world.admin.get("/v1/history?from=0&limit=1000").await?;
    let entries = page
        .pointer("/entries")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let (mut chain, mut tampered) = (ChainHash::NOTHING, ChainHash::NOTHING);
    let mut done = Vec::new();
    let mut by = BTreeMap::<String, u64>::new();
    for entry in &entries {
        let (offset, raw) = (number(entry, "/offset"), text(entry, "/raw"));
        chain = chain.next(offset, raw.as_bytes());
        tampered = tampered.next(
            offset,
            raw.replacen("\"why\":\"", "\"why\":\"not ", 1).as_bytes(),
        );
        played.findings.same(
            &format!("hash of entry {offset}"),
            &chain.to_string(),
            &text(entry, "/hash"),
        );
        let command: Value = serde_json::from_str(&raw).map_err(|error| {
            Error::new(Kind::Http, "an entry of the log is no JSON").because(error)
        })?;
        for field in ["/at", "/who", "/why", "/gateway"] {
            if text(&command, field).is_empty() {
                played
                    .findings
                    .fail(format!("entry {offset} does not say {field}"));
            }
        }
        if text(&command, "/signature/value").is_empty() {
            played
                .findings
                .fail(format!("entry {offset} is not signed"));
        }
        // A hold is a part of the change it is for.
        if text(&command, "/what/kind") == "hold" {
            continue;
        }
        *by.entry(text(&command, "/who")).or_default() += 1;
        if text(&command, "/who") == WHO {
            let mode = ["/what/to/mode", "/what/mode/mode"]
                .iter()
                .map(|place| text(&command, place))
                .find(|mode| !mode.is_empty());
            done.push((
                text(&command, "/group"),
                text(&command, "/what/kind"),
                mode.unwrap_or_default(),
            ));
        }
    }
    let wanted: Vec<_> = DONE
        .iter()
        .map(|(group, kind, mode)| ((*group).to_owned(), (*kind).to_owned(), (*mode).to_owned()))
        .collect();
    played
        .findings
        .same("what the demo did, in order", &wanted, &done);
    if chain == tampered {
        played
            .findings
            .fail("the chain does not change when an entry does");
    }
    played.figure(
        "entries",
        grouped(u64::try_from(entries.len()).unwrap_or(u64::MAX)),
    );
    for (who, count) in by {
        if who == WHO {
            played.figure("by demo", grouped(count));
        }
    }
    let end: String = chain.to_string().chars().take(16).collect();
    played.figure("chain", format!("verified, ends in {end}…"));
    Ok(played)
}
