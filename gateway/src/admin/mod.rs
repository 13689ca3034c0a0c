//! The admin API: what operators and the command line see and change. JSON over HTTP/1.1, on a loopback address only.
//!
//! In: requests of people the file knows (health, readiness and metrics ask nobody). Out: [`view`] types, or `problem+json` with a
//! stable code. Every change goes through [`Control`]; nothing here decides. Bounded: connections, heads, bodies and time.

pub(crate) mod access;
mod api;
mod back;
pub(crate) mod backends;
pub mod client;
pub mod explain;
pub mod export;
pub(crate) mod gateways;
mod metrics;
mod problem;
mod proposals;
pub(crate) mod show;
#[cfg(test)]
pub(crate) mod tests;
mod token;
pub mod view;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use ops::shutdown::Shutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::back::Backs;
use crate::control::Control;
use crate::edge::Edge;
use crate::evidence::Evidence;
use crate::identity::People;
use crate::metrics::Taken;
use crate::route::{BackendId, Table};
use crate::ui::{self, Trend};
pub use backends::BackendState;

/// Connections at once; further ones wait in the system's queue.
const CONNECTIONS: usize = 64;
/// How long a head may take.
const HEAD: Duration = Duration::from_secs(10);
/// The largest body taken, bytes.
const MAX_BODY: usize = 4 << 20;
/// How long one request may take in all.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long to wait when the system gives no connection.
const PAUSE: Duration = Duration::from_millis(100);

/// What the API shows and the rest of the gateway has.
pub trait Subjects: Send + Sync + 'static {
    /// The table in force.
    fn table(&self) -> Arc<Table>;
    /// The name of a backend of that table.
    fn backend(&self, id: BackendId) -> Option<Arc<str>>;
    /// The backends in force as they are now, in the order of the file.
    fn backends(&self) -> Vec<BackendState>;
    /// Has a view filled anew, beside what answers.
    ///
    /// # Errors
    /// There is no backend of that name, or it is no view.
    fn rebuild(&self, backend: &str) -> Result<(), NoView>;
    /// Who brings writes back to legacy, where anybody does.
    fn backs(&self) -> Option<&Backs>;
    /// What holds for all clients.
    fn edge(&self) -> Arc<Edge>;
    /// Whether clients may be sent here; if not, why.
    fn ready(&self) -> Result<(), String>;
    /// How long requests took since the gateway began.
    fn taken(&self) -> Taken;
    /// The metrics of the data plane in the OpenMetrics text format, its last line `# EOF`.
    fn metrics(&self) -> String;
}

/// What was to be filled anew is no view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoView {
    /// There is no backend of that name.
    Unknown,
    /// It is something else.
    Other,
}

/// The API over one gateway.
#[derive(Clone)]
pub struct Admin {
    shared: Arc<Shared>,
}

/// What the API and the pages show and act on.
pub(crate) struct Shared {
    pub(crate) control: Control,
    pub(crate) evidence: Arc<Evidence>,
    pub(crate) subjects: Box<dyn Subjects>,
    pub(crate) trend: Trend,
    people: People,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

/// Why the API cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Anybody could reach it.
    #[error("wanted a loopback address for the admin API such as 127.0.0.1:8081, got {address}")]
    NotLoopback {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// The socket.
    #[error("the admin listener cannot be used")]
    Listener(#[from] std::io::Error),
}

impl Admin {
    /// The API, for these people.
    #[must_use]
    pub fn new(
        control: Control,
        evidence: Arc<Evidence>,
        subjects: impl Subjects,
        people: People,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                control,
                evidence,
                subjects: Box::new(subjects),
                people,
                trend: Trend::new(SystemTime::now()),
            }),
        }
    }

    /// Whether the API may be served there.
    ///
    /// # Errors
    /// The listener is not on a loopback address.
    pub fn check(&self, listener: &TcpListener) -> Result<(), AdminError> {
        let address = listener.local_addr()?;
        if address.ip().is_loopback() {
            Ok(())
        } else {
            Err(AdminError::NotLoopback { address })
        }
    }

    /// Serves until the shutdown begins; requests under way are answered, as tasks of the shutdown.
    ///
    /// # Errors
    /// The listener is not on a loopback address.
    pub async fn serve(self, listener: TcpListener, shutdown: Shutdown) -> Result<(), AdminError> {
        self.check(&listener)?;
        let service = TowerToHyperService::new(api::router(Arc::clone(&self.shared)));
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        shutdown.spawn(ui::follow(Arc::clone(&self.shared), shutdown.token()));
        loop {
            let accepted = async {
                let place = Arc::clone(&places).acquire_owned().await.ok();
                (listener.accept().await, place)
            };
            let (accepted, place) = tokio::select! {
                () = shutdown.begun() => return Ok(()),
                accepted = accepted => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the admin listener got no connection");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .serve_connection(TokioIo::new(stream), service.clone());
            let ending = shutdown.token();
            shutdown.spawn(async move {
                let _place = place;
                let mut connection = std::pin::pin!(connection);
                let ended = tokio::select! {
                    ended = &mut connection => ended,
                    () = ending.cancelled() => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                };
                if let Err(error) = ended {
                    tracing::debug!(%error, "an admin connection broke off");
                }
            });
        }
    }
}
