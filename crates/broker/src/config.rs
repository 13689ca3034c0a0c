//! What a broker is started with: where it listens, where it keeps its bytes, and the bounds of everything.
//!
//! Every default serves a laptop and a test. Nothing here is read from a file: the caller owns the configuration.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Where the broker keeps topics, offsets and transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In memory, gone when the broker is dropped: for tests.
    Memory,
    /// In append-only files below this directory, which is created when missing and locked while in use.
    Directory(PathBuf),
}

/// When an acknowledged write is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// Once the operating system has it: survives `kill -9` of the process, not a power cut.
    Os,
    /// Once the disk has it (`fdatasync` before every acknowledgement).
    Fsync,
}

/// The bounds of what clients may ask for. Past a bound the one connection or request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Open client connections; one more is closed at once.
    pub connections: usize,
    /// Bytes of one request with records (`socket.request.max.bytes` of Kafka).
    pub frame_bytes: usize,
    /// Bytes of any other request.
    pub small_frame_bytes: usize,
    /// Bytes of all requests and fetched records in memory at a time; whoever needs more waits.
    pub queued_bytes: usize,
    /// Bytes of one fetch answer (`fetch.max.bytes` of Kafka); the first batch is returned even when larger.
    pub fetch_bytes: usize,
    /// Partitions of all topics together.
    pub partitions: usize,
    /// Consumer groups.
    pub groups: usize,
    /// Members of one group.
    pub members: usize,
    /// Transactional ids.
    pub transactions: usize,
    /// How long a connection may be silent (`connections.max.idle.ms` of Kafka); clients connect again.
    pub idle_timeout: Duration,
    /// How long the rest of a request may take once its first byte came.
    pub read_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            frame_bytes: 104_857_600,
            small_frame_bytes: 1 << 20,
            queued_bytes: 256 << 20,
            fetch_bytes: 57_671_680,
            partitions: 4_000,
            groups: 10_000,
            members: 1_000,
            transactions: 10_000,
            idle_timeout: Duration::from_secs(600),
            read_timeout: Duration::from_secs(60),
        }
    }
}

/// How to start a [`Broker`](crate::Broker).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerConfig {
    /// Where to listen; port 0 takes a free one, see [`Broker::address`](crate::Broker::address).
    pub listen: SocketAddr,
    /// The `host:port` told to clients; without it each client is told the address it came in by.
    pub advertised: Option<String>,
    /// Where the bytes are kept.
    pub storage: Storage,
    /// When a write is acknowledged.
    pub sync: Sync,
    /// Whether a client's metadata request may create the topic it names (`auto.create.topics.enable`).
    pub auto_create_topics: bool,
    /// Partitions of a topic created without a number (`num.partitions`).
    pub default_partitions: i32,
    /// Topic settings that hold for every topic that does not say otherwise, by their topic-level
    /// names, for example `max.message.bytes`. A name or value Kafka does not know fails the start.
    pub topic_defaults: BTreeMap<String, String>,
    /// How long a new consumer group waits for more members (`group.initial.rebalance.delay.ms`; zero here, 3 s in Kafka).
    pub initial_rebalance_delay: Duration,
    /// The longest transaction timeout a producer may ask for (`transaction.max.timeout.ms`).
    pub transaction_max_timeout: Duration,
    /// How long the offsets of an empty group are kept (`offsets.retention.minutes`).
    pub offsets_retention: Duration,
    /// How often retention and compaction look at the logs (`log.cleaner.backoff.ms`, `log.retention.check.interval.ms`).
    pub maintenance_interval: Duration,
    /// The bounds.
    pub limits: Limits,
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            advertised: None,
            storage: Storage::Memory,
            sync: Sync::Os,
            auto_create_topics: false,
            default_partitions: 1,
            topic_defaults: BTreeMap::new(),
            initial_rebalance_delay: Duration::ZERO,
            transaction_max_timeout: Duration::from_secs(15 * 60),
            offsets_retention: Duration::from_secs(7 * 24 * 3600),
            maintenance_interval: Duration::from_secs(5),
            limits: Limits::default(),
        }
    }
}
