//! What answers for a view, what is filled beside it, and how the second takes the place of the first.
//!
//! Each store has a feed of its own while it is there, so the one that answers stays fresh until the other has caught up.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::feed::{self, Ended};
use super::fresh::Freshness;
use super::store::{Store, StoreError};
use super::stores::{Found, Owned};
use super::{Closed, Config, now_ms};

/// Between two looks whether the one that is filled has caught up.
const LOOK: Duration = Duration::from_millis(50);
/// The first pause after something went wrong, and the longest.
pub(super) const PAUSES: (Duration, Duration) =
    (Duration::from_millis(100), Duration::from_secs(5));

/// A store, and what its feed knows.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) store: Arc<Store>,
    state: Mutex<State>,
    /// What was known of partitions by whoever had the same store before.
    pub(super) before: BTreeMap<i32, Option<i64>>,
    /// Whether it is known what is in the store, or that it cannot be.
    known: watch::Sender<bool>,
    tried: Arc<watch::Sender<bool>>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Whether everything was read once since the store was empty.
    pub(super) filled: bool,
    pub(super) freshness: Freshness,
    pub(super) unreadable: Option<(i32, i64)>,
    /// How often the store was emptied: what is not in it now may have been in it before.
    era: u64,
}

impl State {
    /// What the store holds is about to go.
    pub(super) fn forget(&mut self) {
        self.filled = false;
        self.freshness = Freshness::default();
        self.unreadable = None;
        self.era = self.era.wrapping_add(1);
    }
}

/// Leave to answer from a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Admitted {
    pub(super) age: Duration,
    /// The source is shown as it was then, in milliseconds since 1970.
    pub(super) as_of_ms: i64,
    era: u64,
}

impl Life {
    fn of(store: Arc<Store>, shared: &Shared) -> Self {
        let before = shared.serving.load();
        let before = before
            .as_ref()
            .filter(|before| Arc::ptr_eq(&before.store, &store));
        Self {
            before: before
                .map(|before| before.state().freshness.ages())
                .unwrap_or_default(),
            store,
            state: Mutex::default(),
            known: watch::Sender::default(),
            tried: Arc::clone(&shared.tried),
        }
    }

    /// What is in the store is known, or that it cannot be had now.
    pub(super) fn tried(&self) {
        self.known.send_replace(true);
        self.tried.send_replace(true);
    }

    async fn known(&self) {
        let mut known = self.known.subscribe();
        // The sender is here.
        let _known = known.wait_for(|known| *known).await;
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is done half-way under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it may answer.
    pub(super) fn admit(&self, max_staleness: Duration) -> Result<Admitted, Closed> {
        let state = self.state();
        if let Some((partition, offset)) = state.unreadable {
            return Err(Closed::Unreadable { partition, offset });
        }
        if !state.filled {
            return Err(Closed::Filling);
        }
        let as_of_ms = state.freshness.as_of_ms().ok_or(Closed::AgeUnknown)?;
        // A clock that is a little behind the capture's makes no one younger than now.
        let age_ms = u64::try_from(now_ms().saturating_sub(as_of_ms)).unwrap_or(0);
        if Duration::from_millis(age_ms) > max_staleness {
            return Err(Closed::Stale { age_ms });
        }
        Ok(Admitted {
            age: Duration::from_millis(age_ms),
            as_of_ms,
            era: state.era,
        })
    }

    /// Whether what was read meanwhile stands: the store was not emptied.
    pub(super) fn stands(&self, admitted: Admitted, max_staleness: Duration) -> Result<(), Closed> {
        match self.admit(max_staleness)?.era == admitted.era {
            true => Ok(()),
            false => Err(Closed::Filling),
        }
    }

    /// Whether it may take the other's place: it has all that the other has.
    fn replaces(&self, other: &Self) -> bool {
        let (filled, as_of) = {
            let state = self.state();
            (state.filled, state.freshness.as_of_ms())
        };
        let other = other.state();
        filled && (!other.filled || as_of >= other.freshness.as_of_ms())
    }
}

/// What a view's tasks and its requests share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// What answers; none until it is open.
    pub(super) serving: ArcSwapOption<Life>,
    /// What is filled to take its place.
    pub(super) building: ArcSwapOption<Life>,
    /// Somebody wants it filled anew.
    pub(super) rebuild: Notify,
    /// What is in the folder is another gateway's.
    pub(super) lent: AtomicBool,
    /// Whether it is known what is in the store that answers, or that it cannot be had now.
    pub(super) tried: Arc<watch::Sender<bool>>,
}

/// A feed that ends with its handle.
struct Fed {
    life: Arc<Life>,
    feed: JoinHandle<Ended>,
}

impl Fed {
    fn begin(config: &Arc<Config>, shared: &Shared, store: Arc<Store>) -> Self {
        let life = Arc::new(Life::of(store, shared));
        let feed = tokio::spawn(feed::run(Arc::clone(config), Arc::clone(&life)));
        Self { life, feed }
    }

    async fn ended(&mut self) -> Ended {
        (&mut self.feed).await.unwrap_or_else(Ended::Task)
    }
}

impl Drop for Fed {
    fn drop(&mut self) {
        self.feed.abort();
    }
}

/// Until aborted or stopped. Begins anew whatever else happens; ends only where another has taken the folder. What was open when it was
/// stopped stays in `shared`.
pub(super) async fn run(config: Arc<Config>, shared: Arc<Shared>, stop: CancellationToken) {
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = lives(&config, &shared) => {}
    }
}

