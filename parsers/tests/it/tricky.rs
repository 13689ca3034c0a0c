//! Copybooks that try the Language Reference's rules, each clause in odd places: where their fields are, or what is wrong.
//!
//! The places were checked against the manual and, where GnuCOBOL takes the copybook, against the addresses that it gives
//! with `-std=ibm`; `docs/gnucobol-differences.md` says where it has others. A fault that was found so has a test of its
//! own below, named after it.

use std::fmt::Write as _;
use std::path::Path;

use parsers::{CodePage, Copybook, CopybookError, CopybookText, Layout, LayoutOptions, Meaning};

use crate::{faults, fixed, layout};

/// Name, place and length of each field, in one line; or the first fault.
fn shown(text: &str) -> String {
    let named = CopybookText {
        file: "tricky.cpy",
        text,
    };
    let told = |faults: Vec<CopybookError>| {
        let first = &faults[0];
        format!("{}:{}: {first}", first.line(), first.column())
    };
    let options = LayoutOptions {
        code_page: CodePage::Cp037,
        ..LayoutOptions::default()
    };
    let layout = Copybook::parse(named)
        .map_err(told)
        .and_then(|copybook| Layout::compile(&copybook, None, &options).map_err(told));
    let layout = match layout {
        Ok(layout) => layout,
        Err(fault) => return fault,
    };
    let mut line = format!("{} to {}:", layout.min_len(), layout.max_len());
    for field in layout.fields().chain(layout.renames()).skip(1) {
        let _ = write!(line, " {} {}+{}", field.name(), field.offset(), field.len());
    }
    line
}

