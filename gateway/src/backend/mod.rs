//! Backends: what stands behind the gateway. [`Backend`] is an enum, so that nothing is boxed on the way through.
//!
//! In: an [`Ask`], one request made ready for this backend. Out: a [`Response`], or a [`BackendError`] that says whether anything may
//! have arrived. Backends never retry what may have been executed, never know a route's mode and never hold up their
//! opening: connections are made when they are first needed.

pub mod balance;
pub mod http;
pub mod kafka;
pub mod view;

use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ::kafka::KafkaConfig;
use bytes::Bytes;
use h1::Spelling;
use ops::shutdown::Shutdown;
use tokio::time::Instant;
use uuid::Uuid;

use crate::config::{BackendSpec, NamedBackend};
use crate::error::{BackendError, BackendErrorKind, Sent};
use crate::message::{Interim, Payload, Peer, Response};
use crate::metrics::Metrics;
use crate::outcome::{self, Promise};
use crate::route::params::PathParams;
use crate::route::{Delivery, Effect};
use crate::tls::Connector;

/// One request, ready for one backend.
#[derive(Debug)]
pub struct Ask {
    /// Method, target and headers; the target in origin form, as this backend is to see it.
    pub parts: ::http::request::Parts,
    /// The body, in this backend's shape.
    pub payload: Payload,
    /// The request's id; the same for every attempt and both sides.
    pub id: Uuid,
    /// By when the head of the answer must be there.
    pub deadline: Instant,
    /// What executing it does.
    pub effect: Effect,
    /// Whether it is a mirrored copy that must not change anything: goes out as `Figway-Shadow: true`.
    pub shadow: bool,
    /// The route's name, for topics and logs.
    pub route: Arc<str>,
    /// The parameters of the route's path.
    pub params: PathParams,
    /// The key the route names (it decides a canary and the partition of a topic).
    pub key: Option<Bytes>,
    /// When the client is to hear of it.
    pub delivery: Delivery,
    /// Which try this is.
    pub attempt: Attempt,
    /// Whose connection asks; none where the gateway itself does.
    pub peer: Option<Arc<Peer>>,
    /// Who asks on it, as far as those vouch for it who are trusted: the other end of the connection, or whoever stands behind it.
    pub client: Option<IpAddr>,
    /// How the client wrote the head.
    pub spelling: Spelling,
    /// Where answers go that are not the last (1xx).
    pub interim: Interim,
    /// What legacy is to get of it, once it is executed; nothing where it gets none.
    pub back: Option<Box<::kafka::writeback::Sent>>,
    /// What is promised about it; nothing where it is asked once and answered once.
    pub promise: Option<Box<Promise>>,
}

/// Which try of the same backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The first.
    First,
    /// One more, after the first broke off: nothing kept from before may be used, as a pooled connection.
    Fresh,
}

/// Whoever can be asked: a backend, or a scripted one in a test.
pub trait Call: Send + Sync {
    /// Asks. An implementation need not watch [`Ask::deadline`] itself: [`call`] does; it may use it to tell the other end. Dropped
    /// half-way the request may or may not have been executed.
    ///
    /// # Errors
    /// There is no answer that could be passed on.
    fn call(&self, ask: Box<Ask>) -> impl Future<Output = Result<Response, BackendError>> + Send;

    /// Who watches [`Ask::deadline`]: one that does so itself spares every request a timer.
    fn deadline_watch(&self) -> DeadlineWatch {
        DeadlineWatch::Caller
    }

    /// Whether it asks again by itself where that is allowed: nobody else may then.
    fn asks_again(&self) -> AsksAgain {
        AsksAgain::No
    }
}

/// Who sees to it that a call ends in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadlineWatch {
    /// The backend: its call ends by the deadline.
    Itself,
    /// Whoever calls it.
    Caller,
}

/// Whether a backend retries by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsksAgain {
    /// It does: it knows whom else to ask, and how much is too much.
    Itself,
    /// It sends each request once.
    No,
}

