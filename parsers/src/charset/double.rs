//! Double-byte pages: two bytes, one character (or one and a combining mark), and back.
//!
//! In: pairs of bytes, or characters. Out: the other. [`Double`] reads its tables in place from the generated blob;
//! the way back is put together at the first text that is written.

use std::fmt;
use std::sync::OnceLock;

use super::double_tables::TABLES;

/// Most characters one pair stands for.
const MOST: usize = 2;

/// One double-byte page.
pub(super) struct Double {
    /// By lead byte: where its characters are.
    rows: Vec<Row>,
    /// Pairs whose character is another pair's: they do not come back from text.
    second: Vec<u16>,
    /// What is not one UTF-16 unit.
    long: Vec<String>,
    back: OnceLock<Back>,
}

/// One lead byte's characters: those of the trail bytes from `first`.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    first: u8,
    units: &'static [u8],
}

/// Characters to pairs, in order.
#[derive(Debug, Default)]
struct Back {
    one: Vec<(char, u16)>,
    two: Vec<([char; MOST], u16)>,
}

impl fmt::Debug for Double {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Double").finish_non_exhaustive()
    }
}

/// Reads the blob; `generate.py` says how it is laid out.
struct Reader {
    at: usize,
}

impl Reader {
    fn take(&mut self, len: usize) -> Option<&'static [u8]> {
        let start = self.at;
        self.at = start.checked_add(len)?;
        TABLES.get(start..self.at)
    }

    fn number(&mut self, len: usize) -> Option<usize> {
        let bytes = self.take(len)?;
        Some(bytes.iter().fold(0, |all, byte| {
            all.wrapping_shl(8).saturating_add(usize::from(*byte))
        }))
    }

    fn unit(&mut self) -> Option<u16> {
        self.number(2).and_then(|unit| u16::try_from(unit).ok())
    }
}

impl Double {
    /// The page whose directory is at `offset` of the blob. A blob that is not as generated gives a page without
    /// characters; a test compares its checksum.
    pub(super) fn at(offset: usize) -> Double {
        Double::read(offset).unwrap_or_else(|| Double {
            rows: Vec::new(),
            second: Vec::new(),
            long: Vec::new(),
            back: OnceLock::new(),
        })
    }

    fn read(offset: usize) -> Option<Double> {
        let mut reader = Reader { at: offset };
        let mut rows = vec![Row::default(); 256];
        for _ in 0..reader.number(2)? {
            let row = rows.get_mut(reader.number(1)?)?;
            row.first = u8::try_from(reader.number(1)?).ok()?;
            let len = reader.number(1)?.checked_mul(2)?;
            let start = reader.number(3)?;
            row.units = TABLES.get(start..start.checked_add(len)?)?;
        }
        let mut second = Vec::new();
        for _ in 0..reader.number(2)? {
            second.push(reader.unit()?);
        }
        let mut long = Vec::new();
        for _ in 0..reader.number(2)? {
            let mut units = Vec::new();
            for _ in 0..reader.number(1)? {
                units.push(reader.unit()?);
            }
            long.push(String::from_utf16(&units).ok()?);
        }
        Some(Double {
            rows,
            second,
            long,
            back: OnceLock::new(),
        })
    }

    /// Appends what a pair stands for, or says that it stands for nothing.
    #[inline]
    #[must_use]
    pub(super) fn push(&self, lead: u8, trail: u8, out: &mut String) -> bool {
        let Some(unit) = self.unit(lead, trail) else {
            return false;
        };
        match char::from_u32(u32::from(unit)) {
            Some(char::REPLACEMENT_CHARACTER) => false,
            Some(character) => {
                out.push(character);
                true
            }
            None => match self.long(unit) {
                Some(text) => {
                    out.push_str(text);
                    true
                }
                None => false,
            },
        }
    }

    fn unit(&self, lead: u8, trail: u8) -> Option<u16> {
        let row = self.rows.get(usize::from(lead))?;
        let place = usize::from(trail.checked_sub(row.first)?).checked_mul(2)?;
        let unit = row.units.get(place..place.checked_add(2)?)?;
        Some(u16::from_be_bytes(unit.try_into().ok()?))
    }

    /// The text that a surrogate in the tables stands for.
    fn long(&self, unit: u16) -> Option<&str> {
        let number = usize::from(unit.checked_sub(0xd800)?);
        self.long.get(number).map(String::as_str)
    }

    /// The pair of the text's first character, or of its first two together; and how many bytes of text that is.
    pub(super) fn pair_of(&self, text: &str) -> Option<([u8; 2], usize)> {
        let back = self.back.get_or_init(|| self.way_back());
        let mut characters = text.chars();
        let first = characters.next()?;
        if let Some(next) = characters.next() {
            let both = [first, next];
            if let Ok(place) = back.two.binary_search_by_key(&both, |(two, _)| *two) {
                let len = first.len_utf8().saturating_add(next.len_utf8());
                return Some((back.two.get(place)?.1.to_be_bytes(), len));
            }
        }
        let place = back.one.binary_search_by_key(&first, |(one, _)| *one);
        let (_, pair) = back.one.get(place.ok()?)?;
        Some((pair.to_be_bytes(), first.len_utf8()))
    }

    fn way_back(&self) -> Back {
        let mut back = Back::default();
        let mut text = String::new();
        for (lead, row) in (0..=u8::MAX).zip(&self.rows) {
            for trail in row.first..=u8::MAX {
                let pair = u16::from_be_bytes([lead, trail]);
                text.clear();
                if self.second.contains(&pair) || !self.push(lead, trail, &mut text) {
                    continue;
                }
                let mut characters = text.chars();
                match (characters.next(), characters.next()) {
                    (Some(one), None) => back.one.push((one, pair)),
                    (Some(one), Some(two)) => back.two.push(([one, two], pair)),
                    _ => {}
                }
            }
        }
        back.one.sort_unstable();
        back.two.sort_unstable();
        back
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::charset::double_tables::{CP16684, SHA256};

    #[test]
    fn the_blob_is_the_generated_one() {
        let digest = Sha256::digest(TABLES);
        assert_eq!(crate::json::hex(&digest).to_lowercase(), SHA256);
    }

    #[test]
    fn a_pair_can_be_two_characters() {
        let page = Double::read(CP16684).unwrap();
        let two = page.long.iter().find(|text| text.chars().count() == 2);
        let (pair, len) = page.pair_of(two.unwrap()).unwrap();
        let mut text = String::new();
        assert!(page.push(pair[0], pair[1], &mut text));
        assert_eq!((text.as_str(), len), (two.unwrap().as_str(), text.len()));
    }
}
