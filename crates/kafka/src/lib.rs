//! The one crate that speaks Kafka: topics, transactions, checkpoints, reading back.
//!
//! In: a [`KafkaConfig`] and records as bytes ([`Outgoing`]). Out: offsets ([`Tails`]), restored [`Checkpoint`]s, records
//! read back, and an [`Error`] whose [`Kind`] says what to do. Nothing here knows what is in a record, except in the
//! checkpoint topic, which is ours. All calls that block inside librdkafka run on blocking threads.
//!
//! A worker's start, in this order: [`Topics::ensure`], [`TransactionalProducer::open`] (fences every older worker of the
//! shard), [`CheckpointStore::restore`], [`CheckpointStore::verify_tails`]; then [`TransactionalProducer::commit`] per batch.

mod behind;
mod blocking;
mod checkpoint;
mod committed;
mod config;
mod error;
mod fetch;
mod follow;
mod group;
mod log;
mod producer;
mod pulse;
mod reader;
pub mod registry;
mod release;
pub mod reply;
mod security;
mod send;
mod settled;
mod tails;
mod topics;
mod units;
pub mod writeback;

pub use behind::Behind;
pub use checkpoint::{CHECKPOINTS, Checkpoint, CheckpointKey, CheckpointStore};
pub use config::{Compression, KafkaConfig, Properties};
pub use error::{Error, Kind, Truncation};
pub use fetch::Fetcher;
pub use follow::{Follow, Follower, Step};
pub use group::{GroupConsumer, GroupEvent, Membership, Place, Revocation, StartAt, Subscription};
pub use producer::{Consumed, Outgoing, TransactionalProducer};
pub use pulse::Pulse;
pub use reader::{Incoming, Isolation, Reader, fold};
pub use release::{Release, Releases};
pub use security::{Credentials, Login, Sasl, Tls};
pub use send::{Producer, Written};
pub use settled::Position;
pub use tails::Tails;
pub use topics::{TopicSpec, Topics};
