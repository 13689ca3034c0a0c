use ::kafka::KafkaConfig;
use ::kafka::reply::HeaderForm;
use broker::{Broker, BrokerConfig};
use payload::Policy;
use uuid::Uuid;

use super::*;
use crate::backend::Backend;
use crate::backend::kafka::{Config, Form, Service};
use crate::control::State;
use crate::metrics::Metrics;
use crate::outcome::{self, Claim, Outcomes};
use crate::route::Table;

const PATIENCE: Duration = Duration::from_secs(30);

fn outcomes(kafka: &KafkaConfig) -> outcome::Config {
    outcome::Config {
        kafka: kafka.clone(),
        topic: "lot.requests.outcomes".to_owned(),
        keep: Duration::from_secs(3600),
        form: Form::of(HeaderForm::Figway),
        max_in_flight: 10,
    }
}

/// A gateway with a service that keeps outcomes.
fn gateway(kafka: &KafkaConfig) -> Snapshot {
    let config = Config {
        kafka: kafka.clone(),
        requests: "lot.requests".to_owned(),
        replies: "figway.replies".to_owned(),
        form: Form::of(HeaderForm::Figway),
        max_in_flight: 10,
        payload: Policy::plain(usize::MAX),
        outcomes: Some(outcomes(kafka)),
    };
    let service = Service::open(config, &Metrics::new()).unwrap();
    let table = Arc::new(Table::new(Vec::new(), Vec::new()));
    let backends = Arc::from([Arc::new(Backend::Kafka(service))]);
    Snapshot::new(table, backends, Arc::new(State::default()))
}

async fn until(snapshot: &Snapshot, so: impl Fn(&str) -> bool) {
    let waiting = async {
        while !so(promised("lots", snapshot).unwrap_or_default()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_does_not_go_back_where_outcomes_are_not_known() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let kafka = KafkaConfig::at(broker.bootstrap());
    let one = gateway(&kafka);
    // It has read nothing yet.
    let why = promised("lots", &one).unwrap();
    assert!(why.contains("is not known now"), "{why}");
    until(&one, str::is_empty).await;
    let other = Outcomes::open(outcomes(&kafka)).unwrap();
    let claim = Claim {
        by: Uuid::new_v4(),
        route: "later".to_owned(),
        at_ms: now_ms(),
        deadline_ms: now_ms() + 3_600_000,
        keep_until_ms: now_ms() + 3_600_000,
        secret: 7,
        fingerprint: None,
        owner: None,
        callback: None,
        group: Some("lots".to_owned()),
        request: None,
        later: true,
    };
    let deadline = Instant::now() + PATIENCE;
    let claimed = other.claim(Uuid::new_v4(), claim, deadline).await;
    until(&one, |why| why.contains("still under way")).await;
    assert_eq!(promised("other", &one), None);
    drop(claimed);
    until(&one, str::is_empty).await;
}
