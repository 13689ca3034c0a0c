//! What entries are made of: ids, places in the chain, signatures, writes that legacy lacks.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::control::hash::ChainHash;
use crate::mode::Mode;

/// Writes that modern accepted and legacy does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// How many.
    pub writes: u64,
    /// Whether there may be more.
    pub count: Count,
}

/// How sure a number of writes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// All were seen.
    Exact,
    /// Others may have come before this gateway began, or through other gateways.
    AtLeast,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.writes == 1 { "" } else { "s" };
        match self.count {
            Count::Exact => write!(f, "{} write{plural}", self.writes),
            Count::AtLeast => write!(f, "at least {} write{plural}", self.writes),
        }
    }
}

/// A place in the log and the chain's hash there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The offset of an entry.
    pub offset: u64,
    /// The hash of the chain with that entry.
    #[schemars(with = "String")]
    pub hash: ChainHash,
}

/// A signature of the gateway that admitted a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// `ed25519`.
    pub algorithm: String,
    /// Which key: its [`KeyId`](crate::control::key::KeyId).
    pub key: String,
    /// The signature in base64.
    pub value: String,
}

/// What makes a command one: a UUID, or for a mode from the file `seed-` and a hash, so that every gateway's copy is the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommandId(String);

impl CommandId {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4().to_string())
    }

    /// The one of that mode of that group in that revision of the file.
    #[must_use]
    pub fn of_seed(revision: u64, group: &str, mode: Mode) -> Self {
        let mode = match mode {
            Mode::Legacy => "legacy".to_owned(),
            Mode::Shadow => "shadow".to_owned(),
            Mode::Canary { percent } => format!("canary {}", percent.get()),
            Mode::Modern => "modern".to_owned(),
            Mode::Retired => "retired".to_owned(),
        };
        // Decimal numbers and modes hold no zero byte, and the group comes last: no two seeds give one text.
        let text = format!("figway seed 1\0{revision}\0{mode}\0{group}");
        Self(format!("seed-{}", ChainHash::of(text.as_bytes())))
    }

    /// As it stands in the log.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<CommandId> for String {
    fn from(id: CommandId) -> Self {
        id.0
    }
}

/// Not a command id.
#[derive(Debug, thiserror::Error)]
#[error("wanted a lower-case UUID or `seed-` and a hash as the command id")]
pub struct NotCommandId;

impl TryFrom<String> for CommandId {
    type Error = NotCommandId;

    fn try_from(text: String) -> Result<Self, NotCommandId> {
        let known = match text.strip_prefix("seed-") {
            Some(hash) => hash.parse::<ChainHash>().is_ok(),
            None => Uuid::parse_str(&text).is_ok_and(|id| id.to_string() == text),
        };
        if known {
            Ok(Self(text))
        } else {
            Err(NotCommandId)
        }
    }
}
