//! Looks at what the topic says now: for what must not be said of a request while this gateway may be behind.

use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::{Known, LOOK, Outcomes, Unknown, now_ms};

impl Outcomes {
    /// What is known of a request. One that is not known here, or was not answered in its time, is looked for to where the topic ends now:
    /// another gateway may have taken it on a moment ago, and its reply may stand where this one has not read to.
    ///
    /// # Errors
    /// The topic could not be read to its end.
    pub async fn look_up(&self, id: Uuid) -> Result<Known, Unknown> {
        let deadline = Instant::now() + LOOK;
        self.caught_up(deadline).await?;
        let known = self.known(id);
        let partition = self.partition_of(id).ok_or(Unknown::Behind)?;
        match &known {
            Known::Nothing => {}
            Known::Failed(entry) => {
                let as_of_ms = self.shared.state().as_of_ms.get(&partition).copied();
                if as_of_ms.is_some_and(|as_of_ms| entry.is_over(as_of_ms)) {
                    return Ok(known);
                }
            }
            Known::Pending(_) | Known::Done(..) | Known::Expired(_) => return Ok(known),
        }
        match timeout_at(deadline, self.read_up(partition)).await {
            Ok(Some(())) => Ok(self.known(id)),
            Ok(None) | Err(_) => Err(Unknown::Behind),
        }
    }

    /// Waits until all of a partition that is there now is in the book, once every transaction in it is decided.
    async fn read_up(&self, partition: i32) -> Option<()> {
        let _place = self.looks.acquire().await.ok()?;
        let (from, fills) = {
            let state = self.shared.state();
            (state.read.get(&partition).copied(), state.fills)
        };
        let as_of_ms = now_ms();
        let found = self.fetcher.since(partition, from.unwrap_or(0), LOOK).await;
        let last = found.ok()?.last().map(|record| record.offset);
        if let Some(last) = last {
            self.read_past(partition, last).await?;
        }
        let mut state = self.shared.state();
        // Another book knows less for now.
        if state.fills != fills {
            return None;
        }
        let known = state.as_of_ms.entry(partition).or_insert(as_of_ms);
        *known = as_of_ms.max(*known);
        Some(())
    }

    /// Waits until that record is in the book.
    pub(super) async fn read_past(&self, partition: i32, offset: i64) -> Option<()> {
        let mut read = self.shared.read.subscribe();
        let is_read = || {
            let state = self.shared.state();
            let next = state.read.get(&partition);
            next.is_some_and(|next| *next > offset)
        };
        while !is_read() {
            read.changed().await.ok()?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests;
