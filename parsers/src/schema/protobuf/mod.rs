//! Protobuf: the schema of a layout, and records as messages straight from their bytes.
//!
//! In: a layout, [`ProtobufOptions`] and perhaps the [`Numbers`] of an earlier version, once; then records. Out: the
//! schema as `.proto` text (proto3) and as a `FileDescriptorSet`, the message of each record appended to the caller's
//! buffer, and the numbers to keep for the next version. No registry prefix: that is the caller's.
//!
//! Decimals are `string`s of plain digits with full scale: exact, readable in every language without an import, the
//! same in Protobuf's JSON. Whole numbers are `int32` and `int64` whatever their sign, because only these can grow
//! into each other. A member without `optional` leaves its default out, as proto3 wants it.

mod compare;
mod descriptor;
mod model;
mod numbers;
mod text;
mod write;

use super::wire::{behind_length, proto_length};
use super::{Invalid, shape};
use crate::diff::{Obstacle, Obstacles};
use crate::error::FieldError;
use crate::layout::Layout;
pub use numbers::{Numbers, ParseNumbersError};

/// How a Protobuf schema is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProtobufOptions {
    /// The message's full name, `package.Name`; the layout's own name if not given.
    pub name: Option<String>,
    /// Field numbers of an earlier version: its fields keep theirs, those that are gone stay reserved. Without it
    /// fields are numbered in their order, from 1.
    pub numbers: Numbers,
    /// What a field that does not decode gives.
    pub invalid: Invalid,
}

/// A layout prepared for Protobuf.
#[derive(Debug)]
pub struct Protobuf {
    file: model::File,
    numbers: Numbers,
    plan: write::Plan,
}

impl Protobuf {
    /// Prepares a layout.
    pub fn new(layout: &Layout, options: &ProtobufOptions) -> Protobuf {
        let members = shape::of(layout, options.invalid);
        let name = options.name.as_deref().unwrap_or_else(|| layout.name());
        let mut numbers = options.numbers.clone();
        let file = model::file(&members, name, &mut numbers);
        Protobuf {
            plan: write::Plan::new(layout, &members, &file.message, options.invalid),
            file,
            numbers,
        }
    }

    /// The schema as the text of a `.proto` file.
    pub fn schema(&self) -> String {
        text::of(&self.file)
    }

    /// The schema as the bytes of a `google.protobuf.FileDescriptorSet` of one file of that name.
    pub fn descriptor_set(&self, file_name: &str) -> Vec<u8> {
        descriptor::of(&self.file, file_name)
    }

    /// The numbers given, with those of fields that are gone: input of the next version.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// What stands in the way of reading all messages of another version's schema with this one.
    pub(crate) fn obstacles(&self, writer: &Protobuf) -> Vec<Obstacle> {
        let mut found = Obstacles::default();
        compare::messages("", &self.file.message, &writer.file.message, &mut found);
        found.0
    }

    /// Appends a record of the layout this was made for as a message.
    ///
    /// # Errors
    /// The first field that does not decode, unless [`Invalid::Null`] was asked for; `out` is then as it was.
    pub fn write(
        &self,
        layout: &Layout,
        record: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), FieldError> {
        write::write(&self.plan, layout, record, out)
    }

    /// The same behind its length as a varint: messages of one file or stream one after the other, as
    /// `parseDelimitedFrom` and its like read them.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_delimited(
        &self,
        layout: &Layout,
        record: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), FieldError> {
        let start = out.len();
        let mut done = Ok(());
        behind_length(out, record.len(), proto_length, |out| {
            done = self.write(layout, record, out);
        });
        if done.is_err() {
            out.truncate(start);
        }
        done
    }
}
