//! A Protobuf file as text, in the form of Confluent's: imports, options, types, each in the order they came.

use std::fmt::Write;

use super::{Declared, Enum, Field, FieldType, File, Message};

pub(super) fn file(file: &File) -> String {
    let mut out = format!("syntax = \"{}\";\n", file.syntax);
    if !file.package.is_empty() {
        put(&mut out, format_args!("package {};\n", file.package));
    }
    out.push('\n');
    for import in &file.imports {
        put(
            &mut out,
            format_args!("import {}\"{}\";\n", import.modifier, import.path),
        );
    }
    if !file.imports.is_empty() {
        out.push('\n');
    }
    for (name, value) in &file.options {
        put(&mut out, format_args!("option {name} = {value};\n"));
    }
    if !file.options.is_empty() {
        out.push('\n');
    }
    types(&file.types, 0, &mut out);
    for other in &file.other {
        put(&mut out, format_args!("{other}\n"));
    }
    out
}

fn types(types: &[Declared], depth: usize, out: &mut String) {
    for declared in types {
        match declared {
            Declared::Message(found) => message(found, depth, out),
            Declared::Enum(found) => enumeration(found, depth, out),
        }
    }
}

fn message(message: &Message, depth: usize, out: &mut String) {
    let margin = "  ".repeat(depth);
    put(out, format_args!("{margin}message {} {{\n", message.name));
    for (name, value) in &message.options {
        put(out, format_args!("{margin}  option {name} = {value};\n"));
    }
    for other in &message.other {
        put(out, format_args!("{margin}  {other}\n"));
    }
    for found in message.fields.iter().filter(|field| field.oneof.is_none()) {
        field(found, &format!("{margin}  "), out);
    }
    for (index, name) in message.oneofs.iter().enumerate() {
        put(out, format_args!("{margin}  oneof {name} {{\n"));
        let members = message.fields.iter();
        for found in members.filter(|field| field.oneof == Some(index)) {
            field(found, &format!("{margin}    "), out);
        }
        put(out, format_args!("{margin}  }}\n"));
    }
    types(&message.types, depth.saturating_add(1), out);
    put(out, format_args!("{margin}}}\n"));
}

fn field(field: &Field, margin: &str, out: &mut String) {
    let ty = match &field.ty {
        FieldType::Single(name) => name.clone(),
        FieldType::Map(key, value) => format!("map<{key}, {value}>"),
    };
    let label = field.label.as_str();
    let (name, number) = (&field.name, field.number);
    put(out, format_args!("{margin}{label}{ty} {name} = {number}"));
    if !field.options.is_empty() {
        let options = field.options.iter();
        let options: Vec<String> = options
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        put(out, format_args!(" [{}]", options.join(", ")));
    }
    out.push_str(";\n");
}

fn enumeration(found: &Enum, depth: usize, out: &mut String) {
    let margin = "  ".repeat(depth);
    put(out, format_args!("{margin}enum {} {{\n", found.name));
    for (name, value) in &found.options {
        put(out, format_args!("{margin}  option {name} = {value};\n"));
    }
    for other in &found.other {
        put(out, format_args!("{margin}  {other}\n"));
    }
    for (name, number) in &found.values {
        put(out, format_args!("{margin}  {name} = {number};\n"));
    }
    put(out, format_args!("{margin}}}\n"));
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // A String takes all that is written.
    out.write_fmt(text).unwrap_or_default();
}
