//! Counters of OCCURS DEPENDING ON that are no plain number.

use parsers::LayoutOptions;
use parsers::json::{Invalid, JsonOptions};

use crate::{hex, layout_with};

#[test]
fn a_counter_counts_what_the_policies_and_its_meaning_say() {
    let text = "01 R.\n05 C PIC 9(2).\n05 T OCCURS 0 TO 3 DEPENDING ON C PIC X.\n05 Z PIC X.";
    let shown = |words: &str, meaning: &str, record: &str| {
        let mut options = LayoutOptions::default();
        options.set_all(words).unwrap();
        let layout = layout_with(text, meaning, &options);
        let record = hex(record);
        let mut json = Vec::new();
        let keep = JsonOptions {
            invalid: Invalid::Keep,
            ..JsonOptions::default()
        };
        layout.write_json_with(&record, &keep, &mut json).unwrap();
        let json = String::from_utf8(json).unwrap();
        assert_eq!(layout.read_json(json.as_bytes()).unwrap(), record, "{json}");
        json
    };
    let lines = [
        shown("", "", "4040E9"),
        shown("number_spaces = zero", "", "4040E9"),
        shown("number_spaces = null", "", "4040E9"),
        shown("number_low_values = null", "", "0000E9"),
        shown(
            "",
            "[fields]\nC = { null = [\"spaces\", \"99\"] }",
            "4040E9",
        ),
        shown("display_numbers = spaced", "", "40F1C1E9"),
        shown("signs = lenient", "", "F0D1C1E9"),
        shown("invalid_numbers = null", "", "C1F1C1E9"),
        shown(
            "invalid_numbers = null; invalid_counts = most",
            "",
            "C1F1C1C2C3E9",
        ),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
{"C":null,"T":null,"_raw":{"C":"4040","T":"E9"},"_errors":{"C":"blanks where a number is wanted (`null = \"spaces\"` in the meaning makes that null, the layout option `number_spaces = null` all such numbers)"}}
{"C":0,"T":[],"Z":"Z","_raw":{"C":"4040"}}
{"C":null,"T":[],"Z":"Z","_raw":{"C":"4040"}}
{"C":null,"T":[],"Z":"Z","_raw":{"C":"0000"}}
{"C":null,"T":[],"Z":"Z"}
{"C":1,"T":["A"],"Z":"Z","_raw":{"C":"40F1"}}
{"C":-1,"T":null,"_raw":{"C":"F0D1","T":"C1E9"},"_errors":{"C":"-1 occurrences of T: wanted 0 to 3"}}
{"C":null,"T":null,"_raw":{"C":"C1F1","T":"C1E9"},"_errors":{"C":"wanted a digit (F0 to F9) as byte 1 of the field, got C1"}}
{"C":null,"T":["A","B","C"],"Z":"Z","_raw":{"C":"C1F1"}}
"#);
}
