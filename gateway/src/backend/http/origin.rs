//! One origin: an address, its connections, and one exchange at a time on each of them.
//!
//! In: an [`Ask`]; out: the answer as it came, without the fields that are between us and the origin. A reused connection that
//! turns out to be dead before a byte was written is replaced by a fresh one; whatever may have been read is never sent
//! again from here.

use std::sync::Arc;

use ::http::StatusCode;
use ::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use tokio::sync::{OwnedSemaphorePermit, TryAcquireError};
use tokio::time::Instant;

use super::pool::Pool;
use super::{Config, connection, head};
use crate::backend::{Ask, Attempt};
use crate::error::{BackendError, BackendErrorKind as Kind, BodyFault, Sent};
use crate::message::{Payload, PayloadError, Response};

/// One origin with its pool. Dropping it closes the connections nobody uses; those in use end with their answers.
#[derive(Debug)]
pub(super) struct Origin {
    config: Arc<Config>,
    pool: Arc<Pool>,
}

impl Origin {
    /// Connects to nobody yet.
    pub(super) fn new(config: Arc<Config>) -> Self {
        Self {
            pool: Arc::new(Pool::new(Arc::clone(&config))),
            config,
        }
    }

    /// A place among the connections; waits until the deadline if all are taken.
    async fn place(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, BackendError> {
        let overloaded = || BackendError::new(Kind::Overloaded, Sent::No);
        let places = Arc::clone(self.pool.places());
        match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => Ok(place),
            Err(TryAcquireError::Closed) => Err(overloaded()),
            // A little before the deadline, so that the caller learns that nothing was sent.
            Err(TryAcquireError::NoPermits) => {
                let left = deadline.saturating_duration_since(Instant::now());
                tokio::time::timeout(left.mul_f32(0.9), places.acquire_owned())
                    .await
                    .map_err(|_| overloaded())?
                    .map_err(|_| overloaded())
            }
        }
    }

    /// Asks it. Dropped half-way it closes the connection it used.
    ///
    /// # Errors
    /// It gave no answer that could be passed on.
    pub(super) async fn call(&self, ask: Ask) -> Result<Response, BackendError> {
        let place = self.place(ask.deadline).await?;
        let mut reused = match ask.attempt {
            Attempt::First => self.pool.take(),
            Attempt::Fresh => None,
        };
        let mut request = head::outgoing(ask, &self.config);
        loop {
            let was_reused = reused.is_some();
            let mut connection = match reused.take() {
                Some(connection) => connection,
                None => connection::dial(&self.config, &self.pool).await?,
            };
            match connection.sender.try_send_request(request).await {
                Ok(response) => {
                    // Not asked for by us, and nobody could go on speaking HTTP after it (RFC 9110 section 15.2.2).
                    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                        return Err(BackendError::new(Kind::BadAnswer, Sent::Maybe));
                    }
                    connection.park(place);
                    return Ok(incoming(response));
                }
                Err(mut failed) => match failed.take_message() {
                    // Handed back unwritten: the connection had died in the pool.
                    Some(unwritten) if was_reused => request = unwritten,
                    Some(_) => {
                        return Err(
                            BackendError::new(Kind::Broken, Sent::No).because(failed.into_error())
                        );
                    }
                    None => return Err(broken(failed.into_error())),
                },
            }
        }
    }
}

fn incoming(response: ::http::Response<hyper::body::Incoming>) -> Response {
    let (mut parts, body) = response.into_parts();
    // What the origin speaks must not leak to the client: hyper would answer in the origin's HTTP/1.0.
    parts.version = ::http::Version::HTTP_11;
    // The coding rules, and hyper has read the body by it (RFC 9112 section 6.3); the length would cut the answer.
    if parts.headers.contains_key(TRANSFER_ENCODING) {
        parts.headers.remove(CONTENT_LENGTH);
    }
    crate::message::strip_hop_by_hop(&mut parts.headers);
    Response {
        parts,
        payload: Payload::from(body),
    }
}

/// What a failed exchange on a connection means, once the request may have been read.
fn broken(error: hyper::Error) -> BackendError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if let Some(payload) = error.downcast_ref::<PayloadError>() {
            return BackendError::new(Kind::RequestBody(BodyFault::from(payload)), Sent::Maybe);
        }
        cause = error.source();
    }
    let kind = if error.is_parse() {
        Kind::BadAnswer
    } else {
        Kind::Broken
    };
    BackendError::new(kind, Sent::Maybe).because(error)
}
