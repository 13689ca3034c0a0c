//! Records as lines, with the line end of the framing.
//!
//! In: a record. Out: the line that reads back as it; a record that would not is refused.

use super::Framer;
use crate::frame::framing::{EmptyLine, LineEnd};
use crate::frame::{FrameError, FrameErrorKind};

impl Framer {
    pub(super) fn line(&self, record: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        let lines = self.framing.lines;
        let wrong = |message: &str| {
            FrameError::new(FrameErrorKind::Line, self.written, self.record_no, message)
        };
        match lines.fixed {
            Some(len) if u32::try_from(record.len()) != Ok(len) => {
                return Err(self.wanted(len, record.len()));
            }
            Some(_) => {}
            None => {
                let ends_inside = match lines.end {
                    LineEnd::Any => record.contains(&b'\n') || record.ends_with(b"\r"),
                    LineEnd::CrLf => record.windows(2).any(|two| two == b"\r\n"),
                    end => end
                        .bytes()
                        .first()
                        .is_some_and(|byte| record.contains(byte)),
                };
                if ends_inside {
                    return Err(wrong("wanted a line without a line end in it"));
                }
                if record.is_empty() && lines.empty == EmptyLine::Skip {
                    return Err(wrong(
                        "wanted a line that is not empty: empty ones are no records",
                    ));
                }
            }
        }
        let mut line = record;
        if let Some(pad) = lines.pad.filter(|_| lines.fixed.is_none()) {
            if record.len() < usize::try_from(pad.len).unwrap_or(usize::MAX) {
                return Err(self.wanted(format_args!("at least {}", pad.len), record.len()));
            }
            // A longer one is not filled up when it is read. An empty line may be no record.
            while u32::try_from(record.len()) == Ok(pad.len)
                && let Some((last, before)) = line.split_last()
                && *last == pad.byte
                && !(before.is_empty() && lines.empty == EmptyLine::Skip)
                // What is left may not look like half a line end.
                && !(before.ends_with(b"\r") && pad.byte != b'\r')
            {
                line = before;
            }
        }
        out.extend_from_slice(line);
        out.extend_from_slice(lines.end.bytes());
        Ok(())
    }
}
