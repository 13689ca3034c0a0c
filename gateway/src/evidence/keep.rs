//! Keeps evidence beside memory: on a compacted topic for the whole fleet, or in a file of a gateway without Kafka.
//!
//! In: [`Evidence`], whose routes that have changed are written every [`EVERY`], on request, and at the end; and what stands on the topic. Out: what other
//! gateways found, and what earlier runs of this one did, which it takes up. Each record is at most [`RECORD`] bytes, each round at most [`ROUND`]
//! of them. Kafka that is away is waited for: what is counted meanwhile is written later, whole. No request waits for anything here.

mod file;
mod topic;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ops::shutdown::Shutdown;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use self::file::File;
use self::topic::Topic;
use super::fleet::{Asked, Keeping};
use super::part::Key;
use super::{Clearing, Evidence, NotCleared};
use crate::control::{Control, Store};

/// How often what has changed is written.
pub const EVERY: Duration = Duration::from_secs(3);
/// The most bytes of a record's value; never more than three quarters of what the topic takes.
pub const RECORD: usize = 256 << 10;
/// The most records of a round.
pub const ROUND: usize = 100;
/// How long a run must have been silent before another one of the same gateway takes up what it has counted.
const QUIET: Duration = Duration::from_secs(10);
/// How long it may take until this gateway has read back that a route is cleared.
const READ_BACK: Duration = Duration::from_secs(10);

/// Why evidence cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("evidence cannot be kept: {0}")]
pub struct Unusable(String);

/// Where it is kept.
enum Kept {
    Topic(Topic),
    File(File),
}

/// Keeps the evidence of the gateway that `control` is of, where its control log is. Returns when what an earlier run has left in a file is taken up; what is on
/// a topic is read from then on. Runs until `shutdown`, and writes a last time when `all_found` comes.
///
/// # Errors
/// The topic has a setting that loses evidence.
pub(crate) async fn start(
    evidence: &Arc<Evidence>,
    control: &Control,
    shutdown: &Shutdown,
    all_found: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Unusable> {
    let (asks, asked) = mpsc::channel(8);
    let keeping = |store, others: bool| {
        // Not control itself: it has those who have the evidence.
        let (state, health) = (control.watch(), control.watch_health());
        Keeping {
            asks,
            signs: Box::new(move |key, gateway| state.borrow().signers().signs(key, gateway)),
            trouble: Box::new(move || {
                let health = health.borrow();
                let trouble = health.reach.trouble().filter(|_| others);
                trouble.map(|(_, why)| why.to_owned())
            }),
            store,
        }
    };
    let (gateway, run) = (control.gateway(), control.fleet().run());
    let kept = match control.store() {
        Store::File => {
            evidence.is_kept(gateway, run, keeping("file", false));
            let file = File::open(control, evidence).await;
            evidence.takes_up(&HashSet::new(), Duration::ZERO);
            Kept::File(file)
        }
        Store::Kafka { config, topic } => {
            evidence.is_kept(gateway, run, keeping("kafka", true));
            let topic = Topic::open(config, &format!("{topic}.evidence"), control).await?;
            topic.follow(evidence, shutdown);
            Kept::Topic(topic)
        }
    };
    let keeper = Keeper {
        evidence: Arc::clone(evidence),
        control: control.clone(),
        kept,
    };
    shutdown.spawn(keeper.run(asked, shutdown.token(), all_found));
    Ok(())
}

struct Keeper {
    evidence: Arc<Evidence>,
    control: Control,
    kept: Kept,
}

impl Keeper {
    async fn run(
        mut self,
        mut asked: mpsc::Receiver<Asked>,
        ending: CancellationToken,
        all_found: impl Future<Output = ()>,
    ) {
        loop {
            tokio::select! {
                () = ending.cancelled() => break,
                ask = asked.recv() => match ask {
                    Some(Asked::Clear(clearing, tell)) => self.clear(clearing, tell).await,
                    Some(Asked::Write(tell)) => {
                        self.write(usize::MAX).await;
                        // Whoever asked may have gone.
                        tell.send(()).ok();
                    }
                    None => break,
                },
                () = tokio::time::sleep(EVERY) => self.round().await,
            }
        }
        asked.close();
        all_found.await;
        self.write(usize::MAX).await;
    }

    async fn round(&mut self) {
        if let Kept::Topic(_) = self.kept
            && self.control.fleet().knows()
        {
            let others = self.control.fleet().others().into_iter();
            let there: HashSet<_> = others.map(|heard| heard.word.run).collect();
            self.evidence.takes_up(&there, QUIET);
        }
        self.write(ROUND).await;
    }

    /// Writes what has changed, at most so many routes; then says of earlier runs that are in it that they are no more.
    async fn write(&mut self, most: usize) {
        let found = self.evidence.to_write(most);
        let (gateway, done) = (self.control.gateway(), self.evidence.done_with());
        let done = done.into_iter().map(|(route, run)| Key::Part {
            route,
            gateway: gateway.to_owned(),
            run,
        });
        match &mut self.kept {
            Kept::Topic(topic) => topic.write(&self.evidence, found, done.collect()).await,
            Kept::File(file) => {
                let done = done.collect();
                file.write(&self.evidence, &self.control, found, done).await;
            }
        }
    }

    async fn clear(&mut self, clearing: Clearing, tell: oneshot::Sender<Result<(), NotCleared>>) {
        let mut result = Ok(());
        for route in &clearing.routes {
            result = self.clear_one(route, &clearing).await;
            if result.is_err() {
                break;
            }
            tracing::info!(
                route = &**route,
                who = clearing.who,
                why = clearing.why,
                change = clearing.change,
                "evidence cleared"
            );
        }
        // Whoever asked may have gone: it is cleared all the same.
        tell.send(result).ok();
    }

    async fn clear_one(&mut self, route: &Arc<str>, clearing: &Clearing) -> Result<(), NotCleared> {
        let cleared = self.evidence.clearing(route, clearing);
        let epoch = cleared.epoch;
        match &mut self.kept {
            Kept::Topic(topic) => topic.clear(&cleared).await?,
            Kept::File(file) => file.clear(&self.evidence, &self.control, cleared).await?,
        }
        let mut news = self.evidence.findings();
        let read_back = async {
            while self.evidence.epoch(route) < epoch {
                news.changed().await.ok();
            }
        };
        let waited = tokio::time::timeout(READ_BACK, read_back).await;
        waited.map_err(|_| NotCleared::Unknown("it was written and not read back in time".into()))
    }
}
