//! Records to a file.

use super::{FrameError, FrameErrorKind, RecordFormat};

/// Half a track of a 3390: the block size most data sets have.
const BLOCK: usize = 27_998;

/// Appends records to a file in a record format.
#[derive(Debug)]
pub struct Framer {
    format: RecordFormat,
    block_size: usize,
    /// VB: where the open block begins in the caller's buffer is not known, so it is kept here.
    block: Vec<u8>,
    record_no: u64,
    written: u64,
}

impl Framer {
    /// For one file, with blocks of up to 27,998 bytes.
    pub fn new(format: RecordFormat) -> Framer {
        Framer {
            format,
            block_size: BLOCK,
            block: Vec::new(),
            record_no: 0,
            written: 0,
        }
    }

    /// Sets the size that VB blocks are filled to, BDW included.
    #[must_use]
    pub fn block_size(mut self, bytes: u16) -> Framer {
        self.block_size = usize::from(bytes.min(32_760));
        self
    }

    /// Appends one record; bytes of a VB block come out when it is full.
    ///
    /// # Errors
    /// A record of another length than F's, or one too long for its RDW or block.
    pub fn write(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        let fault = |message: String| {
            FrameError::new(
                FrameErrorKind::Length,
                self.written,
                self.record_no,
                message,
            )
        };
        let before = out.len();
        match self.format {
            RecordFormat::F { len } | RecordFormat::Fb { len } => {
                if u32::try_from(record.len()) != Ok(len) {
                    return Err(fault(format!(
                        "wanted a record of {len} bytes, got {}",
                        record.len()
                    )));
                }
                out.extend_from_slice(record);
            }
            RecordFormat::V => {
                let word = descriptor(record.len()).ok_or_else(|| {
                    fault(format!(
                        "a record of {} bytes: wanted at most 32,756",
                        record.len()
                    ))
                })?;
                out.extend_from_slice(&word);
                out.extend_from_slice(record);
            }
            RecordFormat::Vb => {
                let needed = record.len().saturating_add(4);
                let word = descriptor(record.len())
                    .filter(|_| needed.saturating_add(4) <= self.block_size)
                    .ok_or_else(|| {
                        let most = self.block_size.saturating_sub(8);
                        fault(format!(
                            "a record of {} bytes: wanted at most {most} for this block size",
                            record.len()
                        ))
                    })?;
                if self.block.len().saturating_add(needed) > self.block_size.saturating_sub(4) {
                    self.flush(out);
                }
                self.block.extend_from_slice(&word);
                self.block.extend_from_slice(record);
            }
        }
        self.record_no = self.record_no.saturating_add(1);
        self.written = self
            .written
            .saturating_add(u64::try_from(out.len().saturating_sub(before)).unwrap_or(0));
        Ok(())
    }

    /// Appends what is left of the last block.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.block.is_empty() {
            self.flush(out);
        }
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        if let Some(word) = descriptor(self.block.len()) {
            out.extend_from_slice(&word);
            out.append(&mut self.block);
        }
    }
}

/// The RDW or BDW of so many bytes: the length with the word itself, and zeros. z/OS has at most 32,760 in all.
fn descriptor(bytes: usize) -> Option<[u8; 4]> {
    let length = u16::try_from(bytes.checked_add(4)?)
        .ok()
        .filter(|length| *length <= 32_760)?;
    let [high, low] = length.to_be_bytes();
    Some([high, low, 0, 0])
}

/// Appends one record with its descriptor words; a VB record is a block of its own ([`Framer`] fills blocks).
///
/// # Errors
/// As [`Framer::write`].
pub fn write_record(
    format: RecordFormat,
    record: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), FrameError> {
    let mut framer = Framer::new(format).block_size(32_760);
    framer.write(record, out)?;
    framer.finish(out);
    Ok(())
}
