//! Changes and dead letters to the bytes of Kafka records.
//!
//! In: raw records before and after, and where they were. Out: keys and values of the data topic (Debezium envelope in the source's format), dead letters with their
//! headers. Decodes only what is sent. Reads no clock: the time of processing is given.

use std::sync::Arc;

use event::{DeadLetter, Envelope, Position, Snapshot, SourceBlock};
use uuid::Uuid;

use crate::change::Change;
use crate::config::SourceConfig;
use crate::decode::{BadRecord, Decoder};
use crate::echo::EchoField;
use crate::error::{Error, ErrorKind, Result};
use crate::image::{Entry, Tag};
use crate::wire::Wires;

/// What all records of one generation share.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// The generation's name.
    pub(crate) generation: Arc<str>,
    /// When the generation was written, nanoseconds since 1970: the source's time of every change in it.
    pub(crate) source_ts_ns: i64,
}

/// Makes the records of one source.
#[derive(Debug)]
pub(crate) struct Encoder {
    decoder: Decoder,
    wires: Arc<Wires>,
    block: SourceBlock,
    source: Arc<str>,
    echo_field: Option<EchoField>,
    moment: Moment,
}

/// Where the bytes of one record went in the caller's buffer, and which write of the gateway's it is the echo of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) key: std::ops::Range<usize>,
    pub(crate) value: std::ops::Range<usize>,
    pub(crate) echo_of: Option<Uuid>,
}

impl Encoder {
    pub(crate) fn new(config: &SourceConfig, wires: Arc<Wires>, moment: Moment) -> Result<Self> {
        let decoder = Decoder::new(Arc::clone(config.layout()))?;
        Ok(Self {
            wires,
            block: SourceBlock {
                version: env!("CARGO_PKG_VERSION").into(),
                name: config.prefix().into(),
                db: "".into(),
                dataset: config.name().into(),
                generation: Arc::clone(&moment.generation),
                layout: config.fingerprint().into(),
                code_page: config.code_page().into(),
            },
            source: config.name().into(),
            echo_field: config.echo_field().cloned(),
            decoder,
            moment,
        })
    }

    /// Appends key and value of a change. `snapshot` is `False` for anything but an `r`.
    pub(crate) fn change(
        &self,
        change: &Change<'_>,
        snapshot: Snapshot,
        now_ns: i64,
        out: &mut Vec<u8>,
    ) -> Result<Written> {
        let position = |entry: Option<Entry<'_>>| Position {
            ts_ns: self.moment.source_ts_ns,
            snapshot,
            sequence: None,
            record_no: entry.and_then(|entry| i64::try_from(entry.record_no).ok()),
            file_offset: entry.and_then(|entry| i64::try_from(entry.offset).ok()),
        };
        let source = self.block.at(&position(change.after));
        let decode = |entry: Entry<'_>| {
            self.decoder
                .value(entry.raw)
                .map_err(|bad| self.no_longer_reads(&entry, &bad))
        };
        let envelope = match (change.before, change.after) {
            (None, Some(after)) if snapshot != Snapshot::False => {
                Envelope::read(decode(after)?, source, now_ns)
            }
            (None, Some(after)) => Envelope::create(decode(after)?, source, now_ns),
            (Some(before), Some(after)) => {
                Envelope::update(decode(before)?, decode(after)?, source, now_ns)
            }
            (Some(before), None) => Envelope::delete(decode(before)?, source, now_ns),
            (None, None) => {
                return Err(Error::new(
                    ErrorKind::Internal,
                    "a change with neither a record before nor one after",
                ));
            }
        };
        let entry = change.after.or(change.before);
        let raw = entry.map_or(&[][..], |entry| entry.raw);
        let key = self.decoder.key(raw).map_err(|bad| match entry {
            Some(entry) => self.no_longer_reads(&entry, &bad),
            None => Error::new(ErrorKind::Internal, "a change without a record"),
        })?;
        let start = out.len();
        self.wires.key.write(&key, out).map_err(unfit)?;
        let middle = out.len();
        self.wires
            .value
            .write(&envelope.into_datum().map_err(unfit)?, out)
            .map_err(unfit)?;
        Ok(Written {
            key: start..middle,
            value: middle..out.len(),
            echo_of: self.echo_of(change, snapshot),
        })
    }

    /// The write that made the change. What a snapshot reads was there before, whoever wrote it.
    fn echo_of(&self, change: &Change<'_>, snapshot: Snapshot) -> Option<Uuid> {
        let field = self.echo_field.as_ref()?;
        if snapshot != Snapshot::False {
            return None;
        }
        let before = change.before.map(|entry| entry.raw);
        let after = change.after.map(|entry| entry.raw);
        field.write_behind(self.decoder.layout(), before, after)
    }

    /// A record that could not be used, with what is wrong with it found out again: it was not kept with the record.
    pub(crate) fn dead_letter(&self, entry: &Entry<'_>) -> Result<DeadLetter> {
        let bad = match entry.tag {
            Tag::UnreadableKey => self.decoder.key_fault(entry.raw),
            Tag::UnreadableBody => self.decoder.body_fault(entry.raw),
            Tag::DuplicateKey => Some(BadRecord::duplicate_key()),
            Tag::Plain => None,
        };
        let bad = bad.ok_or_else(|| {
            Error::new(
                ErrorKind::Internal,
                format!("record {} is a dead letter and reads well", entry.record_no),
            )
        })?;
        let key = match entry.tag {
            Tag::UnreadableKey => None,
            _ => self.decoder.key(entry.raw).ok().and_then(|datum| {
                let mut key = Vec::new();
                self.wires.key.write(&datum, &mut key).ok().map(|()| key)
            }),
        };
        Ok(DeadLetter {
            source: Arc::clone(&self.source),
            dataset: Arc::clone(&self.block.dataset),
            generation: Arc::clone(&self.moment.generation),
            record_no: entry.record_no,
            file_offset: entry.offset,
            field: bad.field,
            field_offset: bad.field_offset,
            field_hex: bad.field_hex,
            kind: bad.kind.into(),
            reason: bad.reason,
            layout: Arc::clone(&self.block.layout),
            code_page: Arc::clone(&self.block.code_page),
            key,
            raw: entry.raw.to_vec(),
        })
    }

    /// A record of an image decoded when the image was made; it must decode now.
    fn no_longer_reads(&self, entry: &Entry<'_>, bad: &BadRecord) -> Error {
        Error::new(
            ErrorKind::Internal,
            format!(
                "record {} of generation {} was readable and no longer is: {}",
                entry.record_no,
                self.moment.generation,
                bad.without_contents()
            ),
        )
    }
}

fn unfit(error: event::Error) -> Error {
    Error::new(
        ErrorKind::Internal,
        "a decoded record does not fit its schema",
    )
    .with_source(error)
}

#[cfg(test)]
mod tests;
