//! Rounds and their least.

use anyhow::Context as _;
use tokio_rustls::TlsConnector;

use crate::load;
use crate::parts::Case;
use crate::peers::Proxy;

/// The least CPU of each proxy per request, in microseconds, over rounds in turn. The first of each is not counted: connections, caches and
/// branch predictors warm up in it.
pub async fn cost(
    proxies: &[&Proxy],
    case: &Case,
    tls: &TlsConnector,
    requests: usize,
    rounds: usize,
) -> anyhow::Result<Vec<f64>> {
    let requests = (requests / case.fewer / case.at_once).max(1) * case.at_once;
    let mut least = vec![f64::INFINITY; proxies.len()];
    for round in 0..=rounds {
        for (proxy, least) in proxies.iter().zip(&mut least) {
            let asked = match round {
                0 => (requests / 10).max(case.at_once),
                _ => requests,
            };
            let before = proxy.process.cpu()?;
            load::ask(proxy.at, tls, case.ask, case.way, case.at_once, asked)
                .await
                .with_context(|| format!("{} through {}", case.shows, proxy.name))?;
            let spent = proxy.process.cpu()? - before;
            if round > 0 {
                *least = least.min(spent as f64 / 1_000.0 / asked as f64);
            }
        }
    }
    Ok(least)
}

/// One line of the table: a figure of each proxy, and what the last is of each other.
pub fn line(shows: &str, names: &[&str], figures: &[f64]) {
    print!("{shows:<30}");
    for figure in figures {
        print!("{figure:>12.1}");
    }
    if let Some((ours, others)) = figures.split_last() {
        for (name, other) in names.iter().zip(others) {
            print!("   {:.2} of {name}", ours / other);
        }
    }
    println!();
}
