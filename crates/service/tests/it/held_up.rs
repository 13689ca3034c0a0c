//! What one slow request may do to others: nothing to those of other partitions, and nothing late.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use kafka::Outgoing;
use service::{Count, HandlerError, Order, Reply, Request};

use super::rig::{Ask, EVENTS, Rig, Serving, in_ms};

type Places = Arc<Mutex<BTreeMap<String, i32>>>;

fn handler(
    places: &Places,
) -> impl Fn(Request) -> BoxFuture<'static, Result<Reply, HandlerError>> + use<> {
    let places = Arc::clone(places);
    move |request: Request| {
        let places = Arc::clone(&places);
        Box::pin(async move {
            let key = String::from_utf8(request.key.clone().unwrap().to_vec()).unwrap();
            places.lock().unwrap().insert(key, request.partition);
            match &request.body[..] {
                b"slow" => tokio::time::sleep(Duration::from_secs(4)).await,
                b"retry" => {
                    return Err(HandlerError::retry(Duration::from_millis(100), "not yet"));
                }
                _ => {}
            }
            let event = Outgoing::new(EVENTS, request.key, Some(request.body.clone()));
            Ok(Reply::json(200, request.body).event(event))
        })
    }
}

/// Keys of two partitions.
async fn two(rig: &mut Rig, places: &Places) -> (String, String) {
    for id in 0..7 {
        rig.ask(&Ask::new(id, "warm")).await;
    }
    let places = places.lock().unwrap().clone();
    let (one, at) = places.first_key_value().unwrap();
    let other = places.iter().find(|(_, place)| *place != at).unwrap();
    (one.clone(), other.0.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_in_time_is_not_written_late_behind_another_partition() {
    let mut rig = Rig::start().await;
    let places = Places::default();
    let serving = rig.serve(handler(&places));
    let (one, other) = two(&mut rig, &places).await;
    let mut slow = Ask::new(101, "slow");
    slow.key.clone_from(&one);
    let mut fast = Ask::new(102, "fast").with("figway-deadline", in_ms(3_000));
    fast.key = other;
    // Of the slow one's partition, and before it.
    let mut first = Ask::new(103, "first").with("figway-deadline", in_ms(3_000));
    first.key = one;
    let begun = Instant::now();
    for ask in [&first, &slow, &fast] {
        rig.send(ask).await;
    }
    rig.until(|rig| rig.got.contains_key(&b"c102"[..]) && rig.got.contains_key(&b"c103"[..]))
        .await;
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    assert!(!rig.got.contains_key(&b"c101"[..]));
    assert_eq!(rig.reply(b"c101").await.body, "slow");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_committed_after_its_deadline() {
    let mut rig = Rig::start().await;
    let mut config = rig.service_config();
    config.order = Order::Key { at_once: 8 };
    let places = Places::default();
    let serving = Serving::start(config, handler(&places));
    let (one, _) = two(&mut rig, &places).await;
    // Done at once behind one of its partition that takes longer than it may wait.
    let mut slow = Ask::new(101, "slow");
    slow.key = one;
    let mut fast = Ask::new(102, "fast").with("figway-deadline", in_ms(1_500));
    let place = places.lock().unwrap()[&slow.key];
    // Another key of the same partition.
    let mut id = 200;
    fast.key = loop {
        let mut ask = Ask::new(id, "warm");
        ask.key = format!("other{id}");
        rig.ask(&ask).await;
        if places.lock().unwrap()[&ask.key] == place {
            break ask.key;
        }
        id += 1;
    };
    fast = fast.with("figway-deadline", in_ms(1_500));
    rig.send(&slow).await;
    rig.send(&fast).await;
    assert_eq!(rig.reply(b"c101").await.body, "slow");
    let last = Ask::new(104, "last");
    rig.ask(&last).await;
    while serving.counts.get(Count::Expired) < 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    serving.stop().await;
    let events = rig.values(EVENTS).await;
    assert!(!events.contains(&"fast".to_owned()), "{events:?}");
    assert!(!rig.got.contains_key(&b"c102"[..]));
    let slow = events.iter().filter(|event| *event == "slow");
    assert_eq!(slow.count(), 1, "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_tried_again_holds_up_only_what_is_behind_it() {
    let mut rig = Rig::start().await;
    let places = Places::default();
    let mut config = rig.service_config();
    config.retry_for = Duration::from_secs(12);
    let serving = Serving::start(config, handler(&places));
    let (one, other) = two(&mut rig, &places).await;
    let mut again = Ask::new(100, "retry");
    again.key.clone_from(&one);
    rig.send(&again).await;
    for id in 200..600 {
        let mut behind = Ask::new(id, "behind");
        behind.key.clone_from(&one);
        rig.send(&behind).await;
    }
    let mut ask = Ask::new(101, "other");
    ask.key = other;
    let begun = Instant::now();
    rig.ask(&ask).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(!rig.got.contains_key(&b"c100"[..]));
    // And nothing of what had to wait is lost.
    rig.until(|rig| (200..600).all(|id| rig.got.contains_key(format!("c{id}").as_bytes())))
        .await;
    serving.stop().await;
}
