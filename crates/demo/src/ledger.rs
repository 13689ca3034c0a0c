//! Which postings a system executed: the reference number once, and how often it was asked again.
//!
//! Both systems keep one of their own. The tour counts over both: each reference posted once, in one of them. Pure.

use std::collections::BTreeMap;

use parsers::Decimal;

/// What a caller wants done to a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// The caller's own number of it.
    pub reference: String,
    /// Which lot.
    pub lot: String,
    /// `U`se, `R`elease, reject (`X`).
    pub action: String,
    /// How much is used, thousandths of the unit.
    pub quantity: i128,
}

/// A posting that was executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// What was asked.
    pub posting: Posting,
    /// What the lot had afterwards.
    pub on_hand: Decimal,
    /// The lot's state afterwards.
    pub state: String,
    /// How often the same posting came again and was answered without being executed.
    pub repeats: u64,
}

/// Postings by reference. Grows with the postings of a demo; nothing is ever forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    posted: BTreeMap<String, Posted>,
}

impl Ledger {
    /// The posting of that reference, if it was executed.
    pub fn find(&self, reference: &str) -> Option<&Posted> {
        self.posted.get(reference)
    }

    /// Notes a posting that was executed. A reference that is there already stays as it is.
    pub fn post(&mut self, posted: Posted) {
        let reference = posted.posting.reference.clone();
        self.posted.entry(reference).or_insert(posted);
    }

    /// Notes that a posting came again.
    pub fn repeated(&mut self, reference: &str) {
        if let Some(posted) = self.posted.get_mut(reference) {
            posted.repeats += 1;
        }
    }

    /// Everything executed, by reference.
    pub fn iter(&self) -> impl Iterator<Item = &Posted> {
        self.posted.values()
    }

    /// How many were executed.
    pub fn len(&self) -> usize {
        self.posted.len()
    }

    /// Whether nothing was executed.
    pub fn is_empty(&self) -> bool {
        self.posted.is_empty()
    }
}
