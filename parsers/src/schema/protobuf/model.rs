//! The messages of a layout, with names and numbers decided: what text, descriptor and writer share.

use super::numbers::Numbers;
use crate::schema::names::sanitised;
use crate::schema::shape::{Member, What};
use crate::schema::{Scalar, TimeUnit};

#[derive(Debug)]
pub(super) struct File {
    pub(super) package: String,
    pub(super) message: Message,
}

#[derive(Debug)]
pub(super) struct Message {
    pub(super) name: String,
    pub(super) fields: Vec<FieldOf>,
    /// The types of fields, in their order.
    pub(super) nested: Vec<Message>,
    /// Types of fields that are enums.
    pub(super) enums: Vec<Enum>,
    /// Fields of earlier versions.
    pub(super) gone: Vec<(String, u32)>,
}

/// Level 88 names.
#[derive(Debug)]
pub(super) struct Enum {
    pub(super) name: String,
    /// Names with numbers; the first is 0 and stands for none.
    pub(super) values: Vec<(String, u32)>,
    /// Of earlier versions.
    pub(super) gone: Vec<(String, u32)>,
}

#[derive(Debug)]
pub(super) struct FieldOf {
    pub(super) name: String,
    /// Its name in JSON: the one our JSON has.
    pub(super) json: String,
    pub(super) number: u32,
    pub(super) kind: Kind,
    /// What its value, or each of them, is; `None` for a message.
    pub(super) scalar: Option<Scalar>,
    pub(super) label: Label,
    pub(super) comments: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    Plain,
    Optional,
    Repeated,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int32,
    Int64,
    Double,
    String,
    Bytes,
    /// A message nested in the field's own.
    Message(String),
    /// An enum nested in the field's own message.
    Enum(String),
}

impl Kind {
    pub(super) fn of(scalar: Scalar) -> Kind {
        match scalar {
            Scalar::Boolean => Kind::Bool,
            Scalar::Int16 | Scalar::Int32 | Scalar::Date | Scalar::Time(TimeUnit::Milli) => {
                Kind::Int32
            }
            Scalar::Int64 | Scalar::Time(_) | Scalar::Timestamp(_) => Kind::Int64,
            Scalar::Double => Kind::Double,
            Scalar::Bytes => Kind::Bytes,
            Scalar::Decimal { .. } | Scalar::String => Kind::String,
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Kind::Bool => "bool",
            Kind::Int32 => "int32",
            Kind::Int64 => "int64",
            Kind::Double => "double",
            Kind::String => "string",
            Kind::Bytes => "bytes",
            Kind::Message(name) | Kind::Enum(name) => name,
        }
    }
}

