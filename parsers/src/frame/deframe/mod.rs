//! Chunks to records.
//!
//! One loop: [`Deframer::step`] looks at the bytes that are there and says what they are (a record, something that is
//! no record, too little to tell), a file per family of formats: [`words`], [`lines`], [`sizes`].

mod lines;
mod sizes;
mod words;

use super::framing::{Framing, Partial, RecordFormat};
use super::{FrameError, FrameErrorKind};

/// A record of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framed<'d> {
    /// Its bytes, without descriptor words and line ends.
    pub bytes: &'d [u8],
    /// Where they begin in the file, after the RDW; of a spanned record, where its first segment's begin.
    pub offset: u64,
    /// Its number among the records given, from 0.
    pub record_no: u64,
}

/// Takes chunks of a file and gives its records.
///
/// `push` a chunk, take records with `next` until it gives `None`, push the next one. After the last chunk `finish`,
/// then take with `next` what is left: a last line without an end, a last short record. After an error every further
/// call gives the same error. Memory is bounded by the chunk, [`Framing::longest`] and the file's trailer.
#[derive(Debug)]
pub struct Deframer {
    framing: Framing,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are done with.
    done: usize,
    /// Offset in the file of the buffer's first byte.
    base: u64,
    record_no: u64,
    /// Bytes of the file's header that are still to be passed over.
    header: u64,
    /// Bytes of the open block that are still to come.
    block: u64,
    /// The file is at its end.
    ended: bool,
    /// Found when the file ended, to be given next.
    last: Option<Place>,
    /// The spanned record that is being put together, and where it began.
    whole: Vec<u8>,
    whole_offset: u64,
    open: bool,
    /// Text: bytes after `done` that hold no line end.
    searched: usize,
    /// Text: the rest of a line that is passed over.
    passing: bool,
    failed: Option<FrameError>,
}

/// What the bytes at hand are.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// More bytes are needed to tell; or at the end of the file, nothing is left.
    Need,
    /// No record, and done with.
    Again,
    /// A record.
    Record(Place),
}

/// Where a record is.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// In `whole`, else in `buffer`.
    whole: bool,
    start: usize,
    len: usize,
    /// Of its first byte in the file.
    offset: u64,
}

impl Deframer {
    /// For one file.
    pub fn new(framing: impl Into<Framing>) -> Deframer {
        let framing = framing.into();
        Deframer {
            buffer: Vec::new(),
            done: 0,
            base: 0,
            record_no: 0,
            header: u64::from(framing.file.start),
            block: 0,
            ended: false,
            last: None,
            whole: Vec::new(),
            whole_offset: 0,
            open: false,
            searched: 0,
            passing: false,
            failed: None,
            framing,
        }
    }

    /// The record format.
    pub fn format(&self) -> RecordFormat {
        self.framing.format
    }

    /// How the file is cut.
    pub fn framing(&self) -> &Framing {
        &self.framing
    }

    /// How many records were given.
    pub fn records(&self) -> u64 {
        self.record_no
    }

    /// Bytes kept in memory: those pushed and not yet done with, and what is there of a spanned record.
    pub fn held(&self) -> usize {
        self.buffer
            .len()
            .saturating_sub(self.done)
            .saturating_add(self.whole.len())
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
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let place = match self.last.take() {
            Some(place) => Some(place),
            None => self.find()?,
        };
        let Some(place) = place else {
            return Ok(None);
        };
        let record_no = self.record_no;
        self.record_no = record_no.saturating_add(1);
        let from = if place.whole {
            &self.whole
        } else {
            &self.buffer
        };
        let bytes = from
            .get(place.start..place.start.saturating_add(place.len))
            .unwrap_or_default();
        Ok(Some(Framed {
            bytes,
            offset: place.offset,
            record_no,
        }))
    }

