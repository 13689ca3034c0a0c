//! The values of captured records that travel in forms of their own: compressed, in chunks, in the store.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bytes::Bytes;
use kafka::Incoming;
use payload::{Assembler, Bounds, Chunk, Form, Manifest, Payloads, Place, decode};

/// The largest event that becomes a row.
const MOST: u64 = 64 << 20;

/// What a record's value is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// The record's own.
    Own,
    /// That of the event that the record is of, or completes.
    Whole(Bytes),
    /// Not there before other records came: chunks are missing.
    Incomplete,
    /// None that could be had, now or later.
    Unreadable(payload::Kind),
}

/// Reads them, and keeps what is not complete.
///
/// Whoever captures writes the chunks of one event one behind the other, in one transaction: so what does not follow that order has lost
/// chunks to the topic's retention, and they do not come later.
#[derive(Debug)]
pub(super) struct Carried {
    payloads: Option<Payloads>,
    /// By partition the event whose next chunk has not come yet.
    incomplete: BTreeMap<i32, Incomplete>,
}

/// An event of which the first chunks are there.
#[derive(Debug)]
struct Incomplete {
    set: [u8; 16],
    next: u32,
    assembler: Assembler,
    /// The first chunk without its value: which row it is.
    first: Incoming,
}

impl Carried {
    pub(super) fn new(payloads: Option<Payloads>) -> Self {
        Self {
            payloads,
            incomplete: BTreeMap::new(),
        }
    }

    /// Whether chunks of an event wait for others there: what was read of the partition is to be read again after a restart.
    pub(super) fn waits(&self, partition: i32) -> bool {
        self.incomplete.contains_key(&partition)
    }

    /// The event that waits in the record's partition, and whose next chunk this is not: it stays incomplete for ever. Its first record,
    /// without a value. To be asked before [`Carried::value`].
    pub(super) fn ended_by(&mut self, record: &Incoming) -> Option<Incoming> {
        let waits = self.incomplete.get(&record.partition)?;
        let goes_on = chunk(record).is_some_and(|chunk| {
            // One that came twice is no other event.
            chunk.set == waits.set && chunk.index <= waits.next
        });
        if goes_on {
            return None;
        }
        let waited = self.incomplete.remove(&record.partition)?;
        Some(waited.first)
    }

    /// The value of the next record of its partition.
    ///
    /// # Errors
    /// The store cannot be read now.
    pub(super) async fn value(&mut self, record: &Incoming) -> Result<Value, payload::Error> {
        let Some(value) = &record.value else {
            return Ok(Value::Own);
        };
        match self.form(record, value).await {
            Ok(value) => Ok(value),
            Err(error) if error.is_passing() => Err(error),
            Err(error) => Ok(Value::Unreadable(error.kind())),
        }
    }

    async fn form(&mut self, record: &Incoming, value: &[u8]) -> Result<Value, payload::Error> {
        let Some(form) = Form::parse(|name| record.header(name))? else {
            return Ok(Value::Own);
        };
        let value = || Bytes::copy_from_slice(value);
        let whole = match &form.place {
            Place::Here => decode(form.manifest, value(), MOST)?,
            Place::Chunk(chunk) => return self.joined(record, *chunk, form.manifest, value()),
            Place::Object { .. } => match &self.payloads {
                Some(payloads) => payloads.open_object(&form).await?.whole(MOST).await?,
                None => return Ok(Value::Unreadable(payload::Kind::Config)),
            },
        };
        Ok(Value::Whole(whole))
    }

    /// The event, where that chunk is its last.
    fn joined(
        &mut self,
        record: &Incoming,
        chunk: Chunk,
        manifest: Manifest,
        value: Bytes,
    ) -> Result<Value, payload::Error> {
        let partition = record.partition;
        let waits = match self.incomplete.entry(partition) {
            Entry::Occupied(waits) => waits.into_mut(),
            Entry::Vacant(none) if chunk.index == 0 => none.insert(Incomplete {
                set: chunk.set,
                next: 0,
                assembler: Assembler::new(Bounds {
                    body: MOST,
                    // Until the topic says otherwise: there is no time in it.
                    patience_ms: i64::MAX,
                    ..Bounds::default()
                }),
                first: Incoming {
                    partition,
                    offset: record.offset,
                    timestamp_ms: record.timestamp_ms,
                    key: record.key.clone(),
                    value: None,
                    headers: record.headers.clone(),
                },
            }),
            // Those before it are not on the topic any more.
            Entry::Vacant(_) => return Ok(Value::Unreadable(payload::Kind::Missing)),
        };
        waits.next = waits.next.max(chunk.index.saturating_add(1));
        let joined = waits.assembler.push(chunk, manifest, value, 0);
        if !matches!(joined, Ok(None)) {
            self.incomplete.remove(&partition);
        }
        Ok(joined?.map_or(Value::Incomplete, Value::Whole))
    }
}

