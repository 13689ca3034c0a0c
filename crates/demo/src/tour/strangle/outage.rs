//! Steps: the new service is killed; Kafka is stopped; Kafka is back. Legacy answers throughout.
//!
//! An embedded Kafka is really stopped under the running gateway, and the gateway restarted without it. Somebody's own Kafka
//! (`--bootstrap`) goes on: there the gateway is restarted with an address at which no Kafka answers, which is the same to it.

use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::{Value, json};

use super::admin::{Loss, Reach, number, text};
use super::batch;
use super::canary::ledgers;
use super::client::{Ask, ask};
use super::running::RunningGateway;
use super::world::{GATEWAY, World};
use crate::error::{Error, Kind, Result};
use crate::step::grouped;
use crate::together::join;
use crate::tour::milliseconds;
use crate::tour::player::Played;

/// How long Kafka and its clients may take to find each other again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Inquiries that meet the outage.
const READS: usize = 4;

pub(super) async fn killed(world: &mut World) -> Result<Played> {
    let mut played = Played::new(
        "reads fall back to legacy in time; a write that nobody executed is answered in legacy's own form and never executed later",
    );
    let Some(service) = world.service.take() else {
        return Err(Error::new(Kind::Config, "the lot service does not run"));
    };
    service.kill().await;
    let fallbacks = |evidence: &Value| number(evidence, "/answers/fallbacks");
    let before = fallbacks(&world.admin.evidence("lot-inquiry").await?);
    let began = Instant::now();
    let reads = by_legacy(world, &mut played).await?;
    played.figure("slowest read", milliseconds(reads));
    let after = fallbacks(&world.admin.evidence("lot-inquiry").await?);
    played.findings.same(
        "fallbacks",
        &u64::try_from(READS).unwrap_or(u64::MAX),
        &(after - before),
    );
    played.figure("reads fallen back", grouped(after - before));

    let lot = world.usable().first().cloned().unwrap_or_default();
    let lost = world.usage(&lot);
    let answer = world.post(world.addresses.gateway, &lost).await?;
    let (region, code) = world.posted(&answer)?;
    played
        .findings
        .same("status of the write", &StatusCode::OK, &answer.status);
    played.findings.same(
        "who answered the write, with which return code",
        &("GATEWAY".to_owned(), 16),
        &(region, code),
    );
    played.figure("write answered", format!("return code {code}"));

    world.start_service().await?;
    // The next posting to the same lot goes behind the lost one: when it is answered, the lost one has been dealt with.
    let next = world.usage(&lot);
    let answer = world.post(world.addresses.gateway, &next).await?;
    let (region, code) = world.posted(&answer)?;
    played.findings.same(
        "who answered the next write, with which return code",
        &(crate::lot_service::REGION.to_owned(), 0),
        &(region, code),
    );
    for (ledger, whose) in ledgers(world).iter().zip(["legacy's", "the new service's"]) {
        played.findings.same(
            &format!("the write in {whose} ledger"),
            &false,
            &ledger.find(&lost.reference).is_some(),
        );
    }
    // The night's unload, which comes next, is to have what the service executed.
    batch::agrees(world, &mut played).await?;
    played.figure("time", milliseconds(began.elapsed()));
    Ok(played)
}

/// Some inquiries at once, all of which legacy must answer; how long the slowest took.
async fn by_legacy(world: &World, played: &mut Played) -> Result<Duration> {
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    let lots: Vec<&String> = world.lots.iter().take(READS).collect();
    let mut asked = Vec::new();
    for lot in &lots {
        asked.push(world.inquire(world.addresses.gateway, lot));
    }
    for (asked, lot) in join(asked).await.into_iter().zip(lots) {
        let answer = asked?;
        let direct = world.inquire(world.addresses.legacy, lot).await?;
        played.findings.same(
            &format!("the answer about {lot}"),
            &direct.body,
            &answer.body,
        );
        slowest = slowest.max(began.elapsed());
    }
    Ok(slowest)
}

pub(super) async fn stopped(world: &mut World) -> Result<Played> {
    let began = Instant::now();
    let mut played = Played::new(if world.kafka_is_ours {
        "legacy routes answer, reads of the new service fall back, break-glass takes a read group back, a group whose writes the \
         new service owns is refused; restarted without Kafka, the gateway answers again and knows its modes"
    } else {
        "this Kafka is not ours to stop: the gateway is restarted with an address where none answers. Legacy routes answer, reads \
         fall back, break-glass takes a read group back, a group whose writes the new service owns is refused"
    });
    if world.kafka_is_ours {
        world.stage_kafka().stop().await?;
        answers(world, &mut played, "while Kafka is away").await?;
        by_legacy(world, &mut played).await?;
        break_glass(world, &mut played).await?;
        let took = restart(world, None).await?;
        played.figure("restart without kafka", milliseconds(took));
        answers(world, &mut played, "after the restart").await?;
        by_legacy(world, &mut played).await?;
    } else {
        let nowhere = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .map_err(|error| Error::new(Kind::Http, "no free port on loopback").because(error))?;
        let took = restart(world, Some(nowhere.to_string())).await?;
        played.figure("restart without kafka", milliseconds(took));
        answers(world, &mut played, "without Kafka").await?;
        by_legacy(world, &mut played).await?;
        break_glass(world, &mut played).await?;
    }
    let group = world.admin.group("lot-records").await?;
    played.findings.same(
        "the overridden group's mode",
        &"legacy".to_owned(),
        &text(&group, "/mode/mode"),
    );
    played.figure("time", milliseconds(began.elapsed()));
    Ok(played)
}

