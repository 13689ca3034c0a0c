//! Who answered the requests of one route. Every request comes here, mirrored or not, so it has no lock.

use std::sync::atomic::{AtomicU64, Ordering};

use super::outcome::{FellBack, Outcome};
use super::report::Answered;
use crate::route::Side;

/// Counts of one route.
#[derive(Debug, Default)]
pub struct Tally {
    legacy: AtomicU64,
    modern: AtomicU64,
    gateway: AtomicU64,
    fallbacks: AtomicU64,
    server_errors: AtomicU64,
    planned: AtomicU64,
}

impl Tally {
    /// Counts a request.
    pub fn answered(&self, outcome: &Outcome) {
        bump(match outcome.answered {
            Some(Side::Legacy) => &self.legacy,
            Some(Side::Modern) => &self.modern,
            None => &self.gateway,
        });
        if outcome.fell_back == FellBack::Yes {
            bump(&self.fallbacks);
        }
        if outcome.status.is_server_error() {
            bump(&self.server_errors);
        }
        if outcome.mirror.is_some() {
            bump(&self.planned);
        }
    }

    /// Who answered, and how many were to be mirrored.
    pub(super) fn shown(&self) -> (Answered, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let answered = Answered {
            legacy: read(&self.legacy),
            modern: read(&self.modern),
            gateway: read(&self.gateway),
            fallbacks: read(&self.fallbacks),
            server_errors: read(&self.server_errors),
        };
        (answered, read(&self.planned))
    }

    pub(super) fn clear(&self) {
        let Self {
            legacy,
            modern,
            gateway,
            fallbacks,
            server_errors,
            planned,
        } = self;
        for count in [legacy, modern, gateway, fallbacks, server_errors, planned] {
            count.store(0, Ordering::Relaxed);
        }
    }
}

fn bump(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}
