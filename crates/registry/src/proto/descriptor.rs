//! A Protobuf file as `FileDescriptorProto` (google/protobuf/descriptor.proto) in base64: what Python's client registers, and what
//! it asks for. Options that are not Protobuf's own, services and reserved ranges are left out.

mod read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Declared, Enum, Field, FieldType, File, Label, Message, entry_name, scalar_number};

pub(in crate::proto) use read::from_base64;

/// `FieldDescriptorProto.Type` of messages.
const MESSAGE: i32 = 11;
/// `MessageOptions.map_entry`.
const MAP_ENTRY: u64 = 7;

pub(super) fn to_base64(file: &File) -> String {
    let mut out = Vec::new();
    text(1, "default", &mut out);
    if !file.package.is_empty() {
        text(2, &file.package, &mut out);
    }
    for import in &file.imports {
        text(3, &import.path, &mut out);
    }
    types(&file.types, 4, 5, &mut out);
    for (number, import) in file.imports.iter().enumerate() {
        if import.modifier == "public " {
            integer(10, i64::try_from(number).unwrap_or(i64::MAX), &mut out);
        }
    }
    text(12, &file.syntax, &mut out);
    STANDARD.encode(out)
}

fn types(types: &[Declared], messages: u64, enums: u64, out: &mut Vec<u8>) {
    for declared in types {
        match declared {
            Declared::Message(found) => sized(messages, out, |out| message(found, out)),
            Declared::Enum(found) => sized(enums, out, |out| enumeration(found, out)),
        }
    }
}

fn message(found: &Message, out: &mut Vec<u8>) {
    text(1, &found.name, out);
    // Each `optional` field of proto3 is in a oneof of its own, behind those that were written.
    let mut synthetic = Vec::new();
    for member in &found.fields {
        let alone = (member.label == Label::Optional && member.oneof.is_none())
            .then_some(found.oneofs.len().saturating_add(synthetic.len()));
        if alone.is_some() {
            synthetic.push(format!("_{}", member.name));
        }
        sized(2, out, |out| field(member, alone, out));
    }
    types(&found.types, 3, 4, out);
    for member in &found.fields {
        let FieldType::Map(key, value) = &member.ty else {
            continue;
        };
        let part = |name: &str, number, ty: &str| Field {
            label: Label::None,
            ty: FieldType::Single(ty.to_owned()),
            name: name.to_owned(),
            number,
            oneof: None,
            options: Vec::new(),
        };
        sized(3, out, |out| {
            text(1, &entry_name(&member.name), out);
            sized(2, out, |out| field(&part("key", 1, key), None, out));
            sized(2, out, |out| field(&part("value", 2, value), None, out));
            sized(7, out, |out| integer(MAP_ENTRY, 1, out));
        });
    }
    for oneof in found.oneofs.iter().chain(&synthetic) {
        sized(8, out, |out| text(1, oneof, out));
    }
}

fn field(found: &Field, alone: Option<usize>, out: &mut Vec<u8>) {
    text(1, &found.name, out);
    integer(3, found.number.into(), out);
    let repeated = matches!(found.ty, FieldType::Map(..)) || found.label == Label::Repeated;
    let label = match found.label {
        _ if repeated => 3,
        Label::Required => 2,
        _ => 1,
    };
    integer(4, label, out);
    match &found.ty {
        FieldType::Map(..) => {
            integer(5, MESSAGE.into(), out);
            text(6, &entry_name(&found.name), out);
        }
        FieldType::Single(name) => match scalar_number(name) {
            Some(number) => integer(5, number.into(), out),
            // Message or enum: whoever resolves the name finds out.
            None => text(6, name, out),
        },
    }
    let option = |name: &str| {
        let found = found.options.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    if let Some(default) = option("default") {
        text(7, default.trim_matches('"'), out);
    }
    let flags: Vec<u64> = [("packed", 2), ("deprecated", 3)]
        .into_iter()
        .filter(|(name, _)| option(name) == Some("true"))
        .map(|(_, number)| number)
        .collect();
    if !flags.is_empty() {
        sized(8, out, |out| {
            for flag in flags {
                integer(flag, 1, out);
            }
        });
    }
    if let Some(oneof) = found.oneof.or(alone) {
        integer(9, i64::try_from(oneof).unwrap_or(i64::MAX), out);
    }
    if let Some(json) = option("json_name") {
        text(10, json.trim_matches('"'), out);
    }
    if alone.is_some() {
        integer(17, 1, out);
    }
}

fn enumeration(found: &Enum, out: &mut Vec<u8>) {
    text(1, &found.name, out);
    for (name, number) in &found.values {
        sized(2, out, |out| {
            text(1, name, out);
            integer(2, (*number).into(), out);
        });
    }
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

fn integer(number: u64, value: i64, out: &mut Vec<u8>) {
    varint(number << 3, out);
    varint(value.cast_unsigned(), out);
}

fn text(number: u64, text: &str, out: &mut Vec<u8>) {
    sized(number, out, |out| out.extend_from_slice(text.as_bytes()));
}

fn sized(number: u64, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    write(&mut inner);
    varint((number << 3) | 2, out);
    varint(u64::try_from(inner.len()).unwrap_or(u64::MAX), out);
    out.append(&mut inner);
}