/// What never needed Kafka.
async fn answers(world: &World, played: &mut Played, when: &str) -> Result<()> {
    let materials: Vec<String> = world
        .legacy
        .with(|store| store.materials().take(20).map(str::to_owned).collect());
    for material in &materials {
        let path = format!("/erp/materials/{material}");
        let direct = ask(world.addresses.legacy, Ask::get(&path)).await?;
        let through = ask(world.addresses.gateway, Ask::get(&path)).await?;
        played
            .findings
            .same(&format!("{path} {when}"), &direct.body, &through.body);
    }
    Ok(())
}

async fn break_glass(world: &World, played: &mut Played) -> Result<()> {
    let legacy = || json!({"mode": "legacy"});
    let began = Instant::now();
    // The gateway notices that the log is away when it next hears nothing from it.
    while world.admin.reach().await? == "following" {
        if began.elapsed() > PATIENCE {
            return Err(Error::new(
                Kind::Http,
                "the gateway believes that it still follows the control log",
            ));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let why = "Kafka is away, and the view with it";
    let ordinary = world
        .admin
        .try_set(
            "lot-records",
            legacy(),
            why,
            Loss::Refused,
            Reach::Everywhere,
        )
        .await?;
    if ordinary.status == StatusCode::OK {
        played
            .findings
            .fail("an ordinary change was made without the control log");
    }
    let made = world
        .admin
        .try_set(
            "lot-records",
            legacy(),
            why,
            Loss::Refused,
            Reach::BreakGlass,
        )
        .await?;
    played
        .findings
        .same("break-glass", &StatusCode::OK, &made.status);
    let refused = world
        .admin
        .try_set("lots", legacy(), why, Loss::Accepted, Reach::BreakGlass)
        .await?;
    if refused.status == StatusCode::OK {
        played
            .findings
            .fail("break-glass took away a group whose data the new service owns");
    }
    let problem: Value = refused.json("break-glass of lots")?;
    played.figure(
        "break-glass",
        format!("lot-records made, lots {}", text(&problem, "/code")),
    );
    Ok(())
}

/// Ends the gateway and starts it anew, with another address of Kafka if one is given; how long until it answered.
async fn restart(world: &mut World, kafka: Option<String>) -> Result<Duration> {
    if let Some(gateway) = world.gateway.take() {
        gateway.end().await;
    }
    if let Some(kafka) = kafka {
        world.files.rewrite(&world.addresses, &kafka)?;
    }
    let began = Instant::now();
    world.gateway = Some(RunningGateway::start(&world.files.routes(), GATEWAY).await?);
    Ok(began.elapsed())
}

pub(super) async fn back(world: &mut World) -> Result<Played> {
    let began = Instant::now();
    let mut played = Played::new(
        "the override is merged into the control log, and the new service answers again",
    );
    if world.kafka_is_ours {
        world.stage_kafka().start_again().await?;
    } else {
        let kafka = world.stage_kafka().bootstrap().to_owned();
        restart(world, Some(kafka)).await?;
    }
    loop {
        let group = world.admin.group("lot-records").await?;
        let merged = group.pointer("/break_glass").is_none_or(Value::is_null);
        if merged && world.admin.reach().await? == "following" {
            played.findings.same(
                "the group's mode in the log",
                &"legacy".to_owned(),
                &text(&group, "/mode/mode"),
            );
            break;
        }
        wait(began, "the override was not merged").await?;
    }
    played.figure("merged after", milliseconds(began.elapsed()));
    let lot = world.lots.first().cloned().unwrap_or_default();
    loop {
        let answer = world.inquire(world.addresses.gateway, &lot).await?;
        if world.is_modern(&answer)? {
            break;
        }
        wait(began, "the new service did not come back").await?;
    }
    played.figure("service after", milliseconds(began.elapsed()));
    Ok(played)
}

async fn wait(began: Instant, otherwise: &str) -> Result<()> {
    if began.elapsed() > PATIENCE {
        return Err(Error::new(
            Kind::Http,
            format!("{otherwise} within {} s", PATIENCE.as_secs()),
        ));
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    Ok(())
}
