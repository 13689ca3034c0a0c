//! One entry of the control log: who wants which group changed to what, and what its writer knew. Pure.
//!
//! In: bytes of the log. Out: a [`Command`], or why the bytes are not one ([`Unreadable`]): then whoever folds stops. An
//! entry has exactly one form: the JSON that [`Command::to_bytes`] writes. Anything else, a field more, another order, a
//! blank, is unreadable, so two readers cannot take different meanings from the same bytes. Never guesses, never skips.

mod parts;
mod what;

use serde::{Deserialize, Serialize};

pub use self::parts::{CommandId, Count, Loss, NotCommandId, Position, Signature};
pub use self::what::{Under, What};
use super::key::{GatewayKey, PublicKey};

/// The version of the entry's form that is written. Version 1, without signatures, is read as well.
pub const VERSION: u64 = 2;
/// The version of the rules by which entries become state ([`super::fold`]); an entry written under later rules stops an
/// older reader. Entries of version 1 go by version 1 of the rules.
pub const FOLD: u64 = 2;
/// The first version of both.
pub(super) const UNSIGNED: u64 = 1;
/// The longest entry, bytes.
pub const MAX_ENTRY: usize = 16 << 10;

/// One entry of the control log. The form is final for each version; fields stand in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// [`VERSION`], or 1.
    pub v: u64,
    /// Entries of one id count once.
    pub id: CommandId,
    /// When its writer's clock said it was written, RFC 3339; informative.
    pub at: String,
    /// The group that changes; empty where it is the fleet that does.
    pub group: String,
    /// How.
    pub what: What,
    /// The version of the group that the writer had seen; zero for a group never seen. None where it is not about a version: of a seed,
    /// the end of a hold, and what changes the fleet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// Who wants it.
    pub who: String,
    /// Why: a sentence for whoever reads it later.
    pub why: String,
    /// A change number or ticket elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// [`FOLD`], or 1.
    pub fold: u64,
    /// The last entry that its writer had folded; none for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<Position>,
    /// The instance name of the gateway that admitted it.
    pub gateway: String,
    /// That gateway's, over all the rest ([`Command::signed_bytes`]); none in version 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
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
    #[error("the entry has version {found}, this Figway reads up to version {VERSION}: upgrade it")]
    Version {
        /// The version there.
        found: u64,
    },
    /// Rules that a later Figway knows.
    #[error(
        "the entry was written under fold version {found}, this Figway folds up to version {FOLD}: upgrade it"
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

    /// What a signature is over: the bytes of the entry without one.
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        let unsigned = Self {
            signature: None,
            ..self.clone()
        };
        unsigned.to_bytes()
    }

    /// The same, signed with that key.
    #[must_use]
    pub fn signed(mut self, key: &GatewayKey) -> Self {
        self.signature = Some(key.sign(&self.signed_bytes()));
        self
    }

    /// Whether that key has signed it.
    #[must_use]
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let signature = self.signature.as_ref();
        signature.is_some_and(|signature| key.has_signed(&self.signed_bytes(), signature))
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// The bytes are not the one form of a command of this version or the one before.
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
        if !(UNSIGNED..=VERSION).contains(&versioned.v) {
            return Err(Unreadable::Version { found: versioned.v });
        }
        let command: Self =
            serde_json::from_slice(bytes).map_err(|error| form(error.to_string()))?;
        // Each form goes by the rules of its time.
        if command.fold > FOLD {
            return Err(Unreadable::Fold {
                found: command.fold,
            });
        }
        if command.fold != command.v {
            return Err(form(
                "its form and its rules are not of one version".to_owned(),
            ));
        }
        if command.v == UNSIGNED && !command.what.is_unsigned_form() {
            return Err(form("version 1 has no such entry".to_owned()));
        }
        if command.what.has_version() != command.expected.is_some() {
            return Err(form(
                "what changes a group by its version names one, and nothing else does".to_owned(),
            ));
        }
        if command.what.is_of_fleet() != command.group.is_empty() {
            return Err(form(
                "what is about the fleet names no group, everything else does".to_owned(),
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
