//! Records into blocks and segments: FB whose blocks show, VB, VS and VBS.
//!
//! In: a record. Out: blocks as they fill, each with its BDW where the format has one; the last stays open.

use super::Framer;
use crate::frame::FrameError;
use crate::frame::framing::Blocks;
use crate::frame::word::{Place, WORD};

impl Framer {
    /// FB whose blocks show: in blocks of one size that is no multiple of the record's, the last record is short.
    pub(super) fn fixed_block(
        &mut self,
        len: u32,
        blocks: Blocks,
        record: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let size = match blocks {
            Blocks::Word => self.block_size.saturating_sub(WORD),
            Blocks::Of(size) => usize::try_from(size).unwrap_or(usize::MAX),
        };
        let room = size.saturating_sub(self.block.len());
        let wanted = match blocks {
            Blocks::Word => len,
            Blocks::Of(_) => len.min(room),
        };
        if wanted == 0 || record.len() != wanted {
            return Err(self.wanted(wanted, record.len()));
        }
        if len > size && blocks == Blocks::Word {
            return Err(self.fault(format!(
                "a record of {len} bytes: wanted at most {size} for this block size"
            )));
        }
        if room < len && blocks == Blocks::Word && !self.block.is_empty() {
            self.flush(out);
        }
        self.block.extend_from_slice(record);
        if blocks != Blocks::Word && self.block.len() >= size {
            self.flush(out);
        }
        Ok(())
    }

    pub(super) fn variable_block(
        &mut self,
        record: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        let needed = record.len().saturating_add(WORD);
        let word = self
            .framing
            .rdw
            .write_record(record.len(), Place::Whole)
            .filter(|_| needed.saturating_add(WORD) <= self.block_size)
            .ok_or_else(|| {
                let most = self.block_size.saturating_sub(8);
                self.fault(format!(
                    "a record of {} bytes: wanted at most {most} for this block size",
                    record.len()
                ))
            })?;
        if self.block.len().saturating_add(needed) > self.block_size.saturating_sub(WORD) {
            self.flush(out);
        }
        self.block.extend_from_slice(&word);
        self.block.extend_from_slice(record);
        Ok(())
    }

    /// Segments: as much of the record as the block has room for, then the rest in the next ones. A segment but the
    /// last holds at least a byte.
    pub(super) fn spanned(
        &mut self,
        record: &[u8],
        out: &mut Vec<u8>,
        blocks: bool,
    ) -> Result<(), FrameError> {
        let size = self.block_size.saturating_sub(WORD);
        if size < WORD.saturating_add(1) {
            return Err(self.fault(format!(
                "wanted a block size of at least 9 bytes, got {}",
                self.block_size
            )));
        }
        let mut rest = record;
        let mut first = true;
        loop {
            if blocks && self.block.len().saturating_add(WORD) >= size {
                self.flush(out);
            }
            let used = if blocks { self.block.len() } else { 0 };
            let room = size.saturating_sub(used).saturating_sub(WORD);
            let (segment, after) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            let place = match (first, after.is_empty()) {
                (true, true) => Place::Whole,
                (true, false) => Place::First,
                (false, true) => Place::Last,
                (false, false) => Place::Middle,
            };
            let word = self
                .framing
                .rdw
                .write_record(segment.len(), place)
                .ok_or_else(|| self.too_long(segment.len()))?;
            let to = if blocks { &mut self.block } else { &mut *out };
            to.extend_from_slice(&word);
            to.extend_from_slice(segment);
            (rest, first) = (after, false);
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// Writes the open block, with its BDW where the format has one.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        if !matches!(self.framing.blocks, Some(Blocks::Of(_))) {
            // Blocks are at most 32,760 bytes, which every BDW can say.
            if let Some(word) = self.framing.bdw.write_block(self.block.len()) {
                out.extend_from_slice(&word);
            }
        }
        out.append(&mut self.block);
    }
}
