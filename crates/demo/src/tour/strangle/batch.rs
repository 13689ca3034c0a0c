//! The night's batch on the legacy side: what it adds up must be what both systems executed, wherever it was.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::canary::ledgers;
use super::world::World;
use crate::error::Result;
use crate::ledger::Posting;
use crate::tour::player::Played;

/// How long legacy may take to get the last write.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until legacy has executed all that the new service has, then holds the batch's total against both ledgers. How long legacy was
/// behind.
pub(super) async fn agrees(world: &World, played: &mut Played) -> Result<Duration> {
    let began = Instant::now();
    loop {
        let [legacy, service] = ledgers(world);
        let missing = service
            .iter()
            .filter(|posted| legacy.find(&posted.posting.reference).is_none())
            .count();
        if missing == 0 {
            break;
        }
        if began.elapsed() > PATIENCE {
            played.findings.fail(format!(
                "legacy lacks {missing} writes that the new service executed {} s ago",
                PATIENCE.as_secs()
            ));
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let lag = began.elapsed();
    totals(world, played);
    Ok(lag)
}

/// The batch's total now, and what it must be.
pub(super) fn totals(world: &World, played: &mut Played) {
    let mut executed = BTreeMap::<String, Posting>::new();
    for ledger in ledgers(world) {
        for posted in ledger.iter() {
            executed.insert(posted.posting.reference.clone(), posted.posting.clone());
        }
    }
    let used: i128 = executed.values().map(|posting| posting.quantity).sum();
    let total = world.legacy.with(|store| store.total_on_hand());
    played.findings.same(
        "the batch's total on legacy, in thousandths",
        &(world.total - used),
        &total,
    );
    played.figure(
        "batch total",
        format!("{} agrees", parsers::Decimal::new(total, 3)),
    );
}
