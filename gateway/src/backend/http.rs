//! A backend that speaks HTTP/1.x or HTTP/2: one or more endpoints, each with connections of its own.
//!
//! In: an [`Ask`]; out: the answer as it came, without the fields that are between us and the origin. `fleet` chooses among the
//! endpoints and asks again where that is allowed; `origin` speaks to one of them, once. What may have been read, and changes
//! data, is never sent again.

mod agree;
mod answer;
mod check;
mod connection;
mod dial;
mod endpoint;
mod exchange;
mod fleet;
mod h2;
mod head;
mod identity;
mod member;
mod origin;
mod pool;
mod proxied;
pub mod resolve;
mod sending;
mod tunnel;
mod wire;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http::uri::Authority;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::check::Checker;
use self::endpoint::Endpoint;
use self::fleet::Fleet;
pub use self::fleet::{FleetState, Policy};
use self::identity::Shown;
pub use self::identity::{IdentityError, check as check_identity};
pub use self::member::EndpointState;
use self::resolve::{Lookup, Place, Resolver, System};
use super::{Ask, Call};
use crate::config::{Connections, HttpSpec, Protocol, ProxyProtocol};
use crate::error::{BackendError, BackendErrorKind as Kind, Sent, chain};
use crate::message::{PayloadError, Response};
use crate::tls::{ClientSpec, Connector};

/// The most endpoints of one backend.
pub const MOST_ENDPOINTS: usize = fleet::MOST;

/// Where one origin is and how its connections are used.
#[derive(Debug, Clone)]
struct Config {
    /// Host and port as in the file: what it is called where the client does not say.
    authority: Authority,
    /// Where it is: tried in this order; at least one.
    addresses: Vec<SocketAddr>,
    /// How long a connection may take to be made.
    connect_timeout: Duration,
    /// How long the head of an answer may take once the request has been sent.
    first_byte: Option<Duration>,
    /// How long an unused connection is kept. Keep it below the origin's own keep-alive time.
    idle: Duration,
    /// How long a body may stand still, either way, before the connection is given up.
    body_idle: Duration,
    /// How long an exchange may take in all.
    total: Option<Duration>,
    /// How long nothing may go through what is no longer HTTP.
    tunnel_idle: Option<Duration>,
    /// After which silence the system asks whether it is there.
    keepalive: Option<Duration>,
    /// How long a request waits for a connection where all are in use.
    queue: Duration,
    /// How many connections at most.
    max_connections: usize,
    /// What it speaks.
    protocol: Protocol,
    /// Whether the origin is told the client's address before anything else; then no connection serves two clients.
    proxy_protocol: Option<ProxyProtocol>,
    /// What makes connections private; none where they are plain.
    tls: Option<Arc<Connector>>,
}

impl Config {
    fn new(place: &Place, connections: Connections, tls: Option<Arc<Connector>>) -> Self {
        Self {
            authority: place.authority.clone(),
            addresses: place.addresses.clone(),
            connect_timeout: connections.connect_timeout,
            first_byte: connections.first_byte,
            idle: connections.idle,
            body_idle: connections.body_idle,
            total: connections.total,
            tunnel_idle: connections.tunnel_idle,
            keepalive: connections.keepalive,
            queue: connections.queue,
            max_connections: connections.most,
            protocol: connections.protocol,
            proxy_protocol: connections.proxy_protocol,
            tls,
        }
    }
}

/// An answer whose head is with the client goes no further. The reason quotes nothing of it.
fn broke_off(origin: &Authority, error: &PayloadError) {
    tracing::warn!(%origin, why = chain(error), "an answer broke off");
}

/// What makes connections to a backend private. Where a file cannot be used, which a person is told, none can be made until it can.
fn connector(backend: &str, spec: &ClientSpec) -> Arc<Connector> {
    let connector = Connector::default();
    if let Err(error) = connector.install(spec) {
        let cause = std::error::Error::source(&error).map(tracing::field::display);
        tracing::error!(backend, %error, cause, "cannot be met with TLS");
    }
    Arc::new(connector)
}

/// An HTTP backend. Dropping it closes the connections nobody uses; those in use end with their answers.
pub struct Upstream {
    fleet: Arc<Fleet<Endpoint>>,
    identity: Shown,
    connect_timeout: Duration,
    tls: Option<Arc<Connector>>,
    /// None where every endpoint is an address.
    resolving: Option<Resolving>,
    /// Ends the tasks that look names up and check.
    _stop: DropGuard,
}

