mod answers;
mod forget;
mod large;
mod promised;
mod spring;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::http::{Method, Request};
use broker::{Broker, BrokerConfig, Storage};
use http_body_util::BodyExt;
use kafka::{Isolation, Reader, TopicSpec, Topics};
use ops::shutdown::Shutdown;
use service::{HandlerError, Reply as Answer, ServiceConfig};
use uuid::Uuid;

use super::*;
use crate::backend::Attempt;
use crate::message::Payload;
use crate::route::params::PathParams;

const PATIENCE: Duration = Duration::from_secs(30);

struct Rig {
    config: KafkaConfig,
    backend: Service,
    metrics: Metrics,
    shutdown: Arc<Shutdown>,
    broker: Broker,
}

fn config(kafka: &KafkaConfig, max_in_flight: usize) -> Config {
    Config {
        kafka: kafka.clone(),
        requests: "lot.requests".to_owned(),
        replies: "figway.replies".to_owned(),
        form: Form::of(name::HeaderForm::Figway),
        max_in_flight,
        payload: Policy::plain(usize::MAX),
        outcomes: None,
    }
}

async fn rig(settings: BrokerConfig, max_in_flight: usize) -> Rig {
    let broker = Broker::start(settings).unwrap();
    let kafka = KafkaConfig::at(broker.bootstrap());
    let requests = TopicSpec::new("lot.requests", Some(3));
    Topics::new(&kafka).ensure(&[requests]).await.unwrap();
    let metrics = Metrics::new();
    let backend = Service::open(config(&kafka, max_in_flight), &metrics).unwrap();
    let rig = Rig {
        config: kafka,
        backend,
        metrics,
        shutdown: Arc::new(Shutdown::new()),
        broker,
    };
    rig.ready().await;
    rig
}

impl Rig {
    /// Until the backend would take a request.
    async fn ready(&self) {
        until(|| self.backend.unavailable().is_none()).await;
    }

    /// A service that says what it was asked, and of a body `slow` nothing at all.
    fn serve(&self) {
        let config = ServiceConfig::new(self.config.clone(), "lot.requests", "lots");
        let answer = async |request: service::Request| {
            if request.body == "slow" {
                std::future::pending::<()>().await;
            }
            let body = format!(
                "{} {} {} {}",
                request.method.unwrap(),
                request.path.unwrap(),
                request.shadow,
                String::from_utf8_lossy(&request.body)
            );
            Ok::<_, HandlerError>(Answer::new(201, "text/plain", body))
        };
        let service = service::Service::new(config, answer);
        let shutdown = Arc::clone(&self.shutdown);
        tokio::spawn(async move { service.run(&shutdown).await });
    }
}

async fn until(holds: impl Fn() -> bool) {
    let waited = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited)
        .await
        .expect("it holds");
}

fn ask(body: &'static str, within: Duration) -> Box<Ask> {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/lots?x=1")
        .header("content-type", "application/json");
    let (parts, ()) = request.body(()).unwrap().into_parts();
    Box::new(Ask {
        parts,
        payload: Payload::bytes(body),
        id: Uuid::new_v4(),
        deadline: Instant::now() + within,
        effect: Effect::Write,
        shadow: false,
        route: "lot-posting".into(),
        params: PathParams::default(),
        key: Some(Bytes::from_static(b"L1")),
        delivery: Delivery::default(),
        attempt: Attempt::First,
        peer: None,
        client: None,
        spelling: h1::Spelling::default(),
        interim: crate::message::Interim::default(),
        back: None,
        promise: None,
    })
}

