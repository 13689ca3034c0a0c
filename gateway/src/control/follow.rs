//! Following the log: each entry is folded, published, kept in the local copy, and told to whoever waits for it.
//!
//! One task does it, from the start of the gateway to its end. An entry that it does not understand ends the following, not the
//! gateway: modes stay as they were, and health says where and why.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use ops::shutdown::Shutdown;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

use super::fleet::Fleet;
use super::fold::{Fold, Folded, Verdict};
use super::journal::Journal;
use super::kafka::KafkaStore;
use super::key::GatewayKey;
use super::log::{Event, FileStore, Log, chain, run};
use super::state::{Health, Reach, State};
use super::{
    Control, CopyError, Groups, Settings, Shared, StartError, Store, WriteLedger, age, anchor,
    copy, fleet, holding, keep, lock, tally,
};

/// The file that holds the log.
pub(super) const FILE: &str = "control.log";
/// Between two looks whether the log has been followed to its end.
const LOOK: Duration = Duration::from_millis(5);
/// How old the local copy's word of being current may get.
const COPY_AGE: Duration = Duration::from_secs(60);

pub(super) async fn start(
    settings: Settings,
    groups: Groups,
    ledger: Arc<WriteLedger>,
    shutdown: &Shutdown,
) -> Result<Control, StartError> {
    let directory = settings.directory.clone();
    let (journal, key, copied) = run(move || prepare(&directory)).await?;
    let (copied, damage) = match copied {
        Ok(copied) => (copied, None),
        Err(error) => (None, Some(error)),
    };
    let (log, events, copied) = match &settings.store {
        Store::File => {
            let path = settings.directory.join(FILE);
            let (store, events) = FileStore::open(&path).await?;
            // The log itself is at hand: no need of a copy.
            (Log::File(store), events, None)
        }
        Store::Kafka { config, topic } => {
            let last = copied.as_ref().and_then(|copied| copied.fold.position());
            let from = last.map(|last| last.offset);
            let (store, events) =
                KafkaStore::open(config, topic, from, settings.deadline, shutdown)?;
            (Log::Kafka(store), events, copied)
        }
    };
    let (fold, current_at) = match copied {
        Some(copied) => (copied.fold, Some(copied.current_at)),
        None => (Fold::default(), None),
    };
    let state = State::new(fold.clone(), journal.pending().clone());
    let health = Health {
        store: log.store(),
        reach: Reach::Unknown,
        current_at,
    };
    let state = Arc::new(state);
    let shared = Arc::new(Shared {
        fleet: Fleet::new(log.is_shared()),
        installed: watch::Sender::new(Arc::clone(&state)),
        ledger,
        table: Mutex::new(groups),
        state: watch::Sender::new(state),
        listeners: Mutex::default(),
        health: watch::Sender::new(health),
        journal: Mutex::new(journal),
        key,
        waiting: Mutex::new(HashMap::new()),
        flips: Arc::default(),
        under_way: Arc::default(),
        current: Mutex::default(),
        turn: Arc::default(),
        gone: AtomicBool::new(false),
        work: Notify::new(),
        way_back: Default::default(),
        log,
        settings,
    });
    let follower = Follower {
        shared: Arc::clone(&shared),
        fold,
        behind: true,
        saved: None,
    };
    let ending = shutdown.token();
    shutdown.spawn(async move {
        tokio::select! {
            () = follower.follow(events) => {}
            () = ending.cancelled() => {}
        }
    });
    if let Store::Kafka { config, topic } = &shared.settings.store {
        let topic = format!("{topic}.fleet");
        let words = fleet::run(Arc::clone(&shared), config.clone(), topic, shutdown.token());
        shutdown.spawn(words);
    }
    settle_in(&shared, damage).await?;
    join(&shared).await;
    // Only now: what the log says of losses accepted long ago is not taken off these.
    let (directory, ledger) = (
        shared.settings.directory.clone(),
        Arc::clone(&shared.ledger),
    );
    run(move || {
        tally::load(&directory, &ledger);
        Ok::<(), StartError>(())
    })
    .await?;
    greet(&shared);
    let (holding, ending) = (Arc::clone(&shared), shutdown.token());
    shutdown.spawn(async move {
        tokio::select! {
            () = holding::run(holding) => {}
            () = ending.cancelled() => {}
        }
    });
    if let Some(anchors) = shared.settings.anchors.clone() {
        let (anchoring, ending) = (Arc::clone(&shared), shutdown.token());
        shutdown.spawn(async move {
            tokio::select! {
                () = anchor::run(anchoring, anchors) => {}
                () = ending.cancelled() => {}
            }
        });
    }
    if let Some(max_age) = shared.settings.max_age {
        let (watching, ending) = (Arc::clone(&shared), shutdown.token());
        shutdown.spawn(async move {
            tokio::select! {
                () = age::watch(watching, max_age) => {}
                () = ending.cancelled() => {}
            }
        });
    }
    shutdown.spawn(tally::keep(Arc::clone(&shared), shutdown.token()));
    if shared.is_clear() {
        keep::round(&shared).await;
    } else {
        // Not now: clients wait.
        shared.work.notify_one();
    }
    let (keeper, ending) = (Arc::clone(&shared), shutdown.token());
    shutdown.spawn(async move {
        tokio::select! {
            () = keep::keep(&keeper) => {}
            () = ending.cancelled() => {}
        }
    });
    Ok(Control { shared })
}

