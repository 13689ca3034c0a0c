//! Bodies that are not the record's value: compressed, or in a store; of requests on their way in, of replies on their way out.

use std::fmt;

use bytes::Bytes;
use payload::header::ACCEPT;
use payload::{Above, Accept, Encoding, Form, Kind, Packed, Payloads, Place, Policy, Reader};

use crate::config::{Beyond, Large, ServiceConfig};
use crate::decode::Raw;
use crate::handler::HandlerError;
use crate::message::{Reply, Request};
use crate::outcome::Dead;

/// Before a body is asked for again in a store that could not be reached.
const SOON: std::time::Duration = std::time::Duration::from_secs(1);

/// The body of a request that stays in the store until its handler reads it.
#[derive(Clone)]
pub struct LargeBody {
    form: Form,
    payloads: Payloads,
}

impl LargeBody {
    /// How many bytes it has.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.form.manifest.length
    }

    /// Their SHA-256.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        self.form.manifest.sha256
    }

    /// Begins to read it. A body that is read to its end is the one that was sent. Errors turn into a [`HandlerError`] by `?`: a try later
    /// where that may help, else a dead letter.
    ///
    /// # Errors
    /// See [`payload::Kind`].
    pub async fn open(&self) -> Result<Reader, payload::Error> {
        self.payloads.open_object(&self.form).await
    }
}

impl PartialEq for LargeBody {
    fn eq(&self, other: &Self) -> bool {
        self.form == other.form
    }
}

impl Eq for LargeBody {}

impl fmt::Debug for LargeBody {
    /// What it is, neither what is in it nor where it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LargeBody")
            .field("manifest", &self.form.manifest)
            .finish_non_exhaustive()
    }
}

impl From<payload::Error> for HandlerError {
    fn from(error: payload::Error) -> Self {
        let (kind, status) = match error.kind() {
            Kind::Store => return Self::retry(SOON, error.to_string()),
            Kind::Malformed => ("undecodable", 400),
            Kind::TooLarge => ("too-large", 413),
            Kind::Missing => ("payload-missing", 500),
            Kind::Altered | Kind::UnknownKey | Kind::Config => ("payload", 500),
        };
        Self::DeadLetter {
            kind,
            status,
            reason: error.to_string(),
        }
    }
}

/// The request with its body, or with what reads it.
pub(crate) async fn with_body(
    config: &ServiceConfig,
    raw: &Raw,
    mut request: Request,
) -> Result<Request, HandlerError> {
    let form = Form::parse(|name| raw.header(name).map(|value| &value[..]));
    let Some(form) = form.map_err(payload::Error::from)? else {
        return Ok(request);
    };
    let Large { whole, beyond } = config.large;
    match &form.place {
        Place::Here => {
            request.body = payload::decode(form.manifest, request.body, whole)?;
            Ok(request)
        }
        Place::Chunk(_) => Err(HandlerError::DeadLetter {
            kind: "undecodable",
            status: 400,
            reason: "the request comes in chunks, which this service does not read".to_owned(),
        }),
        Place::Object { .. } => {
            let Some(payloads) = &config.payloads else {
                return Err(HandlerError::DeadLetter {
                    kind: "payload",
                    status: 500,
                    reason: "the request refers to an object, and this service has no store"
                        .to_owned(),
                });
            };
            if form.manifest.length > whole && beyond == Beyond::Streamed {
                request.body = Bytes::new();
                request.large = Some(LargeBody {
                    payloads: payloads.clone(),
                    form,
                });
                return Ok(request);
            }
            let reader = payloads.open_object(&form).await?;
            request.body = reader.whole(whole).await?;
            Ok(request)
        }
    }
}

