//! Plays the corpus of a fuzz target, and what comes of it by small changes: what a fuzzer once found stays found. Included by the ordinary
//! tests of whoever has a target.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

/// The inputs in the repository, in the order of their names.
pub(crate) fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut folders = folders.map(|folder| folder.join("fuzz/corpus").join(target));
    let folder = folders.find(|folder| folder.is_dir());
    let folder = folder.unwrap_or_else(|| panic!("no corpus of {target}"));
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "nothing at {}", folder.display());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// One change: where, what, which byte, and which piece.
type Change = (Index, u8, u8, Index);

/// A byte put in, cut out or replaced, the end cut off, or a piece put in: one of those, or of another input if there are none.
fn mutated(inputs: &[Vec<u8>], which: Index, changes: &[Change], pieces: &[&[u8]]) -> Vec<u8> {
    let mut data = which.get(inputs).clone();
    for (at, what, byte, piece) in changes {
        let at = at.index(data.len() + 1);
        match what % 6 {
            0 => data.insert(at, *byte),
            1 if at < data.len() => drop(data.remove(at)),
            2 if at < data.len() => data[at] = *byte,
            3 => data.truncate(at),
            _ if pieces.is_empty() => {
                let other = piece.get(inputs);
                let from = usize::from(*byte) % (other.len() + 1);
                data.splice(at..at, other[from..].iter().take(40).copied());
            }
            _ => drop(data.splice(at..at, piece.get(pieces).iter().copied())),
        }
    }
    data
}

fn run<S: Strategy>(target: &str, cases: u32, inputs: &S, check: impl Fn(S::Value)) {
    let mut runner = TestRunner::new(ProptestConfig::with_cases(cases));
    let done = runner.run(inputs, |input| {
        check(input);
        Ok(())
    });
    if let Err(error) = done {
        panic!("{target}: {error}");
    }
}

/// The corpus, and so many changed inputs; with pieces that tricks are made of, as many that are made of nothing else.
pub(crate) fn replay(target: &str, pieces: &[&[u8]], cases: u32, check: fn(&[u8])) {
    let inputs = corpus(target);
    for input in &inputs {
        check(input);
    }
    let change = (any::<Index>(), any::<u8>(), any::<u8>(), any::<Index>());
    let changed = (any::<Index>(), prop::collection::vec(change, 1..8));
    run(target, cases, &changed, |(which, changes)| {
        check(&mutated(&inputs, which, &changes, pieces));
    });
    if pieces.is_empty() {
        return;
    }
    let made = prop::collection::vec(any::<Index>(), 1..20);
    run(target, cases, &made, |made| {
        // Where a target's first byte chooses something, with one; and without.
        let mut data = vec![2];
        for piece in made {
            data.extend_from_slice(piece.get::<&[u8]>(pieces));
        }
        check(&data);
        check(&data[1..]);
    });
}
