//! Versions of a copybook compared: what is found, and the verdicts, held against other people's checkers and readers.

use parsers::diff::{Compatibility, Diff, DiffOptions, Format, diff};
use parsers::json::JsonOptions;
use parsers::schema::protobuf::{Protobuf, ProtobufOptions};
use parsers::schema::{self, AvroOptions};
use parsers::{CodePage, Conditions, Layout, LayoutOptions};
use proptest::prelude::*;

use super::generate::{byte, copybook};
use super::{json_schema, layout, layout_with, try_layout};

fn of(old: &Layout, new: &Layout) -> Diff {
    let options = DiffOptions {
        name: Some("legacy.R".to_owned()),
        ..DiffOptions::default()
    };
    diff(old, new, &options)
}

/// Everything a diff says, as text.
fn shown(diff: &Diff) -> String {
    let mut out = String::new();
    for change in &diff.changes {
        let path = if change.path.is_empty() {
            "record"
        } else {
            &change.path
        };
        out += &format!("{path} {}\n", change.what);
    }
    for verdict in &diff.verdicts {
        let can = |obstacles: &Vec<_>| if obstacles.is_empty() { "yes" } else { "no" };
        let (backward, forward) = (can(&verdict.backward), can(&verdict.forward));
        out += &format!(
            "{}: backward {backward}, forward {forward}\n",
            verdict.format
        );
        for obstacle in &verdict.backward {
            out += &format!("  backward: {obstacle}\n");
        }
        for obstacle in &verdict.forward {
            out += &format!("  forward: {obstacle}\n");
        }
    }
    out
}

const OLD: &str = "
01 LOT.
05 LOT-ID PIC X(10).
05 QTY PIC S9(5) COMP-3.
05 MADE PIC 9(8).
05 STATE PIC X.
88 OPEN-LOT VALUE 'O'.
05 OWNER.
10 CITY PIC X(10).
10 ZIP PIC 9(5).
05 T OCCURS 3.
10 A PIC X(2).
05 GONE PIC X(4).
05 FILLER PIC X(10).
";

