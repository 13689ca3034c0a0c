//! Who may write into the log: the keys that the log itself says sign for gateways. Pure.
//!
//! A gateway's first entry tells its key. While admission is open, whoever can write to the log can enrol a key for any name; what is
//! certain then is that entries of one key are of one gateway, and an auditor sees every key and when it came. Once admission is closed,
//! a new key must be enrolled by a gateway that is known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::control::command::{Command, UNSIGNED, What};
use crate::control::key::{KeyId, PublicKey};

/// How many keys are kept. A part of fold version 2.
pub const MAX_KEYS: usize = 1_000;

/// The keys that were enrolled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signers {
    keys: BTreeMap<KeyId, Enrolled>,
    closed: bool,
}

/// A key that was enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolled {
    /// The instance name of the gateway it signs for.
    pub gateway: String,
    /// The key.
    pub key: PublicKey,
    /// The entry that enrolled it.
    pub offset: u64,
    /// The gateway that wrote that entry: itself, or one that was known.
    pub by: String,
    /// The entry that took its right away.
    pub revoked: Option<u64>,
}

impl Signers {
    /// Whether nothing was ever said of keys.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// All keys, by their names.
    pub fn keys(&self) -> impl Iterator<Item = (&KeyId, &Enrolled)> {
        self.keys.iter()
    }

    /// Whether a gateway may enrol its own key.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.closed
    }

    /// Whether that key signs for that gateway.
    #[must_use]
    pub fn signs(&self, key: &KeyId, gateway: &str) -> bool {
        self.standing(key.as_str(), gateway).is_ok()
    }

    fn standing(&self, key: &str, gateway: &str) -> Result<&Enrolled, Refusal> {
        let known = self.keys.get(key).ok_or(Refusal::UnknownKey)?;
        if known.revoked.is_some() {
            return Err(Refusal::RevokedKey);
        }
        if known.gateway != gateway {
            return Err(Refusal::KeyOfAnother);
        }
        Ok(known)
    }

    /// Whether the entry was written by the gateway that it names.
    pub(super) fn check(&self, command: &Command) -> Result<(), Refusal> {
        if command.v == UNSIGNED {
            // What nobody signed counts until somebody has signed.
            return if self.keys.is_empty() {
                Ok(())
            } else {
                Err(Refusal::Unsigned)
            };
        }
        let signature = command.signature.as_ref().ok_or(Refusal::Unsigned)?;
        let key = match &command.what {
            What::Enrol { gateway, key } if key.id().as_str() == signature.key => {
                if self.closed {
                    return Err(Refusal::Closed);
                }
                if *gateway != command.gateway {
                    return Err(Refusal::KeyOfAnother);
                }
                key
            }
            _ => &self.standing(&signature.key, &command.gateway)?.key,
        };
        if command.is_signed_by(key) {
            Ok(())
        } else {
            Err(Refusal::BadSignature)
        }
    }

    pub(super) fn enrol(&mut self, command: &Command, offset: u64) -> Result<(), Refusal> {
        let What::Enrol { gateway, key } = &command.what else {
            return Ok(());
        };
        let own = command
            .signature
            .as_ref()
            .is_some_and(|by| by.key == key.id().as_str());
        match self.keys.get(&key.id()) {
            Some(known) if known.revoked.is_none() && known.gateway == *gateway => {
                return Err(Refusal::KnownKey {
                    first: known.offset,
                });
            }
            // Who lost the right does not give it to himself again.
            Some(known) if known.revoked.is_some() && own => return Err(Refusal::RevokedKey),
            // Or the gateway has another name now.
            Some(_) | None => {}
        }
        if self.keys.len() >= MAX_KEYS && !self.keys.contains_key(&key.id()) {
            // The oldest: its gateway enrols again if it is there. What was revoked stays so.
            let live = self
                .keys
                .iter()
                .filter(|(_, known)| known.revoked.is_none());
            let oldest = live.min_by_key(|(_, known)| known.offset);
            let oldest = oldest.map(|(id, _)| id.clone());
            let oldest = oldest.filter(|_| !self.closed);
            self.keys.remove(&oldest.ok_or(Refusal::TooManyKeys)?);
        }
        self.keys.insert(
            key.id(),
            Enrolled {
                gateway: gateway.clone(),
                key: *key,
                offset,
                by: command.gateway.clone(),
                revoked: None,
            },
        );
        Ok(())
    }

    pub(super) fn revoke(&mut self, key: &KeyId, offset: u64) -> Result<(), Refusal> {
        let live = self.keys.values().filter(|known| known.revoked.is_none());
        let many = live.count() > 1;
        let known = self.keys.get_mut(key).ok_or(Refusal::UnknownKey)?;
        if known.revoked.is_some() {
            return Err(Refusal::RevokedKey);
        }
        if !many {
            return Err(Refusal::LastKey);
        }
        known.revoked = Some(offset);
        Ok(())
    }

    pub(super) fn admit(&mut self, open: bool) {
        self.closed = !open;
    }
}
