//! Clients: so many requests in a second whatever becomes of them, and what each was told.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::ledger::{Told, Write};
use crate::gateway::client::{Client, Got};

/// Of how many things the requests are.
pub(super) const KEYS: u64 = 64;
/// One of so many requests reads.
const READS: u64 = 5;
/// The most requests under way; what comes beyond that is not begun.
const MOST: usize = 4_000;
/// Longer than the timeout of the routes, 6 s, by so much that it hangs.
const HANGS: Duration = Duration::from_secs(15);
/// What legacy says, which is asked where the service cannot be.
pub(super) const LEGACY: &str = "legacy";

/// What a gateway says of a request that it did not send.
const REFUSED: [&str; 5] = [
    "modern_unavailable",
    "modern_overloaded",
    "modern_not_written",
    "busy",
    "too_often",
];
/// What a gateway says of a request that may be executed.
const UNKNOWN: [&str; 3] = ["modern_timeout", "modern_unconfirmed", "modern_lost_reply"];

/// All that clients saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) writes: Vec<Write>,
    /// Reads that the service answered, that legacy answered, and that broke with their gateway.
    pub(super) reads: [usize; 3],
    /// How long answers of the service took.
    pub(super) times: Vec<Duration>,
    /// Requests that were not begun, as too many were under way.
    pub(super) skipped: u64,
    /// What must not be.
    pub(super) faults: Vec<String>,
}

impl Seen {
    /// By what they were told how many writes were not, or not known to be, done.
    pub(super) fn reasons(&self) -> BTreeMap<&str, usize> {
        let mut reasons = BTreeMap::new();
        for write in &self.writes {
            if let Told::Refused(reason) | Told::Unknown(reason) = &write.told {
                *reasons.entry(&**reason).or_default() += 1;
            }
        }
        reasons
    }
}

/// All clients.
#[derive(Debug)]
pub(super) struct Clients {
    gateways: watch::Receiver<Vec<SocketAddr>>,
    idle: Mutex<HashMap<SocketAddr, Vec<Client>>>,
    began: Instant,
    next: AtomicU64,
    seen: Mutex<Seen>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is done half-way under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clients {
    pub(super) fn new(gateways: watch::Receiver<Vec<SocketAddr>>) -> Self {
        Self {
            gateways,
            idle: Mutex::default(),
            began: Instant::now(),
            next: AtomicU64::new(0),
            seen: Mutex::default(),
        }
    }

    /// Everything they saw until now; they begin anew.
    pub(super) fn take_seen(&self) -> Seen {
        std::mem::take(&mut locked(&self.seen))
    }

    /// Asks one after the other that key of that gateway, or of any, until a write is done.
    pub(super) async fn until_done(&self, key: u64, gateway: Option<SocketAddr>) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(address) = gateway.or_else(|| self.address(number)) else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            if self.write(number, key % KEYS, address).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn address(&self, number: u64) -> Option<SocketAddr> {
        let gateways = self.gateways.borrow();
        let count = u64::try_from(gateways.len()).ok()?;
        let turn = usize::try_from(number.checked_rem(count)?).ok()?;
        gateways.get(turn).copied()
    }

    async fn one(&self) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(address) = self.address(number) else {
            return;
        };
        // Gateways, keys and kinds are to meet in all ways.
        let key = (number / 2) % KEYS;
        if (number / 2 / KEYS + number).is_multiple_of(READS) {
            self.read(key, address).await;
        } else {
            self.write(number, key, address).await;
        }
    }

    /// Whether the client was told that it is done.
    async fn write(&self, number: u64, key: u64, address: SocketAddr) -> bool {
        let (reference, key) = (format!("w{number}"), format!("L{key}"));
        let begun = self.began.elapsed();
        let told = match self.ask(address, "POST", &key, &reference).await {
            Answer::Came(got) if got.status == 200 => Told::Done(got.text()),
            Answer::Came(got) => {
                let code = code(&got);
                if REFUSED.contains(&&*code) {
                    Told::Refused(code)
                } else {
                    if !UNKNOWN.contains(&&*code) {
                        let fault = format!("{reference} was answered {} {code}", got.status);
                        locked(&self.seen).faults.push(fault);
                    }
                    Told::Unknown(code)
                }
            }
            Answer::Nobody => Told::Refused("nobody listened".to_owned()),
            Answer::Broke => Told::Unknown("the connection broke".to_owned()),
        };
        let ended = self.began.elapsed();
        let done = matches!(told, Told::Done(_));
        let mut seen = locked(&self.seen);
        if done {
            seen.times.push(ended.saturating_sub(begun));
        }
        seen.writes.push(Write {
            reference,
            key,
            begun,
            ended,
            told,
        });
        done
    }

