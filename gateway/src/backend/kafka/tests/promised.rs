//! Requests whose outcomes are kept.

use std::collections::BTreeMap;

use kafka::Incoming;

use super::*;
use crate::outcome::{Claim, Known, Promise, Verdict, now_ms};
use crate::route::Later;

const HOUR: Duration = Duration::from_secs(3600);
const OUTCOMES: &str = "lot.requests.outcomes";

fn outcomes(kafka: &KafkaConfig) -> outcome::Config {
    outcome::Config {
        kafka: kafka.clone(),
        topic: OUTCOMES.to_owned(),
        keep: HOUR,
        form: Form::of(name::HeaderForm::Figway),
        max_in_flight: 10,
    }
}

/// Kafka, and a gateway's service that keeps outcomes.
async fn keeping() -> (Broker, KafkaConfig, Service) {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let kafka = KafkaConfig::at(broker.bootstrap());
    let requests = TopicSpec::new("lot.requests", Some(3));
    Topics::new(&kafka).ensure(&[requests]).await.unwrap();
    let config = Config {
        outcomes: Some(outcomes(&kafka)),
        ..config(&kafka, 10)
    };
    let service = Service::open(config, &Metrics::new()).unwrap();
    let ready = tokio::time::timeout(PATIENCE, service.available());
    ready.await.unwrap();
    (broker, kafka, service)
}

fn claim(by: Uuid) -> Claim {
    let in_an_hour = now_ms() + 3_600_000;
    Claim {
        by,
        route: "lot-posting".to_owned(),
        at_ms: now_ms(),
        deadline_ms: in_an_hour,
        keep_until_ms: in_an_hour,
        secret: 7,
        fingerprint: Some(1),
        owner: None,
        callback: None,
        group: None,
        request: None,
        later: true,
    }
}

/// A request that is executed once for its key, and whose client is answered later.
fn once(id: Uuid) -> Box<Ask> {
    let later = Later {
        status: "/figway/outcomes".into(),
        within: HOUR,
        keep: HOUR,
        retry_after: Duration::from_secs(1),
        callback: None,
    };
    let promise = Promise {
        id,
        fingerprint: Some(1),
        owner: None,
        keep: HOUR,
        callback: None,
        group: None,
    };
    Box::new(Ask {
        delivery: Delivery::Async(Arc::new(later)),
        promise: Some(Box::new(promise)),
        ..*ask("hello", PATIENCE)
    })
}

async fn read(kafka: &KafkaConfig, topic: &str) -> Vec<Incoming> {
    let reader = Reader::new(kafka);
    reader.read(topic, Isolation::Committed).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_told_202_only_of_a_request_that_is_on_kafka() {
    let (_broker, kafka, service) = keeping().await;
    let id = Uuid::from_u128(0x1234_5678_9abc_def0);
    // A gateway that is killed between its claim and its request.
    let dies = Outcomes::open(outcomes(&kafka)).unwrap();
    let deadline = Instant::now() + PATIENCE;
    let claimed = dies.claim(id, claim(Uuid::new_v4()), deadline).await;
    let (Verdict::Go { .. }, mut held) = claimed.unwrap() else {
        panic!("it is the first");
    };
    held.sent();
    // The client, who heard nothing, sends it again, and once more.
    for _ in 0..2 {
        let told = service.call(once(id)).await.unwrap();
        assert_eq!(told.parts.status, 202);
        let place = told.parts.headers[::http::header::LOCATION].as_bytes();
        assert!(place.ends_with(b"0000000000000007"), "{place:?}");
    }
    let requests = read(&kafka, "lot.requests").await;
    assert_eq!(requests.len(), 2);
    for request in requests {
        let sent = request.header(name::REQUEST_ID).unwrap();
        assert_eq!(Uuid::try_parse_ascii(sent).unwrap(), id);
        assert_eq!(request.header(name::FINGERPRINT).unwrap().last(), Some(&1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_request_was_not_sent_is_given_back() {
    let (_broker, kafka, service) = keeping().await;
    let id = Uuid::from_u128(5);
    let outcomes = service.outcomes().unwrap();
    let deadline = Instant::now() + PATIENCE;
    let claimed = outcomes.claim(id, claim(Uuid::new_v4()), deadline).await;
    assert!(
        matches!(&claimed, Ok((Verdict::Go { .. }, _))),
        "{claimed:?}"
    );
    drop(claimed);
    until(|| outcomes.known(id) == Known::Nothing).await;
    assert_eq!(read(&kafka, "lot.requests").await.len(), 0);
}

/// A gateway that has forgotten what a key was used for, as after a million others, learns it from the service.
#[tokio::test(flavor = "multi_thread")]
async fn another_request_under_a_key_that_the_service_knows_is_refused_and_claims_nothing() {
    let (_broker, kafka, service) = keeping().await;
    let shutdown = Arc::new(Shutdown::new());
    let lots = ServiceConfig::new(kafka.clone(), "lot.requests", "lots");
    let lots = service::Service::new(lots, async |_: service::Request| {
        Ok::<_, HandlerError>(Answer::new(201, "text/plain", "done"))
    });
    let ending = Arc::clone(&shutdown);
    let running = tokio::spawn(async move { lots.run(&ending).await });
    let elsewhere = Config {
        outcomes: Some(outcome::Config {
            topic: "lot.requests.outcomes.2".to_owned(),
            ..outcomes(&kafka)
        }),
        ..config(&kafka, 10)
    };
    let forgot = Service::open(elsewhere, &Metrics::new()).unwrap();
    let ready = tokio::time::timeout(PATIENCE, forgot.available());
    ready.await.unwrap();
    let id = Uuid::from_u128(6);
    let asked = |fingerprint| {
        let mut ask = once(id);
        ask.delivery = Delivery::Reply;
        ask.promise.as_mut().unwrap().fingerprint = Some(fingerprint);
        ask
    };
    assert_eq!(service.call(asked(1)).await.unwrap().parts.status, 201);
    let refused = forgot.call(asked(2)).await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.sent()),
        (Kind::OtherRequest, Sent::No)
    );
    let kept = forgot.outcomes().unwrap();
    assert_eq!(kept.known(id), Known::Nothing);
    // The first one's retry finds its key free there, and its answer with the service.
    assert_eq!(forgot.call(asked(1)).await.unwrap().parts.status, 201);
    assert!(matches!(kept.known(id), Known::Done(..)));
    shutdown.begin();
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_leaves_its_key_free_or_its_request_on_kafka() {
    let (_broker, kafka, service) = keeping().await;
    for nth in 0..100 {
        let patience = Duration::from_micros(200 + nth * 150);
        let asking = service.call(once(Uuid::new_v4()));
        drop(tokio::time::timeout(patience, asking).await);
    }
    let mut stuck = BTreeMap::new();
    let waited = async {
        loop {
            stuck.clear();
            for record in read(&kafka, OUTCOMES).await {
                let id = Uuid::from_slice(record.key.as_deref().unwrap()).unwrap();
                let word = record.header(name::OUTCOME).unwrap().to_vec();
                match &word[..] {
                    b"accepted" => drop(stuck.insert(id, record.offset)),
                    b"released" => drop(stuck.remove(&id)),
                    _ => {}
                }
            }
            for record in read(&kafka, "lot.requests").await {
                let id = record.header(name::REQUEST_ID).unwrap();
                stuck.remove(&Uuid::try_parse_ascii(id).unwrap());
            }
            if stuck.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), waited).await;
    assert!(waited.is_ok(), "claimed and never sent");
}
