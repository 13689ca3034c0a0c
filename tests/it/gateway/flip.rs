//! Invariant 5 over a running flip: no request fails, and every write is executed exactly once, in one of the two systems.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gateway::mode::{Mode, Percent};
use tests::gateway::client::Client;
use tests::gateway::rig::Rig;
use tests::gateway::stand::{Answer, Stand};

const CLIENTS: usize = 16;
const EACH: usize = 625;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_requests_over_flips_back_and_forth_lose_and_double_nothing() {
    let book = |_| async { Answer::json("{\"booked\":true}") };
    let (legacy, modern) = (Stand::start(book).await, Stand::start(book).await);
    let rig = Rig::start(&format!(
        r#"
[backends.old]
http = "{}"
[backends.new]
http = "{}"
[groups.lots]
mode = "legacy"
back_sync = "none"
[[routes]]
name = "post"
group = "lots"
match = {{ method = "POST", path = "/lots/{{lot}}" }}
legacy = "old"
modern = "new"
canary_key = {{ path = "lot" }}
[[routes]]
name = "read"
group = "lots"
match = {{ method = "GET", path = "/lots/{{lot}}" }}
legacy = "old"
modern = "new"
canary_key = {{ path = "lot" }}
fallback = "legacy"
"#,
        legacy.url(),
        modern.url()
    ))
    .await
    .unwrap();

    let answered = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (address, answered) = (rig.address(), Arc::clone(&answered));
            tokio::spawn(async move {
                let mut client = Client::connect(address).await.unwrap();
                for turn in 0..EACH {
                    let reference = format!("{number}-{turn}");
                    let target = format!("/lots/L{}", turn % 50);
                    let (method, body) = if turn % 5 == 0 {
                        ("GET", String::new())
                    } else {
                        ("POST", reference)
                    };
                    let got = client.ask(method, &target, &[], body).await.unwrap();
                    assert_eq!(got.status, 200, "{}", got.text());
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();

    // Back and forth as fast as the log takes it, until the last request has its answer.
    let (mut flips, mut lost) = (0, 0);
    while answered.load(Ordering::Relaxed) < CLIENTS * EACH {
        assert!(
            clients.iter().filter(|client| client.is_finished()).count() < CLIENTS
                || answered.load(Ordering::Relaxed) == CLIENTS * EACH,
            "a client gave up"
        );
        for mode in [
            Mode::Shadow,
            Mode::Canary {
                percent: Percent::try_from(30).unwrap(),
            },
            Mode::Modern,
            Mode::Legacy,
        ] {
            let accepted = rig.set("lots", mode).await.unwrap();
            if mode == Mode::Legacy {
                lost += accepted.loss.map_or(0, |loss| loss.writes);
            }
            flips += 1;
        }
    }
    for client in clients {
        client.await.unwrap();
    }

    let mut executed = BTreeMap::<String, usize>::new();
    let mut sides = [0_u64, 0];
    for (side, stand) in [&legacy, &modern].into_iter().enumerate() {
        for asked in stand.seen() {
            if asked.method == "POST" {
                sides[side] += 1;
                let reference = String::from_utf8(asked.body.to_vec()).unwrap();
                *executed.entry(reference).or_default() += 1;
            }
        }
    }
    let writes = CLIENTS * (EACH - EACH / 5);
    assert_eq!(executed.len(), writes, "every write was executed");
    assert!(
        executed.values().all(|times| *times == 1),
        "no write was executed twice"
    );
    println!(
        "{flips} flips; writes on legacy {}, on modern {}",
        sides[0], sides[1]
    );
    assert!(
        flips >= 8 && sides[0] > 0 && sides[1] > 0,
        "{flips} {sides:?}"
    );

    // Whoever went back accepted a loss, and the numbers add up: those in the log, and those that came in while a flip was under way.
    let rest = rig.gateway().control().lacking("lots");
    assert_eq!(lost + rest.writes, sides[1], "{rest}");
}
