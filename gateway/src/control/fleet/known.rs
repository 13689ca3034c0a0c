//! What this gateway knows of the others, and of itself. No I/O; time is that of its own clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use uuid::Uuid;

use super::{BEAT, LEASE, Word};
use crate::control::command::CommandId;
use crate::control::key::KeyId;
use crate::control::lock;
use crate::control::log::chain;

/// Who has not heard itself for so long has not heard the others either.
const DEAF: Duration = Duration::from_millis(1_500);
/// How many gateways are known of at once; more than any fleet has.
const MOST: usize = 1_000;

/// What was heard of a gateway.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Its last word.
    pub word: Word,
    /// When this gateway heard it.
    pub at: Instant,
    /// Whether the log knows its key.
    pub known: bool,
    /// When it was written, milliseconds since 1970 by the broker's clock.
    written_ms: i64,
}

/// What this gateway knows of the others, and of itself.
#[derive(Debug)]
pub struct Fleet {
    run: Uuid,
    /// Whether there may be others.
    shared: bool,
    /// The number of its next word.
    count: AtomicU64,
    others: Mutex<BTreeMap<(KeyId, Uuid), Heard>>,
    /// What this gateway holds: each hold, and whether no write is under way under it.
    held: Mutex<BTreeMap<CommandId, bool>>,
    own: Mutex<Own>,
    /// Changes with each word that says something new.
    news: watch::Sender<u64>,
    /// There is something to say at once.
    say: Notify,
    /// Its last word was not taken.
    mute: Mutex<bool>,
}

/// How well it hears itself: as well it hears the others.
#[derive(Debug, Default)]
struct Own {
    /// Its first word since it listens.
    from: u64,
    /// When it last heard one of these.
    last: Option<Instant>,
    /// Whoever is not among the others then is not there.
    sure: Option<Instant>,
    /// The holds that the last one names: whoever spoke before that has been heard.
    holds: BTreeSet<CommandId>,
}

/// Gateways that a hold waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// They have confirmed it.
    pub confirmed: BTreeSet<String>,
    /// They have not.
    pub missing: BTreeSet<String>,
    /// They have, and writes are under way there still.
    pub busy: BTreeSet<String>,
}

impl Fleet {
    /// With nothing heard yet; `shared` is whether there may be others.
    pub(in crate::control) fn new(shared: bool) -> Self {
        Self {
            run: Uuid::new_v4(),
            shared,
            count: AtomicU64::new(1),
            others: Mutex::default(),
            held: Mutex::default(),
            own: Mutex::default(),
            news: watch::Sender::new(0),
            say: Notify::new(),
            mute: Mutex::new(false),
        }
    }

    /// The gateways that are there beside this one.
    #[must_use]
    pub fn others(&self) -> Vec<Heard> {
        let now = Instant::now();
        let others = lock(&self.others);
        others
            .values()
            .filter(|heard| is_there(heard, now))
            .cloned()
            .collect()
    }

    /// This process among those of the fleet.
    #[must_use]
    pub fn run(&self) -> Uuid {
        self.run
    }

