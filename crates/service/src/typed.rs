//! Handlers of values instead of bytes.
//!
//! A form decodes the body of a request ([`Decode`]) and encodes the body of a reply ([`Encode`]); [`typed`] puts one of each around
//! a function and makes a [`Handler`] of it. A body that does not decode never reaches the function: the request becomes a dead letter
//! of the kind `undecodable`, and its client gets a problem (RFC 9457) of status 400, 415 or 422 that says where and why, and quotes
//! nothing.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use service::{Answer, HandlerError, Json, Request, typed};
//!
//! #[derive(Deserialize)]
//! struct Posting { lot: String, quantity: u32 }
//! #[derive(Serialize)]
//! struct Posted { left: u32 }
//!
//! async fn post(posting: Posting, _request: Request) -> Result<Answer<Posted>, HandlerError> {
//!     if posting.lot.is_empty() {
//!         return Err(HandlerError::reject("a lot has a number"));
//!     }
//!     Ok(Answer::ok(Posted { left: 100 - posting.quantity }))
//! }
//!
//! let handler = typed(Json::new(), Json::new(), post);
//! # fn is_handler<H: service::Handler>(_: &H) {}
//! # is_handler(&handler);
//! ```
//!
//! A service that keeps state of its own implements [`Handler`] and calls [`Decode::decode`] and [`Answer::reply`] itself: what they
//! fail with turns into a [`HandlerError`] by `?`.

mod avro;
mod json;
mod record;

use std::fmt;
use std::future::Future;

use bytes::Bytes;
use kafka::Outgoing;

pub use self::avro::Avro;
pub use self::json::Json;
pub use self::record::Record;
use crate::handler::{Handler, HandlerError};
use crate::message::{Change, Reply, Request};

/// Reads the body of a request.
pub trait Decode: Send + Sync + 'static {
    /// What it reads.
    type Value: Send;

    /// The value in the body.
    ///
    /// # Errors
    /// When there is none of that form.
    fn decode(&self, request: &Request) -> Result<Self::Value, Undecodable>;
}

/// Writes the body of a reply.
pub trait Encode: Send + Sync + 'static {
    /// What it writes.
    type Value: Send;

    /// The media type of what it writes.
    fn content_type(&self) -> &str;

    /// The body.
    ///
    /// # Errors
    /// When the value has no place in the form: a fault of the service.
    fn encode(&self, value: &Self::Value) -> Result<Bytes, Unencodable>;
}

/// Why a body is not what the handler takes. Says the place and what was wanted; quotes nothing of the body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Undecodable {
    /// What the client is told: 400 for what cannot be read, 415 for another media type, 422 for what is read and does not fit.
    pub status: u16,
    /// Where and why.
    pub reason: String,
}

impl Undecodable {
    /// A body that cannot be read as this form at all.
    pub fn unreadable(reason: impl Into<String>) -> Self {
        Self {
            status: 400,
            reason: reason.into(),
        }
    }

    /// A body of another media type.
    pub fn media_type(wanted: impl fmt::Display) -> Self {
        Self {
            status: 415,
            reason: format!("wanted a body of content type {wanted}"),
        }
    }

    /// A body that can be read, and is not what is wanted.
    pub fn misfit(reason: impl Into<String>) -> Self {
        Self {
            status: 422,
            reason: reason.into(),
        }
    }
}

impl From<Undecodable> for HandlerError {
    fn from(error: Undecodable) -> Self {
        Self::DeadLetter {
            kind: "undecodable",
            status: error.status,
            reason: error.reason,
        }
    }
}

/// Why a value cannot be written: the path of the field and what was wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the reply cannot be written: {0}")]
pub struct Unencodable(pub String);

impl From<Unencodable> for HandlerError {
    fn from(error: Unencodable) -> Self {
        Self::DeadLetter {
            kind: "unencodable",
            status: 500,
            reason: error.to_string(),
        }
    }
}

/// A reply whose body is a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// The status, as in HTTP.
    pub status: u16,
    /// The body.
    pub value: T,
    /// As [`Reply::events`].
    pub events: Vec<Outgoing>,
    /// As [`Reply::change`].
    pub change: Change,
}

impl<T> Answer<T> {
    /// A value and no events.
    pub fn new(status: u16, value: T) -> Self {
        Self {
            status,
            value,
            events: Vec::new(),
            change: Change::ByStatus,
        }
    }

    /// The same with status 200.
    pub fn ok(value: T) -> Self {
        Self::new(200, value)
    }

    /// The same with one more event.
    #[must_use]
    pub fn event(mut self, event: Outgoing) -> Self {
        self.events.push(event);
        self
    }

    /// As [`Reply::without_change`].
    #[must_use]
    pub fn without_change(mut self) -> Self {
        self.change = Change::None;
        self
    }

    /// The reply in that form.
    ///
    /// # Errors
    /// As [`Encode::encode`].
    pub fn reply<E: Encode<Value = T>>(self, form: &E) -> Result<Reply, Unencodable> {
        let body = form.encode(&self.value)?;
        Ok(Reply {
            events: self.events,
            change: self.change,
            ..Reply::new(self.status, form.content_type(), body)
        })
    }
}

/// A handler made by [`typed`].
#[derive(Clone, Debug)]
pub struct Typed<D, E, F> {
    decode: D,
    encode: E,
    function: F,
}

/// A handler that decodes requests with the one form, calls the function with the value and the request, and encodes what it answers
/// with the other form.
pub fn typed<D, E, F, Answered>(decode: D, encode: E, function: F) -> Typed<D, E, F>
where
    D: Decode,
    E: Encode,
    F: Fn(D::Value, Request) -> Answered + Send + Sync + 'static,
    Answered: Future<Output = Result<Answer<E::Value>, HandlerError>> + Send,
{
    Typed {
        decode,
        encode,
        function,
    }
}

impl<D, E, F, Answered> Handler for Typed<D, E, F>
where
    D: Decode,
    E: Encode,
    F: Fn(D::Value, Request) -> Answered + Send + Sync + 'static,
    Answered: Future<Output = Result<Answer<E::Value>, HandlerError>> + Send,
{
    async fn handle(&self, request: Request) -> Result<Reply, HandlerError> {
        if request.large.is_some() {
            return Err(HandlerError::DeadLetter {
                kind: "too-large",
                status: 413,
                reason: "the body is not given whole, and is to be decoded".to_owned(),
            });
        }
        let value = self.decode.decode(&request)?;
        let answer = (self.function)(value, request).await?;
        Ok(answer.reply(&self.encode)?)
    }
}

/// The media type without its parameters, in lower case; none when there is none.
fn essence(request: &Request) -> Option<String> {
    let declared = request.content_type.as_deref()?;
    let essence = declared.split(';').next().unwrap_or(declared).trim();
    Some(essence.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
