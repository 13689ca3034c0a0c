//! A gateway over a given configuration, in this process, on a port the system gives.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use gateway::config::Resolved;
use gateway::{Gateway, Options};
use ops::shutdown::Shutdown;
use tempfile::TempDir;

/// A running gateway with a folder of its own. Ends when dropped; [`Running::stop`] waits for it.
#[derive(Debug)]
pub struct Running {
    gateway: Gateway,
    shutdown: Shutdown,
    folder: TempDir,
}

impl Running {
    /// Starts a gateway over `routes`, which stands in a new folder together with `files` (name and text). Addresses in it should
    /// have port 0.
    ///
    /// # Errors
    /// The configuration has faults, or the gateway cannot start.
    pub async fn start(routes: &str, files: &[(&str, &str)]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text)?;
        }
        std::fs::write(folder.path().join("routes.toml"), routes)?;
        Self::over(folder).await
    }

    /// Starts one over the `routes.toml` of a folder, as after a restart.
    ///
    /// # Errors
    /// As [`Running::start`].
    pub async fn over(folder: TempDir) -> anyhow::Result<Self> {
        let path = folder.path().join("routes.toml");
        let resolved =
            Resolved::read(&path).map_err(|faults| anyhow::anyhow!("the file: {faults}"))?;
        let shutdown = Shutdown::new();
        let gateway = Gateway::start(resolved, Options::default(), &shutdown)
            .await
            .context("starting the gateway")?;
        Ok(Self {
            gateway,
            shutdown,
            folder,
        })
    }

    /// Where clients connect.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.gateway.http()
    }

    /// The gateway itself.
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Its folder, with `routes.toml`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends it and gives its folder back, for a restart.
    ///
    /// # Errors
    /// It did not end in time.
    pub async fn stop(self) -> anyhow::Result<TempDir> {
        let Self {
            shutdown, folder, ..
        } = self;
        anyhow::ensure!(
            shutdown.drain(Duration::from_secs(20)).await,
            "the gateway did not end in time"
        );
        Ok(folder)
    }
}
