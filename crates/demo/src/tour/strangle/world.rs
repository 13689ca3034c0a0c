//! Everything that runs while the routes are strangled, and how its clients speak to it.
//!
//! In: a stage. Out: answers of the gateway and, side by side, of the legacy stand-in asked directly.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kafka::{KafkaConfig, Topics};
use ops::shutdown::Shutdown;
use parsers::{Layout, Value};

use super::admin::Admin;
use super::client::{Answer, Ask, ask};
use super::folder::{Addresses, Files};
use super::running::{RunningCapture, RunningGateway, RunningService};
use crate::area::Area;
use crate::commarea::Terminal;
use crate::error::{Error, Kind, Result};
use crate::ledger::Posting;
use crate::legacy::{Legacy, Store};
use crate::lot_service::{self, Rounding};
use crate::tour::Stage;

/// Raw COMMAREAs.
const BYTES: &str = "application/octet-stream";

/// How the gateway is called in the control log.
pub(super) const GATEWAY: &str = "demo-gateway";

/// What runs.
#[derive(Debug)]
pub(crate) struct World {
    pub(super) folder: std::path::PathBuf,
    pub(super) kafka_is_ours: bool,
    pub(super) generation: u32,
    pub(super) business_day: crate::date::Day,
    pub(super) addresses: Addresses,
    pub(super) files: Files,
    pub(super) admin: Admin,
    pub(super) legacy: Legacy,
    legacy_shutdown: Shutdown,
    pub(super) kafka: KafkaConfig,
    stage_kafka: crate::tour::Kafka,
    pub(super) gateway: Option<RunningGateway>,
    pub(super) service: Option<RunningService>,
    pub(super) capture: Option<RunningCapture>,
    rounding: Arc<Mutex<Rounding>>,
    terminal: Terminal,
    pub(super) inquiry: Arc<Layout>,
    posting: Arc<Layout>,
    /// What the batch added up before anything was posted.
    pub(super) total: i128,
    /// Lots that are asked about, in the order of the unload.
    pub(super) lots: Vec<String>,
    /// How many references were given out.
    references: u64,
}

/// The most lots that are asked about in one step.
const LOTS: usize = 200;

impl World {
    /// Starts the legacy stand-in with that generation's records, and a gateway in front of it.
    pub(crate) async fn raise(stage: &Stage, generation: u32) -> Result<World> {
        let files = Files::of(&stage.folder);
        let addresses = Addresses::free()?;
        let bootstrap = stage.kafka.bootstrap();
        if !stage.kafka.is_ours() {
            nobody_played(&KafkaConfig::at(bootstrap)).await?;
        }
        let token = files.write(&addresses, bootstrap)?;
        let store = Store::of(stage.company, generation)?;
        let total = store.total_on_hand();
        let lots: Vec<String> = store.lots().take(LOTS).map(str::to_owned).collect();
        let terminal = Terminal::new()?;
        let shutdown = Shutdown::new();
        let legacy = Legacy::start(store, addresses.legacy, &shutdown)
            .await
            .map_err(|error| {
                Error::new(Kind::Http, "the legacy stand-in cannot start").because(error)
            })?;
        let gateway = RunningGateway::start(&files.routes(), GATEWAY).await?;
        Ok(World {
            folder: stage.folder.clone(),
            kafka_is_ours: stage.kafka.is_ours(),
            generation,
            business_day: stage.company.business_day(generation),
            admin: Admin {
                address: addresses.admin,
                token,
            },
            addresses,
            files,
            legacy,
            legacy_shutdown: shutdown,
            kafka: KafkaConfig::at(bootstrap),
            stage_kafka: stage.kafka.clone(),
            gateway: Some(gateway),
            service: None,
            capture: None,
            rounding: Arc::default(),
            terminal,
            inquiry: Area::LotiResponse.layout()?,
            posting: Area::LotuResponse.layout()?,
            total,
            lots,
            references: 0,
        })
    }

    /// Where everything listens.
    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// One inquiry through the gateway, which legacy must answer.
    pub(crate) async fn answers(&self) -> Result<()> {
        let lot = self.lots.first().map_or("", String::as_str);
        let answer = self.inquire(self.addresses.gateway, lot).await?;
        self.is_modern(&answer).map(|_| ())
    }

    /// Starts the lot service, and capture to go on with what appears in the folder.
    pub(crate) async fn modernise(&mut self) -> Result<()> {
        if self.capture.is_none() {
            let config = cdc::CaptureConfig::read(&self.folder.join("capture.toml"));
            let config = config.map_err(|faults| {
                Error::new(
                    Kind::Config,
                    format!("the demo's own configuration does not resolve: {faults}"),
                )
            })?;
            self.capture = Some(RunningCapture::start(config));
        }
        self.start_service().await
    }

