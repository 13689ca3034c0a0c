//! One entry of the control log: who wants which group changed to what, and what its writer knew. Pure.
//!
//! In: bytes of the log. Out: a [`Command`], or why the bytes are not one ([`Unreadable`]): then whoever folds stops. An
//! entry has exactly one form: the JSON that [`Command::to_bytes`] writes. Anything else, a field more, another order, a
//! blank, is unreadable, so two readers cannot take different meanings from the same bytes. Never guesses, never skips.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::hash::ChainHash;
use crate::mode::Mode;

/// The version of the entry's form.
pub const VERSION: u64 = 1;
/// The version of the rules by which entries become state ([`super::fold`]); an entry written under later rules stops an
/// older reader.
pub const FOLD: u64 = 1;
/// The longest entry, bytes.
pub const MAX_ENTRY: usize = 16 << 10;

/// One entry of the control log. The form is final for version 1; fields stand in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// [`VERSION`].
    pub v: u64,
    /// Entries of one id count once.
    pub id: CommandId,
    /// When its writer's clock said it was written, RFC 3339; informative.
    pub at: String,
    /// The group that changes.
    pub group: String,
    /// How.
    pub what: What,
    /// The version of the group that the writer had seen; zero for a group never seen. A seed has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// Who wants it.
    pub who: String,
    /// Why: a sentence for whoever reads it later.
    pub why: String,
    /// A change number or ticket elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// [`FOLD`].
    pub fold: u64,
    /// The last entry that its writer had folded; none for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<Position>,
    /// The instance name of the gateway that admitted it.
    pub gateway: String,
    /// Reserved: carried and covered by the chain, not yet written and not yet verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// What a command changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// Another mode.
    Set {
        /// Which.
        to: Mode,
        /// Writes that legacy lacks from then on, accepted by the person who set it.
        #[serde(skip_serializing_if = "Option::is_none")]
        accept_loss: Option<Loss>,
    },
    /// The mode of an earlier version of the group.
    Rollback {
        /// Which version.
        to: u64,
        /// As in `set`.
        #[serde(skip_serializing_if = "Option::is_none")]
        accept_loss: Option<Loss>,
    },
    /// The mode that `routes.toml` gives. Many gateways write the same one.
    Seed {
        /// The file's revision.
        revision: u64,
        /// The mode.
        mode: Mode,
    },
    /// An override that a gateway made while the log was out of reach.
    BreakGlassMerge {
        /// The mode it was overridden to.
        mode: Mode,
        /// When, RFC 3339, by that gateway's clock.
        journalled_at: String,
    },
}

impl What {
    /// The writes that somebody accepted legacy will lack.
    #[must_use]
    pub fn accepted_loss(&self) -> Option<Loss> {
        match self {
            Self::Set { accept_loss, .. } | Self::Rollback { accept_loss, .. } => *accept_loss,
            Self::Seed { .. } | Self::BreakGlassMerge { .. } => None,
        }
    }
}

/// Writes that modern accepted and legacy does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// How many.
    pub writes: u64,
    /// Whether there may be more.
    pub count: Count,
}

/// How sure a number of writes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The offset of an entry.
    pub offset: u64,
    /// The hash of the chain with that entry.
    pub hash: ChainHash,
}

/// A signature of the gateway that admitted a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Which algorithm.
    pub algorithm: String,
    /// Which key.
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

/// Why bytes of the log are not a command. Folding stops there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// More than an entry may have.
    #[error("the entry has {length} bytes, at most {MAX_ENTRY} are allowed")]
    TooLong {
        /// How many it has.
        length: usize,
    },
    /// A form that a later Figway writes.
    #[error("the entry has version {found}, this Figway reads version {VERSION}: upgrade it")]
    Version {
        /// The version there.
        found: u64,
    },
    /// Rules that a later Figway knows.
    #[error(
        "the entry was written under fold version {found}, this Figway folds by version {FOLD}: upgrade it"
    )]
    Fold {
        /// The version there.
        found: u64,
    },
    /// Anything else.
    #[error("the entry is no command: {why}")]
    Form {
        /// What is wrong.
        why: String,
    },
}

impl Command {
    /// The bytes that stand in the log.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("text and numbers always have a JSON form")
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// The bytes are not the one form of a command of this version.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        /// What entries of all versions have.
        #[derive(Deserialize)]
        struct Versioned {
            v: u64,
        }
        let form = |why: String| Unreadable::Form { why };
        if bytes.len() > MAX_ENTRY {
            return Err(Unreadable::TooLong {
                length: bytes.len(),
            });
        }
        let versioned: Versioned =
            serde_json::from_slice(bytes).map_err(|error| form(error.to_string()))?;
        if versioned.v != VERSION {
            return Err(Unreadable::Version { found: versioned.v });
        }
        let command: Self =
            serde_json::from_slice(bytes).map_err(|error| form(error.to_string()))?;
        if command.fold != FOLD {
            return Err(Unreadable::Fold {
                found: command.fold,
            });
        }
        let seeds = matches!(command.what, What::Seed { .. });
        if seeds == command.expected.is_some() {
            return Err(form(
                "a seed has no expected version, every other command has one".to_owned(),
            ));
        }
        if command.to_bytes() != bytes {
            return Err(form("it is not in the form we write".to_owned()));
        }
        Ok(command)
    }
}

#[cfg(test)]
pub(super) mod tests;