#[test]
fn tricky_copybooks_are_read_by_the_manual() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tricky");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 80, "{}", files.len());
    let mut all = String::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy();
        let _ = writeln!(all, "{name}: {}", shown(&text));
    }
    insta::assert_snapshot!(all, @r"
a-missing-period: 3:12: wanted a period before this entry, found `05`
a-whole-program: 4 to 4: K 0+4
a-word-a-line: 13 to 13: A 0+2 B 10+3
any-length: 2:23: ANY LENGTH: a parameter takes the length of what is passed to it, a record has none
clauses-in-any-order: 32 to 32: A 0+4 B 4+2 CC 6+2 D 12+9 E 21+5 F 26+5 G 31+1
comments-in-column-8: 2 to 2: A 0+1 B 1+1
comments-inside-an-entry: 8 to 8: A 0+3 B 6+1 D 7+1
condition-false: 7 to 7: AMOUNT 0+5 FLAG 5+1 CC 6+1
condition-names: 10 to 10: A 0+1 B 1+3 CC 4+3 G 7+3 G1 7+1 G2 8+2
conditions-behind-other-clauses: 8 to 8: A 0+2 B 2+2 CC 4+2 D 4+1 E 5+1 F 6+2
constants-of-constants: 19 to 19: A 0+5 B 5+7 T 12+1
constants: 15 to 15: A 0+5 T 5+2
copybook-text-in-literals: 37 to 37: A 0+2 B 2+2 D 4+2 E 6+30 G 36+1
counter-in-the-table: 10 to 22: T 0+7 N 0+1 U 1+2 Z 21+1
counter-of-level-77: 2:50: DEPENDING ON: `N` is outside of this record: what counts a table must be in it
currency-at-the-end: 4:26: picture `9(5)$`: a currency symbol stands first, or behind the sign
date-format: 10 to 10: A 0+6 B 6+4
dclgen: 1069 to 1069: ID 0+4 NAME 4+32 NAME-LEN 4+2 NAME-TEXT 6+30 AMT 36+5 LOB 41+1028 LOB-LENGTH 41+4 LOB-DATA 45+1024
doubled-quotation-marks-in-continued-literals: 83 to 83: A 0+80 B 80+3
edited-pictures: 146 to 146: A 0+9 B 9+12 CC 21+10 D 31+13 E 44+12 F 56+9 G 65+10 H 75+11 I 86+7 J 93+11 K 104+6 L 110+7 M 117+11 N 128+7 O 135+5 P 140+6
entries-on-one-line: 7 to 7: A 0+1 B 1+2 CC 3+3 D 3+3 E 6+1
external-and-global: 1 to 1: A 0+1
external-floating-point: 31 to 31: A 0+11 B 11+11 CC 22+9
fillers-and-values: 15 to 15: K-1 0+3 FILLER-1 0+3 FILLER-2 0+1 K-2 1+2 A 3+8 FILLER-3 11+2 B 13+2
floating-point-and-little-endian: 22 to 22: A 0+4 B 4+8 CC 20+2
free-form: 7 to 7: A 0+3 B 3+3 CC 6+1
group-usage-national: 10 to 10: A 0+4 B 4+6
inline-comments: 6 to 6: A 0+3 B 3+3
justified-and-blank-when-zero: 27 to 27: A 0+10 B 10+10 CC 20+4 D 24+3
large-numbers: 84 to 84: A 0+8 B 8+16 CC 24+20 D 44+2 E 46+38
larger-redefinition: 9 to 9: A 0+4 B 0+8 E 8+1
level-77-alone: 6 to 6: X 2+4
level-77-behind-a-record: 4 to 4: A 0+2 B 2+2
levels-by-one: 4 to 4: A 0+1 B 1+2 C 1+1 D 2+1 E 2+1 F 3+1
levels-of-one-digit: 2 to 2: A 0+1 B 1+1 D 1+1
levels-that-do-not-match: 3 to 3: A 0+2 B 0+1 CC 1+1 D 2+1
listing-directives-with-periods: 7 to 7: A 0+3 B 3+3 D 6+1
literal-continued-without-its-end: 83 to 83: A 0+80 B 80+3
literals-of-each-form: 37 to 37: A 0+3 B 3+3 CC 6+1 D 7+4 E 11+4 F 15+4 G 19+9 H 28+4 I 32+3 J 35+2
literals-of-numbers: 7:39: wanted a literal, found `-`
long-words: 52 to 52: A 0+3 B 3+3 D 6+3 E 9+8 F 17+11 G 28+5 H 33+4 I 37+5 J 42+10
lower-case-without-blanks: 10 to 10: A 0+3 B 4+2 D 6+2
more-names-like-clauses: 40 to 40: DATE-FORMAT 0+3 POINTER-X 3+1 INDEX-1 4+1 TIME-STAMP 5+26 COUNT-IN 31+3 SYNC-FLAG 34+1 JUST-IN 35+1 BLANK-1 36+1 FILLER-2 37+1 COMP-FLAG 38+1 IS-OK 39+1 REDEFINES-X 39+1
names-like-clauses: 6 to 6: PIC-X 0+1 VALUE-1 1+1 OCCURS-2 2+1 COMP-7 4+1 SIGN-S 5+1
names-that-begin-with-digits: 3:15: wanted a clause or a period, found `1-2`
native-binary: 46 to 46: A 0+2 B 2+4 CC 6+8 D 14+3 E 17+3 F 20+3 G 23+2 H 25+4 I 29+8 J 37+1 K 38+8
no-blank-before-a-clause: 17 to 17: A 0+5 B 5+6 CC 11+3 D 14+3
occurs-unbounded: 8:32: OCCURS UNBOUNDED is not supported
odo-in-a-group-behind-odo: 10 to 16: N 0+2 T1 2+1 A 2+1 G 5+10 M 5+1 T2 6+2 B 6+2 CC 12+3 D 15+1
odo-in-a-redefinition: 23 to 23: A 0+2 B 2+20 CC 2+8 N 2+2 T 4+2 D 22+1
odo-in-odo: 8 to 36: N1 0+1 N2 1+1 T1 2+11 T2 2+2 A 2+2 B 10+3 Z 35+1
odo-without-occurrences: 2 to 42: N 0+2 T 2+4 A 2+4
periods-on-their-own: 4 to 4: A 0+3 B 3+1
pointers: 24 to 24: A 0+8 B 8+4 CC 12+4 D 16+4 E 20+4
qualified-counter: 6 to 14: G 0+2 N 0+2 H 2+2 N 2+2 T 4+2
redefined-records: 2 to 2: A 0+2
redefines-filler: 7:32: wanted a data name, found `FILLER`
redefines-in-odo: 4 to 8: N 0+1 T 1+2 A 1+2 B 1+2 Z 7+1
redefines-of-odo: 9 to 9: N 0+2 CC 2+6 T 2+2 D 2+6 E 8+1
redefines-of-redefines: 11 to 11: A 0+10 B 0+10 B1 0+4 B2 0+4 B3 4+6 CC 0+5 D 0+5 E 10+1
redefines-what-is-not-before-it: 4:27: REDEFINES A: B stands between them and has storage of its own
renames-of-two-records: 12 to 12: A 0+2 B 2+10 RA 0+2 RAB 0+12
renames: 7 to 7: A 0+4 B 0+2 CC 2+2 D 4+2 E 4+1 F 5+1 G 5+1 H 6+1 X1 0+5 X2 0+4 X3 5+1
repetitions-with-zeros: 22 to 22: A 0+5 B 5+5 CC 10+2 D 12+6 E 18+4
scaling-positions: 22 to 22: A 0+5 B 5+5 CC 10+3 D 13+2 E 15+2 F 17+3 G 20+2
separators-between-clauses: 7 to 7: A 0+3 B 6+1
sequence-numbers-and-change-marks: 6:7: column 7 holds `#`: wanted a blank, `*`, `/`, `-` or `D`
sign-of-groups: 18 to 18: A 0+4 G 4+7 B 4+3 CC 7+4 D 11+3 E 14+2 F 16+2
sign-without-its-word: 21 to 21: A 0+4 B 8+3 CC 11+4 D 15+4 E 19+2
symbols-of-pictures: 97 to 97: A 0+7 B 7+5 D 12+4 E 16+4 F 20+9 G 29+3 H 32+6 I 38+7 J 45+4 K 49+3 L 52+3 M 55+4 N 59+6 O 65+4 P 69+1 Q 70+1 S 71+3 T 74+2 U 76+2 V 78+4 W 82+3 X 85+4 Y 89+5 Z 94+3
sync-between-occurrences: 37 to 37: T 0+12 A 0+1 B 4+4 CC 8+1 D 36+1
sync-left: 12 to 12: A 0+2 B 4+4 CC 8+4
sync-of-a-group: 3:17: SYNCHRONIZED is for elementary items and for an 01
sync-of-a-redefinition: 3 to 3: A 0+1 B 0+2 CC 2+1
sync-of-each-usage: 56 to 56: A 0+1 B 2+2 CC 4+1 D 8+4 E 12+1 F 16+4 G 20+1 H 24+8 I 32+1 J 36+8 K 44+4 L 48+1 M 52+4
tables-three-deep: 73 to 73: A 0+5 B 15+29 CC 15+9 D 15+2 E 23+1 F 42+2
text-right-of-column-72: 11 to 11: A 0+10 B 10+1
two-odos: 10 to 30: N 0+2 T 2+2 M 12+2 U 14+3 Z 29+1
typedef: 1 to 1: A 0+1
usage-of-groups: 20 to 20: G 0+14 A 0+3 B 3+5 CC 8+3 H 14+6 D 14+2 E 16+4
usages-without-pictures: 57 to 57: A 0+2 B 2+2 CC 4+4 D 8+8 E 16+2 F 18+2 G 20+2 H 22+2 I 24+1 J 25+2 K 27+4 L 31+8 M 39+4 N 43+8 O 51+4 P 55+2
utf-8: 42 to 42: A 0+20 B 20+12 CC 32+10
values-of-conditions: 6 to 6: A 0+1 N 1+2 P 3+3
values-of-occurrences: 2:41: several values or a range: only level 88 has them
views-of-numbers: 7 to 7: A 0+3 A-X 0+3 B 3+4 B-N 3+4 B-F 3+4
words-and-pictures-continued: 30 to 30: A-LONG-NAME-HERE 0+3 B 3+4 CC 7+3 D 10+20
");
}

