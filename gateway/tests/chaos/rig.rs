//! A gateway in front of an origin that misbehaves, of nobody, and of somebody deaf.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gateway::config::Resolved;
use gateway::{Gateway, Options};
use ops::shutdown::Shutdown;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use super::fault::Place;
use super::ledger::Ledger;
use super::private::Trust;
use super::{origin, two};

/// Longer than anything takes, on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What gateways stand in front of.
pub(crate) struct Behind {
    pub(crate) origin: SocketAddr,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) trust: Trust,
    /// Its connections wait in the system's queue for ever.
    _deaf: TcpListener,
    /// The address of each place.
    at: Vec<(Place, SocketAddr)>,
}

impl Behind {
    pub(crate) async fn new() -> Self {
        let (ledger, trust) = (Arc::default(), Trust::new().await);
        let tls = || Some(Arc::clone(&trust.acceptor));
        let origin = origin::start(None, &ledger).await;
        let private = origin::start(tls(), &ledger).await;
        let two = two::start(None, &ledger).await;
        let two_private = two::start(tls(), &ledger).await;
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut at = Vec::new();
        for place in Place::ALL {
            let address = match place {
                Place::Patient | Place::Hasty => origin,
                Place::Down => free.local_addr().unwrap(),
                Place::Deaf => deaf.local_addr().unwrap(),
                Place::Private | Place::PrivateHasty => private,
                Place::Two | Place::TwoHasty | Place::Rough => two,
                Place::TwoPrivate => two_private,
                _ => trust.misfit(*place).await,
            };
            at.push((*place, address));
        }
        Self {
            origin,
            ledger,
            trust,
            _deaf: deaf,
            at,
        }
    }

    /// `version` changes what a reload takes up: routes come and go, and the patient backend has other settings and perhaps another address.
    pub(crate) fn text(&self, version: u64, patient: SocketAddr) -> String {
        let path = |name| self.trust.authority.path(name).display().to_string();
        let mut text = format!(
            r#"version = 1
revision = 1
[listen]
http = "127.0.0.1:0"
https = "127.0.0.1:0"
drain = "60s"
drain_idle = "60s"
[listen.tls]
handshake_timeout = "3s"
[[listen.certificates]]
certificate = "{}"
key = "{}"
[control]
store = "file"
directory = "var"
"#,
            path("gateway.pem"),
            path("gateway.key"),
        );
        for (place, address) in &self.at {
            text.push_str(&self.backend(*place, *address, version, patient));
            let name = place.path();
            for (kind, method, effect) in [("reads", "GET", "read"), ("writes", "POST", "write")] {
                text.push_str(&format!(
                    r#"[[routes]]
name = "{name}-{kind}"
match = {{ method = "{method}", path = "/{name}/{{*rest}}" }}
effect = "{effect}"
timeout = "60s"
legacy = "{name}"
"#
                ));
            }
        }
        for other in 0..version % 5 {
            text.push_str(&format!(
                "[[routes]]\nname = \"other-{other}\"\nmatch = {{ path = \"/other/{other}\" }}\neffect = \"read\"\nlegacy = \"hasty\"\n"
            ));
        }
        text
    }

    fn backend(&self, place: Place, at: SocketAddr, version: u64, patient: SocketAddr) -> String {
        let (name, mut at, mut idle) = (place.path(), at, 500);
        if place == Place::Patient {
            (at, idle) = (patient, 500 + version % 7);
        }
        let (scheme, tls) = match place {
            Place::Private
            | Place::PrivateHasty
            | Place::TwoPrivate
            | Place::Mute
            | Place::HalfHello
            | Place::Noise
            | Place::HangsUp
            | Place::Stranger => {
                let ca = self.trust.authority.path("ca.pem");
                ("https", format!("tls = {{ ca = \"{}\" }}\n", ca.display()))
            }
            _ => ("http", String::new()),
        };
        let protocol = match place {
            Place::Two | Place::TwoHasty | Place::TwoPrivate | Place::Rough => {
                "protocol = \"h2\"\n"
            }
            _ => "",
        };
        let patience = match place {
            Place::Patient | Place::Private | Place::Two | Place::TwoPrivate => {
                "retry = { tries = 5, budget = 100, always = 100000 }\n"
            }
            _ => {
                r#"connect_timeout = "400ms"
first_byte_timeout = "400ms"
body_timeout = "400ms"
retry = "never"
"#
            }
        };
        format!(
            "[backends.{name}]\nhttp = \"{scheme}://{at}\"\nidle = \"{idle}ms\"\neject = \"never\"\n{protocol}{patience}{tls}"
        )
    }
}

pub(crate) struct Rig {
    pub(crate) gateway: Gateway,
    pub(crate) shutdown: Shutdown,
    directory: TempDir,
}

impl Rig {
    pub(crate) async fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("routes.toml");
        std::fs::write(&path, text).unwrap();
        let resolved = Resolved::read(&path).unwrap_or_else(|faults| panic!("{faults}"));
        let shutdown = Shutdown::new();
        let gateway = Gateway::start(resolved, Options::default(), &shutdown)
            .await
            .unwrap();
        Self {
            gateway,
            shutdown,
            directory,
        }
    }

    /// As an editor does: a new file under the old name.
    pub(crate) fn write(&self, text: &str) {
        let fresh = self.directory.path().join("routes.toml.new");
        std::fs::write(&fresh, text).unwrap();
        std::fs::rename(fresh, self.directory.path().join("routes.toml")).unwrap();
    }

    /// The value of a metric without labels or with exactly these.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = self.gateway.app().metrics().encode().unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// What the backends say is under way.
    pub(crate) fn under_way(&self) -> usize {
        let snapshot = self.gateway.app().snapshot();
        let fleets = snapshot.backends().iter().filter_map(|one| one.fleet());
        fleets
            .flat_map(|fleet| fleet.endpoints)
            .map(|endpoint| endpoint.load)
            .sum()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.http()
    }

    /// Its door for TLS.
    pub(crate) fn private(&self) -> SocketAddr {
        self.gateway.https().unwrap()
    }
}

/// Waits until it is so, and says what is the matter if it never is.
pub(crate) async fn until(what: &str, mut so: impl FnMut() -> Result<(), String>) {
    let began = Instant::now();
    while let Err(still) = so() {
        assert!(began.elapsed() < PATIENCE, "{what}: {still}");
        sleep(Duration::from_millis(5)).await;
    }
}