impl<T: Call> Call for Arc<T> {
    fn call(&self, ask: Box<Ask>) -> impl Future<Output = Result<Response, BackendError>> + Send {
        T::call(self, ask)
    }

    fn asks_again(&self) -> AsksAgain {
        T::asks_again(self)
    }

    fn deadline_watch(&self) -> DeadlineWatch {
        T::deadline_watch(self)
    }
}

/// Asks, and waits for the head of the answer no longer than the deadline.
///
/// # Errors
/// As [`Call::call`], or it took too long; then the request may have been executed.
pub async fn call(backend: &impl Call, ask: Box<Ask>) -> Result<Response, BackendError> {
    let deadline = ask.deadline;
    if backend.deadline_watch() == DeadlineWatch::Itself {
        return backend.call(ask).await;
    }
    Box::pin(tokio::time::timeout_at(deadline, backend.call(ask)))
        .await
        .unwrap_or_else(|_| Err(BackendError::new(BackendErrorKind::Timeout, Sent::Maybe)))
}

/// A live backend.
#[derive(Debug)]
pub enum Backend {
    /// HTTP/1.1 over TCP.
    Http(http::Upstream),
    /// Request and reply over Kafka.
    Kafka(kafka::Service),
    /// A captured topic, looked up by key.
    View(view::View),
    /// It cannot be used as it is configured, which a person was told: every request is answered with an error.
    Absent,
}

/// What backends are opened with, beside what the file says of each.
#[derive(Debug, Clone)]
pub struct Context {
    /// How to reach Kafka, where anything needs it.
    pub kafka: Option<KafkaConfig>,
    /// A folder of this gateway's own; stores of views go below it.
    pub directory: PathBuf,
    /// Who has which of them.
    pub stores: Arc<view::Stores>,
    /// The gateway's name.
    pub gateway: String,
    /// Where late replies and the like are counted.
    pub metrics: Arc<Metrics>,
    /// What tasks run under; they also end when their backend is dropped by a reload.
    pub shutdown: Shutdown,
}

impl Backend {
    /// Makes it ready. Never waits and never fails: what is not there yet is answered with an error when it is asked. Must be called
    /// inside a runtime.
    #[must_use]
    pub fn open(named: &NamedBackend, context: &Context) -> Self {
        match &named.spec {
            BackendSpec::Http(spec) => http::Upstream::open(Arc::clone(&named.name), spec)
                .map_or_else(|error| Self::absent(named, &error), Self::Http),
            BackendSpec::Kafka(spec) => Self::or_absent(named, context, |config| {
                let config = kafka::Config {
                    kafka: config,
                    requests: spec.requests.clone(),
                    replies: spec.replies.clone(),
                    form: spec.form.clone(),
                    max_in_flight: spec.max_in_flight,
                    payload: spec.payload,
                    outcomes: spec.outcomes.as_ref().map(|kept| outcome::Config {
                        kafka: context.kafka.clone().unwrap_or_default(),
                        topic: kept.topic.clone(),
                        keep: kept.keep,
                        form: spec.form.clone(),
                        max_in_flight: spec.max_in_flight,
                    }),
                };
                kafka::Service::open(config, &context.metrics).map(Self::Kafka)
            }),
            BackendSpec::View(spec) => Self::or_absent(named, context, |config| {
                Ok(Self::View(view::View::open(view::Config {
                    kafka: config,
                    spec: (**spec).clone(),
                    directory: context.directory.join("views").join(file_name(&named.name)),
                    stores: Arc::clone(&context.stores),
                })))
            }),
        }
    }
}

impl Backend {
    /// A backend over Kafka; none where the settings cannot be used, which a person is told.
    fn or_absent(
        named: &NamedBackend,
        context: &Context,
        open: impl FnOnce(KafkaConfig) -> Result<Self, ::kafka::Error>,
    ) -> Self {
        let Some(config) = context.kafka.clone() else {
            tracing::error!(backend = %named.name, "needs Kafka, and there is no [kafka]");
            return Self::Absent;
        };
        open(config).unwrap_or_else(|error| Self::absent(named, &error))
    }

