//! Lists whose order does not count: which they are, and what tells their elements apart. Pure.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use parsers::{Field, FieldKind, Layout};

use super::failure::single;
use super::leniency::{Leniency, Value};
use super::member::{Pattern, Segment};
use super::pairing::{self, Paired};
use super::places::Places;
use super::rules::{Rules, member, under};
use super::{record, record_value};
use crate::place;
use crate::route::Side;
use crate::route::shape::Shape;

/// What tells the elements of a list apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// Fields or members of an element.
    Keys(Vec<String>),
    /// All of an element.
    Value,
}

/// The lists of a route.
#[derive(Debug, Clone, Default)]
pub(super) struct Lists {
    arrays: Vec<(Pattern, Telling<Pattern>)>,
    tables: Vec<(u32, Telling<u32>)>,
}

/// What tells elements apart.
#[derive(Debug, Clone)]
pub(super) enum Telling<K> {
    Keys(Vec<K>),
    Value,
}

/// How many pairs of elements of one pair of answers may be held against each other.
pub(super) const ASKED: usize = 1 << 16;

impl Lists {
    pub(super) fn add(&mut self, text: &str, by: &By, shape: &Shape) -> Result<(), String> {
        match shape {
            Shape::Opaque => Err("an opaque answer has no lists".to_owned()),
            Shape::Json | Shape::Xml | Shape::Form => {
                let telling = match by {
                    By::Value => Telling::Value,
                    By::Keys(keys) => Telling::Keys(
                        keys.iter()
                            .map(|key| single(key))
                            .collect::<Result<_, _>>()?,
                    ),
                };
                self.arrays.push((member(text)?, telling));
                Ok(())
            }
            Shape::Record(layout) => {
                let table = table(layout, text)?;
                let telling = match by {
                    By::Value => Telling::Value,
                    By::Keys(keys) => {
                        let keys = keys.iter().map(|key| key_of(layout, table, key));
                        Telling::Keys(keys.collect::<Result<_, _>>()?)
                    }
                };
                self.tables.push((table.id(), telling));
                Ok(())
            }
        }
    }

    /// What tells elements of this array apart, if its order does not count.
    pub(super) fn of_array(&self, at: &[Segment<'_>]) -> Option<&Telling<Pattern>> {
        let mut lists = self.arrays.iter();
        lists.find(|(pattern, _)| pattern.is(at)).map(|(_, by)| by)
    }

    pub(super) fn has_arrays(&self) -> bool {
        !self.arrays.is_empty()
    }
}

/// A table whose occurrences stand at the same place in every record.
fn table<'l>(layout: &'l Layout, text: &str) -> Result<&'l Field, String> {
    let path = layout.resolve(text).map_err(|error| error.to_string())?;
    let table = layout.field_of(&path);
    if !table.is_table() || path.as_str().contains('(') {
        return Err(format!("{text} is no table: it has no order"));
    }
    let outer = |field: &&Field| field.is_table() && field.id() != table.id();
    let mut around = layout.fields().filter(outer);
    if around.any(|outer| under(layout, table, outer.id())) {
        return Err(format!(
            "{text} stands in another table: only the outermost may be in any order"
        ));
    }
    let mut inner = layout
        .fields()
        .filter(|field| under(layout, field, table.id()));
    if layout.is_movable(table)
        || inner.any(|field| {
            field.id() != table.id()
                && field
                    .occurs()
                    .is_some_and(|occurs| occurs.depending_on.is_some())
        })
    {
        return Err(format!(
            "{text} has no fixed place: counts move it or what is in it"
        ));
    }
    Ok(table)
}

/// A field of a table's elements, by its name below the table or by its path.
fn key_of(layout: &Layout, table: &Field, key: &str) -> Result<u32, String> {
    let below = layout.resolve(&format!("{}.{key}", table.path()));
    let path = match below {
        Ok(path) => path,
        Err(_) => layout.resolve(key).map_err(|error| error.to_string())?,
    };
    let field = layout.field_of(&path);
    if field.id() == table.id() || !under(layout, field, table.id()) {
        return Err(format!("{key} is no field of {}", table.path()));
    }
    let in_table = |inner: &Field| inner.is_table() && inner.id() != table.id();
    let mut above = layout.fields().filter(|inner| in_table(inner));
    if field.kind() == FieldKind::Group || above.any(|inner| under(layout, field, inner.id())) {
        return Err(format!("{key} holds no single value"));
    }
    Ok(field.id())
}

