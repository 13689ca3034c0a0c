//! Records behind descriptor words: V, VB, VS and VBS, spanned ones put together from their segments.

use super::super::framing::{Partial, Word};
use super::super::word::{Place as Segment, WORD};
use super::super::{FrameError, FrameErrorKind, RecordFormat, explain};
use super::{Deframer, Place, Step};

impl Deframer {
    /// A record or a segment behind its descriptor word, in an open block where the format has blocks.
    #[inline]
    pub(super) fn variable(&mut self, blocks: bool, spanned: bool) -> Result<Step, FrameError> {
        if blocks && self.block == 0 {
            return self.open_block();
        }
        let Some(word) = self.rest().first_chunk::<WORD>().copied() else {
            return self.no_word();
        };
        let Some((len, segment)) = self.framing.rdw.record(word) else {
            return Err(self.descriptor("RDW", word));
        };
        let both = len.saturating_add(WORD);
        if blocks && u64::try_from(both).is_ok_and(|both| both > self.block) {
            return Err(self.descriptor("RDW", word));
        }
        if segment != Segment::Whole && !spanned {
            let message = format!(
                "the RDW at byte {} is of a segment of a spanned record",
                self.offset()
            );
            let help = if blocks { "try VBS" } else { "try VS" };
            return Err(self
                .fault(FrameErrorKind::Spanned, message)
                .with_help(Some(help.to_owned())));
        }
        let len = self.bounded(u64::try_from(len).unwrap_or(u64::MAX), "the RDW")?;
        let have = self.rest().len();
        if have < both {
            if !self.ended {
                return Ok(Step::Need);
            }
            return self.short(both, have);
        }
        if blocks {
            self.block = self
                .block
                .saturating_sub(u64::try_from(both).unwrap_or(u64::MAX));
        }
        if segment == Segment::Whole && !self.open {
            self.pass(WORD);
            return Ok(self.take(len));
        }
        self.span(segment, len)
    }

    /// A segment of a spanned record (DFSMS "Using Data Sets", "Segment descriptor word": 1 first, 3 between, 2 last).
    fn span(&mut self, segment: Segment, len: usize) -> Result<Step, FrameError> {
        let wrong = match (segment, self.open) {
            (Segment::Whole | Segment::First, true) => {
                Some("a record begins before the spanned one before it ended")
            }
            (Segment::Middle | Segment::Last, false) => {
                Some("a segment goes on with a record that never began")
            }
            _ => None,
        };
        if let Some(message) = wrong {
            let help = "segments are missing here: the file was cut, or put together from parts";
            return Err(self
                .fault(FrameErrorKind::Spanned, message)
                .with_help(Some(help.to_owned())));
        }
        self.pass(WORD);
        if segment == Segment::First {
            self.whole.clear();
            self.whole_offset = self.offset();
            self.open = true;
        }
        let total = self.whole.len().saturating_add(len);
        self.bounded(
            u64::try_from(total).unwrap_or(u64::MAX),
            "a spanned record so far",
        )?;
        let bytes = self
            .buffer
            .get(self.done..self.done.saturating_add(len))
            .unwrap_or_default();
        self.whole.extend_from_slice(bytes);
        self.pass(len);
        if segment != Segment::Last {
            return Ok(Step::Again);
        }
        self.open = false;
        Ok(self.give_whole())
    }

    fn give_whole(&self) -> Step {
        Step::Record(Place {
            whole: true,
            start: 0,
            len: self.whole.len(),
            offset: self.whole_offset,
        })
    }

    /// Fewer than four bytes are left, where a descriptor word is wanted.
    #[cold]
    pub(super) fn no_word(&mut self) -> Result<Step, FrameError> {
        let have = self.rest().len();
        if !self.ended || (have == 0 && self.block == 0 && !self.open) {
            return Ok(Step::Need);
        }
        if self.open && self.framing.partial == Partial::Keep {
            self.drop_rest();
            return Ok(self.give_whole());
        }
        self.cut(0, |at| {
            let message = if have > 0 {
                format!("the file ends inside a descriptor word: wanted 4 bytes, got {have}")
            } else if at.block > 0 {
                format!(
                    "the file ends inside a block: wanted {} more bytes, got none",
                    at.block
                )
            } else {
                "the file ends inside a spanned record: wanted its last segment".to_owned()
            };
            at.fault(FrameErrorKind::Cut, message)
        })
    }

    /// The file ends inside a record with an RDW.
    #[cold]
    fn short(&mut self, both: usize, have: usize) -> Result<Step, FrameError> {
        let keep = self.framing.partial == Partial::Keep;
        if keep && self.open {
            let rest = self.rest().get(WORD..).unwrap_or_default().to_vec();
            self.whole.extend_from_slice(&rest);
            self.drop_rest();
            return Ok(self.give_whole());
        }
        if keep {
            self.pass(WORD);
        }
        let there = if keep {
            have.saturating_sub(WORD)
        } else {
            have
        };
        self.cut(there, |at| {
            let message = format!(
                "the file ends inside a record: wanted {both} bytes by its RDW, got {have}"
            );
            let help = explain::descriptors(at.framing.format, at.record_no, at.rest());
            at.fault(FrameErrorKind::Cut, message).with_help(help)
        })
    }

    /// Four bytes that are no descriptor word.
    #[cold]
    pub(super) fn descriptor(&self, name: &str, word: [u8; WORD]) -> FrameError {
        let format = self.framing.format;
        let reading = if name == "RDW" {
            self.framing.rdw
        } else {
            self.framing.bdw
        };
        let in_block = name == "RDW" && matches!(format, RecordFormat::Vb | RecordFormat::Vbs);
        let block = if in_block {
            format!(" (at most the {} bytes left of its block)", self.block)
        } else {
            String::new()
        };
        let message = if reading == Word::BIG {
            let rest = if name == "RDW" && matches!(format, RecordFormat::Vs | RecordFormat::Vbs) {
                "a segment code of 0 to 3 and a zero"
            } else {
                "zeros"
            };
            format!(
                "no {name} at byte {}: wanted a length of at least 4 in its first two bytes{block} and {rest} after it",
                self.offset()
            )
        } else {
            format!(
                "no {name} at byte {}: wanted {} of at least {}{block}",
                self.offset(),
                reading.in_words(),
                reading.least()
            )
        };
        // In the first block the BDW itself may be what is wrong.
        let from = if in_block && self.record_no == 0 {
            self.done.saturating_sub(WORD)
        } else {
            self.done
        };
        let rest = self.buffer.get(from..).unwrap_or_default();
        self.fault(FrameErrorKind::Descriptor, message)
            .with_found(&word)
            .with_help(explain::descriptors(format, self.record_no, rest))
    }
}
