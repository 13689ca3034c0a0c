//! OCCURS DEPENDING ON where compilers allow it: in the middle, nested, counted by fields that move themselves.

use std::sync::Arc;

use parsers::layout::options::Odo;
use parsers::{Copybook, CopybookText, Field, FieldError, Layout, LayoutOptions, Meaning, Visitor};

use super::{ebcdic, fixed, to_hex};

fn compile(lines: &str, meaning: Option<&str>, options: &LayoutOptions) -> Arc<Layout> {
    let copybook = Copybook::parse(CopybookText {
        file: "test.cpy",
        text: &fixed(lines),
    })
    .unwrap();
    let meaning = meaning
        .map(|toml| Meaning::parse("test.meaning.toml", &format!("version = 1\n{toml}")).unwrap());
    Layout::compile(&copybook, meaning.as_ref(), options).unwrap()
}

fn moving(lines: &str) -> Arc<Layout> {
    compile(lines, None, &LayoutOptions::default())
}

fn maximum(lines: &str) -> Arc<Layout> {
    let options = LayoutOptions {
        odo: Odo::Maximum,
        ..LayoutOptions::default()
    };
    compile(lines, None, &options)
}

/// The record as JSON, which must give the same bytes back.
fn json(layout: &Layout, record: &[u8]) -> String {
    let mut out = Vec::new();
    layout.write_json(record, &mut out).unwrap();
    assert_eq!(layout.read_json(&out).as_deref(), Ok(record));
    String::from_utf8(out).unwrap()
}

/// The calls of a walk for elementary fields, without subscripts: what single fields are held against.
#[derive(Default)]
pub(super) struct Seen(pub(super) Vec<(u32, String)>);

impl Visitor for Seen {
    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}
    fn text(&mut self, field: &Field, text: parsers::Text<'_>) {
        self.0.push((field.id(), text.to_string()));
    }
    fn number(&mut self, field: &Field, number: parsers::Number<'_>) {
        self.0.push((field.id(), number.decimal().to_string()));
    }
    fn float(&mut self, _: &Field, _: f64) {}
    fn date(&mut self, _: &Field, _: parsers::Date) {}
    fn time(&mut self, _: &Field, _: parsers::Time) {}
    fn timestamp(&mut self, _: &Field, _: parsers::Timestamp) {}
    fn flag(&mut self, _: &Field, _: bool) {}
    fn bytes(&mut self, field: &Field, bytes: &[u8]) {
        self.0.push((field.id(), to_hex(bytes)));
    }
    fn null(&mut self, _: &Field) {}
    fn invalid(&mut self, field: &Field, error: FieldError, _: &[u8]) -> Result<(), FieldError> {
        self.0.push((field.id(), error.to_string()));
        Ok(())
    }
}

fn field(layout: &Layout, record: &[u8], path: &str) -> String {
    let path = layout.resolve(path).unwrap();
    let mut seen = Seen::default();
    layout.walk_field(record, &path, &mut seen).unwrap();
    let shown: Vec<String> = seen.0.into_iter().map(|(_, shown)| shown).collect();
    shown.join(",")
}

