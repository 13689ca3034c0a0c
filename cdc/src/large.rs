//! Values that are not sent as they are: compressed, in chunks, or in the store with a reference in their place.
//!
//! In: an encoded value. Out: the values and headers of its records. An object is in the store when this returns, and so before the
//! transaction that refers to it begins; one whose transaction is aborted expires like any other. Blocks: for the thread that encodes.

use bytes::Bytes;
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
    pub(crate) fn carry(&self, value: Bytes) -> Result<Vec<Packed>> {
        let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
        if length > self.policy.most {
            return Err(too_large(length, self.policy.most));
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
                Err(too_large(length, whole))
            }
        }
    }
}

fn too_large(length: u64, most: u64) -> Error {
    Error::new(
        ErrorKind::KafkaRefused,
        format!("an event has {length} bytes, and at most {most} are sent"),
    )
    .with_help(
        "raise `max_message` of [kafka], or write `payload = { by = \"claim\" }` in the source",
    )
}

fn store(error: payload::Error) -> Error {
    let kind = match error.kind() {
        payload::Kind::Store => ErrorKind::Io,
        payload::Kind::TooLarge => ErrorKind::KafkaRefused,
        _ => ErrorKind::Config,
    };
    Error::new(kind, "a large event cannot be stored").with_source(error)
}
