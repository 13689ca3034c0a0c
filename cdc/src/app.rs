//! Capture as a whole: every source of a configuration, each with its own producer, side by side.
//!
//! In: a configuration. Out: runs until there is nothing more to do, or for ever. Decides, from the kind of an error, whether a source begins again from
//! what Kafka says or ends; one source's end never ends another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ops::shutdown::Shutdown;
use tokio_util::sync::CancellationToken;

use crate::checkpoint::Position;
use crate::config::{CaptureConfig, SourceConfig};
use crate::error::{Error, ErrorKind, Reaction, Result};
use crate::observe::{Event, Observer};
use crate::pipeline::Pipeline;

/// The pauses before a source begins again: they double from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

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
        let error = match session(&config, mode, &observer, &shutdown).await {
            Ok(position) => return Ok(position),
            Err(error) => error,
        };
        // After a long run this is new trouble, not the old.
        if began.elapsed() > PAUSES.1 {
            pause = PAUSES.0;
        }
        if shutdown.is_cancelled()
            || mode == Mode::Once
            || error.kind().reaction() != Reaction::Retry
        {
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

/// From the opening of the producer to its end.
async fn session(
    config: &Arc<SourceConfig>,
    mode: Mode,
    observer: &Observer,
    shutdown: &CancellationToken,
) -> Result<Position> {
    let mut pipeline =
        Pipeline::open(Arc::clone(config), observer.clone(), shutdown.clone()).await?;
    pipeline.run(mode).await?;
    Ok(pipeline.position)
}
