//! A gateway's control from nothing to the modes in force: the folder, the log, the others, and the tasks that keep it so.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ops::shutdown::Shutdown;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::fleet::Fleet;
use super::fold::Fold;
use super::follow::Follower;
use super::journal::Journal;
use super::kafka::KafkaStore;
use super::key::GatewayKey;
use super::log::{FileStore, Log, chain, run};
use super::state::{Health, Reach, State};
use super::{
    Control, CopyError, Groups, Settings, Shared, StartError, Store, WriteLedger, age, anchor,
    copy, fleet, holding, keep, lock, tally,
};

/// The file that holds the log.
pub(super) const FILE: &str = "control.log";
/// Between two looks whether the log has been followed to its end.
const LOOK: Duration = Duration::from_millis(5);

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
    let follower = Follower::new(&shared, fold);
    until_the_end(shutdown, follower.follow(events));
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
    until_the_end(shutdown, holding::run(Arc::clone(&shared)));
    if let Some(anchors) = shared.settings.anchors.clone() {
        until_the_end(shutdown, anchor::run(Arc::clone(&shared), anchors));
    }
    if let Some(max_age) = shared.settings.max_age {
        until_the_end(shutdown, age::watch(Arc::clone(&shared), max_age));
    }
    shutdown.spawn(tally::keep(Arc::clone(&shared), shutdown.token()));
    if shared.is_clear() {
        keep::round(&shared).await;
    } else {
        // Not now: clients wait.
        shared.work.notify_one();
    }
    let keeper = Arc::clone(&shared);
    until_the_end(shutdown, async move { keep::keep(&keeper).await });
    Ok(Control { shared })
}

/// Runs a task until the end of control, at which it is dropped.
fn until_the_end(shutdown: &Shutdown, task: impl Future<Output = ()> + Send + 'static) {
    let ending = shutdown.token();
    shutdown.spawn(async move {
        tokio::select! {
            () = task => {}
            () = ending.cancelled() => {}
        }
    });
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
