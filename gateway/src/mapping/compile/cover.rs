//! That nothing of a record is forgotten, and what may be too long for it.

use std::collections::BTreeSet;

use parsers::{Field, FieldKind, Layout};
use toml::Spanned;

use super::side::Side;
use super::{Compiler, End, Which};

/// Fields by their numbers.
#[derive(Debug, Default)]
pub(super) struct Cover {
    pub(super) read: BTreeSet<u32>,
    pub(super) written: BTreeSet<u32>,
    /// Texts that may be longer than their fields.
    pub(super) long: Vec<String>,
}

/// So many names are told of a list of fields.
const TOLD: usize = 8;

impl Compiler<'_> {
    /// Holds the fields that rules name, and those declared unmapped, against all of the record.
    pub(super) fn covered(
        &mut self,
        at: &Spanned<String>,
        side: &Side<'_>,
        found: &BTreeSet<u32>,
        unmapped: &[Spanned<String>],
        end: End,
    ) {
        let Some(layout) = side.layout() else { return };
        let mut left: BTreeSet<u32> = BTreeSet::new();
        for name in unmapped
            .iter()
            .filter(|name| !name.get_ref().starts_with('/'))
        {
            // Of two records, the field may be the other's; which is told by the side that has none of them.
            let Ok(path) = layout.resolve(name.get_ref()) else {
                self.nowhere(name, at);
                continue;
            };
            let field = layout.field_of(&path);
            let twice = under(layout, field).find(|field| found.contains(&field.id()));
            if let Some(field) = twice {
                let message = format!("{} is mapped, and declared unmapped", field.path());
                self.fault(name, message);
            }
            left.extend(under(layout, field).map(Field::id));
        }
        // Counters are set and read with their tables.
        let counters: BTreeSet<u32> = layout
            .fields()
            .filter(|field| found.contains(&field.id()) || left.contains(&field.id()))
            .filter_map(|field| field.occurs()?.depending_on)
            .collect();
        let forgotten: Vec<&str> = layout
            .fields()
            .filter(|field| field.kind() != FieldKind::Group && !field.is_hidden())
            .filter(|field| {
                let id = field.id();
                !found.contains(&id)
                    && !left.contains(&id)
                    && !counters.contains(&id)
                    && !is_seen_otherwise(layout, field, found)
            })
            .map(Field::path)
            .collect();
        if forgotten.is_empty() {
            return;
        }
        let told: Vec<&str> = forgotten.iter().take(TOLD).copied().collect();
        let more = match forgotten.len().saturating_sub(TOLD) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (what, list) = match end {
            End::Source => ("read", "from"),
            End::Target => ("written", "to"),
        };
        let (is, names) = match forgotten.len() {
            1 => ("is", told.join("")),
            _ => ("are", told.join(", ")),
        };
        self.fault_with_help(
            at,
            format!(
                "{names}{more} of record {} {is} neither {what} by a rule nor declared unmapped",
                layout.name()
            ),
            format!(
                "give each a rule with {list} = \"{}\", or name it in unmapped",
                told.first().copied().unwrap_or_default()
            ),
        );
    }

    /// A name of `unmapped` that the record of this side does not have.
    fn nowhere(&mut self, name: &Spanned<String>, at: &Spanned<String>) {
        let others = self.layouts.values().flatten();
        let mut others = others.filter(|layout| layout.resolve(name.get_ref()).is_ok());
        // The other side is told of it.
        if others.next().is_none() {
            let record = at.get_ref().trim_start_matches("record:");
            let message = format!("no field `{}` in record {record}", name.get_ref());
            self.fault(name, message);
        }
    }

    /// What may be refused for its length.
    pub(super) fn tell(&mut self, which: Which, side: &Side<'_>, cover: &Cover) {
        let (Some(layout), false) = (side.layout(), cover.long.is_empty()) else {
            return;
        };
        let told: Vec<&str> = cover.long.iter().take(TOLD).map(String::as_str).collect();
        let more = match cover.long.len().saturating_sub(TOLD) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (what, answer) = match which {
            Which::Request => ("requests", "422"),
            Which::Response | Which::Error => ("answers", "502"),
        };
        self.notes.push(format!(
            "what comes for {}{more} of {} may be longer than the field: such {what} are refused with {answer}; max = N says that it is not",
            told.join(", "),
            layout.name(),
        ));
    }
}

/// A field and all below it.
pub(super) fn under<'l>(layout: &'l Layout, field: &Field) -> impl Iterator<Item = &'l Field> {
    let wanted = field.id();
    layout
        .fields()
        .filter(move |field| ancestors(layout, field).any(|above| above.id() == wanted))
}

/// A field and the groups around it.
fn ancestors<'l>(layout: &'l Layout, field: &'l Field) -> impl Iterator<Item = &'l Field> {
    std::iter::successors(Some(field), |field| {
        field.parent_id().and_then(|id| layout.field(id))
    })
}

/// Whether the same bytes are mapped under another name: one of several REDEFINES.
fn is_seen_otherwise(layout: &Layout, field: &Field, found: &BTreeSet<u32>) -> bool {
    let root = |view: &Field| view.redefines().unwrap_or(view.id());
    ancestors(layout, field)
        .filter(|view| view.is_variant())
        .any(|view| {
            let others = layout
                .fields()
                .filter(|other| other.is_variant() && other.id() != view.id());
            others
                .filter(|other| root(other) == root(view))
                .any(|other| under(layout, other).any(|field| found.contains(&field.id())))
        })
}
