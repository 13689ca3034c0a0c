//! The part that a service's author writes.

use std::future::Future;
use std::time::Duration;

use crate::message::{Reply, Request};

/// Answers requests. Any `Fn(Request) -> impl Future<Output = Result<Reply, HandlerError>>` is one.
///
/// Of one partition at most one request is handled at a time, in the order of their offsets, unless [`crate::Order::Key`] is chosen:
/// then that holds of one key. The same request may be handled more than once (after a crash, or when its transaction did not come about), and then only one of the replies and its events are
/// written. A handler that keeps state of its own therefore restores it in [`Handler::assigned`], from what is committed.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. Dropped half-way, at whatever it waits for, when the request's deadline has passed, when it took longer
    /// than [`crate::ServiceConfig::handle_for`], when the service is dropped, and a few seconds after a shutdown began: no reply and
    /// no event of it is then written, and effects it had elsewhere are its own to undo. A handler that blocks its thread instead of
    /// waiting cannot be dropped: blocking work belongs on `tokio::task::spawn_blocking`.
    fn handle(&self, request: Request) -> impl Future<Output = Result<Reply, HandlerError>> + Send;

    /// Partitions of the topic of requests are now this instance's: called before any of their requests is handled. What the
    /// predecessor committed can be read with [`kafka::Reader::settled`]. May be called again for the same ones, after
    /// [`Handler::revoked`].
    ///
    /// An error ends the service. Dropped when a shutdown begins.
    fn assigned(
        &self,
        _partitions: &[i32],
    ) -> impl Future<Output = Result<(), HandlerError>> + Send {
        std::future::ready(Ok(()))
    }

    /// Partitions are not this instance's any more, or what was handled since the last commit was not written: state kept for
    /// them is to be forgotten. At the end of the service it is given a few seconds.
    fn revoked(&self, _partitions: &[i32]) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

impl<F, Answer> Handler for F
where
    F: Fn(Request) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Reply, HandlerError>> + Send,
{
    fn handle(&self, request: Request) -> impl Future<Output = Result<Reply, HandlerError>> + Send {
        self(request)
    }
}

/// Why a handler has no reply. Reasons are logged and sent: they must not quote the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// This request can never be answered: it becomes a dead letter, and its client gets `reply`, or an error of status 422.
    #[error("the request was rejected: {reason}")]
    Reject {
        /// Why, for the dead letter's headers and the client.
        reason: String,
        /// What the client gets.
        reply: Option<Reply>,
    },
    /// This request can never be answered, for another reason than a rule of the service: as [`HandlerError::Reject`], under a kind and
    /// with a status of its own.
    #[error("the request is a dead letter ({kind}): {reason}")]
    DeadLetter {
        /// A stable word, for the dead letter's headers.
        kind: &'static str,
        /// The status of the client's error.
        status: u16,
        /// Why, for the dead letter's headers and the client.
        reason: String,
    },
    /// Not now: it is handled again after that time, while the requests behind it in its partition (with
    /// [`crate::Order::Key`]: of its key) wait; until its deadline has
    /// passed, or [`crate::ServiceConfig::retry_for`]. With [`crate::Retries::Topics`] it is parked instead.
    #[error("the request is to be tried again: {reason}")]
    Retry {
        /// When.
        after: Duration,
        /// Why.
        reason: String,
    },
    /// The service cannot go on. Nothing of this request is written.
    #[error("the service cannot go on: {reason}")]
    Fatal {
        /// Why.
        reason: String,
    },
}

impl HandlerError {
    /// A rejection with the SDK's own error for the client.
    pub fn reject(reason: impl Into<String>) -> Self {
        Self::Reject {
            reason: reason.into(),
            reply: None,
        }
    }

    /// Another try after that time.
    pub fn retry(after: Duration, reason: impl Into<String>) -> Self {
        Self::Retry {
            after,
            reason: reason.into(),
        }
    }

    /// The end of the service.
    pub fn fatal(reason: impl Into<String>) -> Self {
        Self::Fatal {
            reason: reason.into(),
        }
    }
}
