//! How a service is: alive, ready, and its numbers, for whoever looks after it.
//!
//! [`Status::serve`] answers `GET /v1/health` (200, or 503 when the service hangs and wants to be restarted), `GET /v1/ready` (200 while
//! this instance is a member of its group and knows what was done in its partitions, else 503), and `GET /metrics` in Prometheus'
//! text format. Nothing of any request is in them.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use ops::shutdown::Shutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::metrics::Metrics;

/// How long a client may take to say what it wants.
const ASKING: Duration = Duration::from_secs(5);
/// The most connections at a time; others wait.
const CONNECTIONS: usize = 32;

/// The status of one service; cheap to clone, all clones are one.
#[derive(Clone, Debug)]
pub struct Status(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    metrics: Metrics,
    begun: Instant,
    /// Since when it works without having come back, in milliseconds after `begun`, plus one; zero while it waits for something to do.
    busy: AtomicU64,
    ready: AtomicBool,
    /// The longest that it may work without coming back.
    patience: Duration,
}

impl Status {
    pub(crate) fn new(metrics: Metrics, patience: Duration) -> Self {
        Self(Arc::new(Inner {
            metrics,
            begun: Instant::now(),
            busy: AtomicU64::new(0),
            ready: AtomicBool::new(false),
            patience,
        }))
    }

    /// Whether it does what it should: it waits for requests or for a broker, or works on a batch for no longer than its handlers and
    /// transactions may take. One that is not wants to be restarted.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let since = match self.0.busy.load(Ordering::Relaxed) {
            0 => return true,
            since => Duration::from_millis(since.saturating_sub(1)),
        };
        self.0.begun.elapsed().saturating_sub(since) <= self.0.patience
    }

    /// Whether this instance is a member of its group and has restored what was done in its partitions.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.ready.load(Ordering::Relaxed)
    }

    /// All metrics, in Prometheus' text format (version 0.0.4).
    #[must_use]
    pub fn metrics(&self) -> String {
        self.0.metrics.text(self.is_ready())
    }

    pub(crate) fn set_ready(&self, ready: bool) {
        self.0.ready.store(ready, Ordering::Relaxed);
    }

    /// It begins to work.
    pub(crate) fn works(&self) {
        self.works_since(Instant::now());
    }

    /// It works, on what was begun then.
    pub(crate) fn works_since(&self, begun: Instant) {
        let since = begun.saturating_duration_since(self.0.begun);
        let since = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self.0
            .busy
            .store(since.saturating_add(1), Ordering::Relaxed);
    }

    /// It waits for something to do.
    pub(crate) fn waits(&self) {
        self.0.busy.store(0, Ordering::Relaxed);
    }

    /// Answers questions about it over HTTP until `shutdown` begins. May be dropped at any time.
    ///
    /// # Errors
    /// When no connection can be accepted any more.
    pub async fn serve(&self, listener: TcpListener, shutdown: &Shutdown) -> std::io::Result<()> {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = shutdown.begun() => return Ok(()),
            };
            let (stream, _) = match accepted {
                Ok(accepted) => accepted,
                // The client went away again, or the system has no room for now.
                Err(error) => {
                    tracing::warn!(error = %error, "a connection for the service's status was not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&room).acquire_owned().await else {
                return Ok(());
            };
            let (status, ending) = (self.clone(), shutdown.clone());
            shutdown.spawn(async move {
                let answers = service_fn(|request| {
                    let response = status.answer(&request);
                    async move { Ok::<_, Infallible>(response) }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(ASKING)
                    .serve_connection(TokioIo::new(stream), answers);
                tokio::select! {
                    ended = connection => if let Err(error) = ended {
                        tracing::debug!(error = %error, "a connection for the service's status ended");
                    },
                    () = ending.begun() => {}
                }
                drop(place);
            });
        }
    }

    fn answer(&self, request: &hyper::Request<Incoming>) -> hyper::Response<Full<Bytes>> {
        let said = |holds: bool, yes: &str, no: &str| match holds {
            true => (StatusCode::OK, format!("{yes}\n")),
            false => (StatusCode::SERVICE_UNAVAILABLE, format!("{no}\n")),
        };
        let (status, body) = match (request.method(), request.uri().path()) {
            (&Method::GET, "/v1/health") => said(self.is_live(), "live", "hangs"),
            (&Method::GET, "/v1/ready") => said(self.is_ready(), "ready", "not ready"),
            (&Method::GET, "/metrics") => (StatusCode::OK, self.metrics()),
            _ => (StatusCode::NOT_FOUND, "not found\n".to_owned()),
        };
        let mut response = hyper::Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        let text =
            hyper::header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, text);
        response
    }
}
