//! The one writer of route state: proposals in, entries of the control log out, and the modes that follow from the log.
//!
//! [`Control::submit`] checks a proposal (`rules`), appends it as a [`command::Command`], and waits until it comes back through
//! the log and is folded ([`fold`]); only then has anything changed, on this gateway as on all others. [`Control::watch`] gives
//! the modes in force. With the log out of reach modes stay as the local copy (`copy`) has them; a person may then send a group
//! to legacy on this gateway alone (`journal`), which is merged into the log later. Never decides by itself that a mode changes.

mod age;
pub mod anchor;
mod approving;
pub mod audit;
pub mod command;
mod copy;
mod file;
pub mod fleet;
pub mod fold;
mod follow;
mod gateways;
pub mod hash;
mod history;
mod holding;
mod journal;
mod kafka;
mod keep;
pub mod key;
mod ledger;
mod lend;
mod log;
mod propose;
mod refused;
mod regroup;
pub mod rules;
mod settings;
mod start;
mod state;
mod submit;
mod tally;
pub(crate) mod time;
mod way_back;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use ops::shutdown::Shutdown;
use tokio::sync::{Notify, oneshot, watch};

pub use approving::{Approved, Signing};
pub use copy::CopyError;
pub use file::FileError;
pub use gateways::Reasons;
pub use history::{Latest, Outcome, Page, Past};
pub use journal::JournalError;
pub use key::KeyError;
pub use ledger::WriteLedger;
pub(crate) use lend::{Counted, Lent};
pub use log::ReadError;
pub(crate) use log::{chain as error_chain, run as log_run};
pub use refused::Refused;
pub use regroup::NotTaken;
pub use settings::{CONTROL_TOPIC, Groups, Settings, StartError, Store};
pub use state::{Health, Override, Reach, State};
pub use time::rfc3339;
pub use way_back::{Missing, Settled, WayBack};

use crate::mode::Mode;
use crate::route::Table;
use command::{CommandId, Loss, Position};
use fleet::Fleet;
use fold::Folded;
use journal::Journal;
use log::Log;
pub use rules::{Change, LossPolicy, Proposal};

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The command's id.
    pub id: CommandId,
    /// The group's mode in force.
    pub mode: Mode,
    /// The group's version.
    pub version: u64,
    /// Where the command stands in the log and the chain's hash there; none for break-glass, which the log gets later.
    pub position: Option<Position>,
    /// Writes that legacy lacks from now on.
    pub loss: Option<Loss>,
}

/// The one writer of route state. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    log: Log,
    ledger: Arc<WriteLedger>,
    table: Mutex<Groups>,
    state: watch::Sender<Arc<State>>,
    /// The same, once requests go by it.
    installed: watch::Sender<Arc<State>>,
    fleet: Fleet,
    listeners: Mutex<propose::Listeners>,
    health: watch::Sender<Health>,
    journal: Mutex<Journal>,
    /// Signs what this gateway writes.
    key: key::GatewayKey,
    /// Who waits for which command to be folded; as many as there are submits under way.
    waiting: Mutex<HashMap<CommandId, oneshot::Sender<Folded>>>,
    /// The holds that changes of this process wait under.
    flips: Arc<Mutex<BTreeSet<CommandId>>>,
    /// Read by each change that is under way; written by who wants none to be.
    under_way: Arc<tokio::sync::RwLock<()>>,
    /// When the log was asked that was followed to its end last.
    current: Mutex<Option<tokio::time::Instant>>,
    /// One proposal at a time: the next sees what came of the last.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// The folder is another gateway's for good.
    gone: AtomicBool,
    /// Something may be there to merge or to seed.
    work: Notify,
    /// Who brings writes back to legacy, once there is somebody.
    way_back: way_back::Bringing,
}

impl Control {
    /// Starts following the log. Returns once the modes are those of the log, or `patience` is over: then they are those of the
    /// local copy or, on the very first start, of the file. Runs until `shutdown`.
    ///
    /// # Errors
    /// The directory or a file in it cannot be used.
    pub async fn start(
        settings: Settings,
        groups: Groups,
        ledger: Arc<WriteLedger>,
        shutdown: &Shutdown,
    ) -> Result<Self, StartError> {
        start::start(settings, groups, ledger, shutdown).await
    }