    async fn read(&self, key: u64, address: SocketAddr) {
        let answer = self.ask(address, "GET", &format!("L{key}"), "").await;
        let mut seen = locked(&self.seen);
        let [service, legacy, broken] = &mut seen.reads;
        match answer {
            Answer::Came(got) if got.status == 200 && got.body == LEGACY => *legacy += 1,
            Answer::Came(got) if got.status == 200 => *service += 1,
            // Legacy stands in for whatever fails: that was promised.
            Answer::Came(got) => {
                let fault = format!("a read was answered {} {}", got.status, code(&got));
                seen.faults.push(fault);
            }
            Answer::Nobody | Answer::Broke => *broken += 1,
        }
    }

    async fn ask(&self, address: SocketAddr, method: &str, key: &str, body: &str) -> Answer {
        let idle = locked(&self.idle).get_mut(&address).and_then(Vec::pop);
        let mut client = match idle {
            Some(client) => client,
            None => match Client::connect(address).await {
                Ok(client) => client,
                Err(_) => return Answer::Nobody,
            },
        };
        let target = format!("/lots/{key}");
        let asking = client.ask(method, &target, &[], body.to_owned());
        match tokio::time::timeout(HANGS, asking).await {
            Ok(Ok(got)) => {
                let mut idle = locked(&self.idle);
                idle.entry(address).or_default().push(client);
                Answer::Came(got)
            }
            Ok(Err(_)) => Answer::Broke,
            Err(_) => {
                let fault = format!("{method} {target} {body} hung");
                locked(&self.seen).faults.push(fault);
                Answer::Broke
            }
        }
    }
}

enum Answer {
    Came(Got),
    /// Nothing was sent.
    Nobody,
    Broke,
}

/// The word for what went wrong in a problem of the gateway's.
fn code(got: &Got) -> String {
    let problem: Option<Value> = serde_json::from_slice(&got.body).ok();
    let code = problem.and_then(|problem| Some(problem.get("code")?.as_str()?.to_owned()));
    code.unwrap_or_else(|| format!("{} without a code", got.status))
}

/// Requests that go on until they are ended.
#[derive(Debug)]
pub(super) struct Load {
    ends: CancellationToken,
    running: JoinHandle<()>,
}

impl Load {
    /// Begins `rate` requests in a second.
    pub(super) fn start(clients: Arc<Clients>, rate: u32) -> Self {
        let ends = CancellationToken::new();
        let running = tokio::spawn(run(clients, rate, ends.clone()));
        Self { ends, running }
    }

    /// Begins none any more and waits for those under way.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        self.ends.cancel();
        Ok(self.running.await?)
    }
}

async fn run(clients: Arc<Clients>, rate: u32, ends: CancellationToken) {
    let (places, tasks) = (Arc::new(Semaphore::new(MOST)), TaskTracker::new());
    let mut ticks = tokio::time::interval(Duration::from_millis(2));
    let (began, mut begun) = (Instant::now(), 0_u64);
    while !ends.is_cancelled() {
        ticks.tick().await;
        let due = began.elapsed().as_millis() * u128::from(rate) / 1_000;
        let due = u64::try_from(due).unwrap_or(u64::MAX);
        while begun < due {
            begun += 1;
            match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    let clients = Arc::clone(&clients);
                    tasks.spawn(async move {
                        clients.one().await;
                        drop(place);
                    });
                }
                Err(_) => locked(&clients.seen).skipped += 1,
            }
        }
    }
    tasks.close();
    tasks.wait().await;
}
