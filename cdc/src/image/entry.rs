//! One stored record: its key, where it was, its raw bytes; and how it is written down.
//!
//! In: records of a generation. Out: bytes in a block, and records again. Never looks inside a record.
//!
//! The written form, all numbers little endian: key length u32, raw length u32, record number u64, offset u64, tag u8, key, raw.

use crate::error::{Error, ErrorKind, Result};

/// Bytes before the key.
pub(crate) const HEAD: usize = 4 + 4 + 8 + 8 + 1;

/// The longest key or record that can be stored: far above any record format, and it bounds what a damaged length can make us allocate.
pub(crate) const MAX_LEN: usize = 256 << 20;

/// Why a record is where it is, beyond its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tag {
    /// A record as the generation gave it.
    Plain = 0,
    /// A dead letter: its key could not be read.
    UnreadableKey = 1,
    /// A dead letter: its key reads, its body does not.
    UnreadableBody = 2,
    /// A dead letter: a later record of the same generation has the same key.
    DuplicateKey = 3,
}

impl Tag {
    fn from_byte(byte: u8) -> Option<Self> {
        [
            Self::Plain,
            Self::UnreadableKey,
            Self::UnreadableBody,
            Self::DuplicateKey,
        ]
        .into_iter()
        .find(|tag| *tag as u8 == byte)
    }
}

/// A record, borrowed from the block or arena that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// What the images are sorted by, bytewise.
    pub(crate) key: &'a [u8],
    /// The record's number in its generation, from 1.
    pub(crate) record_no: u64,
    /// Where its bytes begin in the generation's file.
    pub(crate) offset: u64,
    /// Why it is here.
    pub(crate) tag: Tag,
    /// The record as it was read.
    pub(crate) raw: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Appends the written form.
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        let len = |bytes: &[u8], what: &str| {
            u32::try_from(bytes.len())
                .ok()
                .filter(|_| bytes.len() <= MAX_LEN)
                .ok_or_else(|| {
                    Error::new(
                        ErrorKind::Io,
                        format!(
                            "record {}: a {what} of {} bytes is more than an image holds",
                            self.record_no,
                            bytes.len()
                        ),
                    )
                })
        };
        out.extend_from_slice(&len(self.key, "key")?.to_le_bytes());
        out.extend_from_slice(&len(self.raw, "record")?.to_le_bytes());
        out.extend_from_slice(&self.record_no.to_le_bytes());
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.push(self.tag as u8);
        out.extend_from_slice(self.key);
        out.extend_from_slice(self.raw);
        Ok(())
    }

    /// Reads the written form at the start of `bytes`: the entry and how long it was. `None` when it is cut or not an entry.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let (key_len, rest) = bytes.split_first_chunk::<4>()?;
        let (raw_len, rest) = rest.split_first_chunk::<4>()?;
        let (record_no, rest) = rest.split_first_chunk::<8>()?;
        let (offset, rest) = rest.split_first_chunk::<8>()?;
        let (tag, rest) = rest.split_first()?;
        let key_len = usize::try_from(u32::from_le_bytes(*key_len)).ok()?;
        let raw_len = usize::try_from(u32::from_le_bytes(*raw_len)).ok()?;
        let (key, rest) = rest.split_at_checked(key_len)?;
        let raw = rest.get(..raw_len)?;
        let entry = Self {
            key,
            record_no: u64::from_le_bytes(*record_no),
            offset: u64::from_le_bytes(*offset),
            tag: Tag::from_byte(*tag)?,
            raw,
        };
        Some((entry, HEAD + key_len + raw_len))
    }
}

/// An entry that owns its bytes; its buffers are used again by [`Owned::set`].
#[derive(Debug)]
pub(crate) struct Owned {
    key: Vec<u8>,
    record_no: u64,
    offset: u64,
    tag: Tag,
    raw: Vec<u8>,
}

impl Owned {
    pub(crate) fn new() -> Self {
        Self {
            key: Vec::new(),
            record_no: 0,
            offset: 0,
            tag: Tag::Plain,
            raw: Vec::new(),
        }
    }

    pub(crate) fn set(&mut self, entry: Entry<'_>) {
        self.key.clear();
        self.key.extend_from_slice(entry.key);
        self.raw.clear();
        self.raw.extend_from_slice(entry.raw);
        self.record_no = entry.record_no;
        self.offset = entry.offset;
        self.tag = entry.tag;
    }

    pub(crate) fn as_entry(&self) -> Entry<'_> {
        Entry {
            key: &self.key,
            record_no: self.record_no,
            offset: self.offset,
            tag: self.tag,
            raw: &self.raw,
        }
    }
}

/// A sequence of entries in key order, read forward. At most one entry is in hand at a time.
pub(crate) trait Cursor {
    /// The entry in hand; `None` before the first [`Cursor::advance`] and after the last.
    fn current(&self) -> Option<Entry<'_>>;
    /// Takes the next entry in hand; `false` when there is none.
    fn advance(&mut self) -> Result<bool>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_reads_back_and_every_cut_is_noticed() {
        let entry = Entry {
            key: b"K1",
            record_no: 7,
            offset: 2100,
            tag: Tag::DuplicateKey,
            raw: b"K1 body",
        };
        let mut bytes = Vec::new();
        entry.write(&mut bytes).unwrap();
        assert_eq!(bytes.len(), HEAD + entry.key.len() + entry.raw.len());
        assert_eq!(Entry::read(&bytes), Some((entry, bytes.len())));
        for cut in 0..bytes.len() {
            assert_eq!(Entry::read(&bytes[..cut]), None, "cut at {cut}");
        }
        bytes[24] = 9; // an unknown tag
        assert_eq!(Entry::read(&bytes), None);
    }
}
