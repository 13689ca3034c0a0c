//! Reading a log away from the lock: a plan taken under it, carried out without it.

use std::io;

use bytes::{Bytes, BytesMut};

use super::batch::{HEADER, Header};
use super::medium::Source;
use super::record::{Records, payload};
use super::walk::{Stop, Walk};

/// A stretch of one segment as it was when the plan was made.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    pub(crate) source: Source,
    pub(crate) position: u64,
    pub(crate) end: u64,
}

/// What to read for one partition of a fetch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    pub(crate) stretches: Vec<Stretch>,
    /// The first offset wanted.
    pub(crate) from: i64,
    /// The first offset not to be shown: high watermark or last stable offset.
    pub(crate) limit: i64,
}

/// What was read: whole batches as they lie in the log.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    pub(crate) bytes: Bytes,
    /// The offset behind the last batch read.
    pub(crate) next: i64,
}

impl Plan {
    /// Reads whole batches up to `max_bytes`; `first_whole` returns the first batch whatever its size (KIP-74).
    pub(crate) fn read(&self, max_bytes: usize, first_whole: bool) -> io::Result<Batches> {
        for stretch in &self.stretches {
            let batches = self.read_stretch(stretch, max_bytes, first_whole)?;
            if batches.next > self.from || !batches.bytes.is_empty() {
                return Ok(batches);
            }
        }
        Ok(Batches {
            bytes: Bytes::new(),
            next: self.from,
        })
    }

    fn read_stretch(
        &self,
        stretch: &Stretch,
        max_bytes: usize,
        first_whole: bool,
    ) -> io::Result<Batches> {
        let none = Batches {
            bytes: Bytes::new(),
            next: self.from,
        };
        let Some((start, first)) = self.find(stretch)? else {
            return Ok(none);
        };
        let left = usize::try_from(stretch.end.saturating_sub(start)).unwrap_or(usize::MAX);
        let wanted = if first_whole {
            max_bytes.max(first.len)
        } else {
            max_bytes
        };
        if first.base_offset >= self.limit || first.len > wanted {
            // `next` behind `from` tells "there is something, but not now" from "look in the next segment".
            return Ok(Batches {
                bytes: Bytes::new(),
                next: first.base_offset.max(self.from + 1),
            });
        }
        let mut buffer = BytesMut::zeroed(wanted.min(left));
        stretch.source.read_at(&mut buffer, start)?;
        let mut taken = 0;
        let mut next = self.from;
        while let Some(rest) = buffer.get(taken..).filter(|rest| rest.len() >= HEADER) {
            let header = Header::read(rest).map_err(io::Error::other)?;
            if header.len > rest.len() || header.base_offset >= self.limit {
                break;
            }
            taken += header.len;
            next = header.last_offset() + 1;
        }
        buffer.truncate(taken);
        Ok(Batches {
            bytes: buffer.freeze(),
            next,
        })
    }

    /// The batch that holds `from`, or the first one behind it.
    fn find(&self, stretch: &Stretch) -> io::Result<Option<(u64, Header)>> {
        let mut walk = Walk::new(&stretch.source, stretch.position, stretch.end);
        while let Some((at, header)) = walk.next_header().map_err(into_io)? {
            if header.last_offset() >= self.from {
                return Ok(Some((at, header)));
            }
            walk.skip(&header);
        }
        Ok(None)
    }

    /// The first record of at least `timestamp`: its timestamp and offset.
    pub(crate) fn find_timestamp(&self, timestamp: i64) -> io::Result<Option<(i64, i64)>> {
        for stretch in &self.stretches {
            let mut walk = Walk::new(&stretch.source, stretch.position, stretch.end);
            while let Some((_, header)) = walk.next_header().map_err(into_io)? {
                if header.base_offset >= self.limit {
                    return Ok(None);
                }
                if header.max_timestamp >= timestamp && header.last_offset() >= self.from {
                    let batch = walk.batch(&header)?;
                    if let Some(found) = self.find_in_batch(&header, batch, timestamp) {
                        return Ok(Some(found));
                    }
                }
                walk.skip(&header);
            }
        }
        Ok(None)
    }

    fn find_in_batch(&self, header: &Header, batch: &[u8], timestamp: i64) -> Option<(i64, i64)> {
        // A batch that does not inflate stands for its first offset: better early than skipped.
        let Ok(payload) = payload(header, batch) else {
            return Some((header.max_timestamp, header.base_offset));
        };
        Records::new(&payload)
            .map_while(Result::ok)
            .map(|record| (record.timestamp(header), record.offset(header)))
            .find(|(at, offset)| *at >= timestamp && *offset >= self.from)
    }
}

pub(crate) fn into_io(stop: Stop) -> io::Error {
    match stop {
        Stop::Read(error) => error,
        fault @ Stop::Fault { .. } => io::Error::other(fault),
    }
}
