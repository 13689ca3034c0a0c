//! Following the log: each entry is folded, published, kept in the local copy, and told to whoever waits for it.
//!
//! One task does it, from the start of the gateway to its end. An entry that it does not understand ends the following, not the
//! gateway: modes stay as they were, and health says where and why.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::fold::{Fold, Folded, Verdict};
use super::log::{Event, Log, chain, run};
use super::state::{Reach, State};
use super::{Shared, copy, lock};

/// How old the local copy's word of being current may get.
const COPY_AGE: Duration = Duration::from_secs(60);

pub(super) struct Follower {
    shared: Arc<Shared>,
    fold: Fold,
    /// There are entries that we have not seen: modes are published when we have, not one by one as they once were.
    behind: bool,
    saved: Option<Instant>,
}

impl Follower {
    /// Goes on from there.
    pub(super) fn new(shared: &Arc<Shared>, fold: Fold) -> Self {
        Self {
            shared: Arc::clone(shared),
            fold,
            behind: true,
            saved: None,
        }
    }

    pub(super) async fn follow(mut self, mut events: mpsc::Receiver<Event>) {
        while let Some(event) = events.recv().await {
            match event {
                Event::Entry(entry) => {
                    if let Err(stop) = self.take(entry.offset, &entry.bytes).await {
                        self.stop(&stop).await;
                        return;
                    }
                }
                Event::CaughtUp(asked) => self.caught_up(asked).await,
                Event::Lost(why) => {
                    self.behind = true;
                    self.shared.lost(&why);
                }
                Event::Unusable(why) => {
                    self.behind = true;
                    self.shared.unusable(&why);
                }
                Event::Stop(stop) => {
                    self.stop(&stop).await;
                    return;
                }
            }
        }
    }

    async fn take(&mut self, offset: u64, bytes: &[u8]) -> Result<(), super::fold::Stop> {
        // Where following begins again it begins with the entry folded last: is it still the same log?
        if self
            .fold
            .position()
            .is_some_and(|last| last.offset == offset)
        {
            return self.fold.confirm(offset, bytes);
        }
        let folded = self.fold.fold(offset, bytes)?;
        self.told(&folded).await;
        if !self.behind {
            self.publish();
            self.save().await;
        }
        let waiter = lock(&self.shared.waiting).remove(&folded.command.id);
        if let Some(waiter) = waiter {
            // Who waited may have given up.
            waiter.send(folded).ok();
        }
        Ok(())
    }

    async fn told(&self, folded: &Folded) {
        let command = &folded.command;
        let outcome = match &folded.verdict {
            Verdict::Accepted { version, mode } => {
                tracing::info!(group = command.group, version, %mode, by = command.who, offset = folded.position.offset, "route state changed");
                if !mode.lets_modern_answer() {
                    let accepted = command.what.accepted_loss().map_or(0, |loss| loss.writes);
                    self.shared.ledger.settle(&command.group, accepted);
                }
                "accepted".to_owned()
            }
            Verdict::Noted => {
                tracing::info!(
                    gateway = command.gateway,
                    by = command.who,
                    offset = folded.position.offset,
                    "the fleet changed"
                );
                "accepted".to_owned()
            }
            Verdict::Refused(refusal) => {
                tracing::info!(
                    group = command.group,
                    by = command.who,
                    offset = folded.position.offset,
                    reason = refusal.code(),
                    "command refused"
                );
                refusal.code().to_owned()
            }
        };
        // What nobody knows the writer of was not said by this gateway as it is known: an override waits on.
        if matches!(&folded.verdict, Verdict::Refused(refusal) if refusal.is_of_stranger()) {
            return;
        }
        let (shared, id, offset) = (
            Arc::clone(&self.shared),
            command.id.clone(),
            folded.position.offset,
        );
        let kept = run(move || {
            let mut journal = lock(&shared.journal);
            if journal.pending().values().any(|made| made.id == id) {
                journal.merged(&id, offset, &outcome)
            } else {
                Ok(())
            }
        });
        if let Err(error) = kept.await {
            tracing::error!(error = %chain(&error), "a merged override stays in the journal");
        }
    }

    async fn caught_up(&mut self, asked: Instant) {
        let was_behind = std::mem::replace(&mut self.behind, false);
        if was_behind {
            self.publish();
        }
        let came_back = self.shared.followed(asked);
        let due = self.saved.is_none_or(|saved| saved.elapsed() > COPY_AGE);
        if was_behind || due {
            self.save().await;
        }
        if came_back {
            self.shared.work.notify_one();
        }
    }

    fn publish(&self) {
        let fold = self.fold.clone();
        // The lock is kept until the state is out: an override made in between would be published and then taken back.
        let journal = lock(&self.shared.journal);
        let overrides = journal.pending().clone();
        self.shared
            .publish(|state| State::new(fold, overrides).with_stale(state.is_stale()));
        drop(journal);
    }

    /// A copy that cannot be written is told and no more: the gateway runs on, and folds anew at its next start.
    async fn save(&mut self) {
        self.saved = Some(Instant::now());
        if matches!(self.shared.log, Log::File(_)) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let copied = copy::Copy {
            fold: self.fold.clone(),
            current_at: SystemTime::now(),
        };
        let saved = run(move || {
            shared
                .in_folder(|directory| copy::save(directory, &copied))
                .unwrap_or(Ok(()))
        });
        if let Err(error) = saved.await {
            tracing::error!(error = %chain(&error), "without a local copy a restart needs the log");
        }
    }

    async fn stop(&mut self, stop: &super::fold::Stop) {
        tracing::error!(error = %stop, "stopped following the control log, modes stay as they are");
        if self.fold.position().is_some() {
            self.publish();
            self.save().await;
        }
        self.shared.health.send_modify(|health| {
            health.reach = Reach::Stopped {
                since: SystemTime::now(),
                why: stop.to_string().into(),
            };
        });
    }
}

impl Shared {
    /// The end of the log is known and reached. Whether that is news.
    fn followed(&self, asked: Instant) -> bool {
        let now = SystemTime::now();
        *lock(&self.current) = Some(asked);
        self.health.send_if_modified(|health| {
            health.current_at = Some(now.checked_sub(asked.elapsed()).unwrap_or(now));
            std::mem::replace(&mut health.reach, Reach::Following) != Reach::Following
        })
    }

    /// The log does not answer.
    pub(super) fn lost(&self, why: &str) {
        self.health.send_if_modified(|health| {
            let news = !matches!(
                health.reach,
                Reach::OutOfReach { .. } | Reach::Stopped { .. }
            );
            if news {
                let modes = self.meanwhile();
                tracing::warn!(why, "the control log is out of reach, {modes}");
                health.reach = Reach::OutOfReach {
                    since: SystemTime::now(),
                    why: why.into(),
                };
            }
            news
        });
    }

    /// Which modes are in force while the log is silent.
    fn meanwhile(&self) -> &'static str {
        if self.state.borrow().position().is_some() {
            "modes stay as they are"
        } else {
            "modes are those of routes.toml until it answers"
        }
    }

    /// The log must be put right by a person.
    fn unusable(&self, why: &str) {
        self.health.send_if_modified(|health| {
            let news = !matches!(health.reach, Reach::Unusable { .. } | Reach::Stopped { .. });
            if news {
                let modes = self.meanwhile();
                tracing::error!(why, "the control log cannot be used, {modes}");
                health.reach = Reach::Unusable {
                    since: SystemTime::now(),
                    why: why.into(),
                };
            }
            news
        });
    }
}
