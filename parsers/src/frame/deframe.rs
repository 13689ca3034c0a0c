//! Chunks to records.

use super::{FrameError, FrameErrorKind, RecordFormat, explain};

/// A record of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framed<'d> {
    /// Its bytes, without descriptor words.
    pub bytes: &'d [u8],
    /// Where they begin in the file, after the RDW.
    pub offset: u64,
    /// Its number in the file, from 0.
    pub record_no: u64,
}

/// Takes chunks of a file and gives its records.
///
/// `push` a chunk, take records with `next` until it gives `None`, push the next one; `finish` after the last. After
/// an error every further call gives the same error.
#[derive(Debug)]
pub struct Deframer {
    format: RecordFormat,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are done with.
    done: usize,
    /// Offset in the file of the buffer's first byte.
    base: u64,
    record_no: u64,
    /// VB: bytes of the block that are still to come.
    block: u64,
    failed: Option<FrameError>,
}

const WORD: usize = 4;

impl Deframer {
    /// For one file.
    pub fn new(format: RecordFormat) -> Deframer {
        Deframer {
            format,
            buffer: Vec::new(),
            done: 0,
            base: 0,
            record_no: 0,
            block: 0,
            failed: None,
        }
    }

    /// The record format.
    pub fn format(&self) -> RecordFormat {
        self.format
    }

    /// How many records were given.
    pub fn records(&self) -> u64 {
        self.record_no
    }

    /// Takes the next bytes of the file.
    pub fn push(&mut self, chunk: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        // Moving the rest of a record down costs little once most of the buffer is done with.
        if self.done > self.buffer.len().saturating_sub(self.done) {
            self.base = self.offset();
            self.buffer.drain(..self.done);
            self.done = 0;
        }
        self.buffer.extend_from_slice(chunk);
    }

