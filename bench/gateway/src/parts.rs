//! What can be measured, and what of it was asked for.

use anyhow::Context as _;

use crate::load::{Ask, Way};

/// A way of asking whose cost is measured on every proxy.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub name: &'static str,
    pub shows: &'static str,
    pub ask: Ask,
    pub way: Way,
    pub at_once: usize,
    /// A round has the run's number of requests over this.
    pub fewer: usize,
}

const fn case(
    name: &'static str,
    shows: &'static str,
    ask: Ask,
    way: Way,
    at_once: usize,
    fewer: usize,
) -> Case {
    Case {
        name,
        shows,
        ask,
        way,
        at_once,
        fewer,
    }
}

pub const CASES: [Case; 8] = [
    case(
        "get1k-1",
        "GET 1 KB, 1 connection",
        Ask::Get1K,
        Way::Kept,
        1,
        4,
    ),
    case(
        "get1k-16",
        "GET 1 KB, 16 connections",
        Ask::Get1K,
        Way::Kept,
        16,
        1,
    ),
    case(
        "get1k",
        "GET 1 KB, 64 connections",
        Ask::Get1K,
        Way::Kept,
        64,
        1,
    ),
    case(
        "get64k",
        "GET 64 KB, 64 connections",
        Ask::Get64K,
        Way::Kept,
        64,
        2,
    ),
    case(
        "post4k",
        "POST 4 KB, 64 connections",
        Ask::Post4K,
        Way::Kept,
        64,
        1,
    ),
    case(
        "closing",
        "GET 1 KB, a connection each",
        Ask::Get1K,
        Way::Closing,
        64,
        2,
    ),
    case(
        "tls",
        "GET 1 KB, TLS, 64 connections",
        Ask::Get1K,
        Way::Tls,
        64,
        1,
    ),
    case(
        "h2",
        "GET 1 KB, HTTP/2, 4 times 16",
        Ask::Get1K,
        Way::H2,
        64,
        1,
    ),
];

const OTHERS: [(&str, &str); 5] = [
    (
        "options",
        "figway with access log, limits, identity, fields, trust and traces",
    ),
    ("routes", "figway with 10,000 routes against ten"),
    ("shadow", "figway with every request mirrored and compared"),
    ("idle", "memory of connections that asked once and stay"),
    (
        "growth",
        "figway's memory over 100,000 further requests: fails if it grows",
    ),
];

/// The parts there are.
pub fn list() {
    for Case { name, shows, .. } in CASES {
        println!("{name:<10}{shows}");
    }
    for (name, shows) in OTHERS {
        println!("{name:<10}{shows}");
    }
}

/// What a run shall do.
#[derive(Debug)]
pub struct Wanted {
    parts: Vec<String>,
    /// Requests of a round.
    pub requests: usize,
    /// Of each proxy.
    pub rounds: usize,
    /// Connections that stay.
    pub idle: usize,
}

impl Wanted {
    /// Everything at full length, unless the arguments say otherwise.
    pub fn read(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut wanted = Self {
            parts: Vec::new(),
            requests: 50_000,
            rounds: 5,
            idle: 9_000,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut number = || -> anyhow::Result<usize> {
                let number = rest
                    .next()
                    .with_context(|| format!("{argument} needs a number"))?;
                Ok(number.parse()?)
            };
            match *argument {
                "--short" => (wanted.requests, wanted.rounds, wanted.idle) = (2_000, 8, 1_000),
                "--requests" => wanted.requests = number()?,
                "--rounds" => wanted.rounds = number()?.max(1),
                "--idle" => wanted.idle = number()?,
                part => {
                    let known = CASES.iter().map(|case| case.name);
                    let known = known
                        .chain(OTHERS.map(|(name, _)| name))
                        .any(|name| name == part);
                    anyhow::ensure!(known, "no part {part}; `bench-gateway parts` lists them");
                    wanted.parts.push(part.to_owned());
                }
            }
        }
        Ok(wanted)
    }

    pub fn has(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}
