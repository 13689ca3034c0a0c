//! The clients the cases use, with the few settings that matter spelled out.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header, Headers, OwnedHeaders, ToBytes};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::{ClientContext, Message};

use super::{PATIENCE, Subject};

/// What a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum See {
    Committed,
    Everything,
}

/// A record as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) offset: i64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: Vec<(String, Option<Vec<u8>>)>,
    pub(super) timestamp: Option<i64>,
}

impl Read {
    pub(super) fn of(message: &BorrowedMessage<'_>) -> Self {
        let header =
            |header: Header<'_, &[u8]>| (header.key.to_owned(), header.value.map(<[u8]>::to_vec));
        Self {
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: message
                .headers()
                .map(|headers| headers.iter().map(header).collect())
                .unwrap_or_default(),
            timestamp: message.timestamp().to_millis(),
        }
    }

    /// The value as text, `null` without one.
    pub(super) fn text(&self) -> String {
        self.value.as_ref().map_or("null".to_owned(), |value| {
            String::from_utf8_lossy(value).into_owned()
        })
    }
}

pub(super) fn texts(records: &[Read]) -> Vec<String> {
    records.iter().map(Read::text).collect()
}

/// Partition and offset of a record, or why it has none.
pub(super) type Delivery = Result<(i32, i64), KafkaError>;

/// What came of every record, by the number it was sent under.
#[derive(Debug, Default)]
pub(super) struct Deliveries(std::sync::Mutex<BTreeMap<usize, Delivery>>);

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, number: Box<usize>) {
        let outcome = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.clone()),
        };
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(*number, outcome);
    }
}

/// A producer that remembers what became of its records.
pub(super) type Sender = BaseProducer<Deliveries>;

impl Subject {
    pub(super) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap);
        config
    }

    /// A producer with the settings given; it sends at once.
    pub(super) fn producer(&self, settings: &[(&str, &str)]) -> Result<Sender> {
        let mut config = self.config();
        config
            .set("linger.ms", "0")
            .set("message.timeout.ms", "50000");
        for (name, value) in settings {
            config.set(*name, *value);
        }
        Ok(config.create_with_context(Deliveries::default())?)
    }

    /// A transactional producer, initialised.
    pub(super) fn transactional(&self, id: &str, timeout: Duration) -> Result<Sender> {
        let timeout = timeout.as_millis().to_string();
        // No record may be tried for longer than its transaction.
        let settings = [
            ("transactional.id", id),
            ("transaction.timeout.ms", &timeout),
            ("message.timeout.ms", &timeout),
        ];
        let producer = self.producer(&settings)?;
        producer
            .init_transactions(PATIENCE)
            .with_context(|| format!("starting transactional producer {id}"))?;
        Ok(producer)
    }

    /// A consumer that starts at the earliest offset and commits nothing by itself.
    pub(super) fn consumer(
        &self,
        group: &str,
        see: See,
        settings: &[(&str, &str)],
    ) -> Result<BaseConsumer> {
        let mut config = self.config();
        config
            .set("group.id", group)
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("fetch.message.max.bytes", "20000000")
            .set(
                "isolation.level",
                if see == See::Committed {
                    "read_committed"
                } else {
                    "read_uncommitted"
                },
            );
        for (name, value) in settings {
            config.set(*name, *value);
        }
        Ok(config.create()?)
    }

    /// Everything a reader sees of a partition, from `from` to the end as it was when the reader got there.
    pub(super) fn read(
        &self,
        topic: &str,
        partition: i32,
        from: Offset,
        see: See,
    ) -> Result<Vec<Read>> {
        let consumer = self.consumer("unused", see, &[])?;
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(topic, partition, from)?;
        consumer.assign(&assignment)?;
        read_to_end(&consumer).with_context(|| format!("reading {topic} partition {partition}"))
    }

    pub(super) fn read_all(&self, topic: &str, see: See) -> Result<Vec<Read>> {
        self.read(topic, 0, Offset::Beginning, see)
    }

    pub(super) fn admin(&self) -> Result<AdminClient<DefaultClientContext>> {
        Ok(self.config().create()?)
    }

    /// Creates a topic with a unique name that begins with `what`; the name.
    pub(super) fn topic(
        &self,
        what: &str,
        partitions: i32,
        settings: &[(&str, &str)],
    ) -> Result<String> {
        let name = super::unique(what);
        self.create(&name, partitions, settings)?;
        Ok(name)
    }

    pub(super) fn create(
        &self,
        name: &str,
        partitions: i32,
        settings: &[(&str, &str)],
    ) -> Result<()> {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (name, value) in settings {
            topic = topic.set(name, value);
        }
        let results = block_on(self.admin()?.create_topics([&topic], &options()))??;
        match results.into_iter().next() {
            Some(Ok(_)) => Ok(()),
            Some(Err((_, code))) => {
                Err(anyhow!(KafkaError::AdminOp(code)).context(format!("creating topic {name}")))
            }
            None => bail!("no result for topic {name}"),
        }
    }
}

