//! How a group is to come from legacy to modern, step by step: what the file says of it. Plain values; judged in [`crate::rollout`].

use std::sync::Arc;
use std::time::Duration;

use super::Calendar;
use crate::mode::{Mode, Percent};

/// The plan of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// How many percent of the keys modern answers at each step, rising, the last one all of them.
    pub steps: Vec<Percent>,
    /// Who makes the next step once all of this holds.
    pub promote: Promote,
    /// Who goes back once it is sure that something of it does not.
    pub roll_back: RollBack,
    /// How long a step lasts at least.
    pub soak: Duration,
    /// How many pairs of answers a step compares at least, and how many of each variant.
    pub samples: Samples,
    /// The part of the pairs that is equal at least, in millionths: by the lower end of Wilson's interval.
    pub matching: u32,
    /// How much larger modern's part of failed answers may be than legacy's, in millionths.
    pub errors: u32,
    /// How many thousandths of legacy's 99th percentile modern's may be; not judged if none.
    pub latency: Option<u32>,
    /// When steps may be made; always if none.
    pub only_in: Option<Arc<Calendar>>,
    /// When none may be made.
    pub freeze: Option<Arc<Calendar>>,
    /// What must have happened since the group left legacy.
    pub events: Vec<Arc<str>>,
}

/// How much evidence is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Samples {
    /// Pairs in all.
    pub all: u64,
    /// Pairs of each variant that a route declares.
    pub variant: u64,
    /// Answers of modern to clients, where modern answers any.
    pub answers: u64,
}

/// Who makes a step forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promote {
    /// It is proposed, and a person approves it.
    Propose,
    /// It is made.
    ByItself,
}

/// Who goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollBack {
    /// The gateway.
    ByItself,
    /// A person, who is told.
    Person,
}

impl Rollout {
    /// The mode of a share of the keys.
    #[must_use]
    pub fn mode_of(percent: Percent) -> Mode {
        if percent == Percent::ALL {
            Mode::Modern
        } else {
            Mode::Canary { percent }
        }
    }

    /// What comes after that mode; none where the plan does not begin by itself, or is done.
    #[must_use]
    pub fn after(&self, mode: Mode) -> Option<Mode> {
        let now = match mode {
            Mode::Shadow => 0,
            Mode::Canary { percent } => percent.get(),
            Mode::Legacy | Mode::Modern | Mode::Retired => return None,
        };
        let next = self.steps.iter().find(|step| step.get() > now);
        next.copied().map(Self::mode_of)
    }
}