    /// The modes in force; changes as they change.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<State>> {
        self.shared.state.subscribe()
    }

    /// The modes in force now.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        Arc::clone(&self.shared.state.borrow())
    }

    /// Calls `f` with the modes in force now, and at each change before anybody is told that it was made: who was told that a
    /// group was flipped finds it flipped. `f` must be quick; there is no way to take it away.
    pub fn on_change(&self, f: impl Fn(&Arc<State>) + Send + Sync + 'static) {
        let mut listeners = lock(&self.shared.listeners);
        f(&self.state());
        listeners.0.push(Box::new(f));
    }

    /// The revision of the file whose groups are judged by.
    #[must_use]
    pub fn revision(&self) -> u64 {
        lock(&self.shared.table).revision
    }

    /// How sure the modes in force are.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health.borrow().clone()
    }

    /// The same, as it changes.
    #[must_use]
    pub fn watch_health(&self) -> watch::Receiver<Health> {
        self.shared.health.subscribe()
    }

    /// The key that signs what this gateway writes.
    #[must_use]
    pub fn key(&self) -> key::PublicKey {
        self.shared.key.public()
    }

    /// A signature of this gateway over those bytes, which must say what they are for.
    #[must_use]
    pub(crate) fn signs(&self, marked: &[u8]) -> command::Signature {
        self.shared.key.sign(marked)
    }

    /// Where the log is.
    #[must_use]
    pub(crate) fn store(&self) -> &Store {
        &self.shared.settings.store
    }

    /// Does something in the folder, unless it is another gateway's. Blocking.
    pub(crate) fn in_folder<T>(&self, act: impl FnOnce(&std::path::Path) -> T) -> Option<T> {
        self.shared.in_folder(act)
    }

    /// Which gateways are there.
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        &self.shared.fleet
    }

    /// The instance name that the log shows for this gateway.
    #[must_use]
    pub fn gateway(&self) -> &str {
        &self.shared.settings.gateway
    }

    /// Puts another table in force with `install`, unless it would change modes past the control log. No proposal of this gateway
    /// is under way meanwhile.
    ///
    /// # Errors
    /// Every reason not to take it; nothing has changed then.
    pub async fn take_up(
        &self,
        old: &Table,
        new: &Table,
        revision: u64,
        install: impl FnOnce(),
    ) -> Result<(), Vec<NotTaken>> {
        let shared = &self.shared;
        let _none_under_way = shared.under_way.write().await;
        let _turn = shared.turn.lock().await;
        let found = regroup::check(old, new, &self.state(), |group| shared.lacking(group));
        if !found.is_empty() {
            return Err(found);
        }
        install();
        self.reload(Groups {
            groups: new.groups().into(),
            revision,
        });
        Ok(())
    }

    /// Another table has been installed: its groups are judged from now on, and its modes seed groups the log never saw, or,
    /// with a higher revision, count where the file changed them.
    fn reload(&self, groups: Groups) {
        *lock(&self.shared.table) = groups;
        self.shared.work.notify_one();
    }

    /// Proposes a change and waits until it has come back through the log. Writes that change sides are held meanwhile, on every gateway.
    /// Dropped half-way it is carried out, or refused, all the same.
    ///
    /// # Errors
    /// The rules do not allow it, the log is out of reach, or the fold refused it; [`Refused::Unknown`] alone leaves open whether
    /// it will be carried out.
    pub async fn submit(&self, proposal: Proposal) -> Result<Accepted, Refused> {
        spawned(Arc::clone(&self.shared).submit(proposal)).await
    }

    /// Writes down a change that others are to approve. `evidence` says in a few words what there was to see.
    ///
    /// # Errors
    /// The rules do not allow the change, another proposal of the group is open, or the log is out of reach.
    pub async fn propose(
        &self,
        proposal: Proposal,
        evidence: Option<String>,
    ) -> Result<fold::Open, Refused> {
        spawned(Arc::clone(&self.shared).open(proposal, evidence)).await
    }

    /// Writes an approval down; the last one makes the change. Dropped half-way it is carried out all the same.
    ///
    /// # Errors
    /// The proposal is not open or too old, or this person may not approve it; [`Approved::made`] says what became of the change.
    pub async fn approve(&self, signing: Signing) -> Result<Approved, Refused> {
        spawned(Arc::clone(&self.shared).approve(signing)).await
    }

    /// Makes a change that enough have approved and that could not be made then.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub async fn make_approved(&self, group: &str, id: &CommandId) -> Result<Accepted, Refused> {
        let open = self.shared.proposed(group, id)?;
        let (shared, group) = (Arc::clone(&self.shared), group.to_owned());
        spawned(async move { shared.make(&group, &open).await }).await
    }

    /// Rejects a proposal, or takes one's own back.
    ///
    /// # Errors
    /// It is not open, or the log is out of reach.
    pub async fn reject(&self, group: String, id: CommandId, why: Reasons) -> Result<(), Refused> {
        spawned(Arc::clone(&self.shared).reject(group, id, why)).await
    }

    /// Writes down that something has happened which a group's plan may wait for.
    ///
    /// # Errors
    /// The log is out of reach, or the group remembers too many events.
    pub async fn happened(
        &self,
        group: String,
        event: String,
        why: Reasons,
    ) -> Result<(), Refused> {
        spawned(Arc::clone(&self.shared).happened(group, event, why)).await
    }

    /// What [`submit`](Self::submit) would say of a proposal before anything is held or written: the mode that the group would come
    /// to. Nothing changes, and what was said may not hold any more when it is submitted.
    ///
    /// # Errors
    /// As of `submit`, as far as it is known beforehand.
    pub fn judge(&self, proposal: &Proposal) -> Result<Mode, Refused> {
        self.shared.judged(proposal)
    }

    /// Sends a group to legacy on this gateway alone, while the log is out of reach. Survives a restart; goes into the log when
    /// it is back, where it counts if the group has not moved on meanwhile.
    ///
    /// # Errors
    /// The log is in reach, legacy does not own the group's data, or the journal cannot be written.
    pub async fn break_glass(&self, proposal: Proposal) -> Result<Accepted, Refused> {
        let shared = Arc::clone(&self.shared);
        let _turn = shared.turn.lock().await;
        let group = shared.group(&proposal.group)?;
        if shared.in_reach().is_ok() {
            return Err(Refused::InReach);
        }
        let state = self.state();
        rules::admit_break_glass(&proposal, &group, &state)?;
        shared.clear().await?;
        let version = state.group(&group.name).map_or(0, |known| known.version);
        let made = Override {
            id: CommandId::random(),
            mode: Mode::Legacy,
            expected: version,
            at: rfc3339(SystemTime::now()),
            by: proposal.who,
            why: proposal.why,
            change: proposal.reference,
        };
        tracing::warn!(group = %group.name, by = %made.by, mode = %made.mode, "break-glass: overridden on this gateway");
        let accepted = Accepted {
            id: made.id.clone(),
            mode: made.mode,
            version,
            position: None,
            loss: None,
        };
        let keeper = Arc::clone(&shared);
        log::run(move || {
            let mut journal = lock(&keeper.journal);
            if journal.pending().len() >= journal::MAX_PENDING {
                return Err(Refused::Journal {
                    why: format!("{} overrides wait already", journal::MAX_PENDING),
                });
            }
            journal
                .add(&group.name, &made)
                .map_err(|error| Refused::Journal {
                    why: log::chain(&error),
                })?;
            let pending = journal.pending().clone();
            keeper.publish(|state| state.with_overrides(pending));
            Ok(())
        })
        .await?;
        shared.work.notify_one();
        Ok(accepted)
    }

    /// A page of history: up to `limit` entries (at most 1,000) from that offset on, each with its raw bytes, the chain's hash and
    /// what came of it, computed anew from the first entry.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn history(&self, from: u64, limit: usize) -> Result<Page, ReadError> {
        history::page(&self.shared.log, from, limit.min(1_000)).await
    }

    /// The latest entries that are wanted (at most 1,000), newest first, each as in [`history`](Self::history); `next` is where older ones
    /// are: before that offset.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn latest(&self, wanted: Latest) -> Result<Page, ReadError> {
        let limit = wanted.limit.clamp(1, 1_000);
        history::latest(&self.shared.log, Latest { limit, ..wanted }).await
    }

    /// Who brings writes back to legacy from now on. Only the first one counts.
    pub fn bring_back_with(&self, way_back: Arc<dyn WayBack>) {
        self.shared.way_back.set(way_back);
    }

    /// What the group's legacy side lacks of the writes that modern accepted.
    #[must_use]
    pub fn lacking(&self, group: &str) -> Loss {
        self.shared.lacking(group)
    }
}

/// As a task of its own: a caller who goes away leaves no group held.
async fn spawned<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refused>> + Send + 'static,
) -> Result<T, Refused> {
    tokio::spawn(work).await.unwrap_or_else(|error| {
        Err(Refused::NotWritten {
            why: error.to_string(),
        })
    })
}

/// No lock here guards anything that a panic could leave half-done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
