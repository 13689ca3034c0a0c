//! What was answered, so that a duplicate gets the same reply again: a window over one partition, and its records. Pure.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use kafka::reply as name;
use kafka::{Incoming, Outgoing};
use payload::Form;
use uuid::Uuid;

use crate::config::Window;
use crate::message::Reply;
use crate::outcome::Asked;

const VERSION: &str = "figway-seen-version";
const CURRENT: &[u8] = b"1";
/// Of an answer whose body is not the record's value: a program that does not know that must not take the value for it.
const WITH_FORM: &[u8] = b"2";

/// A reply as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Bytes,
    /// How the body travels that is not `body` itself.
    pub(crate) form: Option<Box<Form>>,
    /// After that a duplicate is dropped anyway.
    pub(crate) deadline_ms: Option<i64>,
    /// What its request came to, if that was said.
    pub(crate) fingerprint: Option<[u8; 16]>,
    pub(crate) at_ms: i64,
}

impl Stored {
    pub(crate) fn of(reply: &Reply, request: &Asked, at_ms: i64) -> Self {
        Self {
            status: reply.status,
            content_type: reply.content_type.clone(),
            body: reply.body.clone(),
            form: reply.form.clone(),
            deadline_ms: request.deadline_ms,
            fingerprint: request.fingerprint,
            at_ms,
        }
    }

    /// Whether that is the answer to another request, which came under the same id.
    pub(crate) fn is_of_another(&self, request: &Asked) -> bool {
        match (self.fingerprint, request.fingerprint) {
            (Some(answered), Some(asked)) => answered != asked,
            _ => false,
        }
    }

    /// Bytes in memory, about.
    fn size(&self) -> usize {
        self.body.len() + self.content_type.as_ref().map_or(0, String::len)
    }
}

/// The answers of one partition that are still known, the oldest thrown out first.
#[derive(Debug)]
pub(crate) struct Seen {
    window: Window,
    answers: HashMap<Uuid, Stored>,
    /// In the order in which they came; an id that was stored again stands twice, and only its later place counts.
    order: VecDeque<(i64, Uuid)>,
    bytes: usize,
}

