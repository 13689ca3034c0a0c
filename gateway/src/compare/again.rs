//! When a side is asked once more for the sake of comparing. Plain values.

use std::collections::BTreeSet;
use std::time::Duration;

/// How a view that was behind is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recheck {
    /// After how long, each time.
    pub after: Duration,
    /// How often at most.
    pub times: u32,
}

/// How it is learned in what legacy differs from itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoiseRule {
    /// The part of mirrored requests, in percent, for which legacy is asked twice.
    pub percent: u8,
    /// At most once in this time.
    pub every: Duration,
    /// A field is left out of verdicts when legacy differs from itself in more than this part of pairs, in percent; never if none.
    pub leave_out: Option<u8>,
}

/// Fields of a route that are left out of verdicts as noise, by name.
pub type Noisy = BTreeSet<String>;
