//! Outcomes that somebody is to be told: which, and who of the fleet does it, as it stands on the topic.

use std::time::Duration;

use tokio::time::timeout;
use uuid::Uuid;

use super::entry::{self, Callback, Said};
use super::{Calling, Entry, Known, LOOK, Outcomes, now_ms};

impl Outcomes {
    /// Names each outcome that is to be told, with its receiver, and that nobody of the fleet is telling.
    pub fn to_call(&self, take: impl FnMut(Uuid, &Callback)) {
        if self.is_ready() {
            self.shared.state().book.to_call(now_ms(), take);
        }
    }

    /// Says that this gateway tells an outcome for so long. What is to be told, where it is the one that does: as it is known once that
    /// record has been read, so a reply that stands before it is not missed. Dropped half-way it may be.
    pub async fn lease(&self, id: Uuid, time: Duration) -> Option<(Entry, Calling)> {
        let tries = self.shared.state().book.tries(id)?;
        if !self.calling(id, time, tries).await {
            return None;
        }
        let (Known::Done(entry, _) | Known::Failed(entry)) = self.known(id) else {
            return None;
        };
        let calling = entry.callback.as_deref().cloned()?;
        let (holder, _) = calling.lease?;
        (holder == self.me()).then_some((entry, calling))
    }

    /// Says that nobody tells an outcome for so long, after so many failures.
    pub async fn call_later(&self, id: Uuid, time: Duration, tries: u32) {
        self.calling(id, time, tries).await;
    }

    async fn calling(&self, id: Uuid, time: Duration, tries: u32) -> bool {
        let at_ms = now_ms();
        let time_ms = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let said = Said::Calling {
            by: self.me(),
            at_ms,
            until_ms: at_ms.saturating_add(time_ms),
            tries,
        };
        self.said(id, &said).await
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