    /// Says that the file ends here; what is left comes from [`next`](Self::next).
    ///
    /// # Errors
    /// It ends inside a record or a block.
    pub fn finish(&mut self) -> Result<(), FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.ended = true;
        if self.last.is_none() {
            self.last = self.find()?;
        }
        Ok(())
    }

    /// The next record.
    fn find(&mut self) -> Result<Option<Place>, FrameError> {
        loop {
            let place = match self.step() {
                Ok(Step::Need) => return Ok(None),
                Ok(Step::Again) => continue,
                Ok(Step::Record(place)) => self.within(place),
                Err(error) => Err(error),
            };
            match place {
                Ok(Some(place)) => return Ok(Some(place)),
                Ok(None) => {}
                Err(error) => {
                    self.failed = Some(error.clone());
                    return Err(error);
                }
            }
        }
    }

    /// A record without the bytes of it that are skipped; none if it is passed over for its length.
    #[inline]
    fn within(&self, place: Place) -> Result<Option<Place>, FrameError> {
        let len = u32::try_from(place.len).unwrap_or(u32::MAX);
        if len < self.framing.minimum || len > self.framing.maximum {
            return Ok(None);
        }
        let skip = self.framing.record;
        if skip.start == 0 && skip.end == 0 {
            return Ok(Some(place));
        }
        let both = to_usize(skip.start).saturating_add(to_usize(skip.end));
        let Some(rest) = place.len.checked_sub(both) else {
            let message = format!(
                "a record of {len} bytes: wanted at least {both}, which are skipped of each record"
            );
            return Err(self.fault_at(FrameErrorKind::Length, place.offset, message));
        };
        Ok(Some(Place {
            start: place.start.saturating_add(to_usize(skip.start)),
            len: rest,
            offset: place.offset.saturating_add(u64::from(skip.start)),
            ..place
        }))
    }

    fn step(&mut self) -> Result<Step, FrameError> {
        if self.header > 0 {
            let have = u64::try_from(self.rest().len()).unwrap_or(u64::MAX);
            let skip = self.header.min(have);
            if skip == 0 {
                return Ok(Step::Need);
            }
            self.header = self.header.saturating_sub(skip);
            self.pass(usize::try_from(skip).unwrap_or(usize::MAX));
            return Ok(Step::Again);
        }
        match self.framing.format {
            RecordFormat::F { len } => self.fixed(len),
            RecordFormat::Fb { len } => self.fixed_blocks(len),
            RecordFormat::V => self.variable(false, false),
            RecordFormat::Vb => self.variable(true, false),
            RecordFormat::Vs => self.variable(false, true),
            RecordFormat::Vbs => self.variable(true, true),
            RecordFormat::U { block } => self.undefined(block),
            RecordFormat::Text => self.line(),
            RecordFormat::Length => self.said(),
        }
    }

    /// The bytes that are there: without those that may be the file's trailer.
    #[inline]
    fn rest(&self) -> &[u8] {
        let end = self
            .buffer
            .len()
            .saturating_sub(to_usize(self.framing.file.end));
        self.buffer.get(self.done..end).unwrap_or_default()
    }

    /// Is done with so many bytes.
    #[inline]
    fn pass(&mut self, bytes: usize) {
        self.done = self.done.saturating_add(bytes).min(self.buffer.len());
    }

    /// Where the bytes not yet given begin in the file.
    #[inline]
    fn offset(&self) -> u64 {
        self.base
            .saturating_add(u64::try_from(self.done).unwrap_or(u64::MAX))
    }

    /// Takes the next `len` bytes, which are there, as a record.
    #[inline]
    fn take(&mut self, len: usize) -> Step {
        let place = Place {
            whole: false,
            start: self.done,
            len,
            offset: self.offset(),
        };
        self.pass(len);
        Step::Record(place)
    }

    /// The last record, of which the file has fewer bytes than it should, by the policy for that.
    fn cut(
        &mut self,
        have: usize,
        error: impl FnOnce(&Self) -> FrameError,
    ) -> Result<Step, FrameError> {
        match self.framing.partial {
            Partial::Error => Err(error(self)),
            Partial::Keep if have > 0 => {
                self.block = 0;
                Ok(self.take(have))
            }
            Partial::Keep | Partial::Drop => {
                self.drop_rest();
                Ok(Step::Again)
            }
        }
    }

    /// Is done with everything: nothing of the file is left.
    fn drop_rest(&mut self) {
        self.block = 0;
        self.open = false;
        self.done = self
            .buffer
            .len()
            .saturating_sub(to_usize(self.framing.file.end))
            .max(self.done);
    }

    #[cold]
    fn fault(&self, kind: FrameErrorKind, message: impl Into<String>) -> FrameError {
        self.fault_at(kind, self.offset(), message)
    }

    #[cold]
    fn fault_at(
        &self,
        kind: FrameErrorKind,
        offset: u64,
        message: impl Into<String>,
    ) -> FrameError {
        FrameError::new(kind, offset, self.record_no, message)
    }

    /// Whether a record of so many bytes is one; a length beyond that is not waited for.
    #[inline]
    fn bounded(&self, len: u64, said: &str) -> Result<usize, FrameError> {
        let longest = u64::from(self.framing.longest);
        match usize::try_from(len) {
            Ok(len) if u64::try_from(len).is_ok_and(|len| len <= longest) => Ok(len),
            _ => {
                let message = format!("{said} says {len} bytes: wanted at most {longest}");
                let help = "the length is not one, or the largest record allowed is too small";
                Err(self
                    .fault(FrameErrorKind::Length, message)
                    .with_help(Some(help.to_owned())))
            }
        }
    }
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
