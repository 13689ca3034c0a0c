//! Whether a group's plan lets it go on, has it go back, or waits. Pure: the evidence, the log and the time are arguments.
//!
//! A rate that rests on a sample counts by the ends of Wilson's interval ([`crate::evidence::bound`]): what is too little to know is waited for,
//! and only what is sure to be wrong has a group go back.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::fold::GroupState;
use crate::evidence::live::SideState;
use crate::evidence::totals::{Totals, VariantTotals};
use crate::evidence::{Bound, bound, sure_bound};
use crate::mode::Mode;
use crate::route::rollout::Rollout;

/// With fewer answers of each side than this, times are not compared.
const LEAST_TIMES: u64 = 100;
/// Fewer wrong answers than this are no reason to go back.
const LEAST_WRONG: u64 = 5;
/// With fewer answers of legacy than this in a step, all that was counted before it counts too.
const LEAST_REFERENCE: u64 = 100;
/// Without any of legacy's to hold it against, modern surely fails where it fails more often than not.
const ALONE: f64 = 0.5;
/// From so many answers of each side on a 99th percentile is one.
const SURE_TIMES: u64 = 1_000;
/// How many names a text has at most.
const NAMED: usize = 5;

/// One thing that a plan asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Condition {
    /// Its word in the plan.
    pub name: String,
    /// Whether it holds.
    pub met: Met,
    /// By which figures, in words.
    pub told: String,
}

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Met {
    /// It does.
    Yes,
    /// Not yet, or it is not known.
    NotYet,
    /// It surely does not.
    Broken,
}

/// What there is to judge by.
#[derive(Debug)]
pub struct Look<'a> {
    /// What is asked for.
    pub plan: &'a Rollout,
    /// Whether answers are compared in the group's mode: some route of it is mirrored.
    pub compares: bool,
    /// The group by the log.
    pub known: &'a GroupState,
    /// What was counted since the group came to its mode.
    pub since: &'a Totals,
    /// What was counted until then.
    pub before: &'a Totals,
    /// How long ago that was.
    pub lasted: Duration,
    /// Writes that went to no legacy yet and wait for a person; none of a group whose writes do not go back.
    pub parked: Option<u64>,
    /// Now.
    pub now: Timestamp,
}

/// What a plan says of its group now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Each thing that it asks for.
    pub conditions: Vec<Condition>,
}

/// What follows of a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// All holds.
    Ready,
    /// Something does not hold yet.
    Waits,
    /// Something surely does not hold.
    Fails,
}

impl Judgement {
    /// What follows.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let any = |met| self.conditions.iter().any(|condition| condition.met == met);
        if any(Met::Broken) {
            Standing::Fails
        } else if any(Met::NotYet) {
            Standing::Waits
        } else {
            Standing::Ready
        }
    }

    /// What is wrong, in a sentence.
    #[must_use]
    pub fn wrong(&self) -> String {
        let broken = self.conditions.iter().filter(|one| one.met == Met::Broken);
        let told: Vec<String> = broken
            .map(|one| format!("{}: {}", one.name, one.told))
            .collect();
        told.join("; ")
    }

    /// All of it, in a sentence.
    #[must_use]
    pub fn told(&self) -> String {
        let all = self.conditions.iter();
        let told: Vec<String> = all
            .map(|one| format!("{}: {}", one.name, one.told))
            .collect();
        told.join("; ")
    }
}

/// Judges.
#[must_use]
pub fn judge(look: &Look<'_>) -> Judgement {
    let mut conditions = vec![soak(look)];
    if look.compares {
        let compared = look.since.compared();
        conditions.push(samples(look, &compared));
        conditions.extend(variants(look));
        conditions.push(matching(look, &compared));
    } else if look.plan.samples.all > 0 || look.plan.samples.variant > 0 {
        conditions.push(Condition {
            name: "match".to_owned(),
            met: Met::Yes,
            told: format!(
                "nothing is compared in mode {}: mirror = {{ always = true }} of a route changes that",
                look.known.mode
            ),
        });
    }
    let (legacy, modern) = sides(look);
    conditions.extend(answers(look, &modern));
    conditions.push(errors(look, &legacy, &modern));
    conditions.extend(latency(look, &legacy, &modern));
    conditions.extend(calendars(look));
    conditions.extend(events(look));
    conditions.extend(back(look));
    Judgement { conditions }
}

