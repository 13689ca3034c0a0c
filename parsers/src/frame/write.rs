//! Records to a file.

mod block;
mod line;

use std::fmt;

use super::framing::{Blocks, Framing, RecordFormat};
use super::word::{Place, WORD};
use super::{FrameError, FrameErrorKind};

/// Half a track of a 3390: the block size most data sets have.
const BLOCK: usize = 27_998;
/// The largest block of the basic block format.
const LARGEST_BLOCK: u16 = 32_760;

/// Appends records to a file, so that a [`super::Deframer`] of the same [`Framing`] gives them back.
///
/// Bytes that the framing skips (around records, around the file) are written as X'00'; what belongs there is whoever
/// calls's to put there. Filters for length do not apply.
#[derive(Debug)]
pub struct Framer {
    framing: Framing,
    block_size: usize,
    /// The data of the open block.
    block: Vec<u8>,
    /// U with blocks of one size: a short one was written, which only the last can be.
    short: bool,
    begun: bool,
    record_no: u64,
    written: u64,
    /// A record with the bytes around it, in use only where there are some.
    padded: Vec<u8>,
}

impl Framer {
    /// For one file, with blocks of up to 27,998 bytes.
    pub fn new(framing: impl Into<Framing>) -> Framer {
        Framer {
            framing: framing.into(),
            block_size: BLOCK,
            block: Vec::new(),
            short: false,
            begun: false,
            record_no: 0,
            written: 0,
            padded: Vec::new(),
        }
    }

    /// Sets the size that blocks with a BDW are filled to, BDW included, and beyond which records are cut into segments:
    /// at most 32,760.
    #[must_use]
    pub fn block_size(mut self, bytes: u16) -> Framer {
        self.block_size = usize::from(bytes.min(LARGEST_BLOCK));
        self
    }

    /// Appends one record; bytes of a block come out when it is full.
    ///
    /// # Errors
    /// A record that the format cannot hold: of another length than F's, too long for its RDW or block, a line with a
    /// line end in it. Nothing is written then.
    pub fn write(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        let (before, begun) = (out.len(), self.begun);
        let done = self.append(record, out);
        if done.is_err() {
            out.truncate(before);
            self.begun = begun;
            return done;
        }
        self.record_no = self.record_no.saturating_add(1);
        self.count(out.len().saturating_sub(before));
        Ok(())
    }

