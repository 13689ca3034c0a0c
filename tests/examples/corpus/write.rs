//! JSON records to the bytes that the peer writes for them.
//!
//! In: a compiled [`Book`], options and one JSON object a record. Out: a file. What is not given is 00, as the peer
//! leaves it: FILLERs, nulls (unless options say otherwise), and the occurrences that a table lacks.

use anyhow::{Context, Result, bail};
use parsers::copybook::Usage;
use parsers::frame::Framer;
use parsers::{Decimal, Field, Group, Layout, Record, Residue, Value};

use super::book::Book;
use super::item::Item;
use super::json::Json;
use super::options::Options;
use super::plan::{self, Plan};

/// What is written for nulls beside other values.
struct Writer<'w> {
    layout: &'w Layout,
    spaces: bool,
    display_zeros: bool,
    packed_zeros: bool,
    /// Lacking occurrences take their place all the same.
    lacking: bool,
    residue: Residue,
}

/// Where in tables a field is.
#[derive(Default)]
struct Place {
    /// Bytes from the first occurrence.
    base: usize,
    /// From 1, of the outermost table first.
    subscripts: Vec<usize>,
}

impl Place {
    fn inside(&self, index: usize, stride: usize) -> Place {
        let mut subscripts = self.subscripts.clone();
        subscripts.push(index + 1);
        Place {
            base: self.base + index * stride,
            subscripts,
        }
    }

    /// The path of a field with its subscripts.
    fn path(&self, layout: &Layout, field: &Field) -> String {
        let mut names: Vec<String> = Vec::new();
        let mut left = self.subscripts.iter().rev();
        let mut at = Some(field);
        let depth = field.path().split('.').count();
        while let Some(field) = at.filter(|_| names.len() < depth) {
            let subscript = field.occurs().and_then(|_| left.next());
            names.push(match subscript {
                Some(subscript) => format!("{}({subscript})", field.name()),
                None => field.name().to_owned(),
            });
            at = field.parent_id().and_then(|id| layout.field(id));
        }
        names.reverse();
        names.join(".")
    }
}

/// The records, each with its RDW where it has one.
pub fn records(book: &Book, options: &Options, lines: &str) -> Result<Vec<Vec<u8>>> {
    let plan = Plan::of(options, &book.layout, book.header, book.trailer)?;
    let padded = options
        .text("variable_size_occurs")
        .is_some_and(|policy| policy.eq_ignore_ascii_case("pad_record"));
    let mut written = Vec::new();
    for (number, line) in lines
        .lines()
        .filter(|line| !line.trim().is_empty())
        .enumerate()
    {
        let what = || format!("record {}", number + 1);
        let mut record = record(book, options, &Json::parse(line)?).with_context(what)?;
        if padded {
            record.resize(book.layout.max_len(), 0);
        }
        let mut out = Vec::new();
        if plan.by_layout {
            out = record;
        } else {
            let mut framer = Framer::new(plan.framing.clone());
            framer.write(&record, &mut out).with_context(what)?;
            framer.finish(&mut out);
        }
        written.push(out);
    }
    Ok(written)
}

/// Where a file is not these records. The peer writes in parts, and appends: what it wrote several times is there so
/// often, in any order.
pub fn difference(expected: &[u8], written: &[Vec<u8>]) -> Option<String> {
    let whole = written.concat();
    if whole == expected {
        return None;
    }
    let len = written.first().map_or(0, Vec::len);
    let times = expected.len() / whole.len().max(1);
    let even = len > 0 && written.iter().all(|record| record.len() == len);
    if even && times > 1 && whole.len() * times == expected.len() {
        let mut theirs: Vec<&[u8]> = expected.chunks(len).collect();
        let mut ours: Vec<&[u8]> = Vec::new();
        (0..times).for_each(|_| ours.extend(written.iter().map(Vec::as_slice)));
        theirs.sort_unstable();
        ours.sort_unstable();
        if theirs == ours {
            return None;
        }
    }
    if whole.len() != expected.len() {
        return Some(format!(
            "expected {} bytes, got {}",
            expected.len(),
            whole.len()
        ));
    }
    let bytes = expected.iter().zip(&whole);
    let differing: Vec<(usize, (&u8, &u8))> = bytes
        .enumerate()
        .filter(|(_, (theirs, ours))| theirs != ours)
        .collect();
    let mut pairs: Vec<String> = differing
        .iter()
        .map(|(_, (theirs, ours))| format!("{theirs:02X} expected, {ours:02X} written"))
        .collect();
    pairs.sort();
    pairs.dedup();
    let first = differing.first().map_or(0, |(at, _)| *at);
    Some(format!(
        "bytes differ, first at {first}: {}",
        pairs.join("; ")
    ))
}

