//! A write on its way to legacy, what people decide about one that is parked, and its record then. Pure.

use bytes::Bytes;
use kafka::writeback::{self, Unreadable, WriteBack};
use kafka::{Incoming, Outgoing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::decide::Reason;
use crate::route::Effect;

pub(super) const FORM: &str = "1";
pub(super) const PARKED: &str = "figway-parked-form";
pub(super) const KEY: &str = "figway-parked-key";
pub(super) const REASON: &str = "figway-parked-reason";
pub(super) const DETAIL: &str = "figway-parked-detail";
pub(super) const AT: &str = "figway-parked-at";
pub(super) const TIME: &str = "figway-parked-time";
pub(super) const DECIDED: &str = "figway-parked-decided";
pub(super) const SEEN: &str = "figway-parked-seen";
pub(super) const WHO: &str = "figway-parked-who";
pub(super) const WHY: &str = "figway-parked-why";
/// What our headers begin with.
pub(super) const OURS: &str = "figway-parked-";

/// A write as it came.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) partition: i32,
    pub(super) offset: i64,
    /// When its service wrote it, in milliseconds since 1970.
    pub(super) at_ms: Option<i64>,
    /// By what it is in order; of one without a key, its own.
    pub(super) key: Bytes,
    pub(super) write: Result<Write, Unreadable>,
    record: Incoming,
}

/// What is in it.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) id: Uuid,
    pub(super) effect: Effect,
    pub(super) back: WriteBack,
}

impl Entry {
    /// A record of the group's topic.
    pub(super) fn of(record: Incoming) -> Self {
        let write = read(&record);
        let key = record
            .key
            .clone()
            .map_or_else(|| Bytes::from(format!("\0{}", record.offset)), Bytes::from);
        Self {
            partition: record.partition,
            offset: record.offset,
            at_ms: record.timestamp_ms,
            key,
            write,
            record,
        }
    }

    pub(super) fn id(&self) -> Uuid {
        self.write.as_ref().map_or(Uuid::nil(), |write| write.id)
    }

    /// What executing it does; of one that cannot be read, the worst.
    pub(super) fn effect(&self) -> Effect {
        let write = self.write.as_ref();
        write.map_or(Effect::Write, |write| write.effect)
    }

    pub(super) fn unreadable(&self) -> Option<String> {
        self.write.as_ref().err().map(ToString::to_string)
    }

    /// Whether a newer program wrote it.
    pub(super) fn is_newer(&self) -> bool {
        matches!(self.write, Err(Unreadable::Version))
    }

    pub(super) fn size(&self) -> usize {
        self.record.size()
    }

    /// Its record in the topic of parked ones.
    pub(super) fn parked(&self, topic: &str, reason: &Reason, now_ms: i64) -> Outgoing {
        let headers = self.record.headers.iter();
        let mut headers: Vec<_> = headers
            .filter(|(name, _)| !name.starts_with(OURS))
            .map(|(name, value)| (name.clone(), Bytes::copy_from_slice(value)))
            .collect();
        let mut put = |name: &str, value: Bytes| headers.push((name.to_owned(), value));
        put(PARKED, Bytes::from_static(FORM.as_bytes()));
        if let Some(key) = &self.record.key {
            put(KEY, Bytes::copy_from_slice(key));
        }
        put(REASON, Bytes::from_static(reason.code().as_bytes()));
        put(DETAIL, Bytes::copy_from_slice(reason.detail().as_bytes()));
        put(AT, Bytes::from(now_ms.to_string()));
        if let Some(time) = self.at_ms {
            put(TIME, Bytes::from(time.to_string()));
        }
        Outgoing {
            topic: topic.into(),
            partition: Some(self.partition),
            key: Some(Bytes::from(self.offset.to_string())),
            value: Some(self.record.value.clone().unwrap_or_default().into()),
            headers,
            timestamp_ms: None,
        }
    }
}

fn read(record: &Incoming) -> Result<Write, Unreadable> {
    let back = writeback::decode(record)?;
    let id = match back.id.len() {
        16 => Uuid::from_slice(&back.id).ok(),
        _ => Uuid::try_parse_ascii(&back.id).ok(),
    };
    let effect = match back.effect.as_str() {
        "read" => Some(Effect::Read),
        "idempotent" => Some(Effect::Idempotent),
        "write" => Some(Effect::Write),
        _ => None,
    };
    Ok(Write {
        id: id.ok_or(Unreadable::Header(kafka::reply::REQUEST_ID))?,
        effect: effect.ok_or(Unreadable::Header(kafka::reply::EFFECT))?,
        back,
    })
}

/// What somebody wants done with a parked write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    /// It is tried again.
    Retry,
    /// Legacy never gets it.
    Skip,
}

impl Wanted {
    /// A stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Skip => "skip",
        }
    }
}

/// What somebody decided about a parked write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// What.
    pub what: Wanted,
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Since when the write was parked that was looked at, in milliseconds since 1970: it does not count for one that was parked anew. None
    /// of one that an older program wrote down.
    pub seen_ms: Option<i64>,
}

/// What became of a parked write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resolved {
    /// Legacy has it; by whose wish, if it was one's.
    Applied(Option<Resolution>),
    /// Legacy never gets it.
    Skipped(Resolution),
}

impl Resolved {
    /// A stable word.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Applied(_) => "applied",
            Self::Skipped(_) => "skipped",
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A write of that effect and key.
    pub(in crate::back) fn record(offset: i64, key: &str, effect: &str) -> Incoming {
        let id = Uuid::from_u128(u128::try_from(offset).unwrap());
        let sent = writeback::Sent {
            group: "lots".into(),
            method: "POST".to_owned(),
            path: "/lots".to_owned(),
            content_type: None,
            fields: Vec::new(),
            body: None,
        };
        let mut headers = Vec::new();
        writeback::mark(&sent, &mut headers);
        headers.push((
            kafka::reply::REQUEST_ID.to_owned(),
            Bytes::copy_from_slice(id.as_bytes()),
        ));
        headers.push((kafka::reply::ROUTE.to_owned(), Bytes::from_static(b"post")));
        headers.push((
            kafka::reply::EFFECT.to_owned(),
            Bytes::from(effect.to_owned()),
        ));
        let key = Bytes::from(key.to_owned());
        let record = writeback::of_request(&headers, Some(&key), Some(&key));
        came(offset, 0, record.unwrap().unwrap())
    }

    pub(in crate::back) fn came(offset: i64, partition: i32, record: Outgoing) -> Incoming {
        let headers = record.headers.into_iter();
        Incoming {
            partition,
            offset,
            timestamp_ms: Some(1_000),
            key: record.key.map(Into::into),
            value: record.value.map(Into::into),
            headers: headers.map(|(name, value)| (name, value.into())).collect(),
        }
    }
}
