//! Which record of a file stands below which, by `parsers::hierarchy`.
//!
//! In: segments with their ids and parents, as the peer's options name them, and the records of a file. Out: for each
//! record the one it stands below. Records of no segment, and those before the first root, are passed over as the peer
//! does. A file that is not in hierarchic sequence, which the peer takes all the same, has no answer here.

use parsers::hierarchy::{Assembler, Hierarchy, HierarchyErrorKind, Tree};
use parsers::{Copybook, Framed, Layout, LayoutOptions, Meaning};

use super::item::Item;
use super::names;
use super::options::Options;
use super::records::Read;

/// The peer's segments as record types of ours.
#[derive(Debug)]
pub struct Assembly(Hierarchy);

impl Assembly {
    /// None where segments have no parents, or are told apart in a way that a meaning has no words for.
    pub fn of(
        copybook: &Copybook,
        layout: &Layout,
        plain: &LayoutOptions,
        segments: &[&Item],
        options: &Options,
    ) -> Option<Assembly> {
        let field = names::path(layout, options.text("segment_field")?)?;
        let ids = options.segment_redefines().ok()?;
        // An id is a text, or a number where the field is one.
        [true, false].into_iter().find_map(|text| {
            let meaning = meaning(layout, segments, &field, &ids, text)?;
            let meaning = Meaning::parse("segments", &meaning).ok()?;
            let layout = Layout::compile(copybook, Some(&meaning), plain).ok()?;
            Hierarchy::of(&layout).map(Assembly)
        })
    }

    /// For each record the one it stands below, if it is of a segment and no root. None also where we do not know a
    /// record that the peer knows.
    pub fn parents(
        &self,
        read: &[Read],
        is_known: &dyn Fn(&Read) -> bool,
    ) -> Option<Vec<Option<usize>>> {
        let mut found = vec![None; read.len()];
        let mut note = |tree: Tree| {
            let places: Vec<usize> = tree
                .framed()
                .map(|record| place(record.record_no))
                .collect();
            for (index, parent) in tree.parents().enumerate() {
                found[places[index]] = parent.map(|parent| places[parent]);
            }
        };
        let mut assembler = Assembler::new(&self.0);
        let mut begun = false;
        for (number, record) in read.iter().enumerate() {
            let framed = Framed {
                bytes: &record.framed.bytes,
                offset: 0,
                record_no: u64::try_from(number).ok()?,
            };
            match assembler.push(framed) {
                Ok(tree) => {
                    begun = true;
                    tree.into_iter().for_each(&mut note);
                }
                Err(error) if error.kind() == HierarchyErrorKind::Unknown && !is_known(record) => {}
                Err(error) if error.kind() == HierarchyErrorKind::Orphan && !begun => {}
                Err(_) => return None,
            }
        }
        assembler.finish().into_iter().for_each(&mut note);
        Some(found)
    }
}

fn place(record_no: u64) -> usize {
    usize::try_from(record_no).unwrap_or(usize::MAX)
}

/// A meaning file of the segments: `when` by their ids, `view` and `parent`.
fn meaning(
    layout: &Layout,
    segments: &[&Item],
    field: &str,
    ids: &[(String, String)],
    text: bool,
) -> Option<String> {
    let number = |name: &str| {
        let found = segments
            .iter()
            .position(|item| item.name.eq_ignore_ascii_case(name));
        found.map(|number| format!("segment-{number}"))
    };
    let len = layout.field_of(&layout.resolve(field).ok()?).len();
    let mut out = String::from("version = 1\n");
    for item in segments {
        let own = ids
            .iter()
            .filter(|(_, name)| name.eq_ignore_ascii_case(&item.name));
        // The peer passes over low-values behind an id, as programs in C leave them.
        let values: Vec<String> = own
            .flat_map(|(id, _)| match text {
                true => vec![toml(id), toml(&format!("{id:\0<len$}"))],
                false => vec![id.clone()],
            })
            .collect();
        let view = layout.field(item.field)?.path();
        out += &format!(
            "[record_types.{}]\nwhen = {{ {} = [{}] }}\nview = {}\n",
            number(&item.name)?,
            toml(field),
            values.join(", "),
            toml(view)
        );
        if let Some(parent) = &item.parent {
            out += &format!("parent = {}\n", toml(&number(parent)?));
        }
    }
    Some(out)
}

/// A text of a TOML file.
fn toml(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if letter.is_control() => {
                out += &format!("\\u{:04X}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out + "\""
}
