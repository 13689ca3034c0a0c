//! What holds for every copybook, record and text: bytes come back, nothing panics.

use parsers::json::{Invalid, JsonOptions};
use parsers::{Copybook, CopybookText, Layout, LayoutOptions, Meaning};
use proptest::prelude::*;

use super::{fixed, try_layout};

/// Every usage, with sizes around its limits.
fn elementary() -> impl Strategy<Value = String> {
    let digits = 1u32..=38;
    let number = (any::<bool>(), digits, 0u32..=10).prop_map(|(signed, digits, scale)| {
        let scale = scale.min(digits);
        let s = if signed { "S" } else { "" };
        match (digits - scale, scale) {
            (whole, 0) => format!("{s}9({whole})"),
            (0, scale) => format!("{s}V9({scale})"),
            (whole, scale) => format!("{s}9({whole})V9({scale})"),
        }
    });
    let binary = (any::<bool>(), 1u32..=18, any::<bool>()).prop_map(|(signed, digits, native)| {
        let s = if signed { "S" } else { "" };
        format!(
            "PIC {s}9({digits}) {}",
            if native { "COMP-5" } else { "COMP" }
        )
    });
    let sign = prop_oneof![
        Just(""),
        Just("SIGN LEADING"),
        Just("SIGN TRAILING SEPARATE"),
        Just("LEADING SEPARATE CHARACTER")
    ];
    prop_oneof![
        (1u32..12).prop_map(|len| format!("PIC X({len})")),
        (1u32..12).prop_map(|len| format!("PIC X({len}) JUSTIFIED RIGHT")),
        Just("PIC ZZ,ZZ9.99-".to_owned()),
        (number.clone(), sign).prop_map(|(picture, sign)| format!("PIC {picture} {sign}")),
        number.prop_map(|picture| format!("PIC {picture} COMP-3")),
        Just("PIC S9(3)PPP COMP-3".to_owned()),
        Just("PIC SPP9(3)".to_owned()),
        binary.clone(),
        binary.prop_map(|binary| format!("{binary} SYNC")),
        Just("COMP-1".to_owned()),
        Just("COMP-2".to_owned()),
        Just("COMP-2 SYNC".to_owned()),
    ]
}

#[derive(Debug, Clone)]
enum Node {
    Elementary(String),
    Group(Vec<Node>),
    Table(u32, Box<Node>),
    Filler(Box<Node>),
    /// Views of one place.
    Views(Vec<Node>),
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = elementary().prop_map(Node::Elementary);
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(Node::Group),
            2 => (1u32..4, inner.clone()).prop_map(|(times, node)| Node::Table(times, Box::new(node))),
            1 => inner.clone().prop_map(|node| Node::Filler(Box::new(node))),
            1 => prop::collection::vec(inner, 2..4).prop_map(Node::Views),
        ]
    })
}

/// Writes entries; `extra` are clauses of the entry itself.
fn write(
    node: &Node,
    level: u8,
    count: &mut u32,
    extra: &str,
    filler: bool,
    out: &mut String,
) -> String {
    *count += 1;
    let name = if filler {
        "FILLER".to_owned()
    } else {
        format!("F{count}")
    };
    match node {
        Node::Elementary(clauses) => *out += &format!("{level:02} {name} {extra} {clauses}.\n"),
        Node::Group(members) => {
            *out += &format!("{level:02} {name} {extra}.\n");
            for member in members {
                write(member, level + 2, count, "", false, out);
            }
        }
        Node::Table(times, inner) => {
            return write(
                inner,
                level,
                count,
                &format!("{extra} OCCURS {times} TIMES"),
                filler,
                out,
            );
        }
        Node::Filler(inner) => return write(inner, level, count, extra, true, out),
        Node::Views(views) => {
            let first = write(views.first().unwrap(), level, count, extra, false, out);
            // A table within its own table is no COBOL; neither is a REDEFINES of FILLER.
            if !extra.contains("OCCURS") && first != "FILLER" {
                for view in views.iter().skip(1) {
                    write(
                        view,
                        level,
                        count,
                        &format!("REDEFINES {first}"),
                        false,
                        out,
                    );
                }
            }
            return first;
        }
    }
    name
}

/// A record, sometimes with a table of varying length at its end.
fn copybook() -> impl Strategy<Value = String> {
    (
        prop::collection::vec(node(), 1..5),
        prop::option::of(node()),
    )
        .prop_map(|(nodes, table)| {
            let mut out = "01 REC.\n05 N PIC 9(2).\n".to_owned();
            let mut count = 0;
            for node in &nodes {
                write(node, 5, &mut count, "", false, &mut out);
            }
            if let Some(node) = table {
                out += "05 T OCCURS 0 TO 4 TIMES DEPENDING ON N.\n";
                write(&node, 7, &mut count, "", false, &mut out);
            }
            fixed(&out)
        })
}

/// Bytes that are numbers more often than chance has it.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => 0xf0u8..=0xf9,
        2 => 0xc0u8..=0xc9,
        1 => 0xd0u8..=0xd9,
        2 => prop::sample::select(vec![0x00u8, 0x0c, 0x1c, 0x2d, 0x3f, 0x40, 0x4e, 0x60, 0x12, 0x99]),
        1 => any::<u8>(),
    ]
}

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
