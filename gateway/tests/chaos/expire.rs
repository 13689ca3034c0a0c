//! Certificates of the gateway and of an origin that end while both are busy, and are renewed.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::alone;
use super::client::{Asked, Client, Request, Way};
use super::fault::{Chance, End, Fault};
use super::rig::{self, Behind, PATIENCE, Rig};
use super::storm::request;

/// Long enough to be seen while it holds.
const LIFE: Duration = Duration::from_secs(8);
const WHOLE: Asked = Asked::Ended(End::Whole);

/// Asks again and again, until this is how it ends.
async fn until<F: Future<Output = Asked>>(what: &str, wanted: Asked, ask: impl Fn() -> F) {
    let began = Instant::now();
    loop {
        let ended = ask().await;
        if ended == wanted {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{what}: {ended:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Asks on a connection that it keeps.
async fn stays(mut client: Client, number: u64, over: Arc<AtomicBool>, asked: Arc<AtomicU64>) {
    let mut chance = Chance::new(number);
    while !over.load(Ordering::SeqCst) {
        let turn = asked.fetch_add(1, Ordering::SeqCst);
        let request = request(&mut chance, Fault::Fine, format!("~{number}:{turn}~"));
        let ended = timeout(PATIENCE, client.ask(&request)).await;
        assert_eq!(ended.expect("it is answered"), WHOLE, "{request:?}");
    }
}

#[test]
fn who_is_in_stays_when_certificates_end_and_renewed_ones_let_others_in_again() {
    alone(certificates());
}

async fn certificates() {
    let behind = Behind::new().await;
    let trust = &behind.trust;
    trust.renew(Some(LIFE));
    trust.restart();
    let rig = Rig::new(&behind.text(0, behind.origin)).await;
    let door = |tls| Way {
        address: rig.private(),
        tls: Some(tls),
    };
    let (over, asked) = (Arc::default(), Arc::default());
    let staying = (0..4).map(|number| {
        // With a connection each, and never another one.
        let client = Client::new(door(trust.visitor()));
        tokio::spawn(stays(client, number, Arc::clone(&over), Arc::clone(&asked)))
    });
    let staying: Vec<_> = staying.collect();
    let visits = || {
        let mut client = Client::new(door(trust.visitor()));
        async move {
            let request = request(&mut Chance::new(1), Fault::Fine, "~visit~".to_owned());
            client
                .ask(&Request {
                    post: false,
                    ..request
                })
                .await
        }
    };
    // A connection of the gateway's to the origin for each.
    let behind_it = || {
        let mut client = Client::new(Way::plain(rig.address()));
        async move {
            let request = request(&mut Chance::new(1), Fault::PrivateOld, "~in~".to_owned());
            client
                .ask(&Request {
                    post: false,
                    ..request
                })
                .await
        }
    };
    assert_eq!(visits().await, WHOLE);
    assert_eq!(behind_it().await, WHOLE);
    let shut = Asked::Unheard { reused: false };
    until("the gateway's certificate ends", shut, visits).await;
    // Whoever knows a session goes on with it, until the origin forgets it.
    trust.restart();
    let refused = Asked::Ended(End::Refused);
    until("the origin's certificate is refused", refused, behind_it).await;

    trust.renew(None);
    trust.restart();
    until("the origin is asked again", WHOLE, behind_it).await;
    until("visitors come in again", WHOLE, visits).await;
    let so_far = asked.load(Ordering::SeqCst);
    rig::until("those who stayed go on", || {
        match asked.load(Ordering::SeqCst) - so_far {
            more if more > 10 => Ok(()),
            more => Err(format!("{more}")),
        }
    })
    .await;
    over.store(true, Ordering::SeqCst);
    for client in staying {
        client.await.unwrap();
    }
    println!(
        "{} requests while certificates ended",
        asked.load(Ordering::SeqCst)
    );
    assert!(rig.shutdown.drain(PATIENCE).await);
}
