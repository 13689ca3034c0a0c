//! Where events are told: a topic beside the control log, or, for a gateway without Kafka, a file in its folder.

use std::convert::Infallible;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::kafka::{
    Follow, Follower, Incoming, Isolation, KafkaConfig, Kind, Outgoing, Producer, TopicSpec, Topics,
};
use bytes::Bytes;
use ops::shutdown::Shutdown;

use super::event::{Event, MEDIA_TYPE};
use super::record::SHOWN;
use super::{Shared, lock};
use crate::control::command::Signature;
use crate::control::key::PublicKey;
use crate::control::{Store, error_chain as chain, log_run};

/// The file's name in the folder.
const NAME: &str = "rollouts.jsonl";
/// A file longer than this is begun anew with the latest events, bytes.
const LONGEST: usize = 4 << 20;
/// How long the producer tries.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_secs(1);
/// How long events are kept on the topic, milliseconds: 400 days.
const KEPT: &str = "34560000000";
/// Of whoever wrote a record: the key, and its signature over the value.
const KEY: &str = "figway-key";
const SIGNATURE: &str = "figway-signature";

/// Why plans cannot be judged.
#[derive(Debug, thiserror::Error)]
#[error("the events of plans cannot be kept: {0}")]
pub struct Unusable(String);

pub(super) enum Journal {
    Topic { producer: Producer, name: Arc<str> },
    File,
}

fn spec(name: &str) -> TopicSpec {
    TopicSpec::new(name, Some(1))
        .with("cleanup.policy", "delete")
        .initially("retention.ms", KEPT)
}

/// What a signature is of.
fn marked(value: &[u8]) -> Vec<u8> {
    [b"rollout\0", value].concat()
}

impl Journal {
    /// Opens it, and begins to read what is there.
    pub(super) async fn open(shared: &Arc<Shared>, shutdown: &Shutdown) -> Result<Self, Unusable> {
        let (config, topic) = match shared.control.store() {
            Store::File => {
                read(shared).await?;
                return Ok(Self::File);
            }
            Store::Kafka { config, topic } => (config.clone(), topic),
        };
        let name: Arc<str> = format!("{topic}.rollouts").into();
        let producer = Producer::open(&config, PATIENCE);
        let producer = producer.map_err(|error| Unusable(chain(&error)))?;
        let (following, told) = (Arc::clone(shared), Arc::clone(&name));
        let ending = shutdown.token();
        shutdown.spawn(async move {
            tokio::select! {
                () = ending.cancelled() => {}
                () = follow(&following, &config, &told) => {}
            }
        });
        Ok(Self::Topic { producer, name })
    }

    /// Tells one. Where that does not work it is told in this gateway's own log alone.
    pub(super) async fn tell(&self, shared: &Arc<Shared>, event: Event) {
        let group = event.subject.clone();
        tracing::info!(group, event = event.kind, "a plan");
        let Ok(value) = serde_json::to_vec(&event) else {
            return;
        };
        let wrote = match self {
            Self::Topic { producer, name } => {
                let sent = producer.send(record(shared, name, &group, value)).await;
                sent.map(|_| ()).map_err(|error| chain(&error))
            }
            Self::File => {
                let control = shared.control.clone();
                let wrote = log_run(move || control.in_folder(|folder| append(folder, &value)));
                lock(&shared.record).add(event);
                match wrote.await {
                    None => Err("the folder is another gateway's".to_owned()),
                    Some(wrote) => wrote.map_err(|error| error.to_string()),
                }
            }
        };
        if let Err(why) = wrote {
            tracing::warn!(group, why, "an event of a plan is not kept");
        }
    }
}

fn record(shared: &Shared, name: &Arc<str>, group: &str, value: Vec<u8>) -> Outgoing {
    let signature = shared.control.signs(&marked(&value));
    let signature = serde_json::to_vec(&signature).unwrap_or_default();
    let headers = vec![
        (
            "content-type".to_owned(),
            Bytes::from_static(MEDIA_TYPE.as_bytes()),
        ),
        (
            KEY.to_owned(),
            Bytes::from(shared.control.key().to_string()),
        ),
        (SIGNATURE.to_owned(), Bytes::from(signature)),
    ];
    Outgoing {
        partition: Some(0),
        headers,
        ..Outgoing::new(
            Arc::clone(name),
            Some(Bytes::from(group.to_owned())),
            Some(Bytes::from(value)),
        )
    }
}

fn append(folder: &Path, value: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join(NAME))?;
    file.write_all(&[value, b"\n"].concat())
}

/// Reads the file. A line cut short, by a crash, is left out: plans begin to count anew then.
async fn read(shared: &Arc<Shared>) -> Result<(), Unusable> {
    let control = shared.control.clone();
    let read = log_run(move || control.in_folder(latest)).await;
    let events = read.unwrap_or(Ok(Vec::new()));
    let events = events.map_err(|error| Unusable(format!("{NAME}: {error}")))?;
    let mut record = lock(&shared.record);
    for event in events {
        record.add(event);
    }
    record.is_whole();
    Ok(())
}

fn latest(folder: &Path) -> io::Result<Vec<Event>> {
    let path = folder.join(NAME);
    let text = match std::fs::read(&path) {
        // A line that is none is left out below.
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let lines: Vec<&str> = text.lines().collect();
    let lines = lines
        .get(lines.len().saturating_sub(SHOWN)..)
        .unwrap_or_default();
    if text.len() > LONGEST {
        let beside = folder.join(format!("{NAME}.new"));
        std::fs::write(&beside, lines.join("\n") + "\n")?;
        std::fs::rename(beside, path)?;
    } else if !text.is_empty() && !text.ends_with('\n') {
        append(folder, b"")?;
    }
    let known = lines
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok());
    Ok(known.collect())
}

/// Reads the topic, from its first record and for ever.
async fn follow(shared: &Arc<Shared>, config: &KafkaConfig, name: &Arc<str>) {
    let mut told = String::new();
    loop {
        let error = match hear(shared, config, name).await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        let said = chain(&error);
        if said != told && error.kind() != Kind::Unreachable {
            tracing::warn!(
                topic = &**name,
                error = said,
                "the events of plans are not read"
            );
        }
        told = said;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn hear(
    shared: &Arc<Shared>,
    config: &KafkaConfig,
    name: &Arc<str>,
) -> Result<Infallible, ::kafka::Error> {
    Topics::new(config).ensure(&[spec(name)]).await?;
    let follow = Follow {
        isolation: Isolation::Uncommitted,
        ..Follow::committed(&**name)
    };
    let mut records = Follower::start(config, follow)?;
    lock(&shared.record).begins();
    loop {
        let step = records.next().await?;
        let mut record = lock(&shared.record);
        for event in step
            .records
            .iter()
            .filter_map(|one| understood(shared, one))
        {
            record.add(event);
        }
        if step.caught_up {
            record.is_whole();
        }
    }
}

/// The event, if a gateway that the log knows has signed it.
fn understood(shared: &Shared, record: &Incoming) -> Option<Event> {
    let header = |wanted: &str| {
        let found = record.headers.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_slice())
    };
    let value = record.value.as_deref()?;
    let key = String::from_utf8(header(KEY)?.to_vec()).ok()?;
    let key = PublicKey::try_from(key).ok()?;
    let signature: Signature = serde_json::from_slice(header(SIGNATURE)?).ok()?;
    let event: Event = serde_json::from_slice(value).ok()?;
    let gateway = event.source.rsplit('/').next()?;
    let known = shared.control.state().signers().signs(&key.id(), gateway);
    (known && key.has_signed(&marked(value), &signature)).then_some(event)
}
