//! `figway copybook schema`: the Avro, JSON or Protobuf schema of a copybook's records.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use parsers::hierarchy::Hierarchy;
use parsers::schema::protobuf::Numbers;
use parsers::schema::{
    Avro, AvroOptions, Invalid, Protobuf, ProtobufOptions, json_schema, json_schema_of_trees,
};
use parsers::{JsonOptions, Layout, json};

use crate::args::{SchemaArgs, SchemaFormat};
use crate::files::Output;
use crate::terminal::Terminal;

/// Which of `decode`'s outputs a schema is of.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) lenient: bool,
    pub(super) flat: bool,
}

pub(super) fn run(
    layout: &Arc<Layout>,
    format: SchemaFormat,
    args: &SchemaArgs,
    shape: Shape,
    output: Option<&Path>,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let (invalid, in_json) = match shape.lenient {
        true => (Invalid::Null, json::Invalid::Keep),
        false => (Invalid::Fail, json::Invalid::Fail),
    };
    let text = match format {
        SchemaFormat::Avro => {
            let options = AvroOptions {
                invalid,
                ..avro(args)
            };
            indented(Avro::new(layout, &options).schema())?
        }
        SchemaFormat::JsonSchema => {
            let options = JsonOptions {
                invalid: in_json,
                ..JsonOptions::default()
            };
            match Hierarchy::of(layout).filter(|_| !shape.flat) {
                Some(hierarchy) => json_schema_of_trees(&hierarchy, &options),
                None => json_schema(layout, &options),
            }
        }
        SchemaFormat::Protobuf => {
            let options = ProtobufOptions {
                invalid,
                name: args.name.clone(),
                numbers: match &args.numbers {
                    Some(path) => numbers(path, terminal)?,
                    None => Numbers::default(),
                },
            };
            let protobuf = Protobuf::new(layout, &options);
            if let Some(path) = &args.numbers {
                if !terminal.path(path).exists() {
                    terminal.note(format!("{} is not there yet: it is made", path.display()));
                }
                let mut kept = Output::create(Some(path), terminal)?;
                kept.write(protobuf.numbers().to_string().as_bytes())?;
                kept.finish_quietly()?;
            }
            protobuf.schema()
        }
    };
    let mut out = Output::create(output, terminal)?;
    out.write(text.as_bytes())?;
    out.finish_quietly()?;
    Ok(crate::HELD)
}

/// For people to read; the order of members stays.
fn indented(json: &str) -> anyhow::Result<String> {
    let value: serde_json::Value = serde_json::from_str(json)?;
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

pub(super) fn avro(args: &SchemaArgs) -> AvroOptions {
    AvroOptions {
        name: args.name.clone(),
        ..AvroOptions::default()
    }
}

/// For messages: of numbers that are not there nobody could read them later.
pub(super) fn protobuf(args: &SchemaArgs, terminal: &Terminal) -> anyhow::Result<ProtobufOptions> {
    Ok(ProtobufOptions {
        name: args.name.clone(),
        numbers: match &args.numbers {
            Some(path) => kept(path, terminal)?,
            None => Numbers::default(),
        },
        ..ProtobufOptions::default()
    })
}

/// The kept numbers; none if the file is not there yet.
fn numbers(path: &Path, terminal: &Terminal) -> anyhow::Result<Numbers> {
    if matches!(terminal.path(path).try_exists(), Ok(false)) {
        return Ok(Numbers::default());
    }
    kept(path, terminal)
}

/// The kept numbers of a file that must be there.
pub(super) fn kept(path: &Path, terminal: &Terminal) -> anyhow::Result<Numbers> {
    let text = std::fs::read_to_string(terminal.path(path))
        .with_context(|| format!("{} cannot be read", path.display()))?;
    Numbers::parse(&text).with_context(|| path.display().to_string())
}
