//! Outcomes that somebody is to be told: which, and who of the fleet does it, as it stands on the topic.

use tokio::time::timeout;
use uuid::Uuid;

use super::entry::{self, Said};
use super::{Entry, LOOK, Outcomes, now_ms};

impl Outcomes {
    /// At most so many outcomes that are to be told and that nobody is telling.
    #[must_use]
    pub fn to_call(&self, most: usize) -> Vec<(Uuid, Entry)> {
        if most == 0 || !self.is_ready() {
            return Vec::new();
        }
        self.shared.state().book.to_call(now_ms(), most)
    }

    /// Says that this gateway tells an outcome until then; whether it is the one that does. Dropped half-way it may be.
    pub async fn calling(&self, id: Uuid, at_ms: i64, until_ms: i64, tries: u32) -> bool {
        let said = Said::Calling {
            by: self.me(),
            at_ms,
            until_ms,
            tries,
        };
        self.said(id, &said).await && self.shared.state().book.is_calling(id, self.me())
    }

    /// Says that an outcome was told, or that nobody tries any more.
    pub async fn called(&self, id: Uuid, taken: bool) {
        self.said(id, &Said::Called { taken }).await;
    }

    /// Writes a record, and waits until it has been read here. Whether it was in time.
    async fn said(&self, id: Uuid, said: &Said) -> bool {
        let Some(partition) = self.partition_of(id) else {
            return false;
        };
        let record = entry::record(self.topic(), partition, id, said);
        let reading = async {
            let written = self.producer.send(record).await.ok()?;
            self.read_past(written.partition, written.offset).await
        };
        matches!(timeout(LOOK, reading).await, Ok(Some(())))
    }
}
