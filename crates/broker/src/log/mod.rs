//! The log of one partition: segments of raw record batches, append only.
//!
//! In: batches that `batch` and `record` have checked. Out: offsets, and plans to read by. Batches are kept
//! as they were sent; only base offset and leader epoch are set. The log knows no topics and no transactions.

pub(crate) mod batch;
mod compress;
pub(crate) mod medium;
pub(crate) mod read;
pub(crate) mod record;
mod recovery;
pub(crate) mod segment;
pub(crate) mod walk;

use std::io;
use std::path::{Path, PathBuf};

use batch::Header;
use medium::{Medium, Source};
use read::{Plan, Stretch};
pub(crate) use recovery::Visit;
pub(crate) use segment::Segment;

use crate::error::Result;

/// When a segment ends and the next begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Roll {
    /// `segment.bytes`.
    pub(crate) bytes: u64,
    /// `segment.ms`, between the first batch of the segment and the new one.
    pub(crate) age_ms: i64,
}

/// The log of one partition.
#[derive(Debug)]
pub(crate) struct Log {
    directory: Option<PathBuf>,
    /// Never empty; the last one is the active one.
    segments: Vec<Segment>,
    start: i64,
    end: i64,
}

/// The file of the segment that starts at `base`.
pub(crate) fn segment_path(directory: &Path, base: i64) -> PathBuf {
    directory.join(format!("{base:020}.log"))
}

impl Log {
    /// Opens the log in `directory` (in memory without one), telling `visit` of every batch in it.
    /// `start` is the first offset that was not deleted as far as the journal knows.
    pub(crate) fn open(directory: Option<PathBuf>, start: i64, visit: Visit<'_>) -> Result<Self> {
        let mut end = 0;
        let mut segments = match &directory {
            Some(directory) => recovery::recover(directory, &mut |header, marker| {
                end = header.last_offset() + 1;
                visit(header, marker);
            })?,
            None => Vec::new(),
        };
        let first = segments.first().map_or(start, |segment| segment.base);
        end = segments
            .last()
            .map_or(start, |segment| segment.base)
            .max(end)
            .max(start);
        let mut log = Self {
            directory,
            segments: Vec::new(),
            start: start.max(first),
            end,
        };
        if segments.is_empty() {
            segments.push(log.segment(end));
        }
        log.segments = segments;
        Ok(log)
    }

    fn segment(&self, base: i64) -> Segment {
        let medium = match &self.directory {
            Some(directory) => Medium::file(segment_path(directory, base)),
            None => Medium::memory(),
        };
        Segment::new(base, medium)
    }

    pub(crate) fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// The first offset that can be read.
    pub(crate) fn start(&self) -> i64 {
        self.start
    }

