//! One run: the origin, the proxies, and the figures of the parts that were asked for.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio_rustls::TlsConnector;

use crate::load::{self, Ask, Way};
use crate::measure::{cost, line};
use crate::parts::{CASES, Wanted};
use crate::peers::{Listens, Proxy, Stage};
use crate::process::Process;
use crate::serve;

/// By how much memory may differ from one moment to the next without having grown, in KiB: the allocator keeps pages.
const ALLOWANCE: u64 = 2 * 1024;
/// How many mirrored requests may be under way when the next is asked; far below what Figway's queue holds, so that none is dropped.
const MIRRORED_AT_ONCE: usize = 4;

pub async fn run(figway: &str, wanted: &Wanted) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    std::fs::write(folder.path().join("cert.pem"), &certificate)?;
    std::fs::write(folder.path().join("key.pem"), &key)?;
    std::fs::write(folder.path().join("both.pem"), certificate + &key)?;
    let tls = load::connector(&folder.path().join("cert.pem"))?;

    let own = std::env::current_exe()?;
    let own = own.to_str().context("a path that is no text")?;
    let origin = Listens::free()?.plain;
    let origin_process =
        Process::start(own, &["origin", &origin.to_string()], &[], &[origin]).await?;
    let stage = Stage {
        origin,
        folder: folder.path(),
        tls: wanted.has("tls"),
    };
    let load = std::fs::read_to_string("/proc/loadavg")?;
    println!(
        "{} requests a round, least of {} rounds each, in turn; load average {}",
        wanted.requests,
        wanted.rounds,
        load.split_whitespace().next().unwrap_or("?")
    );
    let mut proxies = vec![stage.bare().await?];
    for (name, peer) in [
        ("nginx", stage.nginx().await),
        ("haproxy", stage.haproxy().await),
    ] {
        match peer {
            Ok(peer) => proxies.push(peer),
            Err(error) => println!("{name} is left out: {error:#}"),
        }
    }
    let (gateway, _) = stage.figway(figway, "figway", 10, "legacy").await?;
    proxies.push(gateway);
    compared(&proxies, &tls, wanted).await?;
    if wanted.has("idle") {
        idle(&stage, figway, wanted.idle).await?;
    }
    if wanted.has("options") {
        options(&stage, figway, &proxies, &tls, wanted).await?;
    }
    if wanted.has("routes") {
        routes(&stage, figway, &proxies, &tls, wanted).await?;
    }
    if wanted.has("shadow") {
        shadow(&stage, figway, &proxies, &tls, wanted).await?;
    }
    if wanted.has("growth") {
        let gateway = proxies.last().context("the gateway is one of them")?;
        growth(gateway, &tls).await?;
    }
    for proxy in proxies {
        proxy.process.end().await?;
    }
    origin_process.end().await
}

/// The clients of one part, at a proxy that somebody else has started.
pub async fn ask(address: &str, part: &str, requests: usize) -> anyhow::Result<()> {
    let case = CASES.iter().find(|case| case.name == part);
    let case = case.context("no such part; `bench-gateway parts` lists them")?;
    anyhow::ensure!(case.way != Way::Tls, "its certificate is not known here");
    let address = address.parse()?;
    let at = Listens {
        plain: address,
        h2: address,
        tls: address,
    };
    let nobody = load::trusting_nobody();
    load::ask(at, &nobody, case.ask, case.way, case.at_once, requests).await
}

async fn compared(proxies: &[Proxy], tls: &TlsConnector, wanted: &Wanted) -> anyhow::Result<()> {
    let proxies: Vec<_> = proxies.iter().collect();
    let names: Vec<_> = proxies.iter().map(|proxy| proxy.name).collect();
    print!("{:<30}", "CPU us per request");
    for name in &names {
        print!("{name:>12}");
    }
    println!();
    for case in CASES.iter().filter(|case| wanted.has(case.name)) {
        let figures = cost(&proxies, case, tls, wanted.requests, wanted.rounds).await?;
        line(case.shows, &names, &figures);
    }
    Ok(())
}

/// Of new processes, so that what load left behind is not counted.
async fn idle(stage: &Stage<'_>, figway: &str, connections: usize) -> anyhow::Result<()> {
    let fresh = [
        stage.bare().await,
        stage.nginx().await,
        stage.haproxy().await,
        stage
            .figway(figway, "figway-idle", 10, "legacy")
            .await
            .map(|(proxy, _)| proxy),
    ];
    println!("memory of {connections} connections that asked once and stay, KiB each:");
    for proxy in fresh.into_iter().flatten() {
        // What is taken once is no connection's.
        drop(load::idle(proxy.at.plain, 64).await?);
        let before = proxy.process.memory()?;
        let kept = load::idle(proxy.at.plain, connections).await?;
        let after = proxy.process.memory()?;
        println!(
            "{:<30}{:>12.2}   {before} to {after} KiB",
            proxy.name,
            after.saturating_sub(before) as f64 / connections as f64
        );
        drop(kept);
        proxy.process.end().await?;
    }
    Ok(())
}

