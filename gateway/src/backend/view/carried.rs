//! The values of captured records that travel in forms of their own: compressed, in chunks, in the store.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka::Incoming;
use payload::{Assembler, Bounds, Form, Payloads, Place, decode};

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
#[derive(Debug)]
pub(super) struct Carried {
    payloads: Option<Payloads>,
    /// By partition: whoever captures writes the chunks of one event one behind the other, in one transaction.
    incomplete: BTreeMap<i32, Assembler>,
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
        let assembler = self.incomplete.get(&partition);
        assembler.is_some_and(|assembler| assembler.waiting() > 0)
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
            Place::Chunk(chunk) => {
                let assembler = self.incomplete.entry(record.partition).or_insert_with(|| {
                    Assembler::new(Bounds {
                        body: MOST,
                        // Until the topic says otherwise: there is no time in it.
                        patience_ms: i64::MAX,
                        ..Bounds::default()
                    })
                });
                match assembler.push(*chunk, form.manifest, value(), 0)? {
                    Some(whole) => whole,
                    None => return Ok(Value::Incomplete),
                }
            }
            Place::Object { .. } => match &self.payloads {
                Some(payloads) => payloads.open_object(&form).await?.whole(MOST).await?,
                None => return Ok(Value::Unreadable(payload::Kind::Config)),
            },
        };
        Ok(Value::Whole(whole))
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
}
