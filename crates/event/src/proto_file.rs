//! A Protobuf file (proto2 or proto3, without groups) as its text says it. What it means for records is for others to say.

mod lex;
mod parse;

use crate::Error;

/// How deep messages may nest.
pub const MAX_DEPTH: usize = 64;

/// A file. Options are kept as text.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct File {
    /// `proto2` or `proto3`.
    pub syntax: String,
    /// Empty where there is none.
    pub package: String,
    /// In the order of the file, as is all below.
    pub imports: Vec<Import>,
    /// Names and values.
    pub options: Vec<(String, String)>,
    /// Messages and enums.
    pub types: Vec<Declared>,
    /// Services and extensions, as they came: nothing of a record depends on them.
    pub other: Vec<String>,
}

/// Another file that a file uses.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// Where it is.
    pub path: String,
    /// `public`, `weak`, each with a blank behind it, or nothing.
    pub modifier: String,
}

/// What a file or a message declares.
#[derive(Debug, Clone, PartialEq)]
pub enum Declared {
    /// A message.
    Message(Message),
    /// An enum.
    Enum(Enum),
}

/// A message.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Message {
    /// Its own name, without those around it.
    pub name: String,
    /// Its fields, those of its oneofs among them.
    pub fields: Vec<Field>,
    /// Names of the oneofs that fields point to.
    pub oneofs: Vec<String>,
    /// What is declared in it.
    pub types: Vec<Declared>,
    /// Names and values.
    pub options: Vec<(String, String)>,
    /// Reserved ranges and names, extension ranges: as they came.
    pub other: Vec<String>,
}

/// A field.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// What stands in front of its type.
    pub label: Label,
    /// Of what it is.
    pub ty: FieldType,
    /// Its name.
    pub name: String,
    /// From 1 to 536870911; no two of one message have the same.
    pub number: i32,
    /// Which of the message's oneofs it is in.
    pub oneof: Option<usize>,
    /// Names and values; texts with their quotes and escapes.
    pub options: Vec<(String, String)>,
}

impl Field {
    /// What the field is called in JSON, where its options say so.
    #[must_use]
    pub fn json_name(&self) -> Option<&str> {
        let mut options = self.options.iter();
        let (_, value) = options.find(|(name, _)| name == "json_name")?;
        value.strip_prefix('"')?.strip_suffix('"')
    }

    /// What Confluent's converters say of it that Protobuf has no word for (`confluent.field_meta`): names and values.
    #[must_use]
    pub fn meta(&self) -> Vec<(String, String)> {
        let mut options = self.options.iter();
        let found = options.find(|(name, _)| name == "(confluent.field_meta)");
        let tokens = found.and_then(|(_, value)| lex::tokens(value).ok());
        let (mut key, mut value, mut last) = (None, None, String::new());
        let mut pairs = Vec::new();
        for token in tokens.unwrap_or_default() {
            match (token.kind, token.text.as_str()) {
                (lex::Kind::Word, _) => last = token.text,
                (lex::Kind::Text, _) if last == "key" => key = Some(token.text),
                (lex::Kind::Text, _) if last == "value" => value = Some(token.text),
                (lex::Kind::Symbol, "}") => {
                    if let (Some(key), Some(value)) = (key.take(), value.take()) {
                        pairs.push((key, value));
                    }
                }
                _ => {}
            }
        }
        pairs
    }
}

/// What a field of that name is called in JSON unless its options say otherwise: `lot_no` is `lotNo`, as protoc has it.
#[must_use]
pub fn default_json(name: &str) -> String {
    without_underscores(name, false)
}

/// What protoc calls the entry of a map field: of `lot_no`, `LotNoEntry`.
#[must_use]
pub fn entry_name(field: &str) -> String {
    without_underscores(field, true) + "Entry"
}

/// Each underscore makes the letter behind it a capital; `upper` says whether the first is one.
fn without_underscores(name: &str, mut upper: bool) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '_' => upper = true,
            letter if upper => {
                out.push(letter.to_ascii_uppercase());
                upper = false;
            }
            letter => out.push(letter),
        }
    }
    out
}

/// What stands in front of a field's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Nothing.
    None,
    /// `optional`
    Optional,
    /// `required`
    Required,
    /// `repeated`
    Repeated,
}

impl Label {
    /// As it is written, with a blank behind it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Optional => "optional ",
            Self::Required => "required ",
            Self::Repeated => "repeated ",
        }
    }
}

/// The type of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldType {
    /// A scalar, or a message or an enum by its name.
    Single(String),
    /// A map, by the types of its keys and values.
    Map(String, String),
}

/// An enum.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Enum {
    /// Its own name, without those around it.
    pub name: String,
    /// Names and numbers; at least one.
    pub values: Vec<(String, i32)>,
    /// Names and values.
    pub options: Vec<(String, String)>,
    /// Reserved ranges and names: as they came.
    pub other: Vec<String>,
}

impl File {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`crate::Kind::Schema`]: what was wanted, in which line.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse::file(text).map_err(Error::schema)
    }
}
