//! One run: the origin, both proxies, alternating rounds, and the table of figures.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::load::{self, Ask};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 3;
/// By how much memory may differ from one moment to the next without having grown, in KiB: the allocator keeps pages.
const ALLOWANCE: u64 = 2 * 1024;

/// A process of the run; ends with it.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    async fn start(program: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {program}"))?;
        let out = child.stdout.take().context("it has no output")?;
        let mut lines = BufReader::new(out).lines();
        let address = loop {
            let line = lines
                .next_line()
                .await?
                .context("it ended before it listened")?;
            if let Some((_, address)) = line.split_once("http://") {
                let end = address.find(|c: char| c != '.' && c != ':' && !c.is_ascii_digit());
                break address[..end.unwrap_or(address.len())].parse()?;
            }
        };
        // Its output stays open, whatever else it says.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, address })
    }

    fn file(&self, name: &str) -> anyhow::Result<String> {
        let id = self.child.id().context("it has ended")?;
        Ok(std::fs::read_to_string(
            Path::new("/proc").join(id.to_string()).join(name),
        )?)
    }

    /// User and system time so far, in microseconds.
    fn cpu(&self) -> anyhow::Result<u64> {
        let stat = self.file("stat")?;
        let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |place: usize| -> anyhow::Result<u64> {
            Ok(fields.get(place).context("a short stat")?.parse()?)
        };
        // utime and stime are fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms.
        Ok((ticks(11)? + ticks(12)?) * 10_000)
    }

    /// Resident memory in KiB.
    fn memory(&self) -> anyhow::Result<u64> {
        let status = self.file("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        Ok(kib.context("no VmRSS")?.parse()?)
    }

    async fn round(&self, ask: Ask, requests: usize) -> anyhow::Result<f64> {
        let before = self.cpu()?;
        load::ask(self.address, ask, CONNECTIONS, requests).await?;
        Ok((self.cpu()? - before) as f64 / requests as f64)
    }
}

fn routes(origin: SocketAddr, directory: &Path) -> String {
    format!(
        r#"version = 1
revision = 1
[listen]
http = "127.0.0.1:0"
[control]
store = "file"
directory = "{}"
[backends.erp]
http = "http://{origin}"
[[routes]]
name = "lots"
match = {{ path = "/lots" }}
effect = "write"
legacy = "erp"
[[routes]]
name = "lot"
match = {{ path = "/lots/{{lot}}" }}
effect = "read"
legacy = "erp"
"#,
        directory.join("var").display()
    )
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

pub async fn run(figway: &str, requests: usize) -> anyhow::Result<()> {
    let directory = std::env::temp_dir().join(format!("bench-gateway-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let result = measured(figway, requests, &directory).await;
    std::fs::remove_dir_all(&directory)?;
    result
}

async fn measured(figway: &str, requests: usize, directory: &Path) -> anyhow::Result<()> {
    let own = std::env::current_exe()?;
    let own = own.to_str().context("a path that is no text")?;
    let origin = Process::start(own, &["origin"]).await?;
    let bare = Process::start(own, &["bare", &origin.address.to_string()]).await?;
    let file = directory.join("routes.toml");
    std::fs::write(&file, routes(origin.address, directory))?;
    let file = file.to_str().context("a path that is no text")?;
    let gateway = Process::start(figway, &["serve", file]).await?;

    println!(
        "{requests} requests a round, {CONNECTIONS} connections, median of {ROUNDS} rounds each, in turn"
    );
    println!(
        "{:<12}{:>14}{:>14}{:>9}",
        "CPU us", "bare hyper", "figway", "ratio"
    );
    for ask in [Ask::Get1K, Ask::Post4K] {
        for proxy in [&bare, &gateway] {
            proxy.round(ask, requests / 10).await?;
        }
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            without.push(bare.round(ask, requests).await?);
            with.push(gateway.round(ask, requests).await?);
        }
        let (without, with) = (median(without), median(with));
        println!(
            "{:<12}{without:>14.1}{with:>14.1}{:>9.2}",
            ask.name(),
            with / without
        );
    }

    // What is taken once, for connections and bodies of this kind, is no growth.
    load::ask(gateway.address, Ask::Post4K, CONNECTIONS, 20_000).await?;
    let mut memory = vec![gateway.memory()?];
    for _ in 0..5 {
        load::ask(gateway.address, Ask::Post4K, CONNECTIONS, 20_000).await?;
        memory.push(gateway.memory()?);
    }
    println!("figway's memory over 100000 further requests, every 20000, in KiB: {memory:?}");
    let (first, last) = (memory[0], memory[memory.len() - 1]);
    anyhow::ensure!(
        last <= first + (first / 20).max(ALLOWANCE),
        "memory grew from {first} to {last} KiB"
    );
    Ok(())
}
