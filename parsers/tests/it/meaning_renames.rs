//! Names of level 66 in a meaning.

use crate::{ebcdic, faults, fixed, layout};

const RECORD: &str = "01 R.
    05 PLANT PIC X(2).
    05 ITEM PIC 9(3).
    05 KIND-1 PIC X.
    05 KIND-2 PIC X.
    05 DAY-MADE PIC 9(8).
    05 BODY PIC X(4).
    05 OTHER REDEFINES BODY PIC 9(4).
    05 COUNTS PIC 9 OCCURS 2.
    05 TAIL PIC X.
    66 WHOLE-ID RENAMES PLANT THRU ITEM.
    66 KIND RENAMES KIND-1 THRU KIND-2.
    66 MADE RENAMES DAY-MADE.
    66 REST RENAMES BODY THRU TAIL.
    66 ACROSS RENAMES KIND-2 THRU OTHER.";

#[test]
fn names_of_level_66_are_keys_dates_and_tests() {
    let layout = layout(
        RECORD,
        "key = [\"WHOLE-ID\", \"MADE\"]\n[fields.MADE]\ndate = \"YYYYMMDD\"\nname = \"made\"\n\
         [record_types.NUMBERS]\nwhen = { KIND = \"AB\" }\nview = \"OTHER\"\n\
         [record_types.TEXTS]\nwhen = { KIND = \"AC\" }\nview = \"BODY\"\n",
    );
    let keys: Vec<&str> = layout.key().iter().map(|path| path.as_str()).collect();
    assert_eq!(keys, ["PLANT", "ITEM", "DAY-MADE"]);
    let record = ebcdic("P1007AB202611220042120");
    let mut key = Vec::new();
    layout.write_key(&record, &mut key).unwrap();
    assert_eq!(key, ebcdic("P100720261122"));
    assert_eq!(layout.record_type(&record), Some("NUMBERS"));
    let mut json = Vec::new();
    layout.write_json(&record, &mut json).unwrap();
    insta::assert_snapshot!(String::from_utf8(json).unwrap(), @r#"
{"PLANT":"P1","ITEM":7,"KIND-1":"A","KIND-2":"B","made":"2026-11-22","OTHER":42,"COUNTS":[1,2],"TAIL":"0"}
"#);
    let record = ebcdic("P1007AC202611220042120");
    assert_eq!(layout.record_type(&record), Some("TEXTS"));
}

#[test]
fn what_a_name_of_level_66_cannot_be_is_told() {
    let told = |meaning: &str| {
        let meaning = format!("version = 1\n{meaning}");
        faults(&fixed(RECORD), Some(&meaning))
    };
    let all = [
        told("key = [\"REST\"]"),
        told("key = [\"ACROSS\"]"),
        told("key = [\"WHOLE-IT\"]"),
        told("[fields.KIND]\ndescription = \"two letters\""),
        told("[record_types.A]\nwhen = { KIND = \"ABC\" }"),
    ];
    let wrong = "01 R.\n05 A PIC X.\n05 B PIC X.\n66 C RENAMES B THRU A.";
    assert_eq!(
        faults(&fixed(wrong), Some("version = 1\nkey = [\"C\"]"))
            .lines()
            .next(),
        Some("test.cpy:4:11: C RENAMES: A must end after B")
    );
    insta::assert_snapshot!(all.join("--\n"), @r#"
test.meaning.toml:2:8: key REST: a table stands in it
  |key = ["REST"]
  |       ^^^^^^
--
test.meaning.toml:2:8: key ACROSS: it ends in another view than it begins in
  |key = ["ACROSS"]
  |       ^^^^^^^^
--
test.meaning.toml:2:8: no field `WHOLE-IT` in this copybook
  |key = ["WHOLE-IT"]
  |       ^^^^^^^^^^
--
test.meaning.toml:2:9: KIND renames several fields: it may be a key or tested by `when`, and no more
  |[fields.KIND]
  |        ^^^^
--
test.meaning.toml:3:17: a text of 3 characters in a field of 2
  |when = { KIND = "ABC" }
  |                ^^^^^
"#);
}

#[test]
fn a_name_of_level_66_is_that_of_the_record_named_before_it() {
    let records = "01 RA.\n05 A PIC X.\n05 B PIC X.\n66 KEY1 RENAMES A.\n\
        01 RB.\n05 C PIC X.\n05 D PIC X.\n66 KEY1 RENAMES D.\n66 BOTH RENAMES C THRU D.";
    let told = |meaning: &str| {
        let options = parsers::LayoutOptions {
            record: parsers::RecordChoice::All,
            ..Default::default()
        };
        let toml = format!("version = 1\n{meaning}");
        crate::try_layout_with(&fixed(records), Some(&toml), &options)
    };
    let key = |meaning: &str| told(meaning).unwrap().key()[0].as_str().to_owned();
    assert_eq!(key("key = [\"RA.KEY1\"]"), "RA.A");
    assert_eq!(key("key = [\"rb.key1\"]"), "RB.D");
    assert_eq!(key("key = [\"BOTH\"]"), "RB.C");
    let layout = told("").unwrap();
    let path = layout.resolve("RB.KEY1").unwrap();
    assert_eq!(layout.field_of(&path).name(), "D");
    let mut all = layout.resolve("KEY1").unwrap_err().to_string();
    for wrong in ["KEY1", "RA.BOTH", "RC.KEY1"] {
        let meaning = format!("key = [\"{wrong}\"]");
        all += &format!("\n{}", told(&meaning).unwrap_err()[0]);
    }
    insta::assert_snapshot!(all, @r"
`KEY1` could be RA.KEY1 or RB.KEY1: write more of the path
`KEY1` could be RA.KEY1 or RB.KEY1: write more of the path
no field `RA.BOTH` in this copybook
no field `RC.KEY1` in this copybook
");
}