/// A table whose occurrences were put into another order.
#[derive(Debug)]
pub(super) struct Moved {
    /// Where it stands, with most occurrences.
    place: Range<usize>,
    stride: usize,
    /// By place now, which occurrence of each record it was.
    was: [Vec<usize>; 2],
    first: Side,
}

impl Moved {
    /// Where what stands here now stood in legacy's record, or in modern's where legacy has none.
    pub(super) fn original(&self, place: usize) -> usize {
        if !self.place.contains(&place) {
            return place;
        }
        let within = place.saturating_sub(self.place.start);
        let (Some(now), Some(rest)) = (
            within.checked_div(self.stride),
            within.checked_rem(self.stride),
        ) else {
            return place;
        };
        let [one, other] = &self.was;
        let (legacy, modern) = match self.first {
            Side::Legacy => (one, other),
            Side::Modern => (other, one),
        };
        let was = legacy
            .get(now)
            .or_else(|| modern.get(now))
            .copied()
            .unwrap_or(now);
        let start = self
            .place
            .start
            .saturating_add(was.saturating_mul(self.stride));
        start.saturating_add(rest)
    }
}

/// Both records with the occurrences of unordered tables in the same order, and what was moved. None where too many
/// would have to be held against each other.
pub(super) fn aligned(
    rules: &Rules,
    layout: &Layout,
    first: Side,
    bodies: [&Bytes; 2],
) -> Option<([Bytes; 2], Vec<Moved>)> {
    let [mut one, mut other] = bodies.map(Bytes::clone);
    let mut all = Vec::new();
    let mut asked = 0_usize;
    for (id, telling) in &rules.lists.tables {
        let Some((table, occurs)) = layout
            .field(*id)
            .and_then(|table| Some((table, table.occurs()?)))
        else {
            continue;
        };
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let stride = size(occurs.stride).max(1);
        let whole = stride.saturating_mul(size(occurs.max));
        let list = Table {
            rules,
            layout,
            table,
            stride,
        };
        let counts = [&one, &other].map(|body| list.count(body));
        let [of_one, of_other] = counts;
        let paired = match telling {
            Telling::Keys(keys) => {
                let keys = |body: &Bytes, count| -> Vec<Option<String>> {
                    (0..count).map(|at| list.key(body, keys, at)).collect()
                };
                pairing::by_key(&keys(&one, of_one), &keys(&other, of_other))
            }
            Telling::Value => pairing::by_value(of_one, of_other, |left, right| {
                asked = asked.saturating_add(1);
                (asked <= ASKED).then(|| list.same(&one, left, &other, right))
            })?,
        };
        let was = orders(&paired);
        one = list.reordered(&one, &was[0]);
        other = list.reordered(&other, &was[1]);
        all.push(Moved {
            place: table.offset()..table.offset().saturating_add(whole),
            stride,
            was,
            first,
        });
    }
    Some(([one, other], all))
}

/// The order of each list: those with a partner, then the others, of which the first belongs to the first.
fn orders(paired: &Paired) -> [Vec<usize>; 2] {
    let mut orders = [Vec::new(), Vec::new()];
    let (both, alone): (Vec<_>, Vec<_>) = paired
        .iter()
        .partition(|(one, other)| one.is_some() && other.is_some());
    for (one, other) in both.into_iter().chain(alone) {
        orders[0].extend(one);
        orders[1].extend(other);
    }
    orders
}

struct Table<'l> {
    rules: &'l Rules,
    layout: &'l Layout,
    table: &'l Field,
    stride: usize,
}