    /// The offset the next record gets; with one node this is the high watermark too.
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    /// Bytes of all segments.
    pub(crate) fn len(&self) -> u64 {
        self.segments.iter().map(|segment| segment.len).sum()
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    fn active(&mut self) -> &mut Segment {
        self.segments
            .last_mut()
            .expect("a log has at least its active segment")
    }

    /// Appends a checked batch at the end. The offset given is its first; nothing changes on error.
    pub(crate) fn append(&mut self, batch: &mut [u8], roll: Roll) -> io::Result<Header> {
        let base = self.end;
        batch::assign(batch, base);
        let header = Header::read(batch).map_err(io::Error::other)?;
        self.roll_for(&header, roll)?;
        self.active().append(&header, batch)?;
        self.end = header.last_offset() + 1;
        Ok(header)
    }

    fn roll_for(&mut self, header: &Header, roll: Roll) -> io::Result<()> {
        let active = self.active();
        let full = active.len + u64::try_from(header.len).unwrap_or(u64::MAX) > roll.bytes;
        let old = active
            .first_timestamp
            .is_some_and(|first| header.max_timestamp.saturating_sub(first) > roll.age_ms);
        if active.len > 0 && (full || old) {
            return self.roll();
        }
        Ok(())
    }

    /// Begins a new segment; the one before is forced to the disk first, so only the last can ever be torn.
    pub(crate) fn roll(&mut self) -> io::Result<()> {
        let mut next = self.segment(self.end);
        next.medium.create()?;
        let active = self.active();
        if let Err(error) = active.medium.sync() {
            next.medium.remove()?;
            return Err(error);
        }
        active.medium.close();
        self.segments.push(next);
        Ok(())
    }

    /// How to read from `from` up to, not including, `limit`. About `max_bytes` are covered.
    pub(crate) fn plan(&self, from: i64, limit: i64, max_bytes: usize) -> io::Result<Plan> {
        let first = self
            .segments
            .partition_point(|segment| segment.base <= from)
            .saturating_sub(1);
        let mut plan = Plan {
            stretches: Vec::new(),
            from,
            limit,
        };
        let mut covered: u64 = 0;
        for (at, segment) in self.segments.iter().enumerate().skip(first) {
            if segment.base >= limit {
                break;
            }
            let position = if at == first {
                segment.position(from)
            } else {
                0
            };
            if let Some(source) = segment.medium.source()? {
                plan.stretches.push(Stretch {
                    source,
                    position,
                    end: segment.len,
                });
            }
            covered += segment.len - position;
            // Compaction may have left nothing at the end of a segment: go on until there surely is something.
            if at > first && covered > u64::try_from(max_bytes).unwrap_or(u64::MAX) {
                break;
            }
        }
        Ok(plan)
    }

    /// How to find the first record of at least `timestamp` in `from..limit`.
    pub(crate) fn plan_by_time(&self, from: i64, limit: i64, timestamp: i64) -> io::Result<Plan> {
        let mut plan = Plan {
            stretches: Vec::new(),
            from,
            limit,
        };
        for segment in &self.segments {
            if segment.max_timestamp < timestamp || segment.base >= limit {
                continue;
            }
            let position = segment.position_by_time(timestamp);
            if let Some(source) = segment.medium.source()? {
                plan.stretches.push(Stretch {
                    source,
                    position,
                    end: segment.len,
                });
            }
        }
        Ok(plan)
    }

    /// The largest timestamp in the log, -1 when there is none.
    pub(crate) fn max_timestamp(&self) -> i64 {
        self.segments
            .iter()
            .map(|segment| segment.max_timestamp)
            .max()
            .unwrap_or(-1)
    }

    /// About how many bytes lie between `from` and the end.
    pub(crate) fn bytes_from(&self, from: i64) -> u64 {
        let first = self
            .segments
            .partition_point(|segment| segment.base <= from)
            .saturating_sub(1);
        let all: u64 = self
            .segments
            .iter()
            .skip(first)
            .map(|segment| segment.len)
            .sum();
        all - self
            .segments
            .get(first)
            .map_or(0, |segment| segment.position(from))
    }

    /// Moves the first readable offset forward and drops the segments wholly before it.
    pub(crate) fn delete_before(&mut self, start: i64) -> io::Result<()> {
        self.start = self.start.max(start.min(self.end));
        if self.start == self.end && self.active().len > 0 {
            self.roll()?;
        }
        while self
            .segments
            .get(1)
            .is_some_and(|second| second.base <= self.start)
        {
            self.segments.remove(0).medium.remove()?;
        }
        Ok(())
    }

    /// A segment to write the cleaned form of another one to.
    pub(crate) fn scratch(&self, base: i64) -> Segment {
        let medium = match &self.directory {
            Some(directory) => {
                Medium::file(segment_path(directory, base).with_extension("cleaned"))
            }
            None => Medium::memory(),
        };
        Segment::new(base, medium)
    }

    /// Puts a cleaned segment in the place of the one with the same base; nothing happens when that is gone
    /// or active. The first segment stays when it is empty: its name is where the log begins.
    pub(crate) fn replace(&mut self, mut cleaned: Segment) -> io::Result<()> {
        let closed = self.segments.len() - 1;
        let place = self
            .segments
            .iter()
            .take(closed)
            .position(|segment| segment.base == cleaned.base);
        let Some(place) = place else {
            return cleaned.medium.remove();
        };
        if cleaned.len == 0 && place > 0 {
            cleaned.medium.remove()?;
            return self.segments.remove(place).medium.remove();
        }
        if let Some(directory) = &self.directory {
            // A segment nothing was written to has no file yet.
            cleaned.medium.create()?;
            cleaned
                .medium
                .rename(segment_path(directory, cleaned.base))?;
        }
        cleaned.medium.close();
        if let Some(there) = self.segments.get_mut(place) {
            *there = cleaned;
        }
        Ok(())
    }

    /// Something to force to the disk what was appended last.
    pub(crate) fn tail(&self) -> io::Result<Option<Source>> {
        self.segments
            .last()
            .map_or(Ok(None), |segment| segment.medium.source())
    }

    /// Lets go of open files.
    pub(crate) fn close(&mut self) {
        for segment in &mut self.segments {
            segment.medium.close();
        }
    }
}
