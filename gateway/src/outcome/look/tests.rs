use std::time::Duration;

use broker::{Broker, BrokerConfig};
use bytes::Bytes;
use kafka::reply::{self as name, HeaderForm};
use kafka::{KafkaConfig, Outgoing, Producer};

use super::super::{Callback, Claim, Config, Verdict};
use super::*;
use crate::backend::kafka::Form;

const TOPIC: &str = "lot.requests.outcomes";
const PATIENCE: Duration = Duration::from_secs(30);

/// Of a request whose time was over twenty seconds ago.
fn late() -> Claim {
    Claim {
        by: Uuid::new_v4(),
        route: "later".to_owned(),
        at_ms: now_ms() - 31_000,
        deadline_ms: now_ms() - 30_000,
        keep_until_ms: now_ms() + 3_600_000,
        secret: 7,
        fingerprint: None,
        owner: None,
        callback: None,
        group: None,
        request: None,
        later: false,
    }
}

fn follow(broker: &Broker) -> Outcomes {
    let config = Config {
        kafka: KafkaConfig::at(broker.bootstrap()),
        topic: TOPIC.to_owned(),
        keep: Duration::from_secs(3600),
        form: Form::of(HeaderForm::Figway),
        max_in_flight: 10,
    };
    Outcomes::open(config).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_behind_does_not_say_that_a_request_failed() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let outcomes = follow(&broker);
    // Of two partitions.
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    for id in [one, other] {
        let claimed = outcomes.claim(id, late(), Instant::now() + PATIENCE).await;
        let (verdict, mut held) = claimed.unwrap();
        assert!(matches!(verdict, Verdict::Go { .. }), "{verdict:?}");
        held.sent();
    }
    let failed = outcomes.look_up(one).await;
    assert!(matches!(failed, Ok(Known::Failed(_))), "{failed:?}");
    drop(broker);
    // What was made sure of stays so; a reply to the other may stand where nobody can look now.
    let failed = outcomes.look_up(one).await;
    assert!(matches!(failed, Ok(Known::Failed(_))), "{failed:?}");
    assert_eq!(outcomes.look_up(other).await, Err(Unknown::Behind));
    assert_eq!(
        outcomes.look_up(Uuid::from_u128(3)).await,
        Err(Unknown::Behind)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_is_told_the_reply_that_came_while_nobody_knew_of_one() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let outcomes = follow(&broker);
    let id = Uuid::from_u128(1);
    let claim = Claim {
        callback: Some(Callback {
            backend: "partner".to_owned(),
            path: "/".to_owned(),
        }),
        ..late()
    };
    let claimed = outcomes.claim(id, claim, Instant::now() + PATIENCE).await;
    let (verdict, mut held) = claimed.unwrap();
    assert!(matches!(verdict, Verdict::Go { .. }), "{verdict:?}");
    held.sent();
    let mut to_call = Vec::new();
    outcomes.to_call(|id, whom| to_call.push((id, whom.backend.clone())));
    assert_eq!(to_call, [(id, "partner".to_owned())]);
    let mut reply = Outgoing::new(TOPIC, None, Some(Bytes::from_static(b"done")));
    reply.partition = outcomes.partition_of(id);
    let correlation = Bytes::copy_from_slice(id.as_bytes());
    reply.headers = vec![
        (name::CORRELATION_ID.to_owned(), correlation),
        (name::STATUS.to_owned(), Bytes::from_static(b"201")),
    ];
    let producer = Producer::open(&KafkaConfig::at(broker.bootstrap()), PATIENCE).unwrap();
    producer.send(reply).await.unwrap();
    let (entry, calling) = outcomes.lease(id, PATIENCE).await.unwrap();
    assert!(entry.done.is_some(), "{entry:?}");
    assert_eq!(calling.tries, 0);
    // Nobody of the fleet begins meanwhile.
    outcomes.to_call(|id, _| panic!("{id} is told already"));
    let other = follow(&broker);
    other.caught_up(Instant::now() + PATIENCE).await.unwrap();
    assert_eq!(other.lease(id, PATIENCE).await, None);
}
