//! What one request leaves behind: the records of its reply, its events, its dead letter, and that it was seen. Pure.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka::Outgoing;
use kafka::reply as name;
use uuid::Uuid;

use crate::config::{Retries, ServiceConfig};
use crate::count::Count;
use crate::dead_letter::{self, DeadLetterHeaders, Origin};
use crate::decode::{self, Poison, Raw, ReplyTo};
use crate::message::{Change, Reply, Request};
use crate::parked;
use crate::seen::{self, Stored};
use crate::write_back::Back;

/// The names of the topics written to, and what dead letters say of the service.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) requests: Arc<str>,
    pub(crate) seen: Arc<str>,
    pub(crate) dead_letters: Arc<str>,
    /// The topics of retries, and how long requests stay in each.
    pub(crate) retries: Vec<(Arc<str>, Duration)>,
    /// Whose headers dead letters have.
    pub(crate) form: DeadLetterHeaders,
    pub(crate) group: Arc<str>,
    pub(crate) instance: Arc<str>,
}

/// A request that is done with, once its records are committed.
#[derive(Debug)]
pub(crate) struct Done {
    /// As it came, for the case that its records are refused.
    pub(crate) raw: Raw,
    pub(crate) records: Vec<Outgoing>,
    pub(crate) counts: Vec<Count>,
    /// What a duplicate gets; none where a duplicate does no harm.
    pub(crate) answer: Option<(Uuid, Stored)>,
    /// The topic of retries that it is in now.
    pub(crate) parked: Option<usize>,
    /// It was carried out, and counts only when it is committed before that: milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) until_ms: Option<i64>,
}

impl Done {
    /// Whether it must not be committed any more.
    pub(crate) fn is_late(&self, now_ms: i64) -> bool {
        self.until_ms.is_some_and(|until| until <= now_ms)
    }
}

/// Topics that are Figway's own, by the names they have unless someone chose others: no place for replies, whoever asks.
const OURS: [&str; 5] = [
    "figway.control",
    "figway.control.snapshots",
    kafka::CHECKPOINTS,
    "figway.progress",
    "figway.writes",
];
/// What the names of the topics end with that services keep for themselves.
const KEPT: [&str; 3] = [".seen", ".dlq", "-dlt"];

impl Names {
    pub(crate) fn of(config: &ServiceConfig) -> Self {
        Self {
            requests: config.requests.as_str().into(),
            seen: config.seen.as_str().into(),
            dead_letters: config.dead_letters.as_str().into(),
            retries: match &config.retries {
                Retries::Blocking => Vec::new(),
                Retries::Topics { delays, .. } => (1..)
                    .zip(delays)
                    .map(|(level, delay)| (config.retry_topic(level).into(), *delay))
                    .collect(),
            },
            form: config.dead_letter_headers,
            group: config.group.as_str().into(),
            instance: config.instance.as_str().into(),
        }
    }

    /// Where the reply goes, if anywhere. A client names the topic, and the service may well be allowed to write where its clients
    /// are not: topics that are not for replies are refused.
    pub(crate) fn reply_to(&self, raw: &Raw) -> Result<Option<ReplyTo>, Box<Dead>> {
        match decode::reply_to(raw) {
            Ok(Some(to)) if !self.takes_replies(&to.topic) => Err(Box::new(Dead::new(
                "reply-topic-refused",
                400,
                "the topic of its reply is not one for replies",
            ))),
            Ok(to) => Ok(to),
            Err(poison) => Err(Box::new(Dead::unreadable(poison))),
        }
    }

    fn takes_replies(&self, topic: &str) -> bool {
        let own = [&*self.requests, &*self.seen, &*self.dead_letters];
        !own.contains(&topic)
            && !is_of_retries(topic)
            && !OURS.contains(&topic)
            && !topic.starts_with(kafka::writeback::OURS)
            && !KEPT.iter().any(|end| topic.ends_with(end))
    }

    /// Topic of retries number `level`, from 1; the last one for what is beyond it.
    fn retry(&self, level: usize) -> Option<&(Arc<str>, Duration)> {
        let level = level.min(self.retries.len());
        self.retries.get(level.checked_sub(1)?)
    }

    /// How long requests stay in that topic of retries; none when there are no such topics.
    pub(crate) fn delay(&self, level: usize) -> Option<Duration> {
        self.retry(level).map(|(_, delay)| *delay)
    }

