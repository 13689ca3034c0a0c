//! One member of a consumer group.

use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::ResponseError;
use tokio::sync::oneshot;

/// What a member is told when the group has been formed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) generation: i32,
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) leader: String,
    pub(crate) member_id: String,
    /// For the leader: id, instance id and metadata of every member.
    pub(crate) members: Vec<(String, Option<String>, Bytes)>,
}

/// What a member is told to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Synced {
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) assignment: Bytes,
}

/// An answer now or later; a dropped sender means the broker is going down.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    Now(Result<T, ResponseError>),
    Later(oneshot::Receiver<Result<T, ResponseError>>),
}

impl<T> From<ResponseError> for Outcome<T> {
    fn from(error: ResponseError) -> Self {
        Self::Now(Err(error))
    }
}

/// The sender of a later answer.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, ResponseError>>;

/// Answers who waits, if anyone does.
pub(super) fn tell<T>(reply: Option<Reply<T>>, result: Result<T, ResponseError>) {
    if let Some(reply) = reply {
        // The other end may have hung up meanwhile; it joins again then.
        reply.send(result).ok();
    }
}

/// Who a member says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) client_id: String,
    pub(crate) host: String,
    /// The name of a static member (KIP-345).
    pub(crate) instance_id: Option<String>,
    pub(crate) session: Duration,
    pub(crate) rebalance: Duration,
    /// Assignors in order of preference, with the subscription as each of them encodes it.
    pub(crate) protocols: Vec<(String, Bytes)>,
}

/// One member.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) is: Subscription,
    pub(crate) assignment: Bytes,
    /// Silent for longer it is out, unless it waits for an answer of ours.
    pub(crate) deadline: Instant,
    pub(crate) joining: Option<Reply<Joined>>,
    pub(crate) syncing: Option<Reply<Synced>>,
    /// Whether it has asked for its assignment in this generation.
    pub(crate) synced: bool,
    /// When it first came, as a count of members.
    pub(crate) order: u64,
}

impl Member {
    pub(crate) fn new(is: Subscription, order: u64, now: Instant) -> Self {
        let deadline = now + is.session;
        let assignment = Bytes::new();
        Self {
            is,
            assignment,
            deadline,
            joining: None,
            syncing: None,
            synced: false,
            order,
        }
    }

    /// Notes a sign of life.
    pub(crate) fn seen(&mut self, now: Instant) {
        self.deadline = now + self.is.session;
    }

    pub(crate) fn expired(&self, now: Instant) -> bool {
        // Who hung up while it waited is not waiting any more.
        let joins = self
            .joining
            .as_ref()
            .is_some_and(|reply| !reply.is_closed());
        let syncs = self
            .syncing
            .as_ref()
            .is_some_and(|reply| !reply.is_closed());
        !joins && !syncs && self.deadline <= now
    }

    pub(crate) fn metadata(&self, protocol: &str) -> Bytes {
        let found = self.is.protocols.iter().find(|(name, _)| name == protocol);
        found
            .map(|(_, metadata)| metadata.clone())
            .unwrap_or_default()
    }

    /// Answers whoever waits for this member, because it is gone or replaced.
    pub(crate) fn dismiss(&mut self, error: ResponseError) {
        tell(self.joining.take(), Err(error));
        tell(self.syncing.take(), Err(error));
    }
}
