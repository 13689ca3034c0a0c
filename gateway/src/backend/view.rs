//! A backend that is a captured topic, looked up by key: the latest state of each record, kept in an embedded store.
//!
//! In: an [`Ask`] whose path parameters make a key; out: the record's state as JSON, 404 where there is none. The topic is followed in
//! the background (`feed`); rows and the offsets they stand at are stored in one transaction (`store`), so a restart goes on where it
//! stopped. The view knows how old its truth is from the capture's progress markers (`fresh`), and gives no answer that is older than
//! its route allows, nor any before it was filled once. It never writes to Kafka and needs it only to stay fresh.

mod envelope;
mod feed;
mod fresh;
mod key;
mod store;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::http::header::{AGE, ALLOW};
use ::http::{HeaderValue, Method, StatusCode};
use bytes::Bytes;
use kafka::KafkaConfig;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::fresh::Freshness;
use self::key::Template;
use self::store::{Row, Store};
use super::{Ask, Call};
use crate::config::KeyMember;
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};
use crate::message::Response;

/// Which topic, and how it is looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The brokers.
    pub kafka: KafkaConfig,
    /// The topic: Debezium's JSON, with or without schemas.
    pub topic: String,
    /// The members of a record's key.
    pub key: Vec<(String, KeyMember)>,
    /// An answer that may be older than this is none.
    pub max_staleness: Duration,
    /// The store's own folder.
    pub directory: PathBuf,
}

/// Why the view gives no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// It has not read its topic to the end yet, or has to read it anew.
    #[error("the view is not filled yet")]
    Filling,
    /// It does not know how old what it holds is: the capture has written no progress marker that it has reached.
    #[error("nothing says how old the view is")]
    AgeUnknown,
    /// It is too old, by so many milliseconds.
    #[error("the view is {age_ms} ms old")]
    Stale {
        /// Its age.
        age_ms: u64,
    },
    /// Its store is with the gateway that takes over from this one.
    #[error("the view is with another gateway")]
    Lent,
    /// A record of the topic has a key that is no JSON object: which row it is cannot be known.
    #[error("the key at offset {offset} of partition {partition} cannot be read")]
    Unreadable {
        /// Where.
        partition: i32,
        /// Where in it.
        offset: i64,
    },
}

/// A view. Dropping it stops the following; the store stays.
#[derive(Debug)]
pub struct View {
    key: Template,
    max_staleness: Duration,
    config: Arc<Config>,
    shared: Arc<Shared>,
    feeding: Mutex<Feeding>,
}

/// The following, as long as it goes on.
#[derive(Debug)]
struct Feeding {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Drop for View {
    fn drop(&mut self) {
        if let Some(task) = self.feeding().task.take() {
            task.abort();
        }
    }
}

/// What the feed knows and an ask reads.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Whether the feed knows what is in the store, or that it cannot be had now.
    tried: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    /// Open once the feed has opened it.
    store: Option<Arc<Store>>,
    /// It is with another gateway.
    lent: bool,
    /// Whether everything was read once since the store was empty.
    filled: bool,
    freshness: Freshness,
    unreadable: Option<(i32, i64)>,
    /// How often the store was emptied: what is not in it now may have been in it before.
    era: u64,
}

impl State {
    /// What the store holds is about to go.
    fn forget(&mut self) {
        self.filled = false;
        self.freshness = Freshness::default();
        self.unreadable = None;
        self.era = self.era.wrapping_add(1);
    }
}

/// Leave to answer from the store.
#[derive(Debug)]
struct Admitted {
    store: Arc<Store>,
    age: Duration,
    era: u64,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is done half-way under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Feeding {
    fn begin(config: &Arc<Config>, shared: &Arc<Shared>) -> Self {
        let stop = CancellationToken::new();
        let feed = feed::run(Arc::clone(config), Arc::clone(shared), stop.clone());
        Self {
            stop,
            task: Some(tokio::spawn(feed)),
        }
    }
}

impl View {
    /// Opens the store and follows the topic in the background. Must be called inside a runtime.
    #[must_use]
    pub fn open(config: Config) -> Self {
        let shared = Arc::new(Shared::default());
        let key = Template::new(config.key.clone());
        let max_staleness = config.max_staleness;
        let config = Arc::new(config);
        Self {
            key,
            max_staleness,
            feeding: Mutex::new(Feeding::begin(&config, &shared)),
            config,
            shared,
        }
    }

    fn feeding(&self) -> MutexGuard<'_, Feeding> {
        self.feeding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until what is in the store is known, or it cannot be had now.
    pub(crate) async fn opened(&self) {
        let mut tried = self.shared.tried.subscribe();
        // The sender is here.
        let _tried = tried.wait_for(|tried| *tried).await;
    }

