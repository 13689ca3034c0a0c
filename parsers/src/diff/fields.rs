//! Fields of two versions paired, and what is different between the two of a pair.

use std::collections::BTreeMap;
use std::fmt;

use crate::layout::{Field, FieldOccurs, Layout};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The field's path in the new version; in the old one where it is gone; empty for the record as a whole.
    pub path: String,
    /// What is different.
    pub what: What,
}

/// What is different about a field. Places and lengths are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// It is new.
    Added {
        /// Where it begins.
        offset: usize,
        /// Its length.
        len: usize,
    },
    /// It is gone.
    Removed {
        /// Where it began.
        offset: usize,
        /// Its length.
        len: usize,
    },
    /// Another name for the same bytes.
    Renamed {
        /// Its path before.
        from: String,
    },
    /// It begins elsewhere in its group. What only moves with its group is not listed.
    Moved {
        /// Offset in the record before.
        from: usize,
        /// Offset in the record now.
        to: usize,
    },
    /// It has another length; of the record: its longest.
    Resized {
        /// Length before.
        from: usize,
        /// Length now.
        to: usize,
    },
    /// Another picture, usage or sign; another meaning of its bytes.
    Form {
        /// As in the listing, before.
        from: String,
        /// As in the listing, now.
        to: String,
    },
    /// It occurs another number of times.
    Occurs {
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// It has another business name.
    Label {
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// It may have no value now and could not before, or the other way round.
    Nullable {
        /// Whether it may now.
        now: bool,
    },
    /// Its level 88 entries are others.
    Conditions,
}

impl What {
    /// The kind of change as one word, for programs.
    pub fn word(&self) -> &'static str {
        match self {
            What::Added { .. } => "added",
            What::Removed { .. } => "removed",
            What::Renamed { .. } => "renamed",
            What::Moved { .. } => "moved",
            What::Resized { from, to } if from < to => "grown",
            What::Resized { .. } => "shrunk",
            What::Form { .. } => "type",
            What::Occurs { .. } => "occurs",
            What::Label { .. } => "label",
            What::Nullable { .. } => "nullable",
            What::Conditions => "conditions",
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Added { offset, len } => write!(f, "added at {offset}, {len} bytes"),
            What::Removed { offset, len } => write!(f, "removed, was at {offset}, {len} bytes"),
            What::Renamed { from } => write!(f, "renamed from {from}"),
            What::Moved { from, to } => write!(f, "moved from {from} to {to}"),
            What::Resized { from, to } => write!(f, "{} from {from} to {to} bytes", self.word()),
            What::Form { from, to } => write!(f, "was {from}, is {to}"),
            What::Occurs { from, to } => write!(f, "occurred {from}, occurs {to}"),
            What::Label { from, to } => write!(f, "called {from} before, now {to}"),
            What::Nullable { now: true } => f.write_str("may have no value now"),
            What::Nullable { now: false } => f.write_str("always has a value now"),
            What::Conditions => f.write_str("other level 88 entries"),
        }
    }
}

/// Which field of the new version is which of the old one, by id.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    old_of: BTreeMap<u32, u32>,
}

impl Pairs {
    /// From fields of the new version to those of the old one.
    pub(super) fn of_new(&self) -> BTreeMap<u32, u32> {
        self.old_of.clone()
    }

    /// From fields of the old version to those of the new one.
    pub(super) fn of_old(&self) -> BTreeMap<u32, u32> {
        self.old_of.iter().map(|(new, old)| (*old, *new)).collect()
    }
}

/// Pairs fields by name within paired groups, then what is left by form and place (its offset, or the field in front
/// of it): those were renamed.
pub(super) fn pair(old: &Layout, new: &Layout) -> Pairs {
    let mut pairs = Pairs::default();
    pair_members(old, None, new, None, &mut pairs);
    pairs
}

fn pair_members(
    old: &Layout,
    old_group: Option<&Field>,
    new: &Layout,
    new_group: Option<&Field>,
    pairs: &mut Pairs,
) {
    let mut left: Vec<&Field> = visible(old, old_group).collect();
    let mut unnamed = Vec::new();
    let mut found = Vec::new();
    for field in visible(new, new_group) {
        let same = |other: &&Field| !field.is_filler() && last(other) == last(field);
        match left.iter().position(same) {
            Some(at) => found.push((left.remove(at), field)),
            None => unnamed.push(field),
        }
    }
    for field in unnamed {
        let after = before(new, new_group, field).map(last);
        let same = |other: &&Field| {
            let behind = before(old, old_group, other).map(last) == after;
            (behind || relative(old, other) == relative(new, field))
                && names(old, other) == names(new, field)
                && other.len() == field.len()
                && shape(other) == shape(field)
                && count(old, other.occurs()) == count(new, field.occurs())
        };
        if let Some(at) = left.iter().position(same) {
            found.push((left.remove(at), field));
        }
    }
    for (before, after) in found {
        pairs.old_of.insert(after.id(), before.id());
        pair_members(old, Some(before), new, Some(after), pairs);
    }
}