/// Runs a future of the admin client.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> Result<T> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(future))
}

pub(super) fn options() -> AdminOptions {
    AdminOptions::new()
        .operation_timeout(Some(PATIENCE))
        .request_timeout(Some(PATIENCE))
}

/// Reads until the end of every assigned partition has been reached once.
pub(super) fn read_to_end(consumer: &BaseConsumer) -> Result<Vec<Read>> {
    let mut open = consumer.assignment()?.count();
    let mut records = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while open > 0 {
        ensure!(
            Instant::now() < deadline,
            "the end did not come, after {} records",
            records.len()
        );
        match consumer.poll(Duration::from_secs(1)) {
            None => {}
            Some(Ok(message)) => records.push(Read::of(&message)),
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(error)) => return Err(error.into()),
        }
    }
    Ok(records)
}

/// Waits for the next record.
pub(super) fn next(consumer: &BaseConsumer) -> Result<Read> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match consumer.poll(Duration::from_secs(1)) {
            None | Some(Err(KafkaError::PartitionEOF(_))) => {}
            Some(Ok(message)) => return Ok(Read::of(&message)),
            Some(Err(error)) => return Err(error.into()),
        }
    }
    bail!("no record came")
}

/// Queues one record under `number`.
pub(super) fn queue<K: ToBytes + ?Sized, V: ToBytes + ?Sized>(
    producer: &Sender,
    mut record: BaseRecord<'_, K, V, Box<usize>>,
) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                if Instant::now() < deadline =>
            {
                producer.poll(Duration::from_millis(10));
                record = back;
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}

/// Queues text values for partition 0, numbered from 0.
pub(super) fn queue_values(producer: &Sender, topic: &str, values: &[&str]) -> Result<()> {
    for (number, value) in values.iter().enumerate() {
        let record = BaseRecord::<(), str, Box<usize>>::with_opaque_to(topic, Box::new(number));
        queue(producer, record.partition(0).payload(value))?;
    }
    Ok(())
}

/// Waits until everything queued was delivered or given up; what became of it, by number.
pub(super) fn settle(producer: &Sender) -> Result<Vec<Delivery>> {
    let deadline = Instant::now() + PATIENCE;
    while producer.in_flight_count() > 0 {
        ensure!(
            Instant::now() < deadline,
            "some records were neither delivered nor given up"
        );
        // Returns as soon as something was delivered; `flush` looks only ten times a second.
        producer.poll(Duration::from_millis(100));
    }
    let mut deliveries = producer
        .context()
        .0
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(std::mem::take(&mut *deliveries).into_values().collect())
}

/// As [`settle`], where all must have been delivered; their offsets.
pub(super) fn delivered(producer: &Sender) -> Result<Vec<i64>> {
    let offset = |delivery: Delivery| Ok(delivery.context("a record was not delivered")?.1);
    settle(producer)?.into_iter().map(offset).collect()
}

/// Sends text values to partition 0; their offsets.
pub(super) fn send_values(producer: &Sender, topic: &str, values: &[&str]) -> Result<Vec<i64>> {
    queue_values(producer, topic, values)?;
    delivered(producer)
}

/// Sends one record; its offset.
pub(super) fn send_one(
    producer: &Sender,
    topic: &str,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[(&str, Option<&[u8]>)],
) -> Result<i64> {
    let mut record =
        BaseRecord::<[u8], [u8], Box<usize>>::with_opaque_to(topic, Box::new(0)).partition(0);
    record.key = key;
    record.payload = value;
    if !headers.is_empty() {
        let all = headers
            .iter()
            .fold(OwnedHeaders::new(), |all, (key, value)| {
                all.insert(Header { key, value: *value })
            });
        record = record.headers(all);
    }
    queue(producer, record)?;
    delivered(producer)?
        .first()
        .copied()
        .context("no delivery report")
}

/// Tries until it holds; the last refusal when it never does.
pub(super) fn eventually(mut holds: impl FnMut() -> Result<()>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match holds() {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() >= deadline => return Err(error.context("waited in vain")),
            // Each try asks the broker; a short rest keeps this from being a busy loop.
            Err(_) => std::thread::park_timeout(Duration::from_millis(50)),
        }
    }
}

/// The code of a Kafka error somewhere in the chain.
pub(super) fn code(error: &anyhow::Error) -> Option<RDKafkaErrorCode> {
    let code = |error: &KafkaError| match error {
        KafkaError::AdminOp(code) => Some(*code),
        other => other.rdkafka_error_code(),
    };
    error
        .chain()
        .find_map(|cause| cause.downcast_ref::<KafkaError>())
        .and_then(code)
}
