//! Looking at a body before it is known who takes it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;

use super::payload::{Payload, PayloadError};

impl Payload {
    /// Gathers a body of at most `limit` bytes; of a larger one as much as came, which goes before the rest of it. The bytes are told
    /// where all of them are there. Dropped half-way it loses what came.
    ///
    /// # Errors
    /// The body breaks off.
    pub async fn peek(self, limit: usize) -> Result<(Self, Option<Bytes>), PayloadError> {
        let mut body = match self {
            Self::Empty => return Ok((Self::Empty, Some(Bytes::new()))),
            Self::Whole { data, trailers } => {
                let seen = (data.len() <= limit).then(|| data.clone());
                return Ok((Self::Whole { data, trailers }, seen));
            }
            body @ Self::Tunnel(_) => return Ok((body, None)),
            body @ Self::Stream(_) => body,
        };
        if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
            return Ok((body, None));
        }
        let mut came = BytesMut::new();
        let mut trailers = None;
        while let Some(frame) = body.frame().await {
            match frame?.into_data() {
                Ok(data) => {
                    came.extend_from_slice(&data);
                    if came.len() > limit {
                        let came = came.freeze();
                        return Ok((Self::Stream(Box::pin(Resumed { came, rest: body })), None));
                    }
                }
                Err(frame) => trailers = frame.into_trailers().ok().map(Box::new),
            }
        }
        let data = came.freeze();
        let seen = Some(data.clone());
        Ok(match (data.is_empty(), &trailers) {
            (true, None) => (Self::Empty, seen),
            _ => (Self::Whole { data, trailers }, seen),
        })
    }
}

/// What came of a body, and what still comes.
struct Resumed {
    came: Bytes,
    rest: Payload,
}

impl Body for Resumed {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        if !self.came.is_empty() {
            let came = std::mem::take(&mut self.came);
            return Poll::Ready(Some(Ok(Frame::data(came))));
        }
        Pin::new(&mut self.rest).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.came.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let came = u64::try_from(self.came.len()).unwrap_or(u64::MAX);
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(came));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(came));
        }
        hint
    }
}