fn condition(name: &str, holds: bool, told: String) -> Condition {
    Condition {
        name: name.to_owned(),
        met: if holds { Met::Yes } else { Met::NotYet },
        told,
    }
}

fn soak(look: &Look<'_>) -> Condition {
    let (lasted, wanted) = (look.lasted.as_secs(), look.plan.soak.as_secs());
    let told = format!("{lasted} s of {wanted} s");
    condition("soak", look.lasted >= look.plan.soak, told)
}

fn samples(look: &Look<'_>, compared: &VariantTotals) -> Condition {
    let (found, wanted) = (compared.samples(), look.plan.samples.all);
    let told = format!("{found} of {wanted} pairs compared");
    condition("samples", found >= wanted, told)
}

/// A variant that came too rarely says nothing of itself.
fn variants(look: &Look<'_>) -> Option<Condition> {
    let wanted = look.plan.samples.variant;
    if wanted == 0 {
        return None;
    }
    let lacking: Vec<String> = look
        .since
        .variants()
        .filter(|(_, _, totals)| totals.samples() < wanted)
        .map(|(route, variant, totals)| format!("{route} {variant} {}", totals.samples()))
        .collect();
    let told = if lacking.is_empty() {
        format!(
            "each of {} variants at least {wanted} times",
            look.since.variants().count()
        )
    } else {
        format!("fewer than {wanted} of {}", some(&lacking))
    };
    Some(condition("variants", lacking.is_empty(), told))
}

fn some(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let first: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    match more {
        0 => first.join(", "),
        more => format!("{}, and {more} more", first.join(", ")),
    }
}

/// All together must be sure to match; of no variant may it be sure that it does not, however rare it is.
fn matching(look: &Look<'_>, compared: &VariantTotals) -> Condition {
    let wanted = share(look.plan.matching);
    let wrong: Vec<String> = look
        .since
        .variants()
        .filter(|(_, _, totals)| surely_below(totals, wanted))
        .map(|(route, variant, totals)| {
            format!(
                "{route} {variant} differs in {} of {}",
                totals.different,
                totals.samples()
            )
        })
        .collect();
    let doubtful: Vec<String> = look
        .since
        .variants()
        .filter(|(_, _, totals)| totals.matched().is_some_and(|found| found.rate < wanted))
        .map(|(route, variant, totals)| {
            format!(
                "{route} {variant} differs in {} of {}",
                totals.different,
                totals.samples()
            )
        })
        .collect();
    let (met, told) = match compared.matched() {
        _ if !wrong.is_empty() => (Met::Broken, some(&wrong)),
        _ if surely_below(compared, wanted) => (
            Met::Broken,
            format!("{} of {} differ", compared.different, compared.samples()),
        ),
        None if look.plan.samples.all == 0 => (Met::Yes, "none asked for".to_owned()),
        None => (Met::NotYet, "nothing compared yet".to_owned()),
        Some(_) if !doubtful.is_empty() => (Met::NotYet, some(&doubtful)),
        Some(found) => {
            let met = if found.at_least >= wanted {
                Met::Yes
            } else {
                Met::NotYet
            };
            (met, format!("{}, wanted {}", ends(found), percent(wanted)))
        }
    };
    Condition {
        name: "match".to_owned(),
        met,
        told,
    }
}

/// The upper end of the interval lies below.
fn surely_below(totals: &VariantTotals, wanted: f64) -> bool {
    totals.different >= LEAST_WRONG
        && sure_bound(totals.different, totals.samples())
            .is_some_and(|wrong| 1.0 - wrong.at_least < wanted)
}