    /// Gives the store up to another process, with all that is known now; it is closed when this returns. Dropped half-way the view stands
    /// still, and [`take_back`](Self::take_back) lets it go on.
    pub(crate) async fn lend(&self) {
        let task = {
            let mut feeding = self.feeding();
            feeding.stop.cancel();
            feeding.task.take()
        };
        if let Some(task) = task {
            // However it ended.
            let _ended = task.await;
        }
        let (store, ages) = {
            let mut state = self.shared.state();
            state.lent = true;
            (state.store.take(), state.freshness.ages())
        };
        let Some(store) = store else { return };
        let closed = store.closed();
        let sealing = tokio::task::spawn_blocking(move || store.seal(&ages));
        if let Ok(Err(error)) = sealing.await {
            tracing::warn!(topic = self.config.topic, %error, "a view is given up without its last age");
        }
        // Who reads from it just now has it open.
        closed.cancelled().await;
    }

    /// Goes on after [`lend`](Self::lend).
    pub(crate) fn take_back(&self) {
        self.shared.state().lent = false;
        let mut feeding = self.feeding();
        if feeding.task.is_none() {
            *feeding = Feeding::begin(&self.config, &self.shared);
        }
    }

    /// How old what it knows is, or why it gives no answer. For health and its page.
    ///
    /// # Errors
    /// See [`Closed`].
    pub fn age(&self) -> Result<Duration, Closed> {
        self.admit().map(|admitted| admitted.age)
    }

    fn admit(&self) -> Result<Admitted, Closed> {
        let state = self.shared.state();
        if state.lent {
            return Err(Closed::Lent);
        }
        if let Some((partition, offset)) = state.unreadable {
            return Err(Closed::Unreadable { partition, offset });
        }
        let store = state
            .store
            .as_ref()
            .filter(|_| state.filled)
            .ok_or(Closed::Filling)?;
        let as_of = state.freshness.as_of_ms().ok_or(Closed::AgeUnknown)?;
        // A clock that is a little behind the capture's makes no one younger than now.
        let age_ms = u64::try_from(now_ms().saturating_sub(as_of)).unwrap_or(0);
        if Duration::from_millis(age_ms) > self.max_staleness {
            return Err(Closed::Stale { age_ms });
        }
        Ok(Admitted {
            store: Arc::clone(store),
            age: Duration::from_millis(age_ms),
            era: state.era,
        })
    }

    /// Whether what was read meanwhile stands: the store was not emptied.
    fn stands(&self, era: u64) -> Result<(), Closed> {
        match self.admit()?.era == era {
            true => Ok(()),
            false => Err(Closed::Filling),
        }
    }
}

impl Call for View {
    /// May be dropped at any time: nothing changes.
    async fn call(&self, ask: Box<Ask>) -> Result<Response, BackendError> {
        if ask.parts.method != Method::GET && ask.parts.method != Method::HEAD {
            let mut response = problem(StatusCode::METHOD_NOT_ALLOWED);
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.parts.headers.insert(ALLOW, allowed);
            return Ok(response);
        }
        let Admitted { store, age, era } = self.admit().map_err(refused)?;
        let row = match self.key.key(&ask.params) {
            Some(key) => tokio::task::spawn_blocking(move || store.get(&key))
                .await
                .map_err(|error| BackendError::new(Kind::Unavailable, Sent::No).because(error))?
                .map_err(|error| BackendError::new(Kind::Unavailable, Sent::No).because(error))?,
            None => None,
        };
        self.stands(era).map_err(refused)?;
        let mut response = match row {
            None => problem(StatusCode::NOT_FOUND),
            Some(Row::State(json)) if ask.parts.method == Method::HEAD => {
                let mut response = Response::of(StatusCode::OK, "application/json", Bytes::new());
                let length = HeaderValue::from(json.len());
                response
                    .parts
                    .headers
                    .insert(::http::header::CONTENT_LENGTH, length);
                response
            }
            Some(Row::State(json)) => Response::of(StatusCode::OK, "application/json", json),
            Some(Row::Unreadable) => {
                return Err(BackendError::new(Kind::BadAnswer, Sent::No)
                    .because("the record in the topic cannot be read"));
            }
        };
        // RFC 9111 section 5.1, for whoever wants to know.
        let age = HeaderValue::from(age.as_secs());
        response.parts.headers.insert(AGE, age);
        Ok(response)
    }
}

fn refused(closed: Closed) -> BackendError {
    let kind = match closed {
        Closed::Stale { .. } | Closed::AgeUnknown => Kind::Stale,
        Closed::Filling | Closed::Lent | Closed::Unreadable { .. } => Kind::Unavailable,
    };
    BackendError::new(kind, Sent::No).because(closed)
}

/// An answer without a record, as RFC 9457 has it.
fn problem(status: StatusCode) -> Response {
    let body = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("error"),
        "status": status.as_u16(),
    });
    Response::of(status, "application/problem+json", body.to_string())
}

/// Milliseconds since 1970-01-01T00:00:00Z.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
