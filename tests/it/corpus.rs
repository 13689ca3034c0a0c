//! The sample bank's data sets on the embedded broker, and the corpus of copybooks and records with a peer's answers.

#[path = "../examples/corpus/main.rs"]
#[allow(dead_code, reason = "the example's own main is not called")]
mod runner;

use std::path::Path;

use broker::{Broker, BrokerConfig};
use tests::corpus;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sample_banks_data_sets_load_change_and_survive_damage() {
    let Some(folder) = corpus::folder() else {
        println!("corpus not found: not run");
        return;
    };
    let broker = std::thread::spawn(|| Broker::start(BrokerConfig::default()).unwrap())
        .join()
        .unwrap();
    match corpus::play(&folder, &broker.bootstrap(), "bank").await {
        Ok(lines) => lines.iter().for_each(|line| println!("{line}")),
        Err(error) => panic!("{error:#}"),
    }
    broker.shutdown().await.unwrap();
}

/// Every case below a folder is equal, or excused by the deviations file.
fn all_equal(folder: &Path) -> runner::Totals {
    let deviations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/corpus-deviations.md");
    let mut failed = Vec::new();
    let totals = runner::run_all(folder, &deviations, &mut |line| {
        println!("{line}");
        failed.extend(line.starts_with("FAILED").then_some(line));
    })
    .unwrap();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(totals.passed > 0, "no case below {}", folder.display());
    totals
}

#[test]
fn our_own_cases_of_the_corpus_are_equal() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/corpus/cases");
    let totals = all_equal(&folder);
    assert_eq!(totals.skipped, 0);
}

#[test]
fn the_corpus_is_equal() {
    match corpus::folder() {
        Some(folder) => println!("{}", all_equal(&folder)),
        None => println!("corpus not found: not run"),
    }
}
