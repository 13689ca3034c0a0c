//! Three gateways over one control log, flipped under load while one after the other is killed: what must be so in the end, whichever Kafka it is.
//!
//! In: where Kafka is, and how much is changed. Out: a [`Report`], or what is not as it must be: a request of a gateway that lives failed, a write came
//! twice, gateways disagree, or a write came to one side after the other side's first one and before the next flip.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use gateway::control::{Accepted, Change, Control, Refused};
use gateway::mode::Mode;
use gateway::route::Side;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::client::Client;
use super::rig::{PATIENCE, Rig, flip};
use super::stand::{Answer, Stand};

/// Clients of each gateway.
const CLIENTS: usize = 3;
/// Refusals that are none of a fault: somebody else was faster, or is at it.
const OVERTAKEN: [&str; 3] = ["held", "stale_version", "unchanged"];

/// How much is changed.
#[derive(Debug, Clone, Copy)]
pub struct Changes {
    /// Flips, of which two of three change sides.
    pub flips: usize,
    /// After so many a gateway is killed, and another comes in its place.
    pub killed_each: usize,
}

impl Changes {
    /// These, or as many flips as `FIGWAY_FLEET_FLIPS` says.
    ///
    /// # Errors
    /// That is no number.
    pub fn or_told(flips: usize, killed_each: usize) -> anyhow::Result<Self> {
        let flips = match std::env::var("FIGWAY_FLEET_FLIPS") {
            Ok(told) => told.parse().context("FIGWAY_FLEET_FLIPS")?,
            Err(_) => flips,
        };
        Ok(Self { flips, killed_each })
    }
}

/// What was done.
#[derive(Debug, Clone)]
pub struct Report {
    /// Flips that were made.
    pub flips: usize,
    /// Proposals that were refused because another was faster.
    pub overtaken: usize,
    /// Gateways that were killed.
    pub killed: usize,
    /// Writes whose clients have their answer.
    pub writes: usize,
    /// How often the side that was written changed.
    pub turns: usize,
    /// The longest flip.
    pub longest: Duration,
    /// The longest from a flip's answer until all gateways had it.
    pub heard: Duration,
    /// The hash that all came to.
    pub hash: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} flips, the longest in {:.0?}, heard by all within {:.0?}; {} overtaken; {} gateways killed; {} writes, each once, sides took {} turns; all end in {}",
            self.flips,
            self.longest,
            self.heard,
            self.overtaken,
            self.killed,
            self.writes,
            self.turns,
            self.hash
        )
    }
}

/// A gateway in a runtime of its own, so that it can be killed: nothing of it is done any more, and nothing is said.
struct Alone {
    rig: Rig,
    runtime: Option<Runtime>,
    clients: Vec<JoinHandle<anyhow::Result<()>>>,
}

