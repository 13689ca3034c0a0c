//! One gateway in the place of another on its folder, while clients are served.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use gateway::control::{Change, LossPolicy, Proposal};
use gateway::mode::Mode;
use gateway::{Begins, Gateway, StartError};
use ops::shutdown::Shutdown;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout};

use super::rig::{Line, Rig, rig_at, rig_with};

const ASK: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n";
const SWITCHED: &str =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(20);

/// A gateway that took over from the rig's.
struct Next {
    gateway: Gateway,
    shutdown: Shutdown,
}

async fn next(rig: &Rig) -> Next {
    let shutdown = Shutdown::new();
    let gateway = rig.another(Begins::TakingOver, &shutdown).await.unwrap();
    assert_eq!(gateway.http(), rig.address(), "it has its sockets");
    Next { gateway, shutdown }
}

/// A process that asks for everything and gets it, and then waits.
async fn asker(rig: &Rig) -> BufReader<UnixStream> {
    let stream = UnixStream::connect(rig.path("var/takeover.sock"))
        .await
        .unwrap();
    let mut stream = BufReader::new(stream);
    stream
        .write_all(b"{\"say\":\"take\",\"version\":1}\n")
        .await
        .unwrap();
    let mut line = String::new();
    timeout(PATIENCE, stream.read_line(&mut line))
        .await
        .expect("it answers")
        .unwrap();
    assert_eq!(line, "{\"say\":\"given\",\"names\":[\"clients\"]}\n");
    stream
}

/// A request and its answer on that connection.
async fn exchange(rig: &Rig, client: &mut Line, origin: &mut Option<Line>) -> String {
    client.send(ASK).await;
    if origin.is_none() {
        *origin = Some(rig.origin.accept().await);
    }
    let origin = origin.as_mut().unwrap();
    origin.head().await;
    origin.send(OK).await;
    client.until("\r\n\r\nok").await
}

fn is_locked(rig: &Rig, name: &str) -> bool {
    let file = File::open(rig.path("var").join(name)).unwrap();
    file.try_lock().is_err()
}

