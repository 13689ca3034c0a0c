//! Requests that wait in topics of retries, on a broker.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kafka::Outgoing;
use service::{Count, HandlerError, Order, Reply, Request, Retries, ServiceConfig};

use super::rig::{Ask, EVENTS, PATIENCE, Rig, Serving, text};

/// How often each body was tried.
type Tries = Arc<Mutex<HashMap<Vec<u8>, u32>>>;

/// Answers what begins with `later` when it has been tried so often, everything else at once.
fn slow_to_answer(
    tries: &Tries,
    failures: u32,
) -> impl Fn(Request) -> std::future::Ready<Result<Reply, HandlerError>> + use<> {
    let tries = Arc::clone(tries);
    move |request| {
        let mut tries = tries.lock().unwrap();
        let tried = tries.entry(request.body.to_vec()).or_default();
        *tried += 1;
        if request.body.starts_with(b"later") && *tried <= failures {
            return std::future::ready(Err(HandlerError::retry(Duration::ZERO, "not yet")));
        }
        let event = Outgoing::new(EVENTS, request.key, Some(request.body.clone()));
        std::future::ready(Ok(Reply::json(200, request.body).event(event)))
    }
}

fn parked(rig: &Rig, delays: &[u64]) -> ServiceConfig {
    let mut config = rig.service_config();
    config.order = Order::Key { at_once: 4 };
    config.retries = Retries::Topics {
        delays: delays.iter().copied().map(Duration::from_millis).collect(),
        most: 1_000,
    };
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn parked_requests_hold_up_nobody_but_their_key_and_are_done_once() {
    let mut rig = Rig::start().await;
    let mut config = parked(&rig, &[3_000, 10]);
    // More are parked than are read at a time.
    config.batch = 4;
    let tries = Tries::default();
    let serving = Serving::start(config, slow_to_answer(&tries, 2));
    for id in 0..20 {
        rig.send(&Ask::new(7 * id + 1, &format!("later {id}")))
            .await;
    }
    rig.send(&Ask::new(1, "later 0").correlated("again")).await;
    rig.send(&Ask::new(2, "other")).await;
    assert_eq!(rig.reply(b"c2").await.body, "other");
    assert!(!rig.got.contains_key(&b"c1"[..]), "it is parked");
    rig.until(|rig| rig.got.len() == 22).await;
    assert_eq!(rig.reply(b"again").await.body, "later 0");
    let counts = serving.counts.clone();
    serving.stop().await;
    assert_eq!(counts.get(Count::Duplicate), 1);
    let mut events = rig.values(EVENTS).await;
    events.retain(|event| event != "other");
    let wanted: Vec<_> = (0..20).map(|id| format!("later {id}")).collect();
    assert_eq!(events, wanted);
    let retried = rig.committed("lot.requests.retry.1").await;
    let record = retried.first().unwrap();
    assert_eq!(
        record.header("retry_topic-attempts"),
        Some(&[0, 0, 0, 2][..])
    );
    assert_eq!(record.header("figway-retry-reason"), Some(&b"not yet"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_survives_a_kill_and_keeps_its_place() {
    let mut rig = Rig::start().await;
    let tries = Tries::default();
    let serving = Serving::start(parked(&rig, &[300]), slow_to_answer(&tries, 1));
    rig.send(&Ask::new(1, "later")).await;
    let count = async {
        while serving.counts.get(Count::Parked) < 1 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, count).await.expect("parked");
    serving.kill().await;
    // It comes behind what the killed one parked, and what is sent again is not done again.
    rig.send(&Ask::new(8, "behind")).await;
    rig.send(&Ask::new(1, "later").correlated("again")).await;
    let serving = Serving::start(parked(&rig, &[300]), slow_to_answer(&tries, 1));
    rig.until(|rig| rig.got.len() == 3).await;
    serving.stop().await;
    assert_eq!(rig.values(EVENTS).await, ["later", "behind"]);
    assert_eq!(rig.reply(b"again").await.body, "later");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_succeeds_is_a_dead_letter_after_the_last_topic() {
    let mut rig = Rig::start().await;
    let tries = Tries::default();
    let serving = Serving::start(parked(&rig, &[10, 10]), slow_to_answer(&tries, 100));
    assert_eq!(rig.ask(&Ask::new(1, "later")).await.status, "503");
    serving.stop().await;
    assert_eq!(tries.lock().unwrap()[&b"later"[..]], 3);
    let dead = rig.committed("lot.requests.dlq").await;
    assert_eq!(text(dead[0].header("figway-dlq-kind").unwrap()), "retried");
}