impl Alone {
    async fn start(name: &str, text: &str, load: &Load) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let (named, text) = (name.to_owned(), text.to_owned());
        let starting = runtime.spawn(async move { Rig::named(&named, &text).await });
        let rig = starting.await??;
        let clients = (0..CLIENTS).map(|number| load.client(&rig, format!("{name}-{number}")));
        Ok(Self {
            clients: clients.collect(),
            rig,
            runtime: Some(runtime),
        })
    }

    fn control(&self) -> Control {
        self.rig.gateway().control().clone()
    }

    /// Ends it as a crash does. What its clients had asked last is not known.
    fn kill(mut self) -> usize {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        for client in &self.clients {
            client.abort();
        }
        self.clients.len()
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

/// Clients that write as fast as they are answered.
#[derive(Default)]
struct Load {
    over: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
}

impl Load {
    fn client(&self, rig: &Rig, name: String) -> JoinHandle<anyhow::Result<()>> {
        let (address, over, answered) = (
            rig.address(),
            Arc::clone(&self.over),
            Arc::clone(&self.answered),
        );
        tokio::spawn(async move {
            let mut client = Client::connect(address).await?;
            for turn in 0_u64.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let target = format!("/lots/L{}", turn % 20);
                let got = client
                    .ask("POST", &target, &[], format!("{name}-{turn}"))
                    .await?;
                ensure!(got.status == 200, "{}", got.text());
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        })
    }
}

async fn stand(side: Side, book: &Book) -> Stand {
    let book = Arc::clone(book);
    Stand::start(move |asked| {
        let reference = String::from_utf8_lossy(&asked.body).into_owned();
        if let Ok(mut book) = book.lock() {
            book.push((side, reference));
        }
        async { Answer::json("{\"booked\":true}") }
    })
    .await
}

fn config(bootstrap: &str, topic: &str, legacy: &Stand, modern: &Stand) -> String {
    format!(
        r#"
[kafka]
bootstrap = "{bootstrap}"
[control]
store = "kafka"
topic = "{topic}"
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
        legacy.url(),
        modern.url()
    )
}

async fn set(control: &Control, mode: Mode) -> Result<Accepted, Refused> {
    control.submit(flip("lots", Change::Set(mode))).await
}

/// Waits until all of them have folded the same, and nothing is held; the hash then.
async fn agree(fleet: &[Alone]) -> anyhow::Result<String> {
    let began = Instant::now();
    loop {
        let states: Vec<_> = fleet.iter().map(|one| one.control().state()).collect();
        let positions: Vec<_> = states.iter().map(|state| state.position()).collect();
        let held: usize = states.iter().map(|state| state.holds().count()).sum();
        if let Some(Some(first)) = positions.first()
            && held == 0
            && positions.iter().all(|position| *position == Some(*first))
        {
            return Ok(first.hash.to_string());
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "they do not agree: {positions:?}"
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Makes one change: by one gateway, or by two at once that do not know of each other.
async fn change(
    fleet: &[Alone],
    turn: usize,
    mode: Mode,
    report: &mut Report,
) -> anyhow::Result<()> {
    let gateway = |turn: usize| {
        let one = fleet.get(turn % fleet.len().max(1)).map(Alone::control);
        one.context("there is no gateway")
    };
    let (one, other) = (gateway(turn)?, gateway(turn + 1)?);
    let began = Instant::now();
    let outcomes = if turn.is_multiple_of(4) {
        let (first, second) = tokio::join!(set(&one, mode), set(&other, mode));
        vec![first, second]
    } else {
        vec![set(&one, mode).await]
    };
    let mut made = false;
    for outcome in outcomes {
        match outcome {
            Ok(_) => made = true,
            Err(refused) if OVERTAKEN.contains(&refused.code()) => report.overtaken += 1,
            Err(refused) => bail!("{refused}"),
        }
    }
    if !made {
        // It had not heard yet of the change before.
        agree(fleet).await?;
        set(&one, mode).await?;
    }
    report.longest = report.longest.max(began.elapsed());
    let told = Instant::now();
    agree(fleet).await?;
    report.heard = report.heard.max(told.elapsed());
    report.flips += 1;
    Ok(())
}

/// Flips a group of writes back and forth, and holds what came against what must be.
///
/// # Errors
/// Something is not so, or nothing can be started.
pub async fn flipped(bootstrap: &str, changes: Changes) -> anyhow::Result<Report> {
    let book = Book::default();
    let legacy = stand(Side::Legacy, &book).await;
    let modern = stand(Side::Modern, &book).await;
    let topic = format!("fleet.{}", Uuid::new_v4().simple());
    let text = config(bootstrap, &topic, &legacy, &modern);
    let load = Load::default();
    let mut fleet = Vec::new();
    for number in 1..=3 {
        fleet.push(Alone::start(&format!("gw-{number}"), &text, &load).await?);
    }
    let mut report = Report {
        flips: 0,
        overtaken: 0,
        killed: 0,
        writes: 0,
        turns: 0,
        longest: Duration::ZERO,
        heard: Duration::ZERO,
        hash: String::new(),
    };
    let (mut sides, mut unheard) = (0, 0);
    while report.flips < changes.flips {
        for mode in [Mode::Shadow, Mode::Modern, Mode::Legacy] {
            let turn = report.flips;
            change(&fleet, turn, mode, &mut report).await?;
            sides += usize::from(mode != Mode::Shadow);
        }
        if report.flips.is_multiple_of(changes.killed_each) {
            let last = fleet.pop().context("there is no gateway")?;
            unheard += last.kill();
            report.killed += 1;
            // Nobody has heard that it is gone: writes wait until its lease is over, and none fails.
            let turn = report.flips;
            change(&fleet, turn, Mode::Modern, &mut report).await?;
            change(&fleet, turn, Mode::Legacy, &mut report).await?;
            sides += 2;
            let name = format!("gw-{}", report.killed + 3);
            fleet.push(Alone::start(&name, &text, &load).await?);
        }
    }
    report.hash = agree(&fleet).await?;
    load.over.store(true, Ordering::Relaxed);
    for one in &mut fleet {
        for client in std::mem::take(&mut one.clients) {
            client.await??;
        }
    }
    let others = fleet
        .first()
        .map(|one| one.control().fleet().others().len());
    ensure!(
        others == Some(2),
        "who is there: {others:?} beside the first"
    );
    report.writes = load.answered.load(Ordering::Relaxed);
    let written = book.lock().map_err(|_| anyhow::anyhow!("a stand broke"))?;
    let mut executed = BTreeMap::<&str, usize>::new();
    let mut last = Side::Legacy;
    for (side, reference) in written.iter() {
        *executed.entry(reference).or_default() += 1;
        report.turns += usize::from(*side != last);
        last = *side;
    }
    let twice: Vec<_> = executed.iter().filter(|(_, times)| **times > 1).collect();
    ensure!(twice.is_empty(), "executed twice: {twice:?}");
    let all = executed.len();
    ensure!(
        all >= report.writes && all <= report.writes + unheard,
        "{all} writes executed, {} answered, {unheard} not heard of",
        report.writes
    );
    // Each flip moves the writes once: a side that is written while the other still is makes more turns than there were flips.
    ensure!(
        report.turns <= sides,
        "{} turns in {sides} changes of side",
        report.turns
    );
    Ok(report)
}
