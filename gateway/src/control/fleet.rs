//! Which gateways are there, what each has folded, and which holds it has confirmed.
//!
//! In: a topic beside the control log on which every gateway says twice a second that it is there, signed with its key. Out: [`Fleet`], what
//! this gateway has heard. Who has not been heard of for [`LEASE`] is not there. Time is that of this gateway's own clock between two words:
//! nobody's wall clock decides. With the log in a file there is one gateway, and no topic.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::kafka::{
    Follow, Follower, Incoming, Isolation, KafkaConfig, Outgoing, Producer, TopicSpec, Topics,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use uuid::Uuid;

use super::command::{CommandId, Position, Signature};
use super::key::{GatewayKey, PublicKey};
use super::log::chain;
use super::{Shared, lock, rfc3339};

/// Between two words of a gateway.
pub const BEAT: Duration = Duration::from_millis(500);
/// Who was not heard of for so long is not there.
pub const LEASE: Duration = Duration::from_secs(3);
/// The form of a word.
const VERSION: u32 = 1;
/// How long words are kept: whoever begins to listen hears all that are there within a beat.
const KEPT: &str = "600000";
/// How long the producer tries.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_secs(1);

/// A word of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    v: u32,
    /// The process: one gateway has several while one takes over from another.
    pub run: Uuid,
    /// Its instance name.
    pub gateway: String,
    /// Its key.
    pub key: PublicKey,
    /// Of the program.
    pub version: String,
    /// When, RFC 3339, by its clock; informative.
    pub at: String,
    /// The last entry it has folded.
    pub position: Option<Position>,
    /// The revision of its file.
    pub revision: u64,
    /// The holds under which it begins no write.
    pub held: BTreeSet<CommandId>,
    /// Those of them where no write of it is under way any more.
    pub silent: BTreeSet<CommandId>,
    /// It is about to end, and has nothing under way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaves: bool,
}

/// As it stands on the topic: the word's text, and a signature over it.
#[derive(Serialize, Deserialize)]
struct Signed {
    word: String,
    signature: Signature,
}

/// What was heard of a gateway.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Its last word.
    pub word: Word,
    /// When this gateway heard it.
    pub at: Instant,
    /// Whether the log knows its key: what it confirms counts only then.
    pub known: bool,
    /// When it was written, milliseconds since 1970 by the broker's clock.
    written_ms: i64,
}

/// What this gateway knows of the others, and of itself.
#[derive(Debug)]
pub struct Fleet {
    run: Uuid,
    others: Mutex<BTreeMap<Uuid, Heard>>,
    /// What this gateway holds: each hold, and whether no write is under way under it.
    held: Mutex<BTreeMap<CommandId, bool>>,
    /// Changes with each word that says something new.
    news: watch::Sender<u64>,
    /// There is something to say at once.
    say: Notify,
    /// Its last word was not taken.
    mute: Mutex<bool>,
    /// This gateway has heard itself: who is there is known.
    listening: watch::Sender<bool>,
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
    pub(super) fn new(shared: bool) -> Self {
        Self {
            run: Uuid::new_v4(),
            others: Mutex::default(),
            held: Mutex::default(),
            news: watch::Sender::new(0),
            say: Notify::new(),
            mute: Mutex::new(false),
            listening: watch::Sender::new(!shared),
        }
    }

    /// The gateways that are there beside this one, in no order that means anything.
    #[must_use]
    pub fn others(&self) -> Vec<Heard> {
        let now = Instant::now();
        let mut others = lock(&self.others);
        // Somebody else is told of those that are gone for good.
        others.retain(|_, heard| is_there(heard, now));
        others.values().cloned().collect()
    }

