//! What clients got of a route, by side, as a plain value: [`LiveState`]. It adds up with that of other gateways.

use serde::{Deserialize, Serialize};

use super::latency::Latency;

/// Requests that one side was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideState {
    /// It answered, with whatever status.
    pub answers: u64,
    /// It gave no answer, or one with a status of 500 and above.
    pub errors: u64,
    /// How long its answers took, up to their heads. Those that were asked for after the other side had failed are left out.
    pub latency: Latency,
}

/// What became of the requests of clients.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveState {
    /// Legacy answered, or was to.
    pub legacy: SideState,
    /// Modern did.
    pub modern: SideState,
    /// The gateway itself answered, with an error of its own.
    pub gateway: u64,
    /// Of legacy's answers: because modern failed.
    pub fallbacks: u64,
    /// Of all answers: with a status of 500 and above.
    pub server_errors: u64,
    /// Those that were to be mirrored.
    pub planned: u64,
    /// Modern answered and legacy was not asked, also not to compare: calls that legacy was spared.
    pub spared: u64,
    /// Those that legacy was asked, for the client or to compare.
    pub asked_legacy: u64,
    /// When legacy was asked last, in milliseconds since 1970, to a few seconds.
    pub last_legacy: Option<u64>,
    /// When modern answered last.
    pub last_modern: Option<u64>,
}

impl SideState {
    /// Adds those of another gateway.
    pub fn merge(&mut self, other: &Self) {
        self.answers = self.answers.saturating_add(other.answers);
        self.errors = self.errors.saturating_add(other.errors);
        self.latency.merge(&other.latency);
    }

    /// Those that came since an earlier look at the same counts.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            answers: self.answers.saturating_sub(earlier.answers),
            errors: self.errors.saturating_sub(earlier.errors),
            latency: self.latency.since(&earlier.latency),
        }
    }
}

impl LiveState {
    /// Adds those of another gateway.
    pub fn merge(&mut self, other: &Self) {
        self.legacy.merge(&other.legacy);
        self.modern.merge(&other.modern);
        for (own, more) in [
            (&mut self.gateway, other.gateway),
            (&mut self.fallbacks, other.fallbacks),
            (&mut self.server_errors, other.server_errors),
            (&mut self.planned, other.planned),
            (&mut self.spared, other.spared),
            (&mut self.asked_legacy, other.asked_legacy),
        ] {
            *own = own.saturating_add(more);
        }
        self.last_legacy = self.last_legacy.max(other.last_legacy);
        self.last_modern = self.last_modern.max(other.last_modern);
    }

    /// How many requests there were.
    #[must_use]
    pub fn requests(&self) -> u64 {
        let sides = self.legacy.answers.saturating_add(self.modern.answers);
        sides.saturating_add(self.gateway)
    }
}
