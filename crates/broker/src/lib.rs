//! An embedded single-node Kafka broker for the demo and the tests.
//!
//! It speaks the protocol of Apache Kafka to any client: idempotent and transactional producers, consumer
//! groups, the admin requests of topics and settings. It keeps raw record batches in append-only files, assigns
//! offsets in place, and after `kill -9` has every message it acknowledged. It is one node: no replication, no
//! TLS, SASL, ACLs or quotas, and never to be offered for production, where `bootstrap` names a real Kafka. One
//! contract suite, in the package `tests`, runs against it and against Apache Kafka.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let broker = broker::Broker::start(broker::BrokerConfig::default())?;
//! println!("bootstrap.servers={}", broker.bootstrap());
//! # Ok(())
//! # }
//! ```
//!
//! How it is built: [`Broker`] owns threads and the listener; `wire` reads requests without trusting their
//! lengths; `request` has one function per request; they work on one `State` behind a lock: `partition` over
//! `log` (bytes) and `producer_state` (sequences, open transactions), `group`, `transaction`, and `catalog`,
//! the journal of all that is not records.

mod catalog;
mod clock;
mod compaction;
mod config;
mod error;
mod group;
mod log;
mod maintenance;
mod partition;
mod producer_state;
mod request;
mod server;
mod setting;
mod state;
mod transaction;
mod wire;

pub use config::{BrokerConfig, Limits, Storage, Sync};
pub use error::{Error, Kind, Result};
pub use server::Broker;
