//! Reloads of the file, and gateways that take turns, while clients are busy: none of their requests fails.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::alone;
use super::client::{Asked, Client, Way};
use super::fault::{Chance, End, Fault};
use super::origin;
use super::rig::{Behind, PATIENCE, Rig, until};
use super::setting;
use super::storm::request;

const CLIENTS: u64 = 8;
/// Answers that need not fail, whatever happens to the gateway meanwhile.
const SOUND: [Fault; 4] = [Fault::Fine, Fault::Chunked, Fault::Slow, Fault::Interim];

/// Clients that ask until they are told to stop, where they are told to.
struct Busy {
    over: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
    clients: Vec<JoinHandle<u64>>,
}

impl Busy {
    fn start(places: &watch::Receiver<SocketAddr>) -> Self {
        let (over, asked) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let clients = (0..CLIENTS).map(|number| {
            let (over, asked) = (Arc::clone(&over), Arc::clone(&asked));
            tokio::spawn(busy(number, places.clone(), over, asked))
        });
        Self {
            clients: clients.collect(),
            over,
            asked,
        }
    }

    /// Waits until each client may have asked once more.
    async fn go_on(&self) {
        let before = self.asked.load(Ordering::SeqCst);
        until("requests while nothing changes", || {
            let more = self.asked.load(Ordering::SeqCst) - before;
            let dead = self.clients.iter().any(JoinHandle::is_finished);
            if more >= CLIENTS || dead {
                Ok(())
            } else {
                Err(format!("{more}"))
            }
        })
        .await;
    }

    /// How many requests were answered, and how many of them had to be sent again because a kept connection was closed over them.
    async fn end(self) -> (u64, u64) {
        self.over.store(true, Ordering::SeqCst);
        let mut again = 0;
        for client in self.clients {
            again += client.await.unwrap();
        }
        (self.asked.load(Ordering::SeqCst), again)
    }
}

async fn busy(
    number: u64,
    places: watch::Receiver<SocketAddr>,
    over: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
) -> u64 {
    let place = || *places.borrow();
    let mut client = Client::new(Way::plain(place()));
    let mut chance = Chance::new(number);
    let (mut turn, mut again) = (0_u64, 0);
    while !over.load(Ordering::SeqCst) {
        turn += 1;
        let fault = SOUND[usize::try_from(chance.below(4)).unwrap()];
        let request = request(&mut chance, fault, format!("~{number}:{turn}~"));
        loop {
            let at = place();
            client.moves(at);
            let ended = timeout(PATIENCE, client.ask(&request)).await;
            match ended.unwrap_or_else(|_| panic!("{request:?} hangs")) {
                Asked::Ended(End::Whole) => break,
                // Counted, and asked again: the ledger says whether the first had been passed on.
                Asked::Unheard { reused: true } => again += 1,
                // It was told of a gateway that has just gone, and of the next one since.
                Asked::Unheard { reused: false } if place() != at => {}
                other => panic!("{request:?} ended as {other:?}"),
            }
        }
        asked.fetch_add(1, Ordering::SeqCst);
    }
    again
}

#[test]
fn no_request_fails_while_the_file_changes() {
    alone(reloads());
}

async fn reloads() {
    let reloads = setting("FIGWAY_CHAOS_CHANGES", 50);
    let behind = Behind::new().await;
    let second_ledger = Arc::default();
    let second = origin::start(None, &second_ledger).await;
    let rig = Rig::new(&behind.text(0, behind.origin)).await;
    let (_kept, places) = watch::channel(rig.address());
    let busy = Busy::start(&places);
    for version in 1..=reloads {
        let patient = [behind.origin, second][usize::try_from(version % 2).unwrap()];
        rig.write(&behind.text(version, patient));
        until("a reload", || {
            match rig.metric("figway_reloads_total{result=\"installed\"}") {
                installed if installed >= version => Ok(()),
                installed => Err(format!("{installed} of {version} were installed")),
            }
        })
        .await;
        busy.go_on().await;
    }
    let (asked, again) = busy.end().await;
    println!("{asked} requests over {reloads} reloads; {again} were sent again");
    assert_eq!(again, 0, "a reload closes no client's connection");
    assert_eq!(rig.metric("figway_reloads_total{result=\"refused\"}"), 0);
    for ledger in [&behind.ledger, &second_ledger] {
        assert_eq!(ledger.twice(), Vec::<String>::new());
        assert!(ledger.requests() > 0, "both were asked");
    }
    assert!(rig.shutdown.drain(PATIENCE).await);
}

#[test]
fn no_request_fails_while_gateways_take_turns() {
    alone(turns());
}

async fn turns() {
    let turns = setting("FIGWAY_CHAOS_CHANGES", 50);
    let behind = Behind::new().await;
    let text = behind.text(0, behind.origin);
    let mut rig = Rig::new(&text).await;
    let (tell, places) = watch::channel(rig.address());
    let busy = Busy::start(&places);
    for turn in 1..=turns {
        busy.go_on().await;
        let next = Rig::new(&text).await;
        tell.send(next.address()).unwrap();
        let last = std::mem::replace(&mut rig, next);
        assert!(last.shutdown.drain(PATIENCE).await, "gateway {turn} ends");
    }
    let (asked, again) = busy.end().await;
    println!(
        "{asked} requests over {turns} gateways; {again} were lost with a kept connection that was closed over them"
    );
    assert_eq!(
        again, 0,
        "who asks in time on a kept connection is answered"
    );
    assert_eq!(behind.ledger.twice(), Vec::<String>::new());
    assert!(rig.shutdown.drain(PATIENCE).await);
    until("the origin's connections", || match behind.ledger.open() {
        0 => Ok(()),
        open => Err(format!("{open} are open")),
    })
    .await;
}
