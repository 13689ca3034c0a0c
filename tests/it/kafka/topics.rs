//! Topics as they must be, and no broker at all.

use std::time::{Duration, Instant};

use kafka::{
    CheckpointStore, Isolation, KafkaConfig, Kind, Reader, TopicSpec, Topics, TransactionalProducer,
};

use super::cluster::{Cluster, key};

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_with_other_settings_is_an_error_that_names_the_fix() {
    let cluster = Cluster::start("settings").await;
    let topics = Topics::new(&cluster.config);
    let name = cluster.topic("t");
    let spec = TopicSpec::new(&name, Some(2))
        .with("cleanup.policy", "delete")
        .with("retention.ms", "1000");
    topics.ensure(std::slice::from_ref(&spec)).await.unwrap();
    topics.ensure(std::slice::from_ref(&spec)).await.unwrap();
    assert_eq!(topics.partitions().await.unwrap().get(&name), Some(&2));

    let other = TopicSpec::new(&name, Some(3))
        .with("cleanup.policy", "compact")
        .with("retention.ms", "1000");
    let error = topics.ensure(&[other]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Topic);
    let broker = &cluster.config.bootstrap;
    assert_eq!(
        error.to_string(),
        format!(
            "topic {name} has 2 partitions and needs 3: `kafka-topics.sh --bootstrap-server {broker} --alter --topic {name} \
             --partitions 3` (keys then move between partitions), or configure 2; topic {name} has cleanup.policy=delete and \
             needs compact: `kafka-configs.sh --bootstrap-server {broker} --alter --entity-type topics --entity-name {name} \
             --add-config cleanup.policy=compact`"
        )
    );

    let copies = TopicSpec {
        replication: Some(5),
        ..TopicSpec::new(cluster.topic("copies"), Some(1))
    };
    let error = topics.ensure(&[copies]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Topic);
    assert!(
        error
            .to_string()
            .contains("has not as many brokers as `replication` in [kafka] asks for"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_there_is_one_clear_error() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let bootstrap = format!("127.0.0.1:{port}");
    let config = KafkaConfig {
        timeout: Duration::from_secs(1),
        ..KafkaConfig::at(&bootstrap)
    };
    let store = CheckpointStore::new(&config);
    let began = Instant::now();
    let errors = [
        TransactionalProducer::open(&config, "worker", config.timeout)
            .await
            .map(|_| ())
            .unwrap_err(),
        Topics::new(&config)
            .ensure(&[TopicSpec::new("t", Some(1))])
            .await
            .unwrap_err(),
        Reader::new(&config)
            .read("t", Isolation::Committed)
            .await
            .map(|_| ())
            .unwrap_err(),
        store.look().await.map(|_| ()).unwrap_err(),
        store.write_release(&key(), "g", None).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), Kind::Unreachable);
        assert_eq!(
            error.to_string(),
            format!(
                "no kafka broker answered at {bootstrap} within 1s (Connect to ipv4#{bootstrap} failed: \
                 Connection refused): start one (`figway broker` serves for a trial) or correct `bootstrap` in [kafka]"
            )
        );
    }
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "took {:?}",
        began.elapsed()
    );
}
