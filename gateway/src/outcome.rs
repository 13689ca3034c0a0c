//! What became of requests whose clients ask for that later, or send them again: a topic that every gateway follows (decision 15).
//!
//! A request is claimed on the topic before it is sent to its service, and the service's reply goes to the same partition: so every gateway
//! knows who may execute what, and where answers stand, also one that was started since. In memory are ids and offsets; bodies are fetched.
//! Without Kafka nothing is claimed, so nothing is sent.

pub mod book;
pub mod entry;
mod follow;
mod held;
mod look;
mod telling;
pub mod ticket;
mod waiting;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderName;
use kafka::{Fetcher, Incoming, KafkaConfig, Producer};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};
use uuid::Uuid;

pub use self::book::{Book, Calling, Entry, Known, Place, Verdict};
pub use self::entry::{Callback, Claim, Said};
pub(crate) use self::follow::is_mismatch;
pub use self::held::Held;
pub use self::waiting::Full;
use self::waiting::Waiting;
use crate::backend::kafka::Form;

/// Which request's outcome it is: on the answer that promises it, and on each call that tells it.
pub const ID: HeaderName = HeaderName::from_static("figway-outcome-id");

/// The most requests that are known.
const MOST: usize = 1_000_000;
/// How many unknown ids are looked for on the topic at the same time.
const LOOKS: usize = 4;
/// How long such a look may take.
const LOOK: Duration = Duration::from_secs(3);

/// Which topic, and how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The brokers.
    pub kafka: KafkaConfig,
    /// The topic; made when it is missing.
    pub topic: String,
    /// The longest that any answer is given. Records are there for twice that time, so that what is over can be told from what never was.
    pub keep: Duration,
    /// Under which headers a reply says whose it is.
    pub form: Form,
    /// The most requests that wait for their replies.
    pub max_in_flight: usize,
}

/// What a request asks for beside an answer: to be executed once however often it comes, or that its answer is kept until somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// Under which id its service knows it: the same each time it is sent.
    pub id: Uuid,
    /// As in [`Claim::fingerprint`].
    pub fingerprint: Option<u128>,
    /// As in [`Claim::owner`].
    pub owner: Option<u128>,
    /// How long its answer is given.
    pub keep: Duration,
    /// As in [`Claim::callback`].
    pub callback: Option<Callback>,
    /// As in [`Claim::group`].
    pub group: Option<Arc<str>>,
}

/// Why nothing is known now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// The topic is not read to its end yet, or not any more.
    #[error("the topic of outcomes has not been read to its end")]
    Behind,
    /// The claim was not written, or it was not seen that it is.
    #[error("the request could not be claimed")]
    NotClaimed,
    /// As many wait as may.
    #[error("as many requests wait for replies as may")]
    Full,
    /// The stored answer could not be read.
    #[error("the stored answer cannot be read now")]
    NotRead,
}

impl From<Full> for Unknown {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

/// The outcomes of one service's requests. Dropping it ends the following.
#[derive(Debug)]
pub struct Outcomes {
    shared: Arc<Shared>,
    producer: Producer,
    fetcher: Fetcher,
    looks: Semaphore,
    task: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    config: Config,
    /// This gateway, as long as it runs.
    me: Uuid,
    /// How many partitions the topic has; none is known before it was found.
    partitions: AtomicI32,
    caught_up: watch::Sender<bool>,
    /// How often something was read.
    read: watch::Sender<u64>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    book: Book,
    /// Per partition what is read of it.
    read: BTreeMap<i32, i64>,
    /// Per partition the time before which everything there that is committed by then has been read.
    as_of_ms: BTreeMap<i32, i64>,
    /// How often the book was begun anew.
    fills: u64,
    waiting: Waiting,
}

impl Drop for Outcomes {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is done half-way under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outcomes {
    /// Follows in the background. Must be called inside a runtime.
    ///
    /// # Errors
    /// librdkafka does not take the settings.
    pub fn open(config: Config) -> Result<Self, kafka::Error> {
        let producer = Producer::open(&config.kafka, config.kafka.timeout)?;
        let fetcher = Fetcher::new(&config.kafka, config.topic.as_str());
        let shared = Arc::new(Shared {
            me: Uuid::new_v4(),
            partitions: AtomicI32::new(0),
            caught_up: watch::Sender::new(false),
            read: watch::Sender::new(0),
            state: Mutex::new(State {
                book: Book::new(MOST),
                read: BTreeMap::new(),
                as_of_ms: BTreeMap::new(),
                fills: 0,
                waiting: Waiting::new(config.max_in_flight),
            }),
            config,
        });
        Ok(Self {
            task: tokio::spawn(follow::run(Arc::clone(&shared))).abort_handle(),
            shared,
            producer,
            fetcher,
            looks: Semaphore::new(LOOKS),
        })
    }

