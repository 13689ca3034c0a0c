//! The corpora of the fuzz targets, replayed and mutated a little: what a fuzzer once found stays found.

#[path = "../../../fuzz/checks.rs"]
pub(crate) mod checks;
#[path = "../../../fuzz/replay.rs"]
mod replay;

use self::replay::corpus;

/// As many changed inputs as any property test has.
fn replay(target: &str, check: fn(&[u8])) {
    replay::replay(target, &[], 256, check);
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
fn made() {
    replay("made", |data| {
        checks::made(data);
    });
}

#[test]
fn json() {
    replay("json", checks::json);
}

#[test]
fn meaning() {
    replay("meaning", checks::meaning);
}
