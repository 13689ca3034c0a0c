//! Protobuf schemas, read from their text or from a descriptor, as far as a registry must understand them; and written as either.
//!
//! Clients register both: Java's the text, Python's a `FileDescriptorProto` in base64. Whoever asks gets the text, or the
//! descriptor with `format=serialized`. Options that are not Protobuf's own are in the text and not in the descriptor.

mod compat;
mod descriptor;
mod lex;
mod parse;
mod print;

pub(crate) use compat::check;

/// How deep messages may nest.
const MAX_DEPTH: usize = 64;

/// A file. Options are kept as text.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct File {
    syntax: String,
    package: String,
    imports: Vec<Import>,
    options: Vec<(String, String)>,
    types: Vec<Declared>,
    /// Services and extensions, as they came: nothing of a record depends on them.
    other: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Import {
    path: String,
    /// `public`, `weak` or nothing.
    modifier: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Declared {
    Message(Message),
    Enum(Enum),
}

#[derive(Debug, Default, Clone, PartialEq)]
struct Message {
    name: String,
    fields: Vec<Field>,
    /// Names of the oneofs that fields point to.
    oneofs: Vec<String>,
    types: Vec<Declared>,
    options: Vec<(String, String)>,
    /// Reserved ranges and names, extension ranges: as they came.
    other: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Field {
    label: Label,
    ty: FieldType,
    name: String,
    number: i32,
    oneof: Option<usize>,
    options: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    None,
    Optional,
    Required,
    Repeated,
}

impl Label {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Optional => "optional ",
            Self::Required => "required ",
            Self::Repeated => "repeated ",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum FieldType {
    /// A scalar, or a message or an enum by its name.
    Single(String),
    Map(String, String),
}

#[derive(Debug, Default, Clone, PartialEq)]
struct Enum {
    name: String,
    values: Vec<(String, i32)>,
    options: Vec<(String, String)>,
    other: Vec<String>,
}

fn messages(types: &[Declared]) -> impl Iterator<Item = &Message> {
    types.iter().filter_map(|declared| match declared {
        Declared::Message(message) => Some(message),
        Declared::Enum(_) => None,
    })
}

impl File {
    /// Reads a file: its text, or its descriptor in base64.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match parse::file(text) {
            Ok(file) => Ok(file),
            Err(error) => match descriptor::from_base64(text) {
                Some(file) => file,
                None => Err(error),
            },
        }
    }

    /// The file's text, the same for all that mean the same but for order.
    pub(crate) fn text(&self) -> String {
        print::file(self)
    }

    /// The file's descriptor in base64, for `format=serialized`.
    pub(crate) fn serialized(&self) -> String {
        descriptor::to_base64(self)
    }

    /// What it imports.
    pub(crate) fn imports(&self) -> impl Iterator<Item = &str> {
        self.imports.iter().map(|import| import.path.as_str())
    }
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

/// What protoc calls the entry of a map field.
fn entry_name(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut upper = true;
    for letter in field.chars() {
        match letter {
            '_' => upper = true,
            letter if upper => {
                out.push(letter.to_ascii_uppercase());
                upper = false;
            }
            letter => out.push(letter),
        }
    }
    out + "Entry"
}

#[cfg(test)]
mod tests;
