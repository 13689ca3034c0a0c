//! Steps: in shadow the answers are compared; a planted fault is found by field, offset and bytes; mended, it is gone.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::admin::{Loss, number, text};
use super::world::World;
use crate::error::{Error, Kind, Result};
use crate::lot_service::{Header, Rounding};
use crate::step::grouped;
use crate::tour::milliseconds;
use crate::tour::player::Played;

const ROUTE: &str = "lot-inquiry";
/// The field the planted fault is in, where it lies in LOTIRSP, and how long it is, from the copybook's listing.
const FIELD: (&str, u64, u64) = ("LOTI-VALUATION.LOT-VALUE", 152, 8);
/// How long comparing may lag behind answering.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn agrees(world: &mut World) -> Result<Played> {
    world.modernise().await?;
    world
        .admin
        .set(
            "lots",
            json!({"mode": "shadow"}),
            "compare before anything moves",
            Loss::Refused,
        )
        .await?;
    let (mut played, found) = round(world, "legacy answers and the new service is asked as well: the clients get legacy's bytes, and the two answers agree in every field").await?;
    played
        .findings
        .same("inquiries that differ", &0, &found.different);
    Ok(played)
}

pub(super) async fn differs(world: &mut World) -> Result<Played> {
    let wanted = cut(world);
    world.round(Rounding::Truncate);
    let (mut played, found) = round(world, "COMPUTE without ROUNDED, as ports do it: the gateway names field, offset and both sides' bytes; clients notice nothing").await?;
    let expected = u64::try_from(wanted.len()).unwrap_or(u64::MAX);
    played
        .findings
        .same("inquiries that differ", &expected, &found.different);
    let fields = found
        .evidence
        .pointer("/fields")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let names: Vec<String> = fields.iter().map(|field| text(field, "/field")).collect();
    played
        .findings
        .same("fields that differ", &vec![FIELD.0.to_owned()], &names);
    let samples = fields
        .first()
        .and_then(|field| field.pointer("/samples"))
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let known: BTreeSet<(String, String)> = wanted.into_iter().collect();
    for sample in &samples {
        let place = (number(sample, "/offset"), number(sample, "/length"));
        played
            .findings
            .same("offset and length", &(FIELD.1, FIELD.2), &place);
        let pair = (text(sample, "/legacy/hex"), text(sample, "/modern/hex"));
        if !known.contains(&pair) {
            played.findings.fail(format!(
                "no lot has the bytes {} at legacy and {} at the new service",
                pair.0, pair.1
            ));
        }
    }
    match samples.first() {
        None => played.findings.fail("evidence has no sample"),
        Some(sample) => {
            played.figure(
                "found",
                format!(
                    "{} at {}: {} / {}",
                    text(sample, "/path"),
                    number(sample, "/offset"),
                    text(sample, "/legacy/hex"),
                    text(sample, "/modern/hex")
                ),
            );
        }
    }
    Ok(played)
}

pub(super) async fn mended(world: &mut World) -> Result<Played> {
    world.round(Rounding::default());
    let (mut played, found) =
        round(world, "the same inquiries once more: nothing new differs").await?;
    played
        .findings
        .same("inquiries that differ", &0, &found.different);
    Ok(played)
}

/// What a round of inquiries added to the evidence.
struct Found {
    different: u64,
    evidence: Value,
}

/// One inquiry about each lot, and what comparing made of them.
async fn round(world: &World, detail: &str) -> Result<(Played, Found)> {
    let began = Instant::now();
    let mut played = Played::new(detail);
    let before = world.admin.evidence(ROUTE).await?;
    for lot in &world.lots {
        let answer = world.inquire(world.addresses.gateway, lot).await?;
        let direct = world.inquire(world.addresses.legacy, lot).await?;
        played.findings.same(
            &format!("the client's answer about {lot}"),
            &direct.body,
            &answer.body,
        );
    }
    let asked = u64::try_from(world.lots.len()).unwrap_or(u64::MAX);
    let seen = |evidence: &Value| {
        ["/compared", "/errors", "/dropped"]
            .iter()
            .map(|name| number(evidence, name))
            .sum::<u64>()
    };
    let goal = seen(&before) + asked;
    let mut after = world.admin.evidence(ROUTE).await?;
    while seen(&after) < goal {
        if began.elapsed() > PATIENCE {
            return Err(Error::new(
                Kind::Http,
                format!("{} of {goal} inquiries were compared in time", seen(&after)),
            ));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        after = world.admin.evidence(ROUTE).await?;
    }
    let gained = |name: &str| number(&after, name) - number(&before, name);
    for name in ["/errors", "/dropped", "/not_comparable"] {
        played.findings.same(
            &format!("inquiries counted under {name}"),
            &0,
            &gained(name),
        );
    }
    played.figure("inquiries compared", grouped(gained("/compared")));
    played.figure("equal", grouped(gained("/equal")));
    played.figure("different", grouped(gained("/different")));
    played.figure("time", milliseconds(began.elapsed()));
    let found = Found {
        different: gained("/different"),
        evidence: after,
    };
    Ok((played, found))
}

/// What the two sides must have in the field for each lot whose value the planted fault changes: packed decimals in hexadecimal.
fn cut(world: &World) -> Vec<(String, String)> {
    let Some(running) = &world.service else {
        return Vec::new();
    };
    running.service.with(|state| {
        let pair = |lot: &String| {
            let Header {
                material, on_hand, ..
            } = state.lot(lot)?;
            let price = state.price(&material)?.0;
            let right = Rounding::default().value(on_hand, price)?;
            let wrong = Rounding::Truncate.value(on_hand, price)?;
            (right != wrong).then(|| (packed(right.unscaled), packed(wrong.unscaled)))
        };
        world.lots.iter().filter_map(pair).collect()
    })
}

/// `S9(13)V9(2) COMP-3` in hexadecimal: fifteen digits and the sign.
fn packed(unscaled: i128) -> String {
    let sign = if unscaled < 0 { 'D' } else { 'C' };
    format!("{:015}{sign}", unscaled.unsigned_abs())
}
