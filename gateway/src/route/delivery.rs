//! When a client hears of a request that goes to a service behind Kafka.

use http::StatusCode;

/// When the client gets its answer, and which.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Delivery {
    /// When the reply has come: the reply.
    #[default]
    Reply,
    /// When the request is written to its topic, acknowledged by all replicas in sync: this status and nothing else. Nobody is told
    /// where a reply would go, so none comes.
    Forget(StatusCode),
}

impl Delivery {
    /// As it is written in configuration.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Forget(_) => "forget",
        }
    }
}

/// On an answer of the gateway itself in a backend's place: its body is not what the backend's shape says, and goes to the client as it is.
#[derive(Debug, Clone, Copy)]
pub struct Ours;