/// Which chunk the record is, if it is one.
fn chunk(record: &Incoming) -> Option<Chunk> {
    let form = Form::parse(|name| record.header(name)).ok()??;
    match form.place {
        Place::Chunk(chunk) => Some(chunk),
        Place::Here | Place::Object { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use payload::{Encoding, Kind, Packed};

    use super::*;

    fn records(packed: Vec<Packed>) -> Vec<Incoming> {
        let records = (0..).zip(packed).map(|(offset, packed)| Incoming {
            partition: 0,
            offset,
            timestamp_ms: None,
            key: Some(b"{}".to_vec()),
            value: Some(packed.value.to_vec()),
            headers: packed
                .form
                .iter()
                .flat_map(Form::headers)
                .map(|(name, value)| (name, value.to_vec()))
                .collect(),
        });
        records.collect()
    }

    fn event() -> Bytes {
        Bytes::from(b"{\"op\":\"c\"}".repeat(500))
    }

    #[tokio::test]
    async fn an_event_is_whole_with_its_last_chunk_and_waits_until_then() {
        let mut carried = Carried::new(None);
        let chunks = Packed::chunks(&event(), Encoding::Identity, 2_000).unwrap();
        let [first, second, third] = <[Incoming; 3]>::try_from(records(chunks)).unwrap();
        assert_eq!(carried.value(&first).await.unwrap(), Value::Incomplete);
        assert_eq!(carried.value(&second).await.unwrap(), Value::Incomplete);
        assert!(carried.waits(0) && !carried.waits(1));
        let whole = carried.value(&third).await.unwrap();
        assert_eq!(whole, Value::Whole(event()));
        assert!(!carried.waits(0));
    }

    #[tokio::test]
    async fn compressed_and_stored_events_are_read_and_what_is_not_there_is_no_row() {
        let folder = tempfile::tempdir().unwrap();
        let config = payload::Config::folder(folder.path());
        let payloads = Payloads::open(&config).unwrap();
        let mut writer = payloads.writer(Encoding::Zstd, 1 << 20).await.unwrap();
        writer.write(event()).await.unwrap();
        let stored = Packed::claim(writer.finish().await.unwrap());
        let compressed = Packed::compressed(event()).unwrap();
        let all = records(vec![compressed, stored, Packed::plain(event())]);
        let mut carried = Carried::new(Some(payloads));
        for (record, wanted) in
            all.iter()
                .zip([Value::Whole(event()), Value::Whole(event()), Value::Own])
        {
            assert_eq!(carried.value(record).await.unwrap(), wanted);
        }
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
        let gone = carried.value(&all[1]).await.unwrap();
        assert_eq!(gone, Value::Unreadable(Kind::Missing));
        // Without the folder itself the store is away, and may come back.
        std::fs::remove_dir(folder.path()).unwrap();
        assert!(carried.value(&all[1]).await.unwrap_err().is_passing());
        let elsewhere = Carried::new(None).value(&all[1]).await.unwrap();
        assert_eq!(elsewhere, Value::Unreadable(Kind::Config));
    }

    #[tokio::test]
    async fn an_event_whose_beginning_retention_took_is_not_waited_for() {
        let mut carried = Carried::new(None);
        let of = || records(Packed::chunks(&event(), Encoding::Identity, 2_000).unwrap());
        for late in of().iter().skip(1) {
            assert_eq!(carried.ended_by(late), None);
            let value = carried.value(late).await.unwrap();
            assert_eq!(value, Value::Unreadable(Kind::Missing));
            assert!(!carried.waits(0), "the place of the partition stands still");
        }
        for record in &of()[..2] {
            assert_eq!(carried.ended_by(record), None);
            assert_eq!(carried.value(record).await.unwrap(), Value::Incomplete);
        }
    }

    #[tokio::test]
    async fn an_event_that_another_follows_is_not_waited_for() {
        let of = || records(Packed::chunks(&event(), Encoding::Identity, 2_000).unwrap());
        let plain = records(vec![Packed::plain(event())]).remove(0);
        let gap = of();
        let within = of();
        for (begun, next) in [
            (of(), of().remove(0)),
            (of(), of().remove(2)),
            (of(), plain),
            // Its own last chunk, where the one between is gone.
            (gap.clone(), gap[2].clone()),
        ] {
            let mut carried = Carried::new(None);
            carried.value(&begun[0]).await.unwrap();
            let ended = carried.ended_by(&next).unwrap();
            assert_eq!((ended.offset, ended.value), (begun[0].offset, None));
            assert!(!carried.waits(0));
            assert_eq!(carried.ended_by(&next), None);
        }
        let mut carried = Carried::new(None);
        for record in [&within[0], &within[0], &within[1]] {
            assert_eq!(carried.ended_by(record), None);
            assert_eq!(carried.value(record).await.unwrap(), Value::Incomplete);
        }
    }
}
