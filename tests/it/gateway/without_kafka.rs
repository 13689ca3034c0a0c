//! Invariant 12: the legacy path needs no Kafka: not while it is gone, not after a restart, not at the very first start.

use std::net::SocketAddr;

use broker::{Broker, BrokerConfig, Storage};
use gateway::control::{Change, Reach};
use gateway::mode::Mode;
use tests::gateway::client;
use tests::gateway::rig::{Rig, flip};
use tests::gateway::stand::{Answer, Stand};

fn config(legacy: &Stand, bootstrap: &str) -> String {
    format!(
        r#"
[kafka]
bootstrap = "{bootstrap}"
timeout = "2s"
[control]
store = "kafka"
directory = "state"
[backends.old]
http = "{}"
[backends.service]
kafka = {{ requests = "lot.requests", replies = "figway.replies" }}
[groups.lots]
mode = "legacy"
back_sync = "none"
[[routes]]
name = "lot"
group = "lots"
match = {{ path = "/lots/{{lot}}" }}
effect = "read"
request = "json"
response = "json"
legacy = "old"
modern = "service"
fallback = "legacy"
canary_key = {{ path = "lot" }}
[[routes]]
name = "rest"
match = {{ path = "/{{*rest}}" }}
legacy = "old"
"#,
        legacy.url()
    )
}

fn broker(listen: SocketAddr, folder: &std::path::Path) -> Broker {
    Broker::start(BrokerConfig {
        listen,
        storage: Storage::Directory(folder.to_owned()),
        ..BrokerConfig::default()
    })
    .unwrap()
}

async fn answers(rig: &Rig) {
    for target in ["/lots/1", "/anything/else"] {
        let got = client::ask(
            rig.address(),
            "POST",
            target,
            &[("content-type", "application/json")],
            "{}",
        )
        .await
        .unwrap();
        assert_eq!(
            (got.status, got.text().as_str()),
            (200, "\"legacy\""),
            "{target}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn legacy_answers_while_kafka_is_gone_after_a_restart_and_at_the_first_start() {
    let legacy = Stand::start(|_| async { Answer::json("\"legacy\"") }).await;
    let topics = tempfile::tempdir().unwrap();
    let up = broker("127.0.0.1:0".parse().unwrap(), topics.path());
    let address = up.address();
    let text = config(&legacy, &up.bootstrap());
    let mut rig = Rig::start(&text).await.unwrap();
    answers(&rig).await;
    rig.set("lots", Mode::Shadow).await.unwrap();
    answers(&rig).await;

    // Kafka goes.
    up.shutdown().await.unwrap();
    answers(&rig).await;
    rig.until("control notices", |gateway| {
        gateway.control().health().reach != Reach::Following
    })
    .await
    .unwrap();
    answers(&rig).await;
    let refused = rig.set("lots", Mode::Modern).await.unwrap_err();
    println!("with kafka gone: {refused}");

    // A restart without it: the modes are those of the local copy, not those of the file.
    rig.again().await.unwrap();
    answers(&rig).await;
    let state = rig.gateway().control().state();
    assert_eq!(
        state.group("lots").map(|group| group.mode),
        Some(Mode::Shadow)
    );

    // Break-glass towards legacy on this gateway alone; it survives one more restart.
    rig.gateway()
        .control()
        .break_glass(flip("lots", Change::Set(Mode::Legacy)))
        .await
        .unwrap();
    rig.again().await.unwrap();
    answers(&rig).await;

    // Kafka is back: the override is an entry of the log, and modes can be flipped again.
    let up = broker(address, topics.path());
    rig.until("the override is in the log", |gateway| {
        gateway
            .control()
            .state()
            .group("lots")
            .is_some_and(|group| group.mode == Mode::Legacy && group.version == 3)
    })
    .await
    .unwrap();
    rig.set("lots", Mode::Shadow).await.unwrap();
    rig.stop().await.unwrap();
    up.shutdown().await.unwrap();

    // The very first start of a gateway, and no Kafka: the modes are those of the file.
    let rig = Rig::start(&text).await.unwrap();
    answers(&rig).await;
}
