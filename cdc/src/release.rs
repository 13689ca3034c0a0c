//! What a person decides about a held generation, or about held deletes.
//!
//! A release travels as a record on the checkpoint topic, so it works whether the worker runs or not. It names the hold it answers: when the file was
//! replaced and judged anew in between, it answers nothing any more and is left alone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The version of a release's form.
const VERSION: u32 = 1;

/// What to do with what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Apply the generation as it is, deletes included; for held deletes: delete.
    Apply,
    /// Apply creates and updates; keep the records that are missing.
    WithoutDeletes,
    /// Leave the generation out; the next one is compared with what the topic shows now.
    Skip,
    /// Emit the next generation that reads as a new snapshot (`r`), without deletes. For a lost image or a changed layout.
    Resnapshot,
}

impl Choice {
    /// Every choice.
    pub const ALL: [Self; 4] = [
        Self::Apply,
        Self::WithoutDeletes,
        Self::Skip,
        Self::Resnapshot,
    ];

    /// The word on the command line and in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::WithoutDeletes => "without-deletes",
            Self::Skip => "skip",
            Self::Resnapshot => "resnapshot",
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|choice| choice.as_str() == text)
            .ok_or_else(|| {
                let all = Self::ALL.map(Self::as_str).join(", ");
                format!("wanted one of {all}; got `{text}`")
            })
    }
}

/// A person's decision, as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The form's version.
    pub version: u32,
    /// Different for every release.
    pub id: String,
    /// The hold it answers.
    pub hold: String,
    /// The generation that is held.
    pub generation: String,
    /// What to do.
    pub choice: Choice,
    /// Who decided.
    pub who: String,
    /// Why: a change number, a sentence.
    pub why: String,
    /// When, milliseconds since 1970.
    pub ts_ms: i64,
}

impl Release {
    /// A release of this version.
    pub(crate) fn new(
        id: String,
        hold: String,
        generation: String,
        decision: &Decision,
        ts_ms: i64,
    ) -> Self {
        let Decision { choice, who, why } = decision.clone();
        Self {
            version: VERSION,
            id,
            hold,
            generation,
            choice,
            who,
            why,
            ts_ms,
        }
    }

    /// Whether this program knows the form.
    pub(crate) fn is_known(&self) -> bool {
        self.version == VERSION
    }
}

/// What was decided, by whom, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What to do.
    pub choice: Choice,
    /// Who decided.
    pub who: String,
    /// Why.
    pub why: String,
}
