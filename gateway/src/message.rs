//! What goes through the gateway: a [`Request`], a [`Response`], and a [`Payload`] that is either bytes or still on its way.
//!
//! HTTP to HTTP moves heads and frames untouched: trailers, the spelling and the order of fields included. Beside them go what a
//! message cannot hold: who asks ([`Peer`]), answers that are not the last ([`Interim`]), a connection that is no longer HTTP
//! ([`Tunnel`]).

mod address;
mod hop;
mod id;
mod interim;
mod names;
mod payload;
mod peek;
mod peer;
mod trailer;
mod tube;
mod watch;

use std::sync::Arc;

use bytes::Bytes;
use h1::Spelling;
use tokio::time::Instant;
use uuid::Uuid;

use crate::route::Side;

pub(crate) use self::address::AddressText;
pub use self::hop::strip_hop_by_hop;
pub use self::id::request_id;
pub(crate) use self::id::{id_value, made_at};
pub use self::interim::{Interim, Interims};
pub(crate) use self::names::Names;
pub use self::payload::{Awaited, Gathered, Payload, PayloadError, Tunnel};
pub use self::peer::{ClientCertificate, Peer, TlsPeer};
pub(crate) use self::trailer::remove_twins;
pub use self::trailer::{is_ours, kept_trailers, reads_as};
pub use self::tube::Tube;
pub use self::watch::Watch;

/// One request of a client.
#[derive(Debug)]
pub struct Request {
    /// Ours, new for each request; services de-duplicate by it, logs and answers carry it.
    pub id: Uuid,
    /// Method, target, headers as the client sent them, without inbound `Figway-*` headers.
    pub parts: http::request::Parts,
    /// The body.
    pub payload: Payload,
    /// When its head was complete.
    pub received: Instant,
    /// Who sent it, the same for all requests of a connection; none where a test or the gateway itself did.
    pub peer: Option<Arc<Peer>>,
    /// How the client wrote the head.
    pub spelling: Spelling,
    /// Where answers go that are not the last.
    pub interim: Interim,
}

/// Whether any 2xx would tell the client that the tunnel is open that it asks for, as over HTTP/2 (RFC 8441 section 5): nothing but a tunnel may
/// be answered so. Only the listener can have put an `Upgrade` there (RFC 9113 section 8.2.2).
#[must_use]
pub fn opens_by_success(parts: &http::request::Parts) -> bool {
    parts.version == http::Version::HTTP_2 && parts.headers.contains_key(http::header::UPGRADE)
}

/// One answer.
#[derive(Debug)]
pub struct Response {
    /// Status and headers.
    pub parts: http::response::Parts,
    /// The body.
    pub payload: Payload,
    /// How the backend wrote the head; ours where it wrote none.
    pub spelling: Spelling,
    /// Whose it is, as the app says in the end; none of our own, and until then.
    pub side: Option<Side>,
}

impl Response {
    /// An answer of our own whose body is at hand.
    #[must_use]
    pub fn of(
        status: http::StatusCode,
        content_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Self {
        let (mut parts, ()) = http::Response::new(()).into_parts();
        parts.status = status;
        parts.headers.insert(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static(content_type),
        );
        Self {
            parts,
            payload: Payload::bytes(body),
            spelling: Spelling::default(),
            side: None,
        }
    }
}
