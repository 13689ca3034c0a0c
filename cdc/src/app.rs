//! Capture as a whole: every source of a configuration, each with its own producer, side by side.
//!
//! In: a configuration. Out: runs until there is nothing more to do, or for ever. Decides, from the kind of an error, whether a source begins again from
//! what Kafka says or ends; one source's end never ends another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka::CheckpointStore;
use ops::shutdown::Shutdown;
use tokio_util::sync::CancellationToken;

use crate::checkpoint::Position;
use crate::config::{CaptureConfig, SourceConfig};
use crate::error::{Error, ErrorKind, Reaction, Result};
use crate::observe::{Event, Observer};
use crate::pipeline::Pipeline;

/// The pauses before a source begins again: they double from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// How long a fenced worker gives the other one to show itself.
const TAKEOVER: Duration = Duration::from_secs(3);

/// How long to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Until every generation that is there is done with or held; any trouble ends the source with an error.
    Once,
    /// Until the shutdown begins; what can be tried again is.
    Forever,
}

/// How a source ended.
#[derive(Debug)]
pub struct Ended {
    /// The source's name.
    pub source: String,
    /// Where it stands, or why it ended.
    pub outcome: Result<Position>,
}

/// The sources of one configuration.
#[derive(Debug, Clone)]
pub struct Capture {
    config: Arc<CaptureConfig>,
}

impl Capture {
    /// Capture for a configuration that was resolved ([`CaptureConfig::read`]).
    pub fn from_config(config: impl Into<Arc<CaptureConfig>>) -> Self {
        Self {
            config: config.into(),
        }
    }

    /// The configuration.
    pub fn config(&self) -> &CaptureConfig {
        &self.config
    }

    /// Runs every source until the end of `mode`, or until `shutdown` begins: then each ends at its next safe point. Gives how each source ended.
    ///
    /// Dropped half-way, open transactions are left to the broker, which aborts them at their timeout or when the next worker opens.
    pub async fn run(&self, shutdown: &Shutdown, mode: Mode, observer: Observer) -> Vec<Ended> {
        let running: Vec<_> = self
            .config
            .sources()
            .iter()
            .map(|source| {
                let (source, observer, token) =
                    (Arc::clone(source), observer.clone(), shutdown.token());
                (
                    source.name().to_owned(),
                    shutdown.spawn(run_source(source, mode, observer, token)),
                )
            })
            .collect();
        let mut ended = Vec::with_capacity(running.len());
        for (source, task) in running {
            let outcome = task.await.unwrap_or_else(|error| {
                Err(Error::new(
                    ErrorKind::Internal,
                    format!("source {source} ended unexpectedly"),
                )
                .with_source(error))
            });
            ended.push(Ended { source, outcome });
        }
        ended
    }
}

async fn run_source(
    config: Arc<SourceConfig>,
    mode: Mode,
    observer: Observer,
    shutdown: CancellationToken,
) -> Result<Position> {
    let mut pause = PAUSES.0;
    loop {
        let began = Instant::now();
        let mut run_id = None;
        let error = match session(&config, mode, &observer, &shutdown, &mut run_id).await {
            Ok(position) => return Ok(position),
            Err(error) => error,
        };
        // After a long run this is new trouble, not the old.
        if began.elapsed() > PAUSES.1 {
            pause = PAUSES.0;
        }
        let retry = match error.kind() {
            ErrorKind::Fenced => !taken_over(&config, run_id.as_deref(), &shutdown).await,
            kind => kind.reaction() == Reaction::Retry,
        };
        if shutdown.is_cancelled() || mode == Mode::Once || !retry {
            tracing::error!(
                source = config.name(),
                error = error.chain(),
                help = error.help(),
                "source ended"
            );
            return Err(error);
        }
        tracing::warn!(
            source = config.name(),
            error = error.chain(),
            pause_ms = pause.as_millis(),
            "beginning again from the checkpoint"
        );
        observer.tell(Event::Trouble {
            source: config.name(),
            error: &error,
        });
        tokio::select! {
            () = shutdown.cancelled() => return Err(error),
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// From the opening of the producer to its end; `run_id` is told as soon as there is one.
async fn session(
    config: &Arc<SourceConfig>,
    mode: Mode,
    observer: &Observer,
    shutdown: &CancellationToken,
    run_id: &mut Option<String>,
) -> Result<Position> {
    let mut pipeline =
        Pipeline::open(Arc::clone(config), observer.clone(), shutdown.clone()).await?;
    *run_id = Some(pipeline.run_id().to_owned());
    pipeline.run(mode).await?;
    Ok(pipeline.position)
}

/// Whether another worker has the source now. A producer is also fenced when the broker ended its transaction for taking too long (a machine that slept):
/// then the newest checkpoint is still our own, and we take the source back. Two workers never fence each other in turn: the one whose run is not in the
/// newest checkpoint gives way.
async fn taken_over(
    config: &SourceConfig,
    run_id: Option<&str>,
    shutdown: &CancellationToken,
) -> bool {
    // The other one writes its first checkpoint right after it opened.
    tokio::select! {
        () = shutdown.cancelled() => return true,
        () = tokio::time::sleep(TAKEOVER) => {}
    }
    let key = crate::sink::checkpoint_key(config.topic());
    match CheckpointStore::new(config.kafka()).look().await {
        Ok(checkpoints) => {
            let newest = checkpoints
                .iter()
                .find(|(found, _)| *found == key)
                .map(|(_, checkpoint)| checkpoint.run_id.as_str());
            newest != run_id
        }
        // Who cannot look gives way.
        Err(_) => true,
    }
}
