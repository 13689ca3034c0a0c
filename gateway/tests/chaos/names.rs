//! A backend whose name leads elsewhere while it is asked.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway::backend::http::Upstream;
use gateway::backend::http::resolve::Lookup;
use gateway::backend::{Ask, Attempt, Call as _};
use gateway::config::HttpSpec;
use gateway::message::{Interim, Payload};
use gateway::route::Effect;
use gateway::route::params::PathParams;
use tokio::net::TcpListener;
use tokio::time::Instant;
use uuid::Uuid;

use super::alone;
use super::ledger::Ledger;
use super::origin;
use super::rig::{PATIENCE, until};
use super::setting;

/// Says what it was last told.
#[derive(Debug, Clone)]
struct Names(Arc<Mutex<io::Result<Vec<SocketAddr>>>>);

impl Names {
    fn are(&self, answer: io::Result<Vec<SocketAddr>>) {
        *self.0.lock().unwrap() = answer;
    }
}

impl Lookup for Names {
    async fn lookup(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        match &*self.0.lock().unwrap() {
            Ok(addresses) => Ok(addresses.clone()),
            Err(error) => Err(error.kind().into()),
        }
    }
}

fn ask(number: u64) -> Ask {
    let path = format!("/patient/Fine/{number}/10");
    let request = http::Request::get(path).header("host", "erp.example");
    let (parts, ()) = request.body(()).unwrap().into_parts();
    Ask {
        parts,
        payload: Payload::Empty,
        id: Uuid::from_u128(number.into()),
        deadline: Instant::now() + PATIENCE,
        effect: Effect::Read,
        shadow: false,
        route: "r".into(),
        params: PathParams::default(),
        key: None,
        delivery: gateway::route::Delivery::default(),
        attempt: Attempt::First,
        peer: None,
        client: None,
        spelling: h1::Spelling::default(),
        interim: Interim::default(),
        back: None,
        promise: None,
    }
}

/// Waits for a hundred more requests, and for something else.
async fn more(asked: &AtomicU64, mut so: impl FnMut() -> Result<(), String>) {
    let before = asked.load(Ordering::SeqCst);
    until("requests while a name changes", || {
        match asked.load(Ordering::SeqCst) - before {
            more if more > 100 => so(),
            more => Err(format!("{more}")),
        }
    })
    .await;
}

#[test]
fn no_request_fails_while_a_name_leads_elsewhere() {
    alone(names_change());
}

async fn names_change() {
    let changes = setting("FIGWAY_CHAOS_CHANGES", 50) / 25;
    let mut origins = Vec::new();
    for _ in 0..2 {
        let ledger = Arc::<Ledger>::default();
        origins.push((origin::start(None, &ledger).await, ledger));
    }
    let names = Names(Arc::new(Mutex::new(Ok(vec![origins[0].0]))));
    let mut spec = HttpSpec::at("erp.example:80".parse().unwrap());
    spec.lookup = Duration::from_secs(1);
    let upstream = Arc::new(Upstream::with("erp".into(), &spec, names.clone()).unwrap());
    let asked = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (upstream, asked) = (Arc::clone(&upstream), Arc::clone(&asked));
            tokio::spawn(async move {
                loop {
                    let number = asked.fetch_add(1, Ordering::SeqCst);
                    let answer = upstream.call(Box::new(ask(number))).await.unwrap();
                    assert_eq!(answer.parts.status, 200);
                    answer.payload.gather(1 << 20).await.unwrap();
                }
            })
        })
        .collect();
    until("the first address", || match origins[0].1.requests() {
        0 => Err("nobody was asked".to_owned()),
        _ => Ok(()),
    })
    .await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = free.local_addr().unwrap();
    drop(free);
    for change in 1..=usize::try_from(changes).unwrap() {
        let (address, ledger) = &origins[change % 2];
        let (_, old) = &origins[(change + 1) % 2];
        // For a while nobody can say where it is: what is known goes on.
        for lost in [Err(io::ErrorKind::TimedOut.into()), Ok(Vec::new())] {
            names.are(lost);
            more(&asked, || Ok(())).await;
        }
        let before = ledger.requests();
        // Somebody has gone from there, or has not come yet.
        names.are(Ok(vec![nobody, *address]));
        more(&asked, || match ledger.requests() - before {
            more if more > 100 => Ok(()),
            more => Err(format!("{more} at the new address at change {change}")),
        })
        .await;
        names.are(Ok(vec![*address]));
        more(&asked, || match old.open() {
            0 => Ok(()),
            open => Err(format!("{open} are open to the old address")),
        })
        .await;
        assert!(clients.iter().all(|client| !client.is_finished()));
    }
    println!(
        "{} requests over {changes} changes of the address",
        asked.load(Ordering::SeqCst)
    );
    for client in clients {
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled(), "a request failed");
    }
}
