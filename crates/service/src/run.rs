//! The service from the outside: made, run, and begun anew whenever what it stands on was away.

use std::sync::Arc;
use std::time::Duration;

use ops::shutdown::Shutdown;

use crate::config::ServiceConfig;
use crate::count::Counts;
use crate::error::Error;
use crate::handler::Handler;
use crate::partition::Shared;
use crate::session::{End, Session};
use crate::status::Status;

/// The longest a transaction may stay open. Whoever reads replies cannot read past one that a killed instance left open, until it is
/// ended by this time or by the instance's successor.
const TRANSACTION: Duration = Duration::from_secs(10);
/// The first pause after something went wrong, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// A service: one handler on one topic of requests.
#[derive(Debug)]
pub struct Service<H> {
    shared: Arc<Shared<H>>,
}

impl<H: Handler> Service<H> {
    /// A service that is not running yet. Contacts nobody.
    pub fn new(mut config: ServiceConfig, handler: H) -> Self {
        config.kafka.transaction_timeout = config.kafka.transaction_timeout.min(TRANSACTION);
        config.batch = config.batch.max(1);
        config.concurrency = config.concurrency.max(1);
        Self {
            shared: Arc::new(Shared::new(config, handler)),
        }
    }

    /// Its numbers.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.counts.clone()
    }

    /// Whether it is alive and ready, and its metrics.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.status.clone()
    }

    /// Answers requests until the shutdown begins; ends then after the transaction that is under way. A broker that is away is
    /// waited for.
    ///
    /// May be dropped at any point: what was begun is written as a whole or not at all, and the next instance goes on from there.
    /// A commit that was under way may still go through in the background.
    ///
    /// # Errors
    /// See [`crate::ErrorKind`].
    pub async fn run(self, shutdown: &Shutdown) -> Result<(), Error> {
        let served = self.serve(shutdown).await;
        self.shared.status.set_ready(false);
        self.shared.status.waits();
        served
    }

    async fn serve(&self, shutdown: &Shutdown) -> Result<(), Error> {
        let mut pause = PAUSES.0;
        while !shutdown.has_begun() {
            let mut worked = false;
            match Session::run(&self.shared, shutdown, &mut worked).await {
                End::Shutdown => break,
                End::Over(error) => return Err(error),
                End::Forget(why) => {
                    if worked {
                        pause = PAUSES.0;
                    }
                    tracing::warn!(
                        group = self.shared.config.group,
                        why,
                        "the service begins anew"
                    );
                }
                End::Again(error) => {
                    if worked {
                        pause = PAUSES.0;
                    }
                    tracing::warn!(
                        group = self.shared.config.group,
                        error = %error,
                        cause = std::error::Error::source(&error).map(ToString::to_string),
                        "the service begins anew"
                    );
                }
            }
            tokio::select! {
                () = shutdown.begun() => break,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(PAUSES.1);
        }
        Ok(())
    }
}
