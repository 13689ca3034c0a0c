//! A scanned batch document and a set of images, through a route and a topic and back: bodies that no record holds.
//!
//! In: a stage whose Kafka runs. Out: a step. A gateway of its own and an archive service share a store, encrypted with a key made for
//! the occasion. The client makes the pages as it sends them and hashes what comes back; nobody ever has a document in memory.

mod archive;
mod client;
mod memory;
mod paper;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use kafka::{Isolation, KafkaConfig, Reader};
use payload::Encoding;

use self::archive::Archive;
use self::client::{Answer, ask};
use self::memory::Watch;
use self::paper::Paper;
use crate::error::{Error, Kind, Result};
use crate::step::grouped;
use crate::tour::player::{Played, Player};
use crate::tour::strangle::RunningGateway;
use crate::tour::{Stage, milliseconds};

/// The topic of requests to the archive.
const REQUESTS: &str = "scan.requests";
/// Larger bodies go into the store.
const ABOVE: usize = 256 << 10;
/// What no record of the topic may reach, whatever is sent.
const RECORD: usize = 320 << 10;
/// How long the gateway may take to be given a partition of replies.
const PATIENCE: Duration = Duration::from_secs(30);
const IMAGES: u64 = 12;

/// How large the scans are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scans {
    /// The bytes of the batch document.
    pub document: u64,
    /// How much more memory the program may have meanwhile, in bytes; not looked at if none.
    pub memory: Option<u64>,
}

impl Scans {
    /// 200 MB through at most 64 MB.
    pub const FULL: Self = Self {
        document: 200_000_000,
        memory: Some(64_000_000),
    };
    /// For tests: 8 MB, in a program that does other things as well.
    pub const SMALL: Self = Self {
        document: 8_000_000,
        memory: None,
    };
}

impl Player<'_> {
    /// Sends the document and the images, and fetches them again.
    pub(super) async fn scans(&mut self) -> Result<()> {
        let title = self.begin("Scans too large for a topic");
        let played = played(self.stage).await;
        self.end(title, played)
    }
}

async fn played(stage: &Stage) -> Result<Played> {
    let gateway = free()?;
    let routes = written(&stage.folder, gateway, stage.kafka.bootstrap())?;
    let resolved = gateway_config(&routes)?;
    let archive = Archive::start(&resolved).await?;
    let running = RunningGateway::start(&routes, "demo-scans").await;
    let moved = match &running {
        Ok(_) => moved(stage.company.seed, stage.scans, gateway, &resolved).await,
        Err(_) => Ok(Played::default()),
    };
    archive.end().await;
    running?.end().await;
    moved
}

/// A document and images there and back.
async fn moved(
    seed: u64,
    scans: Scans,
    gateway: SocketAddr,
    kafka: &KafkaConfig,
) -> Result<Played> {
    let mut played = Played::new(format!(
        "a scanned batch document and {IMAGES} images sent through a route to a service behind the topic {REQUESTS}, and fetched again: \
         the same bytes, by their SHA-256. Records refer to objects in an encrypted folder; no record comes near the size of a scan"
    ));
    let first = Paper::new(seed, 0, 2_000);
    answered(gateway, &first).await?;
    let began = Instant::now();
    let watch = Watch::begin();
    let document = Paper::new(seed, 1, scans.document);
    let mut bytes = there_and_back(gateway, "batch", "image/tiff", &document, &mut played).await?;
    // From a thumbnail, which is in its record, to four megabytes.
    for image in 0..IMAGES {
        let length = 40_000 + image * 360_000;
        let paper = Paper::new(seed, 2 + image, length);
        let name = format!("page-{image}");
        bytes += there_and_back(gateway, &name, "image/jpeg", &paper, &mut played).await?;
    }
    let (grew, took) = (watch.end().await, began.elapsed());
    let records = Reader::new(kafka)
        .read(REQUESTS, Isolation::Committed)
        .await
        .map_err(|error| Error::new(Kind::Kafka, "the topic cannot be read").because(error))?;
    let largest = records.iter().map(|record| {
        let headers = record.headers.iter();
        let headers: usize = headers.map(|(name, value)| name.len() + value.len()).sum();
        headers + record.value.as_ref().map_or(0, Vec::len)
    });
    let largest = largest.max().unwrap_or_default();
    if largest > RECORD {
        let found = format!("a record of {REQUESTS} has {largest} bytes");
        played.findings.fail(found);
    }
    if let (Some(most), Some(grew)) = (scans.memory, grew)
        && grew > most
    {
        played.findings.fail(format!(
            "memory grew by {} bytes, and at most {} were wanted",
            grouped(grew),
            grouped(most)
        ));
    }
    played.figure("document", megabytes(scans.document));
    played.figure("moved there and back", megabytes(bytes));
    played.figure(
        "largest record",
        format!(
            "{} bytes",
            grouped(u64::try_from(largest).unwrap_or(u64::MAX))
        ),
    );
    if let Some(grew) = grew {
        played.figure("memory grew by", megabytes(grew));
    }
    played.figure("time", milliseconds(took));
    Ok(played)
}

