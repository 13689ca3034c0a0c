use std::path::Path;

use ::http::Request;
use broker::{Broker, BrokerConfig};
use http_body_util::BodyExt;
use kafka::{Outgoing, TopicSpec, Topics, TransactionalProducer};
use tokio::time::Instant;
use uuid::Uuid;

use bytes::Bytes;

use super::*;
use crate::backend::Attempt;
use crate::config::KeyMember;
use crate::message::Payload;
use crate::route::Effect;
use crate::route::params::{PathParams, PathTemplate};

const PATIENCE: Duration = Duration::from_secs(30);
const TOPIC: &str = "pharma.lot";

pub(super) struct Rig {
    pub(super) kafka: KafkaConfig,
    producer: TransactionalProducer,
    directory: tempfile::TempDir,
    _broker: Broker,
}

impl Rig {
    pub(super) async fn start() -> Self {
        Self::over(BrokerConfig::default(), TopicSpec::new(TOPIC, Some(2))).await
    }

    /// With a topic of rows that has settings of its own.
    async fn over(config: BrokerConfig, topic: TopicSpec) -> Self {
        let broker = Broker::start(config).unwrap();
        let kafka = KafkaConfig::at(broker.bootstrap());
        let specs = [topic, TopicSpec::new(fresh::TOPIC, Some(1))];
        Topics::new(&kafka).ensure(&specs).await.unwrap();
        Self {
            producer: TransactionalProducer::open(&kafka, "capture", PATIENCE)
                .await
                .unwrap(),
            directory: tempfile::tempdir().unwrap(),
            kafka,
            _broker: broker,
        }
    }

