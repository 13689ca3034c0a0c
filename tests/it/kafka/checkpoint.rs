//! Checkpoints: restored right, and what they say checked against the topics; releases.

use std::time::Duration;

use bytes::Bytes;
use kafka::{CheckpointKey, CheckpointStore, Kind, Tails, TopicSpec, Topics};
use rdkafka::config::ClientConfig;
use rdkafka::producer::Producer;

use super::cluster::{Cluster, PATIENCE, checkpoint, key, last, leave_open, record};

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_waits_for_what_hides_its_own_newest_commit() {
    let cluster = Cluster::start("hidden").await;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    let mut producer = cluster.producer("worker").await;
    producer
        .commit(vec![record(&topic, "k", "1")], last(&store, 1))
        .await
        .unwrap();

    // Another shard's worker begins a transaction in the checkpoint topic; ours commits behind it.
    let other = cluster.careless("other");
    leave_open(
        &other,
        &cluster.topic("checkpoints"),
        r#"{"source":"orders","shard":"0"}"#,
        "unfinished",
    );
    producer
        .commit(vec![record(&topic, "k", "2")], last(&store, 2))
        .await
        .unwrap();

    let hasty = store.clone().with_patience(Duration::from_millis(200));
    let error = hasty.restore(&producer, &key()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Blocked, "{error}");
    assert!(
        error
            .to_string()
            .starts_with("another producer's open transaction at offset 2 of"),
        "{error}"
    );

    let waiting = tokio::spawn({
        let store = store.clone();
        async move {
            let restored = store.restore(&producer, &key()).await;
            (producer, restored)
        }
    });
    tokio::task::spawn_blocking(move || other.abort_transaction(PATIENCE))
        .await
        .unwrap()
        .unwrap();
    let (_, restored) = waiting.await.unwrap();
    assert_eq!(
        restored.unwrap().unwrap().position,
        2,
        "the newest commit, not the one before it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_of_an_unknown_version_stops() {
    let cluster = Cluster::start("version").await;
    let store = cluster.store().await;
    let mut producer = cluster.producer("worker").await;
    let mut record = store.outgoing(&key(), &checkpoint(1, &Tails::default()));
    record.value = Some(Bytes::from_static(br#"{"version":9}"#));
    producer.commit(vec![], move |_| record).await.unwrap();
    let error = store.restore(&producer, &key()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreadable);
    assert!(
        error
            .to_string()
            .contains("has version 9 and this program reads 1"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_cut_or_made_anew_is_noticed() {
    let cluster = Cluster::start("cut").await;
    let (topic, store) = (cluster.data(2).await, cluster.store().await);
    let mut producer = cluster.producer("worker").await;
    let batch = (0..100)
        .map(|n| record(&topic, &format!("k{n}"), "v"))
        .collect();
    let tails = producer.commit(batch, last(&store, 1)).await.unwrap();
    store.verify_tails(&tails).await.unwrap();

    let mut further = tails.clone();
    further.advance(&topic, 1, 1_000);
    let error = store.verify_tails(&further).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Truncated);
    let truncation = error.truncation().unwrap();
    assert_eq!((truncation.partition, truncation.wanted), (1, 1_000));
    assert_eq!(
        truncation.found,
        Some(tails.get(&topic, 1).unwrap() + 1),
        "its records and the commit's marker"
    );

    let mut elsewhere = Tails::default();
    elsewhere.advance(&topic, 2, 1);
    assert_eq!(
        store
            .verify_tails(&elsewhere)
            .await
            .unwrap_err()
            .truncation()
            .unwrap()
            .found,
        None
    );
    let mut nowhere = Tails::default();
    nowhere.advance(&cluster.topic("never"), 0, 1);
    assert_eq!(
        store
            .verify_tails(&nowhere)
            .await
            .unwrap_err()
            .truncation()
            .unwrap()
            .found,
        None
    );

    delete_topic(&cluster, &topic).await;
    cluster.create(&[TopicSpec::new(&*topic, Some(2))]).await;
    let error = store.verify_tails(&tails).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Truncated);
    assert_eq!(error.truncation().unwrap().found, Some(0), "{error}");
}

async fn delete_topic(cluster: &Cluster, topic: &str) {
    use rdkafka::admin::{AdminClient, AdminOptions};
    use rdkafka::client::DefaultClientContext;
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", &cluster.config.bootstrap)
        .create()
        .unwrap();
    admin
        .delete_topics(&[topic], &AdminOptions::new())
        .await
        .unwrap()[0]
        .as_ref()
        .unwrap();
    let topics = Topics::new(&cluster.config);
    while !topics
        .partitions_of([topic.to_owned()])
        .await
        .unwrap()
        .is_empty()
    {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_topic_with_partitions_is_refused() {
    let cluster = Cluster::start("partitions").await;
    let topic = cluster.topic("checkpoints");
    cluster.create(&[TopicSpec::new(&topic, Some(2))]).await;
    let store = CheckpointStore::new(&cluster.config).in_topic(&topic);
    let producer = cluster.producer("worker").await;
    let error = store.restore(&producer, &key()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Topic);
    assert!(
        error.to_string().contains("has 2 partitions and needs 1"),
        "{error}"
    );
    let error = store
        .in_topic(cluster.topic("never"))
        .restore(&producer, &key())
        .await
        .unwrap_err();
    assert!(
        error.to_string().starts_with("there is no topic"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_reach_the_worker_once() {
    let cluster = Cluster::start("releases").await;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    let mut producer = cluster.producer("worker").await;
    let mut releases = store.releases(&key()).await.unwrap();
    assert_eq!(releases.poll().await.unwrap(), []);

    let word = serde_json::json!({"who": "kim", "deletes": 12});
    store
        .write_release(&key(), "G0002V00", Some(&word))
        .await
        .unwrap();
    store
        .write_release(&CheckpointKey::new("lots", "1"), "G0009V00", Some(&word))
        .await
        .unwrap();
    producer
        .commit(vec![record(&topic, "k", "1")], last(&store, 1))
        .await
        .unwrap();
    let found = releases.poll().await.unwrap();
    assert_eq!(
        found,
        [kafka::Release {
            generation: "G0002V00".to_owned(),
            value: Some(word.clone())
        }]
    );
    assert_eq!(releases.poll().await.unwrap(), []);

    let clear = store.clear_release(&key(), "G0002V00");
    producer.commit(vec![clear], last(&store, 2)).await.unwrap();
    store
        .write_release(&key(), "G0003V00", Some(&word))
        .await
        .unwrap();
    let found = releases.poll().await.unwrap();
    let shown: Vec<_> = found
        .iter()
        .map(|release| (release.generation.as_str(), release.value.is_some()))
        .collect();
    assert_eq!(shown, [("G0002V00", false), ("G0003V00", true)]);

    // none of that is in the way of the checkpoint
    assert_eq!(
        store
            .restore(&producer, &key())
            .await
            .unwrap()
            .unwrap()
            .position,
        2
    );
}