#[tokio::test]
async fn who_connects_waits_for_no_tunnel_of_the_gateway_before() {
    let rig = rig_with("read", "", "", "drain = \"60s\"").await;
    let mut tunnel = rig.client().await;
    tunnel.send(UPGRADE).await;
    let mut behind = rig.origin.accept().await;
    behind.head().await;
    behind.send(SWITCHED).await;
    tunnel.head().await;
    let next = next(&rig).await;
    timeout(PATIENCE, rig.shutdown.begun())
        .await
        .expect("the one before ends");

    let began = Instant::now();
    let (mut client, mut origin) = (rig.client().await, None);
    let answer = exchange(&rig, &mut client, &mut origin).await;
    assert!(!answer.contains("connection: close"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(10));
    let counted = next.gateway.app().metrics().encode().unwrap();
    let one = "figway_requests_total{route=\"all\",side=\"legacy\",status=\"2xx\"} 1";
    assert!(counted.contains(one), "{counted}");

    tunnel.send("ping").await;
    behind.until("ping").await;
    behind.send("pong").await;
    tunnel.until("pong").await;
    drop((tunnel, behind));
    assert!(rig.shutdown.drain(PATIENCE).await, "nothing else holds it");
    exchange(&rig, &mut client, &mut origin).await;
    assert!(next.shutdown.drain(PATIENCE).await);
}

#[tokio::test]
async fn a_gateway_whose_successor_dies_goes_on_and_can_be_taken_over_from_again() {
    let rig = rig_with("read", "", "", "").await;
    let (mut client, mut origin) = (rig.client().await, None);
    exchange(&rig, &mut client, &mut origin).await;
    for ready in [false, true] {
        let mut successor = asker(&rig).await;
        for file in ["control.log", "break-glass.jsonl"] {
            assert!(!is_locked(&rig, file), "{file} is the other's to take");
        }
        exchange(&rig, &mut client, &mut origin).await;
        if ready {
            successor.write_all(b"{\"say\":\"ready\"}\n").await.unwrap();
            let mut line = String::new();
            successor.read_line(&mut line).await.unwrap();
            assert_eq!(line, "{\"say\":\"yours\"}\n");
        }
        drop(successor);
        // It waits until the folder is here again.
        timeout(PATIENCE, rig.gateway.control().submit(flip(Mode::Retired)))
            .await
            .expect("it is decided")
            .unwrap_err();
        assert!(is_locked(&rig, "control.log") && is_locked(&rig, "break-glass.jsonl"));
        let answer = exchange(&rig, &mut client, &mut origin).await;
        assert!(!answer.contains("connection: close"), "{answer}");
        exchange(&rig, &mut rig.client().await, &mut origin).await;
    }
    let other = rig.another(Begins::Alone, &Shutdown::new()).await;
    assert!(matches!(other, Err(StartError::Control(_))), "{other:?}");

    let next = next(&rig).await;
    assert!(is_locked(&rig, "control.log"));
    exchange(&rig, &mut rig.client().await, &mut None).await;
    drop((client, origin));
    assert!(rig.shutdown.drain(PATIENCE).await);
    assert!(next.shutdown.drain(PATIENCE).await);
}

fn flip(mode: Mode) -> Proposal {
    Proposal {
        group: "all".to_owned(),
        change: Change::Set(mode),
        expected: None,
        who: "anna".to_owned(),
        why: "a test".to_owned(),
        reference: None,
        loss: LossPolicy::Refuse,
    }
}

const BOTH: &str = r#"
[backends.erp]
http = "ORIGIN"
[backends.new]
http = "ORIGIN"
"#;

#[tokio::test]
async fn a_flip_waits_until_no_request_begins_in_the_mode_before() {
    let tables = format!(
        r#"{BOTH}
[[routes]]
name = "all"
match = {{ path = "/{{*rest}}" }}
effect = "read"
legacy = "erp"
modern = "new"
"#
    );
    let rig = rig_at("2026-11-22T12:00:00Z", &tables).await;
    let (mut client, mut origin) = (rig.client().await, None);
    exchange(&rig, &mut client, &mut origin).await;
    let next = next(&rig).await;
    let control = next.gateway.control().clone();
    let flipped = tokio::spawn(async move { control.submit(flip(Mode::Modern)).await });
    timeout(PATIENCE, rig.shutdown.begun()).await.unwrap();
    // The connection of before is kept for a moment, and told.
    let answer = exchange(&rig, &mut client, &mut origin).await;
    assert!(answer.contains("connection: close"), "{answer}");
    let idle = rig.gateway.control().submit(flip(Mode::Modern)).await;
    let refused = idle.unwrap_err().to_string();
    assert!(
        refused.contains("another gateway has taken over"),
        "{refused}"
    );
    drop(client);
    timeout(PATIENCE, flipped)
        .await
        .expect("nobody can ask any more")
        .unwrap()
        .unwrap();
    assert_eq!(rig.gateway.app().metrics().connections().get(), 0);
    assert!(rig.shutdown.drain(PATIENCE).await);
    assert!(next.shutdown.drain(PATIENCE).await);
}

#[tokio::test]
async fn writes_that_end_at_the_gateway_before_are_counted_by_the_next() {
    let tables = format!(
        r#"{BOTH}
[[routes]]
name = "all"
match = {{ path = "/{{*rest}}" }}
effect = "write"
legacy = "erp"
modern = "new"
mode = "modern"
back_sync = "none"
"#
    );
    let rig = rig_at("2026-11-22T12:00:00Z", &tables).await;
    let mut client = rig.client().await;
    client.send(POST).await;
    let mut origin = rig.origin.accept().await;
    origin.until("hi").await;
    let next = next(&rig).await;
    timeout(PATIENCE, rig.shutdown.begun()).await.unwrap();
    assert_eq!(next.gateway.control().lacking("all").writes, 0);
    origin.send(OK).await;
    client.until("ok").await;
    assert!(rig.shutdown.drain(PATIENCE).await);
    let counted = async {
        while next.gateway.control().lacking("all").writes != 1 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, counted).await.expect("it was told");
    assert!(next.shutdown.drain(PATIENCE).await);
    assert_eq!(rig.read("var/writes.json"), r#"{"v":1,"writes":{"all":1}}"#);
}

#[tokio::test]
async fn no_connection_is_refused_or_lost_while_gateways_follow_one_another() {
    let mut rig = rig_with("write", "", "", "drain_idle = \"30s\"").await;
    let address = rig.address();
    let answers = tokio::spawn(super::rig::answers(rig.take_origin()));
    let enough = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut clients = Vec::new();
    for kept in [false, true, false, true] {
        let enough = Arc::clone(&enough);
        clients.push(tokio::spawn(async move {
            let mut asked = 0_u32;
            let mut longest = Duration::ZERO;
            let mut line: Option<Line> = None;
            while !enough.load(std::sync::atomic::Ordering::Relaxed) {
                let began = Instant::now();
                let mut client = match line.take() {
                    Some(client) => client,
                    None => Line::of(tokio::net::TcpStream::connect(address).await.unwrap()),
                };
                client.send(POST).await;
                let head = client.head().await;
                client.until("ok").await;
                asked += 1;
                longest = longest.max(began.elapsed());
                if kept && !head.contains("connection: close") {
                    line = Some(client);
                }
            }
            (asked, longest)
        }));
    }
    let (mut folder, mut shutdown) = (None, rig.shutdown.clone());
    for _ in 0..10 {
        let Next {
            gateway,
            shutdown: following,
        } = next(&rig).await;
        let last = std::mem::replace(&mut shutdown, following);
        folder = Some(gateway);
        assert!(last.drain(PATIENCE).await, "its clients have left it");
    }
    enough.store(true, std::sync::atomic::Ordering::Relaxed);
    for client in clients {
        let (asked, longest) = client.await.unwrap();
        println!("{asked} requests, the longest {longest:?}");
        assert!(asked > 0);
    }
    drop(folder);
    assert!(shutdown.drain(PATIENCE).await);
    answers.abort();
}
