//! Protobuf schemas, read from their text or from a descriptor, as far as a registry must understand them; and written as either.
//!
//! Clients register both: Java's the text, Python's a `FileDescriptorProto` in base64. Whoever asks gets the text, or the
//! descriptor with `format=serialized`. Options that are not Protobuf's own are in the text and not in the descriptor.

mod compat;
mod descriptor;
mod print;

pub(crate) use compat::check;
pub(crate) use event::proto_file::File;
use event::proto_file::{
    Declared, Enum, Field, FieldType, Import, Label, MAX_DEPTH, Message, entry_name,
};

fn messages(types: &[Declared]) -> impl Iterator<Item = &Message> {
    types.iter().filter_map(|declared| match declared {
        Declared::Message(message) => Some(message),
        Declared::Enum(_) => None,
    })
}

/// Reads a file: its text, or its descriptor in base64.
pub(crate) fn parse(text: &str) -> Result<File, String> {
    match File::parse(text) {
        Ok(file) => Ok(file),
        Err(error) => match descriptor::from_base64(text) {
            Some(file) => file,
            None => Err(error.to_string()),
        },
    }
}

/// The file's text, the same for all that mean the same but for order.
pub(crate) fn text(file: &File) -> String {
    print::file(file)
}

/// The file's descriptor in base64, for `format=serialized`.
pub(crate) fn serialized(file: &File) -> String {
    descriptor::to_base64(file)
}

/// What it imports.
pub(crate) fn imports(file: &File) -> impl Iterator<Item = &str> {
    file.imports.iter().map(|import| import.path.as_str())
}

/// Types without a definition.
fn is_scalar(name: &str) -> bool {
    scalar_number(name).is_some()
}

/// The scalar's number in `FieldDescriptorProto.Type`.
fn scalar_number(name: &str) -> Option<i32> {
    Some(match name {
        "double" => 1,
        "float" => 2,
        "int64" => 3,
        "uint64" => 4,
        "int32" => 5,
        "fixed64" => 6,
        "fixed32" => 7,
        "bool" => 8,
        "string" => 9,
        "bytes" => 12,
        "uint32" => 13,
        "sfixed32" => 15,
        "sfixed64" => 16,
        "sint32" => 17,
        "sint64" => 18,
        _ => return None,
    })
}

const SCALARS: [&str; 15] = [
    "double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string", "bytes",
    "uint32", "sfixed32", "sfixed64", "sint32", "sint64",
];

#[cfg(test)]
mod tests;
