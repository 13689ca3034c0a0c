//! A service behind Kafka and the gateways in front of it, all processes of their own, that are killed (`kill -9`) while clients write and read.
//!
//! In: a Kafka, the names of two ignored tests of the running test program that are the programs ([`gateway()`], [`service()`]), and how much and how long.
//! Out: a [`Report`] of two ledgers that agree, what clients were told and what the service did; or what does not. A write whose outcome
//! is not known is not asked for again: whether it was done is looked up at the end.

pub mod ledger;
mod load;
mod process;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use kafka::{Isolation, KafkaConfig, Reader, TopicSpec, Topics};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use self::ledger::{Count, Effect};
use self::load::{Clients, KEYS, LEGACY, Load, Seen};
pub use self::process::{gateway, service};
use crate::gateway::stand::{Answer, Stand};
use crate::killed::Process;

/// Nothing that is waited for takes longer, or it hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// How many instances of the service there are, and how many gateways.
const FLEET: usize = 2;
const PARTITIONS: i32 = 8;

/// How much, and how long.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Requests that are begun in a second.
    pub rate: u32,
    /// For how long.
    pub length: Duration,
    /// Which of the instances and gateways is killed, and when a little earlier or later.
    pub seed: u64,
}

impl Settings {
    /// Those, or what `FIGWAY_STORM_RATE`, `FIGWAY_STORM_SECONDS` and `FIGWAY_STORM_SEED` say.
    ///
    /// # Errors
    /// One of them is no number.
    pub fn or_told(rate: u32, seconds: u64) -> anyhow::Result<Self> {
        Ok(Self {
            rate: told("FIGWAY_STORM_RATE", rate)?,
            length: Duration::from_secs(told("FIGWAY_STORM_SECONDS", seconds)?),
            seed: told("FIGWAY_STORM_SEED", 6)?,
        })
    }

    /// What is killed when: an instance of the service every ten seconds, a gateway every thirty, in a short storm more often.
    fn blows(&self) -> Vec<(Duration, Blow)> {
        let mut dice = Dice(self.seed);
        let mut blows = Vec::new();
        for (most, share, blow) in [
            (10, 3, Blow::Service as fn(usize) -> Blow),
            (30, 1, Blow::Gateway),
        ] {
            let every = Duration::from_secs(most).min(self.length / share);
            let mut at = every / 2;
            while at < self.length {
                let which = usize::from(dice.below(2) == 1);
                // Up to a fifth later, so that kills do not come in step.
                let later = every / 100 * u32::try_from(dice.below(20)).unwrap_or(0);
                blows.push((at + later, blow(which)));
                at += every;
            }
        }
        blows.sort_by_key(|(at, _)| *at);
        blows
    }
}

fn told<T: std::str::FromStr>(name: &str, without: T) -> anyhow::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name} is {text:?}")),
        Err(_) => Ok(without),
    }
}

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    Service(usize),
    Gateway(usize),
}

