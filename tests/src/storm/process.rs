//! The programs that are killed: a gateway, and an instance of the service. Each runs in a process of its own and is told by its environment what it is.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use gateway::config::Resolved;
use gateway::{Gateway, Options};
use kafka::{KafkaConfig, Outgoing};
use ops::shutdown::Shutdown;
use service::{HandlerError, Order, Reply, Request, Service, ServiceConfig};
use uuid::Uuid;

use crate::killed::say;

/// The file of a gateway.
pub(super) const ROUTES: &str = "FIGWAY_TEST_STORM_ROUTES";
/// What an instance of the service is told: see [`Told`].
pub(super) const SERVICE: &str = "FIGWAY_TEST_STORM_SERVICE";
/// One of so many requests takes a while, so that kills fall into handlers too.
const SLOW: u128 = 50;

/// What an instance is told.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) bootstrap: String,
    pub(super) requests: String,
    pub(super) events: String,
    pub(super) instance: String,
}

impl Told {
    pub(super) fn to_text(&self) -> String {
        let Self {
            bootstrap,
            requests,
            events,
            instance,
        } = self;
        format!("{bootstrap}|{requests}|{events}|{instance}")
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('|').map(str::to_owned);
        Some(Self {
            bootstrap: parts.next()?,
            requests: parts.next()?,
            events: parts.next()?,
            instance: parts.next()?,
        })
    }
}

/// A gateway until it is killed; ends at once where nobody has told it its file. Says where it listens.
///
/// # Errors
/// It cannot start.
pub async fn gateway() -> anyhow::Result<()> {
    let Ok(path) = std::env::var(ROUTES) else {
        return Ok(());
    };
    let resolved =
        Resolved::read(Path::new(&path)).map_err(|faults| anyhow::anyhow!("{faults}"))?;
    let gateway = Gateway::start(resolved, Options::default(), &Shutdown::new()).await?;
    say(&gateway.http().to_string());
    std::future::pending().await
}

/// An instance of the service until it is killed; ends at once where nobody has told it what it is. Says `ready`.
///
/// # Errors
/// It cannot go on.
pub async fn service() -> anyhow::Result<()> {
    let Some(told) = std::env::var(SERVICE).ok().and_then(|it| Told::parse(&it)) else {
        return Ok(());
    };
    // A group of its own: Kafka gives a member of that name what its predecessor had, whatever it subscribes to (KIP-345).
    let group = told.requests.clone();
    let mut config = ServiceConfig::new(KafkaConfig::at(&told.bootstrap), told.requests, group);
    config.order = Order::Key { at_once: 8 };
    let events = told.events;
    let handle = move |request: Request| handle(request, events.clone());
    let service = Service::new(config.instance(told.instance), handle);
    let status = service.status();
    let readiness = async {
        while !status.is_ready() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        say("ready");
        std::future::pending::<()>().await;
    };
    let shutdown = Shutdown::new();
    tokio::select! {
        () = readiness => Ok(()),
        served = service.run(&shutdown) => Ok(served?),
    }
}

/// Says of each execution something else. A write leaves an event of what was said, a read nothing.
async fn handle(request: Request, events: String) -> Result<Reply, HandlerError> {
    let reference = String::from_utf8_lossy(&request.body).into_owned();
    let said = format!("{reference} {}", Uuid::new_v4());
    if request.id.as_u128().is_multiple_of(SLOW) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let reply = Reply::new(200, "text/plain", said.clone());
    Ok(match request.effect.as_deref() {
        Some("write") => reply.event(Outgoing::new(events, request.key, Some(Bytes::from(said)))),
        _ => reply.without_change(),
    })
}
