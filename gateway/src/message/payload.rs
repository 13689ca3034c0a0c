//! A body: at hand, or still on its way. Never buffers more than the caller allows.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::io::{AsyncRead, AsyncWrite};

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
    /// A body still on its way, with a tap on it or without.
    Stream(Pin<Box<dyn Body<Data = Bytes, Error = PayloadError> + Send>>),
    /// No body but what the connection becomes after the head: only in an answer 101, or a 2xx to an extended CONNECT. The listener
    /// splices it with the client's connection.
    Tunnel(Box<dyn Tunnel>),
}

/// A connection that no longer speaks HTTP. Dropping it closes it.
pub trait Tunnel: AsyncRead + AsyncWrite + Send + Unpin {
    /// How long nothing may go through it before it is closed; for ever if none.
    fn idle(&self) -> Option<Duration>;
}

impl fmt::Debug for Payload {
    /// How it comes, never what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Whole { data, .. } => write!(f, "Whole({} bytes)", data.len()),
            Self::Stream(_) => f.write_str("Stream"),
            Self::Tunnel(_) => f.write_str("Tunnel"),
        }
    }
}

/// Why a body did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// The sender or the connection broke off.
    #[error("the body broke off")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
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

impl PayloadError {
    /// It broke off, for that reason. The reason must not quote the body.
    pub fn broken(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Broken(cause.into())
    }
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

    /// Word, from now on, of whether its sender is being waited for; none of one that is at hand.
    pub fn follow(&mut self) -> Option<Awaited> {
        if !matches!(self, Self::Stream(_)) {
            return None;
        }
        let awaited = Awaited::default();
        let followed = Followed {
            inner: std::mem::take(self),
            awaited: awaited.clone(),
        };
        *self = Self::Stream(Box::pin(followed));
        Some(awaited)
    }

    /// The same body once more; none of one that is not at hand.
    #[must_use]
    pub fn again(&self) -> Option<Self> {
        match self {
            Self::Empty => Some(Self::Empty),
            Self::Whole { data, trailers } => Some(Self::Whole {
                data: data.clone(),
                trailers: trailers.clone(),
            }),
            Self::Stream(_) | Self::Tunnel(_) => None,
        }
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
            Self::Tunnel(_) => return Err(PayloadError::broken("a tunnel has no end")),
            Self::Stream(_) => {}
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
            Self::Empty | Self::Tunnel(_) => Poll::Ready(None),
            Self::Whole { data, trailers } => {
                let frame = if !data.is_empty() {
                    Some(Frame::data(std::mem::take(data)))
                } else {
                    trailers.take().map(|trailers| Frame::trailers(*trailers))
                };
                Poll::Ready(frame.map(Ok))
            }
            Self::Stream(body) => body.as_mut().poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty | Self::Tunnel(_) => true,
            Self::Whole { data, trailers } => data.is_empty() && trailers.is_none(),
            Self::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty | Self::Tunnel(_) => SizeHint::with_exact(0),
            Self::Whole { data, .. } => {
                SizeHint::with_exact(u64::try_from(data.len()).unwrap_or(u64::MAX))
            }
            Self::Stream(body) => body.size_hint(),
        }
    }
}
