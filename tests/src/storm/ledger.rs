//! Both ledgers held against each other: what clients were told, and what the service did. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

/// What a client was told of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It was done, and what the service said.
    Done(String),
    /// It was not done: nothing was sent.
    Refused(String),
    /// Nobody knows: no answer, or one that says so.
    Unknown(String),
}

/// A write of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// No other has it.
    pub reference: String,
    /// What it is about: writes of one key are done in order.
    pub key: String,
    /// When it was asked for, since the first of all.
    pub begun: Duration,
    /// When the client was told.
    pub ended: Duration,
    /// What.
    pub told: Told,
}

/// An effect of the service. Those of one key come in the order in which they were done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Of which key.
    pub key: String,
    /// Of which write.
    pub reference: String,
    /// What the service said to it: of each execution something else.
    pub said: String,
}

/// What there was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Writes that clients were told are done.
    pub done: usize,
    /// Writes that clients were told are not done.
    pub refused: usize,
    /// Writes of which clients were told nothing.
    pub unknown: usize,
    /// Those of them that were done.
    pub executed: usize,
}

impl Count {
    /// Writes that were begun.
    #[must_use]
    pub fn all(&self) -> usize {
        self.done + self.refused + self.unknown
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            done,
            refused,
            unknown,
            executed,
        } = self;
        write!(
            f,
            "{done} writes done, {refused} refused, {unknown} of unknown outcome ({executed} done)"
        )
    }
}

/// Counts, or says all that does not agree: a write that was told done and has no effect, or another's; one that was refused and has one; two
/// effects of one; an effect of nobody's; two of one key in another order than their clients could see.
///
/// # Errors
/// What does not agree, a line each.
pub fn judge(writes: &[Write], effects: &[Effect]) -> Result<Count, Vec<String>> {
    let mut faults = Vec::new();
    let mut found: HashMap<&str, &Effect> = HashMap::with_capacity(effects.len());
    for effect in effects {
        if found.insert(&effect.reference, effect).is_some() {
            faults.push(format!("{} was done twice", effect.reference));
        }
    }
    let mut count = Count::default();
    let asked: HashMap<&str, &Write> = writes
        .iter()
        .map(|write| (&*write.reference, write))
        .collect();
    for write in writes {
        let effect = found.get(&*write.reference);
        let name = &write.reference;
        match (&write.told, effect) {
            (Told::Done(_), None) => faults.push(format!("{name} was told done and is lost")),
            (Told::Done(said), Some(effect)) if *said != effect.said => {
                faults.push(format!(
                    "{name} was done otherwise than its client was told"
                ));
            }
            (Told::Done(_), Some(_)) => count.done += 1,
            (Told::Refused(code), Some(_)) => {
                faults.push(format!("{name} was refused ({code}) and was done"));
            }
            (Told::Refused(_), None) => count.refused += 1,
            (Told::Unknown(_), effect) => {
                count.unknown += 1;
                count.executed += usize::from(effect.is_some());
            }
        }
        if effect.is_some_and(|effect| effect.key != write.key) {
            faults.push(format!("{name} was done to another key"));
        }
    }
    let mut newest: BTreeMap<&str, (Duration, &str)> = BTreeMap::new();
    let mut strangers = BTreeSet::new();
    for effect in effects {
        let Some(write) = asked.get(&*effect.reference) else {
            strangers.insert(&*effect.reference);
            continue;
        };
        let (begun, before) = newest
            .entry(&effect.key)
            .or_insert((Duration::ZERO, &write.reference));
        // One whose outcome is unknown may be done at any later time.
        if matches!(write.told, Told::Done(_)) && write.ended < *begun {
            let name = &write.reference;
            faults.push(format!(
                "{name} was done behind {before}, which was asked for when it was done"
            ));
        }
        if write.begun > *begun {
            (*begun, *before) = (write.begun, &write.reference);
        }
    }
    faults.extend(
        strangers
            .into_iter()
            .map(|stranger| format!("nobody asked for {stranger}")),
    );
    match faults.is_empty() {
        true => Ok(count),
        false => Err(faults),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(reference: &str, at: u64, told: Told) -> Write {
        Write {
            reference: reference.to_owned(),
            key: "L".to_owned(),
            begun: Duration::from_millis(at),
            ended: Duration::from_millis(at + 5),
            told,
        }
    }

    fn done(reference: &str, at: u64) -> Write {
        write(reference, at, Told::Done(format!("{reference} said")))
    }

    fn effect(reference: &str) -> Effect {
        Effect {
            key: "L".to_owned(),
            reference: reference.to_owned(),
            said: format!("{reference} said"),
        }
    }

    fn faults(writes: &[Write], effects: &[Effect]) -> String {
        judge(writes, effects).unwrap_err().join("; ")
    }

    #[test]
    fn ledgers_that_agree_are_counted() {
        let writes = [
            done("a", 0),
            done("b", 1),
            write("c", 10, Told::Refused("503".to_owned())),
            write("d", 10, Told::Unknown("504".to_owned())),
            write("e", 10, Told::Unknown("504".to_owned())),
        ];
        // Two at once may be done in any order, and one of unknown outcome at any time.
        let effects = ["b", "a", "e"].map(effect);
        let count = judge(&writes, &effects).unwrap();
        assert_eq!(
            count.to_string(),
            "2 writes done, 1 refused, 2 of unknown outcome (1 done)"
        );
    }

    #[test]
    fn what_is_lost_doubled_refused_or_of_nobody_is_a_fault() {
        assert_eq!(faults(&[done("a", 0)], &[]), "a was told done and is lost");
        let twice = [effect("a"), effect("a")];
        assert_eq!(faults(&[done("a", 0)], &twice), "a was done twice");
        let refused = write("a", 0, Told::Refused("busy".to_owned()));
        assert_eq!(
            faults(&[refused], &[effect("a")]),
            "a was refused (busy) and was done"
        );
        assert_eq!(faults(&[], &[effect("a")]), "nobody asked for a");
        let mut other = effect("a");
        other.said = "another execution".to_owned();
        assert_eq!(
            faults(&[done("a", 0)], &[other]),
            "a was done otherwise than its client was told"
        );
        let mut elsewhere = effect("a");
        elsewhere.key = "M".to_owned();
        assert_eq!(
            faults(&[done("a", 0)], &[elsewhere]),
            "a was done to another key"
        );
    }

    #[test]
    fn one_that_was_done_before_another_was_asked_for_comes_before_it() {
        let writes = [done("a", 0), done("b", 10)];
        assert_eq!(
            faults(&writes, &["b", "a"].map(effect)),
            "a was done behind b, which was asked for when it was done"
        );
    }
}
