//! Any layout with tables of varying length anywhere, any bytes: they come back, single fields are where the walk
//! finds them, nothing reads past the end.

use std::sync::Arc;

use parsers::json::{Invalid, JsonOptions};
use parsers::layout::options::Odo;
use parsers::{Copybook, CopybookText, Field, Layout, LayoutOptions};
use proptest::prelude::*;

use super::fixed;
use super::odo::Seen;

#[derive(Debug, Clone)]
enum Node {
    Leaf(&'static str),
    Filler(&'static str),
    Group(Vec<Node>),
    Table(u32, Vec<Node>),
    /// With a counter of its own right before it.
    Counted(u32, u32, Vec<Node>),
    /// Counted by the record's first field.
    ByFirst(u32, Vec<Node>),
    Views(Vec<Node>, Vec<Node>),
}

fn node() -> impl Strategy<Value = Node> {
    let leaves = [
        "PIC X",
        "PIC X(3)",
        "PIC 9(2)",
        "PIC S9(3) COMP-3",
        "PIC S9(4) COMP SYNC",
        "PIC S9(2)",
        "PIC 9(7) COMP SYNC",
    ];
    let leaf = prop_oneof![
        6 => prop::sample::select(leaves.to_vec()).prop_map(Node::Leaf),
        1 => prop::sample::select(leaves.to_vec()).prop_map(Node::Filler),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let some = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            2 => some().prop_map(Node::Group),
            1 => (1u32..4, some()).prop_map(|(max, nodes)| Node::Table(max, nodes)),
            4 => (0u32..2, 1u32..4, some()).prop_map(|(min, more, nodes)| Node::Counted(min, min + more, nodes)),
            2 => (1u32..4, some()).prop_map(|(max, nodes)| Node::ByFirst(max, nodes)),
            2 => (some(), some()).prop_map(|(one, other)| Node::Views(one, other)),
        ]
    })
}

fn write(nodes: &[Node], level: u8, count: &mut u32, out: &mut String) {
    for node in nodes {
        *count += 1;
        let name = format!("F{count}");
        match node {
            Node::Leaf(clauses) => *out += &format!("{level:02} {name} {clauses}.\n"),
            Node::Filler(clauses) => *out += &format!("{level:02} FILLER {clauses}.\n"),
            Node::Group(members) => {
                *out += &format!("{level:02} {name}.\n");
                write(members, level + 1, count, out);
            }
            Node::Table(max, members) => {
                *out += &format!("{level:02} {name} OCCURS {max}.\n");
                write(members, level + 1, count, out);
            }
            Node::Counted(min, max, members) => {
                *out += &format!("{level:02} C-{name} PIC 9.\n");
                *out +=
                    &format!("{level:02} {name} OCCURS {min} TO {max} DEPENDING ON C-{name}.\n");
                write(members, level + 1, count, out);
            }
            Node::ByFirst(max, members) => {
                *out += &format!("{level:02} {name} OCCURS 0 TO {max} DEPENDING ON N.\n");
                write(members, level + 1, count, out);
            }
            Node::Views(one, other) => {
                *out += &format!("{level:02} {name}.\n");
                write(one, level + 1, count, out);
                *out += &format!("{level:02} R-{name} REDEFINES {name}.\n");
                write(other, level + 1, count, out);
            }
        }
    }
}

fn compile(nodes: &[Node], odo: Odo) -> (String, Result<Arc<Layout>, String>) {
    let mut text = "01 REC.\n02 N PIC 9.\n".to_owned();
    write(nodes, 2, &mut 0, &mut text);
    let text = fixed(&text);
    let copybook = Copybook::parse(CopybookText {
        file: "test.cpy",
        text: &text,
    })
    .unwrap();
    let options = LayoutOptions {
        odo,
        ..LayoutOptions::default()
    };
    let layout = Layout::compile(&copybook, None, &options);
    let layout = layout.map_err(|faults| format!("{faults:?}"));
    (text, layout)
}

/// Mostly small zoned digits, so that most things decode.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        30 => 0xf0u8..=0xf3,
        4 => Just(0x0c),
        2 => prop::sample::select(vec![0x00u8, 0xc1, 0xd2, 0x40, 0x1f]),
        1 => any::<u8>(),
    ]
}

fn around(layout: &Layout, field: &Field) -> bool {
    let mut at = Some(field);
    while let Some(field) = at {
        if field.is_table() || field.is_variant() {
            return true;
        }
        at = field.parent_id().and_then(|id| layout.field(id));
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("FIGWAY_SOAK_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(512), ..ProptestConfig::default() })]

    #[test]
    fn records_with_moving_tables_come_back(
        nodes in prop::collection::vec(node(), 1..5),
        record in prop::collection::vec(byte(), 0..400),
        odo in prop::sample::select(vec![Odo::Moving, Odo::Maximum]),
        cut in any::<bool>(),
    ) {
        let (text, layout) = compile(&nodes, odo);
        let layout = layout.unwrap();
        prop_assert!(layout.min_len() <= layout.max_len(), "{}", text);
        let record = match cut {
            true => &record[..record.len().min(layout.max_len())],
            false => &record[..],
        };
        // Lossless.
        let keep = JsonOptions { invalid: Invalid::Keep, ..JsonOptions::default() };
        let mut json = Vec::new();
        layout.write_json_with(record, &keep, &mut json).unwrap();
        let again = layout.read_json(&json);
        prop_assert_eq!(again.as_deref(), Ok(record), "{}\n{}\n{}", text, layout.listing(), String::from_utf8_lossy(&json));
        // Strict.
        let decoded = layout.decode(record);
        prop_assert_eq!(decoded.is_ok(), layout.validate(record).is_ok());
        if let Ok(decoded) = &decoded {
            let again = layout.encode(decoded);
            prop_assert_eq!(again.as_deref(), Ok(record), "{}\n{:?}", text, decoded);
            // What a shorter one lacks is slack, or what a view leaves of its area.
            let whole = !decoded.residue.contains_key("@length");
            prop_assert!(!whole || record.len() >= layout.min_len(), "{}\n{:?}", text, decoded);
        }
        // Single fields.
        if decoded.is_ok() {
            let mut all = Seen::default();
            layout.walk(record, &mut all).unwrap();
            for (id, shown) in &all.0 {
                let field = layout.field(*id).unwrap();
                if !around(&layout, field) {
                    let mut one = Seen::default();
                    layout.walk_field(record, &layout.resolve(field.path()).unwrap(), &mut one).unwrap();
                    prop_assert_eq!(&one.0, &vec![(*id, shown.clone())], "{}", text);
                }
            }
        }
    }
}
