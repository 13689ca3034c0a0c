//! The key with which a gateway signs what it writes into the control log: Ed25519 (RFC 8032).
//!
//! In: the folder of the gateway; the key is made there at its first start and never leaves it (`gateway.key`, PKCS #8 in base64, for its owner
//! alone to read). Out: [`Signature`]s, and the [`PublicKey`] that the log is told. Checking one is pure.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{
    ED25519, ED25519_PUBLIC_KEY_LEN, Ed25519KeyPair, KeyPair, UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::command::Signature;

const NAME: &str = "gateway.key";
/// The one algorithm.
const ALGORITHM: &str = "ed25519";
/// What stands before the signed bytes: a signature made for this log is good for nothing else.
const PURPOSE: &[u8] = b"figway control 2\0";

/// The public half; 32 bytes, in base64 as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; ED25519_PUBLIC_KEY_LEN]);

/// By what a key is named: the first 16 hexadecimal digits of its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(String);

/// The key of this gateway.
pub struct GatewayKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The disk.
    #[error("the gateway's key {path} cannot be {what}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Read or written.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Not a key.
    #[error(
        "the gateway's key {path} is none: {why}; move it away, and the gateway makes another and tells the log"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The system has no randomness.
    #[error("no key can be made: the system gives no random bytes")]
    Random,
}

impl GatewayKey {
    /// The key in that folder; made if there is none. Blocking.
    ///
    /// # Errors
    /// The file cannot be read or made, or is no key.
    pub(super) fn open(directory: &Path) -> Result<Self, KeyError> {
        let path = directory.join(NAME);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(text.trim()).map_err(|why| KeyError::Damaged { path, why }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(path),
            Err(source) => Err(KeyError::Io {
                path,
                what: "read",
                source,
            }),
        }
    }

    fn make(path: PathBuf) -> Result<Self, KeyError> {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        let text = STANDARD.encode(made.map_err(|_| KeyError::Random)?.as_ref());
        match store(&path, &text) {
            Ok(()) => Self::parse(&text).map_err(|why| KeyError::Damaged { path, why }),
            Err(source) => Err(KeyError::Io {
                path,
                what: "written",
                source,
            }),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let bytes = STANDARD.decode(text).map_err(|error| error.to_string())?;
        let pair = Ed25519KeyPair::from_pkcs8(&bytes).map_err(|error| error.to_string())?;
        let public = pair.public_key().as_ref().try_into();
        let public = PublicKey(public.map_err(|_| "its public half is too short".to_owned())?);
        Ok(Self { pair, public })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs those bytes.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        Signature {
            algorithm: ALGORITHM.to_owned(),
            key: self.public.id().to_string(),
            value: STANDARD.encode(self.pair.sign(&purposed(bytes)).as_ref()),
        }
    }
}

impl fmt::Debug for GatewayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GatewayKey({})", self.public.id())
    }
}

/// Written beside and renamed: there is never half of it.
fn store(path: &Path, text: &str) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let beside = path.with_extension("key.new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    // There after a power cut only if its folder knows it.
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn purposed(bytes: &[u8]) -> Vec<u8> {
    [PURPOSE, bytes].concat()
}

impl PublicKey {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let hash: [u8; 32] = Sha256::digest(self.0).into();
        KeyId(
            hash.iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        )
    }

    /// Whether it has signed those bytes.
    #[must_use]
    pub fn has_signed(&self, bytes: &[u8], signature: &Signature) -> bool {
        let Ok(value) = STANDARD.decode(&signature.value) else {
            return false;
        };
        signature.algorithm == ALGORITHM
            && signature.key == self.id().as_str()
            && UnparsedPublicKey::new(&ED25519, &self.0)
                .verify(&purposed(bytes), &value)
                .is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

/// Not a public key.
#[derive(Debug, thiserror::Error)]
#[error("wanted the 32 bytes of an Ed25519 public key in base64")]
pub struct NotPublicKey;

impl TryFrom<String> for PublicKey {
    type Error = NotPublicKey;

    fn try_from(text: String) -> Result<Self, NotPublicKey> {
        let bytes = STANDARD.decode(&text).map_err(|_| NotPublicKey)?;
        bytes.try_into().map(Self).map_err(|_| NotPublicKey)
    }
}

impl KeyId {
    /// As it stands in the log.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for KeyId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.0
    }
}

/// Not the name of a key.
#[derive(Debug, thiserror::Error)]
#[error("wanted 16 lower-case hexadecimal digits as the name of a key")]
pub struct NotKeyId;

impl TryFrom<String> for KeyId {
    type Error = NotKeyId;

    fn try_from(text: String) -> Result<Self, NotKeyId> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 16 && text.bytes().all(is_digit) {
            Ok(Self(text))
        } else {
            Err(NotKeyId)
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Always the same key for the same number.
    pub(in crate::control) fn key(number: u8) -> GatewayKey {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[number; 32]).unwrap();
        let public = PublicKey(pair.public_key().as_ref().try_into().unwrap());
        GatewayKey { pair, public }
    }

    #[test]
    fn a_key_is_made_once_and_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let made = GatewayKey::open(folder.path()).unwrap();
        let again = GatewayKey::open(folder.path()).unwrap();
        assert_eq!(made.public(), again.public());
        let mode = std::fs::metadata(folder.path().join(NAME)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        std::fs::write(folder.path().join(NAME), "AAAA").unwrap();
        let error = GatewayKey::open(folder.path()).unwrap_err();
        assert!(matches!(error, KeyError::Damaged { .. }), "{error}");
    }

    #[test]
    fn only_the_signed_bytes_pass_and_only_under_their_key() {
        let (one, other) = (key(1), key(2));
        let signature = one.sign(b"a flip");
        assert!(one.public().has_signed(b"a flip", &signature));
        assert!(!one.public().has_signed(b"a flop", &signature));
        assert!(!other.public().has_signed(b"a flip", &signature));
        let renamed = Signature {
            key: other.public().id().to_string(),
            ..signature.clone()
        };
        assert!(!one.public().has_signed(b"a flip", &renamed));
        let unread = Signature {
            value: "?".to_owned(),
            ..signature.clone()
        };
        assert!(!one.public().has_signed(b"a flip", &unread));
        let of_another_algorithm = Signature {
            algorithm: "none".to_owned(),
            ..signature
        };
        assert!(!one.public().has_signed(b"a flip", &of_another_algorithm));
    }

    #[test]
    fn names_and_keys_have_one_form() {
        let public = key(1).public();
        assert_eq!(PublicKey::try_from(public.to_string()).unwrap(), public);
        assert!(PublicKey::try_from("AAAA".to_owned()).is_err());
        assert_eq!(
            KeyId::try_from(public.id().to_string()).unwrap(),
            public.id()
        );
        assert!(KeyId::try_from("0123456789ABCDEF".to_owned()).is_err());
        assert!(KeyId::try_from("0123".to_owned()).is_err());
    }
}
