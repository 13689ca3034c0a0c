//! What one record of the topic does to its row.

use bytes::Bytes;
use event::confluent::Side;
use kafka::Incoming;
use sha2::{Digest, Sha256};

use super::super::carried::Value;
use super::super::envelope::{self, Effect};
use super::super::key::{self, Key};
use super::super::registered::Plain;
use super::super::store::{Place, Row};
use super::{Ended, Feed};

impl Feed<'_> {
    /// Takes a record: what becomes of its row is pending then, and so is where its partition stands.
    pub(super) async fn apply(&mut self, record: &Incoming) -> Result<(), Ended> {
        let (partition, offset) = (record.partition, record.offset);
        let fingerprint = fingerprint(record);
        if let Some(last) = self.unproven.remove(&partition) {
            if last != (offset, fingerprint) {
                return Err(Ended::Anew(
                    "another record stands where the last one stood",
                ));
            }
            return Ok(());
        }
        let key = self.key(record).await?;
        if let Some(first) = self.carried.ended_by(record) {
            let row = self.unreadable(&first, "the other chunks of its event never came");
            let key = self.key(&first).await?;
            self.pending.rows.insert(key, row);
        }
        let carried = self.carried.value(record).await?;
        if carried == Value::Incomplete {
            return Ok(());
        }
        let row = self.row(record, &carried).await?;
        let length = match &carried {
            Value::Whole(event) => event.len(),
            _ => record.value.as_ref().map_or(0, Vec::len),
        };
        self.bytes = self.bytes.saturating_add(length);
        self.pending.rows.insert(key, row);
        let as_of_ms = self.life.state().freshness.of_partition(partition);
        let place = self.place(partition);
        *place = Place {
            next: offset.saturating_add(1),
            last: Some((offset, fingerprint)),
            as_of_ms,
        };
        let place = *place;
        self.pending.places.insert(partition, place);
        Ok(())
    }

    async fn key(&mut self, record: &Incoming) -> Result<Key, Ended> {
        let (partition, offset) = (record.partition, record.offset);
        let ended = |why| Ended::Key {
            partition,
            offset,
            why,
        };
        let is_no_object = || ended("is no JSON object".to_owned());
        // No row has no key; what Debezium writes without one (a truncate) is for a person.
        let raw = record.key.as_deref().ok_or_else(is_no_object)?;
        let plain = self.registered.plain(Side::Key, record, raw).await;
        match plain.map_err(Ended::Registry)? {
            Plain::Own => key::of_record(raw).ok_or_else(is_no_object),
            Plain::Json(json) => key::of_record(&json).ok_or_else(is_no_object),
            Plain::Unreadable(why) => Err(ended(format!("cannot be read: {why}"))),
        }
    }

    /// What becomes of the record's row; none where it is gone.
    async fn row(&mut self, record: &Incoming, carried: &Value) -> Result<Option<Row>, Ended> {
        let raw = match carried {
            Value::Own | Value::Incomplete => record.value.as_deref(),
            Value::Whole(event) => Some(&**event),
            Value::Unreadable(kind) => {
                return Ok(self.unreadable(record, &format!("a large event, {kind:?}")));
            }
        };
        let plain = match raw {
            None => Plain::Own,
            Some(raw) => {
                let plain = self.registered.plain(Side::Value, record, raw).await;
                plain.map_err(Ended::Registry)?
            }
        };
        let effect = match &plain {
            Plain::Own => envelope::effect(raw),
            Plain::Json(json) => envelope::effect(Some(json)),
            Plain::Unreadable(why) => return Ok(self.unreadable(record, why)),
        };
        Ok(match effect {
            Effect::Put(json) => Some(Row::State(Bytes::copy_from_slice(json.as_bytes()))),
            Effect::Delete => None,
            Effect::Unreadable => self.unreadable(record, "it is no event of a capture"),
        })
    }

    /// The row of a record that nobody can read, which a person is told.
    #[expect(clippy::unnecessary_wraps, reason = "a row, where others may be none")]
    fn unreadable(&self, record: &Incoming, why: &str) -> Option<Row> {
        tracing::warn!(
            topic = self.config.spec.topic,
            partition = record.partition,
            offset = record.offset,
            why,
            "a record cannot be read; its row gives no answer"
        );
        Some(Row::Unreadable)
    }
}

/// By which a record is known again: its time, key and value.
fn fingerprint(record: &Incoming) -> u64 {
    let mut hash = Sha256::new();
    hash.update(record.timestamp_ms.unwrap_or(-1).to_be_bytes());
    for part in [&record.key, &record.value] {
        let part = part.as_deref();
        hash.update(
            part.map_or(u64::MAX, |part| u64::try_from(part.len()).unwrap_or(0))
                .to_be_bytes(),
        );
        hash.update(part.unwrap_or_default());
    }
    let digest = hash.finalize();
    let head = digest.first_chunk::<8>().copied().unwrap_or_default();
    u64::from_be_bytes(head)
}