fn ends(found: Bound) -> String {
    format!(
        "{}, at least {}",
        percent(found.rate),
        percent(found.at_least)
    )
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

fn share(millionths: u32) -> f64 {
    f64::from(millionths) / 1_000_000.0
}

/// What clients got of each side; where modern answers no client, what the mirror got.
fn sides(look: &Look<'_>) -> (SideState, SideState) {
    if look.known.mode.lets_modern_answer() {
        return look.since.live();
    }
    let compared = look.since.compared();
    (compared.legacy, compared.modern)
}

fn answers(look: &Look<'_>, modern: &SideState) -> Option<Condition> {
    let wanted = look.plan.samples.answers;
    let asked = look.known.mode.lets_modern_answer() && wanted > 0;
    let told = format!("{} of {wanted} answers of modern", modern.answers);
    asked.then(|| condition("answers", modern.answers >= wanted, told))
}

/// How many requests a side was asked. One that gave no answer is an error; one with a status of 500 is both.
fn asked(side: &SideState) -> u64 {
    side.answers.max(side.errors)
}

fn errors(look: &Look<'_>, legacy: &SideState, modern: &SideState) -> Condition {
    let more = share(look.plan.errors);
    let Some(rate) = bound(modern.errors, asked(modern)).map(|of| of.rate) else {
        // Only where nothing can be compared, and no client asks it yet.
        let holds = !look.compares && !look.known.mode.lets_modern_answer();
        return condition("errors", holds, "modern was asked nothing".to_owned());
    };
    let legacy = &reference(look, legacy);
    let told = format!(
        "modern failed {} of {}, legacy {} of {}",
        modern.errors,
        asked(modern),
        legacy.errors,
        asked(legacy)
    );
    let most = |side: &SideState| {
        let well = asked(side).saturating_sub(side.errors);
        bound(well, asked(side)).map_or(1.0, |of| 1.0 - of.at_least)
    };
    let legacy_rate = bound(legacy.errors, asked(legacy)).map_or(0.0, |of| of.rate);
    let limit = if asked(legacy) < LEAST_REFERENCE {
        ALONE
    } else {
        most(legacy) + more
    };
    let surely = sure_bound(modern.errors, asked(modern)).map_or(0.0, |of| of.at_least);
    let met = if modern.errors >= LEAST_WRONG && surely > limit {
        Met::Broken
    } else if rate <= legacy_rate + more && most(modern) <= legacy_rate + more {
        Met::Yes
    } else {
        Met::NotYet
    };
    Condition {
        name: "errors".to_owned(),
        met,
        told,
    }
}

/// Where legacy answers nobody any more, it is what it did before.
fn reference(look: &Look<'_>, legacy: &SideState) -> SideState {
    let mut reference = legacy.clone();
    if asked(legacy) < LEAST_REFERENCE {
        reference.merge(&look.before.live().0);
        reference.merge(&look.before.compared().legacy);
    }
    reference
}

fn latency(look: &Look<'_>, legacy: &SideState, modern: &SideState) -> Option<Condition> {
    let times = look.plan.latency?;
    let least = legacy.latency.count().min(modern.latency.count());
    let slow = |side: &SideState| side.latency.of_thousand(990);
    let (met, told) = match (slow(legacy), slow(modern)) {
        (Some(old), Some(new)) if least >= LEAST_TIMES => {
            let within = new.as_micros() * 1_000 <= old.as_micros() * u128::from(times);
            let met = match within {
                true => Met::Yes,
                false if least >= SURE_TIMES => Met::Broken,
                false => Met::NotYet,
            };
            (
                met,
                format!(
                    "99 of 100 within {} of modern, {} of legacy",
                    millis(new),
                    millis(old)
                ),
            )
        }
        // Legacy answers nobody any more: there is nothing to hold it against.
        _ if look.known.mode == Mode::Modern => (
            Met::Yes,
            "legacy answers too little to compare times".to_owned(),
        ),
        _ => (
            Met::NotYet,
            format!("{least} of {LEAST_TIMES} answers of each side"),
        ),
    };
    Some(Condition {
        name: "latency".to_owned(),
        met,
        told,
    })
}

fn millis(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1_000.0)
}

fn calendars(look: &Look<'_>) -> Vec<Condition> {
    let mut found = Vec::new();
    if let Some(only) = &look.plan.only_in {
        let told = format!("steps are made within {}", only.name());
        found.push(condition("only_in", only.is_open(look.now), told));
    }
    if let Some(freeze) = &look.plan.freeze {
        let told = format!("none is made within {}", freeze.name());
        found.push(condition("freeze", !freeze.is_open(look.now), told));
    }
    found
}

fn events(look: &Look<'_>) -> Option<Condition> {
    let wanted = &look.plan.events;
    let lacking = wanted
        .iter()
        .filter(|event| !look.known.events.contains_key(&***event));
    let lacking: Vec<String> = lacking.map(ToString::to_string).collect();
    let told = match lacking.as_slice() {
        [] => "all have happened".to_owned(),
        some => format!("not yet: {}", some.join(", ")),
    };
    (!wanted.is_empty()).then(|| condition("events", lacking.is_empty(), told))
}

fn back(look: &Look<'_>) -> Option<Condition> {
    let parked = look.parked?;
    let told = format!("{parked} writes wait for a person on their way back to legacy");
    Some(condition("write_back", parked == 0, told))
}

#[cfg(test)]
mod tests;