    /// Says it once where its words are not taken.
    fn takes(&self, taken: Result<(), ::kafka::Error>) {
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

    /// This process among those of the fleet.
    #[must_use]
    pub fn run(&self) -> Uuid {
        self.run
    }

    /// This gateway begins no write under that hold any more.
    pub(super) fn holds(&self, hold: &CommandId) {
        lock(&self.held).insert(hold.clone(), false);
        self.changed();
    }

    /// And none is under way.
    pub(super) fn is_silent(&self, hold: &CommandId) {
        if let Some(silent) = lock(&self.held).get_mut(hold) {
            *silent = true;
        }
        self.changed();
    }

    /// The hold is over here.
    pub(super) fn lets_go(&self, hold: &CommandId) {
        lock(&self.held).remove(hold);
        self.changed();
    }

    fn changed(&self) {
        self.say.notify_one();
        self.news
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// How far a hold has come among those that are there.
    pub(super) fn standing(&self, me: &str, hold: &CommandId) -> Standing {
        let mut standing = Standing::default();
        let own = lock(&self.held).get(hold).copied();
        standing.add(me, own.is_some(), own == Some(true));
        for heard in self.others() {
            let word = &heard.word;
            let held = heard.known && word.held.contains(hold);
            standing.add(&word.gateway, held, word.silent.contains(hold));
        }
        standing
    }

    /// Waits until what it says of a hold is as wanted, at most until then. Whether it is.
    pub(super) async fn until(&self, deadline: Instant, so: impl Fn() -> bool) -> bool {
        let mut news = self.news.subscribe();
        loop {
            if so() {
                return true;
            }
            // Also when nobody says anything: a lease may be over.
            let step = (Instant::now() + BEAT).min(deadline);
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::timeout_at(step, news.changed()).await.ok();
        }
    }

    /// What was written before this word has been read. The first time much of it may be old: those who wrote it are judged by the
    /// broker's clock, which stamped their words as it stamped this one.
    fn heard_itself(&self, written_ms: i64) {
        let first = self
            .listening
            .send_if_modified(|known| !std::mem::replace(known, true));
        if first {
            let lease = i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
            let mut others = lock(&self.others);
            others.retain(|_, heard| written_ms.saturating_sub(heard.written_ms) < lease);
        }
    }

    /// Waits until it is known who is there, at most until then. Whether it is.
    pub(super) async fn is_known(&self, deadline: Instant) -> bool {
        let mut listening = self.listening.subscribe();
        let known = tokio::time::timeout_at(deadline, listening.wait_for(|known| *known)).await;
        matches!(known, Ok(Ok(_)))
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

fn is_there(heard: &Heard, now: Instant) -> bool {
    !heard.word.leaves && now.saturating_duration_since(heard.at) < LEASE
}

impl Shared {
    fn word(&self, leaves: bool) -> Word {
        let held = lock(&self.fleet.held).clone();
        let silent = held.iter().filter(|(_, silent)| **silent);
        Word {
            v: VERSION,
            run: self.fleet.run,
            gateway: self.settings.gateway.clone(),
            key: self.key.public(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            at: rfc3339(std::time::SystemTime::now()),
            position: self.state.borrow().position(),
            revision: lock(&self.table).revision,
            silent: silent.map(|(hold, _)| hold.clone()).collect(),
            held: held.into_keys().collect(),
            leaves,
        }
    }

    fn heard(&self, record: &Incoming) {
        let Some(word) = record.value.as_deref().and_then(read) else {
            return;
        };
        let written_ms = record.timestamp_ms.unwrap_or(0);
        if word.run == self.fleet.run {
            self.fleet.heard_itself(written_ms);
            return;
        }
        let known = self
            .state
            .borrow()
            .signers()
            .signs(&word.key.id(), &word.gateway);
        let heard = Heard {
            word,
            at: Instant::now(),
            known,
            written_ms,
        };
        let mut others = lock(&self.fleet.others);
        let news = others.get(&heard.word.run).is_none_or(|before| {
            before.known != heard.known
                || before.word.held != heard.word.held
                || before.word.silent != heard.word.silent
                || heard.word.leaves
        });
        others.insert(heard.word.run, heard);
        drop(others);
        if news {
            self.fleet
                .news
                .send_modify(|count| *count = count.wrapping_add(1));
        }
    }
}

/// The word, if it is one and its key has signed it.
fn read(value: &[u8]) -> Option<Word> {
    let signed: Signed = serde_json::from_slice(value).ok()?;
    let word: Word = serde_json::from_str(&signed.word).ok()?;
    let fits = word
        .key
        .has_signed(&marked(&signed.word), &signed.signature);
    (word.v == VERSION && fits).then_some(word)
}

/// A signature of a word is none of an entry of the log.
fn marked(text: &str) -> Vec<u8> {
    [b"word\0", text.as_bytes()].concat()
}

fn written(word: &Word, key: &GatewayKey) -> Option<Vec<u8>> {
    let text = serde_json::to_string(word).ok()?;
    let signature = key.sign(&marked(&text));
    serde_json::to_vec(&Signed {
        word: text,
        signature,
    })
    .ok()
}

/// Says that this gateway is there, and listens, until `ending`; then that it leaves.
pub(super) async fn run(
    shared: Arc<Shared>,
    kafka: KafkaConfig,
    topic: String,
    ending: tokio_util::sync::CancellationToken,
) {
    let topic: Arc<str> = topic.into();
    let producer = match Producer::open(&kafka, PATIENCE) {
        Ok(producer) => producer,
        Err(error) => {
            tracing::error!(error = %chain(&error), "this gateway cannot say that it is there");
            return;
        }
    };
    tokio::select! {
        () = ending.cancelled() => {}
        () = async { tokio::join!(speak(&shared, &producer, &topic), listen(&shared, &kafka, &topic)); } => {}
    }
    // Nobody waits for it then; without it, they wait for the lease.
    tell(&shared, &producer, &topic, true).await;
}

async fn tell(shared: &Shared, producer: &Producer, topic: &Arc<str>, leaves: bool) {
    let Some(bytes) = written(&shared.word(leaves), &shared.key) else {
        return;
    };
    let record = Outgoing {
        partition: Some(0),
        ..Outgoing::new(Arc::clone(topic), None, Some(Bytes::from(bytes)))
    };
    shared.fleet.takes(producer.send(record).await.map(|_| ()));
}

async fn speak(shared: &Shared, producer: &Producer, topic: &Arc<str>) {
    loop {
        tell(shared, producer, topic, false).await;
        tokio::time::timeout(BEAT, shared.fleet.say.notified())
            .await
            .ok();
    }
}

async fn listen(shared: &Shared, kafka: &KafkaConfig, topic: &Arc<str>) {
    loop {
        let error = match hear(shared, kafka, topic).await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        shared.fleet.listening.send_replace(false);
        tracing::debug!(error = %chain(&error), "which gateways are there is not known");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn hear(
    shared: &Shared,
    kafka: &KafkaConfig,
    topic: &Arc<str>,
) -> Result<std::convert::Infallible, ::kafka::Error> {
    let spec = TopicSpec::new(&**topic, Some(1))
        .with("cleanup.policy", "delete")
        .with("message.timestamp.type", "LogAppendTime")
        .initially("retention.ms", KEPT);
    Topics::new(kafka).ensure(&[spec]).await?;
    let follow = Follow {
        isolation: Isolation::Uncommitted,
        ..Follow::committed(&**topic)
    };
    let mut words = Follower::start(kafka, follow)?;
    loop {
        let step = words.next().await?;
        for record in &step.records {
            shared.heard(record);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::tests::key;
    use super::*;

    fn word(number: u8, held: &[&CommandId], silent: &[&CommandId]) -> Word {
        let all = |ids: &[&CommandId]| ids.iter().map(|id| (*id).clone()).collect();
        Word {
            v: VERSION,
            run: Uuid::from_u128(u128::from(number)),
            gateway: format!("gw-{number}"),
            key: key(number).public(),
            version: "1".to_owned(),
            at: "2026-11-23T14:00:00Z".to_owned(),
            position: None,
            revision: 1,
            held: all(held),
            silent: all(silent),
            leaves: false,
        }
    }

    fn hear(fleet: &Fleet, word: Word, known: bool) {
        let heard = Heard {
            word,
            at: Instant::now(),
            known,
            written_ms: 0,
        };
        lock(&fleet.others).insert(heard.word.run, heard);
    }

    #[test]
    fn a_word_is_read_only_as_it_was_signed() {
        let said = word(1, &[], &[]);
        let bytes = written(&said, &key(1)).unwrap();
        assert_eq!(read(&bytes), Some(said.clone()));
        assert_eq!(
            read(&written(&said, &key(2)).unwrap()),
            None,
            "of another key"
        );
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(read(text.replace("gw-1", "gw-2").as_bytes()), None);
        assert_eq!(read(b"{}"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_waits_for_all_that_are_there_and_for_nobody_else() {
        let (fleet, hold) = (Fleet::new(true), CommandId::random());
        hear(&fleet, word(1, &[], &[]), true);
        hear(&fleet, word(2, &[&hold], &[]), true);
        // Its key is not in the log: it may say what it likes.
        hear(&fleet, word(3, &[&hold], &[&hold]), false);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let standing = fleet.standing("me", &hold);
        assert_eq!(standing.missing, names(&["gw-1", "gw-3", "me"]));
        assert_eq!(standing.busy, names(&["gw-2"]));
        fleet.holds(&hold);
        fleet.is_silent(&hold);
        hear(&fleet, word(1, &[&hold], &[&hold]), true);
        let waiting = fleet.until(Instant::now() + Duration::from_secs(20), || {
            fleet.standing("me", &hold).missing.is_empty()
        });
        let began = Instant::now();
        let alive = async {
            loop {
                tokio::time::sleep(BEAT).await;
                hear(&fleet, word(1, &[&hold], &[&hold]), true);
                hear(&fleet, word(2, &[&hold], &[]), true);
            }
        };
        tokio::select! {
            so = waiting => assert!(so),
            () = alive => {}
        }
        // Nobody hears of the third any more.
        assert!(began.elapsed() >= LEASE && began.elapsed() < LEASE + BEAT * 2);
        let standing = fleet.standing("me", &hold);
        assert_eq!(standing.confirmed, names(&["gw-1", "gw-2", "me"]));
        assert_eq!(standing.busy, names(&["gw-2"]));
        let leaving = Word {
            leaves: true,
            ..word(2, &[&hold], &[])
        };
        hear(&fleet, leaving, true);
        assert!(fleet.standing("me", &hold).busy.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_spoke_last_long_before_it_began_to_listen_is_not_there() {
        let fleet = Fleet::new(true);
        for (number, written_ms) in [(1, 1_000), (2, 8_000)] {
            let heard = Heard {
                word: word(number, &[], &[]),
                at: Instant::now(),
                known: true,
                written_ms,
            };
            lock(&fleet.others).insert(heard.word.run, heard);
        }
        assert_eq!(fleet.others().len(), 2);
        fleet.heard_itself(9_000);
        assert!(fleet.is_known(Instant::now()).await);
        let there: Vec<_> = fleet
            .others()
            .into_iter()
            .map(|heard| heard.word.gateway)
            .collect();
        assert_eq!(there, ["gw-2"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_so_in_time_is_told() {
        let fleet = Fleet::new(true);
        assert!(
            !fleet
                .is_known(Instant::now() + Duration::from_secs(1))
                .await
        );
        assert!(Fleet::new(false).is_known(Instant::now()).await);
        let never = fleet.until(Instant::now() + Duration::from_secs(5), || false);
        assert!(!never.await);
    }
}
