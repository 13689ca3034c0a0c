//! A record of the topic of requests to a [`Request`], and where its reply goes. Pure.

use std::sync::Arc;

use bytes::Bytes;
use kafka::Incoming;
use kafka::reply::{self as name, HeaderForm};
use uuid::Uuid;

use crate::config::Order;
use crate::message::Request;
use crate::parked;
use crate::queue::Lane;
use crate::trace::{TRACEPARENT, TRACESTATE, TraceContext};

/// A record as it came.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    /// The topic it was read from: 0 for that of requests, else the number of a topic of retries.
    pub(crate) level: usize,
    /// Its offset in the topic of requests.
    pub(crate) origin: i64,
    pub(crate) timestamp_ms: Option<i64>,
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Option<Bytes>,
    pub(crate) headers: Vec<(String, Bytes)>,
}

impl From<Incoming> for Raw {
    fn from(record: Incoming) -> Self {
        let headers = record.headers.into_iter();
        Self {
            partition: record.partition,
            offset: record.offset,
            level: 0,
            origin: record.offset,
            timestamp_ms: record.timestamp_ms,
            key: record.key.map(Bytes::from),
            value: record.value.map(Bytes::from),
            headers: headers
                .map(|(name, value)| (name, Bytes::from(value)))
                .collect(),
        }
    }
}

impl Raw {
    /// A record of topic of retries number `level`, from 1. One that does not say where it stood stands before all others.
    pub(crate) fn parked(record: Incoming, level: usize) -> Self {
        let raw = Self::from(record);
        let origin = raw
            .header(parked::ORIGIN)
            .and_then(|offset| str::from_utf8(offset).ok()?.parse().ok());
        Self {
            level,
            origin: origin.unwrap_or_else(|| (-1_i64).saturating_sub(raw.offset)),
            ..raw
        }
    }

    /// How often it has been tried, this time counted. A dead letter that is sent again begins anew, whatever its headers say.
    pub(crate) fn attempts(&self) -> i32 {
        if self.level == 0 {
            return 1;
        }
        let attempts = self.header(parked::ATTEMPTS);
        let attempts = attempts.and_then(|bytes| bytes[..].try_into().ok());
        attempts.map_or(1, i32::from_be_bytes).max(1)
    }

    /// When it is to be tried, in milliseconds since 1970-01-01T00:00:00Z, if not at once.
    pub(crate) fn due_ms(&self) -> Option<i64> {
        match self.level {
            0 => None,
            _ => parked::read_big_integer(self.header(parked::DUE)?),
        }
    }

    /// What it shares with requests that it may not overtake.
    pub(crate) fn lanes(&self, order: Order) -> Vec<Lane> {
        let all = (order == Order::Partition).then_some(Lane::Partition);
        let key = self.key.clone().map(Lane::Key);
        let id = self.id().map(Lane::Id);
        all.into_iter().chain(key).chain(id).collect()
    }

    /// The last header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&Bytes> {
        let mut headers = self.headers.iter().rev();
        headers
            .find(|(found, _)| found == name)
            .map(|(_, value)| value)
    }

    /// The request's id; none when it cannot be read.
    pub(crate) fn id(&self) -> Option<Uuid> {
        match self.header(name::REQUEST_ID) {
            Some(bytes) => parse_id(bytes),
            None => Some(id_of_place(self.partition, self.origin)),
        }
    }

    fn text(&self, name: &'static str) -> Result<Option<String>, Poison> {
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).map_err(|_| Poison(name));
        self.header(name).map(text).transpose()
    }
}

/// Where a reply goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReplyTo {
    /// The form the request came in, and the reply goes in.
    pub(crate) form: HeaderForm,
    pub(crate) topic: Arc<str>,
    pub(crate) partition: Option<i32>,
    pub(crate) correlation: Option<Bytes>,
    /// The request's id as it came.
    pub(crate) id: Option<Bytes>,
}

/// The header that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Poison(pub(crate) &'static str);

/// Where the reply goes; nowhere when nobody asked for one, or what was asked cannot be read. A request that has the headers of both
/// forms is answered in ours.
pub(crate) fn reply_to(raw: &Raw) -> Result<Option<ReplyTo>, Poison> {
    for form in [HeaderForm::Figway, HeaderForm::Spring] {
        if let Some(topic) = raw.text(form.reply_topic())? {
            return reply_in(raw, form, topic).map(Some);
        }
    }
    Ok(None)
}

fn reply_in(raw: &Raw, form: HeaderForm, topic: String) -> Result<ReplyTo, Poison> {
    let header = form.reply_partition();
    let partition = raw
        .header(header)
        .map(|bytes| name::decode_partition(bytes).ok_or(Poison(header)))
        .transpose()?;
    let correlation = raw.header(form.correlation_id()).cloned();
    if correlation
        .as_ref()
        .is_some_and(|id| id.len() > name::MAX_CORRELATION)
    {
        return Err(Poison(form.correlation_id()));
    }
    Ok(ReplyTo {
        form,
        topic: topic.into(),
        partition,
        correlation,
        id: raw.header(name::REQUEST_ID).cloned(),
    })
}

