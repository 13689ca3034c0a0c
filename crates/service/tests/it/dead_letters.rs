//! Dead letters that are sent again, once what was wrong is mended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kafka::{Incoming, Outgoing};
use service::{Handler, HandlerError, Reply, Request, Retries};

use super::rig::{Ask, EVENTS, Rig, Serving};

/// As it came, with all its headers: a tool does not know which are whose.
fn again(dead: Incoming) -> Outgoing {
    let mut again = Outgoing::new(
        "lot.requests",
        dead.key.map(Into::into),
        dead.value.map(Into::into),
    );
    let headers = dead.headers.into_iter();
    again.headers = headers.map(|(name, value)| (name, value.into())).collect();
    again
}

/// Wants to be asked again, or does not answer at all, until the mend.
fn broken(mended: &Arc<AtomicBool>) -> impl Handler + use<> {
    let mended = Arc::clone(mended);
    move |request: Request| {
        let mended = mended.load(Ordering::SeqCst);
        async move {
            match (&request.body[..], mended) {
                (_, true) => {}
                (b"hang", false) => std::future::pending().await,
                (_, false) => {
                    return Err(HandlerError::retry(
                        Duration::from_millis(50),
                        "database away",
                    ));
                }
            }
            let event = Outgoing::new(EVENTS, request.key, Some(request.body.clone()));
            Ok(Reply::json(200, request.body).event(event))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_is_sent_again_is_done() {
    let mut rig = Rig::start().await;
    let mut config = rig.service_config();
    config.retry_for = Duration::from_millis(200);
    config.handle_for = Duration::from_millis(200);
    let mended = Arc::new(AtomicBool::new(false));
    let serving = Serving::start(config, broken(&mended));
    let first = rig.ask(&Ask::new(1, "order")).await;
    let second = rig.ask(&Ask::new(2, "hang")).await;
    assert_eq!((&*first.status, &*second.status), ("503", "504"));
    mended.store(true, Ordering::SeqCst);
    for dead in rig.committed("lot.requests.dlq").await {
        rig.producer.send(again(dead)).await.unwrap();
    }
    rig.until(|rig| rig.got[&b"c1"[..]].len() == 2 && rig.got[&b"c2"[..]].len() == 2)
        .await;
    serving.stop().await;
    let mut events = rig.values(EVENTS).await;
    events.sort();
    assert_eq!(events, ["hang", "order"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_is_sent_again_has_all_its_tries() {
    let mut rig = Rig::start().await;
    let mut config = rig.service_config();
    config.retries = Retries::Topics {
        delays: vec![Duration::from_millis(50), Duration::from_millis(50)],
        most: 100,
    };
    let mended = Arc::new(AtomicBool::new(false));
    let serving = Serving::start(config, broken(&mended));
    assert_eq!(rig.ask(&Ask::new(1, "order")).await.status, "503");
    let dead = rig.committed("lot.requests.dlq").await.pop().unwrap();
    rig.producer.send(again(dead)).await.unwrap();
    rig.until(|rig| rig.got[&b"c1"[..]].len() == 2).await;
    serving.stop().await;
    let parked = rig.committed("lot.requests.retry.1").await.len();
    assert_eq!(
        (parked, rig.committed("lot.requests.retry.2").await.len()),
        (2, 2)
    );
}
