//! The layout table: level, name, attributes, number, start, end and length of each field, as the peer prints it.
//!
//! In: items. Out: rows, and the first row that differs from those of an expected table.

use super::item::Item;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    level: String,
    name: String,
    number: String,
    start: String,
    end: String,
    length: String,
}

/// The first difference between a layout and the peer's table of it.
pub fn difference(items: &[Item], expected: &str) -> Option<String> {
    let mut ours = Vec::new();
    items.iter().for_each(|item| rows(item, &mut ours));
    let theirs: Vec<Row> = expected.lines().skip(1).filter_map(row).collect();
    let mut outer = None;
    for (at, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        let same = ours.name.eq_ignore_ascii_case(&theirs.name)
            && (&ours.level, &ours.start, &ours.end, &ours.length)
                == (&theirs.level, &theirs.start, &theirs.end, &theirs.length);
        if same {
            continue;
        }
        // A group differs where something in it does: that is what to tell of.
        let found = format!("expected {}, got {}", show(theirs), show(ours));
        let group = items_at(items, at).is_some_and(|item| !item.children.is_empty());
        if !group || ours.name != theirs.name || ours.start != theirs.start {
            return Some(found);
        }
        outer.get_or_insert(found);
    }
    if outer.is_some() {
        return outer;
    }
    match (ours.get(theirs.len()), theirs.get(ours.len())) {
        (Some(more), _) => Some(format!("expected the end, got {}", show(more))),
        (_, Some(missing)) => Some(format!("expected {}, got the end", show(missing))),
        _ => None,
    }
}

/// The item of a row.
fn items_at(items: &[Item], at: usize) -> Option<&Item> {
    let mut all = Vec::new();
    items
        .iter()
        .for_each(|item| item.each(&mut |item| all.push(item)));
    all.get(at).copied()
}

fn show(row: &Row) -> String {
    format!(
        "field {}: {} {} at {} to {}, {} bytes",
        row.number, row.level, row.name, row.start, row.end, row.length
    )
}

fn rows(item: &Item, out: &mut Vec<Row>) {
    out.push(Row {
        level: item.level.to_string(),
        name: item.name.clone(),
        number: (out.len() + 1).to_string(),
        start: (item.start + 1).to_string(),
        end: (item.start + item.len).to_string(),
        length: item.len.to_string(),
    });
    item.children.iter().for_each(|child| rows(child, out));
}

/// `level NAME attributes number start end length`; the attributes may be missing.
fn row(line: &str) -> Option<Row> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [level, name, .., number, start, end, length] = words.as_slice() else {
        return None;
    };
    Some(Row {
        level: (*level).to_owned(),
        name: (*name).to_owned(),
        number: (*number).to_owned(),
        start: (*start).to_owned(),
        end: (*end).to_owned(),
        length: (*length).to_owned(),
    })
}
