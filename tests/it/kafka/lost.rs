//! Commits on a line that breaks at the worst moment.

use std::time::{Duration, Instant};

use kafka::{Kind, Tails};

use super::cluster::{Cluster, key, last, record, values};
use super::proxy::Lose;

/// A commit that is lost on its way, and what the next worker finds.
async fn commit_through_a_losing_proxy(
    test: &str,
    lose: Lose,
) -> Option<(Vec<String>, Option<i64>)> {
    let (mut cluster, proxy) = Cluster::behind_proxy(test).await?;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    let mut producer = cluster.producer("worker").await;
    producer
        .commit(vec![record(&topic, "k", "1")], last(&store, 1))
        .await
        .unwrap();

    cluster.config.transaction_timeout = Duration::from_secs(3);
    let mut producer = cluster.producer("worker").await;
    proxy.lose(lose);
    let error = producer
        .commit(vec![record(&topic, "k", "2")], last(&store, 2))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownOutcome, "{error}");
    assert!(
        error
            .to_string()
            .contains("the batch may be visible or not"),
        "{error}"
    );
    let again = producer
        .commit(vec![record(&topic, "k", "2")], last(&store, 2))
        .await
        .unwrap_err();
    assert_eq!(again.kind(), Kind::UnknownOutcome, "{again}");

    proxy.lose(Lose::Nothing);
    let next = cluster.producer("worker").await;
    let restored = store.restore(&next, &key()).await.unwrap();
    let position = restored.and_then(|checkpoint| checkpoint.position.as_i64());
    Some((values(&cluster.committed(&topic).await), position))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_found_by_the_next_worker() {
    if let Some((values, position)) = commit_through_a_losing_proxy("answer", Lose::Answer).await {
        assert_eq!(values, ["1", "2"]);
        assert_eq!(position, Some(2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_never_arrives_leaves_nothing() {
    if let Some((values, position)) = commit_through_a_losing_proxy("request", Lose::Request).await
    {
        assert_eq!(values, ["1"]);
        assert_eq!(position, Some(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_away_before_a_batch_is_told_and_the_batch_tried_again() {
    let Some((mut cluster, proxy)) = Cluster::behind_proxy("away").await else {
        return;
    };
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    cluster.config.transaction_timeout = Duration::from_secs(2);
    let mut producer = cluster.producer("worker").await;
    proxy.lose(Lose::Everything);
    let began = Instant::now();
    let error = producer
        .commit(vec![record(&topic, "k", "1")], last(&store, 1))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Retriable, "{error}");
    let message = error.to_string();
    assert!(
        message.starts_with(
            "1 of 1 records not acknowledged in time; the transaction was aborted; kafka at "
        ),
        "{message}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "took {:?}",
        began.elapsed()
    );

    proxy.lose(Lose::Nothing);
    producer
        .commit(vec![record(&topic, "k", "1")], last(&store, 1))
        .await
        .unwrap();
    assert_eq!(values(&cluster.committed(&topic).await), ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_away_in_a_batch_leaves_nothing_visible() {
    let Some((mut cluster, proxy)) = Cluster::behind_proxy("halfway").await else {
        return;
    };
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    cluster.config.transaction_timeout = Duration::from_secs(2);
    let mut producer = cluster.producer("worker").await;
    let (line, checkpoint) = (proxy.clone(), last(&store, 1));
    let cut = move |tails: &Tails| {
        line.lose(Lose::Everything);
        checkpoint(tails)
    };
    let error = producer
        .commit(vec![record(&topic, "k", "1")], cut)
        .await
        .unwrap_err();
    println!("{:?}: {error}", error.kind());
    assert!(
        matches!(error.kind(), Kind::Fatal | Kind::Fenced),
        "{:?}: {error}",
        error.kind()
    );

    proxy.lose(Lose::Nothing);
    let mut next = cluster.producer("worker").await;
    assert_eq!(store.restore(&next, &key()).await.unwrap(), None);
    next.commit(vec![record(&topic, "k", "2")], last(&store, 1))
        .await
        .unwrap();
    assert_eq!(values(&cluster.committed(&topic).await), ["2"]);
}
