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

use super::origin::{self, Ledger};

/// Longer than anything takes, on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What gateways stand in front of.
pub(crate) struct Behind {
    pub(crate) origin: SocketAddr,
    pub(crate) ledger: Arc<Ledger>,
    /// Its connections wait in the system's queue for ever.
    deaf: TcpListener,
    down: SocketAddr,
}

impl Behind {
    pub(crate) async fn new() -> Self {
        let (origin, ledger) = origin::start().await;
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            origin,
            ledger,
            deaf: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            down: free.local_addr().unwrap(),
        }
    }

    /// `version` changes what a reload takes up: routes come and go, and the patient backend has other settings and perhaps another address.
    pub(crate) fn text(&self, version: u64, patient: SocketAddr) -> String {
        let Self { origin, down, .. } = self;
        let deaf = self.deaf.local_addr().unwrap();
        let mut text = format!(
            r#"version = 1
revision = 1
[listen]
http = "127.0.0.1:0"
drain = "60s"
[control]
store = "file"
directory = "var"
[backends.patient]
http = "http://{patient}"
idle = "{}ms"
retry = {{ tries = 5, budget = 100, always = 100000 }}
eject = "never"
"#,
            500 + version % 7
        );
        for (name, address) in [("hasty", origin), ("down", down), ("deaf", &deaf)] {
            text.push_str(&format!(
                r#"[backends.{name}]
http = "http://{address}"
connect_timeout = "400ms"
first_byte_timeout = "400ms"
body_timeout = "400ms"
idle = "500ms"
retry = "never"
eject = "never"
"#
            ));
        }
        for name in ["patient", "hasty", "down", "deaf"] {
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

    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.http()
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
