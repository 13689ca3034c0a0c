//! The text of a meaning file to its rules: which keys there are and what each may hold.
//!
//! In: parsed TOML with places. Out: [`Meaning`] and every fault. (`serde` would stop at the first.)

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::extent::ViewLength;
use super::meaning::{
    At, ControlRecord, ControlRule, FieldRule, FlagRule, Meaning, Scalar, TypeRule, When,
};
use crate::error::{CopybookError, CopybookErrorKind, Span};
use crate::temporal::TemporalKind;

/// Reads one file, collecting faults.
pub(super) struct Reader<'a> {
    pub(super) file: &'a Arc<str>,
    pub(super) text: &'a str,
    pub(super) faults: Vec<CopybookError>,
}

type Node<'i> = Spanned<DeValue<'i>>;

/// The members of a table in the order of the file.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t str, Range<usize>, &'t Node<'i>)> {
    let mut members: Vec<_> = table
        .iter()
        .map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
        .collect();
    members.sort_by_key(|(_, span, _)| span.start);
    members
}

impl Reader<'_> {
    pub(super) fn span(&self, bytes: Range<usize>) -> Span {
        let before = self.text.get(..bytes.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let covered = self.text.get(bytes).unwrap_or_default();
        Span {
            line: u32::try_from(before.matches('\n').count())
                .unwrap_or(u32::MAX)
                .saturating_add(1),
            column: count(before.get(line_start..).unwrap_or_default()).saturating_add(1),
            len: count(covered.lines().next().unwrap_or_default()).max(1),
        }
    }

    fn fault(&mut self, at: Range<usize>, message: impl Into<String>) {
        let span = self.span(at);
        self.faults.push(CopybookError::new(
            CopybookErrorKind::Meaning,
            self.file,
            span,
            message,
        ));
    }

    fn unknown(&mut self, at: Range<usize>, key: &str, wanted: &[&str]) {
        let span = self.span(at);
        let message = format!("unknown key `{key}`: wanted {}", wanted.join(", "));
        let mut fault = CopybookError::new(CopybookErrorKind::Meaning, self.file, span, message);
        if let Some(near) = crate::path::nearest(key, wanted.iter().copied()) {
            fault = fault.with_help(format!("is it `{near}`?"));
        }
        self.faults.push(fault);
    }

    fn wrong<T>(&mut self, node: &Node<'_>, wanted: &str) -> Option<T> {
        let found = match node.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.fault(node.span(), format!("wanted {wanted}, got {found}"));
        None
    }

    pub(super) fn document(&mut self, table: &DeTable<'_>) -> Meaning {
        const KEYS: &[&str] = &[
            "version",
            "record",
            "key",
            "record_length",
            "record_types",
            "fields",
            "header",
            "trailer",
        ];
        let mut meaning = Meaning {
            file: Arc::clone(self.file),
            records: Vec::new(),
            key: Vec::new(),
            length: ViewLength::Natural,
            types: Vec::new(),
            fields: Vec::new(),
            header: None,
            trailer: None,
        };
        let mut version = false;
        for (key, at, node) in in_order(table) {
            match key {
                "version" => {
                    version = true;
                    if self.integer(node).is_some_and(|number| number != 1) {
                        self.fault(
                            node.span(),
                            "this version reads meaning files of version 1 only",
                        );
                    }
                }
                "record" => meaning.records = self.strings(node),
                "key" => meaning.key = self.strings(node),
                "record_length" => match self.string(node).as_ref().map(|at| at.value.as_str()) {
                    Some("view") => meaning.length = ViewLength::View,
                    Some("full") => {}
                    Some(_) => self.fault(
                        node.span(),
                        "wanted \"view\" (a record ends with its view) or \"full\"",
                    ),
                    None => {}
                },
                "record_types" => {
                    for (name, at, node) in self.table(node) {
                        let name = At {
                            value: name.to_owned(),
                            span: self.span(at),
                        };
                        meaning.types.extend(self.record_type(name, node));
                    }
                }
                "fields" => {
                    for (path, at, node) in self.table(node) {
                        let path = At {
                            value: path.to_owned(),
                            span: self.span(at),
                        };
                        meaning.fields.extend(self.field(path, node));
                    }
                }
                "header" => meaning.header = self.control(at, node),
                "trailer" => meaning.trailer = self.control(at, node),
                _ => self.unknown(at, key, KEYS),
            }
        }
        if !version {
            self.fault(0..1, "no `version`: wanted `version = 1` at the top");
        }
        meaning
    }

    fn table<'t, 'i>(&mut self, node: &'t Node<'i>) -> Vec<(&'t str, Range<usize>, &'t Node<'i>)> {
        match node.get_ref() {
            DeValue::Table(table) => in_order(table),
            _ => self.wrong(node, "a table").unwrap_or_default(),
        }
    }

    fn string(&mut self, node: &Node<'_>) -> Option<At<String>> {
        match node.get_ref() {
            DeValue::String(text) => Some(At {
                value: text.to_string(),
                span: self.span(node.span()),
            }),
            _ => self.wrong(node, "a string"),
        }
    }

    /// One string or a list of them.
    fn strings(&mut self, node: &Node<'_>) -> Vec<At<String>> {
        match node.get_ref() {
            DeValue::Array(nodes) => nodes.iter().filter_map(|node| self.string(node)).collect(),
            _ => self.string(node).into_iter().collect(),
        }
    }

    fn integer(&mut self, node: &Node<'_>) -> Option<i64> {
        let number = match node.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number.or_else(|| self.wrong(node, "a whole number"))
    }

    fn boolean(&mut self, node: &Node<'_>) -> Option<bool> {
        match node.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.wrong(node, "true or false"),
        }
    }

    fn scalar(&mut self, node: &Node<'_>) -> Option<At<Scalar>> {
        let value = match node.get_ref() {
            DeValue::String(text) => Scalar::Text(text.to_string()),
            // Numbers as written: no float in between.
            DeValue::Integer(number) if number.radix() == 10 => {
                Scalar::Number(number.as_str().to_owned())
            }
            DeValue::Float(number) => Scalar::Number(number.as_str().to_owned()),
            DeValue::Datetime(date) => Scalar::Text(date.to_string()),
            _ => return self.wrong(node, "a string or a number"),
        };
        Some(At {
            value,
            span: self.span(node.span()),
        })
    }

    fn scalars(&mut self, node: &Node<'_>) -> Vec<At<Scalar>> {
        match node.get_ref() {
            DeValue::Array(nodes) => nodes.iter().filter_map(|node| self.scalar(node)).collect(),
            _ => self.scalar(node).into_iter().collect(),
        }
    }

    fn when(&mut self, node: &Node<'_>) -> Option<When> {
        if let DeValue::String(_) = node.get_ref() {
            return self.string(node).map(When::Condition);
        }
        let mut fields = Vec::new();
        for (path, at, node) in self.table(node) {
            let path = At {
                value: path.to_owned(),
                span: self.span(at),
            };
            fields.push((path, self.scalars(node)));
        }
        if fields.is_empty() {
            self.fault(
                node.span(),
                "wanted `{ FIELD = value }` or the name of a level 88",
            );
            return None;
        }
        Some(When::Fields(fields))
    }

    fn record_type(&mut self, name: At<String>, node: &Node<'_>) -> Option<TypeRule> {
        let (mut when, mut views) = (None, Vec::new());
        let mut has_when = false;
        for (key, at, node) in self.table(node) {
            match key {
                "when" => (when, has_when) = (self.when(node), true),
                "view" => views = self.strings(node),
                _ => self.unknown(at, key, &["when", "view"]),
            }
        }
        if !has_when {
            self.fault(
                node.span(),
                format!("record type {} has no `when`", name.value),
            );
        }
        Some(TypeRule {
            name,
            when: when?,
            views,
        })
    }

    fn field(&mut self, path: At<String>, node: &Node<'_>) -> Option<FieldRule> {
        const KEYS: &[&str] = &[
            "date",
            "time",
            "timestamp",
            "pivot",
            "null",
            "flag",
            "binary",
            "name",
            "pii",
            "description",
        ];
        let mut rule = FieldRule {
            path,
            temporal: None,
            pivot: None,
            null: Vec::new(),
            flag: None,
            binary: None,
            name: None,
            pii: None,
            description: None,
        };
        for (key, at, node) in self.table(node) {
            match key {
                "date" | "time" | "timestamp" => {
                    let kind = match key {
                        "date" => TemporalKind::Date,
                        "time" => TemporalKind::Time,
                        _ => TemporalKind::Timestamp,
                    };
                    if rule.temporal.is_some() {
                        self.fault(
                            at,
                            "wanted only one of date, time, timestamp, flag and binary",
                        );
                    }
                    rule.temporal = self.string(node).map(|form| (kind, form));
                }
                "pivot" => {
                    let number = self
                        .integer(node)
                        .map(|number| u8::try_from(number).unwrap_or(u8::MAX));
                    rule.pivot = number.map(|value| At {
                        value,
                        span: self.span(node.span()),
                    });
                }
                "null" => rule.null = self.scalars(node),
                "flag" => rule.flag = self.flag(node),
                "binary" => {
                    let span = self.span(node.span());
                    rule.binary = self.boolean(node).map(|value| At { value, span });
                }
                "name" => rule.name = self.string(node),
                "pii" => rule.pii = self.string(node).map(|at| at.value),
                "description" => rule.description = self.string(node).map(|at| at.value),
                _ => self.unknown(at, key, KEYS),
            }
        }
        Some(rule)
    }

    fn flag(&mut self, node: &Node<'_>) -> Option<FlagRule> {
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        for (key, at, node) in self.table(node) {
            match key {
                "true" => yes = self.scalars(node),
                "false" => no = self.scalars(node),
                _ => self.unknown(at, key, &["true", "false"]),
            }
        }
        if yes.is_empty() || no.is_empty() {
            self.fault(
                node.span(),
                "a flag wants both: { true = \"Y\", false = \"N\" }",
            );
            return None;
        }
        Some(FlagRule { yes, no })
    }

    fn control(&mut self, at: Range<usize>, node: &Node<'_>) -> Option<ControlRule> {
        const KEYS: &[&str] = &[
            "record_type",
            "when",
            "count",
            "count_of",
            "total",
            "business_date",
        ];
        let mut record = None;
        let (mut count, mut counts_all, mut total, mut business_date) = (None, false, None, None);
        for (key, at, node) in self.table(node) {
            match key {
                "record_type" => record = self.string(node).map(ControlRecord::Type),
                "when" => record = self.when(node).map(ControlRecord::When),
                "count" => count = self.string(node),
                "count_of" => match self.string(node).as_ref().map(|at| at.value.as_str()) {
                    Some("details") => {}
                    Some("all") => counts_all = true,
                    Some(_) => self.fault(
                        node.span(),
                        "wanted \"details\" or \"all\" (with header and trailer)",
                    ),
                    None => {}
                },
                "total" => total = self.total(node),
                "business_date" => business_date = self.string(node),
                _ => self.unknown(at, key, KEYS),
            }
        }
        let Some(record) = record else {
            self.fault(
                at,
                "wanted `record_type` or `when`: which records are meant",
            );
            return None;
        };
        Some(ControlRule {
            record,
            count,
            counts_all,
            total,
            business_date,
        })
    }

    fn total(&mut self, node: &Node<'_>) -> Option<(At<String>, At<String>)> {
        let (mut field, mut of) = (None, None);
        for (key, at, node) in self.table(node) {
            match key {
                "field" => field = self.string(node),
                "of" => of = self.string(node),
                _ => self.unknown(at, key, &["field", "of"]),
            }
        }
        match (field, of) {
            (Some(field), Some(of)) => Some((field, of)),
            _ => {
                self.fault(
                    node.span(),
                    "wanted { field = \"TOTAL-FIELD\", of = \"DETAIL-FIELD\" }",
                );
                None
            }
        }
    }
}
