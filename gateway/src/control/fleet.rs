//! Which gateways are there, what each has folded, and which holds it has confirmed.
//!
//! In: a topic beside the control log on which every gateway says twice a second that it is there, signed with its key. Out: [`Fleet`], what
//! this gateway has heard. Who has not been heard of for [`LEASE`] is not there. Time is that of this gateway's own clock between two words:
//! nobody's wall clock decides. With the log in a file there is one gateway, and no topic.

mod known;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ::kafka::{
    Follow, Follower, Incoming, Isolation, KafkaConfig, Kind, Outgoing, Producer, TopicSpec, Topics,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::known::{Fleet, Heard, Standing};
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
    /// Which word of that process it is, from 1.
    pub count: u64,
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

impl Shared {
    fn word(&self, leaves: bool) -> Word {
        let held = self.fleet.held();
        let silent = held.iter().filter(|(_, silent)| **silent);
        Word {
            v: VERSION,
            run: self.fleet.run(),
            count: self.fleet.next(),
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
        if word.run == self.fleet.run() && word.key == self.key.public() {
            self.fleet.heard_itself(word, written_ms);
            return;
        }
        let state = self.state.borrow();
        let known = state.signers().signs(&word.key.id(), &word.gateway);
        drop(state);
        self.fleet.heard(word, known, written_ms);
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
        () = async {
            // Whoever speaks first would have the topic made with other settings.
            ensured(&kafka, &topic).await;
            tokio::join!(speak(&shared, &producer, &topic), listen(&shared, &kafka, &topic));
        } => {}
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
        tokio::time::timeout(BEAT, shared.fleet.said()).await.ok();
    }
}

/// Has the topic made, or checked, however often it takes.
async fn ensured(kafka: &KafkaConfig, topic: &Arc<str>) {
    let spec = TopicSpec::new(&**topic, Some(1))
        .with("cleanup.policy", "delete")
        .with("message.timestamp.type", "LogAppendTime")
        .initially("retention.ms", KEPT);
    let topics = Topics::new(kafka);
    let mut told = String::new();
    while let Err(error) = topics.ensure(std::slice::from_ref(&spec)).await {
        say_once(&mut told, &error);
        tokio::time::sleep(PAUSE).await;
    }
}

/// A broker that is away is told of where the log is followed.
fn say_once(told: &mut String, error: &::kafka::Error) {
    let said = chain(error);
    if error.kind() != Kind::Unreachable && said != *told {
        tracing::warn!(
            error = said,
            "which gateways are there is not known: groups of writes do not change sides meanwhile"
        );
        *told = said;
    }
}

async fn listen(shared: &Shared, kafka: &KafkaConfig, topic: &Arc<str>) {
    let mut told = String::new();
    loop {
        let error = match hear(shared, kafka, topic).await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        say_once(&mut told, &error);
        tokio::time::sleep(PAUSE).await;
    }
}

async fn hear(
    shared: &Shared,
    kafka: &KafkaConfig,
    topic: &Arc<str>,
) -> Result<std::convert::Infallible, ::kafka::Error> {
    let follow = Follow {
        isolation: Isolation::Uncommitted,
        ..Follow::committed(&**topic)
    };
    let mut words = Follower::start(kafka, follow)?;
    shared.fleet.listens();
    loop {
        let step = words.next().await?;
        for record in &step.records {
            shared.heard(record);
        }
    }
}

#[cfg(test)]
mod tests;
