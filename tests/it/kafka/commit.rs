//! Transactions: what is seen of them, by whom, and who may still write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka::{CheckpointKey, Isolation, Kind, Outgoing, Reader, Tails, fold};
use rdkafka::config::ClientConfig;
use rdkafka::producer::Producer;

use super::cluster::{Cluster, PATIENCE, checkpoint, key, last, leave_open, record, values};

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_and_its_checkpoint_are_seen_together() {
    let cluster = Cluster::start("together").await;
    let (topic, store) = (cluster.data(3).await, cluster.store().await);
    let mut producer = cluster.producer("worker").await;
    assert_eq!(store.restore(&producer, &key()).await.unwrap(), None);

    let batch: Vec<Outgoing> = (0..3_000)
        .map(|n| record(&topic, &format!("k{n}"), &format!("v{n}")))
        .collect();
    let tails = producer.commit(batch, last(&store, 1)).await.unwrap();
    let written: i64 = (0..3)
        .map(|partition| tails.get(&topic, partition).unwrap())
        .sum();
    assert_eq!(written, 3_000);
    assert_eq!(tails.get(&cluster.topic("checkpoints"), 0), Some(1));

    // a tombstone, headers and a time go through as they are
    let gone = Outgoing {
        headers: vec![
            ("a".to_owned(), Bytes::from_static(b"1")),
            ("a".to_owned(), Bytes::from_static(b"")),
        ],
        timestamp_ms: Some(1_795_293_530_793),
        ..Outgoing::new(Arc::clone(&topic), Some(Bytes::from_static(b"k7")), None)
    };
    let later = producer.commit(vec![gone], last(&store, 2)).await.unwrap();

    let records = cluster.committed(&topic).await;
    assert_eq!(records.len(), 3_001);
    let tombstone = records
        .iter()
        .find(|record| record.value.is_none())
        .unwrap();
    assert_eq!(
        tombstone.headers,
        [
            ("a".to_owned(), b"1".to_vec()),
            ("a".to_owned(), b"".to_vec())
        ]
    );
    assert_eq!(tombstone.timestamp_ms, Some(1_795_293_530_793));
    let state = fold(records);
    assert_eq!(state.len(), 2_999);
    assert_eq!(state.get(b"k8".as_slice()).unwrap(), b"v8");

    let mut ends = tails;
    ends.merge(&later);
    store.verify_tails(&ends).await.unwrap();
    let restored = store.restore(&producer, &key()).await.unwrap().unwrap();
    assert_eq!(restored.position, 2);
    assert_eq!(
        store
            .restore(&producer, &CheckpointKey::new("lots", "1"))
            .await
            .unwrap(),
        None
    );
    assert_eq!(store.look().await.unwrap(), [(key(), restored)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_go_where_javas_clients_send_them() {
    let cluster = Cluster::start("partitioner").await;
    let (topic, store) = (cluster.data(7).await, cluster.store().await);
    let mut producer = cluster.producer("worker").await;
    let batch =
        ["21", "foobar", "a-little-bit-long-string", "abc"].map(|key| record(&topic, key, key));
    producer
        .commit(batch.into(), last(&store, 1))
        .await
        .unwrap();
    let found: BTreeMap<String, i32> = cluster
        .committed(&topic)
        .await
        .into_iter()
        .map(|record| {
            (
                String::from_utf8(record.key.unwrap()).unwrap(),
                record.partition,
            )
        })
        .collect();
    // hashes from Kafka's own UtilsTest.testMurmur2: (hash & 0x7fffffff) % 7
    let hashes = [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("abc", 479_470_107),
    ];
    for (key, hash) in hashes {
        assert_eq!(found[key], (hash & 0x7fff_ffff) % 7, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_before_its_commit_leaves_nothing() {
    let cluster = Cluster::start("dies").await;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    let dying = cluster.careless("worker");
    leave_open(&dying, &topic, "k", "half");
    std::mem::forget(dying);

    let mut next = cluster.producer("worker").await;
    assert_eq!(store.restore(&next, &key()).await.unwrap(), None);
    next.commit(vec![record(&topic, "k", "whole")], last(&store, 1))
        .await
        .unwrap();
    assert_eq!(values(&cluster.committed(&topic).await), ["whole"]);
    let all = Reader::new(&cluster.config)
        .read(&topic, Isolation::Uncommitted)
        .await
        .unwrap();
    assert_eq!(
        values(&all),
        ["half", "whole"],
        "a reader of everything sees what was aborted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_is_fenced() {
    let cluster = Cluster::start("zombie").await;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    let mut old = cluster.producer("worker").await;
    old.commit(vec![record(&topic, "k", "1")], last(&store, 1))
        .await
        .unwrap();
    let mut new = cluster.producer("worker").await;

    let error = old
        .commit(vec![record(&topic, "k", "zombie")], last(&store, 2))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Fenced, "{error}");
    assert!(
        error
            .to_string()
            .starts_with("another producer has taken over transactional id"),
        "{error}"
    );
    assert!(old.is_broken());
    let again = old
        .commit(vec![record(&topic, "k", "zombie")], last(&store, 2))
        .await
        .unwrap_err();
    assert_eq!(again.kind(), Kind::Fenced, "{again}");

    new.commit(vec![record(&topic, "k", "2")], last(&store, 2))
        .await
        .unwrap();
    assert_eq!(values(&cluster.committed(&topic).await), ["1", "2"]);
    assert_eq!(
        store.restore(&new, &key()).await.unwrap().unwrap().position,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_that_had_already_flushed_cannot_commit() {
    let cluster = Cluster::start("flushed").await;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    let zombie = cluster.careless("worker");
    leave_open(&zombie, &topic, "k", "zombie");
    let mut new = cluster.producer("worker").await;
    let refused = tokio::task::spawn_blocking(move || zombie.commit_transaction(PATIENCE))
        .await
        .unwrap();
    assert!(refused.is_err(), "the zombie committed");
    new.commit(vec![record(&topic, "k", "new")], last(&store, 1))
        .await
        .unwrap();
    assert_eq!(values(&cluster.committed(&topic).await), ["new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_too_large_aborts_and_the_producer_goes_on() {
    let mut cluster = Cluster::start("large").await;
    cluster.config.max_message = 100_000;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    let mut producer = cluster.producer("worker").await;
    let large = "x".repeat(200_000);
    let batch = vec![record(&topic, "a", "1"), record(&topic, "b", &large)];
    let error = producer.commit(batch, last(&store, 1)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Rejected, "{error}");
    assert_eq!(
        error.to_string(),
        format!(
            "a record of 200001 bytes for topic {topic} was not taken; the transaction was aborted"
        )
    );
    producer
        .commit(vec![record(&topic, "a", "2")], last(&store, 1))
        .await
        .unwrap();
    assert_eq!(values(&cluster.committed(&topic).await), ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_the_broker_ended_leaves_nothing() {
    use rdkafka::consumer::{BaseConsumer, Consumer};
    let mut cluster = Cluster::start("late").await;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    cluster.config.transaction_timeout = Duration::from_secs(1);
    let mut producer = cluster.producer("worker").await;
    let reader: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &cluster.config.bootstrap)
        .set("isolation.level", "read_committed")
        .create()
        .unwrap();
    let (data, checkpoints) = (Arc::clone(&topic), store.clone());
    let late = move |tails: &Tails| {
        // The worker stands still until the broker has lost patience: the transaction's end is then in the topic.
        let began = Instant::now();
        while reader.fetch_watermarks(&data, 0, PATIENCE).unwrap().1 <= 1 {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "the broker never ended the transaction"
            );
        }
        checkpoints.outgoing(&key(), &checkpoint(1, tails))
    };
    let error = producer
        .commit(vec![record(&topic, "k", "late")], late)
        .await
        .unwrap_err();
    println!("{:?}: {error}", error.kind());
    assert!(
        matches!(error.kind(), Kind::Fenced | Kind::Retriable | Kind::Fatal),
        "{:?}: {error}",
        error.kind()
    );
    assert_eq!(values(&cluster.committed(&topic).await), [""; 0]);

    let mut next = cluster.producer("worker").await;
    assert_eq!(store.restore(&next, &key()).await.unwrap(), None);
    next.commit(vec![record(&topic, "k", "again")], last(&store, 1))
        .await
        .unwrap();
    assert_eq!(values(&cluster.committed(&topic).await), ["again"]);
}
