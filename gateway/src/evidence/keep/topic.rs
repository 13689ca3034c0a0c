//! Evidence on a compacted topic of one partition, each record signed by the gateway that wrote it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use ::kafka::{
    Follow, Follower, Incoming, Isolation, KafkaConfig, Kind, Outgoing, Producer, TopicSpec, Topics,
};
use bytes::Bytes;
use ops::shutdown::Shutdown;

use super::{RECORD, Unusable};
use crate::control::command::Signature;
use crate::control::key::{KeyId, PublicKey};
use crate::control::{Control, Reach, error_chain as chain};
use crate::evidence::kept::Mark;
use crate::evidence::part::{Cleared, Key, Part, PartError, Said};
use crate::evidence::{Evidence, NotCleared};

/// How long the producer tries.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a start waits for the topic.
const AT_START: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_secs(1);
/// The headers of a record: the key, and its signature over the record's key and value.
const KEY: &str = "figway-key";
const SIGNATURE: &str = "figway-signature";
/// How long whoever reads that a route was cleared waits for the log to know the key that says so.
const KNOWN: Duration = Duration::from_secs(2);

pub(super) struct Topic {
    config: KafkaConfig,
    name: Arc<str>,
    producer: Producer,
    control: Control,
    /// It was said that it cannot be written.
    told: bool,
}

fn spec(name: &str) -> TopicSpec {
    TopicSpec::new(name, Some(1))
        .with("cleanup.policy", "compact")
        // Records are written over every few seconds: segments close, and are compacted, before there are many.
        .initially("segment.bytes", (16 << 20).to_string())
        .initially("min.cleanable.dirty.ratio", "0.2")
        .initially("message.timestamp.type", "LogAppendTime")
}

/// What a signature is of.
fn marked(key: &[u8], value: &[u8]) -> Vec<u8> {
    [b"evidence\0", key, b"\0", value].concat()
}

impl Topic {
    /// Has the topic made or checked, if Kafka answers at all.
    pub(super) async fn open(
        config: &KafkaConfig,
        name: &str,
        control: &Control,
    ) -> Result<Self, Unusable> {
        let unusable = |error: &::kafka::Error| Unusable(chain(error));
        let producer = Producer::open(config, PATIENCE).map_err(|error| unusable(&error))?;
        if control.health().reach == Reach::Following {
            let asking = KafkaConfig {
                timeout: AT_START,
                ..config.clone()
            };
            match Topics::new(&asking).ensure(&[spec(name)]).await {
                Err(error) if !matches!(error.kind(), Kind::Unreachable | Kind::Retriable) => {
                    return Err(unusable(&error));
                }
                // Tried again in the background.
                Ok(()) | Err(_) => {}
            }
        }
        Ok(Self {
            config: config.clone(),
            name: name.into(),
            producer,
            control: control.clone(),
            told: false,
        })
    }

    /// Reads the topic, from its first record and for ever.
    pub(super) fn follow(&self, evidence: &Arc<Evidence>, shutdown: &Shutdown) {
        evidence.heard_lock().begins();
        let following = Following {
            config: self.config.clone(),
            name: Arc::clone(&self.name),
            evidence: Arc::clone(evidence),
        };
        let ending = shutdown.token();
        shutdown.spawn(async move {
            tokio::select! {
                () = following.run() => {}
                () = ending.cancelled() => {}
            }
        });
    }

    pub(super) async fn write(
        &mut self,
        evidence: &Evidence,
        found: Vec<(Arc<str>, Part, Mark)>,
        done: Vec<Key>,
    ) {
        for (name, part, mark) in found {
            let most = usize::try_from(self.config.max_message / 4 * 3).unwrap_or(RECORD);
            let bytes = match part.to_bytes(RECORD.min(most)) {
                Ok(bytes) => bytes,
                Err(error) => {
                    tracing::warn!(%error, "evidence is not kept");
                    continue;
                }
            };
            if !self.send(&part.key(), Some(bytes)).await {
                return;
            }
            evidence.wrote(&name, mark);
        }
        for key in done {
            if !self.send(&key, None).await {
                return;
            }
        }
    }

