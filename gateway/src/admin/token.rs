//! The bearer token (RFC 6750), compared without saying by the time it takes how much of it was right.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use ops::Secret;
use sha2::{Digest, Sha256};

/// A token shorter than this, in bytes, is none.
pub(super) const LEAST: usize = 8;

/// The token's hash; the token itself is not kept.
pub(super) struct Token([u8; 32]);

impl Token {
    /// None if it is too short.
    pub(super) fn new(token: &Secret) -> Option<Self> {
        (token.expose().len() >= LEAST).then(|| Self(hash(token.expose().as_bytes())))
    }

    /// Whether the request carries it.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        let Some((scheme, given)) = value.as_bytes().split_at_checked(7) else {
            return false;
        };
        if !scheme.eq_ignore_ascii_case(b"bearer ") {
            return false;
        }
        // Every byte of the two hashes is looked at, whatever the ones before were.
        let differ = self
            .0
            .iter()
            .zip(hash(given))
            .fold(0, |differ, (ours, theirs)| differ | (ours ^ theirs));
        differ == 0
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_whole_token_opens() {
        let token = Token::new(&Secret::new("0123456789")).unwrap();
        let with = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_static(value));
            }
            token.is_in(&headers)
        };
        assert!(with(&["Bearer 0123456789"]));
        assert!(with(&["bearer 0123456789"]));
        assert!(!with(&[]));
        assert!(!with(&["Bearer 012345678"]));
        assert!(!with(&["Bearer 01234567890"]));
        assert!(!with(&["Basic 0123456789"]));
        assert!(!with(&["Bearer"]));
        assert!(!with(&["Bearer 0123456789", "Bearer 0123456789"]));
        assert!(Token::new(&Secret::new("short")).is_none());
    }
}
