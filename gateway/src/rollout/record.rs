//! What is remembered of the events of all groups: the latest of them, and where each group's step began. Pure.

use std::collections::{BTreeMap, VecDeque};

use super::event::{Event, What};
use crate::evidence::totals::Totals;

/// How many events are kept to be shown.
pub const SHOWN: usize = 500;

/// What was said so far.
#[derive(Debug, Default)]
pub struct Record {
    latest: VecDeque<Event>,
    groups: BTreeMap<String, Step>,
    /// Nothing is missing of what was said until now.
    whole: bool,
}

/// What was said of a group's version.
#[derive(Debug, Default)]
struct Step {
    version: u64,
    counted: Option<Totals>,
    acted: bool,
}

impl Record {
    /// Reading begins, from the first event.
    pub fn begins(&mut self) {
        *self = Self::default();
    }

    /// All that had been said has been read.
    pub fn is_whole(&mut self) {
        self.whole = true;
    }

    /// Whether nothing is missing.
    #[must_use]
    pub fn knows_all(&self) -> bool {
        self.whole
    }

    /// Takes an event down. Of a version that the group has left, nothing counts any more.
    pub fn add(&mut self, event: Event) {
        let step = self.groups.entry(event.subject.clone()).or_default();
        // A control log that was made anew begins with lower versions.
        let begins = matches!(event.data.what, What::Begun) && event.data.version != step.version;
        if event.data.version > step.version || begins {
            *step = Step {
                version: event.data.version,
                ..Step::default()
            };
        }
        if event.data.version == step.version {
            // Of two that began to look at once, the first counts.
            if step.counted.is_none() {
                step.counted = event.data.counted.as_deref().cloned();
            }
            match event.data.what {
                What::Proposed { .. } => step.acted = true,
                // Nobody has said no.
                What::Withdrawn { .. } => step.acted = false,
                _ => {}
            }
        }
        if self.latest.len() >= SHOWN {
            self.latest.pop_front();
        }
        self.latest.push_back(event);
    }

    /// What had been counted when the group came to that version; none where nobody has said it.
    #[must_use]
    pub fn counted(&self, group: &str, version: u64) -> Option<&Totals> {
        let step = self
            .groups
            .get(group)
            .filter(|step| step.version == version);
        step.and_then(|step| step.counted.as_ref())
    }

    /// Whether a step forward from that version has been proposed: what people have said no to is not proposed again.
    #[must_use]
    pub fn proposed(&self, group: &str, version: u64) -> bool {
        let step = self.groups.get(group);
        step.is_some_and(|step| step.version == version && step.acted)
    }

    /// The latest events, the last one first.
    pub fn latest(&self) -> impl Iterator<Item = &Event> {
        self.latest.iter().rev()
    }
}