/// What a request has to do with the lookup of names.
struct Resolving {
    ready: watch::Receiver<bool>,
    again: Arc<Notify>,
}

impl Upstream {
    /// Connects to nobody yet. Starts looking up what is a name, and checks if they are wanted: must be called inside a runtime.
    ///
    /// # Errors
    /// A secret that it is to show cannot be had.
    pub fn open(name: Arc<str>, spec: &HttpSpec) -> Result<Self, IdentityError> {
        Self::with(name, spec, System)
    }

    /// The same with another way to look names up.
    ///
    /// # Errors
    /// As [`Upstream::open`].
    pub fn with(
        name: Arc<str>,
        spec: &HttpSpec,
        lookup: impl Lookup,
    ) -> Result<Self, IdentityError> {
        let identity = Shown::new(&spec.identity)?;
        let tls = spec.tls.as_ref().map(|spec| connector(&name, spec));
        let fleet = Arc::new(Fleet::new(name, spec.policy.clone()));
        let stop = CancellationToken::new();
        let literal =
            |authority: &Authority| Some((authority.clone(), vec![resolve::literal(authority)?]));
        let found: Option<Vec<_>> = spec.endpoints.iter().map(literal).collect();
        let resolving = match found {
            Some(found) => {
                let places = resolve::places(&found, spec.addresses);
                resolve::settle(&fleet, spec, tls.as_ref(), &places);
                None
            }
            None => {
                let (ready, resolving) = Resolving::new();
                let resolver = Resolver {
                    fleet: Arc::clone(&fleet),
                    spec: Arc::new(spec.clone()),
                    tls: tls.clone(),
                    lookup,
                    ready,
                    again: Arc::clone(&resolving.again),
                };
                // Not tracked for shutdown: it holds nothing that anybody waits for, and ends with the backend.
                tokio::spawn(stop.clone().run_until_cancelled_owned(resolver.run()));
                Some(resolving)
            }
        };
        if let Some(check) = &spec.check {
            let checker = Checker {
                fleet: Arc::clone(&fleet),
                spec: check.clone(),
            };
            tokio::spawn(stop.clone().run_until_cancelled_owned(checker.run()));
        }
        Ok(Self {
            fleet,
            identity,
            connect_timeout: spec.connections.connect_timeout,
            tls,
            resolving,
            _stop: stop.drop_guard(),
        })
    }

    /// What makes its connections private; none where they are plain.
    #[must_use]
    pub fn connector(&self) -> Option<&Arc<Connector>> {
        self.tls.as_ref()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        self.fleet.backend()
    }

    /// What is known of its endpoints.
    #[must_use]
    pub fn state(&self) -> FleetState {
        self.fleet.shown()
    }
}

impl Resolving {
    fn new() -> (watch::Sender<bool>, Self) {
        let (sender, ready) = watch::channel(false);
        let again = Arc::new(Notify::new());
        (sender, Self { ready, again })
    }

    /// Waits for the first lookup to be over. Dropped half-way, nothing has happened.
    async fn ready(&self, until: Instant) -> Result<(), BackendError> {
        if *self.ready.borrow() {
            return Ok(());
        }
        let mut ready = self.ready.clone();
        let unreachable = || {
            BackendError::new(Kind::Unreachable, Sent::No).because("no address is known in time")
        };
        let waited = timeout_at(until, ready.wait_for(|ready| *ready)).await;
        waited
            .map_err(|_| unreachable())?
            .map_err(|_| unreachable())?;
        Ok(())
    }
}

impl Call for Upstream {
    /// Dropped half-way it closes the connection it used.
    async fn call(&self, mut ask: Box<Ask>) -> Result<Response, BackendError> {
        if let Some(resolving) = &self.resolving
            && !*resolving.ready.borrow()
        {
            let until = Instant::now() + self.connect_timeout;
            Box::pin(resolving.ready(until.min(ask.deadline))).await?;
        }
        self.identity.put_on(&mut ask);
        if let Some(names) = self.identity.names() {
            let payload = std::mem::take(&mut ask.payload);
            ask.payload = payload.without_trailers(|| Arc::clone(names));
        }
        let answered = self.fleet.call(ask).await;
        if let (Err(error), Some(resolving)) = (&answered, &self.resolving)
            && error.kind() == Kind::Unreachable
        {
            resolving.again.notify_one();
        }
        answered
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream")
            .field("fleet", &self.fleet)
            .finish_non_exhaustive()
    }
}