/// What a file can switch on, all of it for every request.
async fn options(
    stage: &Stage<'_>,
    figway: &str,
    proxies: &[Proxy],
    tls: &TlsConnector,
    wanted: &Wanted,
) -> anyhow::Result<()> {
    let [bare, .., plain] = proxies else {
        anyhow::bail!("the bare proxy and the gateway are there");
    };
    let (all, _) = stage.figway(figway, "figway-options", 10, "legacy").await?;
    let figures = cost(
        &[bare, plain, &all],
        usual()?,
        tls,
        wanted.requests,
        wanted.rounds,
    )
    .await?;
    line("bare, as it is, all options", &["bare", "plain"], &figures);
    all.process.end().await
}

async fn routes(
    stage: &Stage<'_>,
    figway: &str,
    proxies: &[Proxy],
    tls: &TlsConnector,
    wanted: &Wanted,
) -> anyhow::Result<()> {
    let ten = proxies.last().context("the gateway is one of them")?;
    let (many, _) = stage
        .figway(figway, "figway-10000", 10_000, "legacy")
        .await?;
    let case = usual()?;
    let figures = cost(&[ten, &many], case, tls, wanted.requests, wanted.rounds).await?;
    line("10 routes, and 10,000", &["ten"], &figures);
    many.process.end().await
}

fn usual() -> anyhow::Result<&'static crate::parts::Case> {
    CASES
        .iter()
        .find(|case| case.name == "get1k")
        .context("the usual case is one of them")
}

/// What every request costs that is answered by legacy, asked of the new side as well and compared; that is over only when all are.
async fn shadow(
    stage: &Stage<'_>,
    figway: &str,
    proxies: &[Proxy],
    tls: &TlsConnector,
    wanted: &Wanted,
) -> anyhow::Result<()> {
    let (shadow, admin) = stage.figway(figway, "figway-shadow", 10, "shadow").await?;
    let [bare, .., plain] = proxies else {
        anyhow::bail!("the bare proxy and the gateway are there");
    };
    let asked = wanted.requests / 2 / MIRRORED_AT_ONCE * MIRRORED_AT_ONCE;
    let mut least = [f64::INFINITY; 3];
    let (mut all, mut dropped) = (0, 0);
    for round in 0..=wanted.rounds {
        for (proxy, least) in [bare, plain, &shadow].into_iter().zip(&mut least) {
            let mirrored = serve::mirrored(admin).await?;
            let before = proxy.process.cpu()?;
            load::ask(
                proxy.at,
                tls,
                Ask::Get1K,
                Way::Kept,
                MIRRORED_AT_ONCE,
                asked,
            )
            .await?;
            if std::ptr::eq(proxy, &shadow) {
                let now = settled(admin, mirrored, asked as u64).await?;
                all += asked as u64;
                dropped += now.dropped - mirrored.dropped;
            }
            if round > 0 {
                *least = least.min((proxy.process.cpu()? - before) as f64 / 1_000.0 / asked as f64);
            }
        }
    }
    line("bare, legacy, and shadow", &["bare", "legacy"], &least);
    println!("{dropped} of {all} mirrored requests were dropped, not compared");
    shadow.process.end().await
}

async fn settled(
    admin: std::net::SocketAddr,
    before: serve::Mirrored,
    asked: u64,
) -> anyhow::Result<serve::Mirrored> {
    let started = Instant::now();
    loop {
        let now = serve::mirrored(admin).await?;
        if now.compared + now.dropped >= before.compared + before.dropped + asked {
            return Ok(now);
        }
        anyhow::ensure!(
            started.elapsed() < Duration::from_secs(60),
            "{asked} were asked, and from {before:?} it came to {now:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn growth(gateway: &Proxy, tls: &TlsConnector) -> anyhow::Result<()> {
    let more = || load::ask(gateway.at, tls, Ask::Post4K, Way::Kept, 64, 20_032);
    // What is taken once, for connections and bodies of this kind, is no growth.
    more().await?;
    let mut memory = vec![gateway.process.memory()?];
    for _ in 0..5 {
        more().await?;
        memory.push(gateway.process.memory()?);
    }
    println!("figway's memory over 100,000 further requests, every 20,000, in KiB: {memory:?}");
    let (first, last) = (memory[0], memory[memory.len() - 1]);
    anyhow::ensure!(
        last <= first + (first / 20).max(ALLOWANCE),
        "memory grew from {first} to {last} KiB"
    );
    Ok(())
}