    pub(super) async fn clear(&mut self, cleared: &Cleared) -> Result<(), NotCleared> {
        let failed = |why: String| NotCleared::NotWritten(why);
        let bytes = cleared.to_bytes();
        let bytes = bytes.map_err(|error| failed(error.to_string()))?;
        let record = self.record(&cleared.key(), Some(bytes));
        match self.producer.send(record).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == Kind::UnknownOutcome => {
                Err(NotCleared::Unknown(chain(&error)))
            }
            Err(error) => Err(failed(chain(&error))),
        }
    }

    /// Whether it was written. What was not is written with a later round.
    async fn send(&mut self, key: &Key, value: Option<Vec<u8>>) -> bool {
        let record = self.record(key, value);
        let sent = self.producer.send(record).await;
        if let Err(error) = &sent
            && !self.told
        {
            tracing::warn!(error = %chain(error), "evidence cannot be written; it is counted on in memory, and written later");
        } else if sent.is_ok() && self.told {
            tracing::info!("evidence is written again");
        }
        self.told = sent.is_err();
        sent.is_ok()
    }

    fn record(&self, key: &Key, value: Option<Vec<u8>>) -> Outgoing {
        let key = key.to_text().into_bytes();
        let signed = marked(&key, value.as_deref().unwrap_or_default());
        let signature = self.control.signs(&signed);
        let signature = serde_json::to_vec(&signature).unwrap_or_default();
        Outgoing {
            partition: Some(0),
            headers: vec![
                (KEY.to_owned(), Bytes::from(self.control.key().to_string())),
                (SIGNATURE.to_owned(), Bytes::from(signature)),
            ],
            ..Outgoing::new(
                Arc::clone(&self.name),
                Some(Bytes::from(key)),
                value.map(Bytes::from),
            )
        }
    }
}

/// Whose signature a record has, if it has one that is right.
fn signer(record: &Incoming) -> Option<KeyId> {
    let header = |wanted: &str| {
        let found = record.headers.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_slice())
    };
    let key = String::from_utf8(header(KEY)?.to_vec()).ok()?;
    let key = PublicKey::try_from(key).ok()?;
    let signature: Signature = serde_json::from_slice(header(SIGNATURE)?).ok()?;
    let signed = marked(
        record.key.as_deref().unwrap_or_default(),
        record.value.as_deref().unwrap_or_default(),
    );
    key.has_signed(&signed, &signature).then(|| key.id())
}

/// The task that reads.
struct Following {
    config: KafkaConfig,
    name: Arc<str>,
    evidence: Arc<Evidence>,
}

/// Why the reading broke off.
enum Broken {
    /// To be tried again.
    Kafka(::kafka::Error),
    /// There is something that this program does not know.
    Strange(PartError),
}

impl Following {
    async fn run(self) {
        let mut told = String::new();
        loop {
            let broken = match self.read().await {
                Ok(never) => match never {},
                Err(broken) => broken,
            };
            let error = match broken {
                Broken::Kafka(error) => error,
                Broken::Strange(error) => {
                    tracing::error!(topic = &*self.name, %error, "the evidence of other gateways is not read any more; this program has to be a later one, or the record has to go");
                    self.evidence.heard_lock().stops(error.to_string());
                    return;
                }
            };
            if error.kind() == Kind::Truncated {
                // It was made anew.
                self.evidence.is_written_anew();
            }
            let said = chain(&error);
            if said != told && error.kind() != Kind::Unreachable {
                tracing::warn!(
                    topic = &*self.name,
                    error = said,
                    "the evidence of other gateways is not read"
                );
            }
            self.evidence.heard_lock().broke_off(&said);
            told = said;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn read(&self) -> Result<Infallible, Broken> {
        // Whoever writes first would have the topic made with other settings.
        let ensured = Topics::new(&self.config).ensure(&[spec(&self.name)]).await;
        ensured.map_err(Broken::Kafka)?;
        let follow = Follow {
            isolation: Isolation::Uncommitted,
            ..Follow::committed(&*self.name)
        };
        let mut records = Follower::start(&self.config, follow).map_err(Broken::Kafka)?;
        self.evidence.heard_lock().begins();
        loop {
            let step = records.next().await.map_err(Broken::Kafka)?;
            for record in &step.records {
                self.take(record).await?;
            }
            if step.caught_up {
                self.evidence.heard_lock().is_whole();
            }
        }
    }

    async fn take(&self, record: &Incoming) -> Result<(), Broken> {
        let key = record.key.as_deref().unwrap_or_default();
        // What nobody has signed can say anything, also that it is of a later version.
        let signer = signer(record);
        if signer.is_none() && record.value.is_some() {
            return Ok(());
        }
        let said = match Said::read(key, record.value.as_deref()) {
            Ok(said) => said,
            // A key that is none: of nobody that writes here.
            Err(_) if record.value.is_none() => return Ok(()),
            Err(error) => return Err(Broken::Strange(error)),
        };
        if let Said::Cleared(cleared) = &said
            && !self.is_known(signer.as_ref(), &cleared.gateway).await
        {
            tracing::warn!(
                route = cleared.route,
                "somebody whom the control log does not know says that evidence was cleared: it was not"
            );
            return Ok(());
        }
        if let Said::Part(part) = &said
            && part.absorbed.contains(&self.evidence.run())
            && !self.is_known(signer.as_ref(), &part.gateway).await
        {
            return Ok(());
        }
        self.evidence.hears(said, signer);
        Ok(())
    }

    /// Whether the key signs for that gateway; it may have told the log so just now.
    async fn is_known(&self, signer: Option<&KeyId>, gateway: &str) -> bool {
        let known = async {
            while !self.evidence.knows(signer, gateway) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(KNOWN, known).await.is_ok()
    }
}
