//! The admin API: what operators and the command line see and change. JSON over HTTP/1.1, on a loopback address unless the file says otherwise.
//!
//! In: requests of people the file knows (health, readiness and metrics ask nobody). Out: [`view`] types, or `problem+json` with a
//! stable code. Every change goes through [`Control`]; nothing here decides. Bounded: connections, heads, bodies and time.

pub(crate) mod access;
mod api;
mod back;
pub(crate) mod backends;
pub mod client;
mod evidence;
pub mod explain;
pub mod export;
pub(crate) mod gateways;
mod metrics;
mod openapi;
pub(crate) mod problem;
pub(crate) mod proposals;
mod rollouts;
pub(crate) mod show;
pub(crate) mod signin;
#[cfg(test)]
pub(crate) mod tests;
mod token;
pub mod view;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Extension;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use ops::shutdown::Shutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use self::access::Connected;
use crate::back::Backs;
use crate::config::Reach;
use crate::control::Control;
use crate::edge::Edge;
use crate::evidence::Evidence;
use crate::identity::Access;
use crate::message::Peer;
use crate::metrics::Taken;
use crate::rollout::Rollouts;
use crate::route::{BackendId, Table};
use crate::tls::{Acceptor, Stream};
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
    /// The plans of groups, where they are judged.
    fn rollouts(&self) -> Option<&Rollouts>;
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
    door: AdminDoor,
}

/// How people connect: by default in plain text, on this machine only.
#[derive(Debug, Clone, Default)]
pub struct AdminDoor {
    /// What makes connections private; none where they are plain.
    pub tls: Option<Arc<Acceptor>>,
    /// From where.
    pub reach: Reach,
}

/// What the API and the pages show and act on.
pub(crate) struct Shared {
    pub(crate) control: Control,
    pub(crate) evidence: Arc<Evidence>,
    pub(crate) subjects: Box<dyn Subjects>,
    pub(crate) trend: Trend,
    access: Access,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

/// Why the API cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Anybody could reach it, or read it on the way.
    #[error(
        "wanted a loopback address for the admin API such as 127.0.0.1:8081, or tls and reach = \"network\", got {address}"
    )]
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
        access: impl Into<Access>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                control,
                evidence,
                subjects: Box::new(subjects),
                access: access.into(),
                trend: Trend::new(SystemTime::now()),
            }),
            door: AdminDoor::default(),
        }
    }

    /// The same behind this door.
    #[must_use]
    pub fn behind(mut self, door: AdminDoor) -> Self {
        self.door = door;
        self
    }

    /// Whether the API may be served there.
    ///
    /// # Errors
    /// The listener is not on a loopback address, and there is no TLS, or it is not said that it may be elsewhere.
    pub fn check(&self, listener: &TcpListener) -> Result<(), AdminError> {
        let address = listener.local_addr()?;
        let private = self.door.tls.is_some() && self.door.reach == Reach::Network;
        if address.ip().is_loopback() || private {
            Ok(())
        } else {
            Err(AdminError::NotLoopback { address })
        }
    }

    /// Serves until the shutdown begins; requests under way are answered, as tasks of the shutdown.
    ///
    /// # Errors
    /// As [`Admin::check`].
    pub async fn serve(self, listener: TcpListener, shutdown: Shutdown) -> Result<(), AdminError> {
        self.check(&listener)?;
        let router = api::router(Arc::clone(&self.shared));
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
            let (stream, address) = match accepted {
                Ok((stream, address)) => (stream, address),
                Err(error) => {
                    tracing::warn!(%error, "the admin listener got no connection");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let ending = shutdown.token();
            let (router, door) = (router.clone(), self.door.clone());
            shutdown.spawn(async move {
                let _place = place;
                let Some((stream, connected)) = door.enter(stream, address).await else {
                    return;
                };
                let service = TowerToHyperService::new(router.layer(Extension(connected)));
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD)
                    .serve_connection(TokioIo::new(stream), service);
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

impl AdminDoor {
    /// Lets a connection in, or not. Dropped half-way it closes the connection.
    async fn enter(&self, stream: TcpStream, address: SocketAddr) -> Option<(Stream, Connected)> {
        let local = stream.local_addr().ok()?;
        let (stream, tls) = match &self.tls {
            None => (Stream::from(stream), None),
            Some(acceptor) => match acceptor.accept(stream).await {
                Ok(entered) => (entered.stream, Some(entered.peer)),
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(tracing::field::display);
                    tracing::info!(%address, reason = error.as_str(), cause, "somebody did not come in to the admin API");
                    return None;
                }
            },
        };
        let peer = Arc::new(Peer {
            address,
            local,
            tls,
        });
        let at = Timestamp::now();
        Some((stream, Connected { peer, at }))
    }
}
