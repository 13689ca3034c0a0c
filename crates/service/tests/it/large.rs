//! Topics whose records refer to objects of a store.

use std::time::Duration;

use broker::{Broker, BrokerConfig};
use kafka::{KafkaConfig, TopicSpec, Topics};
use service::{ErrorKind, Retries, ServiceConfig};

use super::answer::echo;
use super::rig::{PATIENCE, Serving};

const DAY: u64 = 86_400_000;

/// A service with a folder for large bodies, told nothing of how long they are needed: 7 days, and objects a day longer.
fn with_store(kafka: &KafkaConfig, requests: &str, folder: &std::path::Path) -> ServiceConfig {
    let mut kafka = kafka.clone();
    kafka.payload = Some(Box::new(payload::Config::folder(folder)));
    let mut config = ServiceConfig::new(kafka.clone(), requests, "scans");
    config.payloads = kafka.payloads().unwrap();
    config.retries = Retries::Topics {
        delays: vec![Duration::from_secs(1)],
        most: 10,
    };
    config
}

async fn retention(kafka: &KafkaConfig, topic: &str) -> String {
    let settings = Topics::new(kafka).settings(topic).await.unwrap();
    settings["retention.ms"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_does_not_start_on_requests_that_outlive_their_objects() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let kafka = KafkaConfig::at(broker.bootstrap());
    let folder = tempfile::tempdir().unwrap();
    let topics = Topics::new(&kafka);
    for (requests, kept, others) in [
        ("endless", "604800000", "-1"),
        ("parked", "2592000000", "604800000"),
    ] {
        let retry = format!("{requests}.retry.1");
        for (topic, kept) in [(requests, others), (&retry, kept)] {
            let spec = TopicSpec::new(topic, Some(1)).with("retention.ms", kept);
            topics.ensure(&[spec]).await.unwrap();
        }
        let serving = Serving::start(with_store(&kafka, requests, folder.path()), echo);
        let ended = tokio::time::timeout(PATIENCE, serving.task).await;
        let error = ended.expect("it does not start").unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("records refer to objects"), "{cause}");
        let wrong = match others {
            "-1" => format!("topic {requests} has retention.ms=-1"),
            _ => format!("topic {retry} has retention.ms={kept}"),
        };
        assert!(cause.contains(&wrong), "{cause}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_with_a_store_parks_goes_before_its_objects_and_dead_letters_stay() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let kafka = KafkaConfig::at(broker.bootstrap());
    let folder = tempfile::tempdir().unwrap();
    let config = with_store(&kafka, "scan.requests", folder.path());
    let serving = Serving::start(config, echo);
    let made = async {
        while !Topics::new(&kafka)
            .partitions()
            .await
            .unwrap()
            .contains_key("scan.requests.dlq")
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, made).await.expect("topics");
    serving.stop().await;
    for (topic, kept) in [
        ("scan.requests", (7 * DAY).to_string()),
        ("scan.requests.retry.1", (7 * DAY).to_string()),
        ("scan.requests.dlq", "-1".to_owned()),
    ] {
        assert_eq!(retention(&kafka, topic).await, kept, "{topic}");
    }
}
