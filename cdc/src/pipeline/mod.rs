//! One source's life between two openings of its producer. Read this first.
//!
//! ```text
//! look for the next generation → read, sort, compare (no transaction open) → judge
//!   → hold: the reasons go into the checkpoint, and a person decides
//!   → work: encode batch after batch, each in one transaction with the checkpoint that stands after it
//! ```
//!
//! In: a position restored from Kafka. Out: transactions. [`Pipeline`] alone owns the producer, so markers and batches never overlap. Its position only
//! changes after the transaction that carries it was committed; after any error of Kafka it is thrown away and restored.

mod anew;
mod decide;
mod emit;
mod released;
mod restore;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::app::Mode;
use crate::checkpoint::{Place, Position, Trouble};
use crate::config::SourceConfig;
use crate::error::{Error, ErrorKind, Reaction, Result};
use crate::image::Store;
use crate::large::Carrier;
use crate::marker::Activity;
use crate::observe::{Event, Observer};
use crate::sink::Sink;
use crate::source::dataset::Task;
use crate::source::discover::{Found, Stamp, generations, millis};
use crate::wire::Wires;

pub(crate) use released::choices;

/// How often markers are written at least.
const MARKER_EVERY: Duration = Duration::from_secs(1);
/// The pauses after local trouble: they double from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// How many times a run discards damaged images and goes on at once.
const HEALINGS: u32 = 3;

/// What one turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Something was done; there may be more.
    Worked,
    /// Nothing newer is there.
    Idle,
    /// A person must decide, or a file is still being written.
    Waiting,
}

/// A source at work.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(super) config: Arc<SourceConfig>,
    pub(super) store: Store,
    pub(super) sink: Sink,
    /// How its records are written.
    wires: Arc<Wires>,
    /// How what does not fit into one of them travels.
    carrier: Carrier,
    pub(super) position: Position,
    pub(super) observer: Observer,
    pub(super) shutdown: CancellationToken,
    markers: Interval,
    pause: Duration,
    /// A generation that came too late.
    late: Option<Trouble>,
    /// The finished generation's file, when it was tried for a stated snapshot in vain.
    tried: Option<Stamp>,
}

