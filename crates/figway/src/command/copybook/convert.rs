//! What `figway copybook decode` makes of a record: JSON, Avro or Protobuf, straight from its bytes.

use std::sync::Arc;

use anyhow::Context;
use parsers::hierarchy::{Hierarchy, Tree};
use parsers::json;
use parsers::schema::avro::Container;
use parsers::schema::{Avro, AvroOptions, Invalid, Protobuf, ProtobufOptions};
use parsers::{FieldError, JsonOptions, Layout};

use super::schema;
use crate::args::{SchemaArgs, Target};
use crate::terminal::Terminal;

/// A layout with the form its records go to.
pub(super) struct Converter {
    layout: Arc<Layout>,
    form: Form,
    lenient: bool,
}

enum Form {
    Json(JsonOptions),
    Avro(Box<Avro>, Container),
    Protobuf(Box<Protobuf>),
}

impl Converter {
    pub(super) fn new(
        layout: Arc<Layout>,
        target: Target,
        args: &SchemaArgs,
        lenient: bool,
        terminal: &Terminal,
    ) -> anyhow::Result<Converter> {
        let invalid = if lenient {
            Invalid::Null
        } else {
            Invalid::Fail
        };
        let form = match target {
            Target::Json => Form::Json(JsonOptions {
                invalid: if lenient {
                    json::Invalid::Keep
                } else {
                    json::Invalid::Fail
                },
                ..JsonOptions::default()
            }),
            Target::Avro => {
                let options = AvroOptions {
                    invalid,
                    ..schema::avro(args)
                };
                let avro = Avro::new(&layout, &options);
                let container = avro.container();
                Form::Avro(Box::new(avro), container)
            }
            Target::Protobuf => {
                let options = ProtobufOptions {
                    invalid,
                    ..schema::protobuf(args, terminal)?
                };
                Form::Protobuf(Box::new(Protobuf::new(&layout, &options)))
            }
        };
        Ok(Converter {
            layout,
            form,
            lenient,
        })
    }

    /// Whether it goes on past a field that does not decode.
    pub(super) fn is_lenient(&self) -> bool {
        self.lenient
    }

    pub(super) fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// What the output begins with.
    pub(super) fn head(&self) -> &[u8] {
        match &self.form {
            Form::Avro(_, container) => container.head(),
            Form::Json(_) | Form::Protobuf(_) => &[],
        }
    }

    /// Appends one record.
    pub(super) fn write(&self, record: &[u8], out: &mut Vec<u8>) -> Result<(), FieldError> {
        match &self.form {
            Form::Json(options) => {
                self.layout.write_json_with(record, options, out)?;
                out.push(b'\n');
                Ok(())
            }
            Form::Avro(avro, _) => avro.write(&self.layout, record, out),
            Form::Protobuf(protobuf) => protobuf.write_delimited(&self.layout, record, out),
        }
    }

    /// Appends a record with all that stands below it, as JSON.
    pub(super) fn write_tree(
        &self,
        hierarchy: &Hierarchy,
        tree: &[u8],
        out: &mut Vec<u8>,
    ) -> anyhow::Result<()> {
        let options = match &self.form {
            Form::Json(options) => *options,
            Form::Avro(..) | Form::Protobuf(_) => JsonOptions::default(),
        };
        let tree = Tree::from_bytes(tree).context("a tree lost its way between threads")?;
        hierarchy.write_json(&tree, &options, out)?;
        out.push(b'\n');
        Ok(())
    }

    /// So many records as they stand in the output; `room` is where to put what is not there yet.
    pub(super) fn part<'b>(
        &self,
        records: &'b [u8],
        count: usize,
        room: &'b mut Vec<u8>,
    ) -> &'b [u8] {
        match &self.form {
            Form::Avro(_, container) if count > 0 => {
                container.block(count, records, room);
                room
            }
            Form::Json(_) | Form::Avro(..) | Form::Protobuf(_) => records,
        }
    }
}
