//! A service that keeps scans: what does not fit into a record it reads from the store and writes there again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kafka::KafkaConfig;
use ops::shutdown::Shutdown;
use payload::Payloads;
use service::{
    Beyond, HandlerError, Large, LargeBody, Order, Reply, Request, Service, ServiceConfig,
};
use tokio::task::JoinHandle;

use super::{ENCODING, REQUESTS, paper, policy};
use crate::error::{Error, Kind, Result};

/// Larger bodies are not had whole.
const WHOLE: u64 = 64 << 10;
/// How long it may take to read and write a document.
const PATIENCE: Duration = Duration::from_secs(120);

/// A scan as it is kept: this service is for a tour, and ends with it.
#[derive(Clone)]
enum Kept {
    Small(Bytes),
    Large(LargeBody),
}

type Scans = Arc<Mutex<HashMap<String, Kept>>>;

/// The service, running.
#[derive(Debug)]
pub(super) struct Archive {
    shutdown: Arc<Shutdown>,
    task: JoinHandle<std::result::Result<(), service::Error>>,
}

impl Archive {
    pub(super) async fn start(kafka: &KafkaConfig) -> Result<Self> {
        let unusable = |error| Error::new(Kind::Config, "no store for scans").because(error);
        let payloads = kafka.payloads().map_err(unusable)?;
        let payloads =
            payloads.ok_or_else(|| Error::new(Kind::Config, "scans.toml names no store"))?;
        let mut config = ServiceConfig::new(kafka.clone(), REQUESTS, "scan-archive");
        config.partitions = Some(1);
        config.payloads = Some(payloads.clone());
        config.large = Large {
            whole: WHOLE,
            beyond: Beyond::Streamed,
        };
        config.replies = policy();
        config.order = Order::Key { at_once: 4 };
        config.handle_for = PATIENCE;
        let scans = Scans::default();
        let handler = move |request| handle(payloads.clone(), Arc::clone(&scans), request);
        let service = Service::new(config, handler);
        let status = service.status();
        let shutdown = Arc::new(Shutdown::new());
        let ending = Arc::clone(&shutdown);
        let mut task = tokio::spawn(async move { service.run(&ending).await });
        let ready = async {
            while !status.is_ready() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            () = ready => Ok(Self { shutdown, task }),
            _ = &mut task => Err(Error::new(Kind::Kafka, "the archive ended before it began")),
            () = tokio::time::sleep(PATIENCE) => Err(Error::new(Kind::Kafka, "the archive did not begin")),
        }
    }

    pub(super) async fn end(self) {
        self.shutdown.begin();
        drop(tokio::time::timeout(PATIENCE, self.task).await);
    }
}

async fn handle(
    payloads: Payloads,
    scans: Scans,
    request: Request,
) -> std::result::Result<Reply, HandlerError> {
    let path = request.path.clone().unwrap_or_default();
    let scans = || scans.lock().unwrap_or_else(PoisonError::into_inner);
    if request.method.as_deref() == Some("PUT") {
        let (kept, length, sha256) = match request.large {
            Some(large) => {
                let mut reader = large.open().await?;
                let mut length = 0;
                while let Some(data) = reader.next().await? {
                    length += u64::try_from(data.len()).unwrap_or(u64::MAX);
                }
                let sha256 = large.sha256();
                (Kept::Large(large), length, sha256)
            }
            None => {
                let about = payload::manifest(&request.body);
                (Kept::Small(request.body), about.length, about.sha256)
            }
        };
        scans().insert(path, kept);
        let told = format!("{length} {}", paper::hex(&sha256));
        return Ok(Reply::new(201, "text/plain", told));
    }
    let kept = scans().get(&path).cloned();
    match kept {
        None => Ok(Reply::new(404, "text/plain", "no such scan")),
        Some(Kept::Small(body)) => Ok(Reply::new(200, "image/jpeg", body)),
        Some(Kept::Large(large)) => {
            // A copy: its time begins now, and that of the request's is nearly over perhaps.
            let mut reader = large.open().await?;
            let mut writer = payloads.writer(ENCODING, large.length()).await?;
            while let Some(data) = reader.next().await? {
                writer.write(data).await?;
            }
            Ok(Reply::stored(200, "image/tiff", writer.finish().await?))
        }
    }
}
