//! Typed handlers on a broker.

use serde::{Deserialize, Serialize};
use service::{Answer, HandlerError, Json, Request, typed};

use super::rig::{Ask, Rig, text};

#[derive(Deserialize)]
struct Posting {
    quantity: u32,
}

#[derive(Serialize)]
struct Posted {
    left: u32,
}

async fn post(posting: Posting, _: Request) -> Result<Answer<Posted>, HandlerError> {
    let left = 100 - posting.quantity;
    Ok(Answer::ok(Posted { left }))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_decode_is_a_dead_letter_and_its_client_hears_why() {
    let mut rig = Rig::start().await;
    let serving = rig.serve(typed(Json::new(), Json::new(), post));
    let good = rig.ask(&Ask::new(1, r#"{"quantity":1}"#)).await;
    assert_eq!((&*good.status, &*good.body), ("200", r#"{"left":99}"#));
    let bad = rig.ask(&Ask::new(2, r#"{"quantity":"many"}"#)).await;
    assert_eq!(bad.status, "422");
    assert_eq!(
        bad.body,
        r#"{"type":"about:blank","status":422,"detail":"the JSON does not fit at line 1 column 18: wanted u32"}"#
    );
    let xml = Ask::new(3, "<quantity/>").with("content-type", "text/xml");
    assert_eq!(rig.ask(&xml).await.status, "415");
    serving.stop().await;
    let dead = rig.committed("lot.requests.dlq").await;
    let kinds: Vec<_> = dead
        .iter()
        .map(|record| text(record.header("figway-dlq-kind").unwrap()))
        .collect();
    assert_eq!(kinds, ["undecodable", "undecodable"]);
}