#[test]
fn every_kind_of_change_is_named() {
    let old = layout(OLD, "");
    let new = layout(
        "
01 LOT.
05 LOT-ID PIC X(12).
05 QTY PIC S9(7)V99 COMP-3.
05 MADE PIC 9(8).
05 STATE PIC X.
88 OPEN-LOT VALUE 'O'.
88 SHUT-LOT VALUE 'S'.
05 HOLDER.
10 CITY PIC X(10).
10 ZIP PIC 9(5).
05 T OCCURS 4.
10 A PIC X(2).
05 ADDED PIC X(4).
05 MORE PIC 9(2).
",
        "[fields.MADE]\ndate = \"YYYYMMDD\"\nnull = \"zeros\"\nname = \"madeOn\"\n",
    );
    insta::assert_snapshot!(shown(&of(&old, &new)), @r"
record shrunk from 57 to 55 bytes
LOT-ID was X(10) DISPLAY, is X(12) DISPLAY
LOT-ID grown from 10 to 12 bytes
QTY moved from 10 to 12
QTY was S9(5) COMP-3, is S9(7)V99 COMP-3
QTY grown from 3 to 5 bytes
MADE moved from 13 to 17
MADE was 9(8) DISPLAY, is 9(8) DISPLAY date
MADE called MADE before, now madeOn
MADE may have no value now
STATE moved from 21 to 25
STATE other level 88 entries
HOLDER renamed from OWNER
HOLDER moved from 22 to 26
T moved from 37 to 41
T occurred 3 times, occurs 4 times
ADDED renamed from GONE
ADDED moved from 43 to 49
MORE added at 53, 2 bytes
records: backward no, forward no
  backward: wanted records of 55 bytes, got 57
  backward: LOT-ID: wanted 12 bytes, has 10
  backward: QTY: wanted at 12, is at 10
  backward: QTY: wanted 5 bytes, has 3
  backward: MADE: wanted at 17, is at 13
  backward: STATE: wanted at 25, is at 21
  backward: HOLDER.CITY: wanted at 26, is at 22
  backward: HOLDER.ZIP: wanted at 36, is at 32
  backward: T: wanted 4 times, occurs 3 times
  backward: T.A: wanted at 41, is at 37
  backward: ADDED: wanted at 49, is at 43
  backward: MORE: its bytes are FILLER, which need not decode
  forward: wanted records of 57 bytes, got 55
  forward: LOT-ID: wanted 10 bytes, has 12
  forward: QTY: wanted at 10, is at 12
  forward: QTY: wanted 3 bytes, has 5
  forward: MADE: wanted at 13, is at 17
  forward: STATE: wanted at 21, is at 25
  forward: OWNER.CITY: wanted at 22, is at 26
  forward: OWNER.ZIP: wanted at 32, is at 36
  forward: T: wanted 3 times, occurs 4 times
  forward: T.A: wanted at 37, is at 41
  forward: GONE: wanted at 43, is at 49
json: backward no, forward no
  backward: madeOn: wanted, and may be missing
  backward: HOLDER: wanted, and may be missing
  backward: ADDED: wanted, and may be missing
  backward: MORE: wanted, and may be missing
  forward: QTY: wanted integer, may be number
  forward: MADE: wanted, and may be missing
  forward: OWNER: wanted, and may be missing
  forward: GONE: wanted, and may be missing
json-schema: backward no, forward no
  backward: MADE: may be there, and is not allowed
  backward: OWNER: may be there, and is not allowed
  backward: T: wanted minItems 4, has 3
  backward: GONE: may be there, and is not allowed
  backward: madeOn: wanted, and may be missing
  backward: HOLDER: wanted, and may be missing
  backward: ADDED: wanted, and may be missing
  backward: MORE: wanted, and may be missing
  forward: LOT-ID: wanted maxLength 10, has 12
  forward: QTY: wanted integer, may be number
  forward: madeOn: may be there, and is not allowed
  forward: HOLDER: may be there, and is not allowed
  forward: T: wanted maxItems 3, has 4
  forward: ADDED: may be there, and is not allowed
  forward: MORE: may be there, and is not allowed
  forward: MADE: wanted, and may be missing
  forward: OWNER: wanted, and may be missing
  forward: GONE: wanted, and may be missing
avro: backward no, forward no
  backward: QTY: wanted bytes, is int
  backward: madeOn: wanted date, is int
  backward: HOLDER: not there, and has no default
  backward: ADDED: not there, and has no default
  backward: MORE: not there, and has no default
  forward: QTY: wanted int, is bytes
  forward: MADE: not there, and has no default
  forward: OWNER: not there, and has no default
  forward: GONE: not there, and has no default
protobuf: backward no, forward no
  backward: QTY: wanted string, is int32
  forward: QTY: wanted int32, is string
");
}

#[test]
fn a_version_is_compatible_with_itself() {
    let old = layout(OLD, "");
    let diff = of(&old, &old);
    assert!(diff.changes.is_empty(), "{:?}", diff.changes);
    assert_eq!(diff.verdicts.len(), Format::ALL.len());
    for verdict in &diff.verdicts {
        assert!(verdict.is(Compatibility::Full), "{verdict:?}");
    }
}

#[test]
fn what_was_filler_may_become_text_but_not_a_number() {
    let old = layout("01 R.\n05 A PIC X(4).\n05 FILLER PIC X(10).\n", "");
    let text = layout(
        "01 R.\n05 A PIC X(4).\n05 B PIC X(6).\n05 FILLER PIC X(4).\n",
        "",
    );
    let number = layout(
        "01 R.\n05 A PIC X(4).\n05 B PIC 9(6).\n05 FILLER PIC X(4).\n",
        "",
    );
    insta::assert_snapshot!(shown(&of(&old, &text)), @r"
B added at 4, 6 bytes
records: backward yes, forward yes
json: backward no, forward yes
  backward: B: wanted, and may be missing
json-schema: backward no, forward no
  backward: B: wanted, and may be missing
  forward: B: may be there, and is not allowed
avro: backward no, forward yes
  backward: B: not there, and has no default
protobuf: backward yes, forward yes
");
    insta::assert_snapshot!(shown(&of(&old, &number)), @r"
B added at 4, 6 bytes
records: backward no, forward yes
  backward: B: its bytes are FILLER, which need not decode
json: backward no, forward yes
  backward: B: wanted, and may be missing
json-schema: backward no, forward no
  backward: B: wanted, and may be missing
  forward: B: may be there, and is not allowed
avro: backward no, forward yes
  backward: B: not there, and has no default
protobuf: backward yes, forward yes
");
}

#[test]
fn a_view_that_is_gone_stands_in_the_way_of_the_records_that_hold_it() {
    let old = layout(
        "01 R.\n05 A PIC 9(4).\n05 B REDEFINES A PIC X(4).\n05 C PIC X.\n",
        "",
    );
    let new = layout("01 R.\n05 A PIC 9(4).\n05 C PIC X.\n", "");
    let found = of(&old, &new);
    let records = found
        .verdicts
        .iter()
        .find(|verdict| verdict.format == Format::Records);
    let records = records.unwrap();
    assert!(!records.is(Compatibility::Backward));
    assert!(records.is(Compatibility::Forward), "{}", shown(&found));
    assert!(old.validate(&[0xC1; 5]).is_ok() && new.validate(&[0xC1; 5]).is_err());
}

#[test]
fn a_number_may_grow_where_its_type_grows() {
    let old = layout(
        "01 R.\n05 A PIC 9(4).\n05 B PIC S9(5)V99.\n05 C PIC 9(9).\n",
        "",
    );
    let new = layout(
        "01 R.\n05 A PIC 9(8).\n05 B PIC S9(7)V99.\n05 C PIC 9(10).\n",
        "",
    );
    insta::assert_snapshot!(shown(&of(&old, &new)), @r"
record grown from 20 to 27 bytes
A was 9(4) DISPLAY, is 9(8) DISPLAY
A grown from 4 to 8 bytes
B moved from 4 to 8
B was S9(5)V99 DISPLAY, is S9(7)V99 DISPLAY
B grown from 7 to 9 bytes
C moved from 11 to 17
C was 9(9) DISPLAY, is 9(10) DISPLAY
C grown from 9 to 10 bytes
records: backward no, forward no
  backward: wanted records of 27 bytes, got 20
  backward: A: wanted 8 bytes, has 4
  backward: B: wanted at 8, is at 4
  backward: B: wanted 9 bytes, has 7
  backward: C: wanted at 17, is at 11
  backward: C: wanted 10 bytes, has 9
  forward: wanted records of 20 bytes, got 27
  forward: A: wanted 4 bytes, has 8
  forward: B: wanted at 4, is at 8
  forward: B: wanted 7 bytes, has 9
  forward: C: wanted at 11, is at 17
  forward: C: wanted 9 bytes, has 10
json: backward yes, forward yes
json-schema: backward yes, forward no
  forward: A: wanted maximum 9999, has 99999999
  forward: C: wanted maximum 999999999, has 9999999999
avro: backward no, forward no
  backward: B: wanted decimal(9,2), is decimal(7,2)
  forward: B: wanted decimal(7,2), is decimal(9,2)
  forward: C: wanted int, is long
protobuf: backward yes, forward no
  forward: C: is int64: values beyond int32 would be cut
");
}

/// The lines of one format's verdict.
fn verdict(old: &Layout, new: &Layout, format: Format) -> String {
    let found = of(old, new);
    let verdict = found.verdicts.iter().find(|one| one.format == format);
    let verdict = verdict.unwrap();
    let mut out = String::new();
    for obstacle in &verdict.backward {
        out += &format!("backward: {obstacle}\n");
    }
    for obstacle in &verdict.forward {
        out += &format!("forward: {obstacle}\n");
    }
    out
}

#[test]
fn texts_of_another_code_page_are_others() {
    let text = "01 R.\n05 A PIC X(4).\n";
    let french = LayoutOptions {
        code_page: CodePage::Cp297,
        ..LayoutOptions::default()
    };
    let (old, new) = (layout(text, ""), layout_with(text, "", &french));
    insta::assert_snapshot!(verdict(&old, &new, Format::Records), @r"
backward: wanted texts in cp297, got cp037
backward: A: wanted X(4) DISPLAY, is X(4) DISPLAY
forward: wanted texts in cp037, got cp297
forward: A: wanted X(4) DISPLAY, is X(4) DISPLAY
");
}

#[test]
fn occurrences_of_another_length_are_elsewhere() {
    let old = layout(
        "01 R.\n05 T OCCURS 3.\n10 A PIC X(2).\n05 FILLER PIC X(3).\n",
        "",
    );
    let new = layout(
        "01 R.\n05 T OCCURS 3.\n10 A PIC X(2).\n10 FILLER PIC X.\n",
        "",
    );
    insta::assert_snapshot!(verdict(&old, &new, Format::Records), @r"
backward: T: its occurrences have another length
forward: T: its occurrences have another length
");
}

#[test]
fn a_field_beyond_the_end_has_no_bytes() {
    let old = layout("01 R.\n05 A PIC X(4).\n", "");
    let new = layout("01 R.\n05 A PIC X(4).\n05 B PIC X(2).\n05 C PIC 9.\n", "");
    insta::assert_snapshot!(verdict(&old, &new, Format::Records), @r"
backward: wanted records of 7 bytes, got 4
backward: B: lies beyond the end of the record
backward: C: lies beyond the end of the record
forward: wanted records of 4 bytes, got 7
");
}

#[test]
fn names_that_the_reader_does_not_know_are_in_its_way() {
    let enums = LayoutOptions {
        conditions: Conditions::Enums,
        ..LayoutOptions::default()
    };
    let text = "01 R.\n05 STATE PIC X.\n88 OPEN-LOT VALUE 'O'.\n88 SHUT-LOT VALUE 'S'.\n";
    let old = layout_with(text, "", &enums);
    let new = layout_with(&format!("{text}88 LOST-LOT VALUE 'L'.\n"), "", &enums);
    insta::assert_snapshot!(verdict(&old, &new, Format::Avro), @r#"
forward: STATE: may be "LOST_LOT", which it does not know
"#);
    insta::assert_snapshot!(verdict(&old, &new, Format::JsonSchema), @r#"
forward: STATE: may be "LOST-LOT", which has no name there
"#);
}

#[test]
fn texts_that_need_not_have_the_readers_form_are_in_its_way() {
    let text = "01 R.\n05 DAY-OF PIC X(10).\n05 SEAL PIC X(4).\n05 AT PIC X(8).\n";
    let old = layout(text, "");
    let new = layout(
        text,
        "[fields.DAY-OF]\ndate = \"YYYY-MM-DD\"\n[fields.SEAL]\nbinary = true\n\
         [fields.AT]\ntime = \"HH:MM:SS\"\n",
    );
    insta::assert_snapshot!(verdict(&old, &new, Format::JsonSchema), @r#"
backward: DAY-OF: wanted format "date", which is not sure
backward: SEAL: wanted pattern "^([0-9A-F]{2})*$", which is not sure
backward: SEAL: wanted minLength 8, has none
backward: AT: wanted pattern "^[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?$", which is not sure
forward: DAY-OF: wanted maxLength 10, has none
forward: SEAL: wanted maxLength 4, has 8
forward: AT: wanted maxLength 8, has none
"#);
    insta::assert_snapshot!(verdict(&old, &new, Format::Json), @r#"
backward: DAY-OF: wanted format "date", which is not sure
backward: SEAL: wanted pattern "^([0-9A-F]{2})*$", which is not sure
backward: AT: wanted pattern "^[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?$", which is not sure
"#);
}

/// What a verdict promises, tried: the reader's schema with data that the writer's layout gives.
fn keeps_its_promises(
    reader: &Layout,
    writer: &Layout,
    diff: &Diff,
    wanted: Compatibility,
    record: &[u8],
) {
    let good = |format: Format| {
        let verdict = diff
            .verdicts
            .iter()
            .find(|verdict| verdict.format == format);
        verdict.unwrap().is(wanted)
    };
    let name = Some("legacy.R".to_owned());
    let avro = |layout| {
        let options = AvroOptions {
            name: name.clone(),
            ..AvroOptions::default()
        };
        apache_avro::Schema::parse_str(schema::Avro::new(layout, &options).schema()).unwrap()
    };
    if good(Format::Avro) {
        let theirs = apache_avro::schema_compatibility::SchemaCompatibility::can_read(
            &avro(writer),
            &avro(reader),
        );
        assert_eq!(
            theirs,
            Ok(apache_avro::schema_compatibility::Compatibility::Full)
        );
    }
    let mut json = Vec::new();
    if writer.write_json(record, &mut json).is_err() {
        return;
    }
    if good(Format::JsonSchema) {
        let schema = schema::json_schema(reader, &JsonOptions::default());
        let schema = serde_json::from_str(&schema).unwrap();
        let value = serde_json::from_slice(&json).unwrap();
        json_schema::valid(&schema, &value).unwrap();
    }
    if good(Format::Records) {
        let mut again = Vec::new();
        reader.write_json(record, &mut again).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Lines of a random copybook left out, doubled in size or given another name make the other version.
    #[test]
    fn a_verdict_holds_for_every_record(
        text in copybook(),
        at in any::<prop::sample::Index>(),
        change in 0u8..4,
        mut record in prop::collection::vec(byte(), 600),
    ) {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let at = at.index(lines.len());
        match change {
            0 => drop(lines.remove(at)),
            1 => lines[at] = lines[at].replace("PIC X(", "PIC X(1"),
            2 => lines[at] = lines[at].replace("PIC 9(", "PIC S9(").replace("COMP-3", "DISPLAY"),
            _ => lines[at] = lines[at].replace(" F", " NEW-F"),
        }
        let (old, new) = (try_layout(&text, None), try_layout(&lines.join("\n"), None));
        prop_assume!(old.is_ok() && new.is_ok());
        let (old, new) = (old.unwrap(), new.unwrap());
        prop_assume!(old.max_len() <= 590 && new.max_len() <= 590);
        record[0] = 0xf0;
        record[1] = 0xf1;
        let found = of(&old, &new);
        keeps_its_promises(&new, &old, &found, Compatibility::Backward, &record[..old.max_len()]);
        keeps_its_promises(&old, &new, &found, Compatibility::Forward, &record[..new.max_len()]);
        let same = |layout: &Layout| {
            let options = ProtobufOptions::default();
            Protobuf::new(layout, &options).schema()
        };
        if found.changes.is_empty() {
            prop_assert_eq!(same(&old), same(&new));
        }
    }
}

#[test]
fn a_table_at_the_tail_may_grow_where_its_storage_follows_its_count() {
    let version = |table: &str, behind: &str| {
        layout(
            &format!("01 R.\n05 N PIC 9.\n05 G.\n10 T {table}.\n15 A PIC X(2).\n{behind}"),
            "",
        )
    };
    let records = |old: &Layout, new: &Layout| {
        let verdict = of(old, new).verdicts.swap_remove(0);
        assert_eq!(verdict.format, Format::Records);
        (
            verdict.is(Compatibility::Backward),
            verdict.is(Compatibility::Forward),
        )
    };
    let three = version("OCCURS 1 TO 3 DEPENDING ON N", "");
    let five = version("OCCURS 1 TO 5 DEPENDING ON N", "");
    assert_eq!(records(&three, &five), (true, false));
    assert_eq!(records(&five, &three), (false, true));
    // What the verdict says of records, each of them shows.
    for count in 1..=5u8 {
        let mut record = vec![0xf0 + count];
        record.extend(vec![0xc1; 2 * usize::from(count)]);
        let json = |layout: &Layout| {
            let mut out = Vec::new();
            layout.write_json(&record, &mut out).map(|()| out).ok()
        };
        assert!(json(&five).is_some());
        assert_eq!(json(&three).is_some(), count <= 3);
        assert!(count > 3 || json(&three) == json(&five));
    }
    // No less often.
    let two = version("OCCURS 2 TO 5 DEPENDING ON N", "");
    assert_eq!(records(&three, &two), (false, false));
    // Not where it is no longer the tail, the count is another field, or all of it is always there.
    let three = version("OCCURS 1 TO 3 DEPENDING ON N", "05 Z PIC X.");
    let five = version("OCCURS 1 TO 5 DEPENDING ON N", "05 Z PIC X.");
    assert_eq!(records(&three, &five), (false, false));
    let (three, five) = (version("OCCURS 3", ""), version("OCCURS 5", ""));
    assert_eq!(records(&three, &five), (false, false));
}
