//! Write-back while gateway and broker are killed (`kill -9`) under writes: at the end legacy's books are the new service's, in the order of
//! each key, and no write was executed twice by a legacy that would not have noticed.
//!
//! Gateway and broker are this test's own program, started anew. Legacy and the service live here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use gateway::admin::client::Client as Admin;
use gateway::admin::view::{ChangeRequest, Changed, SetMode};
use gateway::config::Resolved;
use gateway::mode::Mode;
use gateway::{Gateway, Options};
use kafka::{Isolation, KafkaConfig, Outgoing, Reader, TopicSpec, Topics};
use ops::Secret;
use ops::shutdown::Shutdown;
use service::{HandlerError, Reply, Request, Service, ServiceConfig};
use tests::gateway::client;
use tests::gateway::stand::{Answer, Stand};
use tests::killed::{Process, say};
use tokio::sync::watch;

const ROUTES: &str = "FIGWAY_TEST_BACK_ROUTES";
const BROKER: &str = "FIGWAY_TEST_KILL_BROKER";
const TOKEN: &str = "a token of the tests";
const EVENTS: &str = "lot.events";
/// Nothing here takes longer, or it hangs.
const PATIENCE: Duration = Duration::from_secs(120);
const WRITERS: usize = 4;
/// After how many answers something is killed, each time.
const ANSWERS: usize = 60;

/// Not a test of its own: the gateway that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the kill test"]
async fn gateway_process() {
    let Ok(path) = std::env::var(ROUTES) else {
        return;
    };
    let resolved = Resolved::read(Path::new(&path)).unwrap_or_else(|faults| panic!("{faults}"));
    let gateway = Gateway::start(resolved, Options::default(), &Shutdown::new())
        .await
        .unwrap();
    say(&format!("{} {}", gateway.http(), gateway.admin().unwrap()));
    std::future::pending::<()>().await;
}

async fn gateway(routes: &Path) -> (Process, SocketAddr, Admin) {
    let mut process = Process::start(
        "gateway::back_kill::gateway_process",
        ROUTES,
        &routes.display().to_string(),
    )
    .unwrap();
    let said = process.hear(PATIENCE).await.unwrap();
    let (http, admin) = said.split_once(' ').unwrap();
    let token = Some(Secret::new(TOKEN));
    let admin = Admin::new(&format!("http://{admin}"), token).unwrap();
    (process, http.parse().unwrap(), admin)
}

async fn broker(folder: &Path, listen: &str) -> (Process, String) {
    let value = format!("{}|{listen}", folder.display());
    let mut process = Process::start("kill::broker_process", BROKER, &value).unwrap();
    let said = process.hear(PATIENCE).await.unwrap();
    let address = said.strip_prefix("listening ").unwrap().to_owned();
    (process, address)
}

async fn modern(config: &KafkaConfig, shutdown: &Shutdown) {
    let topics = ["lot.requests", EVENTS].map(|topic| TopicSpec::new(topic, Some(4)));
    Topics::new(config).ensure(&topics).await.unwrap();
    let (kafka, ending) = (config.clone(), shutdown.clone());
    let handle = |request: Request| async move {
        let event = Outgoing::new(EVENTS, request.key, Some(request.body));
        Ok::<_, HandlerError>(Reply::new(200, "text/plain", "booked").event(event))
    };
    shutdown.spawn(async move {
        let config = ServiceConfig::new(kafka, "lot.requests", "lots");
        Service::new(config, handle).run(&ending).await.unwrap();
    });
}

type Books = BTreeMap<String, Vec<String>>;

fn post(books: &mut Books, key: &[u8], reference: &[u8]) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    books.entry(text(key)).or_default().push(text(reference));
}

/// What the service executed: its committed events.
async fn executed(config: &KafkaConfig) -> Books {
    let mut books = Books::new();
    let reader = Reader::new(config);
    let events = reader.read(EVENTS, Isolation::Committed).await;
    for event in events.unwrap() {
        post(&mut books, &event.key.unwrap(), &event.value.unwrap());
    }
    books
}

/// What legacy executed, in the order in which it did; it notices no repetition.
fn booked(legacy: &Stand) -> Books {
    let mut books = Books::new();
    for asked in legacy.seen() {
        if asked.method == "POST" {
            let key = asked.target.trim_start_matches("/lots/");
            post(&mut books, key.as_bytes(), &asked.body);
        }
    }
    books
}

