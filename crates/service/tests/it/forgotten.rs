//! Services that come back to less than they left: offsets that Kafka has forgotten, topics of retries that are not configured any more.

use std::time::Duration;

use broker::BrokerConfig;
use bytes::Bytes;
use kafka::{Outgoing, Reader, TopicSpec, Topics};
use service::{Count, ErrorKind, HandlerError, Reply, Request, Retries, ServiceConfig};

use super::rig::{Ask, EVENTS, PATIENCE, REQUESTS, Rig, Serving};

async fn tells(request: Request) -> Result<Reply, HandlerError> {
    let event = Outgoing::new(EVENTS, request.key, Some(request.body.clone()));
    Ok(Reply::json(200, request.body).event(event))
}

fn with_topics(rig: &Rig, delays: &[u64]) -> ServiceConfig {
    let mut config = rig.service_config();
    let delays = delays.iter().copied().map(Duration::from_millis);
    config.retries = Retries::Topics {
        delays: delays.collect(),
        most: 100,
    };
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_again_because_kafka_forgot_how_far_the_group_was() {
    let mut rig = Rig::on(BrokerConfig {
        offsets_retention: Duration::from_secs(1),
        maintenance_interval: Duration::from_millis(100),
        ..BrokerConfig::default()
    })
    .await;
    let serving = rig.serve(tells);
    assert_eq!(rig.ask(&Ask::new(1, "once")).await.body, "once");
    serving.stop().await;
    // Its member's session ends, the group is empty, and its offsets go.
    let gone = async {
        let reader = Reader::new(&rig.config);
        while reader
            .committed("lots", REQUESTS)
            .await
            .unwrap()
            .values()
            .any(|next| *next > 0)
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone)
        .await
        .expect("offsets are forgotten");
    let mut config = rig.service_config();
    // Longer ago than duplicates are known.
    config.window.time = Duration::from_millis(1);
    let serving = Serving::start(config, tells);
    let ended = tokio::time::timeout(PATIENCE, serving.task).await;
    let error = ended.expect("it does not go on").unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forgotten);
    assert!(error.to_string().contains("--reset-offsets"), "{error}");
    assert_eq!(rig.values(EVENTS).await, ["once"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_topics_of_retries_are_read_is_committed_before_anything_is_in_them() {
    let mut rig = Rig::start().await;
    let serving = Serving::start(with_topics(&rig, &[50]), tells);
    rig.ask(&Ask::new(1, "any")).await;
    serving.stop().await;
    let reader = Reader::new(&rig.config);
    for partition in 0..4 {
        let position = reader.position("lots", "lot.requests.retry.1", partition, PATIENCE);
        assert_eq!(position.await.unwrap().committed, Some(0), "{partition}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_is_not_done_from_the_beginning_where_kafka_forgot_how_far_the_group_was() {
    let rig = Rig::start().await;
    let topic = "lot.requests.retry.1";
    let topics = Topics::new(&rig.config);
    topics
        .ensure(&[TopicSpec::new(topic, Some(4))])
        .await
        .unwrap();
    let mut parked = Outgoing::new(topic, None, Some(Bytes::from_static(b"done long ago")));
    parked.partition = Some(2);
    parked.headers = vec![(
        kafka::reply::REQUEST_ID.to_owned(),
        Bytes::from(uuid::Uuid::from_u128(1).to_string()),
    )];
    rig.producer.send(parked).await.unwrap();
    // Of the group there is no offset in that topic: of the one of requests there need not be any yet.
    let serving = Serving::start(with_topics(&rig, &[50]), tells);
    let ended = tokio::time::timeout(PATIENCE, serving.task).await;
    let error = ended.expect("it does not go on").unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forgotten);
    let command = format!("--topic {topic}:2 --reset-offsets");
    assert!(error.to_string().contains(&command), "{error}");
    assert_eq!(rig.values(EVENTS).await, [""; 0]);
}

/// One request is parked in the last of two topics, another of its key behind it; then the service runs with that configuration.
async fn parked_then(set: impl FnOnce(&Rig) -> ServiceConfig) {
    let mut rig = Rig::start().await;
    let serving =
        Serving::start(
            with_topics(&rig, &[10, 2_000]),
            async |request: Request| match &request.body[..] {
                b"other" => Ok(Reply::json(200, request.body)),
                _ => Err(HandlerError::retry(Duration::ZERO, "not yet")),
            },
        );
    rig.send(&Ask::new(1, "parked")).await;
    let parked = async {
        while serving.counts.get(Count::Parked) < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, parked)
        .await
        .expect("parked");
    serving.stop().await;
    let serving = Serving::start(set(&rig), tells);
    rig.send(&Ask::new(8, "behind")).await;
    rig.until(|rig| rig.got.contains_key(&b"c1"[..]) && rig.got.contains_key(&b"c8"[..]))
        .await;
    serving.stop().await;
    // Of one key, so in one partition, in their order.
    assert_eq!(rig.values(EVENTS).await, ["parked", "behind"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_is_not_lost_with_fewer_topics_of_retries() {
    parked_then(|rig| with_topics(rig, &[10])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_is_not_lost_without_topics_of_retries() {
    parked_then(Rig::service_config).await;
}
