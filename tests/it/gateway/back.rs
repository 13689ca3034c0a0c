//! Write-back over the embedded broker: legacy gets what modern accepted, in the order of each key, once; and going back waits for it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use broker::{Broker, BrokerConfig};
use gateway::admin::view::{DecideParked, Parked, Routes};
use gateway::back::Wanted;
use gateway::control::{Change, LossPolicy, Proposal, Refused};
use gateway::mode::Mode;
use kafka::{KafkaConfig, TopicSpec, Topics};
use ops::shutdown::Shutdown;
use service::{HandlerError, Reply, Request, Service, ServiceConfig};
use tests::gateway::client::{self, Client};
use tests::gateway::rig::{PATIENCE, Rig, flip};
use tests::gateway::stand::{Answer, Stand};

/// A system's own books: by key what was posted, in order.
type Books = Arc<Mutex<BTreeMap<String, Vec<String>>>>;

fn post(books: &Books, key: &str, reference: &str) {
    let mut books = books.lock().unwrap();
    books
        .entry(key.to_owned())
        .or_default()
        .push(reference.to_owned());
}

fn config(legacy: &Stand, bootstrap: &str, more: &str) -> String {
    format!(
        r#"
[kafka]
bootstrap = "{bootstrap}"
[backends.old]
http = "{}"
[backends.new]
kafka = {{ requests = "lot.requests", replies = "figway.replies" }}
[groups.lots]
mode = "legacy"
back_sync = "durable"
[groups.lots.write_back]
marker = "x-figway-write"
longest_wait = "200ms"
{more}
[[routes]]
name = "post"
group = "lots"
match = {{ method = "POST", path = "/lots/{{lot}}" }}
legacy = "old"
modern = "new"
canary_key = {{ path = "lot" }}
timeout = "10s"
"#,
        legacy.url()
    )
}

/// The new service: it books what it is asked to, once.
struct Modern {
    books: Books,
    shutdown: Shutdown,
}

impl Modern {
    async fn start(config: &KafkaConfig) -> Self {
        let topics = [TopicSpec::new("lot.requests", Some(4))];
        Topics::new(config).ensure(&topics).await.unwrap();
        let (books, shutdown) = (Books::default(), Shutdown::new());
        let (booked, ending, kafka) = (Arc::clone(&books), shutdown.clone(), config.clone());
        let handle = move |request: Request| {
            let booked = Arc::clone(&booked);
            async move {
                let key = String::from_utf8(request.key.unwrap().to_vec()).unwrap();
                let reference = String::from_utf8(request.body.to_vec()).unwrap();
                if reference.starts_with("no") {
                    return Ok(Reply::new(200, "text/plain", "refused").without_change());
                }
                post(&booked, &key, &reference);
                Ok::<_, HandlerError>(Reply::new(200, "text/plain", "booked"))
            }
        };
        shutdown.spawn(async move {
            let config = ServiceConfig::new(kafka, "lot.requests", "lots");
            Service::new(config, handle).run(&ending).await.unwrap();
        });
        Self { books, shutdown }
    }

    fn books(&self) -> BTreeMap<String, Vec<String>> {
        self.books.lock().unwrap().clone()
    }
}

/// Legacy's books, by what it was asked and took.
fn books_of(legacy: &Stand) -> BTreeMap<String, Vec<String>> {
    let books = Books::default();
    for asked in legacy.seen() {
        let key = asked.target.trim_start_matches("/lots/");
        post(&books, key, std::str::from_utf8(&asked.body).unwrap());
    }
    let books = books.lock().unwrap();
    books.clone()
}

fn count(books: &BTreeMap<String, Vec<String>>) -> usize {
    books.values().map(Vec::len).sum()
}

fn without_loss(mode: Mode) -> Proposal {
    Proposal {
        loss: LossPolicy::Refuse,
        ..flip("lots", Change::Set(mode))
    }
}

