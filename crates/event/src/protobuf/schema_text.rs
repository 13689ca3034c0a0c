//! The text of a proto3 file.

use std::fmt::Write;

use super::compile::{Compiled, Definition, Line};

pub(super) fn of(compiled: &Compiled) -> String {
    let mut out = String::from("syntax = \"proto3\";\n");
    if !compiled.package.is_empty() {
        put(&mut out, format_args!("package {};\n", compiled.package));
    }
    out.push('\n');
    for import in &compiled.imports {
        put(&mut out, format_args!("import \"{import}\";\n"));
    }
    if !compiled.imports.is_empty() {
        out.push('\n');
    }
    message(&compiled.message, 0, &mut out);
    out
}

fn message(definition: &Definition, depth: usize, out: &mut String) {
    let margin = "  ".repeat(depth);
    comment(definition.doc.as_deref(), &margin, out);
    put(
        out,
        format_args!("{margin}message {} {{\n", definition.name),
    );
    for (field, number) in definition.fields.iter().zip(1_u32..) {
        line(field, number, &margin, out);
    }
    for nested in &definition.nested {
        out.push('\n');
        message(nested, depth.saturating_add(1), out);
    }
    put(out, format_args!("{margin}}}\n"));
}

fn line(line: &Line, number: u32, margin: &str, out: &mut String) {
    let margin = format!("{margin}  ");
    comment(line.doc.as_deref(), &margin, out);
    let (label, ty, name) = (line.label, &line.ty, &line.name);
    put(out, format_args!("{margin}{label}{ty} {name} = {number}"));
    let mut options: Vec<String> = Vec::new();
    if let Some(json) = &line.json {
        options.push(format!("json_name = \"{json}\""));
    }
    if !line.params.is_empty() {
        let params: Vec<String> = line
            .params
            .iter()
            .map(|(key, value)| format!("{{key: \"{key}\", value: \"{value}\"}}"))
            .collect();
        let params = params.join(", ");
        options.push(format!("(confluent.field_meta) = {{params: [{params}]}}"));
    }
    if !options.is_empty() {
        put(out, format_args!(" [{}]", options.join(", ")));
    }
    out.push_str(";\n");
}

fn comment(doc: Option<&str>, margin: &str, out: &mut String) {
    for line in doc.into_iter().flat_map(str::lines) {
        put(out, format_args!("{margin}// {}\n", line.trim_end()));
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // A String takes all that is written.
    out.write_fmt(text).unwrap_or_default();
}
