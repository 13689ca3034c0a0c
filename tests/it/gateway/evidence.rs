//! Evidence is the fleet's, and is there after a restart.

use broker::{Broker, BrokerConfig, Storage};
use gateway::evidence::Of;
use tests::gateway::evidence::{ask, kept, shown};
use tests::gateway::rig::Rig;
use tests::gateway::stand::{Answer, Stand};

#[tokio::test(flavor = "multi_thread")]
async fn three_gateways_show_what_all_found_over_a_restart_and_a_clearing() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    kept(&broker.bootstrap()).await.unwrap();
}

async fn stands() -> (Stand, Stand) {
    let answer = |_| async { Answer::json(r#"{"price":1}"#) };
    (Stand::start(answer).await, Stand::start(answer).await)
}

fn routes(legacy: &Stand, modern: &Stand) -> String {
    format!(
        "[backends.old]\nhttp = \"{}\"\n[backends.new]\nhttp = \"{}\"\n[[routes]]\nname = \"lot\"\nmode = \"shadow\"\n\
         match = {{ method = \"GET\", path = \"/lots/{{lot}}\" }}\nlegacy = \"old\"\nmodern = \"new\"\nresponse = \"json\"\n",
        legacy.url(),
        modern.url()
    )
}

fn pairs(wanted: u64) -> impl Fn(&gateway::Gateway) -> bool {
    move |gateway| {
        let seen = shown(gateway, Of::Fleet);
        (seen.equal, seen.answers.legacy) == (wanted, wanted)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_without_kafka_keeps_its_evidence_in_a_file() {
    let (legacy, modern) = stands().await;
    let mut rig = Rig::start(&routes(&legacy, &modern)).await.unwrap();
    for wanted in [4, 8, 12] {
        ask(&rig, 4).await.unwrap();
        rig.until("they are compared", pairs(wanted)).await.unwrap();
        rig.again().await.unwrap();
        assert!(
            pairs(wanted)(rig.gateway()),
            "{:?}",
            shown(rig.gateway(), Of::Fleet)
        );
    }
    // What another program wrote is neither guessed at nor written over.
    rig.stop().await.unwrap();
    let file = rig.folder().join("state/evidence.json");
    std::fs::write(&file, r#"{"v":9,"records":{}}"#).unwrap();
    rig.again().await.unwrap();
    ask(&rig, 1).await.unwrap();
    rig.until("it is compared", pairs(1)).await.unwrap();
    let report: serde_json::Value = rig.admin().unwrap().get("/v1/evidence").await.unwrap();
    let trouble = report["parts"]["trouble"].as_str().unwrap();
    assert!(trouble.contains("wanted version 1, got 9"), "{trouble}");
    rig.stop().await.unwrap();
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        r#"{"v":9,"records":{}}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kafka_it_is_counted_on_and_written_later() {
    let topics = tempfile::tempdir().unwrap();
    let kept = |listen| {
        Broker::start(BrokerConfig {
            listen,
            storage: Storage::Directory(topics.path().to_owned()),
            ..BrokerConfig::default()
        })
        .unwrap()
    };
    let up = kept("127.0.0.1:0".parse().unwrap());
    let (legacy, modern) = stands().await;
    let text = format!(
        "[kafka]\nbootstrap = \"{}\"\ntimeout = \"2s\"\n[control]\nstore = \"kafka\"\ndirectory = \"state\"\n{}",
        up.bootstrap(),
        routes(&legacy, &modern)
    );
    let mut one = Rig::named("gw-1", &text).await.unwrap();
    let two = Rig::named("gw-2", &text).await.unwrap();
    ask(&one, 2).await.unwrap();
    two.until("both know", pairs(2)).await.unwrap();
    let address = up.address();
    up.shutdown().await.unwrap();
    ask(&one, 3).await.unwrap();
    one.until("they are compared", pairs(5)).await.unwrap();
    let unknown = |gateway: &gateway::Gateway| {
        let snapshot = gateway.app().snapshot();
        let evidence = gateway.app().evidence();
        evidence.fleet_totals(snapshot.table(), "lot").is_err()
    };
    two.until("nobody judges by what may be old", unknown)
        .await
        .unwrap();
    let up = kept(address);
    two.until("it was written", pairs(5)).await.unwrap();
    one.stop().await.unwrap();
    assert!(pairs(5)(two.gateway()));
    up.shutdown().await.unwrap();
}
