use std::time::Duration;

use broker::{Broker, BrokerConfig};
use kafka::KafkaConfig;
use kafka::reply::HeaderForm;

use super::super::{Claim, Config, Verdict};
use super::*;
use crate::backend::kafka::Form;

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
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_behind_does_not_say_that_a_request_failed() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let outcomes = Outcomes::open(Config {
        kafka: KafkaConfig::at(broker.bootstrap()),
        topic: "lot.requests.outcomes".to_owned(),
        keep: Duration::from_secs(3600),
        form: Form::of(HeaderForm::Figway),
        max_in_flight: 10,
    })
    .unwrap();
    // Of two partitions.
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    for id in [one, other] {
        let claimed = outcomes.claim(id, late(), Instant::now() + PATIENCE).await;
        assert!(matches!(claimed, Ok(Verdict::Go { .. })), "{claimed:?}");
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