    /// Whether all that was there when the following began has been read.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        *self.shared.caught_up.borrow()
    }

    /// How many requests wait for their replies.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.shared.state().waiting.replies()
    }

    /// The topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.shared.config.topic
    }

    /// This gateway's name on the topic, another each time it is started.
    #[must_use]
    pub fn me(&self) -> Uuid {
        self.shared.me
    }

    /// In which partition all that concerns a request stands; none before the topic was found.
    #[must_use]
    pub fn partition_of(&self, id: Uuid) -> Option<i32> {
        let count = self.shared.partitions.load(Ordering::Relaxed);
        let count = u32::try_from(count).ok().filter(|count| *count > 0)?;
        // The last bytes: the first of a version 7 are its time.
        let [.., a, b, c, d] = id.into_bytes();
        i32::try_from(u32::from_be_bytes([a, b, c, d]) % count).ok()
    }

    async fn caught_up(&self, deadline: Instant) -> Result<(), Unknown> {
        if self.is_ready() {
            return Ok(());
        }
        let mut caught_up = self.shared.caught_up.subscribe();
        let waited = timeout_at(deadline, caught_up.wait_for(|is| *is)).await;
        waited.map_err(|_| Unknown::Behind).map(|_| ())
    }

    /// What is known of a claim before it is made; none where it might go. Waits a while for the topic to be read, not for Kafka.
    pub async fn judge(&self, id: Uuid, claim: &Claim, deadline: Instant) -> Option<Verdict> {
        let deadline = deadline.min(Instant::now() + LOOK);
        // One that is behind says so when the request is claimed.
        self.caught_up(deadline).await.ok()?;
        self.shared.state().book.judge(id, claim)
    }

    /// Claims a request: the first claim on the topic that is in force goes. One that is known not to go is not written. Dropped half-way, or
    /// with what comes out, the claim is given back.
    ///
    /// # Errors
    /// It is not known by `deadline` whether it may go: then it may not.
    pub async fn claim(
        &self,
        id: Uuid,
        mut claim: Claim,
        deadline: Instant,
    ) -> Result<(Verdict, Held<'_>), Unknown> {
        self.caught_up(deadline).await?;
        let partition = self.partition_of(id).ok_or(Unknown::Behind)?;
        let by = claim.by;
        let mut held = Held::new(self, id, by);
        let verdict = {
            let mut state = self.shared.state();
            match state.book.judge(id, &claim) {
                Some(verdict) if !claim.sends_again(&verdict) => {
                    drop(state);
                    held.judged(&verdict);
                    return Ok((verdict, held));
                }
                _ => {
                    claim.request = Some(state.book.request_of(id, &claim));
                    state.waiting.verdict(id, by)
                }
            }
        };
        let said = Said::Accepted(Box::new(claim));
        let record = entry::record(self.topic(), partition, id, &said);
        let claimed = async {
            self.producer.send(record).await.map_err(|error| {
                tracing::debug!(topic = self.topic(), %error, "a claim was not written");
                Unknown::NotClaimed
            })?;
            verdict.await.map_err(|_| Unknown::NotClaimed)
        };
        // It may be on the topic all the same, and nothing was sent: then it is given back here.
        let verdict = timeout_at(deadline, claimed)
            .await
            .map_err(|_| Unknown::NotClaimed)??;
        held.judged(&verdict);
        Ok((verdict, held))
    }

    /// A place for who waits for the reply to a request that may go, by the claim of that name; or the reply, where one to an earlier try
    /// has come meanwhile.
    ///
    /// # Errors
    /// As many wait as may.
    pub fn reply(&self, request: Uuid, by: Uuid) -> Result<Replying, Unknown> {
        let mut state = self.shared.state();
        if let Some(place) = state.book.done(request) {
            return Ok(Replying::Done(place));
        }
        let (turn, reply) = state.waiting.reply(request, by)?;
        let awaiting = Awaiting {
            shared: Arc::clone(&self.shared),
            request,
            turn,
        };
        Ok(Replying::Waits(awaiting, reply))
    }

    /// Says, in the background, that a request was not sent.
    fn release(&self, id: Uuid, by: Uuid) {
        let (Some(partition), Ok(runtime)) = (self.partition_of(id), Handle::try_current()) else {
            return;
        };
        let record = entry::record(self.topic(), partition, id, &Said::Released { by });
        let (producer, topic) = (self.producer.clone(), self.topic().to_owned());
        runtime.spawn(async move {
            if let Err(error) = producer.send(record).await {
                tracing::debug!(topic, %error, "a claim is not given back; it ends by itself");
            }
        });
    }

    /// What is known of a request here. That one has failed is only what this gateway's clock says: [`Outcomes::look_up`] makes sure.
    #[must_use]
    pub fn known(&self, id: Uuid) -> Known {
        self.shared.state().book.known(id, now_ms())
    }

    /// The reply to a request at that place; none where the topic has it no more.
    ///
    /// # Errors
    /// Kafka did not give it in time.
    pub async fn fetch(&self, request: Uuid, place: Place) -> Result<Option<Incoming>, Unknown> {
        let form = &self.shared.config.form;
        // A topic that was made anew has something else there.
        let is_its = |reply: &Incoming| form.correlation_of(reply) == Some(request.into_bytes());
        let reading = self.fetcher.record(place.partition, place.offset);
        match timeout(LOOK, reading).await {
            Ok(Ok(record)) => Ok(record.filter(is_its)),
            Ok(Err(error)) => {
                tracing::warn!(topic = self.topic(), %error, "a stored answer cannot be read");
                Err(Unknown::NotRead)
            }
            Err(_) => Err(Unknown::NotRead),
        }
    }

    /// Whether writes of a group may be executed of which nothing is known.
    ///
    /// # Errors
    /// The topic is not read to its end: there may be more of them.
    pub fn under_way(&self, group: &str) -> Result<bool, Unknown> {
        let was_ready = self.is_ready();
        if self.shared.state().book.under_way(group, now_ms()) {
            return Ok(true);
        }
        // The book is empty when it is begun anew.
        if was_ready && self.is_ready() {
            Ok(false)
        } else {
            Err(Unknown::Behind)
        }
    }
}

/// How a request gets its reply.
#[derive(Debug)]
pub enum Replying {
    /// It has come.
    Done(Place),
    /// It will.
    Waits(Awaiting, oneshot::Receiver<Incoming>),
}

/// A place for who waits for a reply; given back when dropped.
#[derive(Debug)]
pub struct Awaiting {
    shared: Arc<Shared>,
    request: Uuid,
    turn: u64,
}

impl Drop for Awaiting {
    fn drop(&mut self) {
        self.shared.state().waiting.gone(self.request, self.turn);
    }
}

/// Milliseconds since 1970, on everyone's clock. Gateways and services are to keep their clocks together (NTP).
#[must_use]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}