    /// Put into that topic of retries. `tried` says why, where it was tried; else it only comes behind another.
    pub(crate) fn parked(&self, raw: Raw, level: usize, tried: Option<&str>, now_ms: i64) -> Done {
        let attempts = raw.attempts().saturating_add(i32::from(tried.is_some()));
        let record = self
            .retry(level)
            .map(|(topic, delay)| parked::record(topic, &raw, attempts, *delay, tried, now_ms));
        let mut counts = vec![Count::Parked];
        counts.extend(tried.map(|_| Count::Retried));
        Done {
            raw,
            records: record.into_iter().collect(),
            counts,
            answer: None,
            parked: Some(level.min(self.retries.len())),
            until_ms: None,
        }
    }

    /// Dropped: its deadline has passed.
    pub(crate) fn expired(raw: Raw) -> Done {
        Done {
            raw,
            records: Vec::new(),
            counts: vec![Count::Expired],
            answer: None,
            parked: None,
            until_ms: None,
        }
    }

    /// The stored reply once more.
    pub(crate) fn duplicate(raw: Raw, to: Option<&ReplyTo>, stored: &Stored) -> Done {
        let reply = Reply {
            status: stored.status,
            content_type: stored.content_type.clone(),
            body: stored.body.clone(),
            form: stored.form.clone(),
            events: Vec::new(),
            change: Change::None,
        };
        Done {
            raw,
            records: to.map(|to| answer(to, &reply)).into_iter().collect(),
            counts: vec![Count::Duplicate],
            answer: None,
            parked: None,
            until_ms: None,
        }
    }

    /// Another request under the id of one that was answered: an error for its client, and nothing else.
    pub(crate) fn mismatch(raw: Raw, to: Option<&ReplyTo>) -> Done {
        let reply = error(422, "another request had this id");
        let mut records: Vec<_> = to.map(|to| answer(to, &reply)).into_iter().collect();
        for record in &mut records {
            let said = (name::MISMATCH.to_owned(), Bytes::from_static(b"true"));
            record.headers.push(said);
        }
        Done {
            raw,
            records,
            counts: vec![Count::Mismatch],
            answer: None,
            parked: None,
            until_ms: None,
        }
    }

    /// The handler's reply and events, and the write for legacy if that is to get it; of a shadow request the reply only.
    pub(crate) fn answered(
        &self,
        raw: Raw,
        to: Option<&ReplyTo>,
        request: &Asked,
        (reply, back): (Reply, Back),
        now_ms: i64,
    ) -> Done {
        let mut records: Vec<_> = to.map(|to| answer(to, &reply)).into_iter().collect();
        if request.shadow {
            return Done {
                raw,
                records,
                counts: vec![Count::Answered, Count::Shadow],
                answer: None,
                parked: None,
                until_ms: None,
            };
        }
        let stored = Stored::of(&reply, request, now_ms);
        records.extend(back.record(&reply));
        records.extend(reply.events);
        records.push(seen::record(&self.seen, raw.partition, request.id, &stored));
        Done {
            raw,
            records,
            counts: vec![Count::Answered],
            answer: Some((request.id, stored)),
            parked: None,
            until_ms: request.deadline_ms,
        }
    }

    /// A dead letter, and for the client an error.
    pub(crate) fn dead(
        &self,
        raw: Raw,
        to: Option<&ReplyTo>,
        request: Option<&Asked>,
        dead: Dead,
        now_ms: i64,
    ) -> Done {
        let mut records = vec![self.dead_letter(&raw, &dead)];
        let reply = dead
            .reply
            .unwrap_or_else(|| error(dead.status, &dead.reason));
        records.extend(to.map(|to| answer(to, &reply)));
        let mut known = None;
        // What failed on our side may be done the next time: the same request sent again is another try.
        let lasting = reply.status < 500;
        if let Some(request) = request.filter(|request| lasting && !request.shadow) {
            let stored = Stored::of(&reply, request, now_ms);
            records.push(seen::record(&self.seen, raw.partition, request.id, &stored));
            known = Some((request.id, stored));
        }
        Done {
            raw,
            records,
            counts: vec![Count::DeadLetter],
            answer: known,
            parked: None,
            until_ms: None,
        }
    }

    fn dead_letter(&self, raw: &Raw, dead: &Dead) -> Outgoing {
        let origin = Origin {
            topic: &self.requests,
            partition: raw.partition,
            offset: raw.origin,
            timestamp_ms: raw.timestamp_ms,
            group: &self.group,
            instance: &self.instance,
            kind: dead.kind,
            reason: &dead.reason,
        };
        let mut headers = raw.headers.clone();
        headers.extend(dead_letter::headers(self.form, &origin));
        Outgoing {
            topic: Arc::clone(&self.dead_letters),
            partition: None,
            key: raw.key.clone(),
            value: raw.value.clone(),
            headers,
            timestamp_ms: None,
        }
    }
}