    pub(crate) async fn start_service(&mut self) -> Result<()> {
        if self.service.is_none() {
            self.service = Some(RunningService::start(&self.kafka, &self.rounding).await?);
        }
        Ok(())
    }

    /// Plants a fault in the service's rounding, or mends it.
    pub(super) fn round(&self, rounding: Rounding) {
        *self.rounding.lock().unwrap_or_else(PoisonError::into_inner) = rounding;
    }

    /// The Kafka that may be stopped.
    pub(super) fn stage_kafka(&self) -> &crate::tour::Kafka {
        &self.stage_kafka
    }

    /// Ends everything it started.
    pub(crate) async fn close(self) {
        if let Some(gateway) = self.gateway {
            gateway.end().await;
        }
        if let Some(service) = self.service {
            service.end().await;
        }
        if let Some(capture) = self.capture {
            capture.end().await;
        }
        self.legacy_shutdown.drain(Duration::from_secs(5)).await;
    }

    /// LOTI, at the gateway or at legacy.
    pub(super) async fn inquire(&self, at: SocketAddr, lot: &str) -> Result<Answer> {
        let commarea = self.terminal.inquiry(lot)?;
        ask(at, Ask::post("/cics/LOTI", BYTES, commarea)).await
    }

    /// The bytes of an inquiry.
    pub(super) fn inquiry_of(&self, lot: &str) -> Result<Vec<u8>> {
        self.terminal.inquiry(lot)
    }

    /// The bytes of a posting.
    pub(super) fn commarea(&self, posting: &Posting) -> Result<Vec<u8>> {
        self.terminal.posting(posting)
    }

    /// LOTU, at the gateway or at legacy.
    pub(super) async fn post(&self, at: SocketAddr, posting: &Posting) -> Result<Answer> {
        let commarea = self.terminal.posting(posting)?;
        ask(at, Ask::post("/cics/LOTU", BYTES, commarea)).await
    }

    /// Who answered an inquiry, and with which return code.
    pub(super) fn inquired(&self, answer: &Answer) -> Result<(String, i128)> {
        read(&self.inquiry, answer, "LOTI-REGION", "LOTI-RETURN-CODE")
    }

    /// Who answered a posting, and with which return code.
    pub(super) fn posted(&self, answer: &Answer) -> Result<(String, i128)> {
        read(&self.posting, answer, "LOTU-REGION", "LOTU-RETURN-CODE")
    }

    /// Whether the new service answered that inquiry; an answer of anything but success is an error.
    pub(super) fn is_modern(&self, answer: &Answer) -> Result<bool> {
        let (region, code) = self.inquired(answer)?;
        match (region.as_str(), code) {
            (lot_service::REGION, 0 | 4) => Ok(true),
            (crate::legacy::REGION, 0 | 4) => Ok(false),
            _ => Err(Error::new(
                Kind::Http,
                format!("an inquiry came back with return code {code} from {region}"),
            )),
        }
    }

    /// A posting nobody made before: a thousandth of that lot is used.
    pub(super) fn usage(&mut self, lot: &str) -> Posting {
        self.references += 1;
        Posting {
            reference: format!("DEMO-{:08}", self.references),
            lot: lot.to_owned(),
            action: "U".to_owned(),
            quantity: 1,
        }
    }

    /// Released lots with something on hand, as legacy has them.
    pub(super) fn usable(&self) -> Vec<String> {
        let usable = |lot: &&String| {
            self.legacy.with(|store| {
                store
                    .usable(lot)
                    .is_some_and(|on_hand| on_hand.unscaled > 10_000)
            })
        };
        self.lots.iter().filter(usable).cloned().collect()
    }
}

/// A control log and topics that others wrote to are not the tour's to write to.
async fn nobody_played(kafka: &KafkaConfig) -> Result<()> {
    let topics = ["figway.control", lot_service::REQUESTS, lot_service::EVENTS];
    let known = Topics::new(kafka)
        .partitions_of(topics.map(str::to_owned))
        .await
        .map_err(|error| Error::new(Kind::Kafka, "could not look for topics").because(error))?;
    match known.keys().next() {
        None => Ok(()),
        Some(topic) => Err(Error::new(
            Kind::Kafka,
            format!(
                "topic {topic} is there already: an earlier demo? delete it, or use another Kafka"
            ),
        )),
    }
}

fn read(layout: &Layout, answer: &Answer, region: &str, code: &str) -> Result<(String, i128)> {
    let wrong = || {
        Error::new(
            Kind::Http,
            format!(
                "status {}, and a body of {} bytes that is no {}",
                answer.status,
                answer.body.len(),
                layout.name()
            ),
        )
    };
    let record = layout.decode(&answer.body).map_err(|_| wrong())?;
    match (record.values.get(region), record.values.get(code)) {
        (Some(Value::Text(region)), Some(Value::Number(code))) => {
            Ok((region.clone(), code.unscaled))
        }
        _ => Err(wrong()),
    }
}
