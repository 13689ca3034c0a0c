//! A write on its way to legacy, and the forms in which what is known of writes is kept in topics. Pure.
//!
//! The topic of parked writes has, per partition of the group's topic, one of the same number. An entry's key is the write's offset; its
//! value and headers are the write's own, with ours beside them. What was decided follows under the same key, what somebody wants under
//! another. The topic of what was sent has one key per partition. Another form than this one is not read: whoever does not know it stops.

use std::collections::BTreeSet;

use bytes::Bytes;
use kafka::writeback::{self, Unreadable, WriteBack};
use kafka::{Incoming, Outgoing};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::decide::Reason;
use super::window::Kept;
use crate::route::Effect;

const FORM: &str = "1";
const PARKED: &str = "figway-parked-form";
const KEY: &str = "figway-parked-key";
const REASON: &str = "figway-parked-reason";
const DETAIL: &str = "figway-parked-detail";
const AT: &str = "figway-parked-at";
const TIME: &str = "figway-parked-time";
const DECIDED: &str = "figway-parked-decided";
const WHO: &str = "figway-parked-who";
const WHY: &str = "figway-parked-why";
/// What our headers begin with.
const OURS: &str = "figway-parked-";
/// What a key ends with under which somebody wants something.
const WANTED: &str = ".wanted";

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// What somebody wants, as a record of the topic of parked writes.
pub(super) fn wanted(topic: &str, partition: i32, offset: i64, how: &Resolution) -> Outgoing {
    let mut headers = signed(how);
    headers.push((DECIDED.to_owned(), text(how.what.as_str())));
    ours(topic, partition, format!("{offset}{WANTED}"), headers)
}

/// What became of it, as a record of that topic. It has nothing of the write any more.
pub(super) fn resolved(
    topic: &str,
    partition: i32,
    offset: i64,
    how: &Resolved,
    now_ms: i64,
) -> Outgoing {
    let by = match how {
        Resolved::Applied(by) => by.as_ref(),
        Resolved::Skipped(by) => Some(by),
    };
    let mut headers = by.map(signed).unwrap_or_default();
    headers.push((DECIDED.to_owned(), text(how.as_str())));
    headers.push((AT.to_owned(), Bytes::from(now_ms.to_string())));
    ours(topic, partition, offset.to_string(), headers)
}

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn signed(how: &Resolution) -> Vec<(String, Bytes)> {
    vec![
        (WHO.to_owned(), text(&how.who)),
        (WHY.to_owned(), text(&how.why)),
        (TIME.to_owned(), Bytes::from(how.at_ms.to_string())),
    ]
}

fn ours(topic: &str, partition: i32, key: String, mut headers: Vec<(String, Bytes)>) -> Outgoing {
    headers.push((PARKED.to_owned(), Bytes::from_static(FORM.as_bytes())));
    Outgoing {
        topic: topic.into(),
        partition: Some(partition),
        key: Some(Bytes::from(key)),
        value: Some(Bytes::new()),
        headers,
        timestamp_ms: None,
    }
}

/// A record of the topic of parked writes.
#[derive(Debug)]
pub(super) enum Told {
    /// A write is parked, since then.
    Parked(Box<Entry>, Reason, i64),
    /// Somebody wants something of the one of that offset.
    Wanted(i64, Resolution),
    /// The one of that offset is settled.
    Resolved(i64),
}

/// A record that this program cannot read: a newer one wrote it, or it is nobody's of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the record at offset {offset} of partition {partition} is of a form that this program does not know: run the newer one that wrote it"
)]
pub(super) struct Strange {
    pub(super) partition: i32,
    pub(super) offset: i64,
}

