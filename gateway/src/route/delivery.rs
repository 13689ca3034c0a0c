//! When a client hears of a request that goes to a service behind Kafka.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::route::callback::CallbackRule;

/// When the client gets its answer, and which.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Delivery {
    /// When the reply has come: the reply.
    #[default]
    Reply,
    /// When the request is written to its topic, acknowledged by all replicas in sync: this status and nothing else. Nobody is told
    /// where a reply would go, so none comes.
    Forget(StatusCode),
    /// When the request is written to its topic: 202 and where its answer is to be found later.
    Async(Arc<Later>),
}

/// How answers are given later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    /// The path below which outcomes are asked for.
    pub status: Arc<str>,
    /// How long the service has to execute a request.
    pub within: Duration,
    /// How long its answer is given, from when it was taken on.
    pub keep: Duration,
    /// After what time clients are told to ask (again).
    pub retry_after: Duration,
    /// Who is called then.
    pub callback: Option<CallbackRule>,
}

impl Delivery {
    /// As it is written in configuration.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Forget(_) => "forget",
            Self::Async(_) => "async",
        }
    }
}

/// On an answer of the gateway itself in a backend's place: its body is not what the backend's shape says, and goes to the client as it is.
#[derive(Debug, Clone, Copy)]
pub struct Ours;

/// On an answer that was given before: nothing was executed for it now.
#[derive(Debug, Clone, Copy)]
pub struct Replayed;