#[test]
fn what_follows_a_table_moves() {
    let layout = moving(
        "01 R.\n05 N PIC 9.\n05 T OCCURS 0 TO 5 DEPENDING ON N PIC X(2).\n05 A PIC X(3).\n05 B PIC 9(2).",
    );
    assert_eq!((layout.min_len(), layout.max_len()), (6, 16));
    let record = ebcdic("2AABBxyz42");
    assert_eq!(
        json(&layout, &record),
        r#"{"N":2,"T":["AA","BB"],"A":"xyz","B":42}"#
    );
    assert_eq!(field(&layout, &record, "A"), "xyz");
    assert_eq!(field(&layout, &record, "B"), "42");
    assert_eq!(
        json(&layout, &ebcdic("0xyz42")),
        r#"{"N":0,"T":[],"A":"xyz","B":42}"#
    );
    // A counter that is not given is set.
    let record = layout
        .read_json(br#"{"T":["A","B","C"],"A":"q","B":1}"#)
        .unwrap();
    assert_eq!(to_hex(&record), to_hex(&ebcdic("3A B C q  01")));
    let error = layout.read_json(br#"{"N":2,"T":["A"]}"#).unwrap_err();
    assert_eq!(error.to_string(), "field T: 1 occurrences and N says 2");
}

#[test]
fn most_occurrences_keep_their_room() {
    let lines = "01 R.\n05 N PIC 9.\n05 T OCCURS 0 TO 3 DEPENDING ON N PIC X(2).\n05 A PIC X(3).";
    let layout = maximum(lines);
    assert_eq!((layout.min_len(), layout.max_len()), (10, 10));
    let record = ebcdic("1AAzz??xyz");
    assert_eq!(
        json(&layout, &record),
        r#"{"N":1,"T":["AA"],"A":"xyz","_raw":{"@3":"A9A96F6F"}}"#
    );
    assert_eq!(field(&layout, &record, "A"), "xyz");
    assert_eq!(
        layout.read_json(br#"{"T":["AA"],"A":"xyz"}"#).unwrap(),
        ebcdic("1AA    xyz")
    );
    // At the end the room may be missing.
    let tail = maximum("01 R.\n05 N PIC 9.\n05 T OCCURS 0 TO 3 DEPENDING ON N PIC X(2).");
    assert_eq!((tail.min_len(), tail.max_len()), (1, 7));
    assert_eq!(
        json(&tail, &ebcdic("1AA")),
        r#"{"N":1,"T":["AA"],"_raw":{"@length":"00000003"}}"#
    );
    assert_eq!(
        tail.read_json(br#"{"T":["AA"]}"#).unwrap(),
        ebcdic("1AA    ")
    );
}

#[test]
fn tables_are_nested_and_counted_by_fields_of_their_own_occurrence() {
    let layout = moving(
        "01 R.\n05 N PIC 9.\n05 ORD OCCURS 0 TO 4 DEPENDING ON N.\n10 ID PIC X.\n10 M PIC 9.\n10 ITEM OCCURS 0 TO 3 DEPENDING ON M PIC X(2).\n10 LAST-ONE PIC X.\n05 Z PIC X(2).",
    );
    assert_eq!((layout.min_len(), layout.max_len()), (3, 39));
    let record = ebcdic("3A2aabb.B0.C1cc.ZZ");
    assert_eq!(
        json(&layout, &record),
        r#"{"N":3,"ORD":[{"ID":"A","M":2,"ITEM":["aa","bb"],"LAST-ONE":"."},{"ID":"B","M":0,"ITEM":[],"LAST-ONE":"."},{"ID":"C","M":1,"ITEM":["cc"],"LAST-ONE":"."}],"Z":"ZZ"}"#
    );
    assert_eq!(field(&layout, &record, "Z"), "ZZ");
    assert_eq!(field(&layout, &record, "ID(3)"), "C");
    assert_eq!(field(&layout, &record, "ITEM(3,1)"), "cc");
    let path = layout.resolve("ORD(4).ID").unwrap();
    let error = layout
        .walk_field(&record, &path, &mut Seen::default())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "field ORD at byte 1: occurrence 4 of a table of 3"
    );
    let error = layout.validate(&ebcdic("1A9")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "field ORD.M at byte 2 (0xF9): 9 occurrences of ITEM: wanted 0 to 3"
    );
}

#[test]
fn a_counter_may_move_itself() {
    let layout = moving(
        "01 R.\n05 N PIC 9.\n05 T OCCURS 0 TO 5 DEPENDING ON N PIC X.\n05 M PIC 9.\n05 U OCCURS 0 TO 5 DEPENDING ON M PIC X.\n05 K PIC 9.\n05 V OCCURS 1 TO 3 DEPENDING ON K PIC X.",
    );
    let record = ebcdic("2ab3cde1f");
    assert_eq!(
        json(&layout, &record),
        r#"{"N":2,"T":["a","b"],"M":3,"U":["c","d","e"],"K":1,"V":["f"]}"#
    );
    assert_eq!(field(&layout, &record, "V(1)"), "f");
    assert_eq!(field(&layout, &record, "K"), "1");
    assert_eq!(
        layout
            .read_json(br#"{"T":["a"],"U":["b","c"],"V":["d"]}"#)
            .unwrap(),
        ebcdic("1a2bc1d")
    );
}

#[test]
fn an_area_of_views_keeps_its_length() {
    let layout = moving(
        "01 R.\n05 KIND PIC X.\n05 A.\n10 N PIC 9.\n10 T OCCURS 0 TO 4 DEPENDING ON N PIC X.\n10 U PIC X.\n05 B REDEFINES A PIC 9(6).\n05 Z PIC X.",
    );
    assert_eq!((layout.min_len(), layout.max_len()), (8, 8));
    // Of the first view two bytes are left over.
    let record = ebcdic("A2abc??Z");
    assert_eq!(
        json(&layout, &record),
        r#"{"KIND":"A","A":{"N":2,"T":["a","b"],"U":"c"},"Z":"Z","_raw":{"@5":"6F6F"}}"#
    );
    assert_eq!(field(&layout, &record, "Z"), "Z");
    assert_eq!(field(&layout, &record, "U"), "c");
}

#[test]
fn keys_and_record_types_are_found_behind_tables() {
    let lines = "01 R.\n05 N PIC 9.\n05 T OCCURS 0 TO 5 DEPENDING ON N PIC X.\n05 KIND PIC X.\n05 ID PIC X(2).\n05 A PIC X(3).\n05 B REDEFINES A PIC 9(3).\n05 SUFFIX PIC X.";
    let meaning = "key = \"ID\"\n[record_types.text]\nwhen = { KIND = \"T\" }\nview = \"A\"\n[record_types.number]\nwhen = { KIND = \"N\" }\nview = \"B\"";
    let layout = compile(lines, Some(meaning), &LayoutOptions::default());
    for (record, shown, kind) in [
        (
            "2abN17123.",
            r#"{"N":2,"T":["a","b"],"KIND":"N","ID":"17","B":123,"SUFFIX":"."}"#,
            "number",
        ),
        (
            "0T17123.",
            r#"{"N":0,"T":[],"KIND":"T","ID":"17","A":"123","SUFFIX":"."}"#,
            "text",
        ),
    ] {
        let record = ebcdic(record);
        assert_eq!(json(&layout, &record), shown);
        assert_eq!(layout.record_type(&record), Some(kind));
        let mut key = Vec::new();
        layout.write_key(&record, &mut key).unwrap();
        assert_eq!(key, ebcdic("17"));
    }
}

#[test]
fn what_chooses_a_view_may_come_after_it() {
    let lines = "01 R.\n05 N PIC 9.\n05 T OCCURS 0 TO 5 DEPENDING ON N PIC X.\n05 A PIC X(3).\n05 B REDEFINES A PIC 9(3).\n05 M PIC 9.\n05 U OCCURS 0 TO 5 DEPENDING ON M PIC X.\n05 KIND PIC X.";
    let meaning = "[record_types.text]\nwhen = { KIND = \"T\" }\nview = \"A\"\n[record_types.number]\nwhen = { KIND = \"N\" }\nview = \"B\"";
    let layout = compile(lines, Some(meaning), &LayoutOptions::default());
    assert_eq!(
        json(&layout, &ebcdic("1a1231bN")),
        r#"{"N":1,"T":["a"],"B":123,"M":1,"U":["b"],"KIND":"N"}"#
    );
    assert_eq!(
        json(&layout, &ebcdic("1a1230T")),
        r#"{"N":1,"T":["a"],"A":"123","M":0,"U":[],"KIND":"T"}"#
    );
}

#[test]
fn texts_count() {
    let options = LayoutOptions {
        counts: vec![(
            "KIND".to_owned(),
            vec![("A".to_owned(), 0), ("B".to_owned(), 2)],
        )],
        ..LayoutOptions::default()
    };
    let lines = "01 R.\n05 KIND PIC X.\n05 T OCCURS 0 TO 2 DEPENDING ON KIND PIC X.\n05 Z PIC X.";
    let layout = compile(lines, None, &options);
    assert_eq!(
        json(&layout, &ebcdic("Az")),
        r#"{"KIND":"A","T":[],"Z":"z"}"#
    );
    assert_eq!(
        json(&layout, &ebcdic("Bxyz")),
        r#"{"KIND":"B","T":["x","y"],"Z":"z"}"#
    );
    assert_eq!(
        layout.validate(&ebcdic("Czzz")).unwrap_err().to_string(),
        "field KIND at byte 0 (0xC3): a text that counts no occurrences of T"
    );
    assert_eq!(
        layout.read_json(br#"{"T":["p","q"],"Z":"r"}"#).unwrap(),
        ebcdic("Bpqr")
    );
}

#[test]
fn a_count_that_does_not_read_keeps_the_rest() {
    use parsers::json::{Invalid, JsonOptions};
    let layout = moving(
        "01 R.\n05 G.\n10 N PIC 9.\n10 T OCCURS 0 TO 5 DEPENDING ON N PIC X.\n10 A PIC X(3).\n05 B PIC X.",
    );
    let record = ebcdic("?abcdef");
    let options = JsonOptions {
        invalid: Invalid::Keep,
        ..JsonOptions::default()
    };
    let mut out = Vec::new();
    layout.write_json_with(&record, &options, &mut out).unwrap();
    assert_eq!(layout.read_json(&out).unwrap(), record);
}

/// The bytes of each group, as a visitor that asks for them sees them.
struct Raw(Vec<String>);

impl Visitor for Raw {
    const RAW: bool = true;

    fn raw(&mut self, field: &Field, start: usize, bytes: &[u8]) {
        self.0
            .push(format!("{}@{start}={}", field.name(), to_hex(bytes)));
    }
    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}
    fn text(&mut self, _: &Field, _: parsers::Text<'_>) {}
    fn number(&mut self, _: &Field, _: parsers::Number<'_>) {}
    fn float(&mut self, _: &Field, _: f64) {}
    fn date(&mut self, _: &Field, _: parsers::Date) {}
    fn time(&mut self, _: &Field, _: parsers::Time) {}
    fn timestamp(&mut self, _: &Field, _: parsers::Timestamp) {}
    fn flag(&mut self, _: &Field, _: bool) {}
    fn bytes(&mut self, _: &Field, _: &[u8]) {}
    fn null(&mut self, _: &Field) {}
    fn invalid(&mut self, _: &Field, error: FieldError, _: &[u8]) -> Result<(), FieldError> {
        Err(error)
    }
}

#[test]
fn the_bytes_of_groups_are_where_counts_put_them() {
    let layout = moving(
        "01 R.\n05 G1.\n10 N PIC 9.\n10 T OCCURS 0 TO 3 DEPENDING ON N PIC X.\n05 G2.\n10 A PIC X.\n05 G3.\n10 M PIC 9.\n10 U OCCURS 0 TO 3 DEPENDING ON M PIC X.",
    );
    let mut raw = Raw(Vec::new());
    layout.walk(&ebcdic("2abC1d"), &mut raw).unwrap();
    // 2ab, then C, then 1d.
    assert_eq!(
        raw.0.join(" "),
        "G1@0=F28182 N@0=F2 T@1=81 T@2=82 G2@3=C3 A@3=C3 G3@4=F184 M@4=F1 U@5=84"
    );
}

#[test]
fn level_66_names_are_views() {
    let layout = moving(
        "01 R.\n05 N PIC 9.\n05 T OCCURS 0 TO 3 DEPENDING ON N PIC X.\n05 G1.\n10 A PIC X.\n10 B PIC 9(2).\n05 G2.\n10 C PIC X.\n10 D PIC X(2).\n10 E REDEFINES D PIC 9(2).\n10 F PIC X.\n66 ALIAS RENAMES B.\n66 BOTH RENAMES G1 THRU G2.\n66 ACROSS RENAMES B THRU C.\n66 PART RENAMES C THRU D.\n66 OTHER RENAMES E THRU F.",
    );
    let names: Vec<String> = layout
        .renames()
        .map(|field| format!("{} {}+{}", field.name(), field.offset(), field.len()))
        .collect();
    assert_eq!(
        names.join(", "),
        "ALIAS 5+2, BOTH 4+7, ACROSS 5+3, PART 7+3, OTHER 8+3"
    );
    let record = ebcdic("2xyA42C17F");
    assert_eq!(
        json(&layout, &record),
        r#"{"N":2,"T":["x","y"],"G1":{"A":"A","B":42},"G2":{"C":"C","D":"17","E":17,"F":"F"}}"#
    );
    let read = |name| field(&layout, &record, name);
    assert_eq!(read("alias"), "42");
    assert_eq!(read("BOTH"), "A,42,C,17,17,F");
    assert_eq!(read("ACROSS"), "42,C");
    assert_eq!(read("PART"), "C,17");
    assert_eq!(read("R.OTHER"), "17,F");
    let path = layout.resolve("ACROSS").unwrap();
    assert_eq!(layout.field_of(&path).level(), 66);
    assert_eq!(path.as_str(), "ACROSS");
}

#[test]
fn level_66_of_what_cannot_be_renamed() {
    let faults = |entry: &str| {
        let text = fixed(&format!(
            "01 R.\n05 A PIC X.\n05 T OCCURS 2 PIC X.\n05 G.\n10 B PIC X.\n10 C PIC X.\n{entry}"
        ));
        let copybook = Copybook::parse(CopybookText {
            file: "test.cpy",
            text: &text,
        })
        .unwrap();
        let faults = Layout::compile(&copybook, None, &LayoutOptions::default()).unwrap_err();
        let faults: Vec<String> = faults
            .iter()
            .map(|fault| {
                fault
                    .to_string()
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect();
        faults.join("; ")
    };
    assert_eq!(
        faults("66 V RENAMES T."),
        "V RENAMES: T is a table or in one"
    );
    assert_eq!(
        faults("66 V RENAMES R."),
        "V RENAMES: R is the record itself"
    );
    assert_eq!(
        faults("66 V RENAMES C THRU A."),
        "V RENAMES: A must end after C"
    );
    assert_eq!(
        faults("66 V RENAMES G THRU B."),
        "V RENAMES: B must end after G"
    );
    assert_eq!(
        faults("66 V RENAMES NONE."),
        "V RENAMES: no field `NONE` in this copybook"
    );
}
