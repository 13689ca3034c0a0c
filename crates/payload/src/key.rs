//! The keys that objects are encrypted with: one to write with, all to read with.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ops::Setting;

use crate::error::{Error, Kind};
use crate::header::KeyId;
use crate::hex;

/// A key of AES-256.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: KeyId,
    pub(crate) bytes: [u8; 32],
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id.as_str())
    }
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    /// What is written with; nothing is encrypted if none.
    writing: Option<Arc<Key>>,
    reading: BTreeMap<KeyId, Arc<Key>>,
}

impl Keys {
    /// Follows the references.
    pub(crate) fn read(
        named: &BTreeMap<KeyId, Setting>,
        writing: Option<&KeyId>,
    ) -> Result<Self, Error> {
        let mut reading = BTreeMap::new();
        for (id, reference) in named {
            let secret = reference.resolve().map_err(|error| {
                let message = format!("the payload key {} cannot be had", id.as_str());
                Error::new(Kind::Config, message).because(error)
            })?;
            let bytes = hex::decode(&secret.expose().trim().to_ascii_lowercase());
            let bytes = bytes.ok_or_else(|| {
                let message = format!(
                    "the payload key {} is not 64 hexadecimal digits",
                    id.as_str()
                );
                Error::new(Kind::Config, message)
            })?;
            let key = Key {
                id: id.clone(),
                bytes,
            };
            reading.insert(id.clone(), Arc::new(key));
        }
        let writing = match writing {
            None => None,
            Some(id) => Some(reading.get(id).cloned().ok_or_else(|| {
                let message = format!("there is no payload key {}", id.as_str());
                Error::new(Kind::Config, message)
            })?),
        };
        Ok(Self { writing, reading })
    }

    pub(crate) fn writing(&self) -> Option<&Key> {
        self.writing.as_deref()
    }

    pub(crate) fn get(&self, id: &KeyId) -> Result<&Key, Error> {
        self.reading.get(id).map(|key| &**key).ok_or_else(|| {
            let message = format!(
                "the object is encrypted with key {}, which is not ours",
                id.as_str()
            );
            Error::new(Kind::UnknownKey, message)
        })
    }
}