fn record(book: &Book, options: &Options, json: &Json) -> Result<Vec<u8>> {
    let mut writer = Writer {
        layout: &book.layout,
        spaces: options.flag("write_null_strings_as_spaces", false),
        display_zeros: options.flag("write_null_display_numbers_as_zeros", false),
        packed_zeros: options.flag("write_null_comp3_numbers_as_zeros", false),
        lacking: !plan::moving(options),
        residue: Residue::new(),
    };
    let items = match book.items.as_slice() {
        [only] if only.is_group() => &only.children,
        items => items,
    };
    let values = writer.members(items, Some(json), &Place::default())?;
    let record = Record {
        values,
        residue: writer.residue,
    };
    Ok(book.layout.encode(&record)?)
}

impl Writer<'_> {
    fn members(&mut self, items: &[Item], given: Option<&Json>, place: &Place) -> Result<Group> {
        let mut group = Group::new();
        for item in items.iter().filter(|item| item.redefines.is_none()) {
            let Some(field) = self.layout.field(item.field) else {
                continue;
            };
            let counts = |other: &Field| {
                let occurs = other.occurs();
                occurs.is_some_and(|occurs| occurs.depending_on == Some(field.id()))
            };
            // A counter counts what the table holds, whatever is given for it.
            if self.layout.fields().any(counts) {
                continue;
            }
            let own = given.filter(|_| !item.filler);
            let value = own.and_then(|given| member(given, &item.name));
            let value = match field.occurs() {
                None => self.one(item, field, value, own.is_some(), place)?,
                Some(occurs) => {
                    let given: &[Json] = match value {
                        Some(Json::Array(values)) => values,
                        _ => &[],
                    };
                    let most = usize::try_from(occurs.max)?;
                    let given = given.get(..given.len().min(most)).unwrap_or_default();
                    let stride = usize::try_from(occurs.stride)?;
                    let mut values = Vec::new();
                    for (index, value) in given.iter().enumerate() {
                        let place = place.inside(index, stride);
                        values.push(self.one(item, field, Some(value), true, &place)?);
                    }
                    if occurs.depending_on.is_none() {
                        for index in given.len()..most {
                            let place = place.inside(index, stride);
                            values.push(self.one(item, field, None, false, &place)?);
                        }
                    } else if self.lacking {
                        let at = field.offset() + place.base + given.len() * stride;
                        let zeros = vec![0; (most - given.len()) * stride];
                        self.residue.insert(format!("@{at}"), zeros);
                    }
                    Value::Array(values)
                }
            };
            group.set(field.label(), value);
        }
        Ok(group)
    }

    fn one(
        &mut self,
        item: &Item,
        field: &Field,
        value: Option<&Json>,
        beside: bool,
        place: &Place,
    ) -> Result<Value> {
        if item.is_group() {
            let given = value.filter(|value| **value != Json::Null);
            return Ok(Value::Group(self.members(&item.children, given, place)?));
        }
        let number = matches!(field.kind(), parsers::FieldKind::Number { .. });
        Ok(match value {
            None | Some(Json::Null) => match field.usage() {
                _ if !beside => Value::Null,
                _ if !number && self.spaces => Value::Text(String::new()),
                Some(Usage::Display) if number && self.display_zeros => {
                    // Plain zeros, where zero of a signed number has a sign.
                    let zeros = vec![0xf0; field.len()];
                    self.residue.insert(place.path(self.layout, field), zeros);
                    zero()
                }
                Some(Usage::Packed | Usage::PackedNoSign) if self.packed_zeros => zero(),
                _ => Value::Null,
            },
            Some(Json::Number(text) | Json::Text(text)) if number => {
                Value::Number(text.parse::<Decimal>().context("a number")?)
            }
            Some(Json::Number(text) | Json::Text(text)) => Value::Text(text.clone()),
            Some(other) => bail!("{}: wanted a value, got {other}", item.name),
        })
    }
}

fn zero() -> Value {
    Value::Number(Decimal::new(0, 0))
}

fn member<'j>(given: &'j Json, name: &str) -> Option<&'j Json> {
    let Json::Object(members) = given else {
        return None;
    };
    members
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}
