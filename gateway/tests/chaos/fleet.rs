//! Endpoints of one backend that fall ill and recover while they are asked: as long as one answers nobody notices, who is left alone comes
//! back, and a breaker closes again.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};

use gateway::backend::http::FleetState;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::client::{Asked, Client, Request, Way};
use super::fault::{Chance, End, Fault};
use super::ledger::{Asked as At, Ledger};
use super::origin::hold;
use super::rig::{PATIENCE, Rig, until};
use super::{alone, setting};

const CLIENTS: u64 = 8;

/// How an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Sound,
    /// It closes each connection as it comes.
    Gone,
    Resets,
    /// It says nothing.
    Hangs,
    Garbles,
    /// It says 503.
    Busy,
}

const MOODS: [Mood; 6] = [
    Mood::Sound,
    Mood::Gone,
    Mood::Resets,
    Mood::Hangs,
    Mood::Garbles,
    Mood::Busy,
];

/// An endpoint.
struct Endpoint {
    address: SocketAddr,
    mood: AtomicU8,
    answered: AtomicUsize,
}

impl Endpoint {
    async fn start(ledger: &Arc<Ledger>) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            mood: AtomicU8::new(0),
            answered: AtomicUsize::new(0),
        });
        let (listening, ledger) = (Arc::clone(&endpoint), Arc::clone(ledger));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (endpoint, open) = (Arc::clone(&listening), ledger.opened());
                tokio::spawn(async move {
                    let _gone = endpoint.serve(stream, &open.0).await;
                });
            }
        });
        endpoint
    }

    fn mood(&self) -> Mood {
        MOODS[usize::from(self.mood.load(Ordering::SeqCst))]
    }

    fn is(&self, mood: Mood) {
        let place = MOODS.iter().position(|one| *one == mood).unwrap();
        self.mood.store(place.try_into().unwrap(), Ordering::SeqCst);
    }

    async fn serve(&self, mut stream: TcpStream, ledger: &Ledger) -> io::Result<()> {
        let mut got = Vec::new();
        while self.mood() != Mood::Gone {
            let head = loop {
                if let Some(end) = got.windows(4).position(|four| four == b"\r\n\r\n") {
                    let rest = got.split_off(end + 4);
                    break String::from_utf8(std::mem::replace(&mut got, rest)).unwrap();
                }
                if stream.read_buf(&mut got).await? == 0 {
                    return Ok(());
                }
            };
            let asked = At::of_head(&head);
            ledger.came(&asked);
            let answer = match self.mood() {
                Mood::Gone => return Ok(()),
                Mood::Resets => return stream.set_zero_linger(),
                Mood::Hangs => return hold(stream).await,
                Mood::Garbles => b"no answer of anybody\r\n\r\n".to_vec(),
                Mood::Busy => {
                    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n".to_vec()
                }
                Mood::Sound => {
                    self.answered.fetch_add(1, Ordering::SeqCst);
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                        asked.length
                    );
                    [head.into_bytes(), asked.answer()].concat()
                }
            };
            stream.write_all(&answer).await?;
        }
        Ok(())
    }
}

/// The endpoints as one backend, with this besides.
fn text(endpoints: &[Arc<Endpoint>], besides: &str) -> String {
    let urls = endpoints
        .iter()
        .map(|endpoint| format!("\"http://{}\"", endpoint.address));
    let urls = urls.collect::<Vec<_>>().join(", ");
    let mut text = format!(
        r#"version = 1
[listen]
http = "127.0.0.1:0"
drain = "60s"
[control]
store = "file"
directory = "var"
[backends.fleet]
endpoints = [{urls}]
connect_timeout = "300ms"
first_byte_timeout = "300ms"
idle = "500ms"
eject = {{ failures = 3, pause = "50ms", longest = "200ms", most = 70 }}
{besides}
"#
    );
    for (method, effect) in [("GET", "read"), ("POST", "write")] {
        text.push_str(&format!(
            r#"[[routes]]
name = "{effect}s"
match = {{ method = "{method}", path = "/{{*rest}}" }}
effect = "{effect}"
timeout = "60s"
legacy = "fleet"
"#
        ));
    }
    text
}

/// What clients do, and what is expected of it.
#[derive(Default)]
struct Plan {
    over: AtomicBool,
    /// Somebody answers: no read may fail.
    sure: AtomicBool,
    asked: AtomicU64,
    refused: AtomicU64,
}

async fn client(mut client: Client, number: u64, plan: Arc<Plan>) {
    let mut chance = Chance::new(number);
    while !plan.over.load(Ordering::SeqCst) {
        let turn = plan.asked.load(Ordering::SeqCst);
        let request = Request {
            fault: Fault::Fine,
            id: format!("~{number}:{turn}:{}~", chance.below(u64::MAX)),
            post: chance.below(4) == 0,
            body: 0,
            answer: 100,
        };
        let sure = plan.sure.load(Ordering::SeqCst);
        let ended = timeout(PATIENCE, client.ask(&request)).await;
        let sure = sure && plan.sure.load(Ordering::SeqCst) && !request.post;
        match ended.unwrap_or_else(|_| panic!("{request:?} hangs")) {
            Asked::Ended(End::Whole) => {}
            Asked::Ended(End::Refused) if !sure => {
                plan.refused.fetch_add(1, Ordering::SeqCst);
            }
            other => panic!("{request:?} ended as {other:?}"),
        }
        plan.asked.fetch_add(1, Ordering::SeqCst);
    }
}

