//! What `figway copybook decode` makes of a record: JSON, Avro, Protobuf or a row of Parquet, straight from its bytes.

use std::sync::Arc;

use parsers::hierarchy::{Hierarchy, Tree};
use parsers::json;
use parsers::schema::avro::Container;
use parsers::schema::{Avro, AvroOptions, Invalid, Protobuf, ProtobufOptions};
use parsers::{FieldError, JsonOptions, Layout};

#[cfg(feature = "arrow")]
use super::parquet::{self, Sheet};
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
    #[cfg(feature = "arrow")]
    Parquet(Invalid),
}

/// Where converted records go in their order, to become what stands in the output.
pub(super) enum Sink<'c> {
    /// They are that already.
    Plain,
    Avro(&'c Container),
    #[cfg(feature = "arrow")]
    Parquet(Box<Sheet<'c>>),
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
            #[cfg(feature = "arrow")]
            Target::Parquet => Form::Parquet(invalid),
            #[cfg(not(feature = "arrow"))]
            Target::Parquet => anyhow::bail!(
                "this figway was built without Parquet: build with `--features arrow`"
            ),
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
            _ => &[],
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
            #[cfg(feature = "arrow")]
            Form::Parquet(invalid) => {
                // Columns are filled in the order of records; that this one decodes can be seen here.
                if *invalid == Invalid::Fail {
                    self.layout.validate(record)?;
                }
                parquet::hand_over(record, out);
                Ok(())
            }
        }
    }

    /// Appends a record with all that stands below it, as JSON.
    pub(super) fn write_tree(
        &self,
        hierarchy: &Hierarchy,
        tree: &Tree,
        out: &mut Vec<u8>,
    ) -> anyhow::Result<()> {
        let options = match &self.form {
            Form::Json(options) => *options,
            _ => JsonOptions::default(),
        };
        hierarchy.write_json(tree, &options, out)?;
        out.push(b'\n');
        Ok(())
    }

    /// Takes what [`write`](Self::write) appended.
    ///
    /// # Errors
    /// A layout that Parquet has no columns for.
    pub(super) fn sink(&self) -> anyhow::Result<Sink<'_>> {
        Ok(match &self.form {
            Form::Json(_) | Form::Protobuf(_) => Sink::Plain,
            Form::Avro(_, container) => Sink::Avro(container),
            #[cfg(feature = "arrow")]
            Form::Parquet(invalid) => Sink::Parquet(Box::new(Sheet::new(&self.layout, *invalid)?)),
        })
    }
}

impl Sink<'_> {
    /// So many records as they stand in the output; `room` is where to put what is not there yet.
    pub(super) fn part<'b>(
        &mut self,
        records: &'b [u8],
        count: usize,
        room: &'b mut Vec<u8>,
    ) -> anyhow::Result<&'b [u8]> {
        match self {
            Sink::Avro(container) if count > 0 => {
                container.block(count, records, room);
                Ok(room)
            }
            Sink::Plain | Sink::Avro(_) => Ok(records),
            #[cfg(feature = "arrow")]
            Sink::Parquet(sheet) => {
                sheet.take(records, room)?;
                Ok(room)
            }
        }
    }

    /// What the output ends with.
    pub(super) fn end(self) -> anyhow::Result<Vec<u8>> {
        match self {
            Sink::Plain | Sink::Avro(_) => Ok(Vec::new()),
            #[cfg(feature = "arrow")]
            Sink::Parquet(sheet) => sheet.end(),
        }
    }
}
