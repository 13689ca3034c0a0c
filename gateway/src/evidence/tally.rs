//! Who answered the requests of one route, and how long that took. Every request comes here, mirrored or not, so it has no lock.

use std::sync::atomic::{AtomicU64, Ordering};

use super::latency::Counting;
use super::live::{LiveState, SideState};
use super::outcome::{FellBack, Outcome};
use crate::route::Side;

/// Counts of one route.
#[derive(Debug, Default)]
pub struct Tally {
    legacy: OfSide,
    modern: OfSide,
    gateway: AtomicU64,
    fallbacks: AtomicU64,
    server_errors: AtomicU64,
    planned: AtomicU64,
    spared: AtomicU64,
    asked_legacy: AtomicU64,
    /// Changes with each request.
    seen: AtomicU64,
}

#[derive(Debug, Default)]
struct OfSide {
    answers: AtomicU64,
    errors: AtomicU64,
    latency: Counting,
}

impl Tally {
    /// Counts a request.
    pub fn answered(&self, outcome: &Outcome) {
        match outcome.answered {
            Some(side) => {
                let of_side = self.of(side);
                bump(&of_side.answers);
                // A fallback's time is that of both.
                if outcome.fell_back == FellBack::No {
                    of_side.latency.add(outcome.took);
                }
                if outcome.status.is_server_error() {
                    bump(&of_side.errors);
                }
            }
            None => bump(&self.gateway),
        }
        for side in [Side::Legacy, Side::Modern] {
            if outcome.failed.contains(side) {
                bump(&self.of(side).errors);
            }
        }
        if outcome.fell_back == FellBack::Yes {
            bump(&self.fallbacks);
        }
        if outcome.status.is_server_error() {
            bump(&self.server_errors);
        }
        if outcome.mirror.is_some() {
            bump(&self.planned);
        }
        let asked = outcome.answered == Some(Side::Legacy)
            || outcome.mirror == Some(Side::Legacy)
            || outcome.failed.contains(Side::Legacy);
        if asked {
            bump(&self.asked_legacy);
        } else if outcome.answered == Some(Side::Modern) {
            bump(&self.spared);
        }
        bump(&self.seen);
    }

    fn of(&self, side: Side) -> &OfSide {
        match side {
            Side::Legacy => &self.legacy,
            Side::Modern => &self.modern,
        }
    }

    /// How many requests there were; changes with each.
    pub(super) fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }

    /// How many legacy was asked, and how many modern answered.
    pub(super) fn asked(&self) -> [u64; 2] {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [read(&self.asked_legacy), read(&self.modern.answers)]
    }

    /// What was counted. When a side was asked last is not known here.
    pub(super) fn shown(&self) -> LiveState {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let of = |side: &OfSide| SideState {
            answers: read(&side.answers),
            errors: read(&side.errors),
            latency: side.latency.shown(),
        };
        LiveState {
            legacy: of(&self.legacy),
            modern: of(&self.modern),
            gateway: read(&self.gateway),
            fallbacks: read(&self.fallbacks),
            server_errors: read(&self.server_errors),
            planned: read(&self.planned),
            spared: read(&self.spared),
            asked_legacy: read(&self.asked_legacy),
            last_legacy: None,
            last_modern: None,
        }
    }

    pub(super) fn clear(&self) {
        let Self {
            legacy,
            modern,
            gateway,
            fallbacks,
            server_errors,
            planned,
            spared,
            asked_legacy,
            // That it is another one is how it is seen that there was a request.
            seen: _,
        } = self;
        for side in [legacy, modern] {
            side.answers.store(0, Ordering::Relaxed);
            side.errors.store(0, Ordering::Relaxed);
            side.latency.clear();
        }
        for count in [
            gateway,
            fallbacks,
            server_errors,
            planned,
            spared,
            asked_legacy,
        ] {
            count.store(0, Ordering::Relaxed);
        }
    }
}

fn bump(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}
