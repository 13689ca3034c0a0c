//! A decoded record as a tree of values, and the bytes that the values alone do not give back.
//!
//! In: [`crate::Layout::decode`]. Out: [`crate::Layout::encode`]. For people and tests; pipelines use a
//! [`crate::Visitor`] and never build this.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::decimal::Decimal;
use crate::error::FieldError;
use crate::layout::{Field, Layout, Leaf, Walker};
use crate::temporal::{Date, Time, Timestamp};
use crate::visitor::{Number, Text, Visitor};

/// A value of a field, a group or a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value, where the meaning defines one; or a field that does not decode, whose bytes are in the residue.
    Null,
    /// Text without padding.
    Text(String),
    /// A number with the scale of its picture.
    Number(Decimal),
    /// COMP-1, COMP-2.
    Float(f64),
    /// A date, by the meaning.
    Date(Date),
    /// A time of day, by the meaning.
    Time(Time),
    /// A day and a time of day, by the meaning.
    Timestamp(Timestamp),
    /// A flag, by the meaning.
    Flag(bool),
    /// Bytes, by the meaning.
    Bytes(Vec<u8>),
    /// A group.
    Group(Group),
    /// The occurrences of a table.
    Array(Vec<Value>),
}

/// The members of a group, in the order of the copybook, under their names (the business name where the meaning
/// gives one).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Group {
    members: Vec<(String, Value)>,
}

impl Group {
    /// No members.
    pub fn new() -> Group {
        Group::default()
    }

    /// Adds a member, or replaces the one of that name.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let (name, value) = (name.into(), value.into());
        match self.members.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = value,
            None => self.members.push((name, value)),
        }
    }

    /// As [`set`](Self::set), for building in one expression.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Group {
        self.set(name, value);
        self
    }

    /// Takes a member away.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let index = self.members.iter().position(|(other, _)| other == name)?;
        Some(self.members.remove(index).1)
    }

    /// A member.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value)
    }

    /// A member, to change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.members
            .iter_mut()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value)
    }

    /// All members, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.members
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// The member in a place.
    pub(crate) fn at(&self, place: usize) -> Option<(&str, &Value)> {
        let member = self.members.get(place);
        member.map(|(name, value)| (name.as_str(), value))
    }

    /// How many members.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// True without members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Appends without looking for the name: the layout gives each once.
    pub(crate) fn push(&mut self, name: &str, value: Value) {
        self.members.push((name.to_owned(), value));
    }
}

/// Bytes that encoding the values would not give back, by path with subscripts (`@` and an offset for bytes of no
/// field). Used on encoding only where they still decode to the value given: an edited field wins over its residue.
pub type Residue = BTreeMap<String, Vec<u8>>;

/// The whole record, among residue: where its values and what is kept of single fields do not give it back.
pub(crate) const WHOLE: &str = "@record";

/// Whether a key of the residue means a place in the record (`@` and an offset, `@length`, [`WHOLE`]) and no field. A name of
/// Db2 may begin with `@` as well.
pub(crate) fn is_place(key: &str) -> bool {
    key.strip_prefix('@').is_some_and(|rest| {
        matches!(rest, "length" | "record")
            || (!rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// A record as values, with its residue.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    /// The members of the record.
    pub values: Group,
    /// What else is needed to give the same bytes back.
    pub residue: Residue,
}

impl From<Group> for Record {
    fn from(values: Group) -> Record {
        Record {
            values,
            residue: Residue::new(),
        }
    }
}

impl Value {
    /// For messages.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Text(_) => "text",
            Value::Number(_) => "a number",
            Value::Float(_) => "a floating-point number",
            Value::Date(_) => "a date",
            Value::Time(_) => "a time",
            Value::Timestamp(_) => "a timestamp",
            Value::Flag(_) => "a flag",
            Value::Bytes(_) => "bytes",
            Value::Group(_) => "a group",
            Value::Array(_) => "a list",
        }
    }
}

/// Whether two scalars are the same value, as far as a field can tell.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.compare(*b).is_eq(),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b).is_some_and(Ordering::is_eq),
        (Value::Float(a), Value::Number(b)) | (Value::Number(b), Value::Float(a)) => {
            let b = b.to_string().parse::<f64>();
            b.is_ok_and(|b| a.partial_cmp(&b).is_some_and(Ordering::is_eq))
        }
        _ => a == b,
    }
}

/// Decodes a whole record.
pub(crate) fn decode(layout: &Layout, record: &[u8]) -> Result<Record, FieldError> {
    let mut builder = Builder::new(layout);
    let mut walker = Walker::new(layout, record);
    walker.record(&mut builder)?;
    let doubt = walker.is_in_doubt() || builder.doubt;
    let mut decoded = Record {
        values: builder.top,
        residue: builder.residue,
    };
    if doubt && layout.encode(&decoded).as_deref() != Ok(record) {
        decoded.residue = Residue::from([(WHOLE.to_owned(), record.to_vec())]);
    }
    Ok(decoded)
}

