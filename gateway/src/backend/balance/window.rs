//! Two counts over the last while, in ten slots, of which the oldest is forgotten whole.

use std::time::Duration;

use tokio::time::Instant;

const SLOTS: u32 = 10;

/// Counts of the last while. Bounded: ten slots, whatever is counted.
#[derive(Debug, Clone)]
pub(super) struct Window {
    began: Instant,
    /// Milliseconds.
    slot: u64,
    /// Which slot of all since the beginning is the newest; its place is this modulo ten.
    newest: u64,
    counts: [Counts; SLOTS as usize],
}

/// All of something, and the part of it that is looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) all: u32,
    pub(super) part: u32,
}

impl Window {
    /// Nothing counted yet; `length` is how long a count is remembered, give or take a tenth.
    pub(super) fn new(length: Duration, now: Instant) -> Self {
        Self {
            began: now,
            slot: millis(length / SLOTS).max(1),
            newest: 0,
            counts: [Counts::default(); SLOTS as usize],
        }
    }

    /// Counts so much more, now.
    pub(super) fn add(&mut self, now: Instant, more: Counts) {
        self.advance(now);
        if let Some(counts) = self.slot(self.newest) {
            counts.all = counts.all.saturating_add(more.all);
            counts.part = counts.part.saturating_add(more.part);
        }
    }

    /// What was counted in the last while.
    pub(super) fn sum(&mut self, now: Instant) -> Counts {
        self.advance(now);
        let sum = |mut sum: Counts, slot: &Counts| {
            sum.all = sum.all.saturating_add(slot.all);
            sum.part = sum.part.saturating_add(slot.part);
            sum
        };
        self.counts.iter().fold(Counts::default(), sum)
    }

    /// Forgets what is too old. A clock that stands still or goes back moves nothing.
    fn advance(&mut self, now: Instant) {
        let since = millis(now.saturating_duration_since(self.began));
        let newest = since / self.slot;
        let steps = newest.saturating_sub(self.newest).min(u64::from(SLOTS));
        for back in 0..steps {
            if let Some(counts) = self.slot(newest - back) {
                *counts = Counts::default();
            }
        }
        self.newest = self.newest.max(newest);
    }

    fn slot(&mut self, number: u64) -> Option<&mut Counts> {
        let place = usize::try_from(number % u64::from(SLOTS)).ok()?;
        self.counts.get_mut(place)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const ONE: Counts = Counts { all: 1, part: 1 };

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let start = Instant::now();
        let mut window = Window::new(10 * SECOND, start);
        for second in 0..10 {
            window.add(start + second * SECOND, ONE);
        }
        assert_eq!(window.sum(start + 9 * SECOND).all, 10);
        assert_eq!(window.sum(start + 10 * SECOND).all, 9);
        assert_eq!(window.sum(start + 18 * SECOND).all, 1);
        assert_eq!(window.sum(start + 19 * SECOND).all, 0);
        assert_eq!(window.sum(start + 3600 * SECOND), Counts::default());
        // Time that goes back counts as now.
        window.add(start, ONE);
        assert_eq!(window.sum(start + 3600 * SECOND), ONE);
    }
}
