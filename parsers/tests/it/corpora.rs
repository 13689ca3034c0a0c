//! The corpora of the fuzz targets, replayed and mutated a little: what a fuzzer once found stays found.

#[path = "../../../fuzz/checks.rs"]
mod checks;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no corpus at {}", folder.display());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// One change of some bytes: a byte replaced, cut out, put in, or a piece of another input.
type Change = (Index, u8, u8, Index);

fn mutated(inputs: &[Vec<u8>], which: Index, changes: &[Change]) -> Vec<u8> {
    let mut data = which.get(inputs).clone();
    for (at, what, byte, other) in changes {
        let at = at.index(data.len() + 1);
        let other = other.get(inputs);
        match what % 5 {
            0 => data.insert(at, *byte),
            1 if at < data.len() => drop(data.remove(at)),
            2 if at < data.len() => data[at] = *byte,
            3 => data.truncate(at),
            _ => {
                let from = usize::from(*byte) % (other.len() + 1);
                data.splice(at..at, other[from..].iter().take(40).copied());
            }
        }
    }
    data
}

fn replay(target: &str, check: fn(&[u8])) {
    let inputs = corpus(target);
    for input in &inputs {
        check(input);
    }
    let change = (any::<Index>(), any::<u8>(), any::<u8>(), any::<Index>());
    let strategy = (any::<Index>(), prop::collection::vec(change, 1..8));
    let mut runner = TestRunner::default();
    let done = runner.run(&strategy, |(which, changes)| {
        check(&mutated(&inputs, which, &changes));
        Ok(())
    });
    if let Err(error) = done {
        panic!("{target}: {error}");
    }
}

#[test]
fn copybook() {
    replay("copybook", checks::copybook);
}

#[test]
fn picture() {
    replay("picture", checks::picture);
}

#[test]
fn syspunch() {
    replay("syspunch", checks::syspunch);
}

#[test]
fn framing() {
    for seed in corpus("framing") {
        let words = String::from_utf8_lossy(&seed);
        let words = words.lines().next().unwrap_or_default();
        // A length by a field wants the layout.
        let framing = parsers::Framing::parse(words, None);
        assert!(
            framing.is_ok() || words.starts_with("LENGTH"),
            "{words}: {framing:?}"
        );
    }
    replay("framing", checks::framing);
}

#[test]
fn trees() {
    replay("trees", checks::trees);
}

#[test]
fn decode() {
    replay("decode", checks::decode);
}

#[test]
fn json() {
    replay("json", checks::json);
}

#[test]
fn meaning() {
    replay("meaning", checks::meaning);
}
