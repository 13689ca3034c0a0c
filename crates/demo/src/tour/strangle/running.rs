//! What runs beside the tour: a gateway, the lot service, capture. Each can be ended by itself.
//!
//! Ending is orderly unless it says `kill`: then it is gone as by `kill -9`, with whatever it was doing.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cdc::{Capture, CaptureConfig};
use gateway::config::Resolved;
use gateway::{Gateway, Options};
use kafka::KafkaConfig;
use ops::shutdown::Shutdown;
use tokio::task::JoinHandle;

use crate::error::{Error, Kind, Result};
use crate::lot_service::{LotService, Rounding};

/// How long an orderly end may take.
const DRAIN: Duration = Duration::from_secs(10);
/// How long the lot service may take to join its group and restore its state.
const PATIENCE: Duration = Duration::from_secs(60);
/// Partitions of the lot service's topics.
const PARTITIONS: i32 = 3;

/// A gateway.
#[derive(Debug)]
pub(in crate::tour) struct RunningGateway {
    shutdown: Shutdown,
}

impl RunningGateway {
    /// Starts the gateway of that file, under that name in the control log.
    pub(in crate::tour) async fn start(routes: &Path, name: &str) -> Result<RunningGateway> {
        let resolved = Resolved::read(routes).map_err(|faults| {
            Error::new(
                Kind::Config,
                format!("the demo's own routes.toml does not resolve: {faults}"),
            )
        })?;
        let options = Options {
            name: Some(name.to_owned()),
            ..Options::default()
        };
        let shutdown = Shutdown::new();
        Gateway::start(resolved, options, &shutdown)
            .await
            .map_err(|error| Error::new(Kind::Http, "the gateway cannot start").because(error))?;
        Ok(RunningGateway { shutdown })
    }

    /// Ends it.
    pub(in crate::tour) async fn end(self) {
        self.shutdown.drain(DRAIN).await;
    }
}

/// The lot service.
#[derive(Debug)]
pub(super) struct RunningService {
    pub(super) service: LotService,
    shutdown: Shutdown,
    task: JoinHandle<Result<()>>,
}

impl RunningService {
    /// Starts it; when this returns it knows what was captured before and answers requests.
    pub(super) async fn start(
        kafka: &KafkaConfig,
        rounding: &Arc<Mutex<Rounding>>,
    ) -> Result<RunningService> {
        let shutdown = Shutdown::new();
        let service = LotService::start(kafka, PARTITIONS, Arc::clone(rounding), &shutdown).await?;
        let mut task = tokio::spawn({
            let (service, kafka, shutdown) = (service.clone(), kafka.clone(), shutdown.clone());
            async move { service.run(&kafka, PARTITIONS, &shutdown).await }
        });
        tokio::select! {
            () = service.ready() => {}
            ended = &mut task => return Err(match ended {
                Ok(Err(error)) => error,
                _ => Error::new(Kind::Kafka, "the lot service ended before it began"),
            }),
            () = tokio::time::sleep(PATIENCE) => {
                return Err(Error::new(
                    Kind::Kafka,
                    format!("the lot service was not given its partitions within {} s", PATIENCE.as_secs()),
                ));
            }
        }
        Ok(RunningService {
            service,
            shutdown,
            task,
        })
    }

    /// As by `kill -9`.
    pub(super) async fn kill(self) {
        self.task.abort();
        // Aborted, or ended by itself in the same moment.
        drop(self.task.await);
        self.shutdown.drain(DRAIN).await;
    }

    /// Ends it.
    pub(super) async fn end(self) {
        self.shutdown.begin();
        drop(tokio::time::timeout(DRAIN, self.task).await);
        self.shutdown.drain(DRAIN).await;
    }
}

/// Capture, for as long as the tour goes on.
#[derive(Debug)]
pub(super) struct RunningCapture {
    shutdown: Shutdown,
    task: JoinHandle<Vec<cdc::Ended>>,
}

impl RunningCapture {
    /// Starts it.
    pub(super) fn start(config: CaptureConfig) -> RunningCapture {
        let shutdown = Shutdown::new();
        let ending = shutdown.clone();
        let task = tokio::spawn(async move {
            let capture = Capture::from_config(config);
            let silent = cdc::Observer::new(|_| {});
            capture.run(&ending, cdc::Mode::Forever, silent).await
        });
        RunningCapture { shutdown, task }
    }

    /// Ends it.
    pub(super) async fn end(self) {
        self.shutdown.begin();
        drop(tokio::time::timeout(DRAIN, self.task).await);
    }
}
