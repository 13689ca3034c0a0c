//! Level 88 names in place of values, where the options ask for them.
//!
//! In: the level 88 entries of a field, once; then its bytes, or a text. Out: the name of the entry that holds, or the
//! value as text; and the bytes of a name. Entries of one value come before those of several and of ranges, which name
//! classes of values: of these a name gives back the first, and the bytes that were there are residue.

use std::collections::HashSet;

use super::field::{Field, FieldKind, to_usize};
use super::matching::{self, Match};
use super::options::{Conditions, LayoutOptions};
use super::program::Form;
use super::resolve::Meant;
use super::storage::Storage;
use crate::codec::{Bad, Chars, Codec};
use crate::copybook::Condition;
use crate::error::FieldErrorKind;
use crate::temporal::{Date, Time, Timestamp};
use crate::visitor::{Number, Text, Visitor};

/// The names of one field's values.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    list: Vec<Named>,
    /// Values without a name are refused.
    pub(crate) only: bool,
    /// For the texts that numbers become.
    chars: Chars,
}

#[derive(Debug, Clone)]
struct Named {
    name: String,
    matches: Vec<Match>,
    /// What is written for it.
    bytes: Box<[u8]>,
}

impl Names {
    /// The names, each with its values and with what is written for it.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &[Match], &[u8])> {
        self.list
            .iter()
            .map(|named| (named.name.as_str(), &*named.matches, &*named.bytes))
    }

    /// The name of a value, and the bytes that are written for it.
    pub(crate) fn of(&self, codec: Codec, bytes: &[u8]) -> Option<(&str, &[u8])> {
        let holds = |named: &&Named| named.matches.iter().any(|value| value.holds(codec, bytes));
        let named = self.list.iter().find(holds)?;
        Some((&named.name, &named.bytes))
    }

    /// The bytes of a name.
    pub(crate) fn bytes(&self, name: &str) -> Option<&[u8]> {
        let named = self.list.iter().find(|named| named.name == name)?;
        Some(&named.bytes)
    }

    /// What is said of a value without a name, where only names will do.
    pub(crate) fn nameless() -> Bad {
        Bad::new(FieldErrorKind::Flag, "a value that no level 88 entry names")
    }
}

/// Gives fields with level 88 entries their names, but those the meaning says more about, edited pictures that show
/// numbers, and counters of tables.
pub(super) fn apply(
    fields: &mut [Field],
    storage: &Storage,
    meant: &mut Vec<Meant>,
    options: &LayoutOptions,
) {
    if options.conditions == Conditions::Values {
        return;
    }
    let plain = Meant {
        form: Form::Plain,
        nulls: None,
    };
    meant.resize(fields.len(), plain);
    let counters: HashSet<u32> = fields
        .iter()
        .filter_map(|field| field.occurs?.depending_on)
        .collect();
    for (field, meant) in fields.iter_mut().zip(meant) {
        let form = storage
            .forms
            .get(to_usize(field.id))
            .and_then(Option::as_ref);
        let Some(form) = form.filter(|form| form.edit.is_none()) else {
            continue;
        };
        let named = form.codec.is_number() || matches!(form.codec, Codec::Text { .. });
        if !named || !matches!(meant.form, Form::Plain) || counters.contains(&field.id) {
            continue;
        }
        let chars = match form.codec {
            Codec::Text { chars, .. } => chars,
            _ => Chars::of(options.code_page),
        };
        let list = list(field, form.codec, options);
        if list.is_empty() {
            continue;
        }
        let only = options.conditions == Conditions::Enums;
        let count = |name: &str| u32::try_from(name.chars().count()).unwrap_or(u32::MAX);
        let longest = list.iter().map(|named| count(&named.name)).max();
        field.names = list.iter().map(|named| named.name.clone()).collect();
        field.only_named = only;
        let value = match field.kind {
            FieldKind::Text { chars } => chars,
            // With sign, point and a zero in front of it.
            FieldKind::Number {
                storage_digits,
                scale,
                ..
            } => {
                let zeros = u32::try_from(scale.saturating_abs()).unwrap_or(0);
                u32::from(storage_digits)
                    .saturating_add(zeros)
                    .saturating_add(3)
            }
            _ => 0,
        };
        field.kind = FieldKind::Text {
            chars: longest.unwrap_or(0).max(if only { 0 } else { value }),
        };
        meant.form = Form::Names(Box::new(Names { list, only, chars }));
    }
}

fn list(field: &Field, codec: Codec, options: &LayoutOptions) -> Vec<Named> {
    let is_one = |condition: &&Condition| matches!(condition.values(), [only] if only.to.is_none());
    let conditions = || field.conditions.iter();
    let classes = conditions().filter(|condition| !is_one(condition));
    let mut list: Vec<Named> = Vec::new();
    let mut taken: HashSet<&str> = HashSet::new();
    for condition in conditions().filter(is_one).chain(classes) {
        let of = |range| Match::of_range(range, codec, field.len(), options.code_page);
        let matches: Result<Vec<Match>, Bad> = condition.values().iter().map(of).collect();
        let bytes = condition.values().first().and_then(|first| {
            matching::bytes_of(&first.from, codec, field.len(), options.code_page).ok()
        });
        if let (Ok(matches), Some(bytes)) = (matches, bytes)
            && taken.insert(condition.name())
        {
            list.push(Named {
                name: condition.name().to_owned(),
                matches,
                bytes: bytes.into_boxed_slice(),
            });
        }
    }
    list
}

/// Passes on the value of a field as text, where it is not one of its names.
pub(super) struct Unnamed<'v, V> {
    visitor: &'v mut V,
    names: &'v Names,
    bytes: &'v [u8],
    /// The value reads as a name that it does not have; nothing was passed on.
    confused: bool,
}

impl<'v, V: Visitor> Unnamed<'v, V> {
    pub(super) fn new(visitor: &'v mut V, names: &'v Names, bytes: &'v [u8]) -> Unnamed<'v, V> {
        Unnamed {
            visitor,
            names,
            bytes,
            confused: false,
        }
    }

    /// What is wrong with the value, if anything.
    pub(super) fn end(self) -> Result<(), Bad> {
        if !self.confused {
            return Ok(());
        }
        let message = "a text that is the name of a level 88 entry whose value it is not";
        Err(Bad::new(FieldErrorKind::Flag, message))
    }
}

impl<V: Visitor> Visitor for Unnamed<'_, V> {
    const RESIDUE: bool = V::RESIDUE;

    fn text(&mut self, field: &Field, text: Text<'_>) {
        if self.names.bytes(&text.to_string()).is_some() {
            self.confused = true;
        } else {
            self.visitor.text(field, text);
        }
    }

    fn number(&mut self, field: &Field, number: Number<'_>) {
        let shown = number.decimal().to_string();
        self.visitor.text(
            field,
            Text::decoded(self.bytes, self.names.chars.table, &shown),
        );
    }

    fn null(&mut self, field: &Field) {
        self.visitor.null(field);
    }

    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}
    fn float(&mut self, _: &Field, _: f64) {}
    fn date(&mut self, _: &Field, _: Date) {}
    fn time(&mut self, _: &Field, _: Time) {}
    fn timestamp(&mut self, _: &Field, _: Timestamp) {}
    fn flag(&mut self, _: &Field, _: bool) {}
    fn bytes(&mut self, _: &Field, _: &[u8]) {}
}
