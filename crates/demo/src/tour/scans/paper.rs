//! Scans that nobody scanned: the same number always gives the same bytes, which no compression makes smaller.

use bytes::Bytes;
use ring::digest::{Context, SHA256};

use crate::dice::Dice;

/// What is made at a time.
const PIECE: u64 = 64 << 10;

/// A scan; as an iterator, its bytes from the beginning.
#[derive(Debug, Clone)]
pub(super) struct Paper {
    dice: Dice,
    length: u64,
    left: u64,
}

impl Paper {
    pub(super) fn new(seed: u64, number: u64, length: u64) -> Self {
        Self {
            dice: Dice::new(seed, "scan", number),
            length,
            left: length,
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Of all of it; of one that nothing was taken of.
    pub(super) fn sha256(&self) -> [u8; 32] {
        let mut digest = Context::new(&SHA256);
        for piece in self.clone() {
            digest.update(&piece);
        }
        finish(digest)
    }
}

impl Iterator for Paper {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let length = usize::try_from(self.left.min(PIECE)).unwrap_or_default();
        if length == 0 {
            return None;
        }
        let mut piece = Vec::with_capacity(length + 8);
        while piece.len() < length {
            piece.extend_from_slice(&self.dice.roll().to_le_bytes());
        }
        piece.truncate(length);
        self.left = self.left.saturating_sub(PIECE);
        Some(piece.into())
    }
}

pub(super) fn finish(digest: Context) -> [u8; 32] {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest.finish().as_ref());
    sha256
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_is_the_same_each_time_and_as_long_as_it_says() {
        for length in [0, 1, PIECE, PIECE + 9] {
            let paper = Paper::new(1, 1, length);
            let bytes: Vec<u8> = paper.clone().flatten().collect();
            assert_eq!(u64::try_from(bytes.len()).unwrap(), length);
            let again: Vec<u8> = Paper::new(1, 1, length).flatten().collect();
            assert!(bytes == again);
            assert_eq!(paper.sha256(), payload::manifest(&bytes).sha256);
        }
        assert_ne!(
            Paper::new(1, 1, 100).sha256(),
            Paper::new(1, 2, 100).sha256()
        );
    }
}