/// The reply in a form that its asker reads.
pub(crate) async fn packed(
    config: &ServiceConfig,
    raw: &Raw,
    reply: Reply,
) -> Result<Reply, HandlerError> {
    let accept = Accept::parse(raw.header(ACCEPT).map(|value| &value[..]));
    if let Some(form) = &reply.form {
        let read = match form.place {
            Place::Object { .. } => accept.claim,
            Place::Here => accept.zstd || form.manifest.encoding == Encoding::Identity,
            Place::Chunk(_) => false,
        };
        if !read {
            return Err(HandlerError::DeadLetter {
                kind: "unreadable-reply",
                status: 500,
                reason: "the reply is in a form that its asker does not read".to_owned(),
            });
        }
        return Ok(reply);
    }
    let Policy { whole, above, .. } = config.replies;
    let media = reply.content_type.as_deref();
    let length = u64::try_from(reply.body.len()).ok();
    let encoding = match accept.zstd {
        true => config.replies.encoding(length, media),
        false => Encoding::Identity,
    };
    let packed = if reply.body.len() > whole
        && above == Above::Claim
        && accept.claim
        && let Some(payloads) = &config.payloads
    {
        let mut writer = payloads.writer(encoding, config.replies.most).await?;
        writer.write(reply.body.clone()).await?;
        Packed::claim(writer.finish().await?)
    } else if encoding == Encoding::Zstd {
        Packed::compressed(reply.body.clone())?
    } else {
        return Ok(reply);
    };
    Ok(Reply {
        body: packed.value,
        form: packed.form.map(Box::new),
        ..reply
    })
}

/// Why a request whose body travels in a form of its own cannot go back to legacy as well.
pub(crate) fn refuse_back(raw: &Raw) -> Result<(), Box<Dead>> {
    if raw.header(payload::header::ENCODING).is_some() {
        let reason = "a body that is not the record's value cannot go back to legacy";
        return Err(Box::new(Dead::new("write-back-refused", 400, reason)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kafka::KafkaConfig;
    use payload::{KeyId, Manifest, ObjectName};

    use super::*;

    fn raw(accepts: Option<&'static str>) -> Raw {
        let accepts = accepts.map(|said| (ACCEPT.to_owned(), Bytes::from_static(said.as_bytes())));
        Raw {
            partition: 0,
            offset: 3,
            level: 0,
            origin: 3,
            timestamp_ms: None,
            key: None,
            value: None,
            headers: accepts.into_iter().collect(),
        }
    }

    fn stored(encoding: Encoding, place: Place) -> Reply {
        let manifest = Manifest {
            encoding,
            length: 5,
            sha256: [7; 32],
        };
        Reply {
            form: Some(Box::new(Form { manifest, place })),
            ..Reply::new(200, "image/tiff", "hello")
        }
    }

    #[tokio::test]
    async fn a_reply_in_a_form_that_its_asker_does_not_read_is_no_reply() {
        let config = ServiceConfig::new(KafkaConfig::default(), "scan.requests", "scans");
        let object = || Place::Object {
            name: ObjectName::parse("forever/5f/5f0123456789abcdef0123456789abcd").unwrap(),
            key: KeyId::parse("2026a"),
        };
        let chunk = payload::Chunk {
            set: [7; 16],
            index: 0,
            count: 1,
        };
        let (plain, zstd) = (Encoding::Identity, Encoding::Zstd);
        for (accepts, encoding, place, reads) in [
            (None, plain, object(), false),
            (Some("zstd"), plain, object(), false),
            (Some("chunks"), plain, object(), false),
            (Some("zstd,claim"), plain, object(), true),
            (None, zstd, Place::Here, false),
            (Some("claim"), zstd, Place::Here, false),
            (Some("zstd"), zstd, Place::Here, true),
            (None, plain, Place::Here, true),
            // A reply is one record.
            (Some("zstd,chunks,claim"), plain, Place::Chunk(chunk), false),
        ] {
            let told = format!("{accepts:?} {encoding:?} {place:?}");
            let reply = stored(encoding, place);
            let sent = packed(&config, &raw(accepts), reply.clone()).await;
            match sent {
                Ok(sent) => assert!(reads && sent == reply, "{told}"),
                Err(HandlerError::DeadLetter { kind, status, .. }) => {
                    assert_eq!(
                        (reads, kind, status),
                        (false, "unreadable-reply", 500),
                        "{told}"
                    );
                }
                Err(other) => panic!("{told}: {other:?}"),
            }
        }
    }
}
