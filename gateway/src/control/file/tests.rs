//! The log as a file: what was acknowledged is there, and damage is told from a line cut short.

use super::*;

fn log(lines: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.log");
    let (mut log, there) = FileLog::open(&path).unwrap();
    assert!(there.is_empty());
    for (place, line) in (0..).zip(lines) {
        assert_eq!(log.append(line.as_bytes()).unwrap(), place);
    }
    (folder, path)
}

fn texts(entries: &[Entry]) -> Vec<String> {
    let entries = entries.iter();
    entries
        .map(|entry| String::from_utf8(entry.bytes.clone()).unwrap())
        .collect()
}

/// What is wrong, without the path.
fn why(error: &FileError, path: &Path) -> String {
    error
        .to_string()
        .replace(&path.display().to_string(), "control.log")
}

#[test]
fn entries_come_back_byte_for_byte() {
    // Blanks and the order of members are part of an entry.
    let lines = [r#"{"b": 1, "a":"é"}"#, r#"{"a":2}"#];
    let (_folder, path) = log(&lines);
    let (log, entries) = FileLog::open(&path).unwrap();
    assert_eq!(texts(&entries), lines);
    let mut read = Vec::new();
    log.for_each(|entry| read.push(entry)).unwrap();
    assert_eq!(read, entries);
}

#[test]
fn the_form_of_a_line_is_final() {
    let (_folder, path) = log(&[r#"{"a":1}"#]);
    insta::assert_snapshot!(std::fs::read_to_string(path).unwrap().trim_end(), @r#"{"v":1,"offset":0,"hash":"a9b2eb2e5b3297815abab515b71638604df3fbf96e8a1351b5e76e342be155a3","entry":{"a":1}}"#);
}

#[test]
fn a_line_cut_short_is_dropped_and_the_next_takes_its_place() {
    let (_folder, path) = log(&[r#"{"a":1}"#, r#"{"a":2}"#]);
    let whole = std::fs::read(&path).unwrap();
    let second = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for length in second..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let (mut log, entries) = FileLog::open(&path).unwrap();
        assert_eq!(texts(&entries), [r#"{"a":1}"#]);
        assert_eq!(log.append(br#"{"a":3}"#).unwrap(), 1);
        drop(log);
        let (_, entries) = FileLog::open(&path).unwrap();
        assert_eq!(texts(&entries), [r#"{"a":1}"#, r#"{"a":3}"#]);
    }
}

#[test]
fn any_other_damage_is_an_error_that_names_the_line() {
    let (_folder, path) = log(&[r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#]);
    let whole = std::fs::read_to_string(&path).unwrap();
    let damaged = |text: String| {
        std::fs::write(&path, text).unwrap();
        why(&FileLog::open(&path).unwrap_err(), &path)
    };
    insta::assert_snapshot!(damaged(whole.replace(r#""a":2"#, r#""a":7"#)), @"control log control.log, line 2: its hash does not fit its bytes and the lines before it: restore the file from a copy");
    insta::assert_snapshot!(damaged(whole.lines().skip(1).map(|line| format!("{line}\n")).collect()), @"control log control.log, line 1: wanted offset 0, got offset 1: restore the file from a copy");
    insta::assert_snapshot!(damaged(whole.replacen("{\"v\":1", "{\"v\":2", 1)), @"control log control.log, line 1: it has version 2, this Figway reads version 1: restore the file from a copy");
    insta::assert_snapshot!(damaged(whole.replacen('\n', "\n\n", 1)), @"control log control.log, line 2: EOF while parsing a value at line 1 column 0: restore the file from a copy");
}

#[test]
fn an_entry_is_one_line_of_json() {
    let (_folder, path) = log(&[]);
    let (mut log, _) = FileLog::open(&path).unwrap();
    assert!(log.append(b"{\n}").is_err());
    assert!(log.append(b"no json").is_err());
    assert_eq!(log.append(b"{}").unwrap(), 0);
}