    /// The next whole record, if the bytes pushed so far have one.
    ///
    /// # Errors
    /// Bytes that cannot be of this record format.
    #[allow(
        clippy::should_implement_trait,
        reason = "it lends from the buffer, which Iterator cannot"
    )]
    pub fn next(&mut self) -> Result<Option<Framed<'_>>, FrameError> {
        match self.find() {
            Ok(Some((start, len))) => {
                let record_no = self.record_no;
                self.record_no = record_no.saturating_add(1);
                self.done = start.saturating_add(len);
                let offset = self
                    .base
                    .saturating_add(u64::try_from(start).unwrap_or(u64::MAX));
                let bytes = self.buffer.get(start..self.done).unwrap_or_default();
                Ok(Some(Framed {
                    bytes,
                    offset,
                    record_no,
                }))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Says that the file ends here.
    ///
    /// # Errors
    /// It ends inside a record or a block.
    pub fn finish(&mut self) -> Result<(), FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let rest = self.buffer.get(self.done..).unwrap_or_default();
        let got = rest.len();
        if got == 0 && self.block == 0 {
            return Ok(());
        }
        let word = rest.first_chunk::<WORD>().map(|word| length_of(*word));
        let message = match self.format {
            RecordFormat::F { len } | RecordFormat::Fb { len } => {
                format!("the file ends inside a record: wanted {len} bytes, got {got}")
            }
            _ if self.block > 0 && got == 0 => {
                format!(
                    "the file ends inside a block: wanted {} more bytes, got none",
                    self.block
                )
            }
            RecordFormat::V | RecordFormat::Vb => match word {
                Some(wanted) => format!(
                    "the file ends inside a record: wanted {wanted} bytes by its RDW, got {got}"
                ),
                None => {
                    format!("the file ends inside a descriptor word: wanted 4 bytes, got {got}")
                }
            },
        };
        let help = match self.format {
            RecordFormat::F { .. } | RecordFormat::Fb { .. } => {
                Some("the file was cut, or its record length is another one".to_owned())
            }
            _ => explain::descriptors(self.format, self.record_no, rest),
        };
        let error = FrameError::new(FrameErrorKind::Cut, self.offset(), self.record_no, message)
            .with_help(help);
        self.failed = Some(error.clone());
        Err(error)
    }

    /// Where the bytes not yet given begin in the file.
    fn offset(&self) -> u64 {
        self.base
            .saturating_add(u64::try_from(self.done).unwrap_or(u64::MAX))
    }

    /// Start and length in the buffer of the next record.
    fn find(&mut self) -> Result<Option<(usize, usize)>, FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        match self.format {
            RecordFormat::F { len } | RecordFormat::Fb { len } => {
                let len = usize::try_from(len).unwrap_or(usize::MAX);
                if len == 0 {
                    return Err(FrameError::new(
                        FrameErrorKind::Length,
                        self.offset(),
                        self.record_no,
                        "wanted a record length of at least 1",
                    ));
                }
                let have = self.buffer.len().saturating_sub(self.done);
                Ok((have >= len).then_some((self.done, len)))
            }
            RecordFormat::V => self.variable(None),
            RecordFormat::Vb => {
                while self.block == 0 {
                    let Some(word) = self.word() else {
                        return Ok(None);
                    };
                    let length = block_length(word);
                    if length < WORD as u64 || !plausible_block(word) {
                        return Err(self.descriptor("BDW", word));
                    }
                    self.block = length.saturating_sub(WORD as u64);
                    self.done = self.done.saturating_add(WORD);
                }
                self.variable(Some(self.block))
            }
        }
    }

    fn word(&self) -> Option<[u8; WORD]> {
        self.buffer.get(self.done..)?.first_chunk::<WORD>().copied()
    }

    /// A record behind its RDW, with at most `left` bytes left in its block.
    fn variable(&mut self, left: Option<u64>) -> Result<Option<(usize, usize)>, FrameError> {
        let Some(word) = self.word() else {
            return Ok(None);
        };
        let length = length_of(word);
        let [_, _, segment, reserved] = word;
        if length < WORD
            || left.is_some_and(|left| u64::try_from(length).unwrap_or(u64::MAX) > left)
        {
            return Err(self.descriptor("RDW", word));
        }
        if reserved != 0 || segment > 3 {
            return Err(self.descriptor("RDW", word));
        }
        if segment != 0 {
            let message = format!(
                "the RDW at byte {} is of a spanned segment (VBS), which is not supported yet",
                self.offset()
            );
            return Err(FrameError::new(
                FrameErrorKind::Spanned,
                self.offset(),
                self.record_no,
                message,
            ));
        }
        let start = self.done.saturating_add(WORD);
        let end = self.done.saturating_add(length);
        if self.buffer.len() < end {
            return Ok(None);
        }
        self.block = self
            .block
            .saturating_sub(u64::try_from(length).unwrap_or(0));
        Ok(Some((start, end.saturating_sub(start))))
    }

    fn descriptor(&self, name: &str, word: [u8; WORD]) -> FrameError {
        let message = format!(
            "no {name} at byte {}: wanted a length of at least 4 in its first two bytes{} and zeros after it",
            self.offset(),
            if name == "RDW" && self.format == RecordFormat::Vb {
                format!(" (at most the {} bytes left of its block)", self.block)
            } else {
                String::new()
            },
        );
        // In the first block the BDW itself may be what is wrong.
        let first_block = name == "RDW" && self.format == RecordFormat::Vb && self.record_no == 0;
        let from = if first_block {
            self.done.saturating_sub(WORD)
        } else {
            self.done
        };
        let rest = self.buffer.get(from..).unwrap_or_default();
        FrameError::new(
            FrameErrorKind::Descriptor,
            self.offset(),
            self.record_no,
            message,
        )
        .with_found(word)
        .with_help(explain::descriptors(self.format, self.record_no, rest))
    }
}

/// The length in the first two bytes of a descriptor word.
pub(super) fn length_of(word: [u8; WORD]) -> usize {
    let [high, low, ..] = word;
    usize::from(u16::from_be_bytes([high, low]))
}

/// A BDW's length: 15 bits and zeros, or 31 bits behind a bit that says so (large block interface).
pub(super) fn block_length(word: [u8; WORD]) -> u64 {
    let whole = u32::from_be_bytes(word);
    u64::from(if whole & 0x8000_0000 != 0 {
        whole & 0x7fff_ffff
    } else {
        whole >> 16
    })
}

pub(super) fn plausible_block(word: [u8; WORD]) -> bool {
    word[0] & 0x80 != 0 && block_length(word) <= 0x10_0000
        || word[0] & 0x80 == 0 && word[2..] == [0, 0]
}
