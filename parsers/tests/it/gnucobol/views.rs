//! One view of each place in records with varying tables.
//!
//! GnuCOBOL 3.1 counts the bytes of a redefinition among those that slide, so that what follows is too far on. By the
//! manual it has none of its own (Language Reference, "REDEFINES clause"): GnuCOBOL is asked for the record with one
//! view in each place and nothing beside it, filled up to the longest, and we for the record with all of them.

use parsers::Layout;

use super::Setting;
use super::compare;
use super::copybook::{Node, Record, Value, settle};
use super::random::Random;

/// What names of fillings begin with.
pub(super) const PAD: &str = "PAD";

/// The record to ask GnuCOBOL for.
pub(super) fn one_of_each(mut record: Record, setting: &Setting, random: &mut Random) -> Record {
    let redefines = |node: &Node| node.redefines.is_some();
    if !setting.tables_vary || !record.root.any(redefines) {
        return record;
    }
    let text = record.text();
    // What is wrong with it is told when it is compared.
    if let Ok(layout) = compare::compile(&text, setting) {
        choose(&mut record.root, &layout, random);
        settle(&mut record.root, false);
        record.written = Some(text);
    }
    record
}

fn choose(group: &mut Node, layout: &Layout, random: &mut Random) {
    let members = std::mem::take(&mut group.children);
    let mut places: Vec<Vec<Node>> = Vec::new();
    for member in members {
        match (places.last_mut(), &member.redefines) {
            (Some(place), Some(_)) => place.push(member),
            _ => places.push(vec![member]),
        }
    }
    for mut views in places {
        let longest = views.iter().map(|view| len(view, layout)).max().unwrap();
        let last = u32::try_from(views.len() - 1).unwrap();
        let mut view = views.swap_remove(random.between(0, last) as usize);
        view.redefines = None;
        let missing = u32::try_from(longest - len(&view, layout)).unwrap();
        choose(&mut view, layout, random);
        let (name, level) = (format!("{PAD}-{}", view.name), view.level);
        group.children.push(view);
        if missing > 0 && last > 0 {
            group.children.push(Node {
                name,
                level,
                // One byte each, whatever USAGE the group has.
                clauses: "PIC 9".to_owned(),
                redefines: None,
                occurs: Some((missing, missing, None)),
                value: Value::None,
                children: Vec::new(),
            });
        }
    }
}

/// Bytes of an item, with all occurrences it can have.
fn len(node: &Node, layout: &Layout) -> usize {
    let field = layout.fields().find(|field| field.name() == node.name);
    let field = field.unwrap();
    let times = field.occurs().map_or(1, |occurs| occurs.max as usize);
    field.len() * times
}
