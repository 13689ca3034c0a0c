//! `figway copybook schema`: the Avro, JSON or Protobuf schema of a copybook's records.

use std::path::Path;

use anyhow::Context;
use parsers::schema::protobuf::Numbers;
use parsers::schema::{Avro, AvroOptions, Protobuf, ProtobufOptions, json_schema};
use parsers::{JsonOptions, Layout};

use crate::args::{SchemaArgs, SchemaFormat};
use crate::files::Output;
use crate::terminal::Terminal;

pub(super) fn run(
    layout: &Layout,
    format: SchemaFormat,
    args: &SchemaArgs,
    output: Option<&Path>,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let text = match format {
        SchemaFormat::Avro => indented(Avro::new(layout, &avro(args)).schema())?,
        SchemaFormat::JsonSchema => json_schema(layout, &JsonOptions::default()),
        SchemaFormat::Protobuf => {
            let protobuf = Protobuf::new(layout, &protobuf(args, terminal)?);
            if let Some(path) = &args.numbers {
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

pub(super) fn protobuf(args: &SchemaArgs, terminal: &Terminal) -> anyhow::Result<ProtobufOptions> {
    Ok(ProtobufOptions {
        name: args.name.clone(),
        numbers: match &args.numbers {
            Some(path) => numbers(path, terminal)?,
            None => Numbers::default(),
        },
        ..ProtobufOptions::default()
    })
}

/// The kept numbers; none if the file is not there yet.
pub(super) fn numbers(path: &Path, terminal: &Terminal) -> anyhow::Result<Numbers> {
    match std::fs::read_to_string(terminal.path(path)) {
        Ok(text) => Ok(Numbers::parse(&text).with_context(|| path.display().to_string())?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Numbers::default()),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}