    /// The number of a word.
    pub(super) fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::AcqRel)
    }

    /// Waits until there is something to say at once.
    pub(super) async fn said(&self) {
        self.say.notified().await;
    }

    /// Says it once where its words are not taken.
    pub(super) fn takes(&self, taken: Result<(), ::kafka::Error>) {
        let mute = taken.is_err();
        let news = std::mem::replace(&mut *lock(&self.mute), mute) != mute;
        match taken {
            Err(error) if news => {
                tracing::warn!(error = %chain(&error), "this gateway cannot say that it is there: groups of writes do not change sides meanwhile");
            }
            Ok(()) if news => tracing::info!("this gateway can say again that it is there"),
            Ok(()) | Err(_) => {}
        }
    }

    /// What it holds, and whether no write is under way under it.
    pub(super) fn held(&self) -> BTreeMap<CommandId, bool> {
        lock(&self.held).clone()
    }

    /// This gateway begins no write under that hold any more.
    pub(in crate::control) fn holds(&self, hold: &CommandId) {
        lock(&self.held).insert(hold.clone(), false);
        self.changed();
    }

    /// And none is under way.
    pub(in crate::control) fn is_silent(&self, hold: &CommandId) {
        if let Some(silent) = lock(&self.held).get_mut(hold) {
            *silent = true;
        }
        self.changed();
    }

    /// The hold is over here.
    pub(in crate::control) fn lets_go(&self, hold: &CommandId) {
        lock(&self.held).remove(hold);
        self.changed();
    }

    fn changed(&self) {
        self.say.notify_one();
        self.tell();
    }

    fn tell(&self) {
        self.news
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// It begins to listen, from before its next word.
    pub(super) fn listens(&self) {
        *lock(&self.own) = Own {
            from: self.count.load(Ordering::Acquire),
            ..Own::default()
        };
    }

    /// A word of another; `known` is whether the log knows its key.
    pub(super) fn heard(&self, word: Word, known: bool, written_ms: i64) {
        let now = Instant::now();
        let mut others = lock(&self.others);
        others.retain(|_, heard| is_there(heard, now));
        let id = (word.key.id(), word.run);
        let before = others.get(&id);
        let news = before.is_none_or(|before| {
            before.known != known
                || before.word.held != word.held
                || before.word.silent != word.silent
                || word.leaves
        });
        if before.is_some() || others.len() < MOST {
            let heard = Heard {
                word,
                at: now,
                known,
                written_ms,
            };
            others.insert(id, heard);
        }
        drop(others);
        if news {
            self.tell();
        }
    }

    /// A word of its own: what was written before it has been read. The first time much of that may be old: those who wrote it are judged by
    /// the broker's clock, which stamped their words as it stamped this one. After a silence nobody is known to be absent for a lease.
    pub(super) fn heard_itself(&self, word: Word, written_ms: i64) {
        let now = Instant::now();
        let mut own = lock(&self.own);
        if word.count < own.from {
            return;
        }
        let first = own.sure.is_none();
        let deaf = own
            .last
            .is_some_and(|last| now.saturating_duration_since(last) > DEAF);
        if first {
            let lease = i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
            lock(&self.others)
                .retain(|_, heard| written_ms.saturating_sub(heard.written_ms) < lease);
            own.sure = Some(now);
        } else if deaf {
            own.sure = Some(now + LEASE);
        }
        own.last = Some(now);
        let news = own.holds != word.held || first || deaf;
        own.holds = word.held;
        drop(own);
        if news {
            self.tell();
        }
    }

    /// Whether whoever is there is known.
    pub(crate) fn knows(&self) -> bool {
        let (now, own) = (Instant::now(), lock(&self.own));
        let hears = own
            .last
            .is_some_and(|last| now.saturating_duration_since(last) <= DEAF);
        !self.shared || (hears && own.sure.is_some_and(|sure| sure <= now))
    }

    /// How far a hold has come among those that are there; none where it is not known who they are.
    pub(in crate::control) fn standing(&self, me: &str, hold: &CommandId) -> Option<Standing> {
        if !self.knows() {
            return None;
        }
        let mut standing = Standing::default();
        let own = lock(&self.held).get(hold).copied();
        // Who came before this gateway said so is among the others by now.
        let heard = !self.shared || lock(&self.own).holds.contains(hold);
        standing.add(me, own.is_some() && heard, own == Some(true));
        for heard in self.others() {
            let word = &heard.word;
            standing.add(
                &word.gateway,
                word.held.contains(hold),
                word.silent.contains(hold),
            );
        }
        Some(standing)
    }

    /// Waits until something is so, at most until then. Whether it is.
    pub(in crate::control) async fn until(&self, deadline: Instant, so: impl Fn() -> bool) -> bool {
        let mut news = self.news.subscribe();
        loop {
            if so() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            // Also when nobody says anything: a lease may be over.
            let step = (Instant::now() + BEAT).min(deadline);
            tokio::time::timeout_at(step, news.changed()).await.ok();
        }
    }

    /// Waits until it is known who is there, at most until then. Whether it is.
    pub(in crate::control) async fn is_known(&self, deadline: Instant) -> bool {
        self.until(deadline, || self.knows()).await
    }
}

impl Standing {
    fn add(&mut self, gateway: &str, held: bool, silent: bool) {
        let name = gateway.to_owned();
        match (held, silent) {
            (false, _) => {
                self.missing.insert(name);
            }
            (true, true) => {
                self.confirmed.insert(name);
            }
            (true, false) => {
                self.busy.insert(name.clone());
                self.confirmed.insert(name);
            }
        }
    }
}

/// That it leaves is believed of those whose key the log knows.
fn is_there(heard: &Heard, now: Instant) -> bool {
    !(heard.word.leaves && heard.known) && now.saturating_duration_since(heard.at) < LEASE
}
