//! Whether data written with one Protobuf schema can be read with another: the rules of Confluent's `SchemaDiff`.
//!
//! Fields meet by their numbers. They may come and go, but those that were required, and those of a oneof that stays; their types may change within what has
//! the same bytes. Messages may be added and moved; one that is gone, or a package that changed, is in the way.

use std::collections::{BTreeMap, BTreeSet};

use super::{Declared, Field, FieldType, File, Label, Message, is_scalar, messages};
use crate::compat::Difference;

/// Everything that keeps `reader` from reading what `writer` wrote; nothing when it can.
pub(crate) fn check(reader: &File, writer: &File) -> Vec<Difference> {
    let mut checker = Checker {
        reader: definitions(reader),
        writer: definitions(writer),
        found: Vec::new(),
    };
    if reader.package != writer.package {
        checker.add(
            "PACKAGE_CHANGED",
            "#/",
            "The package at '{path}' in the %s schema does not match the package in the %s schema",
        );
    }
    checker.types(&reader.types, &writer.types, "#/", "");
    checker.found
}

/// All types of a file, by their names without the package.
#[derive(Default)]
struct Definitions<'f> {
    package: &'f str,
    messages: BTreeMap<String, &'f Message>,
    enums: BTreeSet<String>,
}

fn definitions(file: &File) -> Definitions<'_> {
    fn collect<'f>(types: &'f [Declared], scope: &str, into: &mut Definitions<'f>) {
        for declared in types {
            match declared {
                Declared::Message(message) => {
                    let name = format!("{scope}{}", message.name);
                    collect(&message.types, &format!("{name}."), into);
                    into.messages.insert(name, message);
                }
                Declared::Enum(found) => {
                    into.enums.insert(format!("{scope}{}", found.name));
                }
            }
        }
    }
    let mut found = Definitions {
        package: &file.package,
        ..Definitions::default()
    };
    collect(&file.types, "", &mut found);
    found
}

/// What a field's type is, as far as bytes go.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape<'a> {
    /// A group of scalars with the same bytes.
    Scalar(&'static str),
    /// A message of the file by its full name there, or of another file as it is written.
    Message(String),
    Map(&'a str, &'a str),
}

impl Definitions<'_> {
    /// The full name, without the package, of what `name` means inside of `scope`.
    fn resolve(&self, name: &str, scope: &str) -> Option<String> {
        let known = |name: &str| self.messages.contains_key(name) || self.enums.contains(name);
        let name = name.trim_start_matches('.');
        let mut scope = scope;
        loop {
            let full = if scope.is_empty() {
                name.to_owned()
            } else {
                format!("{scope}.{name}")
            };
            if known(&full) {
                return Some(full);
            }
            if scope.is_empty() {
                let own = name.strip_prefix(self.package)?.strip_prefix('.')?;
                return known(own).then(|| own.to_owned());
            }
            scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
    }

    fn shape(&self, name: &str, scope: &str) -> Shape<'static> {
        if is_scalar(name) {
            return Shape::Scalar(group(name));
        }
        match self.resolve(name, scope) {
            Some(full) if self.enums.contains(&full) => Shape::Scalar("number"),
            Some(full) => Shape::Message(full),
            None => Shape::Message(name.trim_start_matches('.').to_owned()),
        }
    }

    fn of_field<'f>(&self, field: &'f Field, scope: &str) -> Shape<'f> {
        match &field.ty {
            FieldType::Map(key, value) => Shape::Map(key, value),
            FieldType::Single(name) => self.shape(name, scope),
        }
    }
}

/// Scalars whose bytes are read as one another's: protobuf.dev, "Updating A Message Type".
fn group(scalar: &str) -> &'static str {
    match scalar {
        "int32" | "int64" | "uint32" | "uint64" | "bool" => "number",
        "sint32" | "sint64" => "signed number",
        "string" | "bytes" => "text",
        "fixed32" | "sfixed32" => "fixed32",
        "fixed64" | "sfixed64" => "fixed64",
        "float" => "float",
        _ => "double",
    }
}

struct Checker<'f> {
    reader: Definitions<'f>,
    writer: Definitions<'f>,
    found: Vec<Difference>,
}

impl<'f> Checker<'f> {
    fn add(&mut self, kind: &'static str, path: &str, description: &str) {
        self.found.push(Difference {
            kind,
            description: description.replace("{path}", path),
        });
    }

    fn types(&mut self, reader: &'f [Declared], writer: &'f [Declared], path: &str, scope: &str) {
        for written in messages(writer) {
            let path = format!("{}/{}", path.trim_end_matches('/'), written.name);
            let full = if scope.is_empty() {
                written.name.clone()
            } else {
                format!("{scope}.{}", written.name)
            };
            match messages(reader).find(|read| read.name == written.name) {
                Some(read) => self.message(read, written, &path, &full),
                None => self.add(
                    "MESSAGE_REMOVED",
                    &path,
                    "The %s schema is missing a MESSAGE type at path '{path}' in the %s schema",
                ),
            }
        }
        // Enums and their values may come, go and change.
    }

