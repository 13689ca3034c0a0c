//! Records that are lines of text.

use memchr::memchr;

use super::super::framing::{EmptyLine, LineEnd, LongLine};
use super::super::{FrameError, FrameErrorKind};
use super::{Deframer, Place, Step, to_usize};

impl Deframer {
    /// The next line.
    pub(super) fn line(&mut self) -> Result<Step, FrameError> {
        let lines = self.framing.lines;
        if let Some(len) = lines.fixed {
            return self.fixed_line(len, lines.end);
        }
        let rest = self.rest().len();
        if rest == 0 {
            return Ok(Step::Need);
        }
        let longest = to_usize(self.framing.longest);
        let Some((len, end)) = self.line_end(lines.end) else {
            if self.passing {
                // All but a byte that may be the first of a line end.
                let keep = usize::from(!self.ended);
                self.pass(rest.saturating_sub(keep));
                self.searched = 0;
                return Ok(Step::Need);
            }
            // Two bytes more than the longest line could be its end.
            if rest > longest.saturating_add(1) || (self.ended && rest > longest) {
                return self.long_line(longest, lines.long);
            }
            if !self.ended {
                return Ok(Step::Need);
            }
            self.searched = 0;
            return Ok(self.padded(rest));
        };
        if self.passing {
            self.pass(len.saturating_add(end));
            self.searched = 0;
            self.passing = false;
            return Ok(Step::Again);
        }
        if len > longest {
            return self.long_line(longest, lines.long);
        }
        self.searched = 0;
        if len == 0 && lines.empty == EmptyLine::Skip {
            self.pass(end);
            return Ok(Step::Again);
        }
        let step = self.padded(len);
        self.pass(end);
        Ok(step)
    }

    /// Takes the next `len` bytes as a line, filled up where it is too short.
    fn padded(&mut self, len: usize) -> Step {
        let longest = to_usize(self.framing.longest);
        let pad = self.framing.lines.pad;
        let Some(pad) = pad.filter(|pad| len < to_usize(pad.len).min(longest)) else {
            return self.take(len);
        };
        let wanted = to_usize(pad.len).min(longest);
        let offset = self.offset();
        self.whole.clear();
        let line = self.buffer.get(self.done..self.done.saturating_add(len));
        self.whole.extend_from_slice(line.unwrap_or_default());
        self.whole.resize(wanted, pad.byte);
        self.pass(len);
        Step::Record(Place {
            whole: true,
            start: 0,
            len: wanted,
            offset,
        })
    }

    /// Length of the line and of its end, if its end is there.
    fn line_end(&mut self, end: LineEnd) -> Option<(usize, usize)> {
        let byte = match end {
            LineEnd::Any | LineEnd::Lf | LineEnd::CrLf => b'\n',
            LineEnd::Cr => b'\r',
            LineEnd::Nel => 0x15,
            LineEnd::EbcdicLf => 0x25,
        };
        let mut from = self.searched;
        let found = loop {
            let rest = self.rest();
            let Some(at) = memchr(byte, rest.get(from..).unwrap_or_default()) else {
                break Err(rest.len());
            };
            let at = from.saturating_add(at);
            let after_cr = at.checked_sub(1).and_then(|before| rest.get(before)) == Some(&b'\r');
            match end {
                LineEnd::Any | LineEnd::CrLf if after_cr => break Ok((at.saturating_sub(1), 2)),
                LineEnd::CrLf => from = at.saturating_add(1),
                _ => break Ok((at, 1)),
            }
        };
        match found {
            Ok(found) => Some(found),
            Err(searched) => {
                self.searched = searched;
                None
            }
        }
    }

    fn long_line(&mut self, longest: usize, long: LongLine) -> Result<Step, FrameError> {
        self.searched = 0;
        match long {
            LongLine::Error => {
                let message = format!("a line of more than {longest} bytes");
                let help = "the file has other line ends, or no lines: a record longer than the largest one allowed";
                Err(self
                    .fault(FrameErrorKind::Line, message)
                    .with_help(Some(help.to_owned())))
            }
            LongLine::Split | LongLine::Cut if longest == 0 => {
                let message = "wanted a largest record of at least 1 byte";
                Err(self.fault(FrameErrorKind::Format, message))
            }
            LongLine::Split => Ok(self.take(longest)),
            LongLine::Cut => {
                self.passing = true;
                Ok(self.take(longest))
            }
        }
    }

    /// A line of so many bytes, whatever these are, and the line end after it if there is one.
    fn fixed_line(&mut self, len: u32, end: LineEnd) -> Result<Step, FrameError> {
        if self.passing {
            // After a line: its end, or the beginning of the next one.
            let rest = self.rest();
            let ends: &[&[u8]] = match end {
                LineEnd::Any => &[b"\r\n", b"\n"],
                LineEnd::Lf => &[b"\n"],
                LineEnd::CrLf => &[b"\r\n"],
                LineEnd::Cr => &[b"\r"],
                LineEnd::Nel => &[&[0x15]],
                LineEnd::EbcdicLf => &[&[0x25]],
            };
            let found = ends.iter().find(|end| rest.starts_with(end));
            let may_come = !self.ended && ends.iter().any(|end| end.starts_with(rest));
            match found {
                Some(end) => self.pass(end.len()),
                None if may_come => return Ok(Step::Need),
                None => {}
            }
            self.passing = false;
            return Ok(Step::Again);
        }
        let step = self.fixed(len)?;
        if let Step::Record(_) = step {
            self.passing = true;
        }
        Ok(step)
    }
}