/// Legacy: takes everything, and says of a number whether it came.
async fn legacy() -> Arc<Stand> {
    let ids = Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let answer = move |asked: tests::gateway::stand::Asked| {
        let known = match asked.target.strip_prefix("/has/") {
            Some(id) => ids.lock().unwrap().contains(id),
            None => {
                let id = asked.headers["figway-request-id"].to_str().unwrap();
                ids.lock().unwrap().insert(id.to_owned())
            }
        };
        async move {
            match known {
                true => Answer::json("{}"),
                false => Answer::Say {
                    status: 404,
                    headers: Vec::new(),
                    body: "".into(),
                },
            }
        }
    };
    Arc::new(Stand::start(answer).await)
}

fn routes(legacy: &Stand, bootstrap: &str) -> String {
    format!(
        r#"version = 1
[listen]
http = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
token = "file:token"
[control]
store = "file"
directory = "state"
[kafka]
bootstrap = "{bootstrap}"
timeout = "5s"
[backends.old]
http = "{}"
[backends.new]
kafka = {{ requests = "lot.requests", replies = "figway.replies" }}
[groups.lots]
back_sync = "durable"
[groups.lots.write_back]
in_doubt = {{ ask = "/has/{{request_id}}" }}
longest_wait = "500ms"
partitions = 4
[[routes]]
name = "post"
group = "lots"
match = {{ method = "POST", path = "/lots/{{lot}}" }}
legacy = "old"
modern = "new"
canary_key = {{ path = "lot" }}
timeout = "3s"
"#,
        legacy.url()
    )
}

async fn to_modern(admin: &Admin) {
    let request = SetMode {
        mode: Mode::Modern,
        change: ChangeRequest {
            who: Some("tester".to_owned()),
            why: "a test".to_owned(),
            reference: None,
            expected: None,
            accept_loss: false,
        },
        break_glass: false,
    };
    let setting = async {
        while let Err(error) = admin
            .post::<Changed>("/v1/groups/lots/mode", &request)
            .await
        {
            assert_eq!(error.code(), Some("no_way_back"), "{error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, setting).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_gateways_and_brokers_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("broker");
    let (mut kafka, bootstrap) = broker(&logs, "127.0.0.1:0").await;
    let config = KafkaConfig::at(&bootstrap);
    let (legacy, ending) = (legacy().await, Shutdown::new());
    modern(&config, &ending).await;
    let path = folder.path().join("routes.toml");
    std::fs::write(folder.path().join("token"), TOKEN).unwrap();
    std::fs::write(&path, routes(&legacy, &bootstrap)).unwrap();
    let (mut running, http, admin) = gateway(&path).await;
    to_modern(&admin).await;

    let (told, at) = watch::channel(http);
    let (answered, over) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            let (answered, over, at) = (Arc::clone(&answered), Arc::clone(&over), at.clone());
            tokio::spawn(async move {
                let mut turn = 0;
                while !over.load(Ordering::SeqCst) {
                    let (address, target) = (*at.borrow(), format!("/lots/L{}", turn % 5));
                    let reference = format!("{number}-{turn}");
                    let got = client::ask(address, "POST", &target, &[], reference).await;
                    // One without an answer may be executed or not; it is not sent again.
                    match got {
                        Ok(got) if got.status == 200 => {
                            answered.fetch_add(1, Ordering::SeqCst);
                        }
                        _ => tokio::time::sleep(Duration::from_millis(20)).await,
                    }
                    turn += 1;
                }
            })
        })
        .collect();
    for round in 1..=4 {
        let until = answered.load(Ordering::SeqCst) + ANSWERS;
        let waiting = async {
            while answered.load(Ordering::SeqCst) < until {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("writes go on after kill {}", round - 1));
        if round == 2 {
            kafka.kill().await.unwrap();
            (kafka, _) = broker(&logs, &bootstrap).await;
        } else {
            running.kill().await.unwrap();
            let (next, http, _) = gateway(&path).await;
            running = next;
            told.send_replace(http);
        }
    }
    over.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    let (mut new, mut old) = (executed(&config).await, booked(&legacy));
    let arriving = async {
        while new != old {
            tokio::time::sleep(Duration::from_millis(250)).await;
            (new, old) = (executed(&config).await, booked(&legacy));
        }
    };
    let arrived = tokio::time::timeout(PATIENCE, arriving).await.is_ok();
    let count: usize = new.values().map(Vec::len).sum();
    println!("{count} writes over 4 kills");
    assert!(count >= 4 * ANSWERS);
    assert!(
        arrived,
        "legacy's books and the service's differ:\n{old:?}\n{new:?}"
    );
    for references in old.values() {
        let once: BTreeSet<_> = references.iter().collect();
        assert_eq!(once.len(), references.len(), "no write was executed twice");
    }
    ending.begin();
    drop((running, kafka));
}
