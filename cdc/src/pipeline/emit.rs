//! A work, sent: batch after batch, each in one transaction with the position after it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::SystemTime;

use kafka::Outgoing;
use tokio::sync::mpsc;

use crate::batch;
use crate::checkpoint::{Kind, Work};
use crate::error::{Error, ErrorKind, Result};
use crate::large;
use crate::observe::{Event, Phase};
use crate::pipeline::Pipeline;
use crate::source::discover::millis;

impl Pipeline {
    /// Sends what is left of `work`, batch after batch.
    pub(super) async fn emit(&mut self, work: Work) -> Result<()> {
        let (sender, mut batches) = mpsc::channel(1);
        let encoding = {
            let (config, wires) = (Arc::clone(&self.config), Arc::clone(&self.wires));
            let carrier = self.carrier.clone();
            let (store, work) = (self.store.clone(), work.clone());
            tokio::task::spawn_blocking(move || {
                batch::encode(&config, (wires, &carrier), &store, &work, &sender)
            })
        };
        let mut work = work;
        let shutdown = self.shutdown.clone();
        let mut finished = false;
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                // A marker that is due goes out before the next batch, so that a long row of batches does not delay it.
                _ = self.markers.tick() => self.mark().await?,
                batch = batches.recv() => {
                    let Some(batch) = batch else { break };
                    work.cursor = batch.cursor;
                    work.emitted = batch.emitted;
                    let committed = self.commit_batch(batch.records, &work, batch.last).await;
                    if let Err(error) = committed {
                        return Err(match &batch.largest {
                            Some((length, whose)) => {
                                large::refused(error, whose, *length, &self.config).await
                            }
                            None => error,
                        });
                    }
                    if batch.last {
                        finished = true;
                        break;
                    }
                }
            }
        }
        // The encoder ends at its next batch, when nobody receives it.
        drop(batches);
        match encoding.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) if finished => {
                return Err(Error::new(
                    ErrorKind::Internal,
                    "encoding failed after its last batch",
                )
                .with_source(error));
            }
            Ok(Err(error)) => return Err(error),
            Err(error) => {
                return Err(
                    Error::new(ErrorKind::Internal, "encoding ended unexpectedly")
                        .with_source(error),
                );
            }
        }
        if finished {
            self.remove_old_images(&work)?;
            self.observer.tell(Event::Finished {
                source: self.config.name(),
                generation: &work.generation,
                kind: work.kind,
                counts: &work.counts,
                emitted: &work.emitted,
                held: &work.held,
            });
        }
        Ok(())
    }

    async fn commit_batch(
        &mut self,
        mut records: Vec<Outgoing>,
        work: &Work,
        last: bool,
    ) -> Result<()> {
        let mut next = self.position.clone();
        if let Some(before) = self.position.work.as_ref().map(|work| work.emitted) {
            let mut sent = work.emitted;
            sent.subtract(&before);
            next.totals.add(&sent);
        }
        if last {
            let now = millis(SystemTime::now());
            records.push(self.sink.generation_end(work, now)?);
            records.extend(
                work.release
                    .as_ref()
                    .map(|release| self.sink.clear_release(release)),
            );
            let (finished, committed) = work.clone().finish(
                self.hold_id(&work.generation, &work.origin.file, &work.held),
                now,
            );
            next.work = None;
            // Held deletes belong to a generation that is finished already.
            if work.kind != Kind::HeldDeletes {
                next.finished = Some(finished);
            }
            next.committed = Some(committed);
        } else {
            next.work = Some(work.clone());
        }
        self.sink.commit(records, &next).await?;
        tracing::debug!(source = self.config.name(), generation = %work.generation, sent = work.emitted.total(), "batch committed");
        self.position = next;
        let total = expected(work);
        self.observer.tell(Event::Progress {
            source: self.config.name(),
            generation: &work.generation,
            phase: Phase::Sending,
            done: work.emitted.total(),
            total,
        });
        Ok(())
    }

    /// Keeps the images of this generation and the one before; older ones are of no use.
    fn remove_old_images(&self, work: &Work) -> Result<()> {
        let mut keep: HashSet<_> = self.position.images().collect();
        keep.extend(work.before.iter().flat_map(crate::image::View::addresses));
        keep.extend(&work.dead);
        self.store.retain(&keep)
    }
}

/// How many records a work sends in all.
fn expected(work: &Work) -> u64 {
    let counts = &work.counts;
    match work.kind {
        Kind::HeldDeletes => counts.missing,
        _ => {
            let deletes = if work.after.held.is_some() {
                0
            } else {
                counts.missing
            };
            counts.created + counts.updated + deletes + counts.bad()
        }
    }
}
