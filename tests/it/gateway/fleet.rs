//! Several gateways over one control log: one state, and no write begins on one side while another gateway's still goes to the other.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use broker::{Broker, BrokerConfig, Storage};
use gateway::control::{Accepted, Change, Control, Refused};
use gateway::mode::{Mode, Percent};
use gateway::route::Side;
use tests::gateway::client::{self, Client};
use tests::gateway::rig::{PATIENCE, Rig, flip};
use tests::gateway::stand::{Answer, Stand};
use tokio::runtime::Runtime;

const FLIPS: usize = 50;

/// A gateway in a runtime of its own, so that it can be killed: nothing of it is done any more, and nothing is said.
struct Alone {
    rig: Rig,
    runtime: Option<Runtime>,
}

impl Alone {
    async fn start(name: &str, text: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (name, text) = (name.to_owned(), text.to_owned());
        let rig = runtime.spawn(async move { Rig::named(&name, &text).await.unwrap() });
        Self {
            rig: rig.await.unwrap(),
            runtime: Some(runtime),
        }
    }

    fn control(&self) -> Control {
        self.rig.gateway().control().clone()
    }

    fn kill(mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // A runtime may not end by itself where others wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Writes in the order in which they came, whichever side they came to.
type Book = Arc<Mutex<Vec<(Side, String)>>>;

async fn stand(side: Side, book: &Book) -> Stand {
    let book = Arc::clone(book);
    Stand::start(move |asked| {
        let reference = String::from_utf8(asked.body.to_vec()).unwrap();
        book.lock().unwrap().push((side, reference));
        async { Answer::json("{\"booked\":true}") }
    })
    .await
}

fn config(broker: &Broker, legacy: &Stand, modern: &Stand) -> String {
    format!(
        r#"
[kafka]
bootstrap = "{}"
[control]
store = "kafka"
directory = "state"
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
"#,
        broker.bootstrap(),
        legacy.url(),
        modern.url()
    )
}

async fn set(control: &Control, mode: Mode) -> Result<Accepted, Refused> {
    control.submit(flip("lots", Change::Set(mode))).await
}

/// Until all of them have folded the same, and nothing is held.
async fn agree(fleet: &[Control]) -> String {
    let began = Instant::now();
    loop {
        let states: Vec<_> = fleet.iter().map(Control::state).collect();
        let first = states[0].position().unwrap();
        if states
            .iter()
            .all(|state| state.position() == Some(first) && state.holds().count() == 0)
        {
            return first.hash.to_string();
        }
        assert!(began.elapsed() < PATIENCE, "{states:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_gateways_flip_writes_back_and_forth_and_no_two_sides_are_written_at_once() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let book = Book::default();
    let legacy = stand(Side::Legacy, &book).await;
    let modern = stand(Side::Modern, &book).await;
    let text = config(&broker, &legacy, &modern);
    let mut fleet = Vec::new();
    for name in ["gw-1", "gw-2", "gw-3"] {
        fleet.push(Alone::start(name, &text).await);
    }
    let (over, sent) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let clients: Vec<_> = (0..9_usize)
        .map(|number| {
            let address = fleet[number % 3].rig.address();
            let (over, sent) = (Arc::clone(&over), Arc::clone(&sent));
            tokio::spawn(async move {
                let mut client = Client::connect(address).await.unwrap();
                for turn in 0.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let target = format!("/lots/L{}", turn % 20);
                    let reference = format!("{number}-{turn}");
                    let got = client.ask("POST", &target, &[], reference).await;
                    // Only who asked the gateway that was killed hears nothing.
                    let Ok(got) = got else {
                        return Some(number);
                    };
                    assert_eq!(got.status, 200, "{}", got.text());
                    sent.fetch_add(1, Ordering::Relaxed);
                }
                None
            })
        })
        .collect();

    // From any of them, sometimes from two at once; after a while one is killed, and another comes in its place.
    let canary = Mode::Canary {
        percent: Percent::try_from(30).unwrap(),
    };
    let (mut flips, mut refused, mut sides) = (0, 0, 0);
    while flips < FLIPS {
        for mode in [Mode::Shadow, Mode::Modern, Mode::Legacy] {
            let one = fleet[flips % fleet.len()].control();
            let other = fleet[(flips + 1) % fleet.len()].control();
            let (first, second) = if flips % 4 == 0 {
                let (first, second) = tokio::join!(set(&one, mode), set(&other, mode));
                (first, Some(second))
            } else {
                (set(&one, mode).await, None)
            };
            let made = [Some(first), second].into_iter().flatten();
            let mut any = false;
            let all: Vec<_> = fleet.iter().map(Alone::control).collect();
            for outcome in made {
                match outcome {
                    Ok(_) => any = true,
                    Err(error) => {
                        let code = error.code();
                        assert!(
                            ["held", "stale_version", "unchanged"].contains(&code),
                            "{error}"
                        );
                        refused += 1;
                    }
                }
            }
            if !any {
                // Both had not heard yet of the change before.
                agree(&all).await;
                set(&one, mode).await.unwrap();
            }
            flips += 1;
            sides += usize::from(mode != Mode::Shadow);
        }
        if flips == 24 {
            let three = fleet.pop().unwrap();
            let told = Instant::now();
            three.kill();
            // Nobody has heard that it is gone: writes wait until its lease is over, and none fails.
            let control = fleet[0].control();
            set(&control, Mode::Modern).await.unwrap();
            set(&control, Mode::Legacy).await.unwrap();
            sides += 2;
            println!(
                "two flips after a gateway was killed took {:?}",
                told.elapsed()
            );
            fleet.push(Alone::start("gw-4", &text).await);
        }
    }
    over.store(true, Ordering::Relaxed);
    let mut unheard = Vec::new();
    for client in clients {
        unheard.extend(client.await.unwrap());
    }
    assert!(unheard.iter().all(|number| number % 3 == 2), "{unheard:?}");

    let controls: Vec<_> = fleet.iter().map(Alone::control).collect();
    let hash = agree(&controls).await;
    let names: Vec<_> = controls[0].fleet().others();
    assert_eq!(names.len(), 2, "{names:?}");
    // Every write once. Sides take turns: never a write on one while the other is still written.
    let book = book.lock().unwrap().clone();
    let mut executed = BTreeMap::<&str, usize>::new();
    let (mut turns, mut last) = (0, Side::Legacy);
    for (side, reference) in &book {
        *executed.entry(reference).or_default() += 1;
        turns += usize::from(*side != last);
        last = *side;
    }
    assert!(executed.values().all(|times| *times == 1));
    let sent = sent.load(Ordering::Relaxed);
    assert!(executed.len() >= sent && executed.len() <= sent + unheard.len());
    println!("{flips} flips, {refused} refused, {sent} writes, {turns} turns, all end in {hash}");
    assert!(
        turns <= sides && turns > 4,
        "{turns} turns in {sides} changes of side"
    );

    // A canary has keys on both sides, and each key on one.
    set(&controls[1], canary).await.unwrap();
    agree(&controls).await;
    drop(fleet);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_modes_grows_old_and_groups_do_as_they_say() {
    let topics = tempfile::tempdir().unwrap();
    let kept = |listen| {
        Broker::start(BrokerConfig {
            listen,
            storage: Storage::Directory(topics.path().to_owned()),
            ..BrokerConfig::default()
        })
        .unwrap()
    };
    let up = kept("127.0.0.1:0".parse().unwrap());
    let answer = |name: &'static str| move |_| async move { Answer::json(name) };
    let legacy = Stand::start(answer("legacy")).await;
    let modern = Stand::start(answer("modern")).await;
    let mut text = format!(
        "[kafka]\nbootstrap = \"{}\"\ntimeout = \"2s\"\n[control]\nstore = \"kafka\"\ndirectory = \"state\"\nmax_age = \"3s\"\n\
         [backends.old]\nhttp = \"{}\"\n[backends.new]\nhttp = \"{}\"\n",
        up.bootstrap(),
        legacy.url(),
        modern.url()
    );
    // Nothing said: reads go to legacy, and writes stay.
    for (name, method, more) in [
        ("read", "GET", ""),
        ("retired", "GET", ""),
        ("write", "POST", ""),
        ("refused", "POST", "when_stale = \"refuse\"\n"),
    ] {
        let mode = if name == "retired" {
            "retired"
        } else {
            "modern"
        };
        text += &format!(
            "[[routes]]\nname = \"{name}\"\nmatch = {{ method = \"{method}\", path = \"/{name}\" }}\nmode = \"{mode}\"\nback_sync = \"none\"\n\
             legacy = \"old\"\nmodern = \"new\"\n{more}"
        );
    }
    let rig = Rig::start(&text).await.unwrap();
    let answers = async |wanted: [&str; 4]| {
        let mut said = Vec::new();
        for (method, path) in [
            ("GET", "/read"),
            ("GET", "/retired"),
            ("POST", "/write"),
            ("POST", "/refused"),
        ] {
            let got = client::ask(rig.address(), method, path, &[], "")
                .await
                .unwrap();
            said.push(match got.status {
                200 => got.text(),
                status => {
                    assert!(got.text().contains("control_stale"), "{}", got.text());
                    status.to_string()
                }
            });
        }
        assert_eq!(said, wanted);
    };
    answers(["modern"; 4]).await;
    let address = up.address();
    up.shutdown().await.unwrap();
    answers(["modern"; 4]).await;
    let stale = |wanted: bool| {
        move |gateway: &gateway::Gateway| gateway.control().state().is_stale() == wanted
    };
    rig.until("it is too old", stale(true)).await.unwrap();
    answers(["legacy", "modern", "modern", "503"]).await;
    let up = kept(address);
    rig.until("it is known again", stale(false)).await.unwrap();
    answers(["modern"; 4]).await;
    up.shutdown().await.unwrap();
}
