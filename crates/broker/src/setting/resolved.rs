//! The settings that decide something, resolved to numbers.

use super::{Overrides, Setting, value};
use crate::log::Roll;

/// The settings that decide something, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicSettings {
    pub(crate) compact: bool,
    pub(crate) delete: bool,
    pub(crate) delete_retention_ms: i64,
    pub(crate) log_append_time: bool,
    pub(crate) max_compaction_lag_ms: i64,
    pub(crate) max_message_bytes: usize,
    /// In thousandths.
    pub(crate) min_cleanable_permille: u64,
    pub(crate) min_compaction_lag_ms: i64,
    pub(crate) min_insync_replicas: i64,
    /// `None` for ever.
    pub(crate) retention_ms: Option<i64>,
    /// `None` without bound.
    pub(crate) retention_bytes: Option<u64>,
    pub(crate) segment_bytes: u64,
    pub(crate) segment_ms: i64,
    pub(crate) timestamp_after_ms: i64,
    pub(crate) timestamp_before_ms: i64,
}

/// A checked ratio from 0 to 1 in thousandths, without a float.
fn permille(ratio: &str) -> u64 {
    let (whole, part) = ratio.split_once('.').unwrap_or((ratio, ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    whole.parse::<u64>().unwrap_or(0) * 1000 + part.parse::<u64>().unwrap_or(0)
}

impl TopicSettings {
    /// Resolves checked settings.
    pub(crate) fn resolve(overrides: &Overrides, defaults: &Overrides) -> Self {
        let text =
            |name| Setting::named(name).map_or("", |setting| value(setting, overrides, defaults));
        let whole = |name| text(name).parse::<i64>().unwrap_or_default();
        let policy = text("cleanup.policy");
        Self {
            compact: policy.contains("compact"),
            delete: policy.contains("delete"),
            delete_retention_ms: whole("delete.retention.ms"),
            log_append_time: text("message.timestamp.type") == "LogAppendTime",
            max_compaction_lag_ms: whole("max.compaction.lag.ms"),
            max_message_bytes: usize::try_from(whole("max.message.bytes")).unwrap_or_default(),
            min_cleanable_permille: permille(text("min.cleanable.dirty.ratio")),
            min_compaction_lag_ms: whole("min.compaction.lag.ms"),
            min_insync_replicas: whole("min.insync.replicas"),
            retention_ms: Some(whole("retention.ms")).filter(|ms| *ms >= 0),
            retention_bytes: u64::try_from(whole("retention.bytes")).ok(),
            segment_bytes: u64::try_from(whole("segment.bytes")).unwrap_or(u64::MAX),
            segment_ms: whole("segment.ms"),
            timestamp_after_ms: whole("message.timestamp.after.max.ms"),
            timestamp_before_ms: whole("message.timestamp.before.max.ms"),
        }
    }

    pub(crate) fn roll(&self) -> Roll {
        Roll {
            bytes: self.segment_bytes,
            age_ms: self.segment_ms,
        }
    }
}