/// The field in front of it in its group.
fn before<'l>(layout: &'l Layout, group: Option<&Field>, field: &Field) -> Option<&'l Field> {
    let members = visible(layout, group);
    members.take_while(|other| other.id() < field.id()).last()
}

/// The names of a group's members.
fn names<'l>(layout: &'l Layout, field: &Field) -> Vec<&'l str> {
    layout.members(Some(field)).map(last).collect()
}

fn visible<'l>(layout: &'l Layout, group: Option<&Field>) -> impl Iterator<Item = &'l Field> {
    layout.members(group).filter(|field| !field.is_hidden())
}

/// The last name of its path, which no other member of its group has.
fn last(field: &Field) -> &str {
    field.path().rsplit('.').next().unwrap_or_default()
}

/// Where it begins in its group.
fn relative(layout: &Layout, field: &Field) -> usize {
    let parent = field.parent_id().and_then(|id| layout.field(id));
    let base = parent.map_or(0, Field::offset);
    field.offset().saturating_sub(base)
}

/// Picture, usage and meaning, as the listing has them.
pub(super) fn shape(field: &Field) -> String {
    crate::layout::form_of(field)
}

/// How often, in words.
pub(super) fn count(layout: &Layout, occurs: Option<FieldOccurs>) -> String {
    let Some(occurs) = occurs else {
        return "once".to_owned();
    };
    let counter = occurs.depending_on.and_then(|id| layout.field(id));
    match counter {
        Some(counter) => format!(
            "{} to {} times by {}",
            occurs.min,
            occurs.max,
            counter.path()
        ),
        None => format!("{} times", occurs.max),
    }
}

pub(super) fn changes(old: &Layout, new: &Layout, pairs: &Pairs) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.name() != new.name() {
        changes.push(Change {
            path: String::new(),
            what: What::Renamed {
                from: old.name().to_owned(),
            },
        });
    }
    if old.max_len() != new.max_len() {
        changes.push(Change {
            path: String::new(),
            what: What::Resized {
                from: old.max_len(),
                to: new.max_len(),
            },
        });
    }
    members(old, None, new, None, pairs, &mut changes);
    changes
}

fn members(
    old: &Layout,
    old_group: Option<&Field>,
    new: &Layout,
    new_group: Option<&Field>,
    pairs: &Pairs,
    changes: &mut Vec<Change>,
) {
    let mut known = Vec::new();
    for field in visible(new, new_group) {
        let before = pairs.old_of.get(&field.id()).and_then(|id| old.field(*id));
        let Some(before) = before else {
            changes.push(Change {
                path: field.path().to_owned(),
                what: What::Added {
                    offset: field.offset(),
                    len: field.len(),
                },
            });
            continue;
        };
        known.push(before.id());
        for what in between(old, before, new, field) {
            changes.push(Change {
                path: field.path().to_owned(),
                what,
            });
        }
        members(old, Some(before), new, Some(field), pairs, changes);
    }
    for field in visible(old, old_group).filter(|field| !known.contains(&field.id())) {
        changes.push(Change {
            path: field.path().to_owned(),
            what: What::Removed {
                offset: field.offset(),
                len: field.len(),
            },
        });
    }
}

fn between(old: &Layout, before: &Field, new: &Layout, after: &Field) -> Vec<What> {
    let mut found = Vec::new();
    if last(before) != last(after) {
        found.push(What::Renamed {
            from: before.path().to_owned(),
        });
    }
    if relative(old, before) != relative(new, after) {
        found.push(What::Moved {
            from: before.offset(),
            to: after.offset(),
        });
    }
    let (was, is) = (shape(before), shape(after));
    if was != is {
        found.push(What::Form { from: was, to: is });
    }
    // A group is as long as its members.
    if before.len() != after.len() && before.usage().is_some() {
        found.push(What::Resized {
            from: before.len(),
            to: after.len(),
        });
    }
    let (was, is) = (count(old, before.occurs()), count(new, after.occurs()));
    if was != is {
        found.push(What::Occurs { from: was, to: is });
    }
    let given = |field: &Field| field.label() != last(field);
    if before.label() != after.label() && (given(before) || given(after)) {
        found.push(What::Label {
            from: before.label().to_owned(),
            to: after.label().to_owned(),
        });
    }
    if before.is_nullable() != after.is_nullable() {
        found.push(What::Nullable {
            now: after.is_nullable(),
        });
    }
    if conditions(before) != conditions(after) {
        found.push(What::Conditions);
    }
    found
}

/// Names and values, without where they stand in the text.
fn conditions(field: &Field) -> Vec<(&str, String)> {
    field
        .conditions()
        .iter()
        .map(|condition| (condition.name(), format!("{:?}", condition.values())))
        .collect()
}
