//! What RFC 9110, 9112 and 9113 ask of a gateway, over raw sockets: a whole gateway in this process, a client and an origin that follow a
//! script, and no HTTP library on either side. Each case names the section it stands for; at the end comes one table.
//!
//! `cargo test -p gateway --test conformance`, with a part of a section or a name after `--` for some of the cases.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "tests; helpers are not under the lint's own exception"
)]

mod case;
mod conn;
mod h1;
mod h2;
mod h2_origin;
mod play;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use self::case::Case;

/// How many cases run at a time. Each has a gateway of its own.
const AT_A_TIME: usize = 6;
/// The fewest cases that a whole run must have: as many as there were, so that none goes unnoticed.
const FEWEST: [(&str, usize); 3] = [("h1", 490), ("h2", 195), ("h2-origin", 100)];

fn main() -> ExitCode {
    let mut words = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'));
    if std::env::args().any(|word| word == "--list") {
        return ExitCode::SUCCESS;
    }
    let wanted = words.next();
    let cases: Vec<Case> = h1::cases()
        .into_iter()
        .chain(h2::cases())
        .chain(h2_origin::cases())
        .filter(|case| wanted.as_ref().is_none_or(|wanted| case.is_called(wanted)))
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let done = runtime.block_on(run(cases));
    let failed = report(&done);
    runtime.shutdown_background();
    let few = FEWEST.iter().any(|(suite, fewest)| {
        wanted.is_none() && done.iter().filter(|done| done.suite == *suite).count() < *fewest
    });
    if failed || few {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

struct Done {
    suite: &'static str,
    section: &'static str,
    name: String,
    failure: Option<String>,
}

async fn run(cases: Vec<Case>) -> Vec<Done> {
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    let mut running = JoinSet::new();
    for case in cases {
        let places = Arc::clone(&places);
        running.spawn(async move {
            let _place = places.acquire_owned().await;
            let (suite, section, name) = (case.suite, case.section, case.name.clone());
            // A script that goes wrong panics with what it wanted and what came.
            let failure = match tokio::spawn(play::play(case)).await {
                Ok(Ok(())) => None,
                Ok(Err(failure)) => Some(failure),
                Err(panicked) => Some(format!("{panicked}")),
            };
            Done {
                suite,
                section,
                name,
                failure,
            }
        });
    }
    running.join_all().await
}

/// One row for each section; whether a case failed.
fn report(done: &[Done]) -> bool {
    let mut rows: BTreeMap<(&str, Vec<u32>, &str), (usize, usize)> = BTreeMap::new();
    for case in done {
        let numbers = case
            .section
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|number| number.parse().ok())
            .collect();
        let row = rows.entry((case.suite, numbers, case.section)).or_default();
        row.0 += 1;
        row.1 += usize::from(case.failure.is_none());
    }
    println!("\n| suite | section | cases | passed |\n| --- | --- | --- | --- |");
    for ((suite, _, section), (cases, passed)) in &rows {
        println!("| {suite} | {section} | {cases} | {passed} |");
    }
    let mut suites: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for ((suite, _, _), (cases, passed)) in &rows {
        let sum = suites.entry(suite).or_default();
        sum.0 += cases;
        sum.1 += passed;
    }
    for (suite, (cases, passed)) in suites {
        println!("| {suite} | all | {cases} | {passed} |");
    }
    let mut failed = false;
    for case in done {
        if let Some(failure) = &case.failure {
            failed = true;
            println!(
                "\nFAILED {} {} \"{}\"\n{failure}",
                case.suite, case.section, case.name
            );
        }
    }
    failed
}
