//! What a handler gets and gives.

use std::fmt;

use bytes::Bytes;
use kafka::Outgoing;
use payload::{Form, Packed};
use uuid::Uuid;

use crate::large::LargeBody;
use crate::trace::TraceContext;

/// One request.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Which request this is: the same each time it is sent.
    pub id: Uuid,
    /// The key it was sent with.
    pub key: Option<Bytes>,
    /// After this moment nobody waits any more: milliseconds since 1970-01-01T00:00:00Z.
    pub deadline_ms: Option<i64>,
    /// Whether the answer is for comparison only. Nothing may change; events in the reply are not written.
    pub shadow: bool,
    /// The gateway's route.
    pub route: Option<String>,
    /// What executing it does: `read`, `idempotent` or `write`.
    pub effect: Option<String>,
    /// The method, when it was HTTP.
    pub method: Option<String>,
    /// Path and query, when it was HTTP.
    pub path: Option<String>,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// The body; empty where it is in `large`.
    pub body: Bytes,
    /// A body that is not given whole ([`crate::Beyond::Streamed`]).
    pub large: Option<LargeBody>,
    /// The trace it belongs to, with a span of this service's own: for calls that the handler makes. Events of the reply get it by
    /// themselves. None when the request came without one.
    pub trace: Option<TraceContext>,
    /// All headers of the record, in order.
    pub headers: Vec<(String, Bytes)>,
    /// The partition of the topic of requests it came from.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
}

impl Request {
    /// A request of that body and nothing else, under an id that no other has: for tests.
    #[must_use]
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self {
            id: Uuid::new_v4(),
            key: None,
            deadline_ms: None,
            shadow: false,
            route: None,
            effect: None,
            method: None,
            path: None,
            content_type: None,
            trace: None,
            body: body.into(),
            large: None,
            headers: Vec::new(),
            partition: 0,
            offset: 0,
        }
    }
}

impl fmt::Debug for Request {
    /// What it is, never what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("id", &self.id)
            .field("route", &self.route)
            .field("shadow", &self.shadow)
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The answer to one request, and what follows from it.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status, as in HTTP.
    pub status: u16,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// The body; where `form` says so, what stands for it.
    pub body: Bytes,
    /// How the body travels that is in the store already ([`Reply::stored`]); none where it is `body` itself.
    pub form: Option<Box<Form>>,
    /// Records to be written if, and only if, the reply is. Their topics must exist.
    pub events: Vec<Outgoing>,
    /// Whether anything changed: where legacy is to get the writes of the group, it gets this one only then.
    pub change: Change,
}

/// Whether a request changed anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change {
    /// As the status says: one below 400 means that it did what its effect says.
    #[default]
    ByStatus,
    /// It changed nothing, whatever the status: it was refused in the reply's body, or was done before.
    None,
}

impl Reply {
    /// A body of that type and no events.
    pub fn new(status: u16, content_type: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            content_type: Some(content_type.into()),
            body: body.into(),
            form: None,
            events: Vec::new(),
            change: Change::ByStatus,
        }
    }

    /// A body that the handler wrote into the store ([`payload::Payloads::writer`]), and no events. Its asker must read it there: a
    /// gateway does that has the same `[kafka.payload]`.
    pub fn stored(status: u16, content_type: impl Into<String>, form: Form) -> Self {
        let packed = Packed::claim(form);
        Self {
            form: packed.form.map(Box::new),
            ..Self::new(status, content_type, packed.value)
        }
    }

    /// A JSON text and no events.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// The same with one more event.
    #[must_use]
    pub fn event(mut self, event: Outgoing) -> Self {
        self.events.push(event);
        self
    }

    /// The same, of a request that changed nothing: legacy does not get it.
    #[must_use]
    pub fn without_change(mut self) -> Self {
        self.change = Change::None;
        self
    }
}

impl fmt::Debug for Reply {
    /// What it is, never what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .field("events", &self.events.len())
            .finish_non_exhaustive()
    }
}
