//! What holds for every copybook, record and text: bytes come back, nothing panics.

use parsers::json::{Invalid, JsonOptions};
use parsers::{Copybook, CopybookText, Layout, LayoutOptions, Meaning};
use proptest::prelude::*;

use super::generate::{byte, copybook};
use super::{fixed, try_layout};

fn keep() -> JsonOptions {
    JsonOptions {
        invalid: Invalid::Keep,
        ..JsonOptions::default()
    }
}

proptest! {
    /// Either a clean error or the same bytes back, through values and through JSON; keeping what does not decode,
    /// always the same bytes.
    #[test]
    fn records_come_back(
        text in copybook(),
        mut record in prop::collection::vec(byte(), 600),
        more in 0usize..4,
        count in 0u8..6,
    ) {
        // The generator may nest what is no COBOL, but seldom: proptest gives up when most is thrown away.
        let layout = try_layout(&text, None);
        prop_assume!(layout.is_ok());
        let layout = layout.unwrap();
        record[0] = 0xf0;
        record[1] = 0xf0 + count;
        let most = layout.max_len();
        prop_assume!(most <= 590);
        let least = layout.min_len().saturating_sub(usize::from(more == 3));
        for len in [most, least, most + more] {
            let record = &record[..len];
            let decoded = layout.decode(record);
            prop_assert_eq!(decoded.is_ok(), layout.validate(record).is_ok());
            let mut json = Vec::new();
            let written = layout.write_json(record, &mut json);
            prop_assert_eq!(decoded.is_ok(), written.is_ok());
            match decoded {
                Ok(decoded) => {
                    let again = layout.encode(&decoded);
                    prop_assert_eq!(again.as_deref(), Ok(record), "{}", text);
                    let again = layout.read_json(&json);
                    prop_assert_eq!(again.as_deref(), Ok(record), "{}\n{}", text, String::from_utf8_lossy(&json));
                }
                Err(_) => prop_assert!(json.is_empty()),
            }
            let mut json = Vec::new();
            layout.write_json_with(record, &keep(), &mut json).unwrap();
            let again = layout.read_json(&json);
            prop_assert_eq!(again.as_deref(), Ok(record), "{}\n{}", text, String::from_utf8_lossy(&json));
            let parsed: serde_json::Value = serde_json::from_slice(&json).unwrap();
            prop_assert!(parsed.is_object());
        }
    }

    #[test]
    fn any_json_gives_a_record_or_an_error(
        text in copybook(),
        json in "[\\[\\]{}\":,0-9a-fA-F_rawFN@. -]{0,60}",
    ) {
        if let Ok(layout) = try_layout(&text, None) {
            let _ = layout.read_json(json.as_bytes());
            let _ = layout.read_json(format!("{{{json}}}").as_bytes());
            let _ = layout.read_json(format!("{{\"N\":{json}}}").as_bytes());
        }
    }

    #[test]
    fn any_text_gives_a_copybook_or_faults(text in "(?s).{0,300}") {
        let _ = try_layout(&text, None);
    }

    #[test]
    fn any_words_give_a_copybook_or_faults(words in prop::collection::vec(word(), 0..60), line in 1usize..12) {
        let lines: Vec<String> = words.chunks(line).map(|words| words.join(" ")).collect();
        let text = fixed(&lines.join("\n"));
        match Copybook::parse(CopybookText { file: "any.cpy", text: &text }) {
            Ok(copybook) => {
                let _ = Layout::compile(&copybook, None, &LayoutOptions::default());
            }
            Err(faults) => {
                prop_assert!(!faults.is_empty());
                for fault in faults {
                    prop_assert!(fault.line() >= 1 && fault.column() >= 1 && fault.len() >= 1);
                }
            }
        }
    }

    #[test]
    fn any_meaning_gives_a_layout_or_faults(lines in prop::collection::vec(meaning_line(), 0..12)) {
        let text = fixed(
            "01 R.\n05 A PIC X(4).\n88 C VALUE 'A'.\n05 B REDEFINES A PIC 9(4).\n05 D PIC S9(7) COMP-3.\n05 E PIC X.",
        );
        if let Ok(meaning) = Meaning::parse("any.toml", &lines.join("\n")) {
            let copybook = Copybook::parse(CopybookText { file: "any.cpy", text: &text }).unwrap();
            if let Ok(layout) = Layout::compile(&copybook, Some(&meaning), &LayoutOptions::default()) {
                let record = [0xc1, 0xf1, 0xf1, 0xf1, 0, 0, 0, 0x1c, 0xe8];
                let mut json = Vec::new();
                layout.write_json_with(&record, &keep(), &mut json).unwrap();
                let again = layout.read_json(&json);
                prop_assert_eq!(again.as_deref(), Ok(&record[..]), "{}", String::from_utf8_lossy(&json));
                let _ = (layout.write_key(&record, &mut json), layout.classify(&record), layout.control_amount(&record));
            }
        }
    }
}

fn word() -> impl Strategy<Value = String> {
    let words = [
        "01",
        "05",
        "10",
        "66",
        "77",
        "88",
        "A",
        "B-2",
        "FILLER",
        "PIC",
        "X",
        "9(5)",
        "S9(3)V99",
        "COMP-3",
        "COMP",
        "OCCURS",
        "3",
        "TIMES",
        "TO",
        "DEPENDING",
        "ON",
        "REDEFINES",
        "VALUE",
        "'x'",
        "\"y",
        "ZERO",
        "THRU",
        ".",
        ".",
        ".",
        "SIGN",
        "LEADING",
        "SEPARATE",
        "SYNC",
        "JUST",
        "BLANK",
        "WHEN",
        "USAGE",
        "IS",
        "X'C1'",
        "ALL",
        "(",
        ")",
        ",",
        "COPY",
        "RENAMES",
        "INDEXED",
        "BY",
        "999999999",
        "OF",
        "ASCENDING",
        "KEY",
        "EJECT",
        "é",
        "*>",
    ];
    prop::sample::select(words.to_vec()).prop_map(str::to_owned)
}

fn meaning_line() -> impl Strategy<Value = String> {
    let lines = [
        "version = 1",
        "key = [\"A\"]",
        "key = \"D\"",
        "key = 3",
        "[fields.D]",
        "[fields.E]",
        "[fields.\"A.B\"]",
        "date = \"CYYMMDD\"",
        "date = \"YYMMDD\"",
        "pivot = 50",
        "null = [\"zeros\", \"spaces\"]",
        "null = \"low-values\"",
        "null = 7",
        "null = \"9999-12-31\"",
        "flag = { true = \"Y\", false = [\"N\", \" \"] }",
        "name = \"d\"",
        "[record_types.x]",
        "when = \"C\"",
        "when = { E = \"Y\" }",
        "view = \"B\"",
        "view = \"D\"",
        "[trailer]",
        "record_type = \"x\"",
        "count = \"D\"",
        "total = { field = \"D\", of = \"D\" }",
        "record_length = \"view\"",
        "record = \"R\"",
        "nonsense = 1",
        "[[",
        "binary = true",
    ];
    prop::sample::select(lines.to_vec()).prop_map(str::to_owned)
}
