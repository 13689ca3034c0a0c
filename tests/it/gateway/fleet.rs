//! Several gateways over one control log: one state, and no write begins on one side while another gateway's still goes to the other.

use broker::{Broker, BrokerConfig, Storage};
use tests::gateway::client;
use tests::gateway::fleet::{self, Changes};
use tests::gateway::rig::Rig;
use tests::gateway::stand::{Answer, Stand};

#[tokio::test(flavor = "multi_thread")]
async fn three_gateways_flip_writes_back_and_forth_and_no_two_sides_are_written_at_once() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let changes = Changes::or_told(51, 24).unwrap();
    let report = fleet::flipped(&broker.bootstrap(), changes).await.unwrap();
    println!("{report}");
    assert!(report.killed > 0 && report.turns > 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_modes_grows_old_and_groups_do_as_they_say() {
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
    let answer = |name: &'static str| move |_| async move { Answer::json(name) };
    let legacy = Stand::start(answer("legacy")).await;
    let modern = Stand::start(answer("modern")).await;
    let mut text = format!(
        "[kafka]\nbootstrap = \"{}\"\ntimeout = \"2s\"\n[control]\nstore = \"kafka\"\ndirectory = \"state\"\nmax_age = \"3s\"\n\
         [backends.old]\nhttp = \"{}\"\n[backends.new]\nhttp = \"{}\"\n",
        up.bootstrap(),
        legacy.url(),
        modern.url()
    );
    // Nothing said: reads go to legacy, and writes stay.
    for (name, method, more) in [
        ("read", "GET", ""),
        ("retired", "GET", ""),
        ("write", "POST", ""),
        ("refused", "POST", "when_stale = \"refuse\"\n"),
    ] {
        let mode = if name == "retired" {
            "retired"
        } else {
            "modern"
        };
        text += &format!(
            "[[routes]]\nname = \"{name}\"\nmatch = {{ method = \"{method}\", path = \"/{name}\" }}\nmode = \"{mode}\"\nback_sync = \"none\"\n\
             legacy = \"old\"\nmodern = \"new\"\n{more}"
        );
    }
    let rig = Rig::start(&text).await.unwrap();
    let answers = async |wanted: [&str; 4]| {
        let mut said = Vec::new();
        for (method, path) in [
            ("GET", "/read"),
            ("GET", "/retired"),
            ("POST", "/write"),
            ("POST", "/refused"),
        ] {
            let got = client::ask(rig.address(), method, path, &[], "")
                .await
                .unwrap();
            said.push(match got.status {
                200 => got.text(),
                status => {
                    assert!(got.text().contains("control_stale"), "{}", got.text());
                    status.to_string()
                }
            });
        }
        assert_eq!(said, wanted);
    };
    answers(["modern"; 4]).await;
    let address = up.address();
    up.shutdown().await.unwrap();
    answers(["modern"; 4]).await;
    let stale = |wanted: bool| {
        move |gateway: &gateway::Gateway| gateway.control().state().is_stale() == wanted
    };
    rig.until("it is too old", stale(true)).await.unwrap();
    answers(["legacy", "modern", "modern", "503"]).await;
    let up = kept(address);
    rig.until("it is known again", stale(false)).await.unwrap();
    answers(["modern"; 4]).await;
    up.shutdown().await.unwrap();
}
