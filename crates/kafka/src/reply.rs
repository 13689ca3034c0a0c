//! Request and reply over Kafka: the headers, as the gateway writes them and a service reads them.
//!
//! A request names the topic and partition its reply goes to, and a correlation id that the reply echoes verbatim. Spring's names
//! (`kafka_correlationId` and its like) are another form of the same.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_four_bytes_with_the_largest_first() {
        assert_eq!(encode_partition(258)[..], [0, 0, 1, 2]);
        assert_eq!(decode_partition(&[0, 0, 1, 2]), Some(258));
        assert_eq!(decode_partition(&[0xff; 4]), None);
        assert_eq!(decode_partition(b"12"), None);
    }
}
