//! Write-back: the record by which legacy gets a write that a new service accepted. Names, and the record's form. Pure.
//!
//! A gateway marks a request whose write legacy is to get: [`mark`]. The service that executes it makes the record of the mark
//! ([`of_request`]) and writes it in the transaction of its reply and events. A gateway reads it ([`decode`]) and has legacy execute it.
//!
//! A service in another language needs to know this much: a request with the header [`TOPIC`], whose effect is not `read`, that is no
//! shadow and that changed something, leaves one more record. Its topic is what that header says, its key the request's, its value the
//! header [`BODY`] or, without one, the request's value. Its headers are those of the request whose names begin with [`PREFIX`],
//! under what follows the prefix, and the request's own `figway-request-id`, `figway-route` and `figway-effect`.

use std::sync::Arc;

use bytes::Bytes;

use crate::{Incoming, Outgoing, reply};

/// On a request: the topic of the record, which begins with [`OURS`].
pub const TOPIC: &str = "figway-write-back";
/// On a request: the record's value, where it is not the request's own.
pub const BODY: &str = "figway-write-back-body";
/// On a request: what begins so is a header of the record, under the rest of the name.
pub const PREFIX: &str = "figway-write-back.";
/// On a record: its form. Another one than [`FORM`] is not read.
pub const VERSION: &str = "figway-write-back-version";
/// The form written and read here.
pub const FORM: &[u8] = b"1";
/// On a record: the group whose legacy side gets it.
pub const GROUP: &str = "figway-group";
/// On a record: a field of the head that the client sent begins so.
pub const FIELD: &str = "figway-field-";
/// What the topics' names begin with.
pub const OURS: &str = "figway.writeback.";

/// The topic of a group's writes.
#[must_use]
pub fn topic_of(group: &str) -> String {
    format!("{OURS}{group}")
}

/// The topic of those that legacy did not take.
#[must_use]
pub fn parked_of(group: &str) -> String {
    format!("{OURS}{group}.parked")
}

/// The topic of what was sent and is not yet known to have arrived.
#[must_use]
pub fn state_of(group: &str) -> String {
    format!("{OURS}{group}.state")
}

/// What a client sent, as far as legacy needs it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sent {
    /// The group.
    pub group: Arc<str>,
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The media type of the body.
    pub content_type: Option<Bytes>,
    /// Fields of the head that are to go on, names in lower case.
    pub fields: Vec<(String, Bytes)>,
    /// The body, where the service gets another one.
    pub body: Option<Bytes>,
}

impl std::fmt::Debug for Sent {
    /// What it is, never what is in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sent")
            .field("group", &self.group)
            .field("method", &self.method)
            .field("bytes", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

impl Sent {
    /// How many bytes its marks have on a request, more or less.
    #[must_use]
    pub fn size(&self) -> usize {
        let fields = self.fields.iter();
        let fields: usize = fields.map(|(name, value)| name.len() + value.len()).sum();
        self.body.as_ref().map_or(0, Bytes::len) + fields + self.path.len() + 512
    }
}

/// Marks a request: the headers that ask its service for a record.
pub fn mark(sent: &Sent, headers: &mut Vec<(String, Bytes)>) {
    let text = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    headers.push((TOPIC.to_owned(), Bytes::from(topic_of(&sent.group))));
    let mut put = |name: &str, value: Bytes| headers.push((format!("{PREFIX}{name}"), value));
    put(VERSION, Bytes::from_static(FORM));
    put(GROUP, text(&sent.group));
    put(reply::METHOD, text(&sent.method));
    put(reply::PATH, text(&sent.path));
    if let Some(content_type) = &sent.content_type {
        put(reply::CONTENT_TYPE, content_type.clone());
    }
    for (name, value) in &sent.fields {
        put(&format!("{FIELD}{name}"), value.clone());
    }
    if let Some(body) = &sent.body {
        headers.push((BODY.to_owned(), body.clone()));
    }
}

/// A mark names a topic that is none for write-back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the topic of its write-back is not one for writes")]
pub struct WrongTopic;

/// The record that a request asks for, if it does.
///
/// # Errors
/// The topic is none for write-back: whoever may send requests must not choose what the service writes to.
pub fn of_request(
    headers: &[(String, Bytes)],
    key: Option<&Bytes>,
    value: Option<&Bytes>,
) -> Result<Option<Outgoing>, WrongTopic> {
    let header = |name: &str| {
        let mut named = headers.iter().rev();
        named
            .find(|(found, _)| found == name)
            .map(|(_, value)| value)
    };
    let Some(topic) = header(TOPIC) else {
        return Ok(None);
    };
    let topic = std::str::from_utf8(topic).map_err(|_| WrongTopic)?;
    let group = topic.strip_prefix(OURS).unwrap_or_default();
    if group.is_empty() || group.ends_with(".parked") || group.ends_with(".state") {
        return Err(WrongTopic);
    }
    let mut kept: Vec<_> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value.clone())))
        .collect();
    for name in [reply::REQUEST_ID, reply::ROUTE, reply::EFFECT] {
        if let Some(value) = header(name) {
            kept.push((name.to_owned(), value.clone()));
        }
    }
    Ok(Some(Outgoing {
        topic: topic.into(),
        partition: None,
        key: key.cloned(),
        value: Some(header(BODY).or(value).cloned().unwrap_or_default()),
        headers: kept,
        timestamp_ms: None,
    }))
}

