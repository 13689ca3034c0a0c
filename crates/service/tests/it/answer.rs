//! One service and what becomes of requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use broker::{Broker, BrokerConfig, Storage};
use bytes::Bytes;
use kafka::Outgoing;
use service::{Count, ErrorKind, HandlerError, Reply, Request};

use super::rig::{Ask, EVENTS, Got, PATIENCE, Rig, in_ms, text};

/// Says what it was asked, with an event of the same.
pub(crate) async fn echo(request: Request) -> Result<Reply, HandlerError> {
    let event = Outgoing::new(EVENTS, request.key, Some(request.body.clone()));
    Ok(Reply::json(200, request.body).event(event))
}

fn got(status: &str, body: &str) -> Got {
    Got {
        status: status.to_owned(),
        body: body.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_gets_its_reply_and_its_event_once_however_often_it_is_sent() {
    let mut rig = Rig::start().await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let serving = rig.serve(move |request| {
        counted.fetch_add(1, Ordering::Relaxed);
        echo(request)
    });
    assert_eq!(rig.ask(&Ask::new(1, "one")).await, got("200", "one"));
    assert_eq!(rig.ask(&Ask::new(2, "two")).await, got("200", "two"));
    let again = Ask::new(1, "one, again").correlated("second");
    assert_eq!(rig.ask(&again).await, got("200", "one"));
    serving.stop().await;

    // Another instance of the same name knows what the first has answered.
    let counted = Arc::clone(&calls);
    let serving = rig.serve(move |request| {
        counted.fetch_add(1, Ordering::Relaxed);
        echo(request)
    });
    let again = Ask::new(2, "two, again").correlated("third");
    assert_eq!(rig.ask(&again).await, got("200", "two"));
    let counts = serving.counts.clone();
    serving.stop().await;
    assert_eq!(counts.get(Count::Duplicate), 1);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    let mut events = rig.values(EVENTS).await;
    events.sort_unstable();
    assert_eq!(events, ["one", "two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_request_is_dropped_and_a_shadow_leaves_no_event() {
    let mut rig = Rig::start().await;
    let serving = rig.serve(echo);
    let late = Ask::new(7, "late").with("figway-deadline", in_ms(-1));
    rig.send(&late).await;
    let shadow = Ask::new(14, "shadow").with("figway-shadow", "true");
    assert_eq!(rig.ask(&shadow).await, got("200", "shadow"));
    // The same request, meant: the shadow did not stand for it.
    let meant = Ask::new(14, "meant").correlated("meant");
    assert_eq!(rig.ask(&meant).await, got("200", "meant"));
    // Same key, same partition: the late one was before these.
    assert!(!rig.got.contains_key(&late.correlation));
    let counts = serving.counts.clone();
    serving.stop().await;
    assert_eq!(counts.get(Count::Expired), 1);
    assert_eq!(counts.get(Count::Shadow), 1);
    assert_eq!(rig.values(EVENTS).await, ["meant"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_becomes_a_dead_letter_and_its_client_an_error() {
    let mut rig = Rig::start().await;
    let serving = rig.serve(|request: Request| async move {
        if request.body == "bad" {
            return Err(HandlerError::reject("no such lot"));
        }
        echo(request).await
    });
    let rejected = rig.ask(&Ask::new(1, "bad")).await;
    assert_eq!(
        rejected,
        got(
            "422",
            r#"{"type":"about:blank","status":422,"detail":"no such lot"}"#
        )
    );
    let undecodable = Ask::new(1, "x")
        .correlated("u")
        .with("figway-deadline", "soon");
    assert_eq!(rig.ask(&undecodable).await.status, "400");
    // Nobody can be told of these.
    let nowhere = Ask::new(15, "x").with("figway-reply-topic", "no.such.topic");
    rig.send(&nowhere).await;
    let beyond =
        Ask::new(22, "x").with("figway-reply-partition", Bytes::from_static(&[0, 0, 0, 9]));
    rig.send(&beyond).await;
    assert_eq!(rig.ask(&Ask::new(29, "good")).await, got("200", "good"));
    serving.stop().await;

    let dead = rig.committed("lot.requests.dlq").await;
    let mut kinds: Vec<_> = dead
        .iter()
        .map(|record| text(record.header("figway-dlq-kind").unwrap()))
        .collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [
            "no-reply-topic",
            "no-reply-topic",
            "rejected",
            "undecodable"
        ]
    );
    let rejected = dead
        .iter()
        .find(|record| record.header("figway-dlq-kind") == Some(b"rejected"));
    let rejected = rejected.unwrap();
    assert_eq!(rejected.value.as_deref(), Some(&b"bad"[..]));
    assert_eq!(
        rejected.header("figway-dlq-topic"),
        Some(&b"lot.requests"[..])
    );
    assert_eq!(
        rejected.header("figway-dlq-reason"),
        Some(&b"no such lot"[..])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_when_it_is_written_spoils_nothing_else() {
    let mut rig = Rig::start().await;
    let serving = rig.serve(|request: Request| async move {
        let reply = echo(request.clone()).await?;
        Ok(match &request.body[..] {
            b"huge" => reply.event(Outgoing::new(EVENTS, None, Some(vec![0; 17 << 20].into()))),
            _ => reply,
        })
    });
    rig.send(&Ask::new(1, "before")).await;
    let huge = Ask::new(8, "huge");
    rig.send(&huge).await;
    rig.send(&Ask::new(15, "after")).await;
    assert_eq!(rig.reply(b"c1").await, got("200", "before"));
    assert_eq!(rig.reply(b"c8").await.status, "500");
    assert_eq!(rig.reply(b"c15").await, got("200", "after"));
    serving.stop().await;
    let mut events = rig.values(EVENTS).await;
    events.sort_unstable();
    assert_eq!(events, ["after", "before"]);
    assert_eq!(rig.values("lot.requests.dlq").await, ["huge"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_may_ask_for_another_try_and_the_order_of_its_partition_stays() {
    let mut rig = Rig::start().await;
    let tries = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&tries);
    let serving = rig.serve(move |request: Request| {
        let counted = Arc::clone(&counted);
        async move {
            if request.body == "later" && counted.fetch_add(1, Ordering::Relaxed) < 3 {
                return Err(HandlerError::retry(Duration::from_millis(1), "not yet"));
            }
            echo(request).await
        }
    });
    rig.send(&Ask::new(1, "later")).await;
    rig.send(&Ask::new(8, "behind")).await;
    assert_eq!(rig.reply(b"c8").await, got("200", "behind"));
    assert_eq!(rig.got.get(&b"c1"[..]).unwrap().len(), 1);
    assert_eq!(serving.counts.get(Count::Retried), 3);
    serving.stop().await;
    assert_eq!(rig.values(EVENTS).await, ["later", "behind"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_of_the_same_name_takes_over_and_the_first_ends() {
    let mut rig = Rig::start().await;
    let first = rig.serve(echo);
    rig.ask(&Ask::new(1, "one")).await;
    let second = rig.serve(echo);
    let ended = tokio::time::timeout(PATIENCE, first.task).await;
    let error = ended.expect("the first ends").unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fenced, "{error}");
    assert_eq!(rig.ask(&Ask::new(2, "two")).await, got("200", "two"));
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_away_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = BrokerConfig {
        storage: Storage::Directory(directory.path().to_owned()),
        ..BrokerConfig::default()
    };
    let mut rig = Rig::on(settings.clone()).await;
    let broker = rig.broker.take().unwrap();
    settings.listen = broker.address();
    let serving = rig.serve(echo);
    rig.ask(&Ask::new(1, "one")).await;
    broker.shutdown().await.unwrap();
    rig.broker = Some(Broker::start(settings).unwrap());
    assert_eq!(rig.ask(&Ask::new(2, "two")).await, got("200", "two"));
    let again = Ask::new(1, "again").correlated("again");
    assert_eq!(rig.ask(&again).await, got("200", "one"));
    serving.stop().await;
    assert_eq!(rig.values(EVENTS).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_at_once_share_transactions() {
    let mut rig = Rig::start().await;
    let serving = rig.serve(echo);
    rig.ask(&Ask::new(1, "warm")).await;
    let begun = Instant::now();
    let sending = (2..2_002).map(|id| {
        let ask = Ask::new(id, "x");
        let rig = &rig;
        async move { rig.send(&ask).await }
    });
    futures_util::future::join_all(sending).await;
    rig.until(|rig| rig.got.len() == 2_001).await;
    let took = begun.elapsed();
    println!("2000 requests at once: {took:?}");
    let counts = serving.counts.clone();
    serving.stop().await;
    assert_eq!(counts.get(Count::Answered), 2_001);
    assert_eq!(rig.values(EVENTS).await.len(), 2_001);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_trip_takes_milliseconds() {
    let mut rig = Rig::start().await;
    let serving = rig.serve(echo);
    rig.ask(&Ask::new(1, "warm")).await;
    let mut times = Vec::new();
    for id in 2..102 {
        let ask = Ask::new(id, "x");
        let begun = Instant::now();
        rig.ask(&ask).await;
        times.push(begun.elapsed());
    }
    serving.stop().await;
    times.sort_unstable();
    println!(
        "round trip: median {:?}, p90 {:?}, max {:?}",
        times[50], times[90], times[99]
    );
    // Far above what it takes on an idle machine, far below any timer in the path.
    assert!(times[50] < Duration::from_millis(40), "{:?}", times[50]);
}
