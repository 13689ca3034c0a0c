//! Random copybooks and records. Stands alone: other packages' tests include this file.

use proptest::prelude::*;

/// Copybook lines without their margin: each gets the seven columns in front.
fn lines(text: &str) -> String {
    text.lines()
        .map(|line| format!("       {line}\n"))
        .collect()
}

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
pub(crate) fn copybook() -> impl Strategy<Value = String> {
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
            lines(&out)
        })
}

/// Bytes that are numbers more often than chance has it.
pub(crate) fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => 0xf0u8..=0xf9,
        2 => 0xc0u8..=0xc9,
        1 => 0xd0u8..=0xd9,
        2 => prop::sample::select(vec![0x00u8, 0x0c, 0x1c, 0x2d, 0x3f, 0x40, 0x4e, 0x60, 0x12, 0x99]),
        1 => any::<u8>(),
    ]
}
