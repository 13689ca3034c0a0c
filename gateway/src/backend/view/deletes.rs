//! Whether every delete of the topic has come to a view: one that is behind for longer than a compacted topic keeps its deletes has rows
//! that nobody takes off any more.

use std::time::Duration;

use kafka::{KafkaConfig, Topics};

use super::feed::Ended;
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

/// How a view comes to have all of its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It was away, and reads what came meanwhile.
    Away,
    /// It was empty, and is filled: a delete that goes before it was read took a record with it that was read before.
    Filling,
    /// It reads each record as it comes.
    Following,
}

/// When a view last had all of its topic, and how long it may be without.
#[derive(Debug, Clone, Copy)]
pub(super) struct Followed {
    /// Milliseconds since 1970; none where it is not known.
    pub(super) at_ms: Option<i64>,
    /// As [`kept`] found it.
    pub(super) kept: Option<Duration>,
    /// What it does now.
    pub(super) phase: Phase,
}

/// How often a topic is asked whether a view has all of it, at least and at most.
const LOOK: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// Who follows has a delete long before it is compacted away twice, however short it is kept after that. For so long nobody need confirm
/// that it follows.
const FOLLOWING: Duration = Duration::from_secs(10);
/// The same for one that is filled: no topic is cleaned twice in less.
const FILLING: Duration = Duration::from_secs(1);

impl Followed {
    /// How often to look: several times while a delete is kept.
    pub(super) fn look(&self) -> Duration {
        self.kept
            .map_or(LOOK.1, |kept| (kept / 4).clamp(LOOK.0, LOOK.1))
    }

    /// Why the store may have rows that are gone, where it may: a delete may have come and gone since.
    pub(super) fn lost(&self) -> Result<(), Ended> {
        match self.kept {
            Some(kept) if self.is_lost_at(now_ms()) => Err(match self.phase {
                Phase::Filling => Ended::Slow(kept.as_millis()),
                Phase::Away | Phase::Following => Ended::Behind(kept.as_millis()),
            }),
            _ => Ok(()),
        }
    }

    /// Tells a person of a setting with which each break of a connection means to fill the view anew.
    pub(super) fn tell(&self, topic: &str) {
        if let Some(kept) = self.kept.filter(|kept| *kept < FOLLOWING) {
            let kept_ms = kept.as_millis();
            tracing::warn!(
                topic,
                kept_ms,
                "a topic of a view keeps deletes for a moment only (delete.retention.ms): the view is filled anew whenever it was away, and a delete may be missed while a connection is broken"
            );
        }
    }

    fn is_lost_at(&self, now_ms: i64) -> bool {
        let Some(kept) = self.kept else { return false };
        let Some(at_ms) = self.at_ms else { return true };
        // Clocks of brokers are not ours: a tenth of the time is for that.
        let kept = kept.mul_f32(0.9);
        let without = match self.phase {
            Phase::Away => kept,
            Phase::Filling => kept.max(FILLING),
            Phase::Following => kept.max(FOLLOWING),
        };
        let without_ms = i64::try_from(without.as_millis()).unwrap_or(i64::MAX);
        now_ms.saturating_sub(at_ms) > without_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delete_is_lost_once_it_may_have_been_compacted_away() {
        let day = Duration::from_hours(24);
        let phase = Phase::Away;
        let after = |kept, at_ms, now_ms| Followed { at_ms, kept, phase }.is_lost_at(now_ms);
        assert!(!after(Some(day), Some(0), 21 * 3_600_000));
        assert!(after(Some(day), Some(0), 22 * 3_600_000));
        assert!(after(Some(day), None, 0));
        assert!(!after(None, None, 0));
        // A clock that was set back.
        assert!(!after(Some(day), Some(10), 0));
        assert!(!after(Some(Duration::MAX), Some(0), i64::MAX - 1));
    }

    #[test]
    fn who_follows_lacks_no_delete_however_short_it_is_kept() {
        let of = |phase, kept_ms| Followed {
            at_ms: Some(0),
            kept: Some(Duration::from_millis(kept_ms)),
            phase,
        };
        assert!(!of(Phase::Following, 100).is_lost_at(9_999));
        assert!(of(Phase::Following, 100).is_lost_at(10_001));
        assert!(of(Phase::Away, 100).is_lost_at(91));
        assert!(!of(Phase::Filling, 100).is_lost_at(999));
        // One that takes longer to be filled than a delete is kept cannot be right, and says why.
        let slow = of(Phase::Filling, 5_000);
        assert!(!slow.is_lost_at(4_499) && slow.is_lost_at(4_501));
        let why = slow.lost().unwrap_err().to_string();
        assert!(why.contains("delete.retention.ms = 5000"), "{why}");
        assert!(!of(Phase::Following, 86_400_000).is_lost_at(70_000_000));
    }
}
