//! Releases: a person's word that a held generation may go on. Written by the command line, read by the worker.
//!
//! They are records of the checkpoint topic under a key of their own
//! (`{"source":"lots","shard":"0","release":"G0002V00"}`), so that a worker needs no second topic. Their value is JSON that
//! only `cdc` understands.

use bytes::Bytes;
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use serde_json::Value;

use crate::blocking::{Deadline, blocking};
use crate::checkpoint::{RecordKey, json_bytes};
use crate::producer::{Deliveries, creation, unreachable};
use crate::reader::{Client, Isolation, no_topic};
use crate::security::authorise;
use crate::{CheckpointKey, CheckpointStore, Error, Kind, Outgoing};

/// A release found in the topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// The generation it is for.
    pub generation: String,
    /// What was said about it; `None` when the release was taken back.
    pub value: Option<Value>,
}

impl CheckpointStore {
    /// Writes a release, acknowledged by the broker when this returns; `None` takes it back.
    ///
    /// # Errors
    /// [`Kind::Unreachable`] without a broker, [`Kind::Topic`] when the store's topic is missing, [`Kind::Retriable`] when it was
    /// not acknowledged (it may have been written: writing it again does no harm).
    pub async fn write_release(
        &self,
        key: &CheckpointKey,
        generation: &str,
        value: Option<&Value>,
    ) -> Result<(), Error> {
        let record = self.record(key, Some(generation), value.map(json_bytes));
        let config = self.config.clone();
        blocking(move || {
            let probe = Client::new(&config, Isolation::Uncommitted)?;
            if probe.partitions(&record.topic)?.is_none() {
                return Err(no_topic(&record.topic));
            }
            let mut client = config.producer()?;
            client.set("message.timeout.ms", config.timeout.as_millis().to_string());
            let producer: ThreadedProducer<Deliveries> = client
                .create_with_context(Deliveries::new(&config))
                .map_err(creation)?;
            authorise(config.tokens().as_ref(), producer.client())?;
            let deliveries = producer.client().context();
            let mut round = deliveries.begin();
            let sent = producer.send(BaseRecord {
                topic: &record.topic,
                partition: record.partition,
                payload: record.value.as_deref(),
                key: record.key.as_deref(),
                timestamp: None,
                headers: None,
                delivery_opaque: round.opaque(&record.topic),
            });
            sent.map_err(|(error, _)| {
                Error::new(Kind::Rejected, "the release was not taken").caused_by(error)
            })?;
            round.sent();
            match deliveries.wait(&round, Deadline::after(config.timeout)) {
                Ok(_) => Ok(()),
                Err((what, error)) => Err(match deliveries.log.reason() {
                    Some(reason) => unreachable(&config.bootstrap, config.timeout, Some(&reason))
                        .caused_by(error),
                    None => {
                        Error::new(Kind::Retriable, format!("the release: {what}")).caused_by(error)
                    }
                }),
            }
        })
        .await
    }

    /// The record that takes a release back, for the transaction which has acted on it.
    #[must_use]
    pub fn clear_release(&self, key: &CheckpointKey, generation: &str) -> Outgoing {
        self.record(key, Some(generation), None::<Bytes>)
    }

    /// Begins to listen for releases of that shard. The first [`Releases::poll`] tells all there are.
    ///
    /// # Errors
    /// [`Kind::Unreachable`], [`Kind::Topic`].
    pub async fn releases(&self, key: &CheckpointKey) -> Result<Releases, Error> {
        let (store, key) = (self.clone(), key.clone());
        blocking(move || {
            let client = Client::new(&store.config, Isolation::Committed)?;
            if client.partitions(&store.topic)?.is_none() {
                return Err(no_topic(&store.topic));
            }
            Ok(Releases {
                client: Some(client),
                topic: store.topic,
                key,
                position: 0,
            })
        })
        .await
    }
}

/// Listens for the releases of one shard.
pub struct Releases {
    /// Out on a blocking thread while a poll runs.
    client: Option<Client>,
    topic: String,
    key: CheckpointKey,
    /// The next offset to read.
    position: i64,
}

impl std::fmt::Debug for Releases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Releases")
            .field("topic", &self.topic)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Releases {
    /// The releases written (or taken back) since the last call, oldest first, up to the end the topic has now. While
    /// another producer's transaction is open, what stands behind it comes with a later call.
    ///
    /// If the future is dropped half-way, this listener is of no more use.
    ///
    /// # Errors
    /// [`Kind::Unreachable`] when the broker is away (call again later), [`Kind::Unreadable`] for a release that is no JSON.
    pub async fn poll(&mut self) -> Result<Vec<Release>, Error> {
        let Some(client) = self.client.take() else {
            return Err(Error::new(
                Kind::Fatal,
                "listening for releases was broken off: begin anew",
            ));
        };
        let (topic, key, position) = (self.topic.clone(), self.key.clone(), self.position);
        let (client, position, result) = blocking(move || {
            let (position, result) = poll(&client, &topic, &key, position);
            Ok((client, position, result))
        })
        .await?;
        self.client = Some(client);
        self.position = position;
        result
    }
}

fn poll(
    client: &Client,
    topic: &str,
    key: &CheckpointKey,
    position: i64,
) -> (i64, Result<Vec<Release>, Error>) {
    let end = match client.watermarks(topic, 0) {
        Ok((_, end)) => end,
        Err(error) => return (position, Err(error)),
    };
    // A topic that ends before what was read has been made anew.
    let start = if end < position { 0 } else { position };
    let mut found = Vec::new();
    let result = client.read(topic, &[(0, (start, end))].into(), |message| {
        found.extend(read(
            topic,
            key,
            message.offset(),
            message.key(),
            message.payload(),
        )?);
        Ok(())
    });
    match result {
        Ok(()) => (end, Ok(found)),
        Err(error) => (start, Err(error)),
    }
}

fn read(
    topic: &str,
    key: &CheckpointKey,
    offset: i64,
    bytes: Option<&[u8]>,
    value: Option<&[u8]>,
) -> Result<Option<Release>, Error> {
    let Some(found) = RecordKey::read(topic, offset, bytes) else {
        return Ok(None);
    };
    if !found.is_of(key) {
        return Ok(None);
    }
    let Some(generation) = found.release else {
        return Ok(None);
    };
    let value = value
        .map(serde_json::from_slice)
        .transpose()
        .map_err(|error| {
            Error::new(
                Kind::Unreadable,
                format!("the release of {generation} at offset {offset} of {topic} is no JSON"),
            )
            .caused_by(error)
        })?;
    Ok(Some(Release { generation, value }))
}
