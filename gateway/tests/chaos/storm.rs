//! Faults of every kind at once, on both sides, through one gateway.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;
use tokio::time::timeout;

use super::client::{Asked, Client, Request};
use super::fault::{Chance, End, Fault};
use super::rig::{Behind, PATIENCE, Rig, until};
use super::setting;

const CLIENTS: u64 = 32;
/// Memory may differ so much after a tenth of a long storm and after all of it, in KiB.
const ALLOWANCE: u64 = 32 * 1024;

/// The next request of a client.
pub(crate) fn request(chance: &mut Chance, fault: Fault, id: String) -> Request {
    let usual = usize::try_from(chance.below(3000)).unwrap();
    Request {
        fault,
        id,
        post: fault == Fault::LeavesMidBody || chance.below(3) == 0,
        body: match fault {
            // More than the sockets on the way hold.
            Fault::StallUnread | Fault::Early | Fault::ResetUnread => 20 * usual,
            Fault::LeavesMidBody => 100 + usual,
            _ => usual,
        },
        // Halves of it are to be told from it.
        answer: 40
            + match fault {
                Fault::LeavesMidAnswer => 1 << 20,
                Fault::HalfBodyReset | Fault::Chunked | Fault::Slow => 30 * usual,
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

async fn client(number: u64, rig: Arc<Rig>, next: Arc<AtomicU64>, faults: u64, seed: u64) -> Ends {
    let mut client = Client::new(rig.address());
    let mut chance = Chance::new(seed.wrapping_add(number));
    let mut ends = Ends::new();
    loop {
        let turn = next.fetch_add(1, Ordering::Relaxed);
        if turn >= faults {
            return ends;
        }
        let fault = chance.fault();
        let request = request(&mut chance, fault, format!("~{turn}~"));
        let asked = timeout(PATIENCE, client.ask(&request)).await;
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
            _ => panic!("{request:?} ended as {asked:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_the_rest_goes_on_and_nothing_is_left() {
    let (faults, seed) = (
        setting("FIGWAY_CHAOS_FAULTS", 1_500),
        setting("FIGWAY_CHAOS_SEED", 1),
    );
    let behind = Behind::new().await;
    let rig = Arc::new(Rig::new(&behind.text(0, behind.origin)).await);
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let next = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            tokio::spawn(client(
                number,
                Arc::clone(&rig),
                Arc::clone(&next),
                faults,
                seed,
            ))
        })
        .collect();
    until("a tenth of the faults", || {
        let turn = next.load(Ordering::Relaxed);
        let enough = turn >= faults / 10 || clients.iter().any(|client| client.is_finished());
        if enough {
            Ok(())
        } else {
            Err(format!("{turn}"))
        }
    })
    .await;
    let early = resident();
    let mut ends = Ends::new();
    for client in clients {
        for (fault, counts) in client.await.unwrap() {
            for (end, count) in counts {
                *ends.entry(fault).or_default().entry(end).or_default() += count;
            }
        }
    }
    let late = resident();
    for ((fault, post), counts) in &ends {
        println!(
            "{fault:<18}{:<6}{counts:?}",
            if *post { "POST" } else { "GET" }
        );
    }
    println!("{faults} faults, seed {seed}; memory {early} to {late} KiB");

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
    until("tasks", || match tasks() {
        now if now <= before => Ok(()),
        now => Err(format!("{before} before, {now} now")),
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
    let mut sound = Client::new(rig.address());
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