/// As soon as writes can go back.
async fn to_modern(rig: &Rig) {
    let control = rig.gateway().control();
    let flipping = async {
        loop {
            match control.submit(without_loss(Mode::Modern)).await {
                Ok(_) => return,
                Err(Refused::NoWayBack { .. }) => tokio::task::yield_now().await,
                Err(other) => panic!("{other}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, flipping).await.unwrap();
    // The service behind Kafka can be asked when replies have a partition.
    let asking = async {
        loop {
            let got = client::ask(rig.address(), "POST", "/lots/first", &[], "no 0").await;
            if got.is_ok_and(|got| got.status == 200) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn legacy_gets_each_write_once_in_order_and_going_back_loses_none() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let kafka = KafkaConfig::at(broker.bootstrap());
    let legacy = Stand::start(|_| async { Answer::json("{}") }).await;
    let modern = Modern::start(&kafka).await;
    let rig = Rig::start(&config(&legacy, &broker.bootstrap(), ""))
        .await
        .unwrap();
    to_modern(&rig).await;

    let mut clients = Vec::new();
    for number in 0..4 {
        let address = rig.address();
        clients.push(tokio::spawn(async move {
            let mut client = Client::connect(address).await.unwrap();
            for turn in 0..50 {
                let target = format!("/lots/L{}", number * 3 + turn % 3);
                let body = match turn % 10 {
                    9 => format!("no {number}-{turn}"),
                    _ => format!("{number}-{turn}"),
                };
                let got = client.ask("POST", &target, &[], body).await.unwrap();
                assert_eq!(got.status, 200, "{}", got.text());
            }
        }));
    }
    for client in clients {
        client.await.unwrap();
    }
    let accepted = rig
        .gateway()
        .control()
        .submit(without_loss(Mode::Legacy))
        .await
        .unwrap();
    assert_eq!(accepted.loss, None);
    // Nothing was waited for but the flip: what legacy has then is all there is.
    let (old, new) = (books_of(&legacy), modern.books());
    assert_eq!(count(&new), 4 * 45);
    assert_eq!(old, new);
    for asked in legacy.seen() {
        assert_eq!(
            asked.headers.get("x-figway-write"),
            asked.headers.get("figway-request-id")
        );
    }
    let got = client::ask(rig.address(), "POST", "/lots/L0", &[], "after")
        .await
        .unwrap();
    assert_eq!(got.status, 200);
    assert_eq!(books_of(&legacy)["L0"].last().unwrap(), "after");
    modern.shutdown.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_legacy_refuses_waits_for_a_person_and_so_does_the_group() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let kafka = KafkaConfig::at(broker.bootstrap());
    let mended = Arc::new(AtomicBool::new(false));
    let legacy = {
        let mended = Arc::clone(&mended);
        Stand::start(move |asked| {
            let refused = asked.body.starts_with(b"bad") && !mended.load(Ordering::SeqCst);
            async move {
                match refused {
                    true => Answer::Say {
                        status: 409,
                        headers: Vec::new(),
                        body: "not so".into(),
                    },
                    false => Answer::json("{}"),
                }
            }
        })
        .await
    };
    let modern = Modern::start(&kafka).await;
    let rig = Rig::start(&config(&legacy, &broker.bootstrap(), "deadline = \"20s\""))
        .await
        .unwrap();
    to_modern(&rig).await;
    for (key, body) in [
        ("A", "bad 1"),
        ("B", "1"),
        ("A", "2"),
        ("C", "bad 2"),
        ("A", "3"),
    ] {
        let target = format!("/lots/{key}");
        let got = client::ask(rig.address(), "POST", &target, &[], body)
            .await
            .unwrap();
        assert_eq!(got.status, 200);
    }
    let refused = rig
        .gateway()
        .control()
        .submit(without_loss(Mode::Legacy))
        .await;
    let text = refused.unwrap_err().to_string();
    assert!(
        text.starts_with("legacy lacks 4 writes, 4 of them parked (of A")
            || text.starts_with("legacy lacks 4 writes, 4 of them parked (of C"),
        "{text}"
    );
    // Writes go on: nothing is held any more.
    let got = client::ask(rig.address(), "POST", "/lots/B", &[], "2")
        .await
        .unwrap();
    assert_eq!(got.status, 200);

    let admin = rig.admin().unwrap();
    let list: Parked = admin.get("/v1/groups/lots/parked").await.unwrap();
    let mut reasons: Vec<_> = list
        .parked
        .iter()
        .map(|one| (one.key.as_str(), one.reason.as_str()))
        .collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        [
            ("A", "behind"),
            ("A", "behind"),
            ("A", "conflict"),
            ("C", "conflict")
        ]
    );
    let decide = |key: &str, what| {
        let one = list
            .parked
            .iter()
            .find(|one| one.key == key && one.reason == "conflict");
        let one = one.unwrap();
        DecideParked {
            partition: one.partition,
            offset: one.offset,
            since_ms: one.since_ms,
            what,
            who: Some("ANNA".to_owned()),
            why: "looked at it".to_owned(),
        }
    };
    mended.store(true, Ordering::SeqCst);
    for request in [decide("A", Wanted::Retry), decide("C", Wanted::Skip)] {
        let _list: Parked = admin
            .post("/v1/groups/lots/parked", &request)
            .await
            .unwrap();
    }
    let settled = async {
        loop {
            let list: Parked = admin.get("/v1/groups/lots/parked").await.unwrap();
            if list.parked.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, settled).await.unwrap();
    rig.gateway()
        .control()
        .submit(without_loss(Mode::Legacy))
        .await
        .unwrap();
    let old = books_of(&legacy);
    assert_eq!(old["A"], ["bad 1", "bad 1", "2", "3"]);
    assert_eq!(old["B"], ["1", "2"]);
    assert_eq!(old["C"], ["bad 2"], "tried once, skipped then");
    let shown: Routes = admin.get("/v1/routes").await.unwrap();
    let back = shown.groups[0].write_back.clone().unwrap();
    assert_eq!(
        (back.parked, back.topic.as_str()),
        (0, "figway.writeback.lots")
    );
    modern.shutdown.begin();
}