/// A busy gateway in front of endpoints.
struct Stage {
    rig: Rig,
    ledger: Arc<Ledger>,
    endpoints: Vec<Arc<Endpoint>>,
    plan: Arc<Plan>,
    clients: Vec<JoinHandle<()>>,
    chance: Chance,
    seed: u64,
}

impl Stage {
    async fn new(besides: &str) -> Self {
        let ledger = Arc::<Ledger>::default();
        let mut endpoints = Vec::new();
        for _ in 0..3 {
            endpoints.push(Endpoint::start(&ledger).await);
        }
        let rig = Rig::new(&text(&endpoints, besides)).await;
        let plan = Arc::<Plan>::default();
        let clients = (0..CLIENTS).map(|number| {
            let asks = Client::new(Way::plain(rig.address()));
            tokio::spawn(client(asks, number, Arc::clone(&plan)))
        });
        let seed = setting("FIGWAY_CHAOS_SEED", 1);
        Self {
            clients: clients.collect(),
            chance: Chance::new(seed),
            rig,
            ledger,
            endpoints,
            plan,
            seed,
        }
    }

    fn fleet(&self) -> FleetState {
        let snapshot = self.rig.gateway.app().snapshot();
        snapshot.backends()[0].fleet().unwrap()
    }

    fn pick(&mut self, end: u64) -> usize {
        usize::try_from(self.chance.below(end)).unwrap()
    }

    /// All but one fall ill, or all.
    fn sicken(&mut self, but: Option<usize>) {
        for place in 0..self.endpoints.len() {
            let ill = MOODS[1 + self.pick(5)];
            let sound = but == Some(place);
            self.endpoints[place].is(if sound { Mood::Sound } else { ill });
        }
    }

    /// Waits until so many more were asked; meanwhile somebody is always left.
    async fn more(&self, count: u64) {
        let before = self.plan.asked.load(Ordering::SeqCst);
        until("requests", || {
            let state = self.fleet().endpoints;
            let out = state.iter().all(|endpoint| endpoint.state == "ejected");
            assert!(!out, "nobody is left: {state:?}");
            let dead = self.clients.iter().any(JoinHandle::is_finished);
            match self.plan.asked.load(Ordering::SeqCst) - before {
                more if more >= count || dead => Ok(()),
                more => Err(format!("{more}")),
            }
        })
        .await;
    }

    /// All are well again, and each is asked.
    async fn recover(&self) {
        self.endpoints.iter().for_each(|one| one.is(Mood::Sound));
        for endpoint in &self.endpoints {
            let before = endpoint.answered.load(Ordering::SeqCst);
            until("an endpoint that recovered is asked", || {
                match endpoint.answered.load(Ordering::SeqCst) - before {
                    0 => Err(format!("seed {}: {:?}", self.seed, self.fleet())),
                    _ => Ok(()),
                }
            })
            .await;
        }
    }

    async fn end(self) {
        self.plan.over.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.await.unwrap();
        }
        assert_eq!(self.ledger.twice(), Vec::<String>::new());
        assert!(self.rig.shutdown.drain(PATIENCE).await);
        until("the endpoints' connections", || match self.ledger.open() {
            0 => Ok(()),
            open => Err(format!("{open}")),
        })
        .await;
    }
}

#[test]
fn one_endpoint_that_answers_is_enough_and_the_others_come_back() {
    alone(endpoints());
}

async fn endpoints() {
    let rounds = setting("FIGWAY_CHAOS_CHANGES", 50) / 5;
    let again =
        r#"retry = { tries = 3, status = [503], wait = "1ms", budget = 100, always = 100000 }"#;
    let mut stage = Stage::new(again).await;
    for round in 0..rounds {
        // Everybody, now and then.
        let sound = (round % 5 != 4).then(|| stage.pick(3));
        stage.sicken(sound);
        // Requests that are under way have met what was before.
        stage.more(CLIENTS).await;
        stage.plan.sure.store(sound.is_some(), Ordering::SeqCst);
        stage.more(5 * CLIENTS).await;
        stage.plan.sure.store(false, Ordering::SeqCst);
        stage.recover().await;
    }
    let state = stage.fleet();
    let ejected: u64 = state.endpoints.iter().map(|one| one.ejected).sum();
    println!(
        "{} requests while endpoints fell ill {rounds} times, seed {}: {} refused, {} tries more; {ejected} times one was left alone",
        stage.plan.asked.load(Ordering::SeqCst),
        stage.seed,
        stage.plan.refused.load(Ordering::SeqCst),
        state.retried,
    );
    assert!(ejected > 0);
    stage.end().await;
}

#[test]
fn a_breaker_that_opened_closes_when_its_backend_is_well() {
    alone(breaker());
}

async fn breaker() {
    let rounds = setting("FIGWAY_CHAOS_CHANGES", 50) / 10;
    let mut stage = Stage::new(
        r#"retry = "never"
breaker = { failures = 50, requests = 10, within = "1s", pause = "100ms", trials = 2 }"#,
    )
    .await;
    for _ in 0..rounds {
        stage.sicken(None);
        let refused = stage.fleet().refused;
        until("a breaker that opens", || match stage.fleet() {
            state if state.refused > refused => Ok(()),
            state => Err(format!("{state:?}")),
        })
        .await;
        stage.recover().await;
        until("a breaker that closes", || match stage.fleet() {
            state if state.breaker == Some("closed") => Ok(()),
            state => Err(format!("{state:?}")),
        })
        .await;
        stage.more(CLIENTS).await;
    }
    println!(
        "{} requests while all endpoints fell ill {rounds} times, seed {}: {} refused by the breaker",
        stage.plan.asked.load(Ordering::SeqCst),
        stage.seed,
        stage.fleet().refused,
    );
    stage.end().await;
}
