//! Random copybooks, meanings, options and records: every record comes back.

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use crate::corpora::checks;

/// A number from the environment, for longer runs than CI's.
fn from_environment(name: &str, without: u32) -> u32 {
    let number = std::env::var(name).ok();
    number.map_or(without, |number| number.parse().expect("a number"))
}

/// The same cases on every machine; FIGWAY_MADE_CASES says how many, FIGWAY_MADE_SEED which.
#[test]
fn records_of_random_layouts_come_back() {
    let cases = from_environment("FIGWAY_MADE_CASES", 400);
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&from_environment("FIGWAY_MADE_SEED", 1).to_le_bytes());
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let compiled = std::cell::Cell::new(0u32);
    let bytes = prop::collection::vec(any::<u8>(), 0..4000);
    let done = runner.run(&bytes, |bytes| {
        compiled.set(compiled.get() + u32::from(checks::made(&bytes)));
        Ok(())
    });
    if let Err(error) = done {
        panic!("{error}");
    }
    assert!(
        compiled.get() > cases / 2,
        "{compiled:?} of {cases} are layouts"
    );
}