type Copied = Result<Option<copy::Copy>, CopyError>;

fn prepare(directory: &Path) -> Result<(Journal, GatewayKey, Copied), StartError> {
    std::fs::create_dir_all(directory).map_err(|source| StartError::Directory {
        path: directory.to_owned(),
        source,
    })?;
    let journal = Journal::open(directory)?;
    Ok((journal, GatewayKey::open(directory)?, copy::load(directory)))
}

/// Waits for the first word of the log. Without one the copy must do; a damaged copy does not, and a log that would lose history
/// is no log.
async fn settle_in(shared: &Shared, damage: Option<CopyError>) -> Result<(), StartError> {
    let mut health = shared.health.subscribe();
    let known = health.wait_for(|health| health.reach != Reach::Unknown);
    if tokio::time::timeout(shared.settings.patience, known)
        .await
        .is_err()
    {
        shared.lost("it did not answer in time");
    }
    let reach = shared.health.borrow().reach.clone();
    match (reach, damage) {
        (Reach::Unusable { why, .. }, _) => Err(StartError::Unusable {
            why: why.to_string(),
        }),
        (Reach::Following, Some(error)) => {
            tracing::warn!(error = %chain(&error), "folded the control log anew");
            Ok(())
        }
        (_, Some(error)) => Err(StartError::Copy(error)),
        (_, None) => Ok(()),
    }
}

/// Waits until the others can know that this gateway is there, and then once more for the end of the log: what they hold or change from then on
/// they hold and change with it, and what came before it has folded.
async fn join(shared: &Shared) {
    if shared.health.borrow().reach != Reach::Following {
        return;
    }
    let deadline = Instant::now() + shared.settings.patience;
    let joined = shared.fleet.is_known(deadline).await;
    let known = Instant::now();
    let current = || lock(&shared.current).is_some_and(|asked| asked > known);
    shared.log.ask();
    while !current() && shared.log.is_shared() && Instant::now() < deadline {
        tokio::time::sleep(LOOK).await;
    }
    if !joined || (shared.log.is_shared() && !current()) {
        tracing::warn!(
            "other gateways may not know that this one is there: a group of writes that they flip now may be written on both sides for a moment"
        );
    }
}

/// Takes notice of groups in which modern answered before this gateway began.
fn greet(shared: &Shared) {
    let table = lock(&shared.table).clone();
    for (name, known) in shared.state.borrow().groups() {
        if !known.mode.lets_modern_answer() {
            continue;
        }
        shared.ledger.began_before(name);
        if !table.groups.iter().any(|group| &*group.name == name) {
            tracing::warn!(group = name, mode = %known.mode, "no route is in this group any more, and modern answers in it: a route that left it while the gateway was down may be in another mode now");
        }
    }
}

struct Follower {
    shared: Arc<Shared>,
    fold: Fold,
    /// There are entries that we have not seen: modes are published when we have, not one by one as they once were.
    behind: bool,
    saved: Option<Instant>,
}

impl Follower {
    async fn follow(mut self, mut events: mpsc::Receiver<Event>) {
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
    fn lost(&self, why: &str) {
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
