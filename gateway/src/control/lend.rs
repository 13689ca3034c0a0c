//! The folder of a gateway, given up to the one that takes over, and taken back if that does not come up.
//!
//! Whoever has the journal open owns the folder; nothing in it is written by anybody else. Meanwhile modes stay known, and follow the log where
//! that is a topic; proposals wait, or are refused once the folder is gone for good. The other side of it is [`Settings::clear`]: the one that
//! took over proposes nothing while the one before may begin requests.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, OwnedRwLockWriteGuard};

use super::journal::Journal;
use super::log::{chain, run};
use super::{Control, Refused, Settings, Shared, StartError, lock, tally};

/// How long a proposal that is under way may hold the folder.
const TURN: Duration = Duration::from_secs(5);
/// Between two tries to have the folder back.
const PAUSE: Duration = Duration::from_millis(200);

/// A folder that was given up. While this is held, no proposal of this gateway is under way.
#[derive(Debug)]
pub(crate) struct Lent {
    shared: Arc<Shared>,
    /// Writes that legacy lacked, by group, when it was given up: so many does the other gateway know of.
    counted: BTreeMap<String, u64>,
    _turn: OwnedMutexGuard<()>,
    _none_under_way: OwnedRwLockWriteGuard<()>,
}

impl Control {
    /// Gives the folder up: everything is written, and its locks are free when this returns. Dropped half-way nothing has changed.
    ///
    /// # Errors
    /// A proposal takes too long, or the folder is not this gateway's.
    pub(crate) async fn lend(&self) -> Result<Lent, Refused> {
        let shared = Arc::clone(&self.shared);
        // There is one gateway before another at a time: whoever is next hears of this one alone.
        shared.clear().await?;
        let none = tokio::time::timeout(TURN, Arc::clone(&shared.under_way).write_owned());
        let none_under_way = none.await.map_err(|_| Refused::NotWritten {
            why: "a change of a group is under way".to_owned(),
        })?;
        let turn = tokio::time::timeout(TURN, Arc::clone(&shared.turn).lock_owned());
        let turn = turn.await.map_err(|_| Refused::NotWritten {
            why: "a proposal is still waiting for the log".to_owned(),
        })?;
        shared.owned()?;
        let lending = Arc::clone(&shared);
        let counted = run(move || {
            let counted = lending.ledger.counts();
            tally::write_down(&lending, &counted);
            let mut journal = lock(&lending.journal);
            journal.close();
            lending.log.close();
            counted
        })
        .await;
        Ok(Lent {
            shared,
            counted,
            _turn: turn,
            _none_under_way: none_under_way,
        })
    }

    /// Writes of this gateway's requests that another one counts from now on.
    pub(crate) fn count(&self, group: &str, writes: u64) {
        self.shared.ledger.add(group, writes);
    }
}

impl Lent {
    /// Has the folder back, as soon as nobody else has it. Dropped half-way it stays given up.
    pub(crate) async fn take_back(self) {
        let mut told = String::new();
        loop {
            let shared = Arc::clone(&self.shared);
            let Err(error) = run(move || shared.taken_back()).await else {
                self.shared.work.notify_one();
                return;
            };
            let said = chain(&error);
            if said != told {
                tracing::error!(
                    error = said,
                    "the folder cannot be taken back yet, trying on"
                );
                told = said;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// It is another gateway's for good. What its requests change from now on is counted there.
    pub(crate) fn gone(self) -> Counted {
        self.shared.gone.store(true, Ordering::Release);
        Counted {
            shared: self.shared,
            counted: self.counted,
        }
    }
}

/// The writes that legacy lacks, of which another gateway is to be told.
#[derive(Debug)]
pub(crate) struct Counted {
    shared: Arc<Shared>,
    counted: BTreeMap<String, u64>,
}

impl Counted {
    /// Those since this was asked before, by group.
    pub(crate) fn more(&mut self) -> Vec<(String, u64)> {
        let now = self.shared.ledger.counts();
        let mut more = Vec::new();
        for (group, writes) in &now {
            let before = self.counted.get(group).copied().unwrap_or(0);
            if *writes > before {
                more.push((group.clone(), writes.saturating_sub(before)));
            }
        }
        self.counted = now;
        more
    }
}

impl Shared {
    fn taken_back(&self) -> Result<(), StartError> {
        let fresh = Journal::open(&self.settings.directory)?;
        let mut journal = lock(&self.journal);
        self.log.reopen()?;
        let pending = fresh.pending().clone();
        *journal = fresh;
        self.publish(|state| state.with_overrides(pending));
        Ok(())
    }

    /// Does something in the folder, unless it is another gateway's.
    pub(super) fn in_folder<T>(&self, act: impl FnOnce(&Path) -> T) -> Option<T> {
        // The lock is kept: it is not given up meanwhile.
        let journal = lock(&self.journal);
        journal.is_open().then(|| act(&self.settings.directory))
    }

    /// Whether the folder is not another gateway's for good.
    pub(super) fn owned(&self) -> Result<(), Refused> {
        match self.gone.load(Ordering::Acquire) {
            false => Ok(()),
            true => Err(Refused::NotWritten {
                why: "another gateway has taken over from this one, ask again".to_owned(),
            }),
        }
    }

    /// Whether no gateway before this one begins requests any more.
    pub(super) fn is_clear(&self) -> bool {
        let clear = self.settings.clear.as_ref();
        clear.is_none_or(|clear| *clear.borrow())
    }

    /// Waits until it is so.
    pub(super) async fn clear(&self) -> Result<(), Refused> {
        let Some(mut clear) = self.settings.clear.clone() else {
            return Ok(());
        };
        let Settings { deadline, .. } = self.settings;
        match tokio::time::timeout(deadline, clear.wait_for(|clear| *clear)).await {
            // Who could say that it is not so is gone.
            Ok(Ok(_) | Err(_)) => Ok(()),
            Err(_) => Err(Refused::NotWritten {
                why: "the gateway before this one may still begin requests".to_owned(),
            }),
        }
    }
}
