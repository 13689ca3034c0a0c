//! A work, cut into batches: dead letters first, in the order of the file, then the changes, in the order of their keys.
//!
//! In: a work as the checkpoint has it. Out: batches of encoded records, each with the place reached and the counts up to there. The sequence is the same
//! every time, wherever it is taken up again; only where batches end differs. Runs on a blocking thread, with no transaction open.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use event::Snapshot;
use kafka::Outgoing;
use payload::Form;
use tokio::sync::mpsc;

use crate::change::{Change, Changes};
use crate::checkpoint::{Emitted, Kind, Place, Work};
use crate::config::SourceConfig;
use crate::echo;
use crate::encode::{Encoder, Moment, Written};
use crate::error::{Error, ErrorKind, Result};

use crate::image::{Address, Cursor, ImageReader, Store};
use crate::large::{Carrier, Whose};
use crate::resolve::dead_letter_key;
use crate::wire::Wires;

/// When a batch closes: whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Records, tombstones and dead letters included.
    pub records: usize,
    /// Encoded bytes.
    pub bytes: usize,
    /// Time since its first record.
    pub time: Duration,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self {
            records: 10_000,
            bytes: 8 << 20,
            time: Duration::from_secs(1),
        }
    }
}

/// Encoded records, ready for one transaction.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) records: Vec<Outgoing>,
    /// Where the work is once these are committed.
    pub(crate) cursor: Place,
    /// What was sent of the work once these are committed.
    pub(crate) emitted: Emitted,
    /// Nothing comes after these.
    pub(crate) last: bool,
    /// The largest record, and how many bytes its key and value have.
    pub(crate) largest: Option<(usize, Whose)>,
}

/// Encodes `work` from its cursor on and sends the batches, the last one marked. Ends early, without an error, when nobody receives any more.
pub(crate) fn encode(
    config: &SourceConfig,
    (wires, carrier): (Arc<Wires>, &Carrier),
    store: &Store,
    work: &Work,
    batches: &mpsc::Sender<Batch>,
) -> Result<()> {
    let mut batcher = Batcher::open(config, (wires, carrier), store, work)?;
    loop {
        let batch = batcher.next()?;
        let last = batch.last;
        if batches.blocking_send(batch).is_err() || last {
            return Ok(());
        }
    }
}

struct Batcher<'a> {
    config: &'a SourceConfig,
    store: &'a Store,
    work: &'a Work,
    encoder: Encoder,
    carrier: &'a Carrier,
    at: At,
    cursor: Place,
    emitted: Emitted,
    topic: Arc<str>,
    dead_letters: Arc<str>,
}

/// What is read now.
enum At {
    DeadLetters(ImageReader),
    Changes(Changes),
    End,
}

/// A batch on its way: one buffer for all keys and values.
struct Filling {
    arena: Vec<u8>,
    records: Vec<Record>,
    began: Instant,
    limits: BatchLimits,
    largest: Option<(usize, Whose)>,
}

/// A record in the arena.
struct Record {
    topic: Arc<str>,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: Vec<(String, Vec<u8>)>,
}

impl Record {
    fn new(topic: &Arc<str>, key: Option<Range<usize>>, value: Option<Range<usize>>) -> Self {
        Self {
            topic: Arc::clone(topic),
            key,
            value,
            headers: Vec::new(),
        }
    }
}

