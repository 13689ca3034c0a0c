//! The example service with a database, killed again and again: what it must have done in the end, whichever database it has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use example_outbox::store::Store;
use example_outbox::{EVENTS, REQUESTS};
use kafka::{
    Follow, Follower, Isolation, KafkaConfig, Outgoing, Producer, Reader, TopicSpec, Topics, reply,
};
use ops::shutdown::Shutdown;
use serde_json::Value;
use uuid::Uuid;

/// How long anything that is waited for may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const REPLIES: &str = "stock.replies";
const ITEMS: u32 = 5;
const FIRST: i64 = 1_000;
const ROUNDS: u32 = 6;
const REQUESTS_A_ROUND: u32 = 40;

/// Reserves of five items while the service is ended at any point after each round. Each request is sent with a duplicate now and
/// then, some ask for more than there is, some for what there is none of.
///
/// # Errors
/// What was lost, doubled or told differently.
pub async fn survives_kills(kafka: &KafkaConfig, database: &str) -> anyhow::Result<()> {
    let topics = [(REQUESTS, 4), (REPLIES, 1)];
    let specs = topics.map(|(name, count)| TopicSpec::new(name, Some(count)));
    Topics::new(kafka).ensure(&specs).await?;
    let store = Arc::new(Store::open(database).await?);
    for item in 0..ITEMS {
        store.set(&format!("item-{item}"), FIRST).await?;
    }
    let producer = Producer::open(kafka, PATIENCE)?;
    let mut replies = Follower::start(kafka, Follow::committed(REPLIES))?;
    let mut world = World::default();
    for round in 0..ROUNDS {
        let shutdown = Shutdown::new();
        let (config, opened) = (kafka.clone(), Arc::clone(&store));
        let running = tokio::spawn(async move {
            example_outbox::run(&config, opened, "a", &shutdown, None).await
        });
        for number in 0..REQUESTS_A_ROUND {
            world
                .send(&producer, round * REQUESTS_A_ROUND + number)
                .await?;
        }
        // In the middle of its work, but for the last round.
        let enough = match round + 1 {
            ROUNDS => world.waiting.len(),
            _ => world.waiting.len() - usize::try_from(REQUESTS_A_ROUND / 2)?,
        };
        let got = async {
            while world.said.len() < enough {
                for record in replies.next().await?.records {
                    world.take(&record)?;
                }
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, got)
            .await
            .with_context(|| format!("{} of {enough} replies came", world.said.len()))??;
        if round + 1 == ROUNDS {
            let empty = async {
                while !store.events(1).await?.is_empty() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                anyhow::Ok(())
            };
            tokio::time::timeout(PATIENCE, empty)
                .await
                .context("the outbox is not emptied")??;
        }
        running.abort();
        drop(running.await);
    }
    let records = Reader::new(kafka)
        .read(EVENTS, Isolation::Committed)
        .await?;
    let events: Result<Vec<Value>, _> = records
        .iter()
        .map(|record| serde_json::from_slice(record.value.as_deref().unwrap_or_default()))
        .collect();
    world.judge(&store, &events?).await
}

#[derive(Default)]
struct World {
    /// Which request each correlation id is of.
    waiting: BTreeMap<String, u32>,
    /// Status and body per correlation id.
    said: BTreeMap<String, (String, String)>,
}

/// What request number so and so asks for.
fn asked(number: u32) -> (String, u32) {
    match number % 20 {
        7 => ("nothing".to_owned(), 1),
        13 => (format!("item-{}", number % ITEMS), 100_000),
        _ => (format!("item-{}", number % ITEMS), number % 4 + 1),
    }
}

impl World {
    /// Sends a request, every third one twice, the second time together with one of long ago.
    async fn send(&mut self, producer: &Producer, number: u32) -> anyhow::Result<()> {
        let twice = number.is_multiple_of(3).then_some([number, number / 2]);
        for number in [number].into_iter().chain(twice.into_iter().flatten()) {
            let correlation = format!("c{}", self.waiting.len());
            let (item, quantity) = asked(number);
            let body = serde_json::json!({"item": item, "quantity": quantity});
            let mut record = Outgoing::new(
                REQUESTS,
                Some(Bytes::from(item)),
                Some(Bytes::from(body.to_string())),
            );
            let id = Uuid::from_u128(u128::from(number) + 1);
            let headers = [
                (reply::REQUEST_ID, Bytes::from(id.to_string())),
                (reply::CORRELATION_ID, Bytes::from(correlation.clone())),
                (reply::REPLY_TOPIC, Bytes::from_static(REPLIES.as_bytes())),
                (reply::CONTENT_TYPE, Bytes::from_static(b"application/json")),
            ];
            let headers = headers.into_iter();
            record
                .headers
                .extend(headers.map(|(name, value)| (name.to_owned(), value)));
            self.waiting.insert(correlation, number);
            producer.send(record).await?;
        }
        Ok(())
    }

    fn take(&mut self, record: &kafka::Incoming) -> anyhow::Result<()> {
        let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec());
        let correlation = text(record.header(reply::CORRELATION_ID))?;
        let said = (
            text(record.header(reply::STATUS))?,
            text(record.value.as_deref())?,
        );
        if let Some(before) = self.said.insert(correlation.clone(), said.clone()) {
            ensure!(
                before == said,
                "{correlation} was told {before:?} and {said:?}"
            );
        }
        Ok(())
    }

    async fn judge(&self, store: &Store, events: &[Value]) -> anyhow::Result<()> {
        let mut first = BTreeMap::new();
        for (correlation, number) in &self.waiting {
            let said = &self.said[correlation];
            let before = first.entry(*number).or_insert(said);
            ensure!(
                *before == said,
                "request {number} was told {before:?} and {said:?}"
            );
        }
        let accepted: BTreeSet<u32> = first
            .iter()
            .filter(|(_, said)| said.0 == "200")
            .map(|(number, _)| *number)
            .collect();
        for (number, said) in &first {
            let wanted = match number % 20 {
                7 => "404",
                13 => "409",
                _ => "200",
            };
            ensure!(said.0 == wanted, "request {number} was told {said:?}");
        }
        let mut told = BTreeSet::new();
        let mut left: BTreeMap<String, i64> = BTreeMap::new();
        for event in events {
            let text = |name: &str| event[name].as_str().context("a text").map(str::to_owned);
            let id = Uuid::try_parse(&text("request")?)?.as_u128();
            ensure!(told.insert(u32::try_from(id - 1)?), "two events of {id}");
            let quantity = event["quantity"].as_i64().context("a number")?;
            let before = left.entry(text("item")?).or_insert(FIRST);
            ensure!(
                event["left"] == *before - quantity,
                "out of order: {event} after {before}"
            );
            *before -= quantity;
        }
        ensure!(
            told == accepted,
            "events of {told:?}, accepted were {accepted:?}"
        );
        for (item, left) in &left {
            let remaining = store.remaining(item).await?;
            ensure!(
                remaining == Some(*left),
                "{item}: {remaining:?}, by events {left}"
            );
        }
        ensure!(left.len() == usize::try_from(ITEMS)?, "{left:?}");
        Ok(())
    }
}
