//! Bodies that do not travel as they are: out with requests, in with replies.
//!
//! A body that fits into a record is gathered, and compressed where the policy says so; a larger one streams into the store, with the
//! memory of a segment, before its record is sent. What a reply refers to streams out of the store in the same way: its last bytes go to
//! the client only once its digest is right.

use std::pin::Pin;
use std::task::{Context, Poll};

use ::http::header::CONTENT_TYPE;
use bytes::Bytes;
use futures_util::{Stream, stream};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use kafka::Incoming;
use payload::header::ACCEPT;
use payload::{Above, Accept, Encoding, Form, Manifest, Packed, Payloads, Place, Policy, Reader};

use crate::backend::Ask;
use crate::error::{BackendError, BackendErrorKind as Kind, BodyFault, Sent};
use crate::message::{Payload, PayloadError};

/// The largest body of a reply that is decompressed in memory.
const WHOLE: u64 = 64 << 20;
/// Larger bodies are compressed on a thread of their own.
const LONG: usize = 128 << 10;

/// Which way bodies go, and where.
#[derive(Debug)]
pub(super) struct Large {
    policy: Policy,
    payloads: Option<Payloads>,
}

impl Large {
    /// `room` is what a record's value can have.
    pub(super) fn new(policy: Policy, room: u32, payloads: Option<Payloads>) -> Self {
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let policy = Policy {
            whole: policy.whole.min(room),
            ..policy
        };
        Self { policy, payloads }
    }

    /// In which forms replies are read.
    fn accept(&self) -> Accept {
        Accept {
            zstd: true,
            chunks: false,
            claim: self.payloads.is_some(),
        }
    }

    /// The headers that say how a request's body travels, and how its reply may.
    pub(super) fn headers(&self, body: &Packed, replies: bool) -> Vec<(String, Bytes)> {
        let mut headers = body.form.as_ref().map(Form::headers).unwrap_or_default();
        // A service that was told nothing of payloads is not told now.
        if replies && (self.payloads.is_some() || self.policy.compress_above.is_some()) {
            headers.push((ACCEPT.to_owned(), self.accept().value()));
        }
        headers
    }

    /// The body of a request, ready to be sent by its deadline. One that refers to an object is in the store. Dropped half-way nothing
    /// refers to what was written.
    pub(super) async fn take(&self, ask: &mut Ask) -> Result<Packed, BackendError> {
        let payload = std::mem::take(&mut ask.payload);
        let media = ask.parts.headers.get(CONTENT_TYPE);
        let media = media.and_then(|media| media.to_str().ok());
        let back = ask.back.as_ref().map(|back| back.size());
        let taking = self.taken(payload, media, back);
        let taken = tokio::time::timeout_at(ask.deadline, taking).await;
        taken.unwrap_or_else(|_| Err(fault(BodyFault::Late)))
    }

    async fn taken(
        &self,
        payload: Payload,
        media: Option<&str>,
        back: Option<usize>,
    ) -> Result<Packed, BackendError> {
        let limit = self.policy.whole.saturating_sub(back.unwrap_or_default());
        // What goes back to legacy is kept beside the service's own answer, as it is.
        if back.is_some() {
            let whole = payload
                .gather(limit)
                .await
                .map_err(|error| broke_off(&error))?;
            return Ok(Packed::plain(whole.data));
        }
        if self.policy.above == Above::Refused {
            let whole = payload
                .gather(limit)
                .await
                .map_err(|error| broke_off(&error))?;
            return self.packed(whole.data, media).await;
        }
        match payload
            .peek(limit)
            .await
            .map_err(|error| broke_off(&error))?
        {
            (_, Some(whole)) => self.packed(whole, media).await,
            (rest, None) => self.stored(rest, media).await,
        }
    }

    async fn packed(&self, body: Bytes, media: Option<&str>) -> Result<Packed, BackendError> {
        let length = u64::try_from(body.len()).ok();
        match self.policy.encoding(length, media) {
            Encoding::Identity => Ok(Packed::plain(body)),
            Encoding::Zstd if body.len() <= LONG => {
                Packed::compressed(body).map_err(|error| self.not_stored(error))
            }
            Encoding::Zstd => {
                let compressing = tokio::task::spawn_blocking(|| Packed::compressed(body));
                let compressed = compressing.await.map_err(|error| {
                    BackendError::new(Kind::Unavailable, Sent::No).because(error)
                })?;
                compressed.map_err(|error| self.not_stored(error))
            }
        }
    }

