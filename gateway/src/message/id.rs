//! Ids of requests.

use std::cell::Cell;
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;
use uuid::{Builder, Uuid};

thread_local! {
    /// A key that the system gave at random, and what was last hashed with it.
    static RANDOM: (RandomState, Cell<u64>) = (RandomState::new(), Cell::new(0));
}

/// A new one: UUID version 7 (RFC 9562 section 5.7), so that whoever stores by it stores in order of time. The rest is random, but no secret:
/// a keyed hash of a count and the end of that count, since asking the system for random bytes costs a call for each request.
#[must_use]
pub fn request_id() -> Uuid {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    let (count, hash) = RANDOM.with(|(key, count)| {
        let next = count.get().wrapping_add(1);
        count.set(next);
        (next, key.hash_one(next))
    });
    let [a, b, c, d, e, f, g, h] = hash.to_be_bytes();
    let [.., i, j] = count.to_be_bytes();
    let random = [a, b, c, d, e, f, g, h, i, j];
    Builder::from_unix_timestamp_millis(u64::try_from(millis).unwrap_or_default(), &random)
        .into_uuid()
}

/// When an id of ours was made, in whole milliseconds; none where it is of another kind.
pub(crate) fn made_at(id: Uuid) -> Option<SystemTime> {
    if id.get_version_num() != 7 {
        return None;
    }
    // The first 48 bits (RFC 9562 section 5.7).
    let millis = id.as_u64_pair().0 >> 16;
    UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}

/// An id as fields have it.
pub(crate) fn id_value(id: Uuid) -> HeaderValue {
    let mut text = Uuid::encode_buffer();
    let text = id.as_hyphenated().encode_lower(&mut text);
    // Digits and hyphens are what a field may have.
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_are_the_same_and_each_says_when_it_was_made() {
        let ids: Vec<_> = (0..10_000).map(|_| request_id()).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        for id in ids {
            let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
            assert!(now.as_secs().abs_diff(seconds) < 60);
            let made = made_at(id).unwrap().duration_since(UNIX_EPOCH).unwrap();
            assert_eq!((made.as_secs(), made.subsec_nanos()), (seconds, nanos));
        }
        assert_eq!(made_at(Uuid::nil()), None);
    }
}
