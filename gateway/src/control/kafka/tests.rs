//! Control over a topic of the embedded broker, which goes away and comes back.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use ::kafka::{KafkaConfig, Outgoing, Producer, TopicSpec, Topics};
use broker::{Broker, BrokerConfig, Storage};

use ops::shutdown::Shutdown;
use tokio::sync::mpsc;

use super::KafkaStore;
use crate::control::command::{Command, What};
use crate::control::log::Event;
use crate::control::tests::{proposal, reads, table, writes};
use crate::control::*;
use crate::mode::Mode;
use crate::route::Group;

fn broker(folder: &Path, listen: Option<SocketAddr>) -> Broker {
    let default = BrokerConfig::default();
    Broker::start(BrokerConfig {
        listen: listen.unwrap_or(default.listen),
        storage: Storage::Directory(folder.to_owned()),
        ..default
    })
    .unwrap()
}

fn settings(broker: &str, directory: &Path, name: &str) -> Settings {
    let store = Store::Kafka {
        config: KafkaConfig::at(broker),
        topic: CONTROL_TOPIC.to_owned(),
    };
    Settings::new(store, directory, name)
}

struct Gateway {
    control: Control,
    shutdown: Shutdown,
}

impl Gateway {
    async fn start(settings: Settings, groups: &Groups) -> Self {
        let shutdown = Shutdown::new();
        let started = Control::start(settings, groups.clone(), Arc::default(), &shutdown);
        Self {
            control: started.await.unwrap(),
            shutdown,
        }
    }

    async fn until(&self, reach: &str) {
        let mut health = self.control.watch_health();
        let waited = health.wait_for(|health| health.reach.code() == reach);
        tokio::time::timeout(Duration::from_secs(30), waited)
            .await
            .expect("in time")
            .unwrap();
    }

    async fn mode(&self, group: &Group, mode: Mode) {
        let mut state = self.control.watch();
        let waited = state.wait_for(|state| {
            state.mode(group) == mode && state.override_of(&group.name).is_none()
        });
        tokio::time::timeout(Duration::from_secs(30), waited)
            .await
            .expect("in time")
            .unwrap();
    }

