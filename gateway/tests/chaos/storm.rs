//! Faults of every kind at once, on both sides, through one gateway.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway::tls::Connector;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::alone;
use super::client::{Asked, Client, Request, Way};
use super::client_two::ClientTwo;
use super::fault::{Chance, End, Fault, Place};
use super::knock::knock;
use super::rig::{Behind, PATIENCE, Rig, until};
use super::setting;

const CLIENTS: usize = 32;
/// Memory may differ so much after a tenth of a long storm and after all of it, in KiB.
const ALLOWANCE: u64 = 32 * 1024;

/// The next request of a client.
pub(crate) fn request(chance: &mut Chance, fault: Fault, id: String) -> Request {
    let usual = usize::try_from(chance.below(3000)).unwrap();
    Request {
        fault,
        id,
        post: matches!(fault, Fault::LeavesMidBody | Fault::LeavesConnection)
            || chance.below(3) == 0,
        body: match fault {
            _ if fault.place() == Place::Two && usual % 2 == 0 => 0,
            // More than the sockets on the way hold.
            Fault::StallUnread
            | Fault::Early
            | Fault::ResetUnread
            | Fault::TwoEarly
            | Fault::TwoResetUnread
            | Fault::TwoStallUnread
            | Fault::TwoGoesAwayNow => 20 * usual,
            Fault::LeavesMidBody | Fault::LeavesConnection => 100 + 20 * usual,
            _ => usual,
        },
        // Halves of it are to be told from it.
        answer: 40
            + match fault {
                Fault::LeavesMidAnswer | Fault::LeavesUntaken => 1 << 20,
                Fault::HalfBodyReset
                | Fault::Chunked
                | Fault::Slow
                | Fault::CutBody
                | Fault::TwoSlow
                | Fault::TwoTrailers
                | Fault::TwoResetBody => 30 * usual,
                _ => usual,
            },
    }
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

type Ends = BTreeMap<(&'static str, bool), BTreeMap<String, u64>>;

/// Somebody who asks.
enum Who {
    One(Client),
    Two(ClientTwo),
}

impl Who {
    /// Half of them over HTTP/2, four on a connection each; of either half a part over TLS.
    fn all(rig: &Rig, connector: &Arc<Connector>) -> Vec<Self> {
        let way = |private: bool| match private {
            true => Way {
                address: rig.private(),
                tls: Some(Arc::clone(connector)),
            },
            false => Way::plain(rig.address()),
        };
        let mut all = Vec::new();
        for number in 0..CLIENTS / 2 {
            all.push(Self::One(Client::new(way(number % 4 == 0))));
        }
        while all.len() < CLIENTS {
            let two = ClientTwo::new(way(all.len() % 8 == 0));
            all.extend((0..4).map(|_| Self::Two(two.clone())));
        }
        all
    }

    async fn ask(&mut self, request: &Request) -> Asked {
        match self {
            Self::One(client) => client.ask(request).await,
            Self::Two(client) => client.ask(request).await,
        }
    }
}

/// What all of them share.
struct Storm {
    rig: Rig,
    next: AtomicU64,
    faults: u64,
    seed: u64,
    hello: Vec<u8>,
    /// What ended otherwise than it may.
    wrong: Mutex<Vec<String>>,
}

async fn client(mut who: Who, number: u64, storm: Arc<Storm>) -> Ends {
    let mut chance = Chance::new(storm.seed.wrapping_add(number));
    let mut ends = Ends::new();
    loop {
        let turn = storm.next.fetch_add(1, Ordering::Relaxed);
        if turn >= storm.faults {
            return ends;
        }
        let fault = chance.fault();
        let request = request(&mut chance, fault, format!("~{turn}~"));
        let asked = timeout(PATIENCE, async {
            match knock(fault, storm.rig.private(), &storm.hello).await {
                Some(end) => Asked::Ended(end.unwrap()),
                None => who.ask(&request).await,
            }
        });
        let asked = asked.await;
        let asked = asked.unwrap_or_else(|_| panic!("{request:?} hangs"));
        match asked {
            Asked::Ended(end) if request.may(end) => {
                let end = format!("{end:?}");
                *ends
                    .entry((fault.name(), request.post))
                    .or_default()
                    .entry(end)
                    .or_default() += 1;
            }
            _ => {
                let mut wrong = storm.wrong.lock().unwrap();
                wrong.push(format!("{request:?} ended as {asked:?}"));
            }
        }
    }
}

#[test]
fn whatever_fails_the_rest_goes_on_and_nothing_is_left() {
    alone(storm());
}

/// Open descriptors of this process.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

async fn storm() {
    let behind = Behind::new().await;
    let storm = Arc::new(Storm {
        rig: Rig::new(&behind.text(0, behind.origin)).await,
        next: AtomicU64::new(0),
        faults: setting("FIGWAY_CHAOS_FAULTS", 2_500),
        seed: setting("FIGWAY_CHAOS_SEED", 1),
        hello: behind.trust.client_hello.clone(),
        wrong: Mutex::default(),
    });
    let Storm {
        rig,
        next,
        faults,
        seed,
        ..
    } = &*storm;
    let (faults, seed) = (*faults, *seed);
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = (tasks(), descriptors());
    let clients: Vec<_> = (0..)
        .zip(Who::all(rig, &behind.trust.connector))
        .map(|(number, who)| tokio::spawn(client(who, number, Arc::clone(&storm))))
        .collect();
    let mut memory = Vec::new();
    for tenth in 1..10 {
        // For as long as it takes: each of them has its own limit.
        while next.load(Ordering::Relaxed) < faults * tenth / 10
            && !clients.iter().any(JoinHandle::is_finished)
        {
            sleep(Duration::from_millis(5)).await;
        }
        memory.push(resident());
    }
    let mut ends = Ends::new();
    for client in clients {
        for (fault, counts) in client.await.unwrap() {
            for (end, count) in counts {
                *ends.entry(fault).or_default().entry(end).or_default() += count;
            }
        }
    }
    memory.push(resident());
    let (early, late) = (memory[0], memory[9]);
    for ((fault, post), counts) in &ends {
        println!(
            "{fault:<18}{:<6}{counts:?}",
            if *post { "POST" } else { "GET" }
        );
    }
    println!("{faults} faults, seed {seed}; memory after each tenth, in KiB: {memory:?}");

    let wrong = storm.wrong.lock().unwrap().join("\n");
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(
        behind.ledger.twice(),
        Vec::<String>::new(),
        "writes that came twice"
    );
    until("clients' connections", || {
        none("figway_connections", rig.metric("figway_connections"))
    })
    .await;
    until("the origin's connections", || {
        none("open", behind.ledger.open() as u64)
    })
    .await;
    until("tasks and descriptors", || match (tasks(), descriptors()) {
        now if now.0 <= before.0 && now.1 <= before.1 => Ok(()),
        now => Err(format!("{before:?} before, {now:?} now")),
    })
    .await;
    until("requests under way", || {
        none("under way", rig.under_way() as u64)
    })
    .await;
    // A short storm has not yet met every size of buffer.
    if faults >= 20_000 {
        assert!(
            late <= early + ALLOWANCE,
            "memory grew from {early} to {late} KiB"
        );
    }
    // And it still answers.
    let mut sound = Client::new(Way::plain(rig.address()));
    let request = request(&mut Chance::new(seed), Fault::Fine, "~last~".to_owned());
    assert_eq!(sound.ask(&request).await, Asked::Ended(End::Whole));
    drop(sound);
    assert!(rig.shutdown.drain(PATIENCE).await, "the gateway ends");
}

fn none(what: &str, left: u64) -> Result<(), String> {
    match left {
        0 => Ok(()),
        left => Err(format!("{left} {what}")),
    }
}