/// Follows with a store that has no name any more, until stopped. Where it fails it is gone.
pub(super) async fn beside(
    config: Arc<Config>,
    shared: Arc<Shared>,
    life: Arc<Life>,
    stop: CancellationToken,
) {
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        ended = feed::run(Arc::clone(&config), life) => {
            tracing::warn!(topic = config.spec.topic, error = %ended, "a view answers no more here");
            shared.serving.store(None);
        }
    }
}

/// What is in the folder, as soon as no other process has it; none where it cannot be used.
pub(super) async fn found(config: &Arc<Config>) -> Option<Found> {
    loop {
        let owned = config.stores.own(&config.directory);
        match find(config, &owned).await {
            Ok(found) => return Some(found),
            Err(Ended::Store(StoreError::InUse)) => tokio::time::sleep(PAUSES.0).await,
            // Whoever opens it next finds out, and mends it.
            Err(_) => return None,
        }
    }
}

async fn lives(config: &Arc<Config>, shared: &Shared) {
    let owned = config.stores.own(&config.directory);
    let mut pause = PAUSES.0;
    loop {
        let ended = live(config, shared, &owned).await;
        shared.tried.send_replace(true);
        if matches!(ended, Ended::Store(StoreError::Replaced)) {
            // What answers goes on as it is, for requests that are under way.
            return;
        }
        shared.serving.store(None);
        shared.building.store(None);
        match ended {
            Ended::Store(StoreError::InUse) => {}
            ended => {
                tracing::warn!(topic = config.spec.topic, error = %ended, "the store of a view is opened anew");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

async fn live(config: &Arc<Config>, shared: &Shared, owned: &Owned) -> Ended {
    match living(config, shared, owned).await {
        Ok(never) => match never {},
        Err(ended) => ended,
    }
}

async fn living(
    config: &Arc<Config>,
    shared: &Shared,
    owned: &Owned,
) -> Result<std::convert::Infallible, Ended> {
    let Found { current, next } = find(config, owned).await?;
    let mut serving = Fed::begin(config, shared, current);
    let life = Arc::clone(&serving.life);
    if shared.serving.load().is_some() {
        // What answers by an older configuration does so until this one knows as much.
        tokio::select! {
            ended = serving.ended() => return Err(ended),
            () = life.known() => {}
        }
    }
    owned.serve(&life)?;
    shared.serving.store(Some(life));
    let mut building = next.map(|next| Fed::begin(config, shared, next));
    loop {
        let life = building.as_ref().map(|fed| Arc::clone(&fed.life));
        shared.building.store(life);
        let event = tokio::select! {
            ended = serving.ended() => Event::Ended(ended),
            ended = async { match &mut building { Some(fed) => fed.ended().await, None => std::future::pending().await } } => Event::Spoiled(ended),
            () = shared.rebuild.notified() => Event::Wanted,
            () = tokio::time::sleep(LOOK), if building.is_some() => Event::Look,
        };
        match event {
            Event::Ended(ended) => {
                if matches!(ended, Ended::Task(_)) {
                    // redb trusts what stands in its file.
                    on_disk(owned, |owned| owned.remove_current()).await?;
                }
                return Err(ended);
            }
            Event::Spoiled(Ended::Store(StoreError::Replaced)) => {
                return Err(StoreError::Replaced.into());
            }
            Event::Spoiled(ended) => {
                tracing::warn!(topic = config.spec.topic, error = %ended, "what was to take a view's place is filled anew");
                tokio::time::sleep(PAUSES.1).await;
                building = Some(begin(config, shared, owned).await?);
            }
            Event::Wanted => {
                building = Some(begin(config, shared, owned).await?);
                tracing::info!(
                    topic = config.spec.topic,
                    "a view is filled anew, beside what answers"
                );
            }
            Event::Look => {
                let ready = building
                    .as_ref()
                    .is_some_and(|next| next.life.replaces(&serving.life));
                if ready && let Some(next) = building.take() {
                    let store = Arc::clone(&next.life.store);
                    on_disk(owned, move |owned| owned.swap(&store)).await?;
                    owned.serve(&next.life)?;
                    shared.serving.store(Some(Arc::clone(&next.life)));
                    serving = next;
                    tracing::info!(
                        topic = config.spec.topic,
                        "a view answers from what was filled anew"
                    );
                }
            }
        }
    }
}

enum Event {
    /// The feed of what answers.
    Ended(Ended),
    /// The other one's.
    Spoiled(Ended),
    Wanted,
    Look,
}

async fn find(config: &Arc<Config>, owned: &Owned) -> Result<Found, Ended> {
    let wanted = config.definition();
    let found = on_disk(owned, move |owned| owned.find(&wanted)).await;
    if matches!(&found, Err(Ended::Task(error)) if error.is_panic()) {
        on_disk(owned, |owned| owned.remove_current()).await?;
    }
    found
}

async fn begin(config: &Arc<Config>, shared: &Shared, owned: &Owned) -> Result<Fed, Ended> {
    let wanted = config.definition();
    let store = on_disk(owned, move |owned| owned.begin(&wanted)).await?;
    Ok(Fed::begin(config, shared, store))
}

async fn on_disk<T: Send + 'static>(
    owned: &Owned,
    act: impl FnOnce(&Owned) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Ended> {
    let owned = owned.clone();
    Ok(tokio::task::spawn_blocking(move || act(&owned)).await??)
}
