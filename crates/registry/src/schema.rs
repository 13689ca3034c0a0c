//! A schema of any kind: what is registered, and the two questions asked of it: is it the same, is it compatible.

use event::confluent::{Guid, SchemaType};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::avro::{self, Avro};
use crate::compat::Difference;
use crate::json_schema::{self, JsonSchema};
use crate::proto::{self, File};

/// Where another schema is, by the name under which a schema uses it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Reference {
    pub(crate) name: String,
    pub(crate) subject: String,
    pub(crate) version: i32,
}

/// What a client registers: the parts by which two schemas are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) kind: SchemaType,
    /// In the form that is kept and given out.
    pub(crate) text: String,
    pub(crate) references: Vec<Reference>,
}

/// A schema that was understood.
#[derive(Debug)]
pub(crate) enum Parsed {
    Avro(Avro),
    Protobuf(File),
    Json(JsonSchema),
}

/// Another schema that one refers to, with its own name there.
pub(crate) struct Resolved {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Parsed {
    /// Understands a schema. `references` are the schemas it refers to, each behind those it needs itself.
    pub(crate) fn parse(
        kind: SchemaType,
        text: &str,
        references: &[Resolved],
    ) -> Result<Self, String> {
        match kind {
            SchemaType::Avro => {
                let texts: Vec<&str> = references.iter().map(|known| known.text.as_str()).collect();
                Avro::parse(text, &texts).map(Self::Avro)
            }
            SchemaType::Protobuf => {
                let file = proto::parse(text)?;
                let unknown = proto::imports(&file).find(|import| {
                    !is_built_in(import) && references.iter().all(|known| known.name != **import)
                });
                match unknown {
                    Some(import) => Err(format!("import {import:?} is in none of the references")),
                    None => Ok(Self::Protobuf(file)),
                }
            }
            SchemaType::Json => {
                let named: Vec<(&str, &str)> = references
                    .iter()
                    .map(|known| (known.name.as_str(), known.text.as_str()))
                    .collect();
                JsonSchema::parse(text, &named).map(Self::Json)
            }
        }
    }

    /// The text that is kept: JSON without white space, a Protobuf file in one form.
    pub(crate) fn kept(&self, text: &str) -> String {
        match self {
            Self::Protobuf(file) => proto::text(file),
            Self::Avro(_) | Self::Json(_) => compact(text),
        }
    }

    /// Everything that keeps `self` from reading what `writer` wrote.
    pub(crate) fn reads(&self, writer: &Self) -> Vec<Difference> {
        match (self, writer) {
            (Self::Avro(reader), Self::Avro(writer)) => avro::check(reader, writer),
            (Self::Protobuf(reader), Self::Protobuf(writer)) => proto::check(reader, writer),
            (Self::Json(reader), Self::Json(writer)) => json_schema::check(reader, writer),
            _ => vec![Difference {
                kind: "SCHEMA_TYPE_CHANGED",
                description: "The %s schema is of another kind than the %s schema".to_owned(),
            }],
        }
    }

    /// The descriptor in base64, of Protobuf.
    pub(crate) fn serialized(&self) -> Option<String> {
        match self {
            Self::Protobuf(file) => Some(proto::serialized(file)),
            Self::Avro(_) | Self::Json(_) => None,
        }
    }
}

/// Files that every Protobuf library and Confluent's brings along.
fn is_built_in(import: &str) -> bool {
    import.starts_with("google/protobuf/")
        || import.starts_with("google/type/")
        || import.starts_with("confluent/")
}

impl Text {
    /// A name that follows from what the schema says: kind, meaning of its text, references. Two are the same when this is.
    pub(crate) fn guid(&self) -> Guid {
        let meaning = match self.kind {
            SchemaType::Protobuf => self.text.clone(),
            SchemaType::Avro | SchemaType::Json => sorted(&self.text),
        };
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update(text.len().to_be_bytes());
            hash.update(text.as_bytes());
        };
        part(self.kind.as_str());
        part(&meaning);
        let mut references = self.references.clone();
        references.sort();
        for reference in &references {
            part(&reference.name);
            part(&reference.subject);
            part(&reference.version.to_string());
        }
        let mut guid = [0_u8; 16];
        for (to, from) in guid.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        // A UUID of RFC 9562, version 8: one of its maker's own.
        for (at, keep, set) in [(6, 0x0f, 0x80), (8, 0x3f, 0x80)] {
            if let Some(byte) = guid.get_mut(at) {
                *byte = (*byte & keep) | set;
            }
        }
        Guid(guid)
    }
}

/// JSON with its members in the order of their names: the order they were written in says nothing.
fn sorted(text: &str) -> String {
    fn sort(value: Value) -> Value {
        match value {
            Value::Object(object) => {
                let mut members: Vec<(String, Value)> = object.into_iter().collect();
                members.sort_by(|one, other| one.0.cmp(&other.0));
                members
                    .into_iter()
                    .map(|(name, value)| (name, sort(value)))
                    .collect()
            }
            Value::Array(values) => values.into_iter().map(sort).collect(),
            other => other,
        }
    }
    match serde_json::from_str(text) {
        Ok(value) => sort(value).to_string(),
        Err(_) => text.to_owned(),
    }
}

/// JSON without white space between its parts; numbers and texts stay as they were written.
fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for letter in text.trim().chars() {
        if quoted {
            quoted = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
        } else if letter == '"' {
            quoted = true;
        } else if letter.is_ascii_whitespace() {
            continue;
        }
        out.push(letter);
    }
    // A primitive's name without quotes.
    if out.chars().all(|letter| letter.is_ascii_lowercase())
        && !matches!(out.as_str(), "true" | "false")
    {
        return format!("\"{out}\"");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Text {
            kind: SchemaType::Json,
            text: text.to_owned(),
            references: Vec::new(),
        }
    }

    #[test]
    fn white_space_goes_but_not_in_texts() {
        assert_eq!(
            compact("{ \"a b\" : [ 1 , \"x \\\" y\" ]\n}"),
            "{\"a b\":[1,\"x \\\" y\"]}"
        );
        assert_eq!(compact(" string "), "\"string\"");
        assert_eq!(compact("true"), "true");
    }

    #[test]
    fn the_order_of_members_says_nothing() {
        let one = text(r#"{"type":"object","title":"T","required":["a","b"]}"#);
        let other = text(r#"{"title":"T","required":["a","b"],"type":"object"}"#);
        let third = text(r#"{"title":"T","required":["b","a"],"type":"object"}"#);
        assert_eq!(one.guid(), other.guid());
        assert_ne!(one.guid(), third.guid());
        let mut referring = one.clone();
        referring.references.push(Reference {
            name: "n".to_owned(),
            subject: "s".to_owned(),
            version: 1,
        });
        assert_ne!(one.guid(), referring.guid());
        let guid = one.guid().to_string();
        assert_eq!(guid.as_bytes()[14], b'8', "{guid}");
    }
}
