//! Services that are killed (`kill -9`) again and again while requests and duplicates come: nothing lost, nothing twice.
//!
//! The services are this test's own program, started anew with [`serve_until_killed`] as its only test.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use kafka::{KafkaConfig, Outgoing};
use ops::shutdown::Shutdown;
use service::{HandlerError, Order, Reply, Request, Retries, Service, ServiceConfig};
use uuid::Uuid;

use super::rig::{Ask, EVENTS, REQUESTS, Rig, in_ms, text};

const BOOTSTRAP: &str = "FIGWAY_TEST_BOOTSTRAP";
const INSTANCE: &str = "FIGWAY_TEST_INSTANCE";
const AT_ONCE: &str = "FIGWAY_TEST_AT_ONCE";
/// How many requests come between two kills, and how often one is killed.
const REQUESTS_A_ROUND: u128 = 40;
const ROUNDS: u128 = 8;

static TRIED: Mutex<BTreeSet<Uuid>> = Mutex::new(BTreeSet::new());

/// Says each time it is called something else: who gets the same twice did not call twice.
async fn handle(request: Request) -> Result<Reply, HandlerError> {
    let said = format!("{} {}", request.id, Uuid::new_v4());
    let event = Outgoing::new(EVENTS, request.key, Some(Bytes::from(said.clone())));
    // Some are parked first, by each process that tries them.
    if std::env::var(AT_ONCE).is_ok() && request.id.as_u128().is_multiple_of(7) {
        let mut tried = TRIED.lock().unwrap();
        if tried.insert(request.id) {
            return Err(HandlerError::retry(Duration::ZERO, "not yet"));
        }
    }
    // Some take a while, so that kills fall into handlers too.
    if request.id.as_u128().is_multiple_of(5) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(Reply::new(200, "text/plain", said).event(event))
}

/// The service in a process of its own; ends with its parent.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the kill tests start it"]
async fn serve_until_killed() {
    let Ok(bootstrap) = std::env::var(BOOTSTRAP) else {
        return;
    };
    let instance = std::env::var(INSTANCE).unwrap();
    let mut config = ServiceConfig::new(KafkaConfig::at(bootstrap), REQUESTS, "lots");
    if std::env::var(AT_ONCE).is_ok() {
        config.order = Order::Key { at_once: 4 };
        config.retries = Retries::Topics {
            delays: vec![Duration::from_millis(10); 20],
            most: 1_000,
        };
    }
    let shutdown = Shutdown::new();
    let ending = shutdown.clone();
    std::thread::spawn(move || {
        // Until the other end is closed.
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        ending.begin();
    });
    let service = Service::new(config.instance(instance), handle);
    service.run(&shutdown).await.unwrap();
}

