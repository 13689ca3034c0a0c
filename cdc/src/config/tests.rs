//! What a person reads when `capture.toml` is wrong.

use std::path::Path;

use insta::assert_snapshot;
use ops::config::Source;

use crate::{CaptureConfig, Threshold};

const COPYBOOK: &str = "      * A lot.
       01  LOT.
           05  LOT-ID    PIC X(4).
           05  LOT-QTY   PIC S9(5) COMP-3.
";

const SOURCE: &str = r#"version = 1
prefix = "plant"

[kafka]
bootstrap = "localhost:9092"

[[source]]
name = "lots"
kind = "dataset"
directory = "data"
pattern = "LOT.G????V00"
copybook = "LOT.cpy"
record_format = "FB"
record_length = 7
code_page = "cp037"
"#;

fn folder(copybook: &str, meaning: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("LOT.cpy"), copybook).unwrap();
    std::fs::write(folder.path().join("LOT.meaning.toml"), meaning).unwrap();
    folder
}

fn resolve(text: &str, folder: &Path) -> Result<CaptureConfig, String> {
    let root = format!("{}/", folder.display());
    CaptureConfig::resolve(&Source::new("capture.toml", text), folder)
        .map_err(|faults| faults.to_string().replace(&root, ""))
}

/// The faults of `text` beside a copybook that is right.
fn check(text: &str) -> String {
    resolve(
        text,
        folder(COPYBOOK, "version = 1\nkey = [\"LOT-ID\"]\n").path(),
    )
    .unwrap_err()
}

fn with(from: &str, to: &str) -> String {
    assert!(SOURCE.contains(from));
    SOURCE.replace(from, to)
}

#[test]
fn the_smallest_file_is_enough_and_defaults_are_the_design_s() {
    let folder = folder(COPYBOOK, "version = 1\nkey = [\"LOT-ID\"]\n");
    let config = resolve(&with("record_length = 7\n", ""), folder.path()).unwrap();
    let source = config.source("lots").unwrap();
    assert_eq!(
        (
            source.topic(),
            source.dead_letter_topic(),
            source.generations_topic()
        ),
        ("plant.lots", "plant.lots.dlq", "plant.generations")
    );
    assert_eq!(
        (source.rules().max_deletes, source.rules().max_bad),
        (Threshold::PerMille(50), Threshold::PerMille(50))
    );
    assert_eq!(
        (source.batch().records, source.batch().bytes),
        (10_000, 8 << 20)
    );
    assert_eq!(source.directory(), folder.path().join("data"));
    assert_eq!(source.fingerprint().len(), 64);
    assert_eq!(source.partitions(), 1);
}