    /// A larger body, in the store.
    async fn stored(&self, mut body: Payload, media: Option<&str>) -> Result<Packed, BackendError> {
        let (Above::Claim, Some(payloads)) = (self.policy.above, &self.payloads) else {
            let limit = self.policy.whole;
            return Err(fault(BodyFault::TooLarge { limit }));
        };
        let hint = body.size_hint();
        if hint.lower() > self.policy.most {
            return Err(self.too_large());
        }
        let encoding = self.policy.encoding(hint.exact(), media);
        let store = |error| self.not_stored(error);
        let writer = payloads.writer(encoding, self.policy.most);
        let mut writer = writer.await.map_err(store)?;
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame.map_err(|error| broke_off(&error))?.into_data() {
                writer.write(data).await.map_err(store)?;
            }
        }
        let form = writer.finish().await.map_err(store)?;
        Ok(Packed::claim(form))
    }

    fn too_large(&self) -> BackendError {
        let limit = usize::try_from(self.policy.most).unwrap_or(usize::MAX);
        fault(BodyFault::TooLarge { limit })
    }

    fn not_stored(&self, error: payload::Error) -> BackendError {
        match error.kind() {
            payload::Kind::TooLarge => self.too_large(),
            _ => BackendError::new(Kind::Unavailable, Sent::No).because(error),
        }
    }

    /// The body of a reply that is not its value.
    pub(super) async fn give(&self, reply: &Incoming) -> Result<Option<Payload>, BackendError> {
        let form = Form::parse(|name| reply.header(name)).map_err(|error| bad(error.into()))?;
        let Some(form) = form else {
            return Ok(None);
        };
        match (&form.place, &self.payloads) {
            (Place::Here, _) => {
                let value = Bytes::from(reply.value.clone().unwrap_or_default());
                let body = payload::decode(form.manifest, value, WHOLE).map_err(bad)?;
                Ok(Some(Payload::bytes(body)))
            }
            (Place::Object { .. }, Some(payloads)) => {
                let reader = payloads.open_object(&form).await.map_err(bad)?;
                Ok(Some(streamed(reader)))
            }
            (Place::Object { .. }, None) => Err(BackendError::new(Kind::BadAnswer, Sent::Maybe)
                .because("the reply refers to an object, and there is no [kafka.payload]")),
            (Place::Chunk(_), _) => Err(BackendError::new(Kind::BadAnswer, Sent::Maybe)
                .because("the reply comes in chunks, which was not asked for")),
        }
    }
}

fn fault(fault: BodyFault) -> BackendError {
    BackendError::new(Kind::RequestBody(fault), Sent::No)
}

fn broke_off(error: &PayloadError) -> BackendError {
    fault(BodyFault::from(error))
}

fn bad(error: payload::Error) -> BackendError {
    BackendError::new(Kind::BadAnswer, Sent::Maybe).because(error)
}

/// What an object holds, as a body whose length is known.
fn streamed(reader: Reader) -> Payload {
    let Manifest { length, .. } = reader.manifest();
    if length == 0 {
        return Payload::Empty;
    }
    let parts = stream::try_unfold(reader, async |mut reader: Reader| {
        let next = reader.next().await;
        let next = next.inspect_err(|error| {
            tracing::warn!(%error, "the body of a reply broke off");
        });
        Ok(next?.map(|data| (data, reader)))
    });
    Payload::Stream(Box::pin(Stored {
        parts: Box::pin(parts),
        left: length,
    }))
}

struct Stored {
    parts: Pin<Box<dyn Stream<Item = Result<Bytes, payload::Error>> + Send>>,
    left: u64,
}

impl Body for Stored {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        let polled = self.parts.as_mut().poll_next(context);
        polled.map(|next| {
            next.map(|data| match data {
                Ok(data) => {
                    let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
                    self.left = self.left.saturating_sub(length);
                    Ok(Frame::data(data))
                }
                Err(error) => Err(PayloadError::broken(error)),
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