/// Reads one.
///
/// # Errors
/// It is of another form.
pub(super) fn told(mut record: Incoming) -> Result<Told, Strange> {
    let strange = Strange {
        partition: record.partition,
        offset: record.offset,
    };
    let text = |record: &Incoming, name: &str| {
        let value = record.header(name)?.to_vec();
        String::from_utf8(value).ok()
    };
    let number = |record: &Incoming, name: &str| text(record, name)?.parse::<i64>().ok();
    if text(&record, PARKED).as_deref() != Some(FORM) {
        return Err(strange);
    }
    let key = record
        .key
        .take()
        .and_then(|key| String::from_utf8(key).ok());
    let key = key.ok_or(strange)?;
    if let Some(offset) = key.strip_suffix(WANTED) {
        let what = match text(&record, DECIDED).as_deref() {
            Some("retry") => Wanted::Retry,
            Some("skip") => Wanted::Skip,
            _ => return Err(strange),
        };
        let how = Resolution {
            what,
            who: text(&record, WHO).ok_or(strange)?,
            why: text(&record, WHY).ok_or(strange)?,
            at_ms: number(&record, TIME).unwrap_or(0),
        };
        return Ok(Told::Wanted(offset.parse().map_err(|_| strange)?, how));
    }
    let offset = key.parse().map_err(|_| strange)?;
    if record.header(DECIDED).is_some() {
        return Ok(Told::Resolved(offset));
    }
    let reason = text(&record, REASON).ok_or(strange)?;
    let detail = text(&record, DETAIL).unwrap_or_default();
    let reason = Reason::of(&reason, &detail).ok_or(strange)?;
    let since = number(&record, AT).unwrap_or(0);
    record.timestamp_ms = number(&record, TIME);
    record.key = record.header(KEY).map(<[u8]>::to_vec);
    record.offset = offset;
    record.headers.retain(|(name, _)| !name.starts_with(OURS));
    Ok(Told::Parked(Box::new(Entry::of(record)), reason, since))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptText {
    v: u32,
    sent: BTreeSet<i64>,
    done: BTreeSet<i64>,
}

/// What is kept of a partition, as a record of its topic.
pub(super) fn kept(topic: &str, partition: i32, kept: &Kept) -> Outgoing {
    let text = serde_json::json!({"v": 1, "sent": kept.sent, "done": kept.done});
    Outgoing {
        topic: topic.into(),
        partition: Some(partition),
        key: Some(Bytes::from_static(b"kept")),
        value: Some(Bytes::from(text.to_string())),
        headers: Vec::new(),
        timestamp_ms: None,
    }
}

/// Reads what is kept.
///
/// # Errors
/// It is of another form.
pub(super) fn read_kept(record: &Incoming) -> Result<Kept, Strange> {
    let value = record.value.as_deref().unwrap_or_default();
    match serde_json::from_slice::<KeptText>(value) {
        Ok(text) if text.v == 1 => Ok(Kept {
            sent: text.sent,
            done: text.done,
        }),
        _ => Err(Strange {
            partition: record.partition,
            offset: record.offset,
        }),
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

    #[test]
    fn a_parked_write_is_the_same_write() {
        let entry = Entry::of(record(7, "L1", "write"));
        let reason = Reason::Conflict("legacy answered 409".to_owned());
        let parked = came(99, 0, entry.parked("p", &reason, 5));
        let Ok(Told::Parked(back, why, 5)) = told(parked) else {
            panic!("a parked write");
        };
        assert_eq!((back.offset, &back.key, why), (7, &entry.key, reason));
        assert_eq!(back.record, entry.record);
        // Parked once more, it has not grown.
        assert_eq!(
            back.parked("p", &Reason::InDoubt, 6).headers.len(),
            entry.parked("p", &Reason::InDoubt, 6).headers.len()
        );
    }

    #[test]
    fn decisions_read_back_and_keep_nothing_of_the_write() {
        let how = Resolution {
            what: Wanted::Skip,
            who: "ANNA".to_owned(),
            why: "done by hand".to_owned(),
            at_ms: 3,
        };
        let record = came(1, 0, wanted("p", 0, 7, &how));
        assert!(matches!(told(record), Ok(Told::Wanted(7, found)) if found == how));
        let record = resolved("p", 0, 7, &Resolved::Skipped(how), 4);
        assert_eq!(record.value, Some(Bytes::new()));
        assert!(matches!(told(came(2, 0, record)), Ok(Told::Resolved(7))));
    }

    #[test]
    fn another_form_is_not_guessed_at() {
        let newer = r#"{"v":2,"sent":[],"done":[]}"#;
        let mut record = came(4, 3, kept("s", 3, &Kept::default()));
        assert_eq!(read_kept(&record), Ok(Kept::default()));
        record.value = Some(newer.into());
        let strange = Strange {
            partition: 3,
            offset: 4,
        };
        assert_eq!(read_kept(&record), Err(strange));
        let mut parked = came(
            4,
            3,
            Entry::of(self::record(1, "L", "write")).parked("p", &Reason::InDoubt, 0),
        );
        parked.headers.push((PARKED.to_owned(), b"2".to_vec()));
        assert!(told(parked).is_err());
    }
}
