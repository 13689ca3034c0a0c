//! Groups: the steps from legacy to modern, and what must hold before each.

use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;

use super::Resolver;
use crate::config::{file, units};
use crate::mode::Percent;
use crate::route::rollout::{Promote, RollBack, Rollout, Samples};
use crate::route::{Approving, BackSync, Sides};

/// How long a step lasts at least, unless the file says otherwise.
const SOAK: Duration = Duration::from_secs(30 * 60);
/// Pairs that a step compares at least.
const SAMPLES: u64 = 1_000;
/// Pairs of each variant.
const OF_VARIANT: u64 = 20;
/// Answers of modern to clients.
const ANSWERS: u64 = 100;
/// The part that is equal at least, in millionths.
const MATCH: u32 = 999_000;
/// How much larger modern's part of failed answers may be, in millionths.
const ERRORS: u32 = 5_000;
/// The most events that a plan waits for.
const MOST_EVENTS: usize = 20;

/// What a group is, as far as its plan has to do with it.
pub(super) struct Planned {
    pub(super) writes: bool,
    /// Some route's answers can be compared.
    pub(super) compared: bool,
    pub(super) keyed: bool,
    pub(super) back_sync: Option<BackSync>,
    pub(super) approving: Approving,
    pub(super) sides: Sides,
}

impl Resolver<'_> {
    pub(super) fn rollout(
        &mut self,
        said: &Spanned<file::Rollout>,
        group: &Planned,
    ) -> Option<Arc<Rollout>> {
        let rollout = said.get_ref();
        if !(group.sides.legacy && group.sides.modern) {
            self.fault_with_help(
                said,
                "a plan leads from legacy to modern, and a route of the group has only one of them",
                "give every route of the group legacy = … and modern = …",
            );
        }
        let steps = self.steps(&rollout.steps, group.keyed);
        let promote = rollout.promote.as_ref().and_then(|said| {
            let words = [
                ("propose", Promote::Propose),
                ("by_itself", Promote::ByItself),
            ];
            let found = self.word(said, "promote", &words);
            if found == Some(Promote::ByItself) && group.approving.needed > 0 {
                self.fault_with_help(
                    said,
                    "the group asks for people's approval, so that no step is made by itself",
                    "write promote = \"propose\", or approvals = 0",
                );
            }
            found
        });
        let goes_back = !group.writes || group.back_sync == Some(BackSync::Durable);
        let roll_back = rollout.roll_back.as_ref().and_then(|said| {
            let words = [("by_itself", RollBack::ByItself), ("person", RollBack::Person)];
            let found = self.word(said, "roll_back", &words);
            if found == Some(RollBack::ByItself) && !goes_back {
                self.fault_with_help(
                    said,
                    "the group changes data and legacy does not get it: to go back loses writes, which a person must answer for",
                    "write roll_back = \"person\", or back_sync = \"durable\" in the group",
                );
            }
            found
        });
        let usual = if goes_back {
            RollBack::ByItself
        } else {
            RollBack::Person
        };
        let samples = Samples {
            // What changes data is not sent twice, and so not compared, unless the route asks for it.
            all: self.counted(
                rollout.samples.as_ref(),
                if group.compared { SAMPLES } else { 0 },
            ),
            variant: self.counted(
                rollout.samples_per_variant.as_ref(),
                if group.compared { OF_VARIANT } else { 0 },
            ),
            answers: self.counted(rollout.answers.as_ref(), ANSWERS),
        };
        let mut events: Vec<Arc<str>> = Vec::new();
        for event in &rollout.events {
            let name = event.get_ref();
            let plain = !name.trim().is_empty() && !name.chars().any(char::is_control);
            if !plain || name.len() > crate::control::rules::MAX_NAME {
                self.fault(
                    event,
                    "wanted the name of an event in one line, such as \"month-end\"",
                );
            } else if events.len() >= MOST_EVENTS {
                self.fault(
                    event,
                    format!("a plan waits for {MOST_EVENTS} events at most"),
                );
                break;
            }
            events.push(Arc::from(name.as_str()));
        }
        // Every fault is told, also beside steps that are none.
        let found = Rollout {
            steps: Vec::new(),
            promote: promote.unwrap_or(Promote::Propose),
            roll_back: roll_back.unwrap_or(usual),
            soak: self.parsed(rollout.soak.as_ref(), SOAK, units::duration),
            samples,
            matching: self.millionths(rollout.matching.as_ref(), MATCH),
            errors: self.millionths(rollout.errors.as_ref(), ERRORS),
            latency: rollout.latency.as_ref().map(|said| self.ratio(said)),
            only_in: rollout
                .only_in
                .as_ref()
                .and_then(|name| self.calendar_named(name)),
            freeze: rollout
                .freeze
                .as_ref()
                .and_then(|name| self.calendar_named(name)),
            events,
        };
        steps.map(|steps| Arc::new(Rollout { steps, ..found }))
    }

    fn steps(&mut self, said: &Spanned<Vec<Spanned<i64>>>, keyed: bool) -> Option<Vec<Percent>> {
        let mut steps: Vec<Percent> = Vec::new();
        let mut sound = true;
        for step in said.get_ref() {
            let Some(percent) = self.percent(step, *step.get_ref()) else {
                sound = false;
                continue;
            };
            if steps.last().map_or(0, |last| last.get()) >= percent.get() {
                self.fault(step, "steps rise, from above 0 to 100 percent");
                sound = false;
            }
            if percent != Percent::ALL && !keyed {
                self.fault_with_help(
                    step,
                    "a canary goes by a key, and a route of the group has no canary_key",
                    "add canary_key to every route of the group, or write steps = [100]",
                );
                sound = false;
            }
            steps.push(percent);
        }
        if sound && steps.last() != Some(&Percent::ALL) {
            self.fault_with_help(
                said,
                "the last step is 100 percent",
                "write steps = [1, 5, 25, 50, 100]",
            );
            sound = false;
        }
        sound.then_some(steps)
    }

    fn counted(&mut self, said: Option<&Spanned<i64>>, usual: u64) -> u64 {
        let Some(said) = said else {
            return usual;
        };
        u64::try_from(*said.get_ref()).unwrap_or_else(|_| {
            self.fault(said, "wanted how many, 0 or more");
            usual
        })
    }

    /// A number of percent in millionths.
    fn millionths(&mut self, said: Option<&Spanned<f64>>, usual: u32) -> u32 {
        let Some(said) = said else {
            return usual;
        };
        let percent = *said.get_ref();
        if !(0.0..=100.0).contains(&percent) {
            self.fault(
                said,
                "wanted a number of percent from 0 to 100, such as 99.9",
            );
            return usual;
        }
        whole(percent * 10_000.0)
    }

    /// A ratio in thousandths.
    fn ratio(&mut self, said: &Spanned<f64>) -> u32 {
        let ratio = *said.get_ref();
        if !(0.001..=1_000.0).contains(&ratio) {
            self.fault(
                said,
                "wanted how many times as long modern may take, from 0.001 to 1000, such as 1.5",
            );
            return 0;
        }
        whole(ratio * 1_000.0)
    }
}

/// The nearest whole number of one that is within bounds.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "asked for from 0 to a million only"
)]
fn whole(number: f64) -> u32 {
    number.round() as u32
}
