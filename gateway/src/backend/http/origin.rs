//! One origin: an address, its connections, and one exchange at a time on each of them.
//!
//! In: an [`Ask`], which stays with the caller, who may have it sent again. Out: the answer as it came, without the fields that are between us and the origin. A reused connection that
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

/// Why an origin gave no answer, and what is left of the question.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: BackendError,
    #[allow(
        dead_code,
        reason = "for whoever asks another endpoint, which comes next"
    )]
    pub(super) body: BodyLeft,
}

/// What a failed call left of the request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyLeft {
    /// [`Ask::payload`] is as it was: the same ask can be sent once more, if that is allowed.
    Whole,
    /// Some of a stream was read, and is gone.
    Gone,
}

impl Failed {
    fn new(error: BackendError, body: BodyLeft) -> Self {
        Self { error, body }
    }
}

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

    /// How many requests are under way, bodies of answers included.
    #[allow(dead_code, reason = "for the choice among endpoints, which comes next")]
    pub(super) fn load(&self) -> usize {
        let free = self.pool.places().available_permits();
        self.config.max_connections.saturating_sub(free)
    }

    /// Asks, once. Dropped half-way it closes the connection it used; what is left of the body is not known then.
    pub(super) async fn send(&self, ask: &mut Ask) -> Result<Response, Failed> {
        let place = self
            .place(ask.deadline)
            .await
            .map_err(|error| Failed::new(error, BodyLeft::Whole))?;
        let mut reused = match ask.attempt {
            Attempt::First => self.pool.take(),
            Attempt::Fresh => None,
        };
        let kept = match &ask.payload {
            Payload::Empty => Some(Payload::Empty),
            Payload::Whole { data, trailers } => Some(Payload::Whole {
                data: data.clone(),
                trailers: trailers.clone(),
            }),
            Payload::Incoming(_) | Payload::Stream(_) | Payload::Tunnel(_) => None,
        };
        let left = match kept {
            Some(_) => BodyLeft::Whole,
            None => BodyLeft::Gone,
        };
        let mut request = head::outgoing(ask, &self.config);
        let answered = loop {
            let was_reused = reused.is_some();
            let mut connection = match reused.take() {
                Some(connection) => connection,
                None => match connection::dial(&self.config, &self.pool).await {
                    Ok(connection) => connection,
                    Err(error) => {
                        ask.payload = request.into_body();
                        return Err(Failed::new(error, BodyLeft::Whole));
                    }
                },
            };
            match connection.sender.try_send_request(request).await {
                Ok(response) => break Ok((response, connection)),
                Err(mut failed) => match failed.take_message() {
                    // Handed back unwritten: the connection had died in the pool.
                    Some(unwritten) if was_reused => request = unwritten,
                    Some(unwritten) => {
                        ask.payload = unwritten.into_body();
                        let error = BackendError::new(Kind::Broken, Sent::No);
                        let error = error.because(failed.into_error());
                        return Err(Failed::new(error, BodyLeft::Whole));
                    }
                    None => break Err(broken(failed.into_error())),
                },
            }
        };
        if let Some(kept) = kept {
            ask.payload = kept;
        }
        let (response, connection) = answered.map_err(|error| Failed::new(error, left))?;
        // Not asked for by us, and nobody could go on speaking HTTP after it (RFC 9110 section 15.2.2).
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let error = BackendError::new(Kind::BadAnswer, Sent::Maybe);
            return Err(Failed::new(error, left));
        }
        connection.park(place);
        Ok(incoming(response))
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
        spelling: h1::Spelling::default(),
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
