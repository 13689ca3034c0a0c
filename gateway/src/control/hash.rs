//! The chain that makes history checkable: h(n) = SHA-256(h(n-1) ‖ offset as 8 bytes, big endian ‖ bytes). Pure.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A SHA-256 hash; 64 hexadecimal digits as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// What stands before the first entry: 32 zero bytes.
    pub const NOTHING: Self = Self([0; 32]);

    /// The hash of a chain that goes on with those bytes at that offset.
    #[must_use]
    pub fn next(self, offset: u64, bytes: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(offset.to_be_bytes());
        hash.update(bytes);
        Self(hash.finalize().into())
    }

    /// The hash of some bytes alone.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl Default for ChainHash {
    fn default() -> Self {
        Self::NOTHING
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<ChainHash> for String {
    fn from(hash: ChainHash) -> Self {
        hash.to_string()
    }
}

/// Not 64 lower-case hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("wanted 64 lower-case hexadecimal digits")]
pub struct NotHash;

impl TryFrom<String> for ChainHash {
    type Error = NotHash;

    fn try_from(text: String) -> Result<Self, NotHash> {
        text.parse()
    }
}

impl std::str::FromStr for ChainHash {
    type Err = NotHash;

    fn from_str(text: &str) -> Result<Self, NotHash> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(NotHash),
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(NotHash);
        }
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_what_the_description_says() {
        // printf '%064d' 0 | xxd -r -p, then 8 zero bytes, then "a", through sha256sum
        let first = ChainHash::NOTHING.next(0, b"a");
        let mut whole = vec![0; 40];
        whole.push(b'a');
        assert_eq!(first, ChainHash::of(&whole));
        assert_ne!(first.next(1, b"b"), first.next(2, b"b"));
        assert_eq!(first.to_string().parse::<ChainHash>().unwrap(), first);
        assert!("AB".repeat(32).parse::<ChainHash>().is_err());
        assert!("ab".repeat(31).parse::<ChainHash>().is_err());
    }
}
