//! The text of a `.proto` file.

use super::model::{FieldOf, File, Label, Message, default_json};
use crate::schema::avro::quote;

pub(super) fn of(file: &File) -> String {
    let mut out = "syntax = \"proto3\";\n".to_owned();
    if !file.package.is_empty() {
        out.push_str(&format!("\npackage {};\n", file.package));
    }
    out.push('\n');
    message(&file.message, "", &mut out);
    out
}

fn message(message_of: &Message, indent: &str, out: &mut String) {
    out.push_str(&format!("{indent}message {} {{\n", message_of.name));
    let inner = format!("{indent}  ");
    for (name, number) in &message_of.gone {
        out.push_str(&format!(
            "{inner}reserved {number};\n{inner}reserved \"{name}\";\n"
        ));
    }
    for one in &message_of.enums {
        out.push_str(&format!("{inner}enum {} {{\n", one.name));
        for (name, number) in &one.gone {
            out.push_str(&format!(
                "{inner}  reserved {number};\n{inner}  reserved \"{name}\";\n"
            ));
        }
        for (name, number) in &one.values {
            out.push_str(&format!("{inner}  {name} = {number};\n"));
        }
        out.push_str(&format!("{inner}}}\n"));
    }
    for nested in &message_of.nested {
        message(nested, &inner, out);
    }
    for field_of in &message_of.fields {
        field(field_of, &inner, out);
    }
    out.push_str(&format!("{indent}}}\n"));
}

fn field(field: &FieldOf, indent: &str, out: &mut String) {
    for comment in &field.comments {
        out.push_str(format!("{indent}// {comment}").trim_end());
        out.push('\n');
    }
    let label = match field.label {
        Label::Plain => "",
        Label::Optional => "optional ",
        Label::Repeated => "repeated ",
    };
    let (kind, name, number) = (field.kind.name(), &field.name, field.number);
    out.push_str(&format!("{indent}{label}{kind} {name} = {number}"));
    if field.json != default_json(name) {
        out.push_str(" [json_name = ");
        quote(&field.json, out);
        out.push(']');
    }
    out.push_str(";\n");
}
