//! The hash of everything that decides what a record's bytes mean.
//!
//! In: a compiled layout. Out: SHA-256 of a text that is written out here word by word. The text is the definition:
//! nothing in it may depend on how types are named or printed elsewhere, since another text makes every checkpoint's
//! layout look new. A test pins the hash of a sample layout. What came to layouts later is written only where it is
//! not as it was before.

mod codec;

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::control::ControlRecordRule;
use super::field::{Field, FieldKind};
use super::matching::{Initial, Match};
use super::program::{Form, Leaf, Op};
use super::select::Test;
use super::sql::{At, Indicator};
use super::{Layout, LayoutOptions};
use crate::path::FieldPath;
use crate::temporal::{TemporalForm, TemporalKind};
use codec::{codec, edited, sign};

impl Layout {
    /// SHA-256 over everything that decides what a record's bytes mean: fields with places, forms and names, key,
    /// record types, null conventions, code page. Two layouts with the same fingerprint decode every record alike.
    /// Comments, condition-names that choose nothing, descriptions and PII classes do not change it.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// [`fingerprint`](Self::fingerprint) in hexadecimal, as the `source` block and checkpoints carry it.
    pub fn fingerprint_hex(&self) -> String {
        crate::json::hex(&self.fingerprint).to_ascii_lowercase()
    }

    pub(super) fn compute_fingerprint(&self) -> [u8; 32] {
        Sha256::digest(self.canonical().as_bytes()).into()
    }

    /// What is hashed: a line for each fact.
    fn canonical(&self) -> String {
        let mut lines = vec![
            "figway layout 2".to_owned(),
            format!("record {} page {}", escaped(&self.name), self.page.name()),
        ];
        let policy = LayoutOptions {
            numbers: self.policy.numbers,
            text: self.policy.text,
            short: self.policy.short,
            bad_count: self.policy.bad_count,
            ..LayoutOptions::default()
        };
        let policy = policy.to_string();
        if !policy.is_empty() {
            lines.push(format!("policy {policy}"));
        }
        lines.extend(self.fields.iter().map(field));
        for op in &self.program.ops {
            if let Op::Gap { offset, len, fill } = op {
                lines.push(format!("gap {offset}+{len} of {fill:02x}"));
            }
        }
        for item in &self.program.leaves {
            self.leaf(item, &mut lines);
        }
        for choice in &self.program.choices {
            let varies = if choice.variable { " varies" } else { "" };
            lines.push(format!("choice {}..{}{varies}", choice.offset, choice.end));
            for view in &choice.views {
                let mut line = format!("view {} to {}", view.field, view.fixed_end);
                if let Some(end) = view.loose_end {
                    let _written = write!(line, " loose {end}");
                }
                lines.push(line);
            }
            for rule in &choice.rules {
                let view = optional(rule.view.as_ref());
                lines.push(format!("rule for {view} when {}", tests(&rule.tests)));
            }
        }
        for table in &self.program.tables {
            if table.keeps {
                lines.push(format!("table {} keeps its room", table.field));
            }
            let texts = table.counter.iter().flat_map(|counter| &counter.texts);
            lines.extend(texts.map(|(text, count)| {
                format!("table {} counts {} as {count}", table.field, matches(text))
            }));
        }
        let key: Vec<String> = self
            .key_leaves()
            .map(|leaf| leaf.field.to_string())
            .collect();
        lines.push(format!("key {}", key.join(" ")));
        for (name, rule) in [
            ("header", &self.control.header),
            ("trailer", &self.control.trailer),
        ] {
            lines.extend(rule.iter().map(|rule| format!("{name} {}", control(rule))));
        }
        if !self.only.is_empty() {
            lines.push(format!("only {}", tests(&self.only)));
        }
        lines.join("\n")
    }

    fn leaf(&self, leaf: &Leaf, lines: &mut Vec<String>) {
        let picture = self.field(leaf.field).and_then(Field::picture);
        lines.push(format!(
            "leaf {} {} starts as {}",
            leaf.field,
            codec(leaf.codec),
            match &leaf.initial {
                Initial::Bytes(bytes) => hex(bytes),
                Initial::Long(_) => format!("nothing, {} bytes", leaf.len),
                Initial::Fill(byte) => format!("all {byte:02x}, {} bytes", leaf.len),
            }
        ));
        lines.extend(match &leaf.form {
            Form::Plain => None,
            Form::Bytes => Some("form bytes".to_owned()),
            Form::Edited(editor) => Some(format!("form edited {}", edited(editor, picture))),
            Form::Temporal(form) => Some(format!("form {}", temporal(form))),
            Form::Names(names) => {
                let others = if names.only { "refused" } else { "shown" };
                let entries: Vec<String> = names
                    .entries()
                    .map(|(name, values, bytes)| {
                        format!(
                            "{} is {} written {}",
                            escaped(name),
                            all(values),
                            hex(bytes)
                        )
                    })
                    .collect();
                Some(format!(
                    "form names [{}] others {others}",
                    entries.join("; ")
                ))
            }
            Form::Flag(flag) => Some(format!(
                "form flag yes {} no {} written {} {}",
                all(&flag.yes),
                all(&flag.no),
                hex(&flag.yes_bytes),
                hex(&flag.no_bytes)
            )),
        });
        lines.extend(leaf.null.iter().map(|null| indicator(null)));
        lines.extend(leaf.nulls.iter().map(|nulls| {
            format!(
                "null {} written {}",
                all(&nulls.matches),
                hex(&nulls.canonical)
            )
        }));
    }
}

