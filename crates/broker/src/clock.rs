//! The time, taken once per request and handed on: nothing that decides reads a clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// For waits and timeouts.
    pub(crate) instant: Instant,
    /// For records: milliseconds since 1970.
    pub(crate) ms: i64,
}

impl Now {
    /// Reads the clocks.
    pub(crate) fn read() -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            instant: Instant::now(),
            ms: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        }
    }

    /// The moment `ms` milliseconds from now; negative counts as none.
    pub(crate) fn after_ms(&self, ms: i32) -> Instant {
        self.instant + Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    }
}
