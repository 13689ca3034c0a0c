//! What goes through the gateway: a [`Request`], a [`Response`], and a [`Payload`] that is either bytes or still on its way.
//!
//! HTTP to HTTP moves heads and frames untouched, trailers included; a payload is only gathered where a route needs its
//! bytes. Never buffers more than the caller allows.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, TE, TRANSFER_ENCODING, UPGRADE};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::time::Instant;
use uuid::Uuid;

/// One request of a client.
#[derive(Debug)]
pub struct Request {
    /// Ours, new for each request; services de-duplicate by it, logs and answers carry it.
    pub id: Uuid,
    /// Method, target, headers as the client sent them, without inbound `Figway-*` headers.
    pub parts: http::request::Parts,
    /// The body.
    pub payload: Payload,
    /// Who sent it; none where a test or the gateway itself did.
    pub from: Option<SocketAddr>,
    /// When its head was complete.
    pub received: Instant,
}

/// One answer.
#[derive(Debug)]
pub struct Response {
    /// Status and headers.
    pub parts: http::response::Parts,
    /// The body.
    pub payload: Payload,
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
        }
    }
}

/// Removes what is between two neighbours only (RFC 9110 section 7.6.1): the fields every hop has of its own and those that `Connection`
/// names. `TE: trailers` stays, alone: it is the one member that may be promised onwards.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    if let Some(first) = headers.get(CONNECTION) {
        // Almost always one plain word that names no field.
        let word = first.as_bytes();
        let plain = word.eq_ignore_ascii_case(b"keep-alive") || word.eq_ignore_ascii_case(b"close");
        if !plain || headers.get_all(CONNECTION).iter().nth(1).is_some() {
            strip_nominated(headers);
        }
        headers.remove(CONNECTION);
    }
    for name in [&KEEP_ALIVE, &PROXY_CONNECTION, &TRANSFER_ENCODING, &UPGRADE] {
        headers.remove(name);
    }
    if headers.contains_key(TE) {
        let trailers = headers.get_all(TE).iter().any(|value| {
            value.as_bytes().split(|byte| *byte == b',').any(|word| {
                word.trim_ascii()
                    .split(|byte| *byte == b';')
                    .next()
                    .is_some_and(|word| word.trim_ascii().eq_ignore_ascii_case(b"trailers"))
            })
        });
        headers.remove(TE);
        if trailers {
            headers.insert(TE, http::HeaderValue::from_static("trailers"));
        }
    }
}

/// Removes the fields that `Connection` names, except the ones whose loss would change what the message is or whom it is for:
/// a nomination of `Host` or `Content-Length` is an attack, not a wish.
fn strip_nominated(headers: &mut HeaderMap) {
    let nominated: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| !matches!(*name, HOST | CONTENT_LENGTH | TE))
        .collect();
    for name in nominated {
        headers.remove(name);
    }
}

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// A body: at hand, or a stream of frames with the pressure of whoever sends it.
#[derive(Default)]
pub enum Payload {
    /// No body at all.
    #[default]
    Empty,
    /// A body at hand.
    Whole {
        /// The bytes.
        data: Bytes,
        /// Trailers that came after them.
        trailers: Option<Box<HeaderMap>>,
    },
    /// A body still on its way.
    Incoming(hyper::body::Incoming),
    /// Any other stream: a payload with a tap on it, or one whose first part was already read.
    Stream(Pin<Box<dyn Body<Data = Bytes, Error = PayloadError> + Send>>),
}

impl fmt::Debug for Payload {
    /// How it comes, never what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Whole { data, .. } => write!(f, "Whole({} bytes)", data.len()),
            Self::Incoming(_) => f.write_str("Incoming"),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// Why a body did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// The sender or the connection broke off.
    #[error("the body broke off")]
    Broken(#[source] hyper::Error),
    /// More than was allowed.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// What was allowed.
        limit: usize,
    },
    /// Nothing came for too long, or all of it took too long.
    #[error("the body did not come in time")]
    Late,
}

impl Payload {
    /// A body at hand.
    pub fn bytes(data: impl Into<Bytes>) -> Self {
        let data = data.into();
        if data.is_empty() {
            Self::Empty
        } else {
            Self::Whole {
                data,
                trailers: None,
            }
        }
    }

    /// The same body, which breaks off with [`PayloadError::TooLarge`] as soon as more than `limit` bytes have come. One whose length is
    /// known costs nothing: its sender is held to it.
    ///
    /// # Errors
    /// It is known to be larger.
    pub fn limited(self, limit: usize) -> Result<Self, PayloadError> {
        let most = u64::try_from(limit).unwrap_or(u64::MAX);
        let hint = self.size_hint();
        if hint.lower() > most {
            return Err(PayloadError::TooLarge { limit });
        }
        if hint.upper().is_some_and(|upper| upper <= most) {
            return Ok(self);
        }
        Ok(Self::Stream(Box::pin(Limited {
            inner: self,
            left: limit,
            limit,
        })))
    }

