//! Requests that nobody waits for.

use super::*;
use crate::error::BodyFault;

fn forgotten(body: &'static str) -> Box<Ask> {
    let mut ask = ask(body, PATIENCE);
    ask.delivery = Delivery::Forget(StatusCode::NO_CONTENT);
    ask
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_request_is_acknowledged_when_it_is_written() {
    let rig = rig(BrokerConfig::default(), 1).await;
    // Nobody serves, and more than may wait for replies.
    for _ in 0..3 {
        let response = rig.backend.call(forgotten("hello")).await.unwrap();
        assert_eq!(response.parts.status, 204);
        assert_eq!(text(response).await, "");
    }
    let requests = Reader::new(&rig.config)
        .read("lot.requests", Isolation::Committed)
        .await
        .unwrap();
    assert_eq!(requests.len(), 3);
    for request in &requests {
        // Nobody waits, so nothing says where a reply goes, nor until when.
        for name in [
            name::REPLY_TOPIC,
            name::REPLY_PARTITION,
            name::CORRELATION_ID,
            name::DEADLINE,
        ] {
            assert_eq!(request.header(name), None, "{name}");
        }
        assert!(request.header(name::REQUEST_ID).is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_written_is_no_timeout_and_nothing_was_sent() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let kafka = KafkaConfig::at(broker.bootstrap());
    let small = TopicSpec::new("lot.requests", Some(1)).with("max.message.bytes", "2000");
    Topics::new(&kafka).ensure(&[small]).await.unwrap();
    let mut config = config(&kafka, 10);
    config.kafka.max_message = 1 << 20;
    let backend = Service::open(config, &Metrics::new()).unwrap();
    until(|| backend.unavailable().is_none()).await;
    // Batches are compressed, and this hardly is.
    let ids: String = (0..400).map(|_| Uuid::new_v4().to_string()).collect();
    let large: &'static str = ids.leak();
    for ask in [ask(large, PATIENCE), forgotten(large)] {
        let error = backend.call(ask).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (Kind::TooLarge, Sent::No));
    }
    // Larger than any record of ours.
    let larger: &'static str = "x".repeat(2 << 20).leak();
    let error = backend.call(forgotten(larger)).await.unwrap_err();
    assert!(
        matches!(error.kind(), Kind::RequestBody(BodyFault::TooLarge { .. })),
        "{error}"
    );
    assert_eq!(backend.in_flight(), 0);
}