fn start(rig: &Rig, instance: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    if instance.starts_with("by-key") {
        command.env(AT_ONCE, "4");
    }
    command
        .args(["--exact", "kill::serve_until_killed", "--ignored"])
        .env(BOOTSTRAP, &rig.config.bootstrap)
        .env(INSTANCE, instance)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A fixed sequence of numbers (a linear congruential generator with Knuth's constants).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Requests of one round, some of them twice, some sent again that were sent before, some too late.
async fn send(rig: &Rig, dice: &mut Dice, round: u128, sent: &mut Sent) {
    for number in 0..REQUESTS_A_ROUND {
        let id = round * REQUESTS_A_ROUND + number + 1;
        let ask = Ask::new(id, "x").with("figway-deadline", in_ms(600_000));
        if dice.below(10) == 0 {
            let late = Ask::new(id, "x").with("figway-deadline", in_ms(-1));
            rig.send(&late).await;
            sent.expired.insert(id);
            continue;
        }
        rig.send(&ask).await;
        sent.waiting.insert(ask.correlation.clone(), id);
        if dice.below(3) == 0 {
            let older = u128::from(dice.below(u64::try_from(id).unwrap())) + 1;
            for id in [id, older] {
                if !sent.expired.contains(&id) {
                    let correlation = format!("again-{}", sent.waiting.len());
                    let again = Ask::new(id, "x").correlated(&correlation);
                    rig.send(&again).await;
                    sent.waiting.insert(again.correlation, id);
                }
            }
        }
    }
}

#[derive(Default)]
struct Sent {
    /// The request of each correlation id that is to be answered.
    waiting: BTreeMap<Bytes, u128>,
    expired: BTreeSet<u128>,
}

async fn killed_again_and_again(seed: u64, instances: &[&str]) {
    let mut rig = Rig::start().await;
    let mut dice = Dice(seed);
    let mut sent = Sent::default();
    let mut running: Vec<_> = instances.iter().map(|name| start(&rig, name)).collect();
    for round in 0..ROUNDS {
        send(&rig, &mut dice, round, &mut sent).await;
        // Now and then before it is ready at all, else in the middle of its work.
        let more = usize::try_from(dice.below(30)).unwrap();
        if more > 0 {
            let enough = (rig.got.len() + more).min(sent.waiting.len());
            rig.until(|rig| rig.got.len() >= enough).await;
        }
        tokio::time::sleep(Duration::from_micros(dice.below(8_000))).await;
        let which = usize::try_from(dice.below(instances.len() as u64)).unwrap();
        kill(std::mem::replace(
            &mut running[which],
            start(&rig, instances[which]),
        ));
    }
    let all = sent.waiting.len();
    rig.until(|rig| rig.got.len() >= all).await;
    running.into_iter().for_each(kill);
    let requests = judge(&rig, &sent).await;
    println!("seed {seed}: {requests} requests, {all} replies, {ROUNDS} kills");
}

/// Counts what was left behind; how many requests were executed.
async fn judge(rig: &Rig, sent: &Sent) -> usize {
    // Every request that was not late was answered, and always with the same.
    let mut said = BTreeMap::new();
    for (correlation, id) in &sent.waiting {
        for got in &rig.got[correlation] {
            assert_eq!(got.status, "200");
            let first = said.entry(*id).or_insert_with(|| got.body.clone());
            assert_eq!(*first, got.body, "request {id} was executed twice");
        }
    }
    // Every one left its effect, and left it once.
    let mut effects = BTreeMap::new();
    for event in rig.committed(EVENTS).await {
        let event = text(event.value.as_deref().unwrap());
        let id = Uuid::try_parse(event.split(' ').next().unwrap()).unwrap();
        let before = effects.insert(id.as_u128(), event);
        assert_eq!(before, None, "two effects of one request");
    }
    assert_eq!(effects, said);
    assert!(!sent.expired.is_empty() && sent.expired.iter().all(|id| !effects.contains_key(id)));
    assert!(rig.committed("lot.requests.dlq").await.is_empty());
    effects.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_killed_again_and_again_loses_and_doubles_nothing() {
    for seed in [1, 2] {
        killed_again_and_again(seed, &["a"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_of_which_one_is_killed_each_time_lose_and_double_nothing() {
    killed_again_and_again(3, &["a", "b"]).await;
    killed_again_and_again(5, &["by-key-a", "by-key-b"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_in_the_middle_again_and_again_it_loses_and_doubles_nothing() {
    let mut rig = Rig::start().await;
    let mut dice = Dice(4);
    let mut sent = Sent::default();
    for round in 0..ROUNDS {
        let serving = rig.serve(handle);
        send(&rig, &mut dice, round, &mut sent).await;
        let more = usize::try_from(dice.below(30)).unwrap();
        let enough = (rig.got.len() + more).min(sent.waiting.len());
        rig.until(|rig| rig.got.len() >= enough).await;
        tokio::time::sleep(Duration::from_micros(dice.below(8_000))).await;
        serving.kill().await;
    }
    let serving = rig.serve(handle);
    let all = sent.waiting.len();
    rig.until(|rig| rig.got.len() >= all).await;
    serving.stop().await;
    judge(&rig, &sent).await;
}