    fn message(&mut self, read: &'f Message, written: &'f Message, path: &str, scope: &str) {
        self.oneofs(read, written, path);
        let numbers: BTreeSet<i32> = read
            .fields
            .iter()
            .chain(&written.fields)
            .map(|field| field.number)
            .collect();
        for number in numbers {
            let of =
                |message: &'f Message| message.fields.iter().find(|field| field.number == number);
            let at = |message: &Message, field: &Field| match oneof(message, field) {
                Some(name) => format!("{path}/{name}/{number}"),
                None => format!("{path}/{number}"),
            };
            match (of(read), of(written)) {
                (None, Some(gone)) => {
                    let path = at(written, gone);
                    if gone.label == Label::Required {
                        self.add("REQUIRED_FIELD_REMOVED", &path, "The %s schema is missing a required field at path: '{path}' in the %s schema");
                    } else if gone.oneof.is_some() && !whole_oneof_gone(read, written, gone) {
                        self.add("ONEOF_FIELD_REMOVED", &path, "The %s schema is missing a oneof field at path '{path}' in the %s schema");
                    }
                }
                (Some(new), None) if new.label == Label::Required => {
                    let path = at(read, new);
                    self.add("REQUIRED_FIELD_ADDED", &path, "A required field  at path '{path}' in the %s schema is missing in the %s schema");
                }
                (Some(new), Some(old)) => self.field(new, old, &at(read, new), scope),
                _ => {}
            }
        }
        self.types(&read.types, &written.types, path, scope);
    }

    /// Fields that could be set together must not exclude each other now.
    fn oneofs(&mut self, read: &'f Message, written: &'f Message, path: &str) {
        for (index, name) in read.oneofs.iter().enumerate() {
            let mut origins = BTreeSet::new();
            let mut moved_in = 0_usize;
            for field in read
                .fields
                .iter()
                .filter(|field| field.oneof == Some(index))
            {
                let before = written.fields.iter().find(|old| old.number == field.number);
                match before.map(|old| (old, oneof(written, old))) {
                    Some((_, Some(group))) => {
                        origins.insert(format!("oneof {group}"));
                    }
                    Some((old, None)) => {
                        origins.insert(format!("field {}", old.number));
                        moved_in = moved_in.saturating_add(1);
                    }
                    None => {}
                }
            }
            let path = format!("{path}/{name}");
            match (origins.len(), moved_in) {
                (0 | 1, _) => {}
                (_, 0 | 1) => self.add("FIELD_MOVED_TO_EXISTING_ONEOF", &path, "A field in the oneof at path '{path}' in the %s schema is outside an existing oneof in the %s schema"),
                _ => self.add("MULTIPLE_FIELDS_MOVED_TO_ONEOF", &path, "Multiple fields in the oneof at path '{path}' in the %s schema are outside a oneof in the %s schema"),
            }
        }
    }

    fn field(&mut self, new: &'f Field, old: &'f Field, path: &str, scope: &str) {
        let (read, written) = (
            self.reader.of_field(new, scope),
            self.writer.of_field(old, scope),
        );
        if let (Shape::Scalar(one), Shape::Scalar(other)) = (&read, &written)
            && one == other
            && *one != "text"
            && new.label != Label::None
            && old.label != Label::None
            && new.label != old.label
        {
            self.add("FIELD_NUMERIC_LABEL_CHANGED", path, "The label for a NUMERIC field at path '{path}' in the %s schema does not match its label in the %s schema");
        }
        self.shapes(&read, &written, path, scope);
    }

    fn shapes(&mut self, read: &Shape<'_>, written: &Shape<'_>, path: &str, scope: &str) {
        match (read, written) {
            (Shape::Scalar(one), Shape::Scalar(other)) => {
                if one != other {
                    self.add("FIELD_SCALAR_KIND_CHANGED", path, "The kind of a SCALAR field at path '{path}' in the %s schema does not match its kind in the %s schema");
                }
            }
            (Shape::Map(key, value), Shape::Map(old_key, old_value)) => {
                for (new, old) in [(key, old_key), (value, old_value)] {
                    let (new, old) = (self.reader.shape(new, scope), self.writer.shape(old, scope));
                    self.shapes(&new, &old, path, scope);
                }
            }
            (Shape::Message(one), Shape::Message(other)) => {
                // A message of this file is compared where it stands.
                if one != other {
                    self.add("FIELD_NAMED_TYPE_CHANGED", path, "The type of a MESSAGE field at path '{path}' in the %s schema does not match its type in the %s schema");
                }
            }
            _ => self.add("FIELD_KIND_CHANGED", path, "The type of a field at path '{path}' in the %s schema does not match the %s schema"),
        }
    }
}

fn oneof<'m>(message: &'m Message, field: &Field) -> Option<&'m str> {
    message.oneofs.get(field.oneof?).map(String::as_str)
}

/// Whether the field's oneof went with all that was in it.
fn whole_oneof_gone(read: &Message, written: &Message, gone: &Field) -> bool {
    let Some(name) = oneof(written, gone) else {
        return false;
    };
    let mut members = written
        .fields
        .iter()
        .filter(|field| field.oneof == gone.oneof);
    !read.oneofs.iter().any(|known| known == name)
        && members.all(|member| {
            read.fields
                .iter()
                .all(|field| field.number != member.number)
        })
}