async fn text(response: Response) -> String {
    let body = response.payload.collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_to_its_topic_and_the_reply_comes_back() {
    let rig = rig(BrokerConfig::default(), 10).await;
    rig.serve();
    let clock = || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        (now.unwrap() + PATIENCE).as_millis()
    };
    let asked = clock();
    let response = crate::backend::call(&rig.backend, ask("hello", PATIENCE))
        .await
        .unwrap();
    let answered = clock();
    assert_eq!(response.parts.status, 201);
    assert_eq!(response.parts.headers["content-type"], "text/plain");
    assert_eq!(text(response).await, "POST /lots?x=1 false hello");
    let mut shadow = ask("hello", PATIENCE);
    shadow.shadow = true;
    let response = rig.backend.call(shadow).await.unwrap();
    assert_eq!(text(response).await, "POST /lots?x=1 true hello");
    assert_eq!(rig.backend.in_flight(), 0);

    let mut times = Vec::new();
    for _ in 0..50 {
        let begun = std::time::Instant::now();
        rig.backend.call(ask("again", PATIENCE)).await.unwrap();
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    eprintln!(
        "round trip through the backend: median {:?}, max {:?}",
        times[25], times[49]
    );

    let requests = Reader::new(&rig.config)
        .read("lot.requests", Isolation::Committed)
        .await
        .unwrap();
    // One key, one partition.
    assert!(
        requests
            .iter()
            .all(|record| record.partition == requests[0].partition)
    );
    assert_eq!(requests[0].key.as_deref(), Some(&b"L1"[..]));
    assert_eq!(requests[0].header("figway-effect"), Some(&b"write"[..]));
    // The ask's own, on everyone's clock.
    let deadline = requests[0].header("figway-deadline").unwrap();
    let deadline: u128 = str::from_utf8(deadline).unwrap().parse().unwrap();
    // Two clocks are read, one after the other.
    assert!((asked - 1_000..=answered + 1_000).contains(&deadline));
    assert_eq!(
        requests[0].header("figway-route"),
        Some(&b"lot-posting"[..])
    );
    rig.shutdown.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_answered_in_time_may_have_been_executed_and_its_reply_is_late() {
    let rig = rig(BrokerConfig::default(), 1).await;
    // Nobody serves yet.
    let waiting = crate::backend::call(&rig.backend, ask("hello", Duration::from_secs(2)));
    let second = async {
        until(|| rig.backend.in_flight() == 1).await;
        rig.backend.call(ask("hello", PATIENCE)).await.unwrap_err()
    };
    let (first, second) = tokio::join!(waiting, second);
    let first = first.unwrap_err();
    assert_eq!((first.kind(), first.sent()), (Kind::Timeout, Sent::Maybe));
    // One place only, and nothing was sent of this one.
    assert_eq!((second.kind(), second.sent()), (Kind::Overloaded, Sent::No));
    assert_eq!(rig.backend.in_flight(), 0);

    // A reply to someone who has given up.
    let (ticket, _) = rig.backend.desk.seat().unwrap().admit().unwrap();
    let id = ticket.id();
    let partition = ticket.partition();
    drop(ticket);
    let mut late = Outgoing::new("figway.replies", None, None);
    late.partition = Some(partition);
    late.headers = vec![(name::CORRELATION_ID.to_owned(), Bytes::copy_from_slice(&id))];
    rig.backend.producer.send(late).await.unwrap();
    until(|| rig.metrics.late_replies().get() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kafka_nothing_is_sent_and_its_return_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = BrokerConfig {
        storage: Storage::Directory(directory.path().to_owned()),
        ..BrokerConfig::default()
    };
    let Rig {
        broker,
        backend,
        config: kafka,
        ..
    } = rig(settings.clone(), 10).await;
    settings.listen = broker.address();
    broker.shutdown().await.unwrap();
    until(|| backend.unavailable() == Some(Closed::Away)).await;
    let begun = Instant::now();
    let error = backend.call(ask("hello", PATIENCE)).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (Kind::Unavailable, Sent::No));
    assert!(begun.elapsed() < Duration::from_secs(1));

    // One that starts without Kafka at all.
    let fresh = Service::open(config(&kafka, 10), &Metrics::new()).unwrap();
    let error = fresh.call(ask("hello", PATIENCE)).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (Kind::Unavailable, Sent::No));
    let _broker = Broker::start(settings).unwrap();
    until(|| fresh.unavailable().is_none() && backend.unavailable().is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_gateway_takes_half_the_partitions_and_both_get_their_replies() {
    let rig = rig(BrokerConfig::default(), 10).await;
    rig.serve();
    let second = Service::open(config(&rig.config, 10), &Metrics::new()).unwrap();
    until(|| second.unavailable().is_none()).await;
    for _ in 0..20 {
        let (one, two) = tokio::join!(
            rig.backend.call(ask("one", PATIENCE)),
            second.call(ask("two", PATIENCE))
        );
        assert_eq!(text(one.unwrap()).await, "POST /lots?x=1 false one");
        assert_eq!(text(two.unwrap()).await, "POST /lots?x=1 false two");
    }
    rig.shutdown.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_topic_of_requests_is_named() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let kafka = KafkaConfig::at(broker.bootstrap());
    let backend = Service::open(config(&kafka, 10), &Metrics::new()).unwrap();
    // Until it was looked for.
    let topics = Topics::new(&kafka);
    let looked = async {
        while topics
            .partitions_of(["figway.replies".to_owned()])
            .await
            .unwrap()
            .is_empty()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, looked).await.unwrap();
    until(|| backend.unavailable() == Some(Closed::NoTopic)).await;
    let error = backend.call(ask("hello", PATIENCE)).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (Kind::Unavailable, Sent::No));
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("lot.requests"), "{cause}");
    let requests = TopicSpec::new("lot.requests", Some(3));
    topics.ensure(&[requests]).await.unwrap();
    until(|| backend.unavailable().is_none()).await;
}
