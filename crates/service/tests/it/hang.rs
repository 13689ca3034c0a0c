//! Handlers that never answer, and replies that are to go where they must not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka::{TopicSpec, Topics};
use service::{Count, HandlerError, Reply, Request};
use tokio::sync::Notify;

use super::rig::{Ask, PATIENCE, Rig, Serving, in_ms, text};

/// Says what it was asked; of `hang` nothing, ever.
async fn moody(request: Request) -> Result<Reply, HandlerError> {
    if request.body == "hang" {
        std::future::pending::<()>().await;
    }
    Ok(Reply::json(200, request.body))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_hangs_holds_up_nobody_past_its_deadline() {
    let mut rig = Rig::start().await;
    let serving = rig.serve(moody);
    assert_eq!(rig.ask(&Ask::new(2, "warm")).await.body, "warm");
    // Behind it, of its partition and of all others.
    let hang = Ask::new(1, "hang").with("figway-deadline", in_ms(2_000));
    let begun = Instant::now();
    rig.send(&hang).await;
    for id in 3..17 {
        rig.send(&Ask::new(id, "other")).await;
    }
    // Of another key than it, most of other partitions.
    rig.until(|rig| rig.got.len() >= 5).await;
    assert!(begun.elapsed() < Duration::from_millis(2_000));
    rig.until(|rig| rig.got.len() == 15).await;
    // A handler may take 30 s where there is no deadline.
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    assert!(!rig.got.contains_key(&hang.correlation));
    assert_eq!(serving.counts.get(Count::Expired), 1);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_hangs_is_given_up_also_where_the_deadline_is_none_or_far() {
    let mut rig = Rig::start().await;
    let mut config = rig.service_config();
    config.handle_for = Duration::from_millis(100);
    let serving = Serving::start(config, moody);
    let far = Ask::new(8, "hang").with("figway-deadline", in_ms(86_400_000));
    for ask in [&Ask::new(1, "hang"), &far] {
        assert_eq!(rig.ask(ask).await.status, "504");
    }
    assert_eq!(rig.ask(&Ask::new(15, "behind")).await.body, "behind");
    serving.stop().await;
    let dead = rig.committed("lot.requests.dlq").await;
    let kinds: Vec<_> = dead
        .iter()
        .map(|record| text(record.header("figway-dlq-kind").unwrap()))
        .collect();
    assert_eq!(kinds, ["timeout", "timeout"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_hangs_does_not_keep_the_service_from_ending() {
    let mut rig = Rig::start().await;
    let begun = Arc::new(Notify::new());
    let begins = Arc::clone(&begun);
    let serving = rig.serve(move |request| {
        begins.notify_one();
        moody(request)
    });
    rig.send(&Ask::new(1, "hang")).await;
    let ended = async {
        begun.notified().await;
        serving.stop().await;
    };
    // Less than a handler may take.
    tokio::time::timeout(Duration::from_secs(20), ended)
        .await
        .expect("the service ends");
    // Nothing of it was written: the next instance handles it.
    let serving = rig.serve(async |_: Request| Ok::<_, HandlerError>(Reply::json(200, "done")));
    assert_eq!(rig.reply(b"c1").await.body, "done");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reply_goes_to_a_topic_of_our_own() {
    let rig = Rig::start().await;
    let ours = [
        "figway.control",
        "figway.checkpoints",
        "figway.writes",
        "other.seen",
        "other.retry.2",
    ];
    let specs = ours.map(|name| TopicSpec::new(name, Some(1)));
    Topics::new(&rig.config).ensure(&specs).await.unwrap();
    let serving = rig.serve(moody);
    let own = ["lot.requests", "lot.requests.seen", "lot.requests.dlq"];
    for (id, topic) in (1..).zip(ours.into_iter().chain(own)) {
        let ask = Ask::new(id, "x").with("figway-reply-topic", topic);
        rig.send(&ask).await;
    }
    let done = async {
        while serving.counts.get(Count::DeadLetter) < 8 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, done)
        .await
        .expect("dead letters");
    serving.stop().await;
    for topic in ours {
        assert!(rig.committed(topic).await.is_empty(), "{topic}");
    }
    assert!(rig.committed("lot.requests.seen").await.is_empty());
    assert_eq!(rig.committed("lot.requests").await.len(), 8);
    let dead = rig.committed("lot.requests.dlq").await;
    assert!(
        dead.iter()
            .all(|record| { record.header("figway-dlq-kind") == Some(b"reply-topic-refused") })
    );
    assert_eq!(dead.len(), 8);
}
