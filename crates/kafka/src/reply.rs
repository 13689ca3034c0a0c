//! Request and reply over Kafka: the headers, as the gateway writes them and a service reads them.
//!
//! A request names the topic and partition its reply goes to, and a correlation id that the reply echoes verbatim. Spring's
//! `ReplyingKafkaTemplate` does the same under other names: see [`HeaderForm`].

use bytes::Bytes;

/// On request and reply: what the reply is found by. Any bytes, at most [`MAX_CORRELATION`]; ours are 16 raw bytes of a UUID.
pub const CORRELATION_ID: &str = "figway-correlation-id";
/// On a request: which request this is, the same each time it is sent. 16 raw bytes of a UUID, or its text. On a reply: echoed.
pub const REQUEST_ID: &str = "figway-request-id";
/// On a request: the topic its reply goes to, UTF-8. Without it nobody waits for one.
pub const REPLY_TOPIC: &str = "figway-reply-topic";
/// On a request: the partition its reply goes to, int32 big endian (as in Spring); by the key when it is not there.
pub const REPLY_PARTITION: &str = "figway-reply-partition";
/// On a request: after this moment it must not be executed any more. Milliseconds since 1970-01-01T00:00:00Z, text.
pub const DEADLINE: &str = "figway-deadline";
/// On a request: `true` when the answer is for comparison only and nothing may change.
pub const SHADOW: &str = "figway-shadow";
/// On a request: the route it took, UTF-8.
pub const ROUTE: &str = "figway-route";
/// On a request: `read`, `idempotent` or `write`.
pub const EFFECT: &str = "figway-effect";
/// On a request that was HTTP: its method.
pub const METHOD: &str = "figway-method";
/// On a request that was HTTP: its path and query as sent to the service.
pub const PATH: &str = "figway-path";
/// On request and reply: the media type of the value.
pub const CONTENT_TYPE: &str = "content-type";
/// On a reply: the status as in HTTP, three digits.
pub const STATUS: &str = "figway-status";

/// On a request that is executed once for its key: what its body and target come to, 16 raw bytes; the same each time it is sent.
pub const FINGERPRINT: &str = "figway-fingerprint";
/// On a reply: `true` where the request has the id of one that was answered, and another fingerprint. Nothing was executed.
pub const MISMATCH: &str = "figway-mismatch";
/// On a record of a topic of outcomes that is no reply: which kind it is. Gateways write these.
pub const OUTCOME: &str = "figway-outcome";

/// Under which names a request says what its reply is found by and where it goes. The values are the same: correlation as it is
/// echoed, topic as UTF-8, partition as int32 big endian. Whoever answers uses the names of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HeaderForm {
    /// [`CORRELATION_ID`], [`REPLY_TOPIC`], [`REPLY_PARTITION`].
    #[default]
    Figway,
    /// [`spring::CORRELATION_ID`], [`spring::REPLY_TOPIC`], [`spring::REPLY_PARTITION`].
    Spring,
}

impl HeaderForm {
    /// The name of what a reply is found by.
    #[must_use]
    pub fn correlation_id(self) -> &'static str {
        match self {
            Self::Figway => CORRELATION_ID,
            Self::Spring => spring::CORRELATION_ID,
        }
    }

    /// The name of the topic of the reply.
    #[must_use]
    pub fn reply_topic(self) -> &'static str {
        match self {
            Self::Figway => REPLY_TOPIC,
            Self::Spring => spring::REPLY_TOPIC,
        }
    }

    /// The name of the partition of the reply.
    #[must_use]
    pub fn reply_partition(self) -> &'static str {
        match self {
            Self::Figway => REPLY_PARTITION,
            Self::Spring => spring::REPLY_PARTITION,
        }
    }
}

/// The names of Spring for Apache Kafka (`org.springframework.kafka.support.KafkaHeaders`).
pub mod spring {
    /// What the reply is found by: 16 raw bytes of a UUID, or with `binaryCorrelation=false` its text. Echoed verbatim.
    pub const CORRELATION_ID: &str = "kafka_correlationId";
    /// The topic the reply goes to, UTF-8.
    pub const REPLY_TOPIC: &str = "kafka_replyTopic";
    /// The partition the reply goes to, int32 big endian; need not be there.
    pub const REPLY_PARTITION: &str = "kafka_replyPartition";
    /// The media type of a reply whose service sets it as a message's header (`MessageHeaders.CONTENT_TYPE`).
    pub const CONTENT_TYPE: &str = "contentType";
}

/// The text of a header that may have been written by Spring's JSON mapper: a string then stands in quotes.
#[must_use]
pub fn plain_text(bytes: &[u8]) -> Option<&str> {
    let text = str::from_utf8(bytes).ok()?.trim();
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    Some(inner.unwrap_or(text))
}

/// The longest correlation id that is echoed.
pub const MAX_CORRELATION: usize = 256;

/// A partition as in [`REPLY_PARTITION`].
#[must_use]
pub fn encode_partition(partition: i32) -> Bytes {
    Bytes::copy_from_slice(&partition.to_be_bytes())
}

/// The partition in [`REPLY_PARTITION`]; none when it is not four bytes or negative.
#[must_use]
pub fn decode_partition(bytes: &[u8]) -> Option<i32> {
    let partition = i32::from_be_bytes(bytes.try_into().ok()?);
    (partition >= 0).then_some(partition)
}

/// The topic of requests that a service could not process.
#[must_use]
pub fn dead_letters_of(requests: &str) -> String {
    format!("{requests}.dlq")
}

/// The topic of what a service has already answered.
#[must_use]
pub fn seen_of(requests: &str) -> String {
    format!("{requests}.seen")
}

/// The topic of what became of requests whose clients ask for that later, or send them again.
#[must_use]
pub fn outcomes_of(requests: &str) -> String {
    format!("{requests}.outcomes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_may_stand_in_quotes() {
        assert_eq!(plain_text(b"404"), Some("404"));
        assert_eq!(plain_text(b"\"404\""), Some("404"));
        assert_eq!(plain_text(b"\""), Some("\""));
        assert_eq!(plain_text(b"\xff"), None);
    }

    #[test]
    fn a_partition_is_four_bytes_with_the_largest_first() {
        assert_eq!(encode_partition(258)[..], [0, 0, 1, 2]);
        assert_eq!(decode_partition(&[0, 0, 1, 2]), Some(258));
        assert_eq!(decode_partition(&[0xff; 4]), None);
        assert_eq!(decode_partition(b"12"), None);
    }
}