/// The request. One without an id gets one that stands for its place in the topic: each time it is sent it is another.
pub(crate) fn request(raw: &Raw) -> Result<Request, Poison> {
    let id = raw.id().ok_or(Poison(name::REQUEST_ID))?;
    let deadline_ms = raw
        .text(name::DEADLINE)?
        .map(|text| text.parse().map_err(|_| Poison(name::DEADLINE)))
        .transpose()?;
    Ok(Request {
        id,
        key: raw.key.clone(),
        deadline_ms,
        // Whoever says anything but no means that nothing may change.
        shadow: raw
            .header(name::SHADOW)
            .is_some_and(|value| !value.eq_ignore_ascii_case(b"false")),
        route: raw.text(name::ROUTE)?,
        effect: raw.text(name::EFFECT)?,
        method: raw.text(name::METHOD)?,
        path: raw.text(name::PATH)?,
        content_type: raw.text(name::CONTENT_TYPE)?,
        trace: raw
            .header(TRACEPARENT)
            .and_then(|parent| TraceContext::parse(parent, raw.header(TRACESTATE).map(|it| &**it)))
            .map(|theirs| theirs.child()),
        body: raw.value.clone().unwrap_or_default(),
        large: None,
        headers: raw.headers.clone(),
        partition: raw.partition,
        offset: raw.origin,
    })
}

fn parse_id(bytes: &[u8]) -> Option<Uuid> {
    match bytes.len() {
        16 => Uuid::from_slice(bytes).ok(),
        _ => Uuid::try_parse_ascii(bytes).ok(),
    }
}

/// A custom UUID (RFC 9562 section 5.8) of partition and offset.
fn id_of_place(partition: i32, offset: i64) -> Uuid {
    let mut bytes = [0; 16];
    let (head, tail) = bytes.split_at_mut(8);
    if let Some(place) = head.get_mut(..4) {
        place.copy_from_slice(&partition.to_be_bytes());
    }
    // The variant takes two bits of the ninth byte, which no offset reaches.
    tail.copy_from_slice(&offset.to_be_bytes());
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(headers: &[(&str, &[u8])]) -> Raw {
        let headers = headers.iter();
        Raw {
            partition: 1,
            offset: 7,
            level: 0,
            origin: 7,
            timestamp_ms: None,
            key: None,
            value: Some(Bytes::from_static(b"{}")),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), Bytes::copy_from_slice(value)))
                .collect(),
        }
    }

    #[test]
    fn all_of_it() {
        let id = Uuid::from_u128(5);
        let raw = raw(&[
            ("figway-request-id", id.as_bytes()),
            ("figway-correlation-id", b"\xffany"),
            ("figway-reply-topic", b"replies"),
            ("figway-reply-partition", &[0, 0, 0, 3]),
            ("figway-deadline", b"1795293530793"),
            ("figway-shadow", b"true"),
            ("figway-route", b"lot-inquiry"),
            ("content-type", b"application/json"),
        ]);
        let request = request(&raw).unwrap();
        assert_eq!((request.id, request.shadow), (id, true));
        assert_eq!(request.deadline_ms, Some(1_795_293_530_793));
        assert_eq!(request.route.as_deref(), Some("lot-inquiry"));
        let reply_to = reply_to(&raw).unwrap().unwrap();
        assert_eq!((&*reply_to.topic, reply_to.partition), ("replies", Some(3)));
        assert_eq!(reply_to.correlation.unwrap(), &b"\xffany"[..]);
    }

    #[test]
    fn an_id_may_be_text_and_may_be_missing() {
        let text = raw(&[("figway-request-id", b"00000000-0000-0000-0000-000000000005")]);
        assert_eq!(request(&text).unwrap().id, Uuid::from_u128(5));
        let none = raw(&[]);
        assert_eq!(request(&none).unwrap().id, request(&none).unwrap().id);
        let other = Raw {
            offset: 8,
            origin: 8,
            ..raw(&[])
        };
        assert_ne!(request(&other).unwrap().id, request(&none).unwrap().id);
        assert_eq!(reply_to(&none), Ok(None));
    }

    #[test]
    fn springs_headers_are_another_form_of_the_same() {
        let spring: [(&str, &[u8]); 3] = [
            ("kafka_replyTopic", b"replies"),
            ("kafka_replyPartition", &[0, 0, 0, 3]),
            ("kafka_correlationId", b"\x01any"),
        ];
        let to = reply_to(&raw(&spring)).unwrap().unwrap();
        assert_eq!(to.form, HeaderForm::Spring);
        assert_eq!((&*to.topic, to.partition), ("replies", Some(3)));
        assert_eq!(to.correlation.unwrap(), &b"\x01any"[..]);
        // Whoever has both knows ours.
        let mut both = spring.to_vec();
        both.push(("figway-reply-topic", b"ours"));
        let to = reply_to(&raw(&both)).unwrap().unwrap();
        assert_eq!((to.form, &*to.topic), (HeaderForm::Figway, "ours"));
        assert_eq!((to.partition, to.correlation), (None, None));
        let text = raw(&[("kafka_replyTopic", b"r"), ("kafka_replyPartition", b"1")]);
        assert_eq!(reply_to(&text), Err(Poison("kafka_replyPartition")));
    }

    #[test]
    fn what_cannot_be_read_names_its_header() {
        let poison = |name, value| request(&raw(&[(name, value)])).unwrap_err().0;
        assert_eq!(poison("figway-request-id", b"5"), "figway-request-id");
        assert_eq!(poison("figway-deadline", b"soon"), "figway-deadline");
        assert_eq!(poison("figway-route", b"\xff"), "figway-route");
        let partition = raw(&[
            ("figway-reply-topic", b"r"),
            ("figway-reply-partition", b"1"),
        ]);
        assert_eq!(reply_to(&partition), Err(Poison("figway-reply-partition")));
    }
}
