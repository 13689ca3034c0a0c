//! Compaction: which records of a log with `cleanup.policy=compact` stay, and the segments written anew.
//!
//! In: the closed segments in order. Out: segments of the same offsets with fewer records. Kept is the last
//! record of each key; tombstones and transaction markers go `delete.retention.ms` after they were first
//! cleaned (KIP-534); records of aborted transactions go at once; what is not decided yet is not touched.
//! A batch that loses records is written uncompressed. Nothing here locks or decides when to run.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::io;

use crate::log::Segment;
use crate::log::batch::{self, Header};
use crate::log::medium::Source;
use crate::log::read::into_io;
use crate::log::record::{self, Record, Records};
use crate::log::walk::Walk;
use crate::producer_state::Aborted;

/// Keys looked at in one pass, about 40 MB; the next pass goes on behind them.
const KEYS: usize = 1_000_000;

/// A key is known by two hashes with random keys of their own: 128 bits never collide in practice, and nobody
/// can make them.
type KeyHash = (u64, u64);

/// What one pass over a partition knows.
#[derive(Debug)]
pub(crate) struct Pass {
    hashers: (RandomState, RandomState),
    last: HashMap<KeyHash, i64>,
    /// Records before this offset may go.
    pub(crate) end: i64,
    full: bool,
    pub(crate) aborted: Vec<Aborted>,
    /// The last offset each producer has written: that batch's header stays, for its sequence numbers.
    pub(crate) producers_last: HashSet<i64>,
    pub(crate) delete_retention_ms: i64,
    pub(crate) now_ms: i64,
    /// Producers of whose open transaction something stays before its marker.
    kept: HashSet<i64>,
}

/// What becomes of a batch.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Keep,
    Drop,
    Rewrite(Vec<u8>),
}

impl Pass {
    /// A pass that may clean before `end`, once `index` has seen what lies there.
    pub(crate) fn new(end: i64, now_ms: i64, delete_retention_ms: i64) -> Self {
        Self {
            hashers: (RandomState::new(), RandomState::new()),
            last: HashMap::new(),
            end,
            full: false,
            aborted: Vec::new(),
            producers_last: HashSet::new(),
            delete_retention_ms,
            now_ms,
            kept: HashSet::new(),
        }
    }

    fn hash(&self, key: &[u8]) -> KeyHash {
        (self.hashers.0.hash_one(key), self.hashers.1.hash_one(key))
    }

    fn is_aborted(&self, header: &Header) -> bool {
        let covers = |aborted: &Aborted| {
            aborted.producer_id == header.producer_id
                && (aborted.first_offset..=aborted.last_offset).contains(&header.base_offset)
        };
        header.is_transactional() && self.aborted.iter().any(covers)
    }

    /// Learns the last offset of each key in a segment not cleaned before. Segments come in order.
    pub(crate) fn index(&mut self, source: &Source, len: u64) -> io::Result<()> {
        let mut walk = Walk::new(source, 0, len);
        while let Some((_, header)) = walk.next_header().map_err(into_io)? {
            if self.full || header.base_offset >= self.end {
                return Ok(());
            }
            if self.last.len() >= KEYS {
                self.full = true;
                self.end = header.base_offset;
                return Ok(());
            }
            if !header.is_control() && !self.is_aborted(&header) {
                self.index_batch(&header, walk.batch(&header)?);
            }
            walk.skip(&header);
        }
        Ok(())
    }

    fn index_batch(&mut self, header: &Header, batch: &[u8]) {
        let Ok(payload) = record::payload(header, batch) else {
            return;
        };
        for record in Records::new(&payload).map_while(Result::ok) {
            if let Some(key) = record.key {
                self.last.insert(self.hash(key), record.offset(header));
            }
        }
    }

    /// Writes what stays of a segment to `cleaned`; `false` when all of it stays as it is. All segments from
    /// the first one on come in order, cleaned before or not.
    pub(crate) fn clean(
        &mut self,
        source: &Source,
        len: u64,
        cleaned: &mut Segment,
    ) -> io::Result<bool> {
        let mut changed = false;
        let mut walk = Walk::new(source, 0, len);
        while let Some((_, header)) = walk.next_header().map_err(into_io)? {
            let batch = walk.batch(&header)?;
            match self.fate(&header, batch) {
                Fate::Keep => cleaned.append(&header, batch)?,
                Fate::Drop => changed = true,
                Fate::Rewrite(batch) => {
                    changed = true;
                    let header = Header::read(&batch).map_err(io::Error::other)?;
                    cleaned.append(&header, &batch)?;
                }
            }
            walk.skip(&header);
        }
        Ok(changed)
    }