/// Sends one and fetches it. How many bytes that moved.
async fn there_and_back(
    gateway: SocketAddr,
    name: &str,
    media: &'static str,
    paper: &Paper,
    played: &mut Played,
) -> Result<u64> {
    let path = format!("/scans/{name}");
    let (wanted, length) = (paper.sha256(), paper.length());
    let sent = ask(gateway, Method::PUT, &path, Some((media, paper.clone()))).await?;
    // What the service found it to be when it had read it.
    let told = format!("{length} {}", paper::hex(&wanted));
    if (sent.status, sent.text()) != (StatusCode::CREATED, told.as_str()) {
        let found = format!(
            "{name} was sent, and the archive says {} {}",
            sent.status,
            sent.text()
        );
        played.findings.fail(found);
    }
    let Answer {
        status,
        length: came,
        sha256,
        ..
    } = ask(gateway, Method::GET, &path, None).await?;
    if (status, came, sha256) != (StatusCode::OK, length, wanted) {
        let found = format!("{name} has {length} bytes; fetched: {status}, {came} bytes");
        played.findings.fail(found);
    }
    Ok(length + came)
}

/// Waits until the route answers.
async fn answered(gateway: SocketAddr, first: &Paper) -> Result<()> {
    let trying = async {
        loop {
            let body = Some(("image/jpeg", first.clone()));
            let answer = ask(gateway, Method::PUT, "/scans/first", body).await?;
            if answer.status == StatusCode::CREATED {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, trying).await;
    waited.unwrap_or_else(|_| {
        let message = format!("the archive did not answer within {} s", PATIENCE.as_secs());
        Err(Error::new(Kind::Http, message))
    })
}

fn free() -> Result<SocketAddr> {
    let failed = |error| Error::new(Kind::Http, "no free port on loopback").because(error);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    listener.local_addr().map_err(failed)
}

/// Writes `scans.toml` and the key that it refers to.
fn written(folder: &Path, gateway: SocketAddr, bootstrap: &str) -> Result<std::path::PathBuf> {
    let var = folder.join("var");
    std::fs::create_dir_all(&var).map_err(Error::io("create", &var))?;
    let key = var.join("payload.key");
    let secret = format!(
        "{}{}\n",
        uuid::Uuid::new_v4().simple(),
        uuid::Uuid::new_v4().simple()
    );
    crate::tour::strangle::secret(&key, &secret)?;
    let routes = folder.join("scans.toml");
    let text = format!(
        "version = 1\n\n[listen]\nhttp = \"{gateway}\"\n\n[kafka]\nbootstrap = \"{bootstrap}\"\n\n\
         [kafka.payload]\nfolder = \"var/payload\"\nkey = \"demo\"\nkeys = {{ demo = \"file:{}\" }}\n\n\
         [control]\nstore = \"file\"\ndirectory = \"var/scans\"\n\n\
         [backends.archive.kafka]\nrequests = \"{REQUESTS}\"\nreplies = \"scan.replies\"\n\
         payload = {{ above = \"{} KiB\", by = \"claim\" }}\n\n\
         [[routes]]\nname = \"scans\"\nmatch = {{ path = \"/scans/{{scan}}\" }}\neffect = \"idempotent\"\nmode = \"modern\"\n\
         back_sync = \"none\"\nmodern = \"archive\"\ntimeout = \"120s\"\n",
        key.display(),
        ABOVE >> 10,
    );
    std::fs::write(&routes, text).map_err(Error::io("write", &routes))?;
    Ok(routes)
}

/// How the gateway of that file reaches Kafka and the store: the service does so in the same way.
fn gateway_config(routes: &Path) -> Result<KafkaConfig> {
    let resolved = gateway::config::Resolved::read(routes).map_err(|faults| {
        Error::new(
            Kind::Config,
            format!("the demo's own scans.toml does not resolve: {faults}"),
        )
    })?;
    let none = || Error::new(Kind::Config, "the demo's own scans.toml has no [kafka]");
    resolved.kafka.ok_or_else(none)
}

/// How replies travel.
fn policy() -> payload::Policy {
    payload::Policy {
        compress_above: None,
        whole: ABOVE,
        above: payload::Above::Claim,
        most: u64::MAX,
    }
}

/// As objects of scans are written: what is scanned is compressed already.
const ENCODING: Encoding = Encoding::Identity;

fn megabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    format!("{}.{} MB", grouped(tenths / 10), tenths % 10)
}
