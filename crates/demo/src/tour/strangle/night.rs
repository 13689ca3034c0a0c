//! Step: the night's unload brings a changed lot, capture brings it to its topic, and the gateway answers from the topic.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::admin::{Loss, number};
use super::client::{Ask, ask};
use super::world::World;
use crate::error::{Error, Kind, Result};
use crate::legacy::posting;
use crate::step::grouped;
use crate::tour::milliseconds;
use crate::tour::player::Played;

const ROUTE: &str = "erp-lot";
const PATIENCE: Duration = Duration::from_secs(60);
/// How many lots are held against legacy.
const LOTS: usize = 50;

pub(super) async fn served(world: &mut World) -> Result<Played> {
    let mut played = Played::new(
        "a clerk uses some of a lot at legacy itself, the stand-in unloads its lots, capture takes the file, and GET /erp/lots \
         answers from the topic what legacy answers from its records",
    );
    let lot = world
        .usable()
        .first()
        .cloned()
        .ok_or_else(|| Error::new(Kind::Config, "no lot can be used"))?;
    let posting = world.usage(&lot);
    let answer = world.post(world.addresses.legacy, &posting).await?;
    played.findings.same(
        "return code of the clerk's posting",
        &0,
        &world.posted(&answer)?.1,
    );
    world
        .admin
        .set(
            "lot-records",
            json!({"mode": "modern"}),
            "the topic has what readers need",
            Loss::Refused,
        )
        .await?;

    let began = Instant::now();
    let generation = world.generation + 1;
    let (folder, day) = (world.folder.join("var/unloads"), world.business_day.plus(1));
    let (_, written) = world
        .legacy
        .with(|store| store.unload(&folder, generation, day))?;
    world.generation = generation;
    world.business_day = day;
    let path = format!("/erp/lots/{lot}");
    let wanted = ask(world.addresses.legacy, Ask::get(&path)).await?;
    let wanted: Value = wanted.json(&path)?;
    loop {
        let before = answered(world).await?;
        let through = ask(world.addresses.gateway, Ask::get(&path)).await?;
        let after = answered(world).await?;
        // Not a fallback's answer: the view's own.
        if after.0 > before.0
            && through
                .json::<Value>(&path)
                .is_ok_and(|seen| seen == wanted)
        {
            break;
        }
        if began.elapsed() > PATIENCE {
            return Err(Error::new(
                Kind::Http,
                format!(
                    "the view does not serve the changed lot within {} s",
                    PATIENCE.as_secs()
                ),
            ));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    played.figure("records unloaded", grouped(written.records));
    played.figure("from file to answer", milliseconds(began.elapsed()));

    let before = answered(world).await?;
    let lots: Vec<&String> = world.lots.iter().take(LOTS).collect();
    for lot in &lots {
        let path = format!("/erp/lots/{lot}");
        let direct = ask(world.addresses.legacy, Ask::get(&path)).await?;
        let through = ask(world.addresses.gateway, Ask::get(&path)).await?;
        played.findings.same(
            &format!("status of {path}"),
            &direct.status,
            &through.status,
        );
        played.findings.same(
            &path,
            &direct.json::<Value>(&path)?,
            &through.json::<Value>(&path)?,
        );
    }
    let after = answered(world).await?;
    played.findings.same(
        "answers of the view, fallbacks",
        &(u64::try_from(lots.len()).unwrap_or(u64::MAX), 0),
        &(after.0 - before.0, after.1 - before.1),
    );
    played.figure("lots served by the view", grouped(after.0 - before.0));
    echoes(world, &mut played).await;
    Ok(played)
}

/// What the new service used of lots has gone back to legacy and comes with the new generation: it must not be taken off twice.
async fn echoes(world: &World, played: &mut Played) {
    let Some(running) = &world.service else {
        played.findings.fail("the lot service does not run");
        return;
    };
    let began = Instant::now();
    let differ = || {
        let lots = world.lots.iter();
        let differ = lots.filter(|lot| {
            let service = running.service.with(|state| state.lot(lot));
            let service = service.map(|header| header.on_hand);
            service != world.legacy.with(|store| posting::on_hand(store, lot))
        });
        differ.count()
    };
    while differ() > 0 && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    played.findings.same(
        "lots of which the new service and legacy have another quantity",
        &0,
        &differ(),
    );
}

/// How many requests the view answered, and how many fell back.
async fn answered(world: &World) -> Result<(u64, u64)> {
    let evidence = world.admin.evidence(ROUTE).await?;
    Ok((
        number(&evidence, "/answers/modern"),
        number(&evidence, "/answers/fallbacks"),
    ))
}