impl Seen {
    pub(crate) fn new(window: Window) -> Self {
        Self {
            window,
            answers: HashMap::new(),
            order: VecDeque::new(),
            bytes: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<&Stored> {
        self.answers.get(&id)
    }

    /// Remembers an answer. How many others were forgotten for it while a duplicate of them could still come in time.
    pub(crate) fn insert(&mut self, id: Uuid, stored: Stored, now_ms: i64) -> u64 {
        self.bytes += stored.size();
        self.order.push_back((stored.at_ms, id));
        if let Some(old) = self.answers.insert(id, stored) {
            self.bytes -= old.size();
        }
        self.shrink(now_ms)
    }

    fn shrink(&mut self, now_ms: i64) -> u64 {
        let oldest = now_ms.saturating_sub(millis(self.window));
        let mut early = 0;
        while let Some((at_ms, id)) = self.order.front().copied() {
            let full = self.order.len() > self.window.count || self.bytes > self.window.bytes;
            if at_ms >= oldest && !full {
                break;
            }
            self.order.pop_front();
            let current = self
                .answers
                .get(&id)
                .is_some_and(|stored| stored.at_ms == at_ms);
            if current && let Some(stored) = self.answers.remove(&id) {
                self.bytes -= stored.size();
                let in_time = stored
                    .deadline_ms
                    .map_or(at_ms >= oldest, |deadline| deadline > now_ms);
                early += u64::from(in_time);
            }
        }
        early
    }
}

/// How long the window is, in milliseconds.
pub(crate) fn millis(window: Window) -> i64 {
    i64::try_from(window.time.as_millis()).unwrap_or(i64::MAX)
}

/// The record that says that a request was answered.
pub(crate) fn record(topic: &Arc<str>, partition: i32, id: Uuid, stored: &Stored) -> Outgoing {
    let version = match stored.form {
        None => CURRENT,
        Some(_) => WITH_FORM,
    };
    let mut headers = vec![
        (VERSION.to_owned(), Bytes::from_static(version)),
        (
            name::STATUS.to_owned(),
            Bytes::from(stored.status.to_string()),
        ),
    ];
    if let Some(content_type) = &stored.content_type {
        headers.push((
            name::CONTENT_TYPE.to_owned(),
            Bytes::from(content_type.clone()),
        ));
    }
    if let Some(deadline) = stored.deadline_ms {
        headers.push((name::DEADLINE.to_owned(), Bytes::from(deadline.to_string())));
    }
    if let Some(fingerprint) = &stored.fingerprint {
        let fingerprint = Bytes::copy_from_slice(fingerprint);
        headers.push((name::FINGERPRINT.to_owned(), fingerprint));
    }
    headers.extend(stored.form.iter().flat_map(|form| form.headers()));
    Outgoing {
        topic: Arc::clone(topic),
        partition: Some(partition),
        key: Some(Bytes::copy_from_slice(id.as_bytes())),
        value: Some(stored.body.clone()),
        headers,
        timestamp_ms: Some(stored.at_ms),
    }
}

/// A record of another version, or none of ours at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) offset: i64,
}

/// The answer in a record made by [`record`].
pub(crate) fn parse(record: Incoming) -> Result<(Uuid, Stored), Unreadable> {
    let unreadable = Unreadable {
        offset: record.offset,
    };
    let form = match record.header(VERSION) {
        Some(CURRENT) => None,
        Some(WITH_FORM) => match Form::parse(|name| record.header(name)) {
            Ok(Some(form)) => Some(Box::new(form)),
            _ => return Err(unreadable),
        },
        _ => return Err(unreadable),
    };
    let text = |name| {
        record
            .header(name)
            .and_then(|bytes| str::from_utf8(bytes).ok())
    };
    let status = text(name::STATUS).and_then(|status| status.parse().ok());
    let content_type = text(name::CONTENT_TYPE).map(str::to_owned);
    let deadline_ms = text(name::DEADLINE).and_then(|deadline| deadline.parse().ok());
    let fingerprint = record.header(name::FINGERPRINT);
    let fingerprint = fingerprint.and_then(|said| said.try_into().ok());
    let id = record
        .key
        .as_deref()
        .and_then(|key| Uuid::from_slice(key).ok());
    let (Some(id), Some(status)) = (id, status) else {
        return Err(unreadable);
    };
    let stored = Stored {
        status,
        content_type,
        deadline_ms,
        fingerprint,
        at_ms: record.timestamp_ms.unwrap_or(0),
        body: Bytes::from(record.value.unwrap_or_default()),
        form,
    };
    Ok((id, stored))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stored(at_ms: i64, bytes: usize) -> Stored {
        Stored {
            status: 200,
            form: None,
            content_type: None,
            body: Bytes::from(vec![0; bytes]),
            deadline_ms: None,
            fingerprint: None,
            at_ms,
        }
    }

    fn window() -> Window {
        Window {
            time: Duration::from_millis(100),
            count: 3,
            bytes: 50,
        }
    }

    fn known(seen: &Seen) -> Vec<u128> {
        (0..9)
            .filter(|id| seen.get(Uuid::from_u128(*id)).is_some())
            .collect()
    }

    #[test]
    fn each_bound_throws_out_the_oldest() {
        let mut seen = Seen::new(window());
        let mut put = |id, at_ms, bytes| {
            let early = seen.insert(Uuid::from_u128(id), stored(at_ms, bytes), at_ms);
            (known(&seen), early)
        };
        assert_eq!(put(1, 0, 1), (vec![1], 0));
        assert_eq!(put(2, 0, 1), (vec![1, 2], 0));
        assert_eq!(put(3, 50, 1), (vec![1, 2, 3], 0));
        // By time: no one misses these.
        assert_eq!(put(4, 101, 1), (vec![3, 4], 0));
        assert_eq!(put(5, 101, 1), (vec![3, 4, 5], 0));
        // By count.
        assert_eq!(put(6, 101, 1), (vec![4, 5, 6], 1));
        // By bytes.
        assert_eq!(put(7, 101, 49), (vec![6, 7], 2));
    }

    #[test]
    fn an_answer_stored_again_counts_from_then_on() {
        let mut seen = Seen::new(window());
        seen.insert(Uuid::from_u128(1), stored(0, 20), 0);
        seen.insert(Uuid::from_u128(1), stored(90, 20), 90);
        seen.insert(Uuid::from_u128(2), stored(150, 20), 150);
        assert_eq!(known(&seen), [1, 2]);
        assert_eq!(seen.bytes, 40);
    }

    #[test]
    fn a_record_comes_back_as_it_went() {
        let answer = Stored {
            form: None,
            content_type: Some("application/json".to_owned()),
            deadline_ms: Some(9),
            fingerprint: Some([7; 16]),
            ..stored(5, 3)
        };
        let out = record(&"s".into(), 2, Uuid::from_u128(7), &answer);
        let headers = out.headers.iter();
        let back = Incoming {
            partition: 2,
            offset: 0,
            timestamp_ms: out.timestamp_ms,
            key: out.key.map(|key| key.to_vec()),
            value: out.value.map(|value| value.to_vec()),
            headers: headers
                .map(|(name, value)| (name.clone(), value.to_vec()))
                .collect(),
        };
        assert_eq!(parse(back.clone()), Ok((Uuid::from_u128(7), answer)));
        let mut other = back;
        other.headers[0].1 = b"2".to_vec();
        assert_eq!(parse(other), Err(Unreadable { offset: 0 }));
    }
}
