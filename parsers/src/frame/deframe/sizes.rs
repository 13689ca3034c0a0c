//! Records of known sizes: fixed length, fixed blocks, blocks without descriptor words, and records that say theirs.

use super::super::framing::Blocks;
use super::super::word::WORD;
use super::super::{FrameError, FrameErrorKind};
use super::{Deframer, Step, to_usize};

impl Deframer {
    /// F, and FB without visible blocks.
    #[inline]
    pub(super) fn fixed(&mut self, len: u32) -> Result<Step, FrameError> {
        let wanted = to_usize(len);
        if wanted == 0 {
            let message = "wanted a record length of at least 1";
            return Err(self.fault(FrameErrorKind::Length, message));
        }
        let have = self.rest().len();
        if have >= wanted {
            return Ok(self.take(wanted));
        }
        if have == 0 || !self.ended {
            return Ok(Step::Need);
        }
        self.cut(have, |at| {
            let message = format!("the file ends inside a record: wanted {len} bytes, got {have}");
            at.fault(FrameErrorKind::Cut, message).with_help(Some(
                "the file was cut, or its record length is another one".to_owned(),
            ))
        })
    }

    /// FB whose blocks show: each holds records of one length, the last of which may be short.
    pub(super) fn fixed_blocks(&mut self, len: u32) -> Result<Step, FrameError> {
        let size = match self.framing.blocks {
            None => return self.fixed(len),
            Some(Blocks::Of(0)) => {
                let message = "wanted a block size of at least 1";
                return Err(self.fault(FrameErrorKind::Format, message));
            }
            Some(Blocks::Of(size)) => Some(u64::from(size)),
            Some(Blocks::Word) => None,
        };
        if self.block == 0 {
            if self.rest().is_empty() {
                return Ok(Step::Need);
            }
            match size {
                Some(size) => self.block = size,
                None => return self.open_block(),
            }
        }
        let left = usize::try_from(self.block).unwrap_or(usize::MAX);
        let wanted = to_usize(len).min(left);
        if wanted == 0 {
            return self.fixed(0);
        }
        let have = self.rest().len();
        if have >= wanted {
            self.block = self
                .block
                .saturating_sub(u64::try_from(wanted).unwrap_or(u64::MAX));
            return Ok(self.take(wanted));
        }
        if !self.ended {
            return Ok(Step::Need);
        }
        // The last block of a file in blocks of one size may be a short one.
        if have == 0 && size.is_some() {
            self.block = 0;
            return Ok(Step::Need);
        }
        self.cut(have, |at| {
            let message =
                format!("the file ends inside a record: wanted {wanted} bytes, got {have}");
            at.fault(FrameErrorKind::Cut, message)
        })
    }

    /// U: a block is a record.
    pub(super) fn undefined(&mut self, size: Option<u32>) -> Result<Step, FrameError> {
        let Some(size) = size else {
            return self.undefined_words();
        };
        let wanted = self.bounded(u64::from(size), "the format")?;
        if wanted == 0 {
            let message = "wanted a block size of at least 1";
            return Err(self.fault(FrameErrorKind::Format, message));
        }
        let have = self.rest().len();
        if have >= wanted || (self.ended && have > 0) {
            return Ok(self.take(have.min(wanted)));
        }
        Ok(Step::Need)
    }

    /// U with BDWs.
    fn undefined_words(&mut self) -> Result<Step, FrameError> {
        if self.block == 0 {
            return self.open_block();
        }
        let wanted = self.bounded(self.block, "the BDW")?;
        let have = self.rest().len();
        if have >= wanted {
            self.block = 0;
            return Ok(self.take(wanted));
        }
        if !self.ended {
            return Ok(Step::Need);
        }
        self.cut(have, |at| {
            let message = format!(
                "the file ends inside a block: wanted {wanted} bytes by its BDW, got {have}"
            );
            at.fault(FrameErrorKind::Cut, message)
        })
    }

    /// Records that say their length.
    pub(super) fn said(&mut self) -> Result<Step, FrameError> {
        let Some(rule) = self.framing.length.clone() else {
            let message = "a format by length has no rule for the length";
            return Err(self.fault(FrameErrorKind::Format, message));
        };
        let skip = self.framing.record;
        let before = to_usize(skip.start);
        let prefix = before.saturating_add(rule.prefix());
        let have = self.rest().len();
        // Also where the rule is a constant, which needs nothing to be known.
        if have == 0 {
            return Ok(Step::Need);
        }
        if have < prefix {
            if !self.ended {
                return Ok(Step::Need);
            }
            // What is known of it is not enough to say that it is a record.
            return self.cut(0, |at| {
                let message = format!(
                    "the file ends before the length of a record is known: wanted {prefix} bytes, got {have}"
                );
                at.fault(FrameErrorKind::Cut, message)
            });
        }
        let head = self.rest().get(before..prefix).unwrap_or_default();
        let said = match rule.length(head) {
            Ok(said) => said,
            Err(reason) => {
                let found = head.get(head.len().saturating_sub(16)..).unwrap_or(head);
                let error = self
                    .fault(
                        FrameErrorKind::Length,
                        format!("no record length: {reason}"),
                    )
                    .with_found(found);
                return Err(error);
            }
        };
        let total = said
            .saturating_add(u64::from(skip.start))
            .saturating_add(u64::from(skip.end));
        let wanted = self.bounded(total, &rule.to_string())?;
        if wanted < prefix {
            let message = format!(
                "{rule} says {said} bytes: wanted at least {}, where its own fields end",
                rule.prefix()
            );
            return Err(self.fault(FrameErrorKind::Length, message));
        }
        if have >= wanted {
            return Ok(self.take(wanted));
        }
        if !self.ended {
            return Ok(Step::Need);
        }
        self.cut(have, |at| {
            let message = format!(
                "the file ends inside a record: wanted {wanted} bytes by {rule}, got {have}"
            );
            at.fault(FrameErrorKind::Cut, message)
        })
    }

    /// Reads a BDW, which opens a block; empty blocks are passed over.
    pub(super) fn open_block(&mut self) -> Result<Step, FrameError> {
        let Some(word) = self.rest().first_chunk::<WORD>().copied() else {
            return self.no_word();
        };
        let Some(length) = self.framing.bdw.block(word) else {
            return Err(self.descriptor("BDW", word));
        };
        self.pass(WORD);
        self.block = length;
        Ok(Step::Again)
    }
}