/// A write that legacy is to get.
#[derive(Clone, PartialEq, Eq)]
pub struct WriteBack {
    /// The request's id as it came.
    pub id: Bytes,
    /// The route it took.
    pub route: String,
    /// `idempotent` or `write`.
    pub effect: String,
    /// What the client sent.
    pub sent: Sent,
    /// Its body.
    pub body: Bytes,
}

impl std::fmt::Debug for WriteBack {
    /// What it is, never what is in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriteBack")
            .field("route", &self.route)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why a record of the topic is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Another form than this program knows.
    #[error("it is of a form that this program does not know")]
    Version,
    /// A header is missing or is no text.
    #[error("its header {0} is missing or cannot be read")]
    Header(&'static str),
}

/// Reads a record of a write-back topic.
///
/// # Errors
/// It is of another form, or lacks something.
pub fn decode(record: &Incoming) -> Result<WriteBack, Unreadable> {
    if record.header(VERSION) != Some(FORM) {
        return Err(Unreadable::Version);
    }
    let text = |name: &'static str| {
        let value = record.header(name).map(<[u8]>::to_vec);
        let text = value.and_then(|value| String::from_utf8(value).ok());
        text.ok_or(Unreadable::Header(name))
    };
    let bytes = |name: &str| record.header(name).map(Bytes::copy_from_slice);
    let fields = record.headers.iter().filter_map(|(name, value)| {
        let name = name.strip_prefix(FIELD)?;
        Some((name.to_owned(), Bytes::copy_from_slice(value)))
    });
    Ok(WriteBack {
        id: bytes(reply::REQUEST_ID).ok_or(Unreadable::Header(reply::REQUEST_ID))?,
        route: text(reply::ROUTE)?,
        effect: text(reply::EFFECT)?,
        sent: Sent {
            group: text(GROUP)?.into(),
            method: text(reply::METHOD)?,
            path: text(reply::PATH)?,
            content_type: bytes(reply::CONTENT_TYPE),
            fields: fields.collect(),
            body: None,
        },
        body: Bytes::from(record.value.clone().unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent() -> Sent {
        Sent {
            group: "lots".into(),
            method: "POST".to_owned(),
            path: "/cics/LOTU?x=1".to_owned(),
            content_type: Some(Bytes::from_static(b"application/octet-stream")),
            fields: vec![("x-user".to_owned(), Bytes::from_static(b"ANNA"))],
            body: Some(Bytes::from_static(b"\xd3\xd6\xe3\xe4")),
        }
    }

    fn request(sent: &Sent) -> Vec<(String, Bytes)> {
        let mut headers = vec![
            (reply::REQUEST_ID.to_owned(), Bytes::from_static(b"id")),
            (reply::ROUTE.to_owned(), Bytes::from_static(b"lot-posting")),
            (reply::EFFECT.to_owned(), Bytes::from_static(b"write")),
            (reply::PATH.to_owned(), Bytes::from_static(b"/new")),
        ];
        mark(sent, &mut headers);
        headers
    }

    fn came(record: Outgoing) -> Incoming {
        let headers = record.headers.into_iter();
        Incoming {
            partition: 0,
            offset: 0,
            timestamp_ms: None,
            key: record.key.map(Into::into),
            value: record.value.map(Into::into),
            headers: headers.map(|(name, value)| (name, value.into())).collect(),
        }
    }

    #[test]
    fn what_the_client_sent_comes_out_at_the_other_end() {
        let (key, value) = (Bytes::from_static(b"L1"), Bytes::from_static(b"{}"));
        let record = of_request(&request(&sent()), Some(&key), Some(&value));
        let record = record.unwrap().unwrap();
        assert_eq!(&*record.topic, "figway.writeback.lots");
        assert_eq!(record.key, Some(key));
        let write = decode(&came(record)).unwrap();
        assert_eq!(
            (&*write.id, &*write.route, &*write.effect),
            (&b"id"[..], "lot-posting", "write")
        );
        assert_eq!(
            write.sent,
            Sent {
                body: None,
                ..sent()
            }
        );
        assert_eq!(write.body[..], *b"\xd3\xd6\xe3\xe4");
    }

    #[test]
    fn a_body_that_is_the_same_is_not_sent_twice() {
        let sent = Sent {
            body: None,
            ..sent()
        };
        let value = Bytes::from_static(b"{}");
        let record = of_request(&request(&sent), None, Some(&value)).unwrap();
        assert_eq!(record.unwrap().value, Some(value));
        assert_eq!(of_request(&[], None, None), Ok(None));
    }

    #[test]
    fn a_request_cannot_choose_any_topic() {
        for topic in [
            "lot.events",
            "figway.writeback.",
            "figway.writeback.lots.parked",
            "figway.writeback.lots.state",
            "\u{fffd}",
        ] {
            let headers = [(TOPIC.to_owned(), Bytes::from(topic))];
            assert_eq!(of_request(&headers, None, None), Err(WrongTopic), "{topic}");
        }
    }

    #[test]
    fn a_record_that_is_not_understood_says_why() {
        let whole = came(of_request(&request(&sent()), None, None).unwrap().unwrap());
        let mut newer = whole.clone();
        newer.headers.push((VERSION.to_owned(), b"2".to_vec()));
        assert_eq!(decode(&newer), Err(Unreadable::Version));
        let mut less = whole;
        less.headers.retain(|(name, _)| name != GROUP);
        assert_eq!(decode(&less), Err(Unreadable::Header(GROUP)));
    }
}