impl Table<'_> {
    /// What an occurrence has: its fields, and tables in it as a whole.
    fn elements(&self) -> impl Iterator<Item = &Field> {
        let of_table = |field: &&Field| {
            let own = field.id() == self.table.id();
            let single = field.kind() != FieldKind::Group || (field.is_table() && !own);
            single && !field.is_hidden() && self.is_direct(field)
        };
        self.layout.fields().filter(of_table)
    }

    /// Whether a field is in an occurrence, and in no table in it.
    fn is_direct(&self, field: &Field) -> bool {
        let mut at = Some(field);
        while let Some(inner) = at {
            if inner.id() == self.table.id() {
                return true;
            }
            if inner.is_table() && inner.id() != field.id() {
                return false;
            }
            at = inner.parent_id().and_then(|id| self.layout.field(id));
        }
        false
    }

    /// How many occurrences the record has.
    fn count(&self, body: &Bytes) -> usize {
        let places = Places::of(self.layout, body);
        let of_table = places.entries.iter().filter(|entry| {
            let field = self.layout.field(entry.field);
            field.is_some_and(|field| under(self.layout, field, self.table.id()))
                && entry.start < body.len()
        });
        of_table
            .filter_map(|entry| {
                let within = entry.place.checked_sub(self.table.offset())?;
                within.checked_div(self.stride)?.checked_add(1)
            })
            .max()
            .unwrap_or(0)
    }

    fn start(&self, field: &Field, at: usize) -> usize {
        field
            .offset()
            .saturating_add(self.stride.saturating_mul(at))
    }

    /// The value of a field of one occurrence, with the rules that hold for it.
    fn value<'b>(&self, body: &'b [u8], field: &Field, at: usize) -> (Option<Value<'b>>, String) {
        let path = place::path(self.layout, field, self.start(field, at));
        (record_value::value(self.layout, body, &path), path)
    }

    /// What tells an occurrence from others; of a field that does not decode, its bytes.
    fn key(&self, body: &Bytes, keys: &[u32], at: usize) -> Option<String> {
        let mut key = String::new();
        for id in keys {
            let field = self.layout.field(*id)?;
            let (value, path) = self.value(body, field, at);
            let part = match value {
                Some(value) => normal(
                    self.rules.allowed.of_field(self.layout, field, &path),
                    &value,
                ),
                None => format!("{:02X?}", self.bytes(body, field, at)),
            };
            key.push_str(&part);
            key.push('\u{1f}');
        }
        Some(key)
    }

    fn bytes<'b>(&self, body: &'b [u8], field: &Field, at: usize) -> &'b [u8] {
        let start = self.start(field, at);
        let own = field.id() == self.table.id();
        let occurs = field.occurs().filter(|_| !own);
        let count = occurs.map_or(1, |occurs| {
            usize::try_from(occurs.max).unwrap_or(usize::MAX)
        });
        let len = field.len().saturating_mul(count);
        record::part(body, &(start..start.saturating_add(len)))
    }

    /// Whether two occurrences are the same in every field that counts.
    fn same(&self, one: &Bytes, left: usize, other: &Bytes, right: usize) -> bool {
        let occurrence = |body: &Bytes, at: usize| {
            let start = self.start(self.table, at);
            let end = start.saturating_add(self.stride);
            body.get(start..end.min(body.len())).map(<[u8]>::to_vec)
        };
        if occurrence(one, left) == occurrence(other, right) {
            return true;
        }
        self.elements().all(|field| {
            if self.rules.ignores_field(field)
                || self.bytes(one, field, left) == self.bytes(other, field, right)
            {
                return true;
            }
            if field.is_table() && field.id() != self.table.id() {
                return false;
            }
            match (
                self.value(one, field, left),
                self.value(other, field, right),
            ) {
                ((Some(one), path), (Some(other), _)) => self
                    .rules
                    .allowed
                    .of_field(self.layout, field, &path)
                    .any(|how| how.equal(&one, &other)),
                _ => false,
            }
        })
    }

    fn reordered(&self, body: &Bytes, was: &[usize]) -> Bytes {
        if was.iter().enumerate().all(|(now, was)| now == *was) {
            return body.clone();
        }
        let mut out = BytesMut::from(&body[..]);
        for (now, was) in was.iter().enumerate() {
            let to = self.start(self.table, now);
            let from = self.start(self.table, *was);
            let occurrence = body.get(from..from.saturating_add(self.stride));
            let place = out.get_mut(to..to.saturating_add(self.stride));
            if let (Some(occurrence), Some(place)) = (occurrence, place) {
                place.copy_from_slice(occurrence);
            }
        }
        out.freeze()
    }
}

/// What stands for a value by the first rule that holds for it.
pub(super) fn normal<'r>(
    mut rules: impl Iterator<Item = &'r Leniency>,
    value: &Value<'_>,
) -> String {
    match rules.next() {
        Some(how) => how.normal(value),
        None => Leniency::default().normal(value),
    }
}
