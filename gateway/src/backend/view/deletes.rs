//! Whether every delete of the topic has come to a view: one that is behind for longer than a compacted topic keeps its deletes has rows
//! that nobody takes off any more.

use std::time::Duration;

use kafka::{KafkaConfig, Topics};

use super::now_ms;

/// Kafka's own default of `delete.retention.ms`, where the topic's is not told.
const USUAL: Duration = Duration::from_hours(24);

/// How long a topic keeps the records that say that a row is gone (`delete.retention.ms`); none where it is not compacted: what such a topic
/// no longer has is missed at its beginning.
pub(super) async fn kept(kafka: &KafkaConfig, topic: &str) -> Option<Duration> {
    let settings = match Topics::new(kafka).settings(topic).await {
        Ok(settings) => settings,
        Err(error) => {
            tracing::warn!(topic, %error, "how long a topic keeps its deletes is not known: taken for a day");
            return Some(USUAL);
        }
    };
    let compacted = settings
        .get("cleanup.policy")
        .is_none_or(|policy| policy.split(',').any(|one| one.trim() == "compact"));
    let said = settings.get("delete.retention.ms");
    let kept = said.and_then(|said| said.parse().ok());
    compacted.then(|| kept.map_or(USUAL, Duration::from_millis))
}

/// When a view last had all of its topic, and how long it may be without.
#[derive(Debug, Clone, Copy)]
pub(super) struct Followed {
    /// Milliseconds since 1970; none where it is not known.
    pub(super) at_ms: Option<i64>,
    /// As [`kept`] found it.
    pub(super) kept: Option<Duration>,
}

/// How often a topic is asked whether a view has all of it, at least and at most.
const LOOK: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

impl Followed {
    /// How often to look: several times while a delete is kept.
    pub(super) fn look(&self) -> Duration {
        self.kept
            .map_or(LOOK.1, |kept| (kept / 4).clamp(LOOK.0, LOOK.1))
    }

    /// Whether a delete may have come and gone since.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost_at(now_ms())
    }

    fn is_lost_at(&self, now_ms: i64) -> bool {
        let Some(kept) = self.kept else { return false };
        let Some(at_ms) = self.at_ms else { return true };
        // Clocks of brokers are not ours: a tenth of the time is for that.
        let kept_ms = i64::try_from(kept.mul_f32(0.9).as_millis()).unwrap_or(i64::MAX);
        now_ms.saturating_sub(at_ms) > kept_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delete_is_lost_once_it_may_have_been_compacted_away() {
        let day = Duration::from_hours(24);
        let after = |kept, at_ms, now_ms| Followed { at_ms, kept }.is_lost_at(now_ms);
        assert!(!after(Some(day), Some(0), 21 * 3_600_000));
        assert!(after(Some(day), Some(0), 22 * 3_600_000));
        assert!(after(Some(day), None, 0));
        assert!(!after(None, None, 0));
        // A clock that was set back.
        assert!(!after(Some(day), Some(10), 0));
        assert!(!after(Some(Duration::MAX), Some(0), i64::MAX - 1));
    }
}