#[test]
fn an_unknown_version_stops_before_anything_else() {
    assert_snapshot!(check("version = 2\n[kafka]\n"), @r"
    error: version is 2; this program knows version 1
     --> capture.toml:1:11
      |
    1 | version = 2
      |           ^
    ");
}

#[test]
fn an_unknown_key_is_named() {
    assert_snapshot!(check(&with("record_length", "record_lenght")), @r"
    error: unknown field `record_lenght`, expected one of `name`, `kind`, `directory`, `pattern`, `copybook`, `meaning`, `copy_directories`, `source_format`, `decimal_comma`, `record_format`, `record_length`, `code_page`, `layout`, `format`, `decimals`, `topic`, `max_deletes`, `max_bad`, `duplicate_keys`, `echo_field`, `poll`, `settle`, `sort_memory_mb`, `batch`, `payload`
      --> capture.toml:14:1
       |
    14 | record_lenght = 7
       | ^^^^^^^^^^^^^
       |
       = help: did you mean `record_length`?
    ");
}

#[test]
fn every_fault_of_a_source_is_told_at_once() {
    let text = with("cp037", "cp999")
        .replace("\"FB\"", "\"FBA\"")
        .replace("\"lots\"", "\"my lots\"")
        .replace("\"dataset\"", "\"table\"")
        .replace("LOT.G????V00", "in/LOT.*");
    let text = format!(
        "{text}max_deletes = \"lots\"\npoll = \"1\"\nformat = \"xml\"\ntopic = {{ partitions = 0 }}\nbatch = {{ records = 0 }}\n"
    );
    assert_snapshot!(check(&text), @r#"
    error: `my lots` cannot be the name of a source
     --> capture.toml:8:8
      |
    8 | name = "my lots"
      |        ^^^^^^^^^
      |
      = help: letters, digits, `.`, `_` and `-`, at most 200, not beginning with a dot

    error: unknown kind `table`; known is: dataset
     --> capture.toml:9:8
      |
    9 | kind = "table"
      |        ^^^^^^^

    error: a pattern is a file name with `*` and `?` in it, not a path: `in/LOT.*`
      --> capture.toml:11:11
       |
    11 | pattern = "in/LOT.*"
       |           ^^^^^^^^^^

    error: unknown format `xml`; known are: json, json-schema, avro, protobuf, json-registered
      --> capture.toml:18:10
       |
    18 | format = "xml"
       |          ^^^^^

    error: wanted a share such as "5%" or "0.5%", or a number of records, got "lots"
      --> capture.toml:16:15
       |
    16 | max_deletes = "lots"
       |               ^^^^^^

    error: batch.records must be at least 1
      --> capture.toml:20:21
       |
    20 | batch = { records = 0 }
       |                     ^

    error: wanted a time such as "500ms", "1s" or "2m", got "1"
      --> capture.toml:17:8
       |
    17 | poll = "1"
       |        ^^^

    error: a topic has at least 1 partition
      --> capture.toml:19:24
       |
    19 | topic = { partitions = 0 }
       |                        ^

    error: unknown record format `FBA`; known are: F, FB, V, VB, VS, VBS, U, TEXT, LENGTH
      --> capture.toml:13:17
       |
    13 | record_format = "FBA"
       |                 ^^^^^

    error: unknown code page `cp999`: wanted a number of IBM's such as 037, 273, 1047 or 1140 (also written cp037, ibm-037, CCSID 37) or a charset such as utf-8, windows-1252 or shift_jis
      --> capture.toml:15:13
       |
    15 | code_page = "cp999"
       |             ^^^^^^^
    "#);
}

#[test]
fn a_wrong_record_length_says_what_the_copybook_has() {
    assert_snapshot!(check(&with("record_length = 7", "record_length = 80")), @r"
    error: records are said to have 80 bytes, and those of this copybook have 7
      --> capture.toml:14:17
       |
    14 | record_length = 80
       |                 ^^
       |
       = help: use the data set's LRECL, and the copybook it was written with
    ");
}

#[test]
fn options_of_the_layout_are_words_or_a_table() {
    let folder = folder(COPYBOOK, "version = 1\nkey = [\"LOT-ID\"]\n");
    let read = |layout: &str| match resolve(
        &with(
            "record_length = 7\n",
            &format!("record_length = 7\nlayout = {layout}\n"),
        ),
        folder.path(),
    ) {
        Ok(config) => config.sources()[0].fingerprint().to_owned(),
        Err(faults) => faults,
    };
    let plain = read("\"\"");
    assert_ne!(read("\"signs = preferred\""), plain);
    assert_eq!(
        read("{ signs = \"preferred\" }"),
        read("\"signs = preferred\"")
    );
    assert_eq!(
        read("{ number-spaces = \"error\", trim = \"padding\" }"),
        plain
    );
    assert_snapshot!(read("{ signs = \"any\" }"), @r#"
error: signs: wanted strict or preferred or lenient, got `any`
  --> capture.toml:15:10
   |
15 | layout = { signs = "any" }
   |          ^^^^^^^^^^^^^^^^^
"#);
    assert_snapshot!(read("7"), @r#"
error: wanted options of a layout, as text "dialect = mf; odo = maximum" or as a table
  --> capture.toml:15:10
   |
15 | layout = 7
   |          ^
"#);
}

#[test]
fn a_record_format_may_be_a_table() {
    let folder = folder(COPYBOOK, "version = 1\nkey = [\"LOT-ID\"]\n");
    let framing = |format: &str| {
        let text = with("\"FB\"", format).replace("record_length = 7\n", "");
        match resolve(&text, folder.path()) {
            Ok(config) => config.sources()[0].framing().to_string(),
            Err(faults) => faults,
        }
    };
    assert_snapshot!(framing("{ format = \"VB\", rdw_order = \"little\", rdw_adjust = -4 }"), @"VB; rdw_order = little; rdw_adjust = -4");
    assert_snapshot!(framing("{ format = \"LENGTH\", length_field = \"LOT-ID\", lengths = { A = 7, \"*\" = 9 } }"), @"LENGTH(LOT-ID: A=7 *=9)");
    assert_snapshot!(framing("\"FB; skip_file_start = 7\""), @"FB(7); skip_file_start = 7");
    assert_snapshot!(framing("{ format = \"LENGTH\", length = \"LOT-LEN\" }"), @r#"
error: no field `LOT-LEN` in this copybook
  --> capture.toml:13:17
   |
13 | record_format = { format = "LENGTH", length = "LOT-LEN" }
   |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
"#);
    assert_snapshot!(framing("{ rdw_order = \"little\" }"), @r#"
error: wanted `format`, such as { format = "VB", rdw_order = "little" }
  --> capture.toml:13:17
   |
13 | record_format = { rdw_order = "little" }
   |                 ^^^^^^^^^^^^^^^^^^^^^^^^
"#);
}

#[test]
fn a_wrong_record_format_says_which_there_are() {
    assert_snapshot!(check(&with("\"FB\"", "\"VBX\"")), @r#"
    error: unknown record format `VBX`; known are: F, FB, V, VB, VS, VBS, U, TEXT, LENGTH
      --> capture.toml:13:17
       |
    13 | record_format = "VBX"
       |                 ^^^^^
    "#);
}

#[test]
fn a_bad_copybook_is_shown_at_its_line() {
    let copybook = COPYBOOK.replace("S9(5) COMP-3", "S9(5 COMP-3");
    let folder = folder(&copybook, "version = 1\nkey = [\"LOT-ID\"]\n");
    assert_snapshot!(resolve(SOURCE, folder.path()).unwrap_err(), @r"
    error: picture `S9(5`: wanted a repetition as in `9(5)`
     --> LOT.cpy:4:32
      |
    4 |            05  LOT-QTY   PIC S9(5 COMP-3.
      |                                ^^
    ");
}

#[test]
fn a_copybook_and_its_meaning_are_both_told() {
    let folder = folder(
        &COPYBOOK.replace("PIC X(4)", "PIC X(4"),
        "version = 1\nkeys = [\"LOT-ID\"]\n",
    );
    assert_snapshot!(resolve(SOURCE, folder.path()).unwrap_err(), @r#"
    error: picture `X(4`: wanted a repetition as in `9(5)`
     --> LOT.cpy:3:31
      |
    3 |            05  LOT-ID    PIC X(4.
      |                               ^^

    error: unknown key `keys`: wanted version, revision, effective, change, record, key, record_length, record_types, redefines, fields, header, trailer, error
     --> LOT.meaning.toml:2:1
      |
    2 | keys = ["LOT-ID"]
      | ^^^^
      |
      = help: is it `key`?
    "#);
}

#[test]
fn a_key_that_is_no_field_is_shown_in_the_meaning() {
    let folder = folder(COPYBOOK, "version = 1\nkey = [\"LOT-NO\"]\n");
    assert_snapshot!(resolve(SOURCE, folder.path()).unwrap_err(), @r#"
    error: no field `LOT-NO` in this copybook (is it `LOT-ID`?)
     --> LOT.meaning.toml:2:8
      |
    2 | key = ["LOT-NO"]
      |        ^^^^^^^^
    "#);
}

#[test]
fn records_without_a_key_cannot_be_compared() {
    let folder = folder(COPYBOOK, "version = 1\n");
    assert_snapshot!(resolve(SOURCE, folder.path()).unwrap_err(), @r#"
    error: the records of `lots` have no key
      --> capture.toml:12:12
       |
    12 | copybook = "LOT.cpy"
       |            ^^^^^^^^^
       |
       = help: write `key = ["FIELD"]` in LOT.meaning.toml: without a key generations cannot be compared
    "#);
}

#[test]
fn a_missing_copybook_is_named_where_it_is_named() {
    assert_snapshot!(check(&with("LOT.cpy", "LOST.cpy")), @r#"
    error: LOST.cpy cannot be read: No such file or directory (os error 2)
      --> capture.toml:12:12
       |
    12 | copybook = "LOST.cpy"
       |            ^^^^^^^^^^
    "#);
}

#[test]
fn two_sources_may_not_share_a_name_or_a_topic() {
    let second = SOURCE.split_once("[[source]]").unwrap().1;
    assert_snapshot!(check(&format!("{SOURCE}\n[[source]]{second}")), @r#"
    error: two sources have the name `lots`
      --> capture.toml:18:8
       |
    18 | name = "lots"
       |        ^^^^^^
    "#);
}

#[test]
fn an_echo_field_that_cannot_have_an_id() {
    let written = with("code_page", "echo_field = \"LOT-ID\"\ncode_page");
    assert_snapshot!(check(&written), @r#"
    error: `LOT-ID` cannot hold the id of a write: that is a text of 36 characters, of 32 without hyphens, or 16 bytes
      --> capture.toml:15:14
       |
    15 | echo_field = "LOT-ID"
       |              ^^^^^^^^
    "#);
}
