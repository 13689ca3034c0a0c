//! The architecture as a test: arrows between our packages point down only, each outside protocol
//! family has one crate that speaks it, and the pure crates stay pure.

use std::collections::BTreeMap;
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// What each package may use of ours. A package that is not listed fails the test: say where it belongs first.
const MAY_USE: &[(&str, &[&str])] = &[
    ("parsers", &[]),
    ("event", &[]),
    ("ops", &[]),
    ("h1", &[]),
    ("broker", &[]),
    ("copylib", &["ops", "parsers"]),
    ("payload", &["ops"]),
    ("kafka", &["event", "ops", "payload"]),
    ("registry", &["event", "kafka", "ops"]),
    (
        "cdc",
        &["copylib", "event", "kafka", "ops", "parsers", "payload"],
    ),
    (
        "gateway",
        &[
            "copylib", "event", "h1", "kafka", "ops", "parsers", "payload",
        ],
    ),
    ("service", &["event", "kafka", "ops", "parsers", "payload"]),
    ("example-outbox", &["kafka", "ops", "service"]),
    (
        "demo",
        &[
            "broker", "cdc", "copylib", "event", "gateway", "kafka", "ops", "parsers", "payload",
            "service",
        ],
    ),
    (
        "figway",
        &[
            "broker", "cdc", "copylib", "demo", "event", "gateway", "kafka", "ops", "parsers",
            "registry",
        ],
    ),
];

/// These assemble everything, and nothing uses them.
const ASSEMBLES: &[&str] = &["tests", "golden"];

/// Libraries that speak an outside protocol, and the one crate of ours that may use each in its code.
/// The contract suite in `tests` speaks to brokers directly, on purpose: it judges them.
const SPOKEN_BY: &[(&str, &[&str])] = &[
    ("rdkafka", &["kafka", "tests"]),
    ("kafka-protocol", &["broker", "tests"]),
];

/// Crates that do no I/O and read no clock, and what would give one away, in their dependencies and their text.
const PURE: &[&str] = &["parsers", "event", "h1"];
const IMPURE_DEPENDENCIES: &[&str] = &["tokio", "rdkafka", "ops", "tracing", "rand", "tempfile"];
const IMPURE_WORDS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "thread::sleep",
    "SystemTime",
    "Instant::now",
    "std::io::stdin",
    "File::open",
    "println!",
    "eprintln!",
];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .no_deps()
        .other_options(vec!["--offline".into()])
        .exec()
        .expect("cargo metadata answers")
}

#[test]
fn arrows_point_down_only() {
    let metadata = metadata();
    let allowed: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let ours: Vec<_> = metadata
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        if ASSEMBLES.contains(&name) {
            continue;
        }
        let Some(may) = allowed.get(name) else {
            wrong.push(format!("{name} has no place in the architecture"));
            continue;
        };
        for dependency in &package.dependencies {
            let used = dependency.name.as_str();
            // A test may look at a neighbour; code that ships may not.
            let ships = dependency.kind != DependencyKind::Development;
            if ships && ours.contains(&used) && !may.contains(&used) {
                wrong.push(format!("{name} must not use {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        ours.len() > ASSEMBLES.len(),
        "cargo metadata showed {ours:?}"
    );
}

#[test]
fn one_crate_speaks_each_outside_protocol() {
    let mut wrong = Vec::new();
    for package in &metadata().packages {
        for dependency in &package.dependencies {
            for (library, speakers) in SPOKEN_BY {
                if dependency.name == *library && !speakers.contains(&package.name.as_str()) {
                    wrong.push(format!("{} must not use {library}", package.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_crates_do_no_io_and_read_no_clock() {
    let mut wrong = Vec::new();
    let mut files = 0;
    for package in metadata()
        .packages
        .iter()
        .filter(|package| PURE.contains(&package.name.as_str()))
    {
        for dependency in &package.dependencies {
            if dependency.kind != DependencyKind::Development
                && IMPURE_DEPENDENCIES.contains(&dependency.name.as_str())
            {
                wrong.push(format!("{} must not use {}", package.name, dependency.name));
            }
        }
        let source = package
            .manifest_path
            .parent()
            .expect("a manifest lies in a folder")
            .join("src");
        visit(source.as_std_path(), &mut |path, text| {
            files += 1;
            let code = text.split("#[cfg(test)]").next().unwrap_or(text);
            for word in IMPURE_WORDS {
                for (line, _) in code
                    .lines()
                    .enumerate()
                    .filter(|(_, line)| line.contains(word))
                {
                    wrong.push(format!("{}:{}: {word}", path.display(), line + 1));
                }
            }
        });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(files > 0, "no source file was read");
}

fn visit(folder: &Path, each: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).expect("a source folder can be listed") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            visit(&path, each);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            each(
                &path,
                &std::fs::read_to_string(&path).expect("a source file is text"),
            );
        }
    }
}
