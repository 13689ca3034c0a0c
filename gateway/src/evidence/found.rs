//! What was found about one mirrored request.

use std::time::Duration;

use super::live::SideState;
use super::state::bump;
use crate::compare::Verdict;

/// What became of one mirrored request.
#[derive(Debug, Clone)]
pub enum Finding {
    /// The mirror answered and was compared, or could not be.
    Compared(Verdict),
    /// The mirror did not answer: the code of its error.
    Failed(&'static str),
    /// It was not asked, for want of room or of time: why, as [`crate::mirror::Dropped`] has it.
    Dropped(&'static str),
}

impl Finding {
    /// A short stable name for metrics and logs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Compared(verdict) => verdict.as_str(),
            Self::Failed(_) => "error",
            Self::Dropped(_) => "dropped",
        }
    }
}

/// A finding, and what it is about.
#[derive(Debug, Clone)]
pub struct Found<'f> {
    /// The request.
    pub request: uuid::Uuid,
    /// The digest of the rules it was compared by.
    pub rules: &'f str,
    /// The variant of legacy's answer, or of modern's where legacy gave none.
    pub variant: &'f str,
    /// What was found.
    pub finding: Finding,
    /// Fields that differed and were left out, as noise.
    pub left_out: Vec<String>,
    /// Whether it was found by asking again after a view was behind.
    pub asked_again: AskedAgain,
    /// What became of the request at each side.
    pub sides: Sides,
}

/// What became of one mirrored request at each side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sides {
    /// At legacy.
    pub legacy: AtSide,
    /// At modern.
    pub modern: AtSide,
}

/// What became of it at one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AtSide {
    /// Nothing is known.
    #[default]
    Unknown,
    /// It answered.
    Answered {
        /// How long that took, up to the head of the answer.
        took: Duration,
        /// Whether with a status of 500 and above.
        server_error: bool,
    },
    /// It did not.
    Failed,
}

impl AtSide {
    pub(super) fn count(self, of_side: &mut SideState) {
        match self {
            Self::Unknown => {}
            Self::Answered { took, server_error } => {
                bump(&mut of_side.answers);
                of_side.latency.add(took);
                if server_error {
                    bump(&mut of_side.errors);
                }
            }
            Self::Failed => bump(&mut of_side.errors),
        }
    }
}

/// Whether the mirror was asked once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AskedAgain {
    /// It was asked once.
    #[default]
    No,
    /// A view was behind at first.
    Yes,
}

/// What asking legacy twice has shown.
#[derive(Debug, Clone)]
pub enum Noise {
    /// In which fields its two answers differ; mostly in none.
    Pair(Vec<String>),
    /// There was no second answer, or the two cannot be compared.
    None,
}