    fn fate(&mut self, header: &Header, batch: &[u8]) -> Fate {
        let fate = if header.last_offset() >= self.end {
            Fate::Keep
        } else if header.is_control() {
            return self.marker_fate(header, batch);
        } else {
            self.data_fate(header, batch)
        };
        if fate != Fate::Drop && header.is_transactional() {
            self.kept.insert(header.producer_id);
        }
        fate
    }

    /// A marker is needed while something of its transaction is there, and a while longer for readers that
    /// are in the middle of it.
    fn marker_fate(&mut self, header: &Header, batch: &[u8]) -> Fate {
        if self.kept.remove(&header.producer_id)
            || self.producers_last.contains(&header.last_offset())
        {
            return Fate::Keep;
        }
        match header.delete_horizon() {
            Some(horizon) if horizon < self.now_ms => Fate::Drop,
            Some(_) => Fate::Keep,
            None => self.rewrite(header, batch, |_| true),
        }
    }

    fn data_fate(&self, header: &Header, batch: &[u8]) -> Fate {
        let aborted = self.is_aborted(header);
        let tombstones_go = header
            .delete_horizon()
            .is_some_and(|horizon| horizon < self.now_ms);
        let stays = |record: &Record<'_>| {
            let Some(key) = record.key else { return false };
            let is_last = self
                .last
                .get(&self.hash(key))
                .is_none_or(|last| *last <= record.offset(header));
            !aborted && is_last && !(tombstones_go && record.value.is_none())
        };
        self.rewrite(header, batch, stays)
    }

    fn rewrite(&self, header: &Header, batch: &[u8], stays: impl Fn(&Record<'_>) -> bool) -> Fate {
        // What does not read is not ours to judge: it stays.
        let Ok(payload) = record::payload(header, batch) else {
            return Fate::Keep;
        };
        let Ok(records) = Records::new(&payload).collect::<Result<Vec<_>, _>>() else {
            return Fate::Keep;
        };
        let stay: Vec<&Record<'_>> = records.iter().filter(|record| stays(record)).collect();
        let ages = |record: &&Record<'_>| record.value.is_none() || header.is_control();
        let new_horizon = (header.delete_horizon().is_none() && stay.iter().any(ages))
            .then(|| self.now_ms.saturating_add(self.delete_retention_ms));
        if stay.len() == records.len() && new_horizon.is_none() {
            let was_emptied =
                records.is_empty() && !self.producers_last.contains(&header.last_offset());
            return if was_emptied { Fate::Drop } else { Fate::Keep };
        }
        if stay.is_empty() && !self.producers_last.contains(&header.last_offset()) {
            return Fate::Drop;
        }
        let horizon = new_horizon.or(header.delete_horizon());
        let base = horizon.unwrap_or(header.base_timestamp);
        let mut body = Vec::new();
        let mut written = *header;
        written.max_timestamp = stay
            .iter()
            .map(|record| record.timestamp(header))
            .max()
            .unwrap_or(header.max_timestamp);
        for record in &stay {
            let timestamp = header.base_timestamp.saturating_add(record.timestamp_delta);
            record::write(record, timestamp.saturating_sub(base), &mut body);
        }
        let count = i32::try_from(stay.len()).unwrap_or(i32::MAX);
        Fate::Rewrite(batch::build(&written, count, &body, horizon))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::batch::Marker;
    use crate::log::medium::Medium;

    const NOW: i64 = 1_000_000;

    /// One batch per record: producer (-1 for none), key, value; or a marker.
    enum Put {
        Record(i64, &'static str, Option<&'static str>),
        End(i64, Marker),
    }

    fn batch_of(offset: i64, put: &Put) -> Vec<u8> {
        let mut batch = match put {
            Put::End(producer, marker) => batch::marker(*producer, 0, *marker, 10),
            Put::Record(producer, key, value) => {
                let template =
                    Header::read(&batch::marker(*producer, 0, Marker::Commit, 10)).unwrap();
                let attributes = if *producer < 0 { 0 } else { 0x10 };
                let record = Record {
                    timestamp_delta: 7,
                    offset_delta: 0,
                    key: Some(key.as_bytes()),
                    value: value.map(str::as_bytes),
                    headers: &[0],
                    attributes: 0,
                };
                let mut body = Vec::new();
                record::write(&record, 7, &mut body);
                batch::build(
                    &Header {
                        attributes,
                        max_timestamp: 17,
                        ..template
                    },
                    1,
                    &body,
                    None,
                )
            }
        };
        batch::assign(&mut batch, offset);
        batch
    }

    fn segment(puts: &[Put]) -> Segment {
        let mut segment = Segment::new(0, Medium::memory());
        for (put, offset) in puts.iter().zip(0..) {
            let batch = batch_of(offset, put);
            segment
                .append(&Header::check(&batch).unwrap(), &batch)
                .unwrap();
        }
        segment
    }

    fn clean(segment: &Segment, mut pass: Pass) -> Segment {
        let source = segment.medium.source().unwrap().unwrap();
        pass.index(&source, segment.len).unwrap();
        let mut cleaned = Segment::new(0, Medium::memory());
        pass.clean(&source, segment.len, &mut cleaned).unwrap();
        cleaned
    }

    /// Offset, key, value and timestamp of every record, and `-` for a marker.
    fn shown(segment: &Segment) -> Vec<String> {
        let source = segment.medium.source().unwrap().unwrap();
        let mut walk = Walk::new(&source, 0, segment.len);
        let mut shown = Vec::new();
        while let Some((_, header)) = walk.next_header().unwrap() {
            let batch = walk.batch(&header).unwrap();
            Header::check(batch).unwrap();
            let payload = record::payload(&header, batch).unwrap();
            for record in Records::new(&payload) {
                let record = record.unwrap();
                let text = |bytes: Option<&[u8]>| {
                    bytes.map_or("null".into(), |it| String::from_utf8_lossy(it).into_owned())
                };
                let (offset, at) = (record.offset(&header), record.timestamp(&header));
                shown.push(match header.is_control() {
                    true => format!("{offset} -"),
                    false => format!(
                        "{offset} {}={} at {at}",
                        text(record.key),
                        text(record.value)
                    ),
                });
            }
            if header.records == 0 {
                shown.push(format!("{} empty", header.last_offset()));
            }
            walk.skip(&header);
        }
        shown
    }

    #[test]
    fn the_last_record_of_each_key_stays_where_it_was() {
        let log = segment(&[
            Put::Record(-1, "a", Some("1")),
            Put::Record(-1, "b", Some("1")),
            Put::Record(-1, "a", Some("2")),
            Put::Record(-1, "b", Some("2")),
        ]);
        assert_eq!(
            shown(&clean(&log, Pass::new(4, NOW, 100))),
            ["2 a=2 at 17", "3 b=2 at 17"]
        );
        assert_eq!(
            shown(&clean(&log, Pass::new(3, NOW, 100))),
            ["1 b=1 at 17", "2 a=2 at 17", "3 b=2 at 17"]
        );
    }

    #[test]
    fn a_tombstone_goes_after_its_time_and_keeps_its_timestamp_until_then() {
        let log = segment(&[Put::Record(-1, "a", Some("1")), Put::Record(-1, "a", None)]);
        let once = clean(&log, Pass::new(2, NOW, 100));
        assert_eq!(shown(&once), ["1 a=null at 17"]);
        let twice = clean(&once, Pass::new(2, NOW + 50, 100));
        assert_eq!(shown(&twice), ["1 a=null at 17"]);
        assert_eq!(shown(&clean(&twice, Pass::new(2, NOW + 101, 100))), [""; 0]);
    }

    #[test]
    fn aborted_records_go_and_replace_nothing() {
        let log = segment(&[
            Put::Record(-1, "a", Some("good")),
            Put::Record(5, "a", Some("aborted")),
            Put::End(5, Marker::Abort),
        ]);
        let aborted = Aborted {
            producer_id: 5,
            first_offset: 1,
            last_offset: 2,
        };
        let pass = |now_ms| {
            let mut pass = Pass::new(3, now_ms, 100);
            pass.aborted.push(aborted);
            pass
        };
        let once = clean(&log, pass(NOW));
        assert_eq!(shown(&once), ["0 a=good at 17", "2 -"]);
        assert_eq!(shown(&clean(&once, pass(NOW + 101))), ["0 a=good at 17"]);
    }

    #[test]
    fn a_marker_stays_while_its_records_do() {
        let log = segment(&[Put::Record(5, "a", Some("1")), Put::End(5, Marker::Commit)]);
        let mut kept = log;
        for round in 0..3 {
            kept = clean(&kept, Pass::new(2, NOW + 1_000 * round, 100));
            assert_eq!(shown(&kept), ["0 a=1 at 17", "1 -"]);
        }
    }

    #[test]
    fn the_last_batch_of_a_producer_keeps_its_header() {
        let log = segment(&[
            Put::Record(-1, "a", Some("1")),
            Put::Record(-1, "a", Some("2")),
        ]);
        let mut pass = Pass::new(2, NOW, 100);
        pass.producers_last.insert(0);
        assert_eq!(shown(&clean(&log, pass)), ["0 empty", "1 a=2 at 17"]);
    }
}
