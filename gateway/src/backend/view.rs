//! A backend that is a captured topic, looked up by key or listed by an index: the latest state of each record, in an embedded store.
//!
//! In: an [`Ask`] whose path parameters make a key, or leave some of it out: then it asks for a list. Out: JSON, of what its client may
//! see. The topic is followed in the background (`feed`); rows, their entries in indexes and the offsets they stand at are stored in one
//! transaction (`store`), so a restart goes on where it stopped. The view knows how old its truth is from the capture's progress markers
//! (`fresh`), and gives no answer that is older than its route allows, nor any before it was filled once. What is to be filled anew is
//! filled beside what answers (`life`). A view never writes to its topic and needs Kafka only to stay fresh.

mod answer;
mod carried;
mod deletes;
mod envelope;
mod feed;
mod fresh;
mod index;
mod key;
mod lending;
mod life;
mod list;
#[cfg(test)]
mod measure;
mod member;
#[cfg(test)]
mod model;
mod order;
mod registered;
mod remembered;
mod sight;
mod store;
mod stores;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod whole;
mod writes;

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::http::header::{AGE, ALLOW, CONTENT_LENGTH};
use ::http::{HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use kafka::KafkaConfig;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::answer::{bad, broken, denied, problem, refused, unreadable};
pub use self::index::{Definition, Index, IndexField};
use self::key::Template;
use self::life::{Admitted, Life, Shared};
pub use self::list::{Limits, Names};
use self::list::{Page, Unclear, Wish};
pub use self::member::{MemberPath, Shown};
pub use self::order::Form;
use self::sight::Seeing;
pub use self::sight::Sight;
use self::store::Row;
pub use self::stores::Stores;
use self::writes::Writes;
use super::{Ask, AsksAgain, Call, DeadlineWatch};
use crate::config::ViewSpec;
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};
use crate::message::{Payload, Response};
use crate::route::table::parameters;

/// What an answer to a write carries where its client can carry it: views answer the client once they show the source as it was then, in
/// milliseconds since 1970. It makes no answer possible that would not be otherwise, so it is believed as it comes.
pub const VERSION: HeaderName = HeaderName::from_static("figway-version");

/// The value of [`VERSION`] for a write that is over now.
#[must_use]
pub fn version() -> HeaderValue {
    HeaderValue::from(writes::after_now())
}

/// Which topic, and how it is looked up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The brokers.
    pub kafka: KafkaConfig,
    /// What the file says of it.
    pub spec: ViewSpec,
    /// The view's own folder.
    pub directory: PathBuf,
    /// Who has which folder.
    pub stores: Arc<Stores>,
}

impl Config {
    fn definition(&self) -> Definition {
        Definition {
            topic: self.spec.topic.clone(),
            rule: self.spec.sight.rule_fields(),
            indexes: self.spec.indexes.clone(),
        }
    }
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
    /// A record of the topic has a key that cannot be read: which row it is cannot be known.
    #[error("the key at offset {offset} of partition {partition} cannot be read")]
    Unreadable {
        /// Where.
        partition: i32,
        /// Where in it.
        offset: i64,
    },
    /// It may lack what its client has written.
    #[error("the view may not show yet what was written")]
    Behind,
    /// The list is new, and is being made beside what answers.
    #[error("the list is not made yet")]
    NoList,
}

/// What a view knows of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewState {
    /// How old what it shows is, or why it shows nothing.
    pub age: Result<Duration, Closed>,
    /// How many rows it has; none before its store is open.
    pub rows: Option<u64>,
    /// Whether a store is being filled beside the one that answers.
    pub rebuilding: bool,
}

/// A view. Dropping it stops the following; the store stays.
#[derive(Debug)]
pub struct View {
    key: Template,
    config: Arc<Config>,
    /// What indexes of a store must have looked at to be of use.
    rule: Vec<IndexField>,
    shared: Arc<Shared>,
    feeding: Mutex<Feeding>,
    /// What was written lately; none where nobody wants to know.
    writes: Option<Writes>,
}

/// The following, as long as it goes on.
#[derive(Debug)]
struct Feeding {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Feeding {
    fn begin(config: &Arc<Config>, shared: &Arc<Shared>) -> Self {
        let stop = CancellationToken::new();
        let living = life::run(Arc::clone(config), Arc::clone(shared), stop.clone());
        Self {
            stop,
            task: Some(tokio::spawn(living)),
        }
    }