impl Pipeline {
    /// Opens the producer, which fences any other worker of the source, and restores its position: DESIGN "Start".
    pub(crate) async fn open(
        config: Arc<SourceConfig>,
        observer: Observer,
        shutdown: CancellationToken,
    ) -> Result<Self> {
        let (sink, position) = Sink::open(&config).await?;
        let wires = Wires::open(&config).await?;
        let carrier = Carrier::open(&config)?;
        let store = Store::open(config.state_directory(), config.topic())?;
        // Whoever wrote here before is fenced: what it left half done is nobody's.
        store.clear_scratch()?;
        let mut markers = tokio::time::interval(MARKER_EVERY);
        markers.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            config,
            store,
            sink,
            wires,
            carrier,
            position,
            observer,
            shutdown,
            markers,
            pause: PAUSES.0,
            late: None,
            tried: None,
        })
    }

    /// What this run is called in its checkpoints.
    pub(crate) fn run_id(&self) -> &str {
        self.sink.run_id()
    }

    /// Works until there is nothing more to do ([`Mode::Once`]) or the worker is to stop.
    pub(crate) async fn run(&mut self, mode: Mode) -> Result<()> {
        self.state_layout().await?;
        let mut healed = 0;
        while !self.shutdown.is_cancelled() {
            let turn = self.turn(mode).await;
            match turn {
                Ok(Turn::Worked) => self.recovered(),
                Ok(turn) => {
                    self.recovered();
                    if turn == Turn::Idle {
                        self.observer.tell(Event::Idle {
                            source: self.config.name(),
                        });
                    }
                    if mode == Mode::Once {
                        return self.mark().await;
                    }
                    self.wait(self.config.poll()).await?;
                }
                Err(error) if error.kind() == ErrorKind::Cancelled => return Ok(()),
                // The next turn makes it again from its file, or holds. A disk that damages every image is trouble.
                Err(error)
                    if error.kind() == ErrorKind::ImageDamaged
                        && healed < HEALINGS
                        && self.discard_damaged_images().await? =>
                {
                    healed += 1;
                }
                Err(error) if mode == Mode::Forever && is_local(&error) => {
                    self.trouble(&error).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Does the next thing there is to do.
    async fn turn(&mut self, mode: Mode) -> Result<Turn> {
        if self.position.hold.is_some()
            || self
                .position
                .committed
                .as_ref()
                .is_some_and(|committed| committed.held_deletes.is_some())
        {
            if self.act_on_release().await? {
                return Ok(Turn::Worked);
            }
            if self.position.hold.is_some() {
                return self.look_at_held(mode).await;
            }
        }
        if self.other_layout().is_some() {
            self.state_layout().await?;
            return Ok(Turn::Worked);
        }
        if let Some(work) = self.position.work.clone() {
            if self.restore_work(&work).await? {
                self.emit(work).await?;
            }
            return Ok(Turn::Worked);
        }
        let looked_at = millis(SystemTime::now());
        let config = Arc::clone(&self.config);
        let found = self
            .beside_markers(Activity::Current, move || {
                generations(config.directory(), config.pattern())
            })
            .await?;
        self.look_for_late(&found);
        let done = self
            .position
            .finished
            .as_ref()
            .map(|finished| finished.generation.as_str());
        let Some(next) = found
            .iter()
            .find(|found| done.is_none_or(|done| found.name.as_str() > done))
            .or_else(|| self.once_more(&found))
        else {
            // An empty folder is no proof: the file system may not be mounted. Nor is one with a generation nobody reads.
            if !found.is_empty()
                && self.late.is_none()
                && self.position.anew.is_none()
                && self.activity() == Activity::Current
            {
                self.position.as_of_ms = Some(looked_at);
            }
            return Ok(Turn::Idle);
        };
        if !self.settled(next, mode).await? {
            return Ok(Turn::Waiting);
        }
        self.begin(next.clone(), None).await
    }

    /// Whether nobody writes to the file any more.
    pub(super) async fn settled(&mut self, found: &Found, mode: Mode) -> Result<bool> {
        if found.stamp.settled(SystemTime::now(), self.config.settle()) {
            return Ok(true);
        }
        self.wait(self.config.settle()).await?;
        let unchanged = Stamp::of(&found.path)? == found.stamp;
        if !unchanged && mode == Mode::Once {
            return Err(Error::new(ErrorKind::FileChanged, format!("{} is still being written", found.path.display()))
                .with_help("run again when it is complete, or write generations under a name ending in .part and rename them"));
        }
        Ok(unchanged)
    }

    /// What the markers say now.
    pub(super) fn activity(&self) -> Activity {
        let held_deletes = self
            .position
            .committed
            .as_ref()
            .is_some_and(|committed| committed.held_deletes.is_some());
        if self.position.hold.is_some() || (held_deletes && self.position.work.is_none()) {
            Activity::Held
        } else if self.position.work.is_some() {
            Activity::Applying
        } else {
            Activity::Current
        }
    }

    /// Writes the progress markers, and the checkpoint with them.
    pub(super) async fn mark(&mut self) -> Result<()> {
        let activity = self.activity();
        self.mark_as(activity).await
    }

    async fn mark_as(&mut self, activity: Activity) -> Result<()> {
        let markers = self
            .sink
            .progress(&self.position, activity, millis(SystemTime::now()))?;
        self.sink.commit(markers, &self.position).await
    }

    /// Runs blocking work, writing markers meanwhile.
    pub(super) async fn beside_markers<T: Send + 'static>(
        &mut self,
        activity: Activity,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut working = tokio::task::spawn_blocking(work);
        loop {
            tokio::select! {
                biased;
                done = &mut working => {
                    return done.unwrap_or_else(|error| Err(Error::new(ErrorKind::Internal, "a worker thread ended unexpectedly").with_source(error)));
                }
                _ = self.markers.tick() => {
                    let activity = if self.activity() == Activity::Held { Activity::Held } else { activity };
                    self.mark_as(activity).await?;
                }
            }
        }
    }

    /// Waits, writing markers meanwhile; ends early when the worker is to stop.
    pub(super) async fn wait(&mut self, time: Duration) -> Result<()> {
        let shutdown = self.shutdown.clone();
        let end = tokio::time::sleep(time);
        tokio::pin!(end);
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                _ = self.markers.tick() => self.mark().await?,
                () = &mut end => return Ok(()),
            }
        }
    }

    pub(super) fn task(&self) -> Task {
        Task {
            observer: self.observer.clone(),
            cancel: self.shutdown.clone(),
        }
    }

    /// Trouble that is not Kafka's: shown in the status, and tried again after a pause that grows.
    async fn trouble(&mut self, error: &Error) -> Result<()> {
        self.observer.tell(Event::Trouble {
            source: self.config.name(),
            error,
        });
        tracing::warn!(
            source = self.config.name(),
            error = error.chain(),
            "capture cannot go on, will try again"
        );
        if error.kind() == ErrorKind::ImageDamaged {
            self.discard_damaged_images().await?;
        }
        let since_ms = self
            .position
            .trouble
            .as_ref()
            .map_or_else(|| millis(SystemTime::now()), |trouble| trouble.since_ms);
        let message = error.help().map_or_else(
            || error.chain(),
            |help| format!("{}; {help}", error.chain()),
        );
        self.position.trouble = Some(Trouble {
            kind: error.kind().as_str().to_owned(),
            message,
            since_ms,
        });
        self.mark().await?;
        self.wait(self.pause).await?;
        self.pause = (self.pause * 2).min(PAUSES.1);
        Ok(())
    }

    /// Nothing stands in the way any more; what came too late is still shown.
    fn recovered(&mut self) {
        self.position.trouble = self.late.clone().or_else(|| self.snapshot_due());
        self.pause = PAUSES.0;
    }

    /// A generation that appeared or changed behind the last finished one is not captured: never silently.
    fn look_for_late(&mut self, found: &[Found]) {
        let Some(finished) = &self.position.finished else {
            return;
        };
        let late = |found: &&Found| {
            found.name <= finished.generation && found.stamp.modified_ms() > finished.ended_ms
        };
        let Some(found) = found.iter().find(late) else {
            self.late = None;
            return;
        };
        let message = format!(
            "generation {} appeared or changed after generation {} was captured, and is not captured: give its data a name after that one's",
            found.name, finished.generation
        );
        if self
            .late
            .as_ref()
            .is_none_or(|late| late.message != message)
        {
            tracing::warn!(
                source = self.config.name(),
                generation = found.name,
                "a generation came too late"
            );
            self.late = Some(Trouble {
                kind: "late-generation".to_owned(),
                message,
                since_ms: found.stamp.modified_ms(),
            });
        }
    }

    /// Removes the images whose content is not what was written. Says whether there were any.
    async fn discard_damaged_images(&mut self) -> Result<bool> {
        let addresses: Vec<_> = self.position.images().cloned().collect();
        let (store, source) = (self.store.clone(), self.config.name().to_owned());
        let activity = self.activity();
        self.beside_markers(activity, move || {
            let mut any = false;
            for address in &addresses {
                match store.check(address) {
                    Err(error) if error.kind() == ErrorKind::ImageDamaged => {
                        tracing::warn!(source, image = %address, error = error.chain(), "removing a damaged image");
                        store.discard(address)?;
                        any = true;
                    }
                    _ => {}
                }
            }
            Ok(any)
        })
        .await
    }
}

/// Whether it is about files, so that the producer is still good.
fn is_local(error: &Error) -> bool {
    error.kind().reaction() == Reaction::Retry && error.kind() != ErrorKind::Kafka
}

/// Where a work begins.
pub(super) const BEGINNING: Place = Place::DeadLetters { after: None };