impl<'a> Batcher<'a> {
    fn open(
        config: &'a SourceConfig,
        (wires, carrier): (Arc<Wires>, &'a Carrier),
        store: &'a Store,
        work: &'a Work,
    ) -> Result<Self> {
        let moment = Moment {
            generation: work.generation.as_str().into(),
            source_ts_ns: work.origin.file.modified_ms.saturating_mul(1_000_000),
        };
        let at = match &work.cursor {
            Place::DeadLetters { after } => match &work.dead {
                Some(letters) => dead_letters(store, letters, *after)?,
                None => changes(store, work, None)?,
            },
            Place::Changes { after } => changes(store, work, after.as_deref())?,
        };
        Ok(Self {
            encoder: Encoder::new(config, wires, moment)?,
            carrier,
            topic: config.topic().into(),
            dead_letters: config.dead_letter_topic().into(),
            cursor: work.cursor.clone(),
            emitted: work.emitted,
            config,
            store,
            work,
            at,
        })
    }

    fn next(&mut self) -> Result<Batch> {
        let mut filling = Filling {
            arena: Vec::new(),
            records: Vec::new(),
            began: Instant::now(),
            limits: self.config.batch(),
            largest: None,
        };
        let now_ns = nanos(SystemTime::now());
        while !filling.is_full() {
            // Taken out and put back, so that the reader and the rest of `self` can be used together.
            match std::mem::replace(&mut self.at, At::End) {
                At::DeadLetters(mut letters) => {
                    if self.dead_letter(&mut letters, &mut filling)? {
                        self.at = At::DeadLetters(letters);
                    } else {
                        self.cursor = Place::Changes { after: None };
                        self.at = changes(self.store, self.work, None)?;
                    }
                }
                At::Changes(mut changes) => {
                    if self.change(&mut changes, now_ns, &mut filling)? {
                        self.at = At::Changes(changes);
                    }
                }
                At::End => break,
            }
        }
        Ok(Batch {
            largest: filling.largest.take(),
            records: filling.finish(),
            cursor: self.cursor.clone(),
            emitted: self.emitted,
            last: matches!(self.at, At::End),
        })
    }

    fn dead_letter(&mut self, letters: &mut ImageReader, filling: &mut Filling) -> Result<bool> {
        if !letters.advance()? {
            return Ok(false);
        }
        let Some(entry) = letters.current() else {
            return Ok(false);
        };
        let letter = self.encoder.dead_letter(&entry)?;
        let headers = letter.headers();
        let key = letter.key.as_deref().map(|key| filling.append(key));
        let value = filling.append(&letter.raw);
        filling.measure(key.as_ref(), &value, || Whose {
            topic: Arc::clone(&self.dead_letters),
            key: None,
            record_no: entry.record_no,
            is_deleted: false,
        });
        filling.records.push(Record {
            headers,
            ..Record::new(&self.dead_letters, key, Some(value))
        });
        self.emitted.dead_letters += 1;
        self.cursor = Place::DeadLetters {
            after: Some(entry.record_no),
        };
        Ok(true)
    }

    fn change(
        &mut self,
        changes: &mut Changes,
        now_ns: i64,
        filling: &mut Filling,
    ) -> Result<bool> {
        let Some(change) = changes.next()? else {
            return Ok(false);
        };
        let snapshot = self.snapshot(&change);
        let written = self
            .encoder
            .change(&change, snapshot, now_ns, &mut filling.arena)?;
        let Written { key, value, .. } = written;
        let echo = written
            .echo_of
            .map(|id| (echo::HEADER.to_owned(), id.to_string().into_bytes()));
        let whose = || Whose {
            topic: Arc::clone(&self.topic),
            key: Some(crate::hex(change.key)),
            record_no: change
                .after
                .or(change.before)
                .map_or(0, |entry| entry.record_no),
            is_deleted: change.after.is_none(),
        };
        if self.carrier.is_plain(value.len()) {
            filling.measure(Some(&key), &value, whose);
            filling.records.push(Record {
                headers: echo.into_iter().collect(),
                ..Record::new(&self.topic, Some(key.clone()), Some(value))
            });
        } else {
            // The last in the buffer: what stands for it takes its place.
            let whole = Bytes::from(filling.arena.split_off(value.start));
            for packed in self.carrier.carry(whole, &whose())? {
                let value = filling.append(&packed.value);
                filling.measure(Some(&key), &value, whose);
                let headers = packed.form.iter().flat_map(Form::headers);
                let headers = headers.map(|(name, value)| (name, value.to_vec()));
                filling.records.push(Record {
                    headers: headers.chain(echo.clone()).collect(),
                    ..Record::new(&self.topic, Some(key.clone()), Some(value))
                });
            }
        }
        match (change.before, change.after) {
            (None, _) if snapshot != Snapshot::False => self.emitted.read += 1,
            (None, _) => self.emitted.created += 1,
            (Some(_), Some(_)) => self.emitted.updated += 1,
            (Some(_), None) => {
                self.emitted.deleted += 1;
                filling
                    .records
                    .push(Record::new(&self.topic, Some(key), None));
            }
        }
        self.cursor = Place::Changes {
            after: Some(crate::hex(change.key)),
        };
        Ok(true)
    }

    /// `first`, `true` or `last`, counted over the whole snapshot, so that it does not depend on where the work was taken up again.
    fn snapshot(&self, change: &Change<'_>) -> Snapshot {
        if self.work.kind != Kind::Snapshot || change.before.is_some() {
            return Snapshot::False;
        }
        let read = self.emitted.read + 1;
        if read == self.work.counts.created {
            Snapshot::Last
        } else if read == 1 {
            Snapshot::First
        } else {
            Snapshot::True
        }
    }
}

fn dead_letters(store: &Store, letters: &Address, after: Option<u64>) -> Result<At> {
    let mut reader = store.reader(letters)?;
    if let Some(record_no) = after {
        reader.seek_after(&dead_letter_key(record_no))?;
    }
    Ok(At::DeadLetters(reader))
}

fn changes(store: &Store, work: &Work, after: Option<&str>) -> Result<At> {
    let key = after
        .map(|hex| {
            crate::unhex(hex).ok_or_else(|| {
                Error::new(
                    ErrorKind::Checkpoint,
                    format!("the checkpoint's last key is not hex: `{hex}`"),
                )
            })
        })
        .transpose()?;
    Ok(At::Changes(Changes::open(
        store,
        work.before.as_ref(),
        &work.after,
        key.as_deref(),
    )?))
}

impl Filling {
    fn append(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.arena.len();
        self.arena.extend_from_slice(bytes);
        start..self.arena.len()
    }

    /// Remembers whose record it is when none before was larger.
    fn measure(
        &mut self,
        key: Option<&Range<usize>>,
        value: &Range<usize>,
        whose: impl FnOnce() -> Whose,
    ) {
        let length = key.map_or(0, Range::len).saturating_add(value.len());
        if self.largest.as_ref().is_none_or(|(most, _)| *most < length) {
            self.largest = Some((length, whose()));
        }
    }

    fn is_full(&self) -> bool {
        let count = self.records.len();
        count >= self.limits.records
            || self.arena.len() >= self.limits.bytes
            // The clock is asked now and then only.
            || (count % 64 == 63 && self.began.elapsed() >= self.limits.time)
    }

    fn finish(self) -> Vec<Outgoing> {
        let arena = Bytes::from(self.arena);
        self.records
            .into_iter()
            .map(
                |Record {
                     topic,
                     key,
                     value,
                     headers,
                 }| {
                    let slice = |range: Range<usize>| arena.slice(range);
                    let headers = headers
                        .into_iter()
                        .map(|(name, value)| (name, Bytes::from(value)))
                        .collect();
                    Outgoing {
                        headers,
                        ..Outgoing::new(topic, key.map(slice), value.map(slice))
                    }
                },
            )
            .collect()
    }
}

fn nanos(time: SystemTime) -> i64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