    /// Appends what is left of the last block, and the file's trailer.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let before = out.len();
        self.header(out);
        if !self.block.is_empty() {
            self.flush(out);
        }
        let trailer = usize::try_from(self.framing.file.end).unwrap_or(0);
        out.resize(out.len().saturating_add(trailer), 0);
        self.count(out.len().saturating_sub(before));
    }

    fn count(&mut self, bytes: usize) {
        self.written = self
            .written
            .saturating_add(u64::try_from(bytes).unwrap_or(0));
    }

    /// The file's header, once descriptor words are known to be able to say what they will have to.
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        if self.begun {
            return Ok(());
        }
        let size = self.block_size.saturating_sub(WORD);
        let (rdw, bdw) = (self.framing.rdw, self.framing.bdw);
        let blocks = match self.framing.format {
            RecordFormat::Vb | RecordFormat::Vbs => true,
            RecordFormat::Fb { .. } => self.framing.blocks == Some(Blocks::Word),
            _ => false,
        };
        let spanned = matches!(self.framing.format, RecordFormat::Vs | RecordFormat::Vbs);
        let segment = |len| rdw.record(rdw.write_record(len, Place::First)?);
        let wrong = if blocks && [1, size].iter().any(|len| bdw.write_block(*len).is_none()) {
            "the BDW as described cannot say the size of every block"
        } else if spanned
            && [1, size.saturating_sub(WORD)]
                .iter()
                .any(|len| segment(*len) != Some((*len, Place::First)))
        {
            "the RDW as described cannot say the size and place of every segment"
        } else {
            self.header(out);
            return Ok(());
        };
        Err(FrameError::new(
            FrameErrorKind::Format,
            self.written,
            self.record_no,
            wrong,
        ))
    }

    fn header(&mut self, out: &mut Vec<u8>) {
        if !self.begun {
            let header = usize::try_from(self.framing.file.start).unwrap_or(0);
            out.resize(out.len().saturating_add(header), 0);
            self.begun = true;
        }
    }

    fn append(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        let skip = self.framing.record;
        if skip.start == 0 && skip.end == 0 {
            self.check(record.len())?;
            self.begin(out)?;
            return self.format(record, out);
        }
        let size = |bytes: u32| usize::try_from(bytes).unwrap_or(usize::MAX);
        let mut padded = std::mem::take(&mut self.padded);
        padded.clear();
        padded.resize(size(skip.start), 0);
        padded.extend_from_slice(record);
        padded.resize(padded.len().saturating_add(size(skip.end)), 0);
        let done = self.check(padded.len()).and_then(|()| {
            self.begin(out)?;
            self.format(&padded, out)
        });
        self.padded = padded;
        done
    }

    fn check(&self, len: usize) -> Result<(), FrameError> {
        let longest = self.framing.longest;
        if u32::try_from(len).is_ok_and(|len| len <= longest) {
            return Ok(());
        }
        Err(self.fault(format!("a record of {len} bytes: wanted at most {longest}")))
    }

    fn fault(&self, message: String) -> FrameError {
        FrameError::new(
            FrameErrorKind::Length,
            self.written,
            self.record_no,
            message,
        )
    }

    fn wanted(&self, wanted: impl fmt::Display, len: usize) -> FrameError {
        self.fault(format!("wanted a record of {wanted} bytes, got {len}"))
    }

    fn format(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        match self.framing.format {
            RecordFormat::F { len } => self.fixed(len, record, out),
            RecordFormat::Fb { len } => match self.framing.blocks {
                None => self.fixed(len, record, out),
                Some(blocks) => self.fixed_block(len, blocks, record, out),
            },
            RecordFormat::V => self.variable(record, out),
            RecordFormat::Vb => self.variable_block(record, out),
            RecordFormat::Vs => self.spanned(record, out, false),
            RecordFormat::Vbs => self.spanned(record, out, true),
            RecordFormat::U { block } => self.undefined(block, record, out),
            RecordFormat::Text => self.line(record, out),
            RecordFormat::Length => self.said(record, out),
        }
    }

    fn fixed(&self, len: u32, record: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        if len == 0 || u32::try_from(record.len()) != Ok(len) {
            return Err(self.wanted(len, record.len()));
        }
        out.extend_from_slice(record);
        Ok(())
    }

    fn variable(&self, record: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        let word = self
            .framing
            .rdw
            .write_record(record.len(), Place::Whole)
            .ok_or_else(|| self.too_long(record.len()))?;
        out.extend_from_slice(&word);
        out.extend_from_slice(record);
        Ok(())
    }

    fn too_long(&self, len: usize) -> FrameError {
        if self.framing.rdw == super::Word::BIG {
            return self.fault(format!("a record of {len} bytes: wanted at most 32,756"));
        }
        self.fault(format!(
            "a record of {len} bytes: its RDW cannot say that length"
        ))
    }

    fn said(&self, record: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        let Some(rule) = &self.framing.length else {
            return Err(self.fault("a format by length has no rule for the length".to_owned()));
        };
        let skip = self.framing.record;
        let start = usize::try_from(skip.start).unwrap_or(usize::MAX);
        let around = u64::from(skip.start).saturating_add(u64::from(skip.end));
        let len = u64::try_from(record.len()).unwrap_or(u64::MAX);
        let head = record.get(start..).unwrap_or_default();
        if head.len() < rule.prefix() {
            return Err(self.wanted(format_args!("at least {}", rule.prefix()), head.len()));
        }
        let said = rule
            .length(head)
            .map_err(|reason| self.fault(format!("no record length: {reason}")))?;
        if said.saturating_add(around) != len {
            let got = len.saturating_sub(around);
            return Err(self.fault(format!(
                "the record has {got} bytes, and {rule} says {said}"
            )));
        }
        out.extend_from_slice(record);
        Ok(())
    }

    fn undefined(
        &mut self,
        block: Option<u32>,
        record: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        match block {
            Some(size) => {
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                if record.is_empty() || record.len() > size || self.short {
                    let wanted = if self.short {
                        "no record after a short block".to_owned()
                    } else {
                        format!("a record of 1 to {size} bytes")
                    };
                    return Err(self.fault(format!("wanted {wanted}, got {}", record.len())));
                }
                self.short = record.len() < size;
            }
            None => {
                let word = self
                    .framing
                    .bdw
                    .write_block(record.len())
                    .filter(|_| !record.is_empty())
                    .ok_or_else(|| {
                        self.fault(format!(
                            "a record of {} bytes: its BDW cannot say that length",
                            record.len()
                        ))
                    })?;
                out.extend_from_slice(&word);
            }
        }
        out.extend_from_slice(record);
        Ok(())
    }
}

/// Appends one record with its descriptor words; a VB record is a block of its own ([`Framer`] fills blocks).
///
/// # Errors
/// As [`Framer::write`].
pub fn write_record(
    framing: impl Into<Framing>,
    record: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), FrameError> {
    let mut framer = Framer::new(framing).block_size(LARGEST_BLOCK);
    framer.write(record, out)?;
    framer.finish(out);
    Ok(())
}
