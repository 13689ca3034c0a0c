//! The schema as `google.protobuf.FileDescriptorSet`, as `protoc` makes it of the text. Numbers below are those of
//! `google/protobuf/descriptor.proto`.

use super::model::{Enum, FieldOf, File, Kind, Label, Message};
use crate::schema::wire::{behind_length, proto_length, varint};

const LENGTH_DELIMITED: u64 = 2;

pub(super) fn of(file: &File, file_name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    inside(1, &mut out, |out| {
        text(1, file_name, out);
        if !file.package.is_empty() {
            text(2, &file.package, out);
        }
        let scope = if file.package.is_empty() {
            String::new()
        } else {
            format!(".{}", file.package)
        };
        inside(4, out, |out| message(&file.message, &scope, out));
        text(12, "proto3", out);
    });
    out
}

fn message(message_of: &Message, around: &str, out: &mut Vec<u8>) {
    let scope = format!("{around}.{}", message_of.name);
    text(1, &message_of.name, out);
    // Presence of an `optional` field is a oneof of its own.
    let mut oneofs = 0u64;
    for field_of in &message_of.fields {
        inside(2, out, |out| field(field_of, &scope, &mut oneofs, out));
    }
    for nested in &message_of.nested {
        inside(3, out, |out| message(nested, &scope, out));
    }
    for one in &message_of.enums {
        inside(4, out, |out| enumeration(one, out));
    }
    for field_of in &message_of.fields {
        if field_of.label == Label::Optional {
            inside(8, out, |out| {
                text(1, &oneof_name(message_of, field_of), out);
            });
        }
    }
    for (_, number) in &message_of.gone {
        inside(9, out, |out| {
            integer(1, u64::from(*number), out);
            integer(2, u64::from(*number).saturating_add(1), out);
        });
    }
    for (name, _) in &message_of.gone {
        text(10, name, out);
    }
}

fn enumeration(one: &Enum, out: &mut Vec<u8>) {
    text(1, &one.name, out);
    for (name, number) in &one.values {
        inside(2, out, |out| {
            text(1, name, out);
            integer(2, u64::from(*number), out);
        });
    }
    for (_, number) in &one.gone {
        // Both ends are in the range, unlike those of messages.
        inside(4, out, |out| {
            integer(1, u64::from(*number), out);
            integer(2, u64::from(*number), out);
        });
    }
    for (name, _) in &one.gone {
        text(5, name, out);
    }
}

/// `_NAME`, with as many `X` in front as it takes to differ from the fields: what `protoc` calls it.
fn oneof_name(message: &Message, field: &FieldOf) -> String {
    let mut name = format!("_{}", field.name.trim_start_matches('_'));
    if field.name.starts_with('_') {
        name = format!("X{}", field.name);
    }
    while message.fields.iter().any(|other| other.name == name) {
        name.insert(0, 'X');
    }
    name
}

fn field(field: &FieldOf, scope: &str, oneofs: &mut u64, out: &mut Vec<u8>) {
    text(1, &field.name, out);
    integer(3, u64::from(field.number), out);
    integer(4, if field.label == Label::Repeated { 3 } else { 1 }, out);
    let kind = match &field.kind {
        Kind::Double => 1,
        Kind::Int64 => 3,
        Kind::Int32 => 5,
        Kind::Bool => 8,
        Kind::String => 9,
        Kind::Message(_) => 11,
        Kind::Bytes => 12,
        Kind::Enum(_) => 14,
    };
    integer(5, kind, out);
    if let Kind::Message(name) | Kind::Enum(name) = &field.kind {
        text(6, &format!("{scope}.{name}"), out);
    }
    if field.label == Label::Optional {
        integer(9, *oneofs, out);
        *oneofs = oneofs.saturating_add(1);
    }
    text(10, &field.json, out);
    if field.label == Label::Optional {
        integer(17, 1, out);
    }
}

fn tag(number: u64, wire: u64, out: &mut Vec<u8>) {
    varint((number << 3) | wire, out);
}

fn integer(number: u64, value: u64, out: &mut Vec<u8>) {
    tag(number, 0, out);
    varint(value, out);
}

fn text(number: u64, value: &str, out: &mut Vec<u8>) {
    inside(number, out, |out| out.extend_from_slice(value.as_bytes()));
}

fn inside(number: u64, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    tag(number, LENGTH_DELIMITED, out);
    behind_length(out, 0, proto_length, write);
}
