//! Values that are not sent as they are: compressed, in chunks, or in the store with a reference in their place.
//!
//! In: an encoded value. Out: the values and headers of its records. An object is in the store when this returns, and so before the
//! transaction that refers to it begins; one whose transaction is aborted expires like any other. Blocks: for the thread that encodes.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use kafka::Topics;
use payload::{Above, Encoding, Packed, Payloads, Policy};
use tokio::runtime::Handle;

use crate::config::SourceConfig;
use crate::error::{Error, ErrorKind, Result};

/// How the values of one source travel.
#[derive(Debug, Clone)]
pub(crate) struct Carrier {
    policy: Policy,
    payloads: Option<Payloads>,
    runtime: Handle,
}

/// What a record is made of: for a person who is to find it. Of the key what the checkpoint has, in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whose {
    /// Where the record goes.
    pub(crate) topic: Arc<str>,
    /// None of a dead letter, which may have none that can be read.
    pub(crate) key: Option<String>,
    /// In its generation, from 1.
    pub(crate) record_no: u64,
    /// Of the record that is gone, in the generation before.
    pub(crate) is_deleted: bool,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.record_no;
        match (&self.key, self.is_deleted) {
            (None, _) => write!(f, "the dead letter of record {number}"),
            (Some(key), false) => write!(f, "the event of record {number} with key 0x{key}"),
            (Some(key), true) => write!(
                f,
                "the delete of what was record {number} of the generation before, with key 0x{key},"
            ),
        }?;
        write!(f, " for topic {}", self.topic)
    }
}

impl Carrier {
    /// Opens the store, if there is one. Inside a runtime.
    pub(crate) fn open(config: &SourceConfig) -> Result<Self> {
        Ok(Self {
            policy: config.payload(),
            payloads: config.kafka().payloads()?,
            runtime: Handle::current(),
        })
    }

    /// Whether a value of that length goes as it is.
    pub(crate) fn is_plain(&self, length: usize) -> bool {
        length <= self.policy.whole
            && self
                .policy
                .compress_above
                .is_none_or(|least| length <= least)
    }

    /// The value in the form in which it travels: one record, or several of one key in this order.
    pub(crate) fn carry(&self, value: Bytes, whose: &Whose) -> Result<Vec<Packed>> {
        let store = |error| store(error, whose);
        let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
        if length > self.policy.most {
            return Err(too_large(whose, length, self.policy.most));
        }
        let encoding = self.policy.encoding(Some(length), None);
        let packed = match encoding {
            Encoding::Identity => Packed::plain(value.clone()),
            Encoding::Zstd => Packed::compressed(value.clone()).map_err(store)?,
        };
        if packed.value.len() <= self.policy.whole {
            return Ok(vec![packed]);
        }
        match (self.policy.above, &self.payloads) {
            (Above::Chunks(size), _) => Packed::chunks(&value, encoding, size).map_err(store),
            (Above::Claim, Some(payloads)) => {
                let form = self.runtime.block_on(async {
                    let mut writer = payloads.writer(encoding, self.policy.most).await?;
                    writer.write(value).await?;
                    writer.finish().await
                });
                Ok(vec![Packed::claim(form.map_err(store)?)])
            }
            (Above::Refused | Above::Claim, _) => {
                let whole = u64::try_from(self.policy.whole).unwrap_or(u64::MAX);
                Err(too_large(whose, length, whole))
            }
        }
    }
}

fn too_large(whose: &Whose, length: u64, most: u64) -> Error {
    Error::new(
        ErrorKind::KafkaRefused,
        format!("{whose} has {length} bytes, and at most {most} are sent"),
    )
    .with_help(
        "raise `max_message` of [kafka], or write `payload = { by = \"claim\" }` in the source",
    )
}

/// A transaction that Kafka refused for the size of a record, with the largest of it and how many bytes that has.
pub(crate) async fn refused(
    error: Error,
    largest: &Whose,
    length: usize,
    config: &SourceConfig,
) -> Error {
    let cause = std::error::Error::source(&error);
    let cause = cause.and_then(|cause| cause.downcast_ref::<kafka::Error>());
    if !cause.is_some_and(kafka::Error::is_too_large) {
        return error;
    }
    let ours = config.kafka().max_message;
    let settings = Topics::new(config.kafka()).settings(&largest.topic).await;
    let theirs = settings
        .ok()
        .and_then(|said| said.get("max.message.bytes")?.parse().ok());
    let most: u32 = theirs.unwrap_or(ours).min(ours);
    let message = format!(
        "a record is too large. The largest of its transaction is {largest}: its key and value have {length} bytes, and at most {most} \
         are taken, headers and all"
    );
    Error::new(ErrorKind::KafkaRefused, message)
        .with_help(
            "raise `max.message.bytes` of the topic and `max_message` of [kafka], or write `payload = { by = \"claim\" }` in the source",
        )
        .with_source(error)
}

fn store(error: payload::Error, whose: &Whose) -> Error {
    let kind = match error.kind() {
        payload::Kind::Store => ErrorKind::Io,
        payload::Kind::TooLarge => ErrorKind::KafkaRefused,
        _ => ErrorKind::Config,
    };
    Error::new(kind, format!("{whose} cannot be stored")).with_source(error)
}