/// Whether a topic is one of retries, of whichever service.
fn is_of_retries(topic: &str) -> bool {
    let level = topic.rsplit_once(".retry.").map(|(_, level)| level);
    level.is_some_and(|level| level.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What stays of a request that was handed to the handler.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) id: Uuid,
    pub(crate) shadow: bool,
    pub(crate) deadline_ms: Option<i64>,
    /// What it comes to, if that is said.
    pub(crate) fingerprint: Option<[u8; 16]>,
}

impl From<&Request> for Asked {
    fn from(request: &Request) -> Self {
        let mut headers = request.headers.iter().rev();
        let fingerprint = headers.find(|(found, _)| found == name::FINGERPRINT);
        Self {
            fingerprint: fingerprint.and_then(|(_, said)| said[..].try_into().ok()),
            id: request.id,
            shadow: request.shadow,
            deadline_ms: request.deadline_ms,
        }
    }
}

/// Why a request is a dead letter.
#[derive(Debug)]
pub(crate) struct Dead {
    /// A stable word.
    pub(crate) kind: &'static str,
    pub(crate) reason: String,
    pub(crate) status: u16,
    /// What the client gets instead of the SDK's error.
    pub(crate) reply: Option<Reply>,
}

impl Dead {
    /// A header that cannot be read.
    pub(crate) fn unreadable(poison: Poison) -> Self {
        Self::new(
            "undecodable",
            400,
            format!("header {} cannot be read", poison.0),
        )
    }

    pub(crate) fn new(kind: &'static str, status: u16, reason: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into(),
            status,
            reply: None,
        }
    }
}

/// An error for the client, as `application/problem+json` (RFC 9457).
fn error(status: u16, reason: &str) -> Reply {
    let body = serde_json::json!({
        "type": "about:blank",
        "status": status,
        "detail": reason,
    });
    Reply::new(status, "application/problem+json", body.to_string())
}

fn answer(to: &ReplyTo, reply: &Reply) -> Outgoing {
    let mut headers = Vec::with_capacity(4);
    let mut put = |name: &str, value: Bytes| headers.push((name.to_owned(), value));
    if let Some(correlation) = &to.correlation {
        put(to.form.correlation_id(), correlation.clone());
    }
    if let Some(id) = &to.id {
        put(name::REQUEST_ID, id.clone());
    }
    put(name::STATUS, Bytes::from(reply.status.to_string()));
    if let Some(content_type) = &reply.content_type {
        put(name::CONTENT_TYPE, Bytes::from(content_type.clone()));
    }
    headers.extend(reply.form.iter().flat_map(|form| form.headers()));
    Outgoing {
        topic: Arc::clone(&to.topic),
        partition: to.partition,
        key: to.correlation.clone(),
        value: Some(reply.body.clone()),
        headers,
        timestamp_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Spring itself wrote; see the file.
    const RECORDED: &str = include_str!("../../../tests/examples/spring/headers.txt");

    fn recorded(title: &str) -> Vec<(String, Bytes)> {
        let begins = format!("# {title}: ");
        let lines = RECORDED
            .lines()
            .skip_while(|line| !line.starts_with(&begins));
        let headers: Vec<_> = lines
            .skip(1)
            .take_while(|line| !line.is_empty())
            .map(|line| {
                let (name, hex) = line.split_once(' ').unwrap();
                let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
                let bytes: Vec<u8> = hex.as_bytes().chunks(2).map(byte).collect();
                (name.to_owned(), Bytes::from(bytes))
            })
            .collect();
        assert!(!headers.is_empty(), "nothing is recorded as {title}");
        headers
    }

    #[test]
    fn a_request_of_springs_template_gets_the_reply_that_springs_listener_gives() {
        for (asked, answered) in [
            ("request, as it is", "reply of a text"),
            (
                "request, binaryCorrelation=false",
                "reply of a text, correlation as text",
            ),
        ] {
            let raw = Raw {
                partition: 1,
                offset: 7,
                level: 0,
                origin: 7,
                timestamp_ms: None,
                key: None,
                value: None,
                headers: recorded(asked),
            };
            let to = decode::reply_to(&raw).unwrap().unwrap();
            let reply = answer(&to, &Reply::json(200, "{}"));
            assert_eq!(
                (&*reply.topic, reply.partition),
                ("figway.replies", Some(3))
            );
            // Ours follow: what a listener has not to say.
            let mut wanted = recorded(answered);
            let text = |name: &str, value: &'static str| (name.to_owned(), Bytes::from(value));
            wanted.push(text("figway-status", "200"));
            wanted.push(text("content-type", "application/json"));
            assert_eq!(reply.headers, wanted, "{asked}");
        }
    }
}
