//! Goes through the batches of a segment in order, headers first, in large reads.

use std::io;

use super::batch::{Fault, HEADER, Header};
use super::medium::Source;

const CHUNK: usize = 64 << 10;

/// Why a walk stopped before the end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error("byte {at}: {fault}")]
    Fault { at: u64, fault: Fault },
}

/// A walk over `position..end` of one segment.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    source: &'a Source,
    position: u64,
    end: u64,
    chunk: Vec<u8>,
    chunk_at: u64,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(source: &'a Source, position: u64, end: u64) -> Self {
        Self {
            source,
            position,
            end,
            chunk: Vec::new(),
            chunk_at: 0,
        }
    }

    /// `len` bytes at the current position, from the chunk in hand or a new one.
    fn peek(&mut self, len: usize) -> io::Result<&[u8]> {
        let offset = self
            .position
            .checked_sub(self.chunk_at)
            .and_then(|offset| usize::try_from(offset).ok());
        let in_hand = offset.filter(|offset| offset.saturating_add(len) <= self.chunk.len());
        let start = match in_hand {
            Some(start) => start,
            None => {
                let left =
                    usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
                self.chunk.resize(len.max(CHUNK).min(left), 0);
                self.source.read_at(&mut self.chunk, self.position)?;
                self.chunk_at = self.position;
                0
            }
        };
        self.chunk
            .get(start..start + len)
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The next batch: where it starts and its header. `None` at the end.
    pub(crate) fn next_header(&mut self) -> Result<Option<(u64, Header)>, Stop> {
        let at = self.position;
        let left = usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(None);
        }
        if left < HEADER {
            return Err(Stop::Fault {
                at,
                fault: Fault::Cut {
                    wanted: HEADER,
                    got: left,
                },
            });
        }
        let header = Header::read(self.peek(HEADER)?).map_err(|fault| Stop::Fault { at, fault })?;
        if header.len > left {
            return Err(Stop::Fault {
                at,
                fault: Fault::Cut {
                    wanted: header.len,
                    got: left,
                },
            });
        }
        Ok(Some((at, header)))
    }

    /// The whole batch whose header `next_header` gave.
    pub(crate) fn batch(&mut self, header: &Header) -> io::Result<&[u8]> {
        self.peek(header.len)
    }

    /// Goes behind the batch whose header `next_header` gave.
    pub(crate) fn skip(&mut self, header: &Header) {
        self.position += u64::try_from(header.len).unwrap_or(u64::MAX);
    }
}