fn field(field: &Field) -> String {
    let mut line = format!(
        "field {} in {} {} as {} at {}+{} {}",
        field.id,
        optional(field.parent.as_ref()),
        escaped(&field.name),
        escaped(&field.label),
        field.offset,
        field.len,
        kind(field.kind)
    );
    if let Some(occurs) = field.occurs {
        let counter = optional(occurs.depending_on.as_ref());
        let _written = write!(
            line,
            " occurs {}..{} every {} by {counter}",
            occurs.min, occurs.max, occurs.stride
        );
    }
    if let Some(base) = field.redefines {
        let _written = write!(line, " redefines {base}");
    }
    for (set, word) in [(field.hidden, " hidden"), (field.moving, " moving")] {
        line.push_str(if set { word } else { "" });
    }
    line
}

fn kind(kind: FieldKind) -> String {
    match kind {
        FieldKind::Group => "group".to_owned(),
        FieldKind::Text { chars } => format!("text {chars}"),
        FieldKind::Number {
            digits,
            storage_digits,
            scale,
            signed,
        } => format!(
            "number {digits} of {storage_digits} scale {scale} {}",
            sign(signed)
        ),
        FieldKind::FloatShort => "float 4".to_owned(),
        FieldKind::FloatLong => "float 8".to_owned(),
        FieldKind::Date => "date".to_owned(),
        FieldKind::Time { places } => format!("time {places}"),
        FieldKind::Timestamp { places } => format!("timestamp {places}"),
        FieldKind::Flag => "flag".to_owned(),
        FieldKind::Bytes => "bytes".to_owned(),
    }
}

fn temporal(form: &TemporalForm) -> String {
    let kind = match form.kind() {
        TemporalKind::Date => "date",
        TemporalKind::Time => "time",
        TemporalKind::Timestamp => "timestamp",
    };
    let pivot = optional(form.pivot().as_ref());
    format!("{kind} {} pivot {pivot}", escaped(form.as_str()))
}

fn indicator(null: &Indicator) -> String {
    let at = match null.at {
        At::Fixed(offset) => format!("at {offset}"),
        At::Before(bytes) => format!("{bytes} before"),
        At::After(bytes) => format!("{bytes} after"),
    };
    format!("null byte {} {at} is {}", null.field, hex(&null.null))
}

fn matches(value: &Match) -> String {
    let number = |number: &crate::Decimal| {
        format!(
            "{}e{}",
            number.unscaled,
            0i64.saturating_sub(i64::from(number.scale))
        )
    };
    match value {
        Match::Bytes(bytes) => format!("x{}", hex(bytes)),
        Match::Fill(byte) => format!("all {byte:02x}"),
        Match::Number(value) => number(value),
        Match::ByteRange(low, high) => format!("x{} to x{}", hex(low), hex(high)),
        Match::NumberRange(low, high) => format!("{} to {}", number(low), number(high)),
    }
}

fn all(values: &[Match]) -> String {
    let values: Vec<String> = values.iter().map(matches).collect();
    format!("({})", values.join(", "))
}

fn tests(tests: &[Test]) -> String {
    let tests: Vec<String> = tests
        .iter()
        .map(|test| {
            format!(
                "{} at {}+{} {} is {}",
                test.field,
                test.offset,
                test.len,
                codec(test.codec),
                all(&test.values)
            )
        })
        .collect();
    format!("[{}]", tests.join("; "))
}

fn path(path: &FieldPath) -> String {
    let subscripts: Vec<String> = path.subscripts.iter().map(u32::to_string).collect();
    format!("{}({})", path.field, subscripts.join(","))
}

fn control(rule: &ControlRecordRule) -> String {
    let total = rule
        .total
        .as_ref()
        .map(|(total, of)| format!("{} of {}", path(total), path(of)));
    format!(
        "when {} count {} of {} total {} day {}",
        tests(&rule.tests),
        optional(rule.count.as_ref().map(path).as_ref()),
        if rule.counts_all { "all" } else { "details" },
        optional(total.as_ref()),
        optional(rule.business_date.as_ref().map(path).as_ref())
    )
}

fn optional(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), ToString::to_string)
}

/// A name without line ends and the like.
fn escaped(text: &str) -> String {
    text.escape_default().to_string()
}

fn hex(bytes: &[u8]) -> String {
    crate::json::hex(bytes).to_ascii_lowercase()
}
