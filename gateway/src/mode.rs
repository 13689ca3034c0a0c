//! Modes are data: what a group's state says ([`Mode`]), and what follows for one request ([`Plan`]). Pure.

mod hours;
mod plan;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use hours::{Opening, opening};
pub use plan::{NoLeg, Plan, in_canary, plan, wants_key};

/// Whole percent, 0 to 100.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "u8", into = "u8")]
pub struct Percent(u8);

impl Percent {
    /// None at all.
    pub const NONE: Self = Self(0);
    /// All of it.
    pub const ALL: Self = Self(100);

    /// The number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

/// Not a percentage.
#[derive(Debug, thiserror::Error)]
#[error("wanted a whole number of percent from 0 to 100, got {0}")]
pub struct NotPercent(u8);

impl TryFrom<u8> for Percent {
    type Error = NotPercent;

    fn try_from(number: u8) -> Result<Self, NotPercent> {
        if number <= 100 {
            Ok(Self(number))
        } else {
            Err(NotPercent(number))
        }
    }
}

impl From<Percent> for u8 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}

/// Which side answers a group's requests. The form in the control log is final: `{"mode":"canary","percent":10}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "mode", rename_all = "lowercase", deny_unknown_fields)]
pub enum Mode {
    /// Legacy.
    Legacy,
    /// Legacy; modern is asked as well and the answers are compared.
    Shadow,
    /// Modern for that part of the keys, else legacy.
    Canary {
        /// How many of a hundred keys.
        percent: Percent,
    },
    /// Modern.
    Modern,
    /// Modern; legacy may not be called.
    Retired,
}

impl Mode {
    /// Whether modern executes anything for a client in it.
    #[must_use]
    pub fn lets_modern_answer(self) -> bool {
        match self {
            Self::Legacy | Self::Shadow => false,
            Self::Canary { .. } | Self::Modern | Self::Retired => true,
        }
    }

    /// Its name without the number.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Shadow => "shadow",
            Self::Canary { .. } => "canary",
            Self::Modern => "modern",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::Canary { percent } => write!(f, " {} %", percent.get()),
            Self::Legacy | Self::Shadow | Self::Modern | Self::Retired => Ok(()),
        }
    }
}
