//! The corpora of the fuzz targets for bodies, fields, headers in front and routes, replayed and mutated a little: what a fuzzer once found stays found.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../fuzz/bodies.rs"]
mod bodies;
#[path = "../../fuzz/forwarded.rs"]
mod forwarded;
#[path = "../../fuzz/proxy.rs"]
mod proxy;
#[path = "../../fuzz/routes.rs"]
mod routes;

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

/// A byte replaced, cut out or put in, the end cut off, or a piece of another input put in.
fn mutated(inputs: &[Vec<u8>], which: Index, changes: &[(Index, u8, u8, Index)]) -> Vec<u8> {
    let mut data = which.get(inputs).clone();
    for (at, what, byte, other) in changes {
        let at = at.index(data.len() + 1);
        match what % 5 {
            0 => data.insert(at, *byte),
            1 if at < data.len() => drop(data.remove(at)),
            2 if at < data.len() => data[at] = *byte,
            3 => data.truncate(at),
            _ => {
                let other = other.get(inputs);
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
fn compare() {
    replay("compare", bodies::compare);
}

#[test]
fn forwarded() {
    replay("forwarded", forwarded::forwarded);
}

#[test]
fn proxy() {
    replay("proxy", proxy::proxy);
}

#[test]
fn transcode() {
    replay("transcode", bodies::transcode);
}

#[test]
fn routes() {
    replay("routes", routes::routes);
}
