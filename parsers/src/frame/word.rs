//! Descriptor words: what RDWs, segment descriptor words and BDWs say, and how they are written.
//!
//! z/OS DFSMS "Using Data Sets", "Record descriptor word (RDW)" and "Block descriptor word (BDW)": big endian, the
//! length counts the word, a BDW whose first bit is on has 31 bits of length (large block interface), else 15.

use super::framing::{Word, WordCounts, WordOrder, WordRest};

/// Bytes of a descriptor word.
pub(super) const WORD: usize = 4;
/// The longest record or block that a 16-bit length of z/OS describes, with its word.
pub(super) const LONGEST_16: usize = 32_760;
/// The largest block that is taken for one. DFSMS allows 262,144 bytes, which leaves room; what does not keep to z/OS's
/// form need not keep to its sizes.
const LARGEST_BLOCK: i64 = 1 << 20;
const LARGEST_FREE_BLOCK: i64 = 256 << 20;

/// Where a segment stands in its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Whole,
    First,
    Last,
    Middle,
}

impl Place {
    pub(super) fn of(code: u8) -> Option<Place> {
        match code {
            0 => Some(Place::Whole),
            1 => Some(Place::First),
            2 => Some(Place::Last),
            3 => Some(Place::Middle),
            _ => None,
        }
    }

    pub(super) fn code(self) -> u8 {
        match self {
            Place::Whole => 0,
            Place::First => 1,
            Place::Last => 2,
            Place::Middle => 3,
        }
    }
}

impl Word {
    /// z/OS's.
    pub const BIG: Word = Word {
        order: WordOrder::Big,
        counts: WordCounts::All,
        adjust: 0,
        rest: WordRest::Strict,
    };

    /// Its bytes, the highest first.
    fn ordered(self, word: [u8; WORD]) -> [u8; WORD] {
        let [a, b, c, d] = word;
        match self.order {
            WordOrder::Big => word,
            WordOrder::Little => [d, c, b, a],
        }
    }

    /// The two halves as numbers, the first in the file first.
    fn halves(self, word: [u8; WORD]) -> (u16, u16) {
        let [a, b, c, d] = word;
        match self.order {
            WordOrder::Big => (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
            WordOrder::Little => (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])),
        }
    }

    /// Bytes that are added to the length of the data.
    fn extra(self) -> i64 {
        let own = match self.counts {
            WordCounts::All => 4i64,
            WordCounts::Data => 0,
        };
        own.saturating_sub(i64::from(self.adjust))
    }

    /// Bytes of data after an RDW, and the segment's place; `None` when it cannot be an RDW.
    pub(super) fn record(self, word: [u8; WORD]) -> Option<(usize, Place)> {
        let (first, second) = self.halves(word);
        let [_, _, code, reserved] = word;
        let (length, place) = match self.rest {
            WordRest::Strict if reserved != 0 => return None,
            WordRest::Strict => (first, Place::of(code)?),
            WordRest::Free if first == 0 => (second, Place::Whole),
            WordRest::Free => (first, Place::Whole),
        };
        let data = i64::from(length).saturating_sub(self.extra());
        // Four zero bytes are never a record: a file of zeros would be nothing else.
        if length == 0 && self.counts == WordCounts::Data {
            return None;
        }
        Some((usize::try_from(data).ok()?, place))
    }

    /// Bytes of a block after its BDW; `None` when it cannot be a BDW.
    pub(super) fn block(self, word: [u8; WORD]) -> Option<u64> {
        let whole = u32::from_be_bytes(self.ordered(word));
        let length = if whole & 0x8000_0000 != 0 {
            whole & 0x7fff_ffff
        } else {
            let (first, second) = self.halves(word);
            match self.rest {
                WordRest::Strict if second != 0 => return None,
                WordRest::Free if first == 0 => u32::from(second),
                WordRest::Strict | WordRest::Free => u32::from(first & 0x7fff),
            }
        };
        let data = i64::from(length).saturating_sub(self.extra());
        let largest = match self.rest {
            WordRest::Strict => LARGEST_BLOCK,
            WordRest::Free => LARGEST_FREE_BLOCK,
        };
        if length == 0 || data > largest {
            return None;
        }
        u64::try_from(data).ok()
    }

    /// The RDW of so many bytes of data, if it can say that.
    pub(super) fn write_record(self, data: usize, place: Place) -> Option<[u8; WORD]> {
        let length = self.length(data)?;
        let code = match self.rest {
            WordRest::Strict => place.code(),
            WordRest::Free => 0,
        };
        if length == 0 || (length > LONGEST_16 && self == Word::BIG) {
            return None;
        }
        let length = u16::try_from(length).ok()?;
        let [a, b] = match self.order {
            WordOrder::Big => length.to_be_bytes(),
            WordOrder::Little => length.to_le_bytes(),
        };
        let word = [a, b, code, 0];
        // What is written must read back.
        (self.record(word).map(|(len, _)| len) == Some(data)).then_some(word)
    }

    /// The BDW of a block of so many bytes of data, if it can say that: in 15 bits where these do.
    pub(super) fn write_block(self, data: usize) -> Option<[u8; WORD]> {
        let length = u32::try_from(self.length(data)?)
            .ok()
            .filter(|length| *length > 0 && *length < 0x8000_0000)?;
        let word = match u16::try_from(length) {
            Ok(short) if short < 0x8000 => {
                let [a, b] = match self.order {
                    WordOrder::Big => short.to_be_bytes(),
                    WordOrder::Little => short.to_le_bytes(),
                };
                [a, b, 0, 0]
            }
            _ => self.ordered((length | 0x8000_0000).to_be_bytes()),
        };
        // What is written must read back: a custom of its own may not be able to say this length.
        (self.block(word) == u64::try_from(data).ok()).then_some(word)
    }

    fn length(self, data: usize) -> Option<usize> {
        let length = i64::try_from(data).ok()?.checked_add(self.extra())?;
        usize::try_from(length).ok()
    }

    /// How a length is read, for messages: `a little-endian length that does not count itself`.
    pub(super) fn in_words(self) -> String {
        let order = match self.order {
            WordOrder::Big => "big-endian",
            WordOrder::Little => "little-endian",
        };
        let counts = match self.counts {
            WordCounts::All => "counts the word itself",
            WordCounts::Data => "does not count the word itself",
        };
        let adjust = match self.adjust {
            0 => String::new(),
            adjust => format!(", {adjust:+} bytes"),
        };
        format!("a {order} length that {counts}{adjust},")
    }

    /// What a length must at least be, for messages.
    pub(super) fn least(self) -> i64 {
        let least = self.extra();
        match self.counts {
            WordCounts::All => least.max(0),
            WordCounts::Data => least.max(1),
        }
    }
}
