//! The names of images.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of an image: the SHA-256 of its content, as 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);

impl Address {
    pub(crate) fn of(hash: &[u8; 32]) -> Self {
        Self(crate::hex(hash))
    }

    /// The 64 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // It becomes a file name: nothing but hex digits may pass.
        if text.len() == 64
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            Ok(Self(text))
        } else {
            Err(format!("an image address is 64 hex digits, not `{text}`"))
        }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_hex_and_nothing_else() {
        assert!(Address::try_from("../../etc/passwd".to_owned()).is_err());
        assert!(Address::try_from("a".repeat(64)).is_ok());
    }
}
