//! The crate's tests through its front door, as one program.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::let_underscore_must_use,
    reason = "tests say what they want by failing; they talk when something they need is absent"
)]

#[cfg(feature = "arrow")]
mod arrow;
mod balance;
mod charset;
mod charset_sources;
mod copybooks;
mod corpora;
mod corpus;
mod counters;
mod detect;
mod diffs;
mod drafts;
mod edited;
mod frames;
mod framing;
mod generate;
mod gnucobol;
mod hierarchy;
mod json_schema;
mod json_texts;
mod large_copybooks;
mod large_records;
mod lossless;
mod made;
mod meaning_renames;
mod meaning_rules;
mod meanings;
mod odo;
mod odo_properties;
mod properties;
mod raw_entries;
mod records;
mod sample;
mod schemas;
mod sync;
mod syspunch;
mod tricky;
mod value_clauses;
mod values;

use std::sync::Arc;

use parsers::{Copybook, CopybookError, CopybookText, Layout, LayoutOptions, Meaning};

/// Copybook lines without their margin: each gets the seven columns in front.
fn fixed(lines: &str) -> String {
    let mut text = String::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        text.push_str("       ");
        text.push_str(line.trim_start());
        text.push('\n');
    }
    text
}

fn try_layout(text: &str, meaning: Option<&str>) -> Result<Arc<Layout>, Vec<CopybookError>> {
    try_layout_with(text, meaning, &LayoutOptions::default())
}

fn try_layout_with(
    text: &str,
    meaning: Option<&str>,
    options: &LayoutOptions,
) -> Result<Arc<Layout>, Vec<CopybookError>> {
    let copybook = Copybook::parse(CopybookText {
        file: "test.cpy",
        text,
    })?;
    let meaning = meaning
        .map(|toml| Meaning::parse("test.meaning.toml", toml))
        .transpose()?;
    Layout::compile(&copybook, meaning.as_ref(), options)
}

fn layout(lines: &str, meaning: &str) -> Arc<Layout> {
    layout_with(lines, meaning, &LayoutOptions::default())
}

fn layout_with(lines: &str, meaning: &str, options: &LayoutOptions) -> Arc<Layout> {
    let meaning = format!("version = 1\n{meaning}");
    try_layout_with(&fixed(lines), Some(&meaning), options).unwrap()
}

/// Faults as a terminal would show them: place, message, the line with a caret, help.
fn faults(text: &str, meaning: Option<&str>) -> String {
    let Err(faults) = try_layout(text, meaning) else {
        return "no fault".to_owned();
    };
    let mut out = String::new();
    for fault in faults {
        let source = if fault.file().ends_with(".toml") {
            meaning.unwrap_or_default()
        } else {
            text
        };
        let line = source
            .lines()
            .nth(fault.line().saturating_sub(1) as usize)
            .unwrap_or_default();
        let caret = " ".repeat(fault.column().saturating_sub(1) as usize)
            + &"^".repeat(fault.len() as usize);
        out += &format!(
            "{}:{}:{}: {fault}\n  |{}\n  |{caret}\n",
            fault.file(),
            fault.line(),
            fault.column(),
            line.trim_end()
        );
        if let Some(help) = fault.help() {
            out += &format!("  = help: {help}\n");
        }
    }
    out
}

/// EBCDIC of code page 037.
fn ebcdic(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| parsers::CodePage::Cp037.encode(c).unwrap())
        .collect()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| (pair[0] * 16 + pair[1]) as u8)
        .collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
