//! Two versions of a copybook held against each other: what changed, and who can still read what.
//!
//! In: the layouts of the old and the new version, each with its meaning. Out: the changes field by field, and for each
//! form that records take (their own bytes, JSON lines, JSON Schema, Avro, Protobuf) what stands in the way of the new
//! version reading old data (backward) and of the old version reading new data (forward). Nothing is looked up and no
//! data is read: a verdict is about every record there can be.

mod avro;
mod fields;
mod json;
mod records;

use std::fmt;

pub use fields::{Change, What};

use crate::json::JsonOptions;
use crate::layout::Layout;
use crate::schema::protobuf::Numbers;
use crate::schema::{Avro, AvroOptions, Protobuf, ProtobufOptions, json_schema};

/// What two versions are compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiffOptions {
    /// The full name that the Avro record has in both versions; that of each layout if not given.
    pub name: Option<String>,
    /// Protobuf's field numbers of the old version. Those of the new version go on from them.
    pub numbers: Numbers,
}

/// What is between two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// In the order of the new version, each field that is gone at the end of its group.
    pub changes: Vec<Change>,
    /// One for each [`Format`], in that order.
    pub verdicts: Vec<Verdict>,
}

/// A form that records take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// The record's bytes.
    Records,
    /// JSON lines, for readers that pass over members they do not know.
    Json,
    /// JSON Schema: every object that is valid by the writer's schema is valid by the reader's.
    JsonSchema,
    /// Avro, by the resolution rules of its specification (1.11, "Schema Resolution").
    Avro,
    /// Protobuf, by the rules of "Updating A Message Type" in its language guide. Field numbers are kept.
    Protobuf,
}

impl Format {
    /// All, in order.
    pub const ALL: [Format; 5] = [
        Format::Records,
        Format::Json,
        Format::JsonSchema,
        Format::Avro,
        Format::Protobuf,
    ];
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Format::Records => "records",
            Format::Json => "json",
            Format::JsonSchema => "json-schema",
            Format::Avro => "avro",
            Format::Protobuf => "protobuf",
        })
    }
}

/// Who can read what in one format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The format.
    pub format: Format,
    /// Why the new version cannot read all data of the old one; empty if it can.
    pub backward: Vec<Obstacle>,
    /// Why the old version cannot read all data of the new one; empty if it can.
    pub forward: Vec<Obstacle>,
}

impl Verdict {
    /// Whether the versions are as compatible as that.
    pub fn is(&self, wanted: Compatibility) -> bool {
        match wanted {
            Compatibility::Backward => self.backward.is_empty(),
            Compatibility::Forward => self.forward.is_empty(),
            Compatibility::Full => self.backward.is_empty() && self.forward.is_empty(),
        }
    }
}

/// How compatible two versions are, in the words of schema registries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compatibility {
    /// The new version reads old data.
    Backward,
    /// The old version reads new data.
    Forward,
    /// Both.
    Full,
}

/// What stands in the way of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Where: the path of the field in that format; empty for the record as a whole.
    pub path: String,
    /// What the reader wants, and what it gets.
    pub reason: String,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.reason)
    }
}

/// Obstacles as they are found.
#[derive(Debug, Default)]
pub(crate) struct Obstacles(pub(crate) Vec<Obstacle>);

impl Obstacles {
    pub(crate) fn add(&mut self, path: &str, reason: impl Into<String>) {
        self.0.push(Obstacle {
            path: path.to_owned(),
            reason: reason.into(),
        });
    }
}

/// Below `path`, the member of that name.
pub(crate) fn below(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// Compares two versions of a layout.
pub fn diff(old: &Layout, new: &Layout, options: &DiffOptions) -> Diff {
    let pairs = fields::pair(old, new);
    let verdict = |format, backward: Vec<Obstacle>, forward: Vec<Obstacle>| Verdict {
        format,
        backward,
        forward,
    };
    let schema = |layout| {
        let text = json_schema(layout, &JsonOptions::default());
        serde_json::from_str(&text).unwrap_or_default()
    };
    let (old_json, new_json) = (schema(old), schema(new));
    let json = |strictness| {
        verdict(
            match strictness {
                json::Strictness::Shape => Format::Json,
                json::Strictness::Schema => Format::JsonSchema,
            },
            json::obstacles(&new_json, &old_json, strictness),
            json::obstacles(&old_json, &new_json, strictness),
        )
    };
    let avro = |layout| {
        let options = AvroOptions {
            name: options.name.clone(),
            ..AvroOptions::default()
        };
        let avro = Avro::new(layout, &options);
        serde_json::from_str(avro.schema()).unwrap_or_default()
    };
    let (old_avro, new_avro) = (avro(old), avro(new));
    let protobuf = |layout, numbers: &Numbers| {
        let options = ProtobufOptions {
            numbers: numbers.clone(),
            ..ProtobufOptions::default()
        };
        Protobuf::new(layout, &options)
    };
    let old_protobuf = protobuf(old, &options.numbers);
    let new_protobuf = protobuf(new, old_protobuf.numbers());
    Diff {
        changes: fields::changes(old, new, &pairs),
        verdicts: vec![
            verdict(
                Format::Records,
                records::obstacles(new, old, &pairs.of_new()),
                records::obstacles(old, new, &pairs.of_old()),
            ),
            json(json::Strictness::Shape),
            json(json::Strictness::Schema),
            verdict(
                Format::Avro,
                avro::obstacles(&new_avro, &old_avro),
                avro::obstacles(&old_avro, &new_avro),
            ),
            verdict(
                Format::Protobuf,
                new_protobuf.obstacles(&old_protobuf),
                old_protobuf.obstacles(&new_protobuf),
            ),
        ],
    }
}