    fn absent(named: &NamedBackend, error: &dyn std::error::Error) -> Self {
        tracing::error!(backend = %named.name, %error, "cannot be used");
        Self::Absent
    }
}

impl Backend {
    /// Whether it can be used as it is configured, as far as that is known without contacting anybody: its secrets are where
    /// they should be.
    ///
    /// # Errors
    /// One is not, or cannot be sent.
    pub fn check(named: &NamedBackend) -> Result<(), http::IdentityError> {
        match &named.spec {
            BackendSpec::Http(spec) => http::check_identity(&spec.identity),
            BackendSpec::Kafka(_) | BackendSpec::View(_) => Ok(()),
        }
    }

    /// What it is, as the file calls it; `absent` of one that cannot be used.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Kafka(_) => "kafka",
            Self::View(_) => "view",
            Self::Absent => "absent",
        }
    }

    /// What is known of its endpoints, if it has any.
    #[must_use]
    pub fn fleet(&self) -> Option<http::FleetState> {
        match self {
            Self::Http(upstream) => Some(upstream.state()),
            Self::Kafka(_) | Self::View(_) | Self::Absent => None,
        }
    }
}

impl Backend {
    /// What became of its requests, where that is kept.
    #[must_use]
    pub fn outcomes(&self) -> Option<&outcome::Outcomes> {
        match self {
            Self::Kafka(service) => service.outcomes(),
            Self::Http(_) | Self::View(_) | Self::Absent => None,
        }
    }

    /// The view that it is.
    #[must_use]
    pub fn view(&self) -> Option<&view::View> {
        match self {
            Self::View(view) => Some(view),
            Self::Http(_) | Self::Kafka(_) | Self::Absent => None,
        }
    }
}

/// A backend's name as the name of a folder: other letters than these as their code, so that no two become one.
fn file_name(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02x}"));
        }
    }
    out
}

impl Backend {
    /// What makes its connections private; none where they are plain.
    #[must_use]
    pub fn connector(&self) -> Option<&Arc<Connector>> {
        match self {
            Self::Http(upstream) => upstream.connector(),
            Self::Kafka(_) | Self::View(_) | Self::Absent => None,
        }
    }
}

/// Whether a backend puts requests in order by the key that a route names, or remembers by it what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantsKey {
    /// It does.
    Yes,
    /// It does not look at it.
    No,
}

impl Backend {
    /// Whether the key is worth looking for although no canary needs it.
    #[must_use]
    pub fn wants_key(&self) -> WantsKey {
        match self {
            Self::Kafka(_) => WantsKey::Yes,
            Self::View(view) if view.remembers() => WantsKey::Yes,
            Self::Http(_) | Self::View(_) | Self::Absent => WantsKey::No,
        }
    }
}

impl Call for Backend {
    async fn call(&self, ask: Box<Ask>) -> Result<Response, BackendError> {
        match self {
            Self::Http(upstream) => upstream.call(ask).await,
            // Boxed: every request to another would keep room for what these need.
            Self::Kafka(service) => Box::pin(service.call(ask)).await,
            Self::View(view) => Box::pin(view.call(ask)).await,
            Self::Absent => Err(BackendError::new(BackendErrorKind::Unavailable, Sent::No)),
        }
    }

    fn asks_again(&self) -> AsksAgain {
        match self {
            Self::Http(_) | Self::View(_) => AsksAgain::Itself,
            Self::Kafka(_) | Self::Absent => AsksAgain::No,
        }
    }

    fn deadline_watch(&self) -> DeadlineWatch {
        match self {
            Self::Http(_) | Self::Kafka(_) | Self::View(_) | Self::Absent => DeadlineWatch::Itself,
        }
    }
}
