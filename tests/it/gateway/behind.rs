//! A view that is mirrored to and has not caught up: it is asked again, and is behind, not different.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use broker::{Broker, BrokerConfig};
use kafka::{KafkaConfig, Outgoing, TopicSpec, Topics, TransactionalProducer};
use tests::gateway::client;
use tests::gateway::rig::{PATIENCE, Rig};
use tests::gateway::stand::{Answer, Stand};

const TOPIC: &str = "pharma.lot";

/// What follows the data set of lots, as capture writes it.
struct Captured(TransactionalProducer);

impl Captured {
    async fn open(kafka: &KafkaConfig) -> Self {
        let specs = [(TOPIC, 1), ("figway.progress", 1)];
        let specs = specs.map(|(name, count)| TopicSpec::new(name, Some(count)));
        Topics::new(kafka).ensure(&specs).await.unwrap();
        let producer = TransactionalProducer::open(kafka, "capture", PATIENCE).await;
        Self(producer.unwrap())
    }

    async fn write(&mut self, lots: &[(&str, &str)]) {
        let marker = |offset: i64| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let now = now.as_millis();
            let key = format!(r#"{{"topic":"{TOPIC}","partition":0}}"#);
            let value = format!(
                r#"{{"version":1,"topic":"{TOPIC}","partition":0,"offset":{offset},"source":"lot","generation":null,"as_of_ms":{now},"ts_ms":1,"state":"current"}}"#
            );
            Outgoing::new("figway.progress", Some(key.into()), Some(value.into()))
        };
        let lots = lots.iter().map(|(lot, state)| {
            let key = format!(r#"{{"LOT":"{lot}"}}"#);
            let value = format!(
                r#"{{"before":null,"after":{{"LOT":"{lot}","STATE":"{state}"}},"op":"r"}}"#
            );
            Outgoing::new(TOPIC, Some(key.into()), Some(value.into()))
        });
        let ends = self.0.commit(lots.collect(), move |_| marker(0)).await;
        let end = ends.unwrap().get(TOPIC, 0).unwrap();
        let told = self.0.commit(Vec::new(), move |_| marker(end)).await;
        told.unwrap();
    }
}

fn routes(kafka: &KafkaConfig, legacy: &Stand) -> String {
    format!(
        r#"
[kafka]
bootstrap = "{}"
[backends.erp]
http = "{}"
[backends.lots]
view = {{ topic = "{TOPIC}", key = {{ LOT = "{{lot}}" }}, max_staleness = "10m" }}
[[routes]]
name = "viewed"
mode = "retired"
match = {{ method = "GET", path = "/viewed/{{lot}}" }}
modern = "lots"
[[routes]]
name = "lot"
mode = "shadow"
match = {{ method = "GET", path = "/lots/{{lot}}" }}
response = "json"
legacy = "erp"
modern = "lots"
compare = {{ recheck = {{ after = "500ms", times = 10 }} }}
"#,
        kafka.bootstrap,
        legacy.url(),
    )
}

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let waited = async {
        while !so().await {
            ticks.tick().await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waited).await;
    waited.unwrap_or_else(|_| panic!("waited for: {what}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_has_not_caught_up_is_behind_and_not_different() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let kafka = KafkaConfig::at(broker.bootstrap());
    let mut captured = Captured::open(&kafka).await;
    captured.write(&[("1", "old"), ("2", "old")]).await;
    // Legacy has changed both lots; the change of the first is still on its way, that of the second never comes.
    let legacy = Stand::start(|asked| async move {
        let lot = asked.target.rsplit('/').next().unwrap_or_default();
        Answer::json(format!(r#"{{"LOT":"{lot}","STATE":"new"}}"#))
    })
    .await;
    let mut rig = Rig::start(&routes(&kafka, &legacy)).await.unwrap();
    until("the view is filled", async || {
        let got = client::get(rig.address(), "/viewed/2").await.unwrap();
        got.status == 200
    })
    .await;
    for lot in ["1", "2"] {
        let got = client::get(rig.address(), &format!("/lots/{lot}")).await;
        assert!(got.unwrap().text().contains("new"));
    }
    // Both were compared once more, and legacy was asked whether it still says so.
    until("legacy is asked again", async || {
        let seen = legacy.seen();
        let again = seen
            .iter()
            .filter(|asked| asked.headers.contains_key("figway-shadow"));
        again.count() >= 2
    })
    .await;
    captured.write(&[("1", "new")]).await;
    let evidence = Arc::clone(rig.gateway().app().evidence());
    let mut findings = evidence.findings();
    let found = tokio::time::timeout(PATIENCE, findings.wait_for(|found| *found >= 2));
    found.await.expect("found in time").unwrap();
    let route = evidence.report(Some("lot")).routes.remove(0);
    let counts = (
        route.equal,
        route.different,
        route.view_behind,
        route.errors,
    );
    assert_eq!(counts, (0, 1, 1, 0), "{route:?}");
    assert_eq!(
        route.fields["STATE"].samples[0].text,
        "field STATE: legacy new modern old"
    );
    assert_eq!(route.variants[0].asked_again, 2);
    rig.stop().await.unwrap();
}
