//! A service with a database of its own: it reserves stock.
//!
//! The SDK's exactly-once ends where Kafka's transaction ends: what a handler does in a database is done again when the request is
//! handled again. Two patterns close that gap, both in [`store`]:
//!
//! - *Idempotent consumer.* One database transaction changes the stock and writes the request's id with its reply into `inbox`. A
//!   request whose id is there already changes nothing and gets that reply.
//! - *Transactional outbox.* The same transaction writes the events into `outbox`. [`relay`] carries them to Kafka, each once: which
//!   rows a Kafka transaction carried is said by a record of the same transaction, so a relay that died between Kafka's commit and the
//!   deletion of the rows knows which they were.
//!
//! Requests come on `stock.requests` as JSON, `{"item":"bolt","quantity":3}`, keyed by the item; replies are `{"item":"bolt","left":97}`
//! with status 200, 404 for an item that there is none of, 409 when too little is left; events go to `stock.reserved`.
//!
//! The database is SQLite by default, PostgreSQL by URL. Run one relay at a time: a second one fences the first.

pub mod relay;
pub mod reserve;
pub mod store;

use std::sync::Arc;

use anyhow::Context;
use kafka::{KafkaConfig, TopicSpec, Topics};
use ops::shutdown::Shutdown;
use service::{Order, Service, ServiceConfig};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::store::Store;

/// Where requests come in.
pub const REQUESTS: &str = "stock.requests";
/// Where events go.
pub const EVENTS: &str = "stock.reserved";
/// The consumer group: the service's name.
pub const GROUP: &str = "stock-service";

/// Answers requests and relays events until `shutdown` begins, or one of the two cannot go on. Says how it is on `status`.
///
/// May be dropped at any point, as by a kill: whoever comes next goes on from what is committed.
///
/// # Errors
/// Topics that cannot be made, another instance or relay that has taken over.
pub async fn run(
    kafka: &KafkaConfig,
    store: Arc<Store>,
    instance: &str,
    shutdown: &Shutdown,
    status: Option<TcpListener>,
) -> anyhow::Result<()> {
    let position = TopicSpec::new(relay::POSITION, Some(1)).with("cleanup.policy", "compact");
    let events = TopicSpec::data(EVENTS, None, kafka);
    Topics::new(kafka)
        .ensure(&[events, position])
        .await
        .context("the topics of events cannot be used")?;
    let written = Arc::new(Notify::new());
    let mut config = ServiceConfig::new(kafka.clone(), REQUESTS, GROUP).instance(instance);
    // Reservations of one item in their order, of others side by side.
    config.order = Order::Key { at_once: 16 };
    let handler = reserve::handler(Arc::clone(&store), Arc::clone(&written));
    let service = Service::new(config, handler);
    let health = service.status();
    if let Some(listener) = status {
        let ending = shutdown.clone();
        shutdown.spawn(async move { health.serve(listener, &ending).await });
    }
    tokio::select! {
        served = service.run(shutdown) => served.context("the service ended"),
        relayed = relay::run(kafka, &store, &written, shutdown) => relayed.context("the relay ended"),
    }
}
