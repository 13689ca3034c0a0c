//! A gateway over a configuration a test writes, in a folder of its own, on port 0.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use gateway::admin::client::Client as Admin;
use gateway::config::Resolved;
use gateway::control::{Accepted, Change, LossPolicy, Proposal, Refused};
use gateway::mode::Mode;
use gateway::{Gateway, Options};
use ops::Secret;
use ops::shutdown::Shutdown;
use tempfile::TempDir;

/// What opens the admin API of every rig.
pub const TOKEN: &str = "a token of the tests";

/// How long anything a test waits for may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A gateway and its folder.
#[derive(Debug)]
pub struct Rig {
    folder: TempDir,
    /// Its name in the control log, if it is not the host's.
    name: Option<String>,
    running: Option<(Gateway, Shutdown)>,
}

impl Rig {
    /// Starts a gateway over `version = 1`, listeners on port 0, a control log in a file, and `rest`. A `rest` that has a `[control]` of
    /// its own gets no other.
    ///
    /// # Errors
    /// The configuration does not resolve, or the gateway cannot start.
    pub async fn start(rest: &str) -> anyhow::Result<Self> {
        Self::with(rest, &[]).await
    }

    /// The same with more files (name and text) beside the configuration.
    ///
    /// # Errors
    /// As [`Rig::start`].
    pub async fn with(rest: &str, files: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::made(None, rest, files).await
    }

    /// The same under that name in the control log.
    ///
    /// # Errors
    /// As [`Rig::start`].
    pub async fn named(name: &str, rest: &str) -> anyhow::Result<Self> {
        Self::made(Some(name.to_owned()), rest, &[]).await
    }

    async fn made(
        name: Option<String>,
        rest: &str,
        files: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text)?;
        }
        std::fs::write(folder.path().join("token"), TOKEN)?;
        let mut rig = Self {
            folder,
            name,
            running: None,
        };
        rig.write(rest)?;
        rig.again().await?;
        Ok(rig)
    }

    /// Writes the configuration anew, in one step, as an editor does. A running gateway takes it up by itself.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, rest: &str) -> anyhow::Result<()> {
        let control = if rest.contains("[control]") {
            ""
        } else {
            "[control]\nstore = \"file\"\ndirectory = \"state\"\n"
        };
        let revision = if rest.contains("revision =") {
            ""
        } else {
            "revision = 1\n"
        };
        // What stands before the first table belongs to the file as a whole.
        let (top, tables) = rest.split_at(rest.find('[').unwrap_or(rest.len()));
        let text = format!(
            "version = 1\n{revision}{top}\n[listen]\nhttp = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\ntoken = \"file:token\"\n{control}{tables}"
        );
        let next = self.folder.path().join("routes.toml.part");
        std::fs::write(&next, text)?;
        std::fs::rename(next, self.path())?;
        Ok(())
    }

    /// Starts the gateway anew in the same folder; the one that ran is ended first.
    ///
    /// # Errors
    /// As [`Rig::start`].
    pub async fn again(&mut self) -> anyhow::Result<()> {
        self.stop().await?;
        let resolved =
            Resolved::read(&self.path()).map_err(|faults| anyhow::anyhow!("{faults}"))?;
        let shutdown = Shutdown::new();
        let options = Options {
            name: self.name.clone(),
            ..Options::default()
        };
        let gateway = Gateway::start(resolved, options, &shutdown).await?;
        self.running = Some((gateway, shutdown));
        Ok(())
    }

    /// Ends the gateway in good order.
    ///
    /// # Errors
    /// It did not end in time.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        if let Some((_, shutdown)) = self.running.take() {
            anyhow::ensure!(shutdown.drain(PATIENCE).await, "the gateway did not end");
        }
        Ok(())
    }

    /// Its configuration.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("routes.toml")
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The gateway.
    ///
    /// # Panics
    /// It was stopped.
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        &self.running.as_ref().expect("the gateway runs").0
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.gateway().http()
    }

    /// Where the admin API is, as `http://host:port`.
    ///
    /// # Panics
    /// The configuration has none.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!(
            "http://{}",
            self.gateway().admin().expect("every rig has an admin API")
        )
    }

    /// A client of the admin API.
    ///
    /// # Errors
    /// None that a rig could cause.
    pub fn admin(&self) -> anyhow::Result<Admin> {
        Ok(Admin::new(&self.admin_url(), Some(Secret::new(TOKEN)))?)
    }

    /// Flips a group.
    ///
    /// # Errors
    /// Control refused.
    pub async fn set(&self, group: &str, mode: Mode) -> Result<Accepted, Refused> {
        self.gateway()
            .control()
            .submit(flip(group, Change::Set(mode)))
            .await
    }

    /// Waits until something is so.
    ///
    /// # Errors
    /// It did not come true in time.
    pub async fn until(
        &self,
        what: &str,
        mut so: impl FnMut(&Gateway) -> bool,
    ) -> anyhow::Result<()> {
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        tokio::time::timeout(PATIENCE, async {
            while !so(self.gateway()) {
                ticks.tick().await;
            }
        })
        .await
        .with_context(|| format!("waited for: {what}"))
    }
}

/// A proposal of the tests.
#[must_use]
pub fn flip(group: &str, change: Change) -> Proposal {
    Proposal {
        group: group.to_owned(),
        change,
        expected: None,
        who: "tester".to_owned(),
        why: "a test".to_owned(),
        reference: None,
        loss: LossPolicy::Accept,
    }
}