    /// Of a store that has no name any more.
    fn beside(config: &Arc<Config>, shared: &Arc<Shared>, life: Arc<Life>) -> Self {
        let stop = CancellationToken::new();
        let living = life::beside(Arc::clone(config), Arc::clone(shared), life, stop.clone());
        Self {
            stop,
            task: Some(tokio::spawn(living)),
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if let Some(task) = self.feeding().task.take() {
            task.abort();
        }
    }
}

impl View {
    /// Opens the store and follows the topic in the background. Must be called inside a runtime.
    #[must_use]
    pub fn open(config: Config) -> Self {
        let config = Arc::new(config);
        let shared = Arc::new(Shared::default());
        let spec = &config.spec;
        // Rows of another topic are of no use.
        let before = config.stores.serving(&config.directory);
        let before = before.filter(|life| life.store.definition().topic == spec.topic);
        shared.serving.store(before);
        Self {
            key: Template::new(spec.key.clone()),
            rule: spec.sight.rule_fields(),
            feeding: Mutex::new(Feeding::begin(&config, &shared)),
            writes: spec
                .remembers
                .then(|| Writes::open(&config.kafka, &spec.topic, spec.max_staleness)),
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

    /// The following, if it goes on, comes to its end.
    async fn stop(&self) {
        let task = {
            let mut feeding = self.feeding();
            feeding.stop.cancel();
            feeding.task.take()
        };
        if let Some(task) = task {
            // However it ended.
            let _ended = task.await;
        }
    }

    /// How old what it knows is, or why it gives no answer. For health and its page.
    ///
    /// # Errors
    /// See [`Closed`].
    pub fn age(&self) -> Result<Duration, Closed> {
        self.admit().map(|(_, admitted)| admitted.age)
    }

    /// Whether it wants to know which keys are written.
    #[must_use]
    pub fn remembers(&self) -> bool {
        self.writes.is_some()
    }

    /// Legacy has answered a write of that key, or of one that was not found: until the view shows it, reads of the key go to legacy, from
    /// all gateways. Returns when the others are told, after a moment at most.
    pub async fn wrote(&self, key: Option<&[u8]>) {
        if let Some(writes) = &self.writes {
            writes.wrote(key, writes::after_now()).await;
        }
    }

    /// Whether the client may have written what is not shown yet: by the token that it carries, and by what is remembered of the key.
    fn lacks(&self, ask: &Ask, admitted: &Admitted) -> bool {
        let carried = ask.parts.headers.get_all(VERSION).iter();
        let mut carried = carried.filter_map(|version| version.to_str().ok()?.parse::<i64>().ok());
        if carried.any(|version| version > admitted.as_of_ms) {
            return true;
        }
        // What lists a key belongs to nobody knows.
        match &self.writes {
            Some(writes) if self.key.is_of_one(&ask.params) => {
                writes.lacks(ask.key.as_deref(), admitted.as_of_ms)
            }
            _ => false,
        }
    }

    /// Fills a store anew beside the one that answers, which goes on until the new one has caught up.
    pub fn rebuild(&self) {
        self.shared.rebuild.notify_one();
    }

    /// What it knows of itself.
    #[must_use]
    pub fn state(&self) -> ViewState {
        let life = self.shared.serving.load_full();
        ViewState {
            age: self.age(),
            rows: life.and_then(|life| life.store.len().ok()),
            rebuilding: self.shared.building.load().is_some(),
        }
    }

    fn admit(&self) -> Result<(Arc<Life>, Admitted), Closed> {
        let life = self.shared.serving.load_full();
        let life = life.ok_or_else(|| match self.shared.lent.load(Ordering::SeqCst) {
            true => Closed::Lent,
            false => Closed::Filling,
        })?;
        let admitted = life.admit(self.config.spec.max_staleness)?;
        Ok((life, admitted))
    }

    /// The row that is asked for, as far as the client sees it.
    fn one(&self, ask: &Ask, seeing: &Seeing, life: &Life) -> Result<Response, BackendError> {
        let row = match self.key.key(&ask.params) {
            // On the spot: it takes some microseconds, less than another thread would.
            Some(key) => life.store.get(&key).map_err(broken)?,
            None => None,
        };
        let json = match row {
            None => return Ok(problem(StatusCode::NOT_FOUND, None)),
            Some(Row::State(json)) => json,
            Some(Row::Unreadable) => {
                return Err(unreadable("the record in the topic cannot be read"));
            }
        };
        if seeing.shown == Shown::All && self.config.spec.sight.rule.is_empty() {
            return Ok(Response::of(StatusCode::OK, "application/json", json));
        }
        let Ok(text) = str::from_utf8(&json) else {
            return Err(unreadable("the record in the topic is no text"));
        };
        if !self.config.spec.sight.admits(seeing, text) {
            return Ok(problem(StatusCode::NOT_FOUND, None));
        }
        let mut out = Vec::with_capacity(json.len());
        seeing.shown.write(text, &mut out);
        Ok(Response::of(StatusCode::OK, "application/json", out))
    }

    /// A page of the list that is asked for.
    async fn list(
        &self,
        wish: Result<Wish, Unclear>,
        seeing: Seeing,
        life: &Arc<Life>,
    ) -> Result<Response, BackendError> {
        let spec = &self.config.spec;
        // What a client may not see cannot be asked for, nor does an order tell of it.
        let mut indexes = Vec::new();
        for index in &spec.indexes {
            let paths = index.fields.iter().map(|field| field.path.clone());
            if seeing.may_list_by(paths) {
                indexes.push(index);
            }
        }
        let wish = match wish {
            Ok(wish) => wish,
            Err(unclear) => return Ok(bad(&unclear)),
        };
        let index = match wish.index(indexes.into_iter()) {
            Ok(index) => index,
            Err(unclear) => return Ok(bad(&unclear)),
        };
        let number = life.store.definition().number_of(index, &self.rule);
        let number = number.ok_or_else(|| refused(Closed::NoList))?;
        let scan = match wish.scan(index, number, &seeing.rows, spec.limits) {
            Ok(scan) => scan,
            Err(unclear) => return Ok(bad(&unclear)),
        };
        let life = Arc::clone(life);
        let page = tokio::task::spawn_blocking(move || life.store.page(&scan))
            .await
            .map_err(|error| BackendError::new(Kind::Unavailable, Sent::No).because(error))?
            .map_err(broken)?;
        match page {
            Page::Rows { rows, next } => {
                let body = spec.names.write(&rows, next.as_deref(), &seeing.shown);
                let body = body.ok_or_else(|| unreadable("a record in the topic is no text"))?;
                Ok(Response::of(StatusCode::OK, "application/json", body))
            }
            Page::Unknown => Err(unreadable(
                "a record in the topic cannot be read; what lists it belongs to is not known",
            )),
        }
    }
}

/// What list a request wants, by the parameters of its path and its query.
fn wish(ask: &Ask) -> Result<Wish, Unclear> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let query = parameters(ask.parts.uri.query().unwrap_or_default());
    let query = query.map(|(name, value)| (text(&name), text(&value)));
    let path = ask.params.names().map(|name| {
        let value = ask.params.get(name).unwrap_or_default();
        (name.to_owned(), value.into_owned())
    });
    Wish::of(path.chain(query))
}

impl Call for View {
    /// May be dropped at any time: nothing changes.
    async fn call(&self, ask: Box<Ask>) -> Result<Response, BackendError> {
        if ask.parts.method != Method::GET && ask.parts.method != Method::HEAD {
            let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, None);
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.parts.headers.insert(ALLOW, allowed);
            return Ok(response);
        }
        let seeing = match self.config.spec.sight.of(&ask.parts, Timestamp::now()) {
            Ok(seeing) => seeing,
            Err(unseen) => return Ok(denied(unseen)),
        };
        let (life, admitted) = self.admit().map_err(refused)?;
        if self.lacks(&ask, &admitted) {
            return Err(refused(Closed::Behind));
        }
        let mut response = match self.key.is_of_one(&ask.params) {
            true => self.one(&ask, &seeing, &life)?,
            false => Box::pin(self.list(wish(&ask), seeing, &life)).await?,
        };
        life.stands(admitted, self.config.spec.max_staleness)
            .map_err(refused)?;
        if ask.parts.method == Method::HEAD {
            let whole = std::mem::take(&mut response.payload);
            if let Payload::Whole { data, .. } = whole {
                let headers = &mut response.parts.headers;
                headers.insert(CONTENT_LENGTH, HeaderValue::from(data.len()));
            }
        }
        // RFC 9111 section 5.1, for whoever wants to know.
        let age = HeaderValue::from(admitted.age.as_secs());
        response.parts.headers.insert(AGE, age);
        Ok(response)
    }

    /// A list ends when it has its page, which is bounded; nothing else takes time.
    fn deadline_watch(&self) -> DeadlineWatch {
        DeadlineWatch::Itself
    }

    fn asks_again(&self) -> AsksAgain {
        AsksAgain::Itself
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
