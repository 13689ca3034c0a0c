//! The company's own books: what each topic must hold, whatever happened to the unloads on their way.
//!
//! In: the generations as the company knows them, and the faults that were planted. Out: every message the topic must gain,
//! by key, and every dead letter. Made from the company's structs, never from record bytes: the tour compares what comes out
//! of Kafka with this, so a fault in decoding cannot hide itself.

use std::collections::BTreeMap;

use crate::company::{Company, DataSet};
use crate::expect;
use crate::fault::{Fault, Spot};

/// What an event says happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// Read in the first load.
    Read,
    /// Created.
    Create,
    /// Updated.
    Update,
    /// Deleted; a tombstone follows.
    Delete,
}

impl Op {
    /// As in the envelope's `op`.
    pub fn letter(self) -> &'static str {
        match self {
            Op::Read => "r",
            Op::Create => "c",
            Op::Update => "u",
            Op::Delete => "d",
        }
    }
}

/// One event the topic must gain. The texts are the JSON the topic carries, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub op: Op,
    /// The record before, if there was one.
    pub before: Option<String>,
    /// The record after, if there is one.
    pub after: Option<String>,
}

/// One record that must be among the dead letters of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dead {
    /// Its number in the file, from 1.
    pub record_no: u64,
    /// The field that does not read.
    pub spot: Spot,
}

/// What must become of a generation before anybody decides anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All of it is taken.
    Applied,
    /// New and changed records are taken; deletes wait.
    DeletesHeld,
    /// Nothing is taken.
    Held,
}

/// What a generation must do to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Whether it is taken.
    pub verdict: Verdict,
    /// Events by the key's JSON.
    pub events: BTreeMap<String, Event>,
    /// Dead letters in the order of the file.
    pub dead: Vec<Dead>,
}

/// One data set's books.
#[derive(Debug, Clone)]
pub struct Books {
    company: Company,
    set: DataSet,
    /// What a reader who folds the topic must see: record by key, both as JSON.
    view: BTreeMap<String, String>,
    loaded: bool,
}

impl Books {
    /// Empty books.
    pub fn new(company: Company, set: DataSet) -> Books {
        Books {
            company,
            set,
            view: BTreeMap::new(),
            loaded: false,
        }
    }

    /// What a reader who folds the topic must see now: record by key, both as JSON.
    pub fn view(&self) -> &BTreeMap<String, String> {
        &self.view
    }

    /// Takes the next generation into the books as capture must take it, and says what the topic gains by that.
    pub fn take(&mut self, generation: u32, fault: Option<Fault>) -> Expected {
        let mut image = BTreeMap::new();
        let mut dead = Vec::new();
        let present = self.company.records(self.set, generation).zip(0..);
        let present =
            present.filter(|(_, number)| !fault.is_some_and(|fault| fault.drops(*number)));
        for ((record, number), record_no) in present.zip(1..) {
            let key = expect::key(&record);
            let Some(spot) = fault.and_then(|fault| fault.spot(self.set, number)) else {
                image.insert(key, expect::record(&record));
                continue;
            };
            dead.push(Dead { record_no, spot });
            // The key reads, the body does not: the record is there, as it was when it last could be read.
            if let (Some(Fault::DamagedBody { .. }), Some(old)) = (fault, self.view.get(&key)) {
                image.insert(key, old.clone());
            }
        }
        let verdict = self.verdict(fault, &image);
        let after = match verdict {
            Verdict::Applied => image,
            Verdict::DeletesHeld => {
                let mut both = self.view.clone();
                both.extend(image);
                both
            }
            Verdict::Held => {
                return Expected {
                    verdict,
                    events: BTreeMap::new(),
                    dead: Vec::new(),
                };
            }
        };
        let events = self.events(&after);
        self.view = after;
        self.loaded = true;
        Expected {
            verdict,
            events,
            dead,
        }
    }

    fn verdict(&self, fault: Option<Fault>, image: &BTreeMap<String, String>) -> Verdict {
        match fault {
            None | Some(Fault::DamagedBody { .. }) => Verdict::Applied,
            // Any record that seems to be gone may be one whose key cannot be read.
            Some(Fault::DamagedKey { .. })
                if self.view.keys().any(|key| !image.contains_key(key)) =>
            {
                Verdict::DeletesHeld
            }
            Some(Fault::DamagedKey { .. }) => Verdict::Applied,
            Some(
                Fault::Cut
                | Fault::Empty
                | Fault::WrongFormat
                | Fault::WrongTrailer
                | Fault::Missing { .. },
            ) => Verdict::Held,
        }
    }

    fn events(&self, after: &BTreeMap<String, String>) -> BTreeMap<String, Event> {
        let mut events = BTreeMap::new();
        for (key, old) in &self.view {
            let event = match after.get(key) {
                Some(new) if new == old => continue,
                Some(new) => Event {
                    op: Op::Update,
                    before: Some(old.clone()),
                    after: Some(new.clone()),
                },
                None => Event {
                    op: Op::Delete,
                    before: Some(old.clone()),
                    after: None,
                },
            };
            events.insert(key.clone(), event);
        }
        let op = if self.loaded { Op::Create } else { Op::Read };
        for (key, new) in after {
            if !self.view.contains_key(key) {
                events.insert(
                    key.clone(),
                    Event {
                        op,
                        before: None,
                        after: Some(new.clone()),
                    },
                );
            }
        }
        events
    }
}
