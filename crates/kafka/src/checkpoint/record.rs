//! Keys of the checkpoint topic, and how its records become bytes.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::CheckpointKey;

/// A key of the topic, whatever it is for. Fields in this order: a key is compared byte by byte when the topic is compacted.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordKey {
    pub(crate) source: String,
    pub(crate) shard: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) release: Option<String>,
}

impl RecordKey {
    pub(crate) fn bytes(&self) -> Bytes {
        json_bytes(self)
    }

    pub(crate) fn is_of(&self, key: &CheckpointKey) -> bool {
        self.source == key.source && self.shard == key.shard
    }

    /// A key that is none of ours is someone's mistake and cannot be ours: it is passed over, visibly.
    pub(crate) fn read(topic: &str, offset: i64, key: Option<&[u8]>) -> Option<Self> {
        let read = serde_json::from_slice(key.unwrap_or_default()).ok();
        if read.is_none() {
            tracing::warn!(
                topic,
                offset,
                "a record whose key is none of ours is passed over"
            );
        }
        read
    }
}

pub(crate) fn json_bytes<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value)
        .expect("texts, numbers and JSON values become JSON")
        .into()
}