    /// Changes of lots, by partition, in one transaction with a marker for each partition that says how old that is.
    pub(super) async fn capture(&mut self, changes: &[(i32, &str, &str)], age_ms: i64) {
        let records = changes.iter().map(|(partition, lot, value)| {
            let key = format!(r#"{{"LOT-NUMBER":"{lot}","LOT-SEQUENCE":0}}"#);
            let value = (!value.is_empty()).then(|| Bytes::from((*value).to_owned()));
            let mut record = Outgoing::new(TOPIC, Some(key.into()), value);
            record.partition = Some(*partition);
            record
        });
        let ends = self
            .producer
            .commit(records.collect(), move |_| marker(0, 0, age_ms))
            .await
            .unwrap();
        for partition in 0..2 {
            let end = ends.get(TOPIC, partition).unwrap_or(0);
            self.producer
                .commit(Vec::new(), move |_| marker(partition, end, age_ms))
                .await
                .unwrap();
        }
    }

    fn view(&self) -> View {
        self.view_in(self.directory.path(), &self.kafka)
    }

    fn view_in(&self, directory: &Path, kafka: &KafkaConfig) -> View {
        let lot = PathTemplate::parse("{lot}").unwrap();
        let key = vec![
            ("LOT-SEQUENCE".to_owned(), KeyMember::Number(0)),
            ("LOT-NUMBER".to_owned(), KeyMember::Text(lot)),
        ];
        View::open(Config {
            kafka: kafka.clone(),
            spec: ViewSpec {
                topic: TOPIC.to_owned(),
                registry: None,
                key,
                max_staleness: Duration::from_secs(60),
                indexes: Vec::new(),
                limits: Limits {
                    usual: 100,
                    most: 1000,
                },
                names: Names::default(),
                sight: Sight::default(),
                remembers: false,
            },
            directory: directory.to_owned(),
            stores: Arc::default(),
        })
    }
}

fn marker(partition: i32, offset: i64, age_ms: i64) -> Outgoing {
    let as_of_ms = now_ms() - age_ms;
    let key = format!(r#"{{"topic":"{TOPIC}","partition":{partition}}}"#);
    let value = format!(
        r#"{{"version":1,"topic":"{TOPIC}","partition":{partition},"offset":{offset},"source":"lot","generation":null,"as_of_ms":{as_of_ms},"ts_ms":1,"state":"current"}}"#
    );
    Outgoing::new(fresh::TOPIC, Some(key.into()), Some(value.into()))
}

pub(super) fn put(after: &str) -> String {
    format!(r#"{{"before":null,"after":{after},"op":"u"}}"#)
}

fn ask(method: Method, lot: &str) -> Box<Ask> {
    let (parts, ()) = Request::builder()
        .method(method)
        .body(())
        .unwrap()
        .into_parts();
    Box::new(Ask {
        parts,
        payload: Payload::Empty,
        id: Uuid::new_v4(),
        deadline: Instant::now() + PATIENCE,
        effect: Effect::Read,
        shadow: false,
        route: "lot".into(),
        params: PathParams::new([("lot".into(), lot.into())]),
        key: None,
        delivery: crate::route::Delivery::default(),
        attempt: Attempt::First,
        peer: None,
        client: None,
        spelling: h1::Spelling::default(),
        interim: crate::message::Interim::default(),
        back: None,
        promise: None,
    })
}

/// Status and body, or the kind of error.
async fn get(view: &View, lot: &str) -> String {
    match view.call(ask(Method::GET, lot)).await {
        Ok(response) => {
            let status = response.parts.status.as_u16();
            let body = response.payload.collect().await.unwrap().to_bytes();
            format!("{status} {}", String::from_utf8(body.to_vec()).unwrap())
        }
        Err(error) => format!("{:?}", error.kind()),
    }
}

async fn until(view: &View, lot: &str, wanted: &str) {
    let waited = async {
        while get(view, lot).await != wanted {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, waited).await;
    if in_time.is_err() {
        panic!(
            "wanted {wanted}, got {}, age {:?}",
            get(view, lot).await,
            view.age()
        );
    }
}

const NONE: &str = r#"404 {"type":"about:blank","title":"Not Found","status":404}"#;

#[tokio::test(flavor = "multi_thread")]
async fn it_shows_what_is_committed_and_goes_on_after_a_restart() {
    let mut rig = Rig::start().await;
    let view = rig.view();
    assert_eq!(get(&view, "L1").await, "Unavailable");
    rig.capture(
        &[(0, "L1", &put(r#"{"QTY": 1.50}"#)), (1, "L2", &put("{}"))],
        0,
    )
    .await;
    until(&view, "L1", r#"200 {"QTY": 1.50}"#).await;
    until(&view, "L2", "200 {}").await;
    assert_eq!(get(&view, "L3").await, NONE);
    let head = view.call(ask(Method::HEAD, "L1")).await.unwrap();
    assert_eq!(head.parts.status, StatusCode::OK);
    let age: u64 = head.parts.headers["age"].to_str().unwrap().parse().unwrap();
    assert!(age < 60);
    assert_eq!(head.parts.headers["content-length"], "13");
    let post = view.call(ask(Method::POST, "L1")).await.unwrap();
    assert_eq!(post.parts.status, StatusCode::METHOD_NOT_ALLOWED);

    // An update, a delete, a tombstone, and one that nobody can read.
    rig.capture(
        &[
            (0, "L1", &put(r#"{"QTY":2}"#)),
            (1, "L2", r#"{"before":{},"after":null,"op":"d"}"#),
            (1, "L2", ""),
            (0, "L4", "no envelope"),
        ],
        0,
    )
    .await;
    until(&view, "L1", r#"200 {"QTY":2}"#).await;
    until(&view, "L2", NONE).await;
    until(&view, "L4", "BadAnswer").await;
    drop(view);

    // What it reads again is only the last record of each partition: the store is where it stood.
    rig.capture(&[(1, "L5", &put("5"))], 0).await;
    let view = rig.view();
    until(&view, "L5", "200 5").await;
    until(&view, "L1", r#"200 {"QTY":2}"#).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_left_to_another_process_answers_on_beside_it() {
    let mut rig = Rig::start().await;
    let view = rig.view();
    rig.capture(&[(0, "L1", &put("1")), (1, "L2", &put("2"))], 0)
        .await;
    until(&view, "L1", "200 1").await;
    until(&view, "L2", "200 2").await;
    view.lend().await;
    until(&view, "L1", "200 1").await;
    let next = rig.view();
    next.opened().await;
    assert_eq!(get(&next, "L2").await, "200 2", "at once");
    rig.capture(&[(0, "L1", &put("3"))], 0).await;
    until(&next, "L1", "200 3").await;
    until(&view, "L1", "200 3").await;

    // The other one did not come up.
    let back = tokio::spawn(async move {
        view.take_back().await;
        view
    });
    drop(next);
    let view = tokio::time::timeout(PATIENCE, back).await.unwrap().unwrap();
    until(&view, "L1", "200 3").await;
    rig.capture(&[(0, "L1", &put("4"))], 0).await;
    until(&view, "L1", "200 4").await;
    drop(view);
    let view = rig.view();
    until(&view, "L1", "200 4").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_is_no_answer() {
    let mut rig = Rig::start().await;
    let view = rig.view();
    rig.capture(&[(0, "L1", &put("1"))], 70_000).await;
    let told = async {
        while !matches!(view.age(), Err(Closed::Stale { age_ms: 70_000.. })) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await;
    told.expect("its age");
    assert_eq!(get(&view, "L1").await, "Stale");
    // Nothing changed, and the capture looked again.
    rig.capture(&[], 1_000).await;
    until(&view, "L1", "200 1").await;
    let age = view.age().unwrap();
    assert!((1_000..30_000).contains(&age.as_millis()), "{age:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_made_anew_is_read_anew() {
    let mut rig = Rig::start().await;
    let view = rig.view();
    rig.capture(&[(0, "L1", &put("1")), (1, "L2", &put("2"))], 0)
        .await;
    until(&view, "L2", "200 2").await;
    drop(view);

    // The same names on another broker, and as many records.
    let mut other = Rig::start().await;
    other
        .capture(&[(0, "L3", &put("3")), (1, "L4", &put("4"))], 0)
        .await;
    let view = rig.view_in(rig.directory.path(), &other.kafka);
    until(&view, "L3", "200 3").await;
    until(&view, "L4", "200 4").await;
    assert_eq!(get(&view, "L1").await, NONE);
    drop(view);

    // And shorter than where the store stands.
    let mut shorter = Rig::start().await;
    shorter.capture(&[], 0).await;
    let view = rig.view_in(rig.directory.path(), &shorter.kafka);
    until(&view, "L3", NONE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kafka_a_restarted_view_shows_what_it_has_as_long_as_that_is_fresh() {
    let mut rig = Rig::start().await;
    let view = rig.view();
    // A second change, so that the first one's age is stored with it.
    rig.capture(&[(0, "L1", &put("1")), (1, "L2", &put("2"))], 1_000)
        .await;
    until(&view, "L1", "200 1").await;
    rig.capture(&[(0, "L1", &put("3")), (1, "L2", &put("4"))], 1_000)
        .await;
    until(&view, "L1", "200 3").await;
    until(&view, "L2", "200 4").await;
    drop(view);
    let nowhere = KafkaConfig::at("127.0.0.1:9");
    let view = rig.view_in(rig.directory.path(), &nowhere);
    until(&view, "L1", "200 3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_emptied_while_it_is_read_says_nothing_is_missing() {
    let mut rig = Rig::start().await;
    let view = rig.view();
    rig.capture(&[(0, "L1", &put("1"))], 0).await;
    until(&view, "L1", "200 1").await;
    let (life, admitted) = view.admit().unwrap();
    let stands = || life.stands(admitted, Duration::from_secs(60));
    assert_eq!(stands(), Ok(()));
    // As the feed does it before it empties the store; nothing fills this one again.
    life.state().forget();
    assert_eq!(stands(), Err(Closed::Filling));
    // The store is open and has the row, and is not to be asked.
    assert_eq!(view.age(), Err(Closed::Filling));
    assert_eq!(get(&view, "L1").await, "Unavailable");
    // Filled again since: what was read may be from between.
    {
        let mut state = life.state();
        state.filled = true;
        state.freshness.stood(0, 0, Some(now_ms()));
    }
    assert!(view.age().is_ok());
    assert_eq!(stands(), Err(Closed::Filling));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marker_of_a_partition_that_is_not_there_ends_no_answers() {
    let mut rig = Rig::start().await;
    let view = rig.view();
    rig.capture(&[(0, "L1", &put("1")), (1, "L2", &put("2"))], 0)
        .await;
    until(&view, "L2", "200 2").await;
    rig.producer
        .commit(Vec::new(), |_| marker(77, 0, 0))
        .await
        .unwrap();
    // Behind that marker.
    rig.capture(&[(0, "L3", &put("3"))], 0).await;
    until(&view, "L3", "200 3").await;
    rig.capture(&[], 5_000).await;
    let reached = async {
        while !matches!(view.age(), Ok(age) if age >= Duration::from_secs(5)) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let reached = tokio::time::timeout(PATIENCE, reached).await;
    reached.expect("markers behind it count");
    assert_eq!(get(&view, "L1").await, "200 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_whose_delete_was_compacted_away_while_the_view_was_gone_is_not_shown() {
    let config = BrokerConfig {
        maintenance_interval: Duration::from_millis(100),
        ..BrokerConfig::default()
    };
    let topic = TopicSpec::new(TOPIC, Some(2))
        .with("cleanup.policy", "compact")
        .with("segment.ms", "50")
        .with("min.cleanable.dirty.ratio", "0.01")
        .with("delete.retention.ms", "4000");
    let mut rig = Rig::over(config, topic).await;
    let view = rig.view();
    rig.capture(
        &[
            (0, "L1", &put("1")),
            (0, "L3", &put("3")),
            (1, "L2", &put("2")),
        ],
        0,
    )
    .await;
    until(&view, "L1", "200 1").await;
    until(&view, "L3", "200 3").await;
    until(&view, "L2", "200 2").await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    rig.capture(&[(1, "L2", &put("22"))], 0).await;
    until(&view, "L2", "200 22").await;
    drop(view);

    // While the gateway is away L1 is deleted, and compaction forgets that.
    rig.capture(
        &[
            (0, "L1", r#"{"before":{},"after":null,"op":"d"}"#),
            (0, "L1", ""),
        ],
        0,
    )
    .await;
    let mut rounds = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(70)).await;
        rig.capture(&[(0, "L4", &put("4"))], 0).await;
        let records = ::kafka::Reader::new(&rig.kafka)
            .read(TOPIC, ::kafka::Isolation::Committed)
            .await
            .unwrap();
        let of_l1 = records.iter().filter(|record| {
            String::from_utf8_lossy(record.key.as_deref().unwrap()).contains("L1")
        });
        rounds += 1;
        if of_l1.count() == 0 {
            break;
        }
        assert!(rounds < 300, "compaction");
    }
    let view = rig.view();
    until(&view, "L4", "200 4").await;
    assert_eq!(get(&view, "L1").await, NONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_answers_whose_topic_keeps_deletes_for_a_moment() {
    let topic = TopicSpec::new(TOPIC, Some(2))
        .with("cleanup.policy", "compact")
        .with("delete.retention.ms", "100");
    let mut rig = Rig::over(BrokerConfig::default(), topic).await;
    rig.capture(&[(0, "L1", &put("1")), (1, "L2", &put("2"))], 0)
        .await;
    let view = rig.view();
    until(&view, "L1", "200 1").await;
    // Behind what came while it was followed stands the end of a transaction.
    rig.capture(&[(0, "L1", &put("3"))], 0).await;
    until(&view, "L1", "200 3").await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(12) {
        assert_eq!(
            get(&view, "L1").await,
            "200 3",
            "after {:?}",
            begun.elapsed()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // After that long it takes what comes, and was not filled anew for it.
    rig.capture(&[(0, "L1", &put("4"))], 0).await;
    let taken = async {
        loop {
            match get(&view, "L1").await.as_str() {
                "200 4" => return,
                told => assert_eq!(told, "200 3"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, taken).await.unwrap();
}
