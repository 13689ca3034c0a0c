//! Carries events from the outbox to Kafka, each once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use kafka::{KafkaConfig, Kind, Outgoing, Reader, TransactionalProducer};
use ops::shutdown::Shutdown;
use tokio::sync::Notify;

use crate::store::{Event, Store};

/// Which events the last transaction carried: one record, in that transaction. Compacted, one partition.
pub const POSITION: &str = "stock.outbox";
/// The relay's transactional id: whoever opens it fences the one before.
const IDENTITY: &str = "stock-service.outbox";
/// The most events of one transaction.
const BATCH: i64 = 500;
/// Between two looks without word of something new, and before it is tried again.
const LOOK: Duration = Duration::from_millis(500);

/// Relays until `shutdown` begins. A broker or a database that is away is waited for.
///
/// May be dropped at any point: what was begun is in Kafka as a whole or not at all, and the next relay knows which.
///
/// # Errors
/// When another relay has taken over, or settings cannot be used.
pub async fn run(
    kafka: &KafkaConfig,
    store: &Store,
    written: &Notify,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    while !shutdown.has_begun() {
        let error = tokio::select! {
            error = carry(kafka, store, written) => error,
            () = shutdown.begun() => break,
        };
        let kind = error.downcast_ref().map(kafka::Error::kind);
        if let Some(Kind::Fenced | Kind::Config) = kind {
            return Err(error);
        }
        tracing::warn!(error = %error, "the relay begins anew");
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = shutdown.begun() => break,
        }
    }
    Ok(())
}

/// Until something fails.
async fn carry(kafka: &KafkaConfig, store: &Store, written: &Notify) -> anyhow::Error {
    let failed = async {
        // First: it ends a predecessor's transaction, after which what it carried is known.
        let mut producer = TransactionalProducer::open(kafka, IDENTITY, kafka.timeout).await?;
        store.relayed(&position(kafka).await?).await?;
        loop {
            let events = store.events(BATCH).await?;
            if events.is_empty() {
                // Told of something new, or not: another instance may have written it.
                drop(tokio::time::timeout(LOOK, written.notified()).await);
                continue;
            }
            let ids: Vec<String> = events.iter().map(|event| event.id.clone()).collect();
            let carried = serde_json::to_vec(&ids)?;
            let last = Outgoing::new(
                POSITION,
                Some(Bytes::from_static(b"carried")),
                Some(Bytes::from(carried)),
            );
            let batch = events.into_iter().map(record).collect();
            producer.commit(batch, move |_| last).await?;
            store.relayed(&ids).await?;
        }
    };
    let failed: anyhow::Result<std::convert::Infallible> = failed.await;
    match failed {
        Err(error) => error,
        Ok(never) => match never {},
    }
}

fn record(event: Event) -> Outgoing {
    let mut record = Outgoing::new(
        event.topic,
        Some(Bytes::from(event.key)),
        Some(Bytes::from(event.value)),
    );
    let id = ("event-id".to_owned(), Bytes::from(event.id));
    record.headers.push(id);
    record
}

/// The ids of the events that the last transaction carried.
async fn position(kafka: &KafkaConfig) -> anyhow::Result<Vec<String>> {
    let last = Arc::new(Mutex::new(None));
    let found = Arc::clone(&last);
    let patience = kafka.transaction_timeout + kafka.timeout;
    Reader::new(kafka)
        .settled(POSITION, 0, 0, patience, move |record| {
            // Nothing is done half-way under this lock.
            *found.lock().unwrap_or_else(PoisonError::into_inner) = record.value;
        })
        .await?;
    let last = last.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(last) = last else {
        return Ok(Vec::new());
    };
    serde_json::from_slice(&last).context("the relay's position cannot be read")
}
