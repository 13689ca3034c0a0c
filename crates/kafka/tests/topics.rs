//! Topics whose records refer to objects: they are not kept for longer than those.

#![allow(clippy::unwrap_used, reason = "tests")]

use broker::{Broker, BrokerConfig};
use kafka::{KafkaConfig, Kind, TopicSpec, Topics};

fn store(text: &str) -> payload::Config {
    let config: KafkaConfig = toml::from_str(&format!("[payload]\n{text}")).unwrap();
    *config.payload.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_keeps_records_for_longer_than_objects_are_there_is_refused() {
    let broker = tokio::task::spawn_blocking(|| Broker::start(BrokerConfig::default()));
    let broker = broker.await.unwrap().unwrap();
    let topics = Topics::new(&KafkaConfig::at(broker.bootstrap()));
    let week = store("folder = \"p\"");
    let spec = |name: &str| TopicSpec::new(name, Some(1));
    // One that is missing is made so.
    let scans = spec("scans").refers_to(Some(&week));
    topics.ensure(std::slice::from_ref(&scans)).await.unwrap();
    topics.ensure(&[scans]).await.unwrap();
    let said = spec("scans").with("retention.ms", "604800000");
    topics.ensure(&[said]).await.unwrap();
    // Less is fine, also where the store keeps objects for ever; more is not, and neither is for ever.
    for (name, retention, fits) in [
        ("short", "3600000", true),
        ("long", "604800001", false),
        ("endless", "-1", false),
    ] {
        let made = spec(name).with("retention.ms", retention);
        topics.ensure(&[made]).await.unwrap();
        let ensured = topics.ensure(&[spec(name).refers_to(Some(&week))]).await;
        assert_eq!(ensured.is_ok(), fits, "{name}");
        if let Err(error) = ensured {
            assert_eq!(error.kind(), Kind::Topic);
            let told = error.to_string();
            assert!(told.contains(&format!("topic {name} has retention.ms={retention}")));
            assert!(
                told.contains("--add-config retention.ms=604800000"),
                "{told}"
            );
        }
        let forever = store("folder = \"p\"\nretention = \"forever\"");
        topics
            .ensure(&[spec(name).refers_to(Some(&forever))])
            .await
            .unwrap();
        topics.ensure(&[spec(name).refers_to(None)]).await.unwrap();
    }
}