/// SplitMix64: a storm is its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// The ignored tests that call [`gateway()`] and [`service()`], as the test program knows them.
#[derive(Debug, Clone, Copy)]
pub struct Programs {
    /// That of the gateway.
    pub gateway: &'static str,
    /// That of the service.
    pub service: &'static str,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// Writes, by both ledgers.
    pub writes: Count,
    /// Reads that the service answered.
    pub reads: usize,
    /// Reads that legacy answered in its place.
    pub fallbacks: usize,
    /// Kills of instances of the service.
    pub services_killed: usize,
    /// Kills of gateways.
    pub gateways_killed: usize,
    text: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Kills services and gateways under load, and holds the ledgers against each other.
///
/// # Errors
/// What was lost, doubled, told otherwise or hung.
pub async fn survive(
    kafka: &KafkaConfig,
    programs: Programs,
    settings: &Settings,
) -> anyhow::Result<Report> {
    let mut storm = Storm::start(kafka, programs, settings.rate).await?;
    let begun = Instant::now();
    for (at, blow) in settings.blows() {
        tokio::time::sleep_until(begun + at).await;
        match blow {
            Blow::Service(which) => storm.kill_service(which).await?,
            Blow::Gateway(which) => storm.kill_gateway(which).await?,
        }
    }
    tokio::time::sleep_until(begun + settings.length).await;
    storm.end().await
}

/// Takes Kafka away under load for a third of the time, and holds the ledgers against each other. Also how long it took from its return until
/// writes of all keys were done again.
///
/// # Errors
/// What was lost, doubled, told otherwise or hung; nobody writes any more.
pub async fn survive_outage(
    kafka: &KafkaConfig,
    programs: Programs,
    settings: &Settings,
    down: impl AsyncFnOnce() -> anyhow::Result<()>,
    up: impl AsyncFnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<(Report, Duration)> {
    let storm = Storm::start(kafka, programs, settings.rate).await?;
    tokio::time::sleep(settings.length / 3).await;
    down().await?;
    tokio::time::sleep(settings.length / 3).await;
    up().await?;
    let back = Instant::now();
    storm.answers().await?;
    let took = back.elapsed();
    tokio::time::sleep(settings.length / 3).await;
    Ok((storm.end().await?, took))
}

/// A storm that goes on until it is ended.
#[derive(Debug)]
pub struct Storm {
    kafka: KafkaConfig,
    programs: Programs,
    requests: String,
    events: String,
    folder: TempDir,
    _legacy: Stand,
    services: Vec<Process>,
    gateways: Vec<(Process, SocketAddr)>,
    addresses: watch::Sender<Vec<SocketAddr>>,
    clients: Arc<Clients>,
    load: Load,
    began: Instant,
    killed: [usize; 2],
}

impl Storm {
    /// Starts two instances of the service, two gateways, and the load.
    ///
    /// # Errors
    /// One of them does not start or does not answer.
    pub async fn start(kafka: &KafkaConfig, programs: Programs, rate: u32) -> anyhow::Result<Self> {
        let mark = Uuid::new_v4().simple().to_string();
        let (requests, events) = (format!("storm.{mark}"), format!("storm.{mark}.events"));
        let specs =
            [&requests, &events].map(|name| TopicSpec::new(name.as_str(), Some(PARTITIONS)));
        Topics::new(kafka).ensure(&specs).await?;
        let legacy = Stand::start(|_| async { Answer::bytes(LEGACY) }).await;
        let folder = tempfile::tempdir()?;
        let (addresses, known) = watch::channel(Vec::new());
        let clients = Arc::new(Clients::new(known));
        let mut services = Vec::new();
        for which in 0..FLEET {
            services.push(start_service(kafka, programs, &requests, &events, which)?);
        }
        for service in &mut services {
            ensure!(service.hear(PATIENCE).await? == "ready");
        }
        let mut gateways = Vec::new();
        for which in 0..FLEET {
            let own = folder.path().join(which.to_string());
            std::fs::create_dir(&own)?;
            std::fs::write(own.join("routes.toml"), routes(kafka, &requests, &legacy))?;
            gateways.push(start_gateway(programs, own).await?);
        }
        for (_, address) in &gateways {
            let answers = clients.until_done(0, Some(*address));
            tokio::time::timeout(PATIENCE, answers)
                .await
                .context("a gateway does not reach the service")?;
        }
        addresses.send_replace(gateways.iter().map(|(_, address)| *address).collect());
        let load = Load::start(Arc::clone(&clients), rate);
        Ok(Self {
            kafka: kafka.clone(),
            programs,
            requests,
            events,
            folder,
            _legacy: legacy,
            services,
            gateways,
            addresses,
            clients,
            load,
            began: Instant::now(),
            killed: [0; 2],
        })
    }

    /// Kills an instance of the service and starts it anew. Does not wait until it answers.
    ///
    /// # Errors
    /// There is none of that number, or it does not start.
    pub async fn kill_service(&mut self, which: usize) -> anyhow::Result<()> {
        let service = self.services.get_mut(which).context("no such instance")?;
        let (kafka, requests, events) = (&self.kafka, &self.requests, &self.events);
        // Dropping what was there kills it; waiting for its end comes first.
        service.kill().await?;
        *service = start_service(kafka, self.programs, requests, events, which)?;
        self.killed[0] += 1;
        Ok(())
    }

    /// Kills a gateway and starts it anew, where clients find it as soon as it listens.
    ///
    /// # Errors
    /// There is none of that number, or it does not start.
    pub async fn kill_gateway(&mut self, which: usize) -> anyhow::Result<()> {
        let (gateway, address) = self.gateways.get_mut(which).context("no such gateway")?;
        gateway.kill().await?;
        let folder = self.folder.path().join(which.to_string());
        let (process, new) = start_gateway(self.programs, folder).await?;
        let old = std::mem::replace(address, new);
        *gateway = process;
        self.addresses.send_modify(|all| {
            for address in all.iter_mut().filter(|address| **address == old) {
                *address = new;
            }
        });
        self.killed[1] += 1;
        Ok(())
    }

    /// Waits until a write that is asked for from now on is done, of each key.
    ///
    /// # Errors
    /// One is not, for too long.
    pub async fn answers(&self) -> anyhow::Result<()> {
        let all = (0..KEYS).map(|key| self.clients.until_done(key, None));
        tokio::time::timeout(PATIENCE, futures_util::future::join_all(all))
            .await
            .context("writes are not done any more")?;
        Ok(())
    }

    /// Ends the load, waits until all that is written is done, and judges.
    ///
    /// # Errors
    /// What does not agree.
    pub async fn end(self) -> anyhow::Result<Report> {
        let length = self.began.elapsed();
        self.load.end().await?;
        let mut seen = self.clients.take_seen();
        // What stands behind everything of its key is done, so all before it is.
        let all = (0..KEYS).map(|key| self.clients.until_done(key, None));
        tokio::time::timeout(PATIENCE, futures_util::future::join_all(all))
            .await
            .context("writes are not done any more")?;
        let last = self.clients.take_seen();
        seen.writes.extend(last.writes);
        seen.faults.extend(last.faults);
        for mut service in self.services {
            service.kill().await?;
        }
        for (mut gateway, _) in self.gateways {
            gateway.kill().await?;
        }
        let effects = effects(&self.kafka, &self.events).await?;
        let buried = Reader::new(&self.kafka)
            .read(&format!("{}.dlq", self.requests), Isolation::Committed)
            .await?;
        let mut faults = std::mem::take(&mut seen.faults);
        faults.extend((!buried.is_empty()).then(|| format!("{} dead letters", buried.len())));
        let judged = ledger::judge(&seen.writes, &effects);
        let writes = judged.unwrap_or_else(|more| {
            faults.extend(more);
            Count::default()
        });
        if !faults.is_empty() {
            let shown: Vec<_> = faults.iter().take(20).map(|fault| fault.as_str()).collect();
            let reasons = seen.reasons();
            anyhow::bail!("{} faults: {}\n{reasons:?}", faults.len(), shown.join("; "));
        }
        Ok(report(writes, seen, length, self.killed))
    }
}

fn report(writes: Count, mut seen: Seen, length: Duration, killed: [usize; 2]) -> Report {
    let [reads, fallbacks, broken] = seen.reads;
    let [services, gateways] = killed;
    let asked = seen.writes.len() + seen.reads.iter().sum::<usize>();
    let rate =
        asked.saturating_mul(1_000) / usize::try_from(length.as_millis()).unwrap_or(1).max(1);
    seen.times.sort_unstable();
    let at = |part: usize| {
        let time = seen.times.get(seen.times.len() * part / 100);
        time.copied().unwrap_or_default()
    };
    let text = format!(
        "{asked} requests in {length:.1?}, {rate} a second ({} more were not begun); {services} services and {gateways} gateways killed; {writes}; \
         {reads} reads, {fallbacks} answered by legacy, {broken} broken; done in {:.1?}, {:.1?} at the 99th percentile; {:?}",
        seen.skipped,
        at(50),
        at(99),
        seen.reasons(),
    );
    Report {
        writes,
        reads,
        fallbacks,
        services_killed: services,
        gateways_killed: gateways,
        text,
    }
}

async fn effects(kafka: &KafkaConfig, topic: &str) -> anyhow::Result<Vec<Effect>> {
    let events = Reader::new(kafka).read(topic, Isolation::Committed).await?;
    let text = |bytes: Option<Vec<u8>>| anyhow::Ok(String::from_utf8(bytes.context("empty")?)?);
    events
        .into_iter()
        .map(|event| {
            let said = text(event.value)?;
            let (reference, _) = said.split_once(' ').context("no reference")?;
            Ok(Effect {
                key: text(event.key)?,
                reference: reference.to_owned(),
                said,
            })
        })
        .collect()
}

fn start_service(
    kafka: &KafkaConfig,
    programs: Programs,
    requests: &str,
    events: &str,
    which: usize,
) -> anyhow::Result<Process> {
    let told = process::Told {
        bootstrap: kafka.bootstrap.clone(),
        requests: requests.to_owned(),
        events: events.to_owned(),
        instance: which.to_string(),
    };
    Process::start(programs.service, process::SERVICE, &told.to_text())
}

async fn start_gateway(
    programs: Programs,
    folder: PathBuf,
) -> anyhow::Result<(Process, SocketAddr)> {
    let path = folder.join("routes.toml").display().to_string();
    let mut process = Process::start(programs.gateway, process::ROUTES, &path)?;
    let address = process.hear(PATIENCE).await?.parse()?;
    Ok((process, address))
}

fn routes(kafka: &KafkaConfig, requests: &str, legacy: &Stand) -> String {
    format!(
        r#"version = 1
[listen]
http = "127.0.0.1:0"
[control]
store = "file"
directory = "state"
[kafka]
bootstrap = "{}"
timeout = "5s"
[backends.old]
http = "{}"
[backends.new.kafka]
requests = "{requests}"
replies = "{requests}.replies"
max_in_flight = 8000
[groups.lots]
mode = "modern"
back_sync = "none"
[[routes]]
name = "post"
group = "lots"
match = {{ method = "POST", path = "/lots/{{lot}}" }}
legacy = "old"
modern = "new"
canary_key = {{ path = "lot" }}
timeout = "6s"
[[routes]]
name = "get"
group = "lots"
match = {{ method = "GET", path = "/lots/{{lot}}" }}
legacy = "old"
modern = "new"
canary_key = {{ path = "lot" }}
fallback = "legacy"
timeout = "6s"
"#,
        kafka.bootstrap,
        legacy.url()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_thirty_seconds_kills_a_service_every_ten_and_a_gateway_every_thirty() {
        let settings = Settings {
            rate: 1,
            length: Duration::from_secs(30),
            seed: 1,
        };
        let blows = settings.blows();
        let of = |gateway: bool| {
            let count = blows
                .iter()
                .filter(|(_, blow)| matches!(blow, Blow::Gateway(_)) == gateway);
            count.count()
        };
        assert_eq!((of(false), of(true)), (3, 1));
        assert!(blows.iter().all(|(at, _)| *at < settings.length));
        assert_eq!(blows, settings.blows(), "the same each time");
    }
}