    /// The same body, and word of whether its sender is being waited for; none of one that is at hand.
    #[must_use]
    pub fn followed(self) -> (Self, Option<Awaited>) {
        if matches!(self, Self::Empty | Self::Whole { .. }) {
            return (self, None);
        }
        let awaited = Awaited::default();
        let followed = Followed {
            inner: self,
            awaited: awaited.clone(),
        };
        (Self::Stream(Box::pin(followed)), Some(awaited))
    }

    /// Gathers the body, at most `limit` bytes. Dropped half-way it loses what came.
    ///
    /// # Errors
    /// The body is larger, or breaks off.
    pub async fn gather(self, limit: usize) -> Result<Gathered, PayloadError> {
        let too_large = PayloadError::TooLarge { limit };
        match self {
            Self::Empty => return Ok(Gathered::default()),
            Self::Whole { data, trailers } => {
                return if data.len() <= limit {
                    Ok(Gathered { data, trailers })
                } else {
                    Err(too_large)
                };
            }
            Self::Incoming(_) | Self::Stream(_) => {}
        }
        if self.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
            return Err(too_large);
        }
        let mut body = self;
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        let mut trailers = None;
        while let Some(frame) = body.frame().await {
            match frame?.into_data() {
                Ok(data) => {
                    if first.len() + rest.len() + data.len() > limit {
                        return Err(too_large);
                    }
                    if first.is_empty() {
                        first = data;
                    } else {
                        if rest.is_empty() {
                            rest.extend_from_slice(&first);
                        }
                        rest.extend_from_slice(&data);
                    }
                }
                Err(frame) => trailers = frame.into_trailers().ok().map(Box::new),
            }
        }
        let data = if rest.is_empty() {
            first
        } else {
            rest.freeze()
        };
        Ok(Gathered { data, trailers })
    }
}

/// Whether a body's sender is being waited for. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Awaited(Arc<AtomicBool>);

impl Awaited {
    /// Whether the body was asked for more and its sender has not given it. Not so of one that nobody reads on.
    #[must_use]
    pub fn now(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct Followed {
    inner: Payload,
    awaited: Awaited,
}

impl Body for Followed {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        self.awaited.0.store(polled.is_pending(), Ordering::Relaxed);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

struct Limited {
    inner: Payload,
    left: usize,
    limit: usize,
}

impl Body for Limited {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            match self.left.checked_sub(data.len()) {
                Some(left) => self.left = left,
                None => {
                    let limit = self.limit;
                    return Poll::Ready(Some(Err(PayloadError::TooLarge { limit })));
                }
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A whole body. Cheap to clone.
#[derive(Default, Clone)]
pub struct Gathered {
    /// The bytes.
    pub data: Bytes,
    /// Trailers that came after them.
    pub trailers: Option<Box<HeaderMap>>,
}

impl fmt::Debug for Gathered {
    /// Its length, never what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gathered({} bytes)", self.data.len())
    }
}

impl From<hyper::body::Incoming> for Payload {
    /// No body at all where it is known that none will come.
    fn from(body: hyper::body::Incoming) -> Self {
        if body.is_end_stream() {
            Self::Empty
        } else {
            Self::Incoming(body)
        }
    }
}

impl From<Gathered> for Payload {
    fn from(whole: Gathered) -> Self {
        if whole.data.is_empty() && whole.trailers.is_none() {
            Self::Empty
        } else {
            Self::Whole {
                data: whole.data,
                trailers: whole.trailers,
            }
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Whole { data, trailers } => {
                let frame = if !data.is_empty() {
                    Some(Frame::data(std::mem::take(data)))
                } else {
                    trailers.take().map(|trailers| Frame::trailers(*trailers))
                };
                Poll::Ready(frame.map(Ok))
            }
            Self::Incoming(body) => Pin::new(body)
                .poll_frame(context)
                .map_err(PayloadError::Broken),
            Self::Stream(body) => body.as_mut().poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole { data, trailers } => data.is_empty() && trailers.is_none(),
            Self::Incoming(body) => body.is_end_stream(),
            Self::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole { data, .. } => {
                SizeHint::with_exact(u64::try_from(data.len()).unwrap_or(u64::MAX))
            }
            Self::Incoming(body) => body.size_hint(),
            Self::Stream(body) => body.size_hint(),
        }
    }
}