/// Whether values are those that a record shows, what does not decode as null.
pub(crate) fn shows(layout: &Layout, record: &[u8], values: &Group) -> bool {
    let mut builder = Builder::new(layout);
    builder.lenient = true;
    let shown = Walker::new(layout, record).record(&mut builder);
    shown.is_ok() && same_members(&builder.top, values)
}

fn same_members(a: &Group, b: &Group) -> bool {
    let same = |(name, value)| b.get(name).is_some_and(|other| same_all(value, other));
    a.len() == b.len() && a.iter().all(same)
}

fn same_all(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Group(a), Value::Group(b)) => same_members(a, b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_all(a, b))
        }
        _ => same(a, b),
    }
}

/// Decodes one elementary item; `None` when it does not decode.
pub(crate) fn scalar(walker: &Walker<'_>, leaf: &Leaf, bytes: &[u8]) -> Option<Value> {
    let mut builder = Builder::new(walker.layout());
    walker.scalar(leaf, bytes, &mut builder).ok()?;
    builder.top.members.pop().map(|(_, value)| value)
}

/// Collects a walk into values: the containers that are open, innermost last.
struct Builder<'l> {
    layout: &'l Layout,
    top: Group,
    open: Vec<Value>,
    residue: Residue,
    /// A field that decides about others is null.
    doubt: bool,
    /// What does not decode is null, and no error.
    lenient: bool,
}

impl Builder<'_> {
    fn new(layout: &Layout) -> Builder<'_> {
        Builder {
            layout,
            top: Group::new(),
            open: Vec::new(),
            residue: Residue::new(),
            doubt: false,
            lenient: false,
        }
    }

    fn add(&mut self, field: &Field, value: Value) {
        match self.open.last_mut() {
            Some(Value::Array(items)) => items.push(value),
            Some(Value::Group(group)) => group.push(field.label(), value),
            _ => self.top.push(field.label(), value),
        }
    }

    fn close(&mut self, field: &Field) {
        if let Some(value) = self.open.pop() {
            self.add(field, value);
        }
    }
}

impl Visitor for Builder<'_> {
    const RESIDUE: bool = true;
    fn group_start(&mut self, _: &Field) {
        self.open.push(Value::Group(Group::new()));
    }
    fn group_end(&mut self, field: &Field) {
        self.close(field);
    }
    fn array_start(&mut self, _: &Field, _: usize) {
        self.open.push(Value::Array(Vec::new()));
    }
    fn array_end(&mut self, field: &Field) {
        self.close(field);
    }
    fn text(&mut self, field: &Field, text: Text<'_>) {
        self.add(field, Value::Text(text.to_string()));
    }
    fn number(&mut self, field: &Field, number: Number<'_>) {
        self.add(field, Value::Number(number.decimal()));
    }
    fn float(&mut self, field: &Field, value: f64) {
        self.add(field, Value::Float(value));
    }
    fn date(&mut self, field: &Field, date: Date) {
        self.add(field, Value::Date(date));
    }
    fn time(&mut self, field: &Field, time: Time) {
        self.add(field, Value::Time(time));
    }
    fn timestamp(&mut self, field: &Field, timestamp: Timestamp) {
        self.add(field, Value::Timestamp(timestamp));
    }
    fn flag(&mut self, field: &Field, value: bool) {
        self.add(field, Value::Flag(value));
    }
    fn bytes(&mut self, field: &Field, bytes: &[u8]) {
        self.add(field, Value::Bytes(bytes.to_vec()));
    }
    fn null(&mut self, field: &Field) {
        self.doubt |= self.layout.is_pivot(field);
        self.add(field, Value::Null);
    }
    fn invalid(&mut self, field: &Field, error: FieldError, _: &[u8]) -> Result<(), FieldError> {
        if !self.lenient {
            return Err(error);
        }
        if !field.is_hidden() {
            self.add(field, Value::Null);
        }
        Ok(())
    }
    fn residue(&mut self, path: &str, bytes: &[u8]) {
        self.residue.insert(path.to_owned(), bytes.to_vec());
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}
impl From<Decimal> for Value {
    fn from(number: Decimal) -> Value {
        Value::Number(number)
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Number(Decimal::from(number))
    }
}
impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Float(number)
    }
}
impl From<Date> for Value {
    fn from(date: Date) -> Value {
        Value::Date(date)
    }
}
impl From<Time> for Value {
    fn from(time: Time) -> Value {
        Value::Time(time)
    }
}
impl From<Timestamp> for Value {
    fn from(timestamp: Timestamp) -> Value {
        Value::Timestamp(timestamp)
    }
}
impl From<bool> for Value {
    fn from(flag: bool) -> Value {
        Value::Flag(flag)
    }
}
impl From<Group> for Value {
    fn from(group: Group) -> Value {
        Value::Group(group)
    }
}
impl From<Vec<Value>> for Value {
    fn from(array: Vec<Value>) -> Value {
        Value::Array(array)
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}
