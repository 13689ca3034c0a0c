//! When a generation is held for a person instead of being applied: the rules that keep a failed unload from becoming a million deletes.
//!
//! In: what the scan and the comparison found, and the thresholds. Out: a verdict with its reasons. Pure: no file, no clock.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::resolve::Counts;

/// A share of a number of records, or a plain number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// Per mille of the records compared with, rounded up: a small set may always lose or damage one record.
    PerMille(u32),
    /// So many, whatever the size.
    Records(u64),
}

impl Threshold {
    /// How many of `total` are still allowed.
    pub fn allowed(self, total: u64) -> u64 {
        match self {
            Self::PerMille(share) => total.saturating_mul(u64::from(share)).div_ceil(1000),
            Self::Records(records) => records,
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerMille(share) if share % 10 == 0 => write!(f, "{} %", share / 10),
            Self::PerMille(share) => write!(f, "{}.{} %", share / 10, share % 10),
            Self::Records(records) => write!(f, "{records}"),
        }
    }
}

/// What duplicate keys within one generation mean for its deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DuplicateKeys {
    /// One of the two may be another record whose key was damaged, and that record would look deleted: hold the deletes.
    HoldDeletes,
    /// The data set is known to have them; the last one governs.
    LastWins,
}

/// The thresholds of one source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// The most records that may vanish from one generation to the next.
    pub max_deletes: Threshold,
    /// The most records of a generation that may be unreadable or duplicate.
    pub max_bad: Threshold,
    /// What duplicate keys mean.
    pub duplicate_keys: DuplicateKeys,
}

/// Why a generation, or its deletes, wait for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Reason {
    /// The file has no data record.
    Empty,
    /// The file does not divide into records as its record format says: cut, or the wrong format.
    Framing {
        /// What the deframer said.
        message: String,
    },
    /// A count, total or date in a header or trailer is not what the records say.
    Control {
        /// Which, what was wanted and what came.
        message: String,
    },
    /// More records vanished than is allowed.
    TooManyDeletes {
        /// Records that vanished.
        deletes: u64,
        /// Records before.
        of: u64,
        /// The most allowed.
        allowed: u64,
    },
    /// More records are bad than is allowed: most often a wrong record format, record length, code page or copybook.
    TooManyBad {
        /// Bad records.
        bad: u64,
        /// Records in the generation.
        of: u64,
        /// The most allowed.
        allowed: u64,
        /// The first one's fault: record, field, reason; no contents.
        first: String,
    },
    /// Records without a readable key: any of the missing records may be one of them.
    UnreadableKeys {
        /// How many.
        records: u64,
    },
    /// Records with the same key: one of them may be a missing record with a damaged key.
    DuplicateKeys {
        /// How many.
        records: u64,
    },
    /// The image the next comparison needs is gone and cannot be rebuilt.
    ImageLost {
        /// Which and why.
        message: String,
    },
    /// The layout is not the one the committed records were read with.
    LayoutChanged {
        /// Fingerprint in the checkpoint.
        from: String,
        /// Fingerprint now.
        to: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => {
                f.write_str("the generation has no records; an unload that failed looks like this")
            }
            Self::Framing { message } | Self::Control { message } => f.write_str(message),
            Self::TooManyDeletes {
                deletes,
                of,
                allowed,
            } => {
                write!(
                    f,
                    "{deletes} of {of} records are missing, at most {allowed} may be (max_deletes)"
                )
            }
            Self::TooManyBad {
                bad,
                of,
                allowed,
                first,
            } => write!(
                f,
                "{bad} of {of} records cannot be read, at most {allowed} may be (max_bad); is the record format, record length, code page or copybook wrong? first: {first}"
            ),
            Self::UnreadableKeys { records } => {
                write!(
                    f,
                    "{} a key that cannot be read, so a missing record may be one of them",
                    have(*records)
                )
            }
            Self::DuplicateKeys { records } => {
                write!(
                    f,
                    "{} the key of another one, so a missing record may be one of them with a damaged key",
                    have(*records)
                )
            }
            Self::ImageLost { message } => f.write_str(message),
            Self::LayoutChanged { from, to } => {
                let short = |text: &str| text.chars().take(12).collect::<String>();
                write!(
                    f,
                    "the layout changed from {} to {} since the last commit",
                    short(from),
                    short(to)
                )
            }
        }
    }
}

fn have(records: u64) -> String {
    if records == 1 {
        "1 record has".to_owned()
    } else {
        format!("{records} records have")
    }
}

/// What is done with a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything is applied.
    Apply,
    /// Creates and updates are applied; the missing records stay until a person, or a later generation without fault, says they are gone.
    HoldDeletes(Vec<Reason>),
    /// Nothing is applied.
    Hold(Vec<Reason>),
}

/// What the scan and the comparison found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) counts: Counts,
    /// The deframer's error, if the file did not divide into records.
    pub(crate) framing: Option<String>,
    /// Every disagreement of a header or trailer.
    pub(crate) controls: Vec<String>,
    /// The first bad record's fault.
    pub(crate) first_bad: Option<String>,
}

/// Judges a generation.
pub(crate) fn judge(evidence: &Evidence, rules: &Rules) -> Verdict {
    let counts = &evidence.counts;
    let mut reasons = Vec::new();
    if let Some(message) = &evidence.framing {
        reasons.push(Reason::Framing {
            message: message.clone(),
        });
    } else if counts.records == 0 {
        reasons.push(Reason::Empty);
    }
    reasons.extend(evidence.controls.iter().map(|message| Reason::Control {
        message: message.clone(),
    }));
    let allowed = rules.max_bad.allowed(counts.records);
    if counts.bad() > allowed {
        let first = evidence.first_bad.clone().unwrap_or_default();
        reasons.push(Reason::TooManyBad {
            bad: counts.bad(),
            of: counts.records,
            allowed,
            first,
        });
    }
    // After any of these the number of missing records says nothing of its own.
    if reasons.is_empty() {
        let allowed = rules.max_deletes.allowed(counts.before);
        if counts.missing > allowed {
            reasons.push(Reason::TooManyDeletes {
                deletes: counts.missing,
                of: counts.before,
                allowed,
            });
        }
    }
    if !reasons.is_empty() {
        return Verdict::Hold(reasons);
    }
    if counts.missing > 0 {
        if counts.unreadable_keys > 0 {
            reasons.push(Reason::UnreadableKeys {
                records: counts.unreadable_keys,
            });
        }
        if counts.duplicate_keys > 0 && rules.duplicate_keys == DuplicateKeys::HoldDeletes {
            reasons.push(Reason::DuplicateKeys {
                records: counts.duplicate_keys,
            });
        }
    }
    if reasons.is_empty() {
        Verdict::Apply
    } else {
        Verdict::HoldDeletes(reasons)
    }
}

#[cfg(test)]
mod tests;