#[test]
fn usages_of_c_were_no_usages() {
    let layout = layout(
        "01 R.\n05 A SIGNED-SHORT.\n05 B UNSIGNED-INT.\n05 C USAGE IS SIGNED-LONG.\n05 D BINARY-C-LONG UNSIGNED.\n\
         05 E FLOAT.\n05 F USAGE DOUBLE.",
        "",
    );
    let lens: Vec<usize> = layout.fields().skip(1).map(parsers::Field::len).collect();
    assert_eq!(lens, [2, 4, 8, 8, 4, 8]);
    let json = br#"{"A":-2,"B":4294967295,"C":-1,"D":1,"E":1,"F":1}"#;
    let record = layout.read_json(json).unwrap();
    let mut back = Vec::new();
    layout.write_json(&record, &mut back).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&back),
        String::from_utf8_lossy(json)
    );
}

#[test]
fn a_literal_with_an_exponent_was_two_words() {
    let layout = layout(
        "01 R.\n05 A COMP-1 VALUE 1.5E3.\n05 B COMP-2 VALUE -.25E-02.\n05 C PIC +9.9(4)E+99 VALUE 1.5E+10.\n05 D PIC X.",
        "",
    );
    assert_eq!(layout.max_len(), 4 + 8 + 11 + 1);
}

