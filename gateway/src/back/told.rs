//! The forms in which what is known of writes is kept in topics. Pure.
//!
//! The topic of parked writes has, per partition of the group's topic, one of the same number. An entry's key is the write's offset; its
//! value and headers are the write's own, with ours beside them. What was decided follows under the same key, what somebody wants under
//! another. The topic of what was sent has one key per partition. Another form than this one is not read: whoever does not know it stops.

use std::collections::BTreeSet;

use bytes::Bytes;
use kafka::{Incoming, Outgoing};
use serde::{Deserialize, Serialize};

use super::decide::Reason;
use super::entry::{
    AT, DECIDED, DETAIL, Entry, FORM, KEY, OURS, PARKED, REASON, Resolution, Resolved, SEEN, TIME,
    WHO, WHY, Wanted,
};
use super::window::Kept;

/// What a key ends with under which somebody wants something.
const WANTED: &str = ".wanted";

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
    let mut signed = vec![
        (WHO.to_owned(), text(&how.who)),
        (WHY.to_owned(), text(&how.why)),
        (TIME.to_owned(), Bytes::from(how.at_ms.to_string())),
    ];
    if let Some(seen) = how.seen_ms {
        signed.push((SEEN.to_owned(), Bytes::from(seen.to_string())));
    }
    signed
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
            seen_ms: number(&record, SEEN),
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
    /// Not in form 1.
    #[serde(default)]
    next: Option<i64>,
    sent: BTreeSet<i64>,
    done: BTreeSet<i64>,
}

/// What is kept of a partition, as a record of its topic.
pub(super) fn kept(topic: &str, partition: i32, kept: &Kept) -> Outgoing {
    let text = serde_json::json!({
        "v": 2, "next": kept.next, "sent": kept.sent, "done": kept.done,
    });
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
        Ok(text) if text.v == 1 && text.next.is_none() || text.v == 2 && text.next.is_some() => {
            Ok(Kept {
                next: text.next,
                sent: text.sent,
                done: text.done,
            })
        }
        _ => Err(Strange {
            partition: record.partition,
            offset: record.offset,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::back::entry::tests::{came, record};

    #[test]
    fn a_parked_write_is_the_same_write() {
        let entry = Entry::of(record(7, "L1", "write"));
        let reason = Reason::Conflict("legacy answered 409".to_owned());
        let parked = came(99, 0, entry.parked("p", &reason, 5));
        let Ok(Told::Parked(back, why, 5)) = told(parked) else {
            panic!("a parked write");
        };
        assert_eq!((back.offset, &back.key, why), (7, &entry.key, reason));
        assert_eq!(
            back.parked("p", &Reason::InDoubt, 0),
            entry.parked("p", &Reason::InDoubt, 0)
        );
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
            seen_ms: Some(2),
        };
        let record = came(1, 0, wanted("p", 0, 7, &how));
        assert!(matches!(told(record), Ok(Told::Wanted(7, found)) if found == how));
        let record = resolved("p", 0, 7, &Resolved::Skipped(how), 4);
        assert_eq!(record.value, Some(Bytes::new()));
        assert!(matches!(told(came(2, 0, record)), Ok(Told::Resolved(7))));
    }

    #[test]
    fn another_form_is_not_guessed_at() {
        let newer = r#"{"v":3,"next":5,"sent":[],"done":[]}"#;
        let known = Kept {
            next: Some(5),
            ..Kept::default()
        };
        let mut record = came(4, 3, kept("s", 3, &known));
        assert_eq!(read_kept(&record), Ok(known));
        // As it was before it had a position.
        record.value = Some(r#"{"v":1,"sent":[],"done":[]}"#.into());
        assert_eq!(read_kept(&record), Ok(Kept::default()));
        record.value = Some(newer.into());
        let strange = Strange {
            partition: 3,
            offset: 4,
        };
        assert_eq!(read_kept(&record), Err(strange));
        let other = Entry::of(self::record(1, "L", "write"));
        let mut parked = came(4, 3, other.parked("p", &Reason::InDoubt, 0));
        parked.headers.push((PARKED.to_owned(), b"2".to_vec()));
        assert!(told(parked).is_err());
    }
}
