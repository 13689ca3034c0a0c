//! Blocks: a run of entries with a length, a count and a checksum, so that a flipped bit or a cut file is an error and never a wrong record.
//!
//! In: entries in order. Out: bytes, and entries again. Never writes a block it could not read back.
//!
//! A block is: body length u32, number of entries u32, CRC-32C of the body u32 (all little endian), body. A length of 0 ends the blocks.

use std::io::{Read, Write};

use crate::error::{Error, ErrorKind, Result};
use crate::image::entry::{Cursor, Entry, MAX_LEN};

/// Bytes of a block's head.
pub(crate) const BLOCK_HEAD: usize = 12;

/// Collects entries until the block is worth writing.
#[derive(Debug)]
pub(crate) struct BlockBuilder {
    body: Vec<u8>,
    entries: u32,
    target: usize,
}

impl BlockBuilder {
    /// A builder whose blocks close at `target` bytes or a little above.
    pub(crate) fn new(target: usize) -> Self {
        Self {
            body: Vec::with_capacity(target + target / 8),
            entries: 0,
            target,
        }
    }

    /// Adds an entry; `true` when the block is full and should be written.
    pub(crate) fn push(&mut self, entry: Entry<'_>) -> Result<bool> {
        entry.write(&mut self.body)?;
        self.entries += 1;
        Ok(self.body.len() >= self.target)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Writes the block and starts the next one. Says how many bytes were written.
    pub(crate) fn write_to(&mut self, out: &mut impl Write) -> std::io::Result<u64> {
        let too_long = |_| std::io::Error::other("a block of 4 GB");
        let len = u32::try_from(self.body.len()).map_err(too_long)?;
        out.write_all(&len.to_le_bytes())?;
        out.write_all(&self.entries.to_le_bytes())?;
        out.write_all(&crc32c::crc32c(&self.body).to_le_bytes())?;
        out.write_all(&self.body)?;
        self.body.clear();
        self.entries = 0;
        Ok(u64::from(len) + BLOCK_HEAD as u64)
    }
}

/// Writes the head that ends the blocks.
pub(crate) fn write_end(out: &mut impl Write) -> std::io::Result<()> {
    out.write_all(&[0; BLOCK_HEAD])
}

/// Reads blocks one after the other; holds one at a time.
#[derive(Debug)]
pub(crate) struct BlockReader<R> {
    input: R,
    /// What the blocks are part of, for messages.
    place: String,
    body: Vec<u8>,
    /// Where the entry in hand begins and ends in `body`.
    here: usize,
    next: usize,
    /// Entries of this block not yet taken in hand.
    left: u32,
    at_end: bool,
}

impl<R: Read> BlockReader<R> {
    pub(crate) fn new(input: R, place: String) -> Self {
        Self {
            input,
            place,
            body: Vec::new(),
            here: 0,
            next: 0,
            left: 0,
            at_end: false,
        }
    }

    pub(crate) fn input_mut(&mut self) -> &mut R {
        &mut self.input
    }

    /// Forgets the block in hand, after the input was moved to another block's head.
    pub(crate) fn restart(&mut self) {
        self.body.clear();
        (self.here, self.next, self.left, self.at_end) = (0, 0, 0, false);
    }

    fn damaged(&self, what: &str) -> Error {
        Error::new(ErrorKind::ImageDamaged, format!("{}: {what}", self.place))
    }

    fn read_block(&mut self) -> Result<()> {
        let mut head = [0; BLOCK_HEAD];
        self.read_exact(&mut head)?;
        let [a, b, c, d, e, f, g, h, i, j, k, l] = head;
        let len = u32::from_le_bytes([a, b, c, d]);
        let entries = u32::from_le_bytes([e, f, g, h]);
        let sum = u32::from_le_bytes([i, j, k, l]);
        (self.here, self.next) = (0, 0);
        if len == 0 {
            self.body.clear();
            self.at_end = true;
            return Ok(());
        }
        let len = usize::try_from(len)
            .ok()
            .filter(|len| *len <= 2 * MAX_LEN)
            .ok_or_else(|| self.damaged("a block says it is larger than any block"))?;
        let mut body = std::mem::take(&mut self.body);
        body.resize(len, 0);
        self.read_exact(&mut body)?;
        if crc32c::crc32c(&body) != sum {
            return Err(self.damaged("a block's checksum is wrong"));
        }
        self.body = body;
        self.left = entries;
        Ok(())
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<()> {
        self.input
            .read_exact(buffer)
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => self.damaged("it ends within a block"),
                _ => Error::new(ErrorKind::Io, format!("could not read {}", self.place))
                    .with_source(error),
            })
    }
}

impl<R: Read> Cursor for BlockReader<R> {
    fn current(&self) -> Option<Entry<'_>> {
        if self.next == self.here {
            return None;
        }
        self.body
            .get(self.here..)
            .and_then(Entry::read)
            .map(|(entry, _)| entry)
    }

    fn advance(&mut self) -> Result<bool> {
        self.here = self.next;
        while self.left == 0 {
            if self.at_end {
                return Ok(false);
            }
            if self.next != self.body.len() {
                return Err(self.damaged("a block has more bytes than entries"));
            }
            self.read_block()?;
            if self.at_end {
                return Ok(false);
            }
        }
        let Some((_, len)) = self.body.get(self.here..).and_then(Entry::read) else {
            return Err(self.damaged("a block has fewer entries than it says"));
        };
        self.next = self.here + len;
        self.left -= 1;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::entry::Tag;

    fn blocks(keys: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut builder = BlockBuilder::new(60);
        for key in keys {
            let entry = Entry {
                key: key.as_bytes(),
                record_no: 1,
                offset: 2,
                tag: Tag::Plain,
                raw: key.as_bytes(),
            };
            if builder.push(entry).unwrap() {
                builder.write_to(&mut out).unwrap();
            }
        }
        if !builder.is_empty() {
            builder.write_to(&mut out).unwrap();
        }
        write_end(&mut out).unwrap();
        out
    }

    fn read(bytes: &[u8]) -> Result<Vec<String>> {
        let mut reader = BlockReader::new(bytes, "test".into());
        let mut keys = Vec::new();
        while reader.advance()? {
            keys.push(
                String::from_utf8_lossy(reader.current().expect("an entry is in hand").key)
                    .into_owned(),
            );
        }
        assert!(reader.current().is_none());
        assert!(!reader.advance()?);
        Ok(keys)
    }

    #[test]
    fn entries_come_back_over_several_blocks() {
        assert_eq!(
            read(&blocks(&["a", "bb", "ccc", "dddd", "e"])).unwrap(),
            ["a", "bb", "ccc", "dddd", "e"]
        );
        assert_eq!(read(&blocks(&[])).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_an_error_not_a_wrong_record() {
        let good = blocks(&["a", "bb", "ccc", "dddd"]);
        let answer = read(&good).unwrap();
        for at in 0..good.len() {
            assert!(read(&good[..at]).is_err(), "cut at {at}");
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            if let Ok(keys) = read(&bad) {
                assert_eq!(
                    keys,
                    answer[..keys.len().min(answer.len())],
                    "bit flipped at {at}"
                );
            }
        }
    }
}