#[test]
fn a_counter_outside_of_the_record_was_said_to_be_nowhere() {
    let text = "01 R.\n05 T OCCURS 1 TO 3 DEPENDING ON N PIC X.\n77 N PIC 9.";
    insta::assert_snapshot!(faults(&fixed(text), None), @r"
test.cpy:2:40: DEPENDING ON: `N` is outside of this record: what counts a table must be in it
  |       05 T OCCURS 1 TO 3 DEPENDING ON N PIC X.
  |                                       ^
");
}

#[test]
fn a_key_that_redefines_a_field_had_no_parts() {
    let text = "01 R.\n05 KIND PIC X.\n05 A PIC X(4).\n05 B REDEFINES A PIC 9(4).\n05 TAIL PIC X.";
    let meaning = "key = [\"B\"]\n[record_types.N]\nwhen = { KIND = \"N\" }\nview = \"B\"\n\
                   [record_types.T]\nwhen = { KIND = \"T\" }\nview = \"A\"\n";
    let layout = layout(text, meaning);
    let parts: Vec<&str> = layout.key_fields().map(parsers::Field::name).collect();
    assert_eq!(parts, ["B"]);
    let record = crate::ebcdic("N0042.");
    let mut key = Vec::new();
    layout.write_key(&record, &mut key).unwrap();
    assert_eq!(key, crate::ebcdic("0042"));
    // A record of the other view has none.
    assert!(
        layout
            .write_key(&crate::ebcdic("TABCD."), &mut key)
            .is_err()
    );
}

#[test]
fn members_of_a_view_were_parts_of_the_key_beside_those_of_the_first() {
    let text = "01 R.\n05 ID.\n10 A PIC X(4).\n10 B REDEFINES A.\n15 B1 PIC X(2).\n15 B2 PIC X(2).\n10 C PIC X.\n05 TAIL PIC X.";
    let layout = layout(text, "key = [\"ID\"]");
    let parts: Vec<&str> = layout.key_fields().map(parsers::Field::name).collect();
    assert_eq!(parts, ["A", "C"]);
    let mut key = Vec::new();
    layout
        .write_key(&crate::ebcdic("ABCDE."), &mut key)
        .unwrap();
    assert_eq!(key, crate::ebcdic("ABCDE"));
}

#[test]
fn a_key_without_a_named_field_was_taken() {
    let text = "01 R.\n05 ID.\n10 FILLER PIC X(4).\n05 TAIL PIC X.";
    insta::assert_snapshot!(faults(&fixed(text), Some("version = 1\nkey = [\"ID\"]")), @r#"
test.meaning.toml:2:8: key ID: there is no named field in it
  |key = ["ID"]
  |       ^^^^
"#);
}

#[test]
fn what_is_wrong_with_renames_was_told_only_when_nothing_else_was() {
    let text = "01 R.\n05 A PIC X(3) OCCURS 2.\n05 B PIC 9(3) VALUE 'AB'.\n66 X RENAMES A.\n66 Y RENAMES B THRU Z.";
    let meaning = "version = 1\nkey = [\"NONE\"]";
    insta::assert_snapshot!(faults(&fixed(text), Some(meaning)), @r#"
test.cpy:3:22: VALUE of B: the field is numeric and 'AB' is no number
  |       05 B PIC 9(3) VALUE 'AB'.
  |                     ^^^^^
test.cpy:4:11: X RENAMES: A is a table or in one
  |       66 X RENAMES A.
  |          ^
test.cpy:5:11: Y RENAMES: no field `Z` in this copybook
  |       66 Y RENAMES B THRU Z.
  |          ^
test.meaning.toml:2:8: no field `NONE` in this copybook
  |key = ["NONE"]
  |       ^^^^^^
"#);
}

#[test]
fn drafts_told_nothing_of_renames() {
    let text = fixed(
        "01 R.\n05 A PIC X(3) OCCURS 2.\n05 B PIC Q.\n05 C PIC X.\n66 X RENAMES A.\n66 Y RENAMES B.\n66 Z RENAMES C THRU W.",
    );
    let named = CopybookText {
        file: "test.cpy",
        text: &text,
    };
    let draft = Copybook::parse_or_draft(
        named,
        &parsers::copybook::TextOptions::default(),
        &mut parsers::copybook::NoLibrary,
    );
    let mut told = String::new();
    let meaning: Option<&Meaning> = None;
    for fault in draft.unwrap_err().check(meaning, &LayoutOptions::default()) {
        let _ = writeln!(told, "{}: {fault}", fault.line());
    }
    insta::assert_snapshot!(told, @r"
3: picture `Q`: `Q` is no picture symbol
5: X RENAMES: A is a table or in one
7: Z RENAMES: no field `W` in this copybook
");
}
