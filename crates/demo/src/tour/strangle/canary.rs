//! Steps: a canary that grows keeps the keys it had; writes during the flips are executed once, in one of the systems.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::json;
use tokio::sync::watch;

use super::admin::Loss;
use super::batch;
use super::world::World;
use crate::error::Result;
use crate::ledger::{Ledger, Posting};
use crate::step::grouped;
use crate::together::join;
use crate::tour::milliseconds;
use crate::tour::player::Played;

pub(super) async fn grows(world: &mut World) -> Result<Played> {
    let began = Instant::now();
    let mut played = Played::new(
        "10 % of the lot numbers are answered by the new service, the same ones each time; 50 % keep these and add others",
    );
    let all = world.lots.len();
    let set = async |percent: u8, why: &str| {
        let mode = json!({"mode": "canary", "percent": percent});
        world.admin.set("lots", mode, why, Loss::Refused).await
    };
    set(10, "first users of the new service").await?;
    let first = moderns(world).await?;
    let again = moderns(world).await?;
    played.findings.same("keys asked again", &first, &again);
    within(&mut played, 10, first.len(), all);
    set(50, "no finding in the first day").await?;
    let half = moderns(world).await?;
    within(&mut played, 50, half.len(), all);
    let lost: Vec<_> = first.difference(&half).collect();
    if !lost.is_empty() {
        played
            .findings
            .fail(format!("keys that went back to legacy at 50 %: {lost:?}"));
    }
    played.figure("keys of 10 %", format!("{} of {all}", first.len()));
    played.figure("keys of 50 %", format!("{} of {all}", half.len()));
    played.figure(
        "kept",
        format!("{} of {}", first.len() - lost.len(), first.len()),
    );
    played.figure("time", milliseconds(began.elapsed()));
    Ok(played)
}

/// The lots that the new service answers.
async fn moderns(world: &World) -> Result<BTreeSet<String>> {
    let mut moderns = BTreeSet::new();
    for lot in &world.lots {
        let answer = world.inquire(world.addresses.gateway, lot).await?;
        if world.is_modern(&answer)? {
            moderns.insert(lot.clone());
        }
    }
    Ok(moderns)
}

/// Keys are chosen by a hash: their number is that of so many throws of dice, here held to within 4.5 standard deviations (one
/// tour in 150,000 is further off by chance).
fn within(played: &mut Played, percent: usize, keys: usize, of: usize) {
    let off = (keys * 100).abs_diff(of * percent);
    if off * off * 4 > 81 * of * percent * (100 - percent) {
        played.findings.fail(format!(
            "{percent} %: {keys} of {of} keys were answered by the new service"
        ));
    }
}

/// How many postings are sent while the mode changes.
const POSTINGS: usize = 200;
/// How many clients send them.
const WRITERS: usize = 4;

pub(super) async fn writes(world: &mut World) -> Result<Played> {
    let began = Instant::now();
    let mut played = Played::new(
        "postings go on while the group flips from 50 % to modern, back to 50 % and to modern again: none fails, each is executed once \
         by the side that answered it, and what the new service executed goes back to legacy: the batch's total agrees",
    );
    let usable = world.usable();
    let mut postings: Vec<Posting> = Vec::new();
    for lot in usable
        .iter()
        .cycle()
        .take(if usable.is_empty() { 0 } else { POSTINGS })
    {
        postings.push(world.usage(lot));
    }
    if postings.is_empty() {
        played.findings.fail("no lot can be used");
        return Ok(played);
    }
    let before = ledgers(world);
    let (told, sent) = watch::channel(0_usize);
    let flips = async {
        let admin = &world.admin;
        let mut sent = sent.clone();
        let half = || json!({"mode": "canary", "percent": 50});
        let modern = || json!({"mode": "modern"});
        for (share, mode, why) in [
            (1, modern(), "all of them"),
            (2, half(), "hold on"),
            (3, modern(), "now"),
        ] {
            // The writers hold the other end until all is sent.
            drop(sent.wait_for(|sent| *sent >= POSTINGS * share / 4).await);
            admin.set("lots", mode, why, Loss::Refused).await?;
        }
        Ok(())
    };
    let told = &told;
    let writers = postings
        .chunks(POSTINGS.div_ceil(WRITERS))
        .map(|chunk| write(world, chunk, told));
    let (flipped, written) = tokio::join!(flips, join(writers.collect()));
    flipped?;
    let mut answered = BTreeMap::new();
    for written in written {
        for (reference, (region, code)) in written? {
            if code != 0 {
                played
                    .findings
                    .fail(format!("{reference}: return code {code} from {region}"));
            }
            answered.insert(reference, region);
        }
    }
    let lag = batch::agrees(world, &mut played).await?;
    let after = ledgers(world);
    for (reference, region) in &answered {
        let at = |ledger: &Ledger| {
            ledger
                .find(reference)
                .map_or(0, |posted| 1 + posted.repeats)
        };
        let counts = (at(&after[0]), at(&after[1]));
        let wanted = if region == crate::legacy::REGION {
            (1, 0)
        } else {
            // Legacy has it from the service.
            (1, 1)
        };
        played.findings.same(
            &format!("times {reference} is in the ledgers of legacy and the new service"),
            &wanted,
            &counts,
        );
    }
    let gained: Vec<usize> = before
        .iter()
        .zip(&after)
        .map(|(before, after)| after.len() - before.len())
        .collect();
    played.findings.same(
        "writes that legacy has",
        &postings.len(),
        &gained.first().copied().unwrap_or(0),
    );
    let count = |number: usize| grouped(u64::try_from(number).unwrap_or(u64::MAX));
    played.figure("writes sent", count(postings.len()));
    played.figure(
        "by the new service",
        count(gained.get(1).copied().unwrap_or(0)),
    );
    played.figure("all in legacy after", milliseconds(lag));
    played.figure("lost or doubled", grouped(played.findings.failed));
    played.figure("flips", "3");
    played.figure("time", milliseconds(began.elapsed()));
    Ok(played)
}

/// Posts one after the other; by reference who answered, and with which return code.
async fn write(
    world: &World,
    postings: &[Posting],
    told: &watch::Sender<usize>,
) -> Result<BTreeMap<String, (String, i128)>> {
    let mut answered = BTreeMap::new();
    for posting in postings {
        let answer = world.post(world.addresses.gateway, posting).await;
        // The flips wait for a share of the postings, and must not wait for ever for those that nobody sends any more.
        let more = if answer.is_ok() { 1 } else { POSTINGS };
        told.send_modify(|sent| *sent += more);
        answered.insert(posting.reference.clone(), world.posted(&answer?)?);
    }
    Ok(answered)
}

/// What legacy posted, and what the new service posted.
pub(super) fn ledgers(world: &World) -> [Ledger; 2] {
    let service = world.service.as_ref();
    [
        world.legacy.with(|store| store.ledger().clone()),
        service.map_or_else(Ledger::default, |running| {
            running.service.with(|state| state.ledger().clone())
        }),
    ]
}
