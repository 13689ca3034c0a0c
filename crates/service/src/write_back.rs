//! The record by which legacy gets a write as well, where its gateway asks for one ([`kafka::writeback`]). Pure.

use kafka::{Outgoing, writeback};

use crate::decode::Raw;
use crate::large;
use crate::message::{Change, Reply};
use crate::outcome::Dead;

/// What a request leaves for legacy, if it changes anything.
#[derive(Debug)]
pub(crate) struct Back(Option<Outgoing>);

impl Back {
    /// What that request asks for; nothing for a read.
    ///
    /// # Errors
    /// It asks for a record in a topic that is not for such.
    pub(crate) fn of(raw: &Raw, effect: Option<&str>) -> Result<Self, Box<Dead>> {
        if effect == Some("read") {
            return Ok(Self(None));
        }
        if raw.header(writeback::TOPIC).is_some() {
            large::refuse_back(raw)?;
        }
        let record = writeback::of_request(&raw.headers, raw.key.as_ref(), raw.value.as_ref());
        record
            .map(Self)
            .map_err(|wrong| Box::new(Dead::new("write-back-refused", 400, wrong.to_string())))
    }

    /// The record, where the reply says that something changed.
    pub(crate) fn record(self, reply: &Reply) -> Option<Outgoing> {
        let changed = reply.change == Change::ByStatus && reply.status < 400;
        self.0.filter(|_| changed)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn raw(topic: &str) -> Raw {
        Raw {
            partition: 0,
            offset: 3,
            level: 0,
            origin: 3,
            timestamp_ms: None,
            key: Some(Bytes::from_static(b"L1")),
            value: Some(Bytes::from_static(b"{}")),
            headers: vec![(writeback::TOPIC.to_owned(), Bytes::from(topic.to_owned()))],
        }
    }

    fn topics(effect: Option<&str>, reply: &Reply) -> Option<String> {
        let back = Back::of(&raw("figway.writeback.lots"), effect).unwrap();
        back.record(reply).map(|record| record.topic.to_string())
    }

    #[test]
    fn legacy_gets_what_changed_something() {
        let done = Reply::json(200, "{}");
        let back = Some("figway.writeback.lots".to_owned());
        assert_eq!(topics(Some("write"), &done), back);
        // Who does not say what it does may write.
        assert_eq!(topics(None, &done), back);
        assert_eq!(topics(Some("read"), &done), None);
        assert_eq!(topics(Some("write"), &done.without_change()), None);
        assert_eq!(topics(Some("write"), &Reply::json(422, "{}")), None);
    }

    #[test]
    fn a_body_that_may_expire_does_not_go_back() {
        let mut large = raw("figway.writeback.lots");
        let form = (
            payload::header::ENCODING.to_owned(),
            Bytes::from_static(b"identity"),
        );
        large.headers.push(form);
        for effect in [Some("write"), Some("idempotent"), None] {
            let dead = Back::of(&large, effect).unwrap_err();
            assert_eq!((dead.kind, dead.status), ("write-back-refused", 400));
        }
        // A read leaves nothing, nor does what is not to go back.
        assert!(Back::of(&large, Some("read")).is_ok());
        large.headers.remove(0);
        assert!(Back::of(&large, Some("write")).is_ok());
    }

    #[test]
    fn a_request_that_names_another_topic_is_a_dead_letter() {
        let dead = Back::of(&raw("lot.events"), Some("write")).unwrap_err();
        assert_eq!((dead.kind, dead.status), ("write-back-refused", 400));
    }
}
