//! Golden cases: each folder below `cases/<area>/` holds the inputs of one case and the answer a person
//! has reviewed.
//!
//! `input.cmd` lists `figway` commands, one a line; they run in one process, in a folder of their own, on
//! the case's other files: `input.NAME` appears there as `NAME`, and `input.NAME.hex` as the bytes it
//! spells (`#` begins a comment); a folder `input.NAME` appears as it is. The sample company's `copybooks/` are there too. `expected.snap` holds every command with what it wrote to standard
//! output and standard error and how it ended. New answers are reviewed with `cargo insta review`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use figway::terminal::Terminal;

#[test]
fn golden() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut seen = BTreeSet::new();
    insta::glob!("cases/*/*/input.cmd", |input| {
        let case = input.parent().unwrap();
        seen.insert(case.to_owned());
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_snapshot_path(case);
        settings.set_snapshot_suffix("");
        settings.set_input_file(input);
        settings.bind(|| insta::assert_snapshot!("expected", play(case)));
    });
    assert!(!seen.is_empty(), "no golden case was found");
    let folders = folders_of_cases(&cases);
    let idle: Vec<_> = folders.difference(&seen).collect();
    assert!(
        idle.is_empty(),
        "these folders hold no input.cmd, so nothing checks them: {idle:?}"
    );
}

/// Every `cases/<area>/<case>` folder there is.
fn folders_of_cases(cases: &Path) -> BTreeSet<PathBuf> {
    let list = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .collect()
    };
    list(cases).iter().flat_map(|area| list(area)).collect()
}

/// Runs a case's commands; the transcript is the answer.
fn play(case: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../copybooks");
    std::os::unix::fs::symlink(samples, folder.path().join("copybooks")).unwrap();
    for entry in fs::read_dir(case).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if let Some(name) = name.strip_prefix("input.").filter(|name| *name != "cmd") {
            if path.is_dir() {
                std::os::unix::fs::symlink(&path, folder.path().join(name)).unwrap();
                continue;
            }
            match name.strip_suffix(".hex") {
                Some(name) => fs::write(
                    folder.path().join(name),
                    unhex(&fs::read_to_string(&path).unwrap()),
                )
                .unwrap(),
                None => drop(fs::copy(&path, folder.path().join(name)).unwrap()),
            }
        }
    }
    let mut transcript = String::new();
    let commands = fs::read_to_string(case.join("input.cmd")).unwrap();
    for command in commands
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (terminal, written) = Terminal::captured(folder.path());
        let mut words = words(command);
        assert_eq!(words.remove(0), "figway", "only figway is run here");
        let code = figway::run(words, terminal);
        let (out, err) = written.texts();
        let place = folder.path().to_str().unwrap();
        writeln!(transcript, "$ {command}").unwrap();
        transcript.push_str(&out.replace(place, "."));
        if !err.is_empty() {
            writeln!(transcript, "--- standard error").unwrap();
            transcript.push_str(&err.replace(place, "."));
        }
        writeln!(transcript, "--- exit {code}\n").unwrap();
    }
    transcript
}

/// Splits a command into words; double quotes keep blanks together.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (nth, part) in command.split('"').enumerate() {
        if nth % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .lines()
        .flat_map(|line| line.split('#').next().unwrap_or("").chars())
        .filter(|c| !c.is_whitespace())
        .map(|c| u8::try_from(c.to_digit(16).expect("a hex digit")).unwrap())
        .collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    assert!(rest.is_empty(), "an odd number of hex digits");
    pairs.iter().map(|[high, low]| high << 4 | low).collect()
}
