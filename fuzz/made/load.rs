//! LOAD statements of one table, or of two in one file: fixed and moving columns, null bytes, values that stand for null.

use super::{Dice, Kind, Named};

/// A type, and its bytes where they are always as many.
const TYPES: [(&str, usize); 12] = [
    ("CHAR(3)", 3),
    ("INTEGER", 4),
    ("SMALLINT", 2),
    ("DECIMAL(5,2)", 3),
    ("DECIMAL(4)", 3),
    ("VARCHAR", 8),
    ("CHAR(1)", 1),
    ("DATE EXTERNAL(10)", 10),
    ("FLOAT(21)", 4),
    ("FLOAT", 8),
    ("BIGINT", 8),
    ("VARCHAR MIXED", 8),
];

pub(super) fn load(dice: &mut Dice<'_>) -> (String, Vec<Named>) {
    let mut text = String::from("LOAD DATA");
    let mut named = Vec::new();
    for table in 1..=1 + dice.below(2) {
        let prefix = match dice.once_in(3) {
            true => format!(" WHEN(1:1)=X'0{table}'"),
            false => String::new(),
        };
        let columns = columns(dice, table, &mut named);
        text += &format!(" INTO TABLE P.T{table}{prefix} ({columns})\n");
    }
    (text, named)
}

fn columns(dice: &mut Dice<'_>, table: usize, named: &mut Vec<Named>) -> String {
    let mut columns = Vec::new();
    let mut at = 2;
    // Behind a column as long as its value.
    let mut moving = false;
    for number in 1..=1 + dice.below(6) {
        let name = format!("C{table}{number}");
        let (kind, len) = TYPES[dice.below(TYPES.len())];
        let varying = kind.starts_with("VARCHAR");
        let fixed = varying && dice.once_in(2);
        let place = match (moving, varying, fixed) {
            (true, ..) => "*".to_owned(),
            (false, true, false) => at.to_string(),
            _ => format!("{at}:{}", at + len - 1),
        };
        let null = match dice.below(4) {
            0 | 1 => String::new(),
            // Before the columns, all of them may have the same one.
            2 => {
                let (byte, mark) = (1 + dice.below(2), dice.of(&["'?'", "X'FF'"]));
                format!(" NULLIF({byte})={mark}")
            }
            _ if moving || (varying && !fixed) => String::new(),
            _ => format!(" NULLIF({})='?'", at + len),
        };
        columns.push(format!("{name} POSITION({place}) {kind}{null}"));
        at += len + usize::from(!null.is_empty());
        moving |= varying && !fixed;
        named.push(Named {
            name,
            kind: Kind::Other,
            redefines: None,
        });
    }
    columns.join(", ")
}