    async fn stop(self) {
        assert!(self.shutdown.drain(Duration::from_secs(10)).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_gateways_see_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let broker = broker(&folder.path().join("kafka"), None);
    let bootstrap = broker.bootstrap();
    let lots = reads("lots", Mode::Legacy);
    let groups = table(1, [lots.clone(), reads("orders", Mode::Shadow)]);
    let [one, two] =
        ["one", "two"].map(|name| settings(&bootstrap, &folder.path().join(name), name));
    let (one, two) = tokio::join!(Gateway::start(one, &groups), Gateway::start(two, &groups));
    let accepted = one
        .control
        .submit(proposal("lots", Change::Set(Mode::Modern)))
        .await
        .unwrap();
    assert_eq!(accepted.version, 2, "both gateways' seeds count once");
    two.mode(&lots, Mode::Modern).await;
    let history = two.control.history(0, 100).await.unwrap();
    assert_eq!(
        history.entries,
        one.control.history(0, 100).await.unwrap().entries
    );
    let found = history
        .entries
        .iter()
        .find(|entry| Some(entry.hash) == accepted.position.map(|position| position.hash));
    assert!(
        found.is_some(),
        "the chain over raw bytes comes to the same hash"
    );
    one.stop().await;
    two.stop().await;
    broker.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_kafka_modes_stay_and_break_glass_is_merged_later() {
    let folder = tempfile::tempdir().unwrap();
    let kafka = folder.path().join("kafka");
    let first = broker(&kafka, None);
    let (bootstrap, address) = (first.bootstrap(), first.address());
    let (lots, orders) = (reads("lots", Mode::Legacy), writes("orders", Mode::Legacy));
    let groups = table(1, [lots.clone(), orders.clone()]);
    let own = || settings(&bootstrap, &folder.path().join("one"), "one");
    let gateway = Gateway::start(own(), &groups).await;
    let control = &gateway.control;
    let set = |group, mode| Proposal {
        loss: LossPolicy::Accept,
        ..proposal(group, Change::Set(mode))
    };
    control.submit(set("lots", Mode::Modern)).await.unwrap();
    control.submit(set("orders", Mode::Modern)).await.unwrap();
    let refused = control.break_glass(set("lots", Mode::Legacy)).await;
    assert_eq!(refused.unwrap_err(), Refused::InReach);

    first.shutdown().await.unwrap();
    gateway.until("out_of_reach").await;
    assert_eq!(control.state().mode(&lots), Mode::Modern);
    let refused = control.submit(set("lots", Mode::Legacy)).await.unwrap_err();
    assert_eq!(refused.code(), "log_out_of_reach");
    let refused = control.break_glass(set("orders", Mode::Legacy)).await;
    assert_eq!(
        refused.unwrap_err(),
        Refused::NotOwner { mode: Mode::Modern }
    );
    let made = control
        .break_glass(set("lots", Mode::Legacy))
        .await
        .unwrap();
    assert_eq!((made.mode, made.position), (Mode::Legacy, None));
    assert_eq!(control.state().mode(&lots), Mode::Legacy);
    gateway.stop().await;

    // Kafka is still away: the copy and the journal are all there is.
    let gateway = Gateway::start(own(), &groups).await;
    assert_eq!(gateway.control.health().reach.code(), "out_of_reach");
    let state = gateway.control.state();
    assert_eq!(state.mode(&orders), Mode::Modern, "as the log last said");
    assert_eq!(state.mode(&lots), Mode::Legacy, "overridden");
    assert_eq!(state.override_of("lots").unwrap().by, "anna");

    let second = broker(&kafka, Some(address));
    gateway.until("following").await;
    gateway.mode(&lots, Mode::Legacy).await;
    let state = gateway.control.state();
    assert_eq!(state.group("lots").unwrap().mode, Mode::Legacy);
    assert_eq!(state.group("lots").unwrap().version, 3);
    let history = gateway.control.history(0, 100).await.unwrap();
    let last = history.entries.last().unwrap();
    let command = Command::parse(&last.bytes).unwrap();
    assert_eq!(command.id, made.id);
    assert!(matches!(command.what, What::BreakGlassMerge { .. }));
    gateway.stop().await;
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_forgets_is_refused_with_the_fix() {
    let folder = tempfile::tempdir().unwrap();
    let broker = broker(&folder.path().join("kafka"), None);
    let config = KafkaConfig::at(broker.bootstrap());
    let wrong = TopicSpec::new(CONTROL_TOPIC, Some(1)).with("cleanup.policy", "compact");
    Topics::new(&config).ensure(&[wrong]).await.unwrap();
    let settings = settings(&broker.bootstrap(), folder.path(), "one");
    let groups = table(1, [reads("lots", Mode::Legacy)]);
    let shutdown = Shutdown::new();
    let started = Control::start(settings, groups, Arc::default(), &shutdown);
    let error = started.await.unwrap_err().to_string();
    assert!(
        error.contains(
            "topic figway.control has cleanup.policy=compact and needs delete: `kafka-configs.sh"
        ),
        "{error}"
    );
    broker.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_is_not_understood_stops_the_fold_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let broker = broker(&folder.path().join("kafka"), None);
    let lots = reads("lots", Mode::Shadow);
    let groups = table(1, [lots.clone()]);
    let own = || settings(&broker.bootstrap(), &folder.path().join("one"), "one");
    let gateway = Gateway::start(own(), &groups).await;
    let producer =
        Producer::open(&KafkaConfig::at(broker.bootstrap()), Duration::from_secs(5)).unwrap();
    let later = Outgoing::new(
        CONTROL_TOPIC,
        None,
        Some(r#"{"v":3,"what":"later"}"#.into()),
    );
    producer.send(later).await.unwrap();
    gateway.until("stopped").await;
    let refused = gateway
        .control
        .submit(proposal("lots", Change::Set(Mode::Modern)))
        .await
        .unwrap_err();
    insta::assert_snapshot!(refused, @"this gateway has stopped following the control log: the entry at offset 2 cannot be folded: the entry has version 3, this Figway reads up to version 2: upgrade it");
    assert_eq!(gateway.control.state().mode(&lots), Mode::Shadow);
    gateway.stop().await;

    let gateway = Gateway::start(own(), &groups).await;
    assert_eq!(gateway.control.health().reach.code(), "stopped");
    assert_eq!(gateway.control.state().mode(&lots), Mode::Shadow);
    gateway.stop().await;
    broker.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_made_anew_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let first = broker(&folder.path().join("kafka"), None);
    let address = first.address();
    let groups = table(1, [reads("lots", Mode::Shadow)]);
    let own = || settings(&address.to_string(), &folder.path().join("one"), "one");
    let gateway = Gateway::start(own(), &groups).await;
    gateway.stop().await;
    first.shutdown().await.unwrap();

    let second = broker(&folder.path().join("another"), Some(address));
    let gateway = Gateway::start(own(), &groups).await;
    let health = gateway.control.health();
    let (_, why) = health.reach.trouble().unwrap();
    insta::assert_snapshot!(why, @"the next entry of the log has offset 0, and entries up to offset 1 were folded already: it was cut or made anew");
    gateway.stop().await;
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_copy_is_folded_anew_or_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let kafka = folder.path().join("kafka");
    let first = broker(&kafka, None);
    let (bootstrap, address) = (first.bootstrap(), first.address());
    let lots = reads("lots", Mode::Legacy);
    let groups = table(1, [lots.clone()]);
    let own = || settings(&bootstrap, &folder.path().join("one"), "one");
    let gateway = Gateway::start(own(), &groups).await;
    let flip = proposal("lots", Change::Set(Mode::Modern));
    gateway.control.submit(flip).await.unwrap();
    gateway.stop().await;
    let copy = folder.path().join("one/fold.json");
    let damaged = std::fs::read_to_string(&copy).unwrap();
    let damaged = damaged.replacen("modern", "legacy", 1);
    std::fs::write(&copy, &damaged).unwrap();

    let gateway = Gateway::start(own(), &groups).await;
    assert_eq!(gateway.control.state().mode(&lots), Mode::Modern);
    gateway.stop().await;
    first.shutdown().await.unwrap();
    std::fs::write(&copy, &damaged).unwrap();
    let shutdown = Shutdown::new();
    let started = Control::start(own(), groups.clone(), Arc::default(), &shutdown);
    let error = started.await.unwrap_err();
    assert!(matches!(error, StartError::Copy(_)), "{error}");
    assert!(shutdown.drain(Duration::from_secs(10)).await);

    // Without any copy the file must do: legacy answers also where a gateway starts for the first time.
    std::fs::remove_file(&copy).unwrap();
    let gateway = Gateway::start(own(), &groups).await;
    assert_eq!(gateway.control.state().mode(&lots), Mode::Legacy);
    let second = broker(&kafka, Some(address));
    gateway.mode(&lots, Mode::Modern).await;
    gateway.stop().await;
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_override_the_log_has_passed_is_refused_for_all_to_see() {
    let folder = tempfile::tempdir().unwrap();
    let kafka = folder.path().join("kafka");
    let first = broker(&kafka, None);
    let (bootstrap, address) = (first.bootstrap(), first.address());
    let lots = reads("lots", Mode::Modern);
    let groups = table(1, [lots.clone()]);
    let own = |name| settings(&bootstrap, &folder.path().join(name), name);
    let one = Gateway::start(own("one"), &groups).await;
    first.shutdown().await.unwrap();
    one.until("out_of_reach").await;
    let made = proposal("lots", Change::Set(Mode::Legacy));
    one.control.break_glass(made).await.unwrap();
    one.stop().await;

    let second = broker(&kafka, Some(address));
    let two = Gateway::start(own("two"), &groups).await;
    let on = proposal("lots", Change::Set(Mode::Shadow));
    two.control.submit(on).await.unwrap();
    let one = Gateway::start(own("one"), &groups).await;
    one.mode(&lots, Mode::Shadow).await;
    let history = one.control.history(0, 100).await.unwrap();
    assert_eq!(
        history.entries.last().unwrap().outcome,
        Outcome::Refused(fold::Refusal::Stale {
            expected: 1,
            current: 2
        })
    );
    one.stop().await;
    two.stop().await;
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_log_as_long_as_the_old_one_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let first = broker(&folder.path().join("kafka"), None);
    let address = first.address();
    let own = |name| settings(&address.to_string(), &folder.path().join(name), name);
    let groups = table(1, [reads("lots", Mode::Shadow)]);
    Gateway::start(own("one"), &groups).await.stop().await;
    first.shutdown().await.unwrap();

    let second = broker(&folder.path().join("another"), Some(address));
    let others = [reads("orders", Mode::Legacy), reads("labels", Mode::Legacy)];
    let others = table(1, others);
    Gateway::start(own("two"), &others).await.stop().await;
    let gateway = Gateway::start(own("one"), &groups).await;
    let health = gateway.control.health();
    assert_eq!(health.reach.code(), "stopped");
    let (_, why) = health.reach.trouble().unwrap();
    insta::assert_snapshot!(why, @"the entry at offset 1 is not the one that was folded: the log was changed or made anew");
    gateway.stop().await;
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_ends_with_the_marker_of_a_transaction_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let broker = broker(&folder.path().join("kafka"), None);
    let config = KafkaConfig::at(broker.bootstrap());
    let shutdown = Shutdown::new();
    let patience = Duration::from_secs(30);
    let open = || KafkaStore::open(&config, CONTROL_TOPIC, None, patience, &shutdown).unwrap();
    let until_read = async |events: &mut mpsc::Receiver<Event>| {
        let mut entries = 0;
        let read = async {
            loop {
                match events.recv().await.expect("an event") {
                    Event::Entry(_) => entries += 1,
                    Event::CaughtUp(_) => return,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(patience, read).await.expect("its end");
        entries
    };
    let (store, mut events) = open();
    assert_eq!(until_read(&mut events).await, 0);
    drop((store, events));
    let elsewhere = TopicSpec::new("elsewhere", Some(1));
    Topics::new(&config).ensure(&[elsewhere]).await.unwrap();
    // Whoever may write there at all may do so in a transaction.
    let mut producer = ::kafka::TransactionalProducer::open(&config, "someone", patience)
        .await
        .unwrap();
    let mut entry = Outgoing::new(CONTROL_TOPIC, None, Some("x".into()));
    entry.partition = Some(0);
    producer
        .commit(vec![entry], |_| {
            Outgoing::new("elsewhere", None, Some("y".into()))
        })
        .await
        .unwrap();
    let (_store, mut events) = open();
    assert_eq!(until_read(&mut events).await, 1);
    shutdown.begin();
}
