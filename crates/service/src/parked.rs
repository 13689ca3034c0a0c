//! Requests of one partition that wait in topics of retries, and the records that carry them. Pure.
//!
//! A request that is to be tried later goes from the topic of requests to `<requests>.retry.1`, from there to `.2`, and so on, in the same
//! partition; each of these topics holds what is in it for one delay. What comes behind it under its key, or under its id, follows it:
//! nothing of a key is handled while an earlier one of it is parked. Headers are those of Spring's retry topics
//! (`org.springframework.kafka.retrytopic.RetryTopicHeaders`), and ours that say where the request stood.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka::Outgoing;

use crate::decode::Raw;
use crate::queue::Lane;

/// How often it has been tried, this time counted: int32 big endian.
pub(crate) const ATTEMPTS: &str = "retry_topic-attempts";
/// When the request was written: milliseconds since 1970 as a big integer of least length, big endian.
pub(crate) const ORIGINAL: &str = "retry_topic-original-timestamp";
/// When it is tried again: the same.
pub(crate) const DUE: &str = "retry_topic-backoff-timestamp";
/// Its offset in the topic of requests, as text.
pub(crate) const ORIGIN: &str = "figway-retry-offset";
/// Why it is tried again.
pub(crate) const REASON: &str = "figway-retry-reason";

/// Which requests of a partition are parked.
#[derive(Debug, Default)]
pub(crate) struct Parked {
    /// Per lane where the requests of it stood, and the number of the topic that each is in, from 1.
    lanes: HashMap<Lane, BTreeMap<i64, usize>>,
    requests: BTreeMap<i64, usize>,
}

impl Parked {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.requests.len()
    }

    /// That a request is in topic number `level` now.
    pub(crate) fn insert(&mut self, lanes: &[Lane], origin: i64, level: usize) {
        self.requests.insert(origin, level);
        for lane in lanes.iter().filter(|lane| **lane != Lane::Partition) {
            let of_lane = self.lanes.entry(lane.clone()).or_default();
            of_lane.insert(origin, level);
        }
    }

    /// That a request is done with.
    pub(crate) fn remove(&mut self, lanes: &[Lane], origin: i64) {
        self.requests.remove(&origin);
        for lane in lanes {
            if let Some(of_lane) = self.lanes.get_mut(lane) {
                of_lane.remove(&origin);
                if of_lane.is_empty() {
                    self.lanes.remove(lane);
                }
            }
        }
    }

    /// The topic of the last request that the one of `origin` must come behind; none when it may be handled.
    pub(crate) fn behind(&self, lanes: &[Lane], origin: i64) -> Option<usize> {
        let earlier = lanes.iter().filter_map(|lane| {
            let earlier = self.lanes.get(lane)?.range(..origin).next_back();
            earlier.map(|(_, level)| *level)
        });
        earlier.max()
    }
}

/// The record that parks a request.
pub(crate) fn record(
    topic: &Arc<str>,
    raw: &Raw,
    attempts: i32,
    delay: Duration,
    reason: Option<&str>,
    now_ms: i64,
) -> Outgoing {
    let ours = [ATTEMPTS, ORIGINAL, DUE, ORIGIN, REASON];
    let mut headers = raw.headers.clone();
    headers.retain(|(name, _)| !ours.contains(&name.as_str()));
    let mut put = |name: &str, value: Bytes| headers.push((name.to_owned(), value));
    put(ATTEMPTS, Bytes::copy_from_slice(&attempts.to_be_bytes()));
    let original = (raw.level > 0).then(|| raw.header(ORIGINAL)).flatten();
    let original = original.cloned();
    let original = original.or_else(|| raw.timestamp_ms.map(big_integer));
    if let Some(original) = original {
        put(ORIGINAL, original);
    }
    put(DUE, big_integer(due(delay, now_ms)));
    put(ORIGIN, Bytes::from(raw.origin.to_string()));
    if let Some(reason) = reason {
        put(REASON, Bytes::from(reason.to_owned()));
    }
    Outgoing {
        topic: Arc::clone(topic),
        partition: Some(raw.partition),
        key: raw.key.clone(),
        value: raw.value.clone(),
        headers,
        timestamp_ms: None,
    }
}

/// When something is due that is put off now.
pub(crate) fn due(delay: Duration, now_ms: i64) -> i64 {
    now_ms.saturating_add(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX))
}

/// As Java's `BigInteger.toByteArray` writes a number that is not negative: no byte more than its sign needs.
fn big_integer(value: i64) -> Bytes {
    let bytes = value.to_be_bytes();
    let mut rest = &bytes[..];
    while let [0, next, ..] = rest
        && next & 0x80 == 0
    {
        rest = rest.split_at(1).1;
    }
    Bytes::copy_from_slice(rest)
}

/// The number in such a header; none when it is longer than 64 bits, empty or negative.
pub(crate) fn read_big_integer(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 8 || bytes.first().is_some_and(|first| first & 0x80 != 0) {
        return None;
    }
    let value = bytes
        .iter()
        .fold(0_i64, |value, byte| value << 8 | i64::from(*byte));
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_big_integers_of_least_length() {
        assert_eq!(big_integer(0)[..], [0]);
        assert_eq!(big_integer(127)[..], [127]);
        assert_eq!(big_integer(128)[..], [0, 128]);
        assert_eq!(
            big_integer(1_795_293_530_793)[..],
            [0x01, 0xa1, 0xff, 0xd5, 0x4a, 0xa9]
        );
        for value in [0, 1, 127, 128, 255, 256, 1_795_293_530_793, i64::MAX] {
            assert_eq!(read_big_integer(&big_integer(value)), Some(value));
        }
        for bytes in [&[][..], &[0x80], &[0; 9]] {
            assert_eq!(read_big_integer(bytes), None);
        }
    }

    #[test]
    fn a_request_comes_behind_the_last_of_its_lanes_before_it() {
        let (a, b) = (Lane::Key("a".into()), Lane::Key("b".into()));
        let mut parked = Parked::default();
        parked.insert(&[Lane::Partition, a.clone()], 5, 1);
        parked.insert(std::slice::from_ref(&b), 7, 2);
        let behind = |parked: &Parked, lanes: &[&Lane], origin| {
            let lanes: Vec<_> = lanes.iter().map(|lane| (*lane).clone()).collect();
            parked.behind(&lanes, origin)
        };
        assert_eq!(behind(&parked, &[&a], 6), Some(1));
        assert_eq!(behind(&parked, &[&a], 5), None);
        assert_eq!(behind(&parked, &[&a, &b], 8), Some(2));
        assert_eq!(behind(&parked, &[&Lane::Partition], 8), None);
        parked.insert(std::slice::from_ref(&a), 5, 3);
        assert_eq!(behind(&parked, &[&a], 6), Some(3));
        parked.remove(std::slice::from_ref(&a), 5);
        assert_eq!((behind(&parked, &[&a], 6), parked.len()), (None, 1));
    }
}
