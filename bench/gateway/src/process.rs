//! A program of the run, what it and its children have taken of the machine, and its end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Ends with its value.
pub struct Process {
    child: Child,
    id: u32,
}

impl Process {
    /// Starts it, and waits until it accepts connections at every one of these addresses.
    pub async fn start(
        program: &str,
        arguments: &[&str],
        settings: &[(&str, &str)],
        listens: &[SocketAddr],
    ) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {program}"))?;
        let started = Instant::now();
        for address in listens {
            while TcpStream::connect(address).await.is_err() {
                if let Some(status) = child.try_wait()? {
                    anyhow::bail!("{program} ended before it listened: {status}");
                }
                anyhow::ensure!(
                    started.elapsed() < Duration::from_secs(60),
                    "{program} does not listen at {address}"
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        let id = child.id().context("it has ended")?;
        Ok(Self { child, id })
    }

    /// What the scheduler gave it and its children so far, in nanoseconds.
    pub fn cpu(&self) -> anyhow::Result<u64> {
        let mut all = 0;
        for id in self.tree()? {
            for task in std::fs::read_dir(proc(id).join("task"))? {
                let stat = std::fs::read_to_string(task?.path().join("schedstat"))?;
                let spent = stat
                    .split_whitespace()
                    .next()
                    .context("a short schedstat")?;
                all += spent.parse::<u64>()?;
            }
        }
        Ok(all)
    }

    /// Memory of it and its children in KiB; what several share is divided among them.
    pub fn memory(&self) -> anyhow::Result<u64> {
        let mut all = 0;
        for id in self.tree()? {
            let rollup = std::fs::read_to_string(proc(id).join("smaps_rollup"))?;
            let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
            let kib = line.and_then(|line| line.split_whitespace().next());
            all += kib.context("no Pss")?.parse::<u64>()?;
        }
        Ok(all)
    }

    /// Its number and those of its children, and theirs.
    fn tree(&self) -> anyhow::Result<Vec<u32>> {
        let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for entry in std::fs::read_dir("/proc")? {
            let Ok(id) = entry?.file_name().to_string_lossy().parse::<u32>() else {
                continue;
            };
            // Others come and go.
            let Ok(stat) = std::fs::read_to_string(proc(id).join("stat")) else {
                continue;
            };
            // Its parent is field 4 of proc_pid_stat(5), the second after the name.
            let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
            let parent = after.split_whitespace().nth(1);
            let parent = parent.context("a short stat")?.parse()?;
            children.entry(parent).or_default().push(id);
        }
        let mut tree = vec![self.id];
        let mut next = 0;
        while let Some(id) = tree.get(next) {
            tree.extend(children.remove(id).unwrap_or_default());
            next += 1;
        }
        Ok(tree)
    }

    /// Ends it as an operator does, so that it ends its children.
    pub async fn end(mut self) -> anyhow::Result<()> {
        Command::new("kill")
            .arg(self.id.to_string())
            .status()
            .await?;
        match tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await {
            Ok(status) => drop(status?),
            Err(_) => self.child.kill().await?,
        }
        Ok(())
    }
}

fn proc(id: u32) -> std::path::PathBuf {
    Path::new("/proc").join(id.to_string())
}
