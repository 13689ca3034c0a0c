//! Step: old endpoints through the gateway are what legacy says, byte for byte.

use std::time::Instant;

use http::Method;

use super::client::{Ask, ask};
use super::world::World;
use crate::error::Result;
use crate::step::grouped;
use crate::tour::milliseconds;
use crate::tour::player::Played;

/// Each request of the list is sent to legacy and through the gateway; status, head and body must be the same.
pub(super) async fn step(world: &mut World) -> Result<Played> {
    let began = Instant::now();
    let mut played = Played::new(format!(
        "every request sent to the legacy stand-in (no mainframe: a server of the demo's own) at {} and through the gateway at {}: \
         the same status, head and body, byte for byte, errors too",
        world.addresses.legacy, world.addresses.gateway
    ));
    let mut bytes = 0;
    let requests = requests(world)?;
    for request in &requests {
        let direct = ask(world.addresses.legacy, request.clone()).await?;
        let through = ask(world.addresses.gateway, request.clone()).await?;
        let what = format!("{} {}", request.method, request.path);
        played
            .findings
            .same(&format!("head of {what}"), &direct.head(), &through.head());
        if direct.body != through.body {
            played.findings.fail(format!(
                "body of {what}: {} bytes from legacy, other {} bytes through the gateway",
                direct.body.len(),
                through.body.len()
            ));
        }
        bytes += direct.body.len();
    }
    played.figure(
        "requests twice",
        grouped(u64::try_from(requests.len()).unwrap_or(u64::MAX)),
    );
    played.figure(
        "bytes equal",
        grouped(u64::try_from(bytes).unwrap_or(u64::MAX)),
    );
    played.figure("time", milliseconds(began.elapsed()));
    Ok(played)
}

fn requests(world: &World) -> Result<Vec<Ask<'static>>> {
    let (materials, unknown) = world.legacy.with(|store| {
        let materials: Vec<String> = store.materials().take(50).map(str::to_owned).collect();
        (materials, "L99999999999".to_owned())
    });
    let mut requests = Vec::new();
    for lot in world.lots.iter().take(100).chain([&unknown]) {
        requests.push(Ask::post(
            "/cics/LOTI",
            "application/octet-stream",
            world.inquiry_of(lot)?,
        ));
        requests.push(Ask::get(format!("/erp/lots/{lot}")));
    }
    for material in &materials {
        requests.push(Ask::get(format!("/erp/materials/{material}")));
    }
    let octets = "application/octet-stream";
    requests.push(Ask::post("/cics/LOTX", octets, vec![0x40; 10]));
    requests.push(Ask::post("/cics/LOTI", octets, vec![0x40; 39]));
    requests.push(Ask::get("/cics/LOTI"));
    requests.push(Ask::get("/erp/nothing/here?at=all"));
    requests.push(Ask {
        method: Method::DELETE,
        ..Ask::get("/erp/materials/RM0000001")
    });
    Ok(requests)
}