pub(super) fn file(members: &[Member<'_>], full_name: &str, numbers: &mut Numbers) -> File {
    let mut parts: Vec<String> = full_name.split('.').map(sanitised).collect();
    let name = parts.pop().unwrap_or_default();
    File {
        package: parts.join("."),
        message: message(name.clone(), &name, members, numbers),
    }
}

fn message(name: String, path: &str, members: &[Member<'_>], numbers: &mut Numbers) -> Message {
    let mut fields = Vec::new();
    let mut nested = Vec::new();
    let mut enums = Vec::new();
    let mut names = Names::default();
    let field_names: Vec<String> = members
        .iter()
        .map(|member| names.field(member.field.label()))
        .collect();
    for (member, field) in members.iter().zip(field_names) {
        let mut comments = Vec::new();
        let mut kind = match &member.what {
            What::Scalar(_) if member.field.is_enum() => {
                let name = names.message(member.field.label());
                let path = format!("{path}.{name}");
                enums.push(symbols(&name, &path, member.field.names(), numbers));
                Kind::Enum(name)
            }
            What::Scalar(scalar) => {
                comments.extend(unit(*scalar));
                Kind::of(*scalar)
            }
            What::Group(members) => {
                let name = names.message(member.field.label());
                let path = format!("{path}.{name}");
                nested.push(message(name.clone(), &path, members, numbers));
                Kind::Message(name)
            }
        };
        if member.item_optional && member.is_table() {
            let name = names.first_free(&format!("{}Item", camel(member.field.label())), false);
            let path = format!("{path}.{name}");
            // An enum is looked for where its field is.
            let own = match &kind {
                Kind::Enum(_) => enums.pop(),
                _ => None,
            };
            nested.push(Message {
                enums: own.into_iter().collect(),
                ..item(name.clone(), &path, kind, &member.what, numbers)
            });
            kind = Kind::Message(name);
        }
        let label = if member.is_table() {
            Label::Repeated
        } else if member.optional && !matches!(kind, Kind::Message(_)) {
            Label::Optional
        } else {
            Label::Plain
        };
        if let Some(text) = member.field.description() {
            let lines = text.lines().map(str::trim).map(str::to_owned);
            comments.splice(0..0, lines);
        }
        fields.push(FieldOf {
            number: numbers.of(path, &field),
            name: field,
            json: member.field.label().to_owned(),
            kind,
            scalar: match &member.what {
                What::Scalar(scalar) => Some(*scalar),
                What::Group(_) => None,
            },
            label,
            comments,
        });
    }
    let gone = numbers
        .of_message(path)
        .filter(|(name, _)| fields.iter().all(|field| field.name != *name))
        .map(|(name, number)| (name.to_owned(), number))
        .collect();
    Message {
        name,
        fields,
        nested,
        enums,
        gone,
    }
}

/// An occurrence that may have no value: proto3 has no null in a repeated field.
fn item(name: String, path: &str, kind: Kind, what: &What<'_>, numbers: &mut Numbers) -> Message {
    let value = FieldOf {
        name: "value".to_owned(),
        json: "value".to_owned(),
        number: numbers.of(path, "value"),
        label: Label::Optional,
        kind,
        scalar: match what {
            What::Scalar(scalar) => Some(*scalar),
            What::Group(_) => None,
        },
        comments: Vec::new(),
    };
    Message {
        name,
        fields: vec![value],
        nested: Vec::new(),
        enums: Vec::new(),
        gone: Vec::new(),
    }
}

/// An enum of names. Values share the scope of the enum, so each has its name in front, as style guides want it.
fn symbols(name: &str, path: &str, names: &[String], numbers: &mut Numbers) -> Enum {
    let prefix = shouted(name);
    let mut values = vec![(format!("{prefix}_UNSPECIFIED"), 0)];
    for symbol in names {
        let base = format!("{prefix}_{}", sanitised(symbol));
        let mut candidate = base.clone();
        let mut next = 2u32;
        while values.iter().any(|(taken, _)| *taken == candidate) {
            candidate = format!("{base}_{next}");
            next = next.saturating_add(1);
        }
        let number = numbers.of(path, &candidate);
        values.push((candidate, number));
    }
    let gone = numbers
        .of_message(path)
        .filter(|(name, _)| values.iter().all(|(value, _)| value != name))
        .map(|(name, number)| (name.to_owned(), number))
        .collect();
    Enum {
        name: name.to_owned(),
        values,
        gone,
    }
}

/// `LotState` as `LOT_STATE`.
fn shouted(name: &str) -> String {
    let mut out = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out.push(character.to_ascii_uppercase());
    }
    out
}

/// What the type alone does not say.
fn unit(scalar: Scalar) -> Option<String> {
    let of = |unit| match unit {
        TimeUnit::Milli => "milliseconds",
        TimeUnit::Micro => "microseconds",
        TimeUnit::Nano => "nanoseconds",
    };
    match scalar {
        Scalar::Decimal { precision, scale } => Some(format!(
            "decimal({precision},{scale}): plain digits, {scale} after the point"
        )),
        Scalar::Date => Some("days since 1970-01-01".to_owned()),
        Scalar::Time(unit) => Some(format!("{} since midnight", of(unit))),
        Scalar::Timestamp(unit) => Some(format!("{} since 1970-01-01T00:00:00, no zone", of(unit))),
        _ => None,
    }
}

/// Names of one scope: fields and nested messages share it, and the names that Protobuf's JSON makes of fields must
/// differ as well (`A_B` and `AB` are both `AB` there).
#[derive(Default)]
struct Names {
    taken: std::collections::BTreeSet<String>,
    json: std::collections::BTreeSet<String>,
}

impl Names {
    fn field(&mut self, label: &str) -> String {
        let name = sanitised(label);
        self.first_free(&name, true)
    }

    fn message(&mut self, label: &str) -> String {
        let name = camel(label);
        self.first_free(&name, false)
    }

    fn first_free(&mut self, name: &str, in_json: bool) -> String {
        let mut candidate = name.to_owned();
        let mut number = 2u32;
        while self.taken.contains(&candidate)
            || (in_json && self.json.contains(&default_json(&candidate)))
        {
            candidate = format!("{name}_{number}");
            number = number.saturating_add(1);
        }
        self.taken.insert(candidate.clone());
        if in_json {
            self.json.insert(default_json(&candidate));
        }
        candidate
    }
}

/// The name that Protobuf's JSON gives a field that names none: without `_`, the letter after it in upper case.
pub(super) fn default_json(name: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for character in name.chars() {
        if character == '_' {
            upper = true;
        } else if upper {
            out.push(character.to_ascii_uppercase());
            upper = false;
        } else {
            out.push(character);
        }
    }
    out
}

/// `LOT-HEADER` as `LotHeader`, `expiryDate` as `ExpiryDate`.
fn camel(label: &str) -> String {
    let name = sanitised(label);
    let shouted = !name.chars().any(|character| character.is_ascii_lowercase());
    let mut out = String::new();
    let mut upper = true;
    for character in name.chars() {
        if character == '_' {
            upper = true;
        } else if upper {
            out.push(character.to_ascii_uppercase());
            upper = false;
        } else if shouted {
            out.push(character.to_ascii_lowercase());
        } else {
            out.push(character);
        }
    }
    if out
        .chars()
        .next()
        .is_none_or(|first| first.is_ascii_digit())
    {
        out.insert(0, '_');
    }
    out
}
