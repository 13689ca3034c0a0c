//! The text of a meaning file to its rules: which keys there are and what each may hold.
//!
//! In: parsed TOML with places. Out: [`Meaning`] and every fault. (`serde` would stop at the first.)

mod node;
mod rules;

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::extent::ViewLength;
use super::meaning::{At, Change, Meaning, Rules};
use crate::error::{CopybookError, Span};
use node::{Node, in_order};

const TOP: &[&str] = &[
    "version",
    "revision",
    "effective",
    "change",
    "record",
    "key",
    "record_length",
    "record_types",
    "redefines",
    "fields",
    "header",
    "trailer",
    "error",
];
const CHANGE: &[&str] = &[
    "from",
    "record",
    "key",
    "record_length",
    "record_types",
    "redefines",
    "fields",
    "header",
    "trailer",
    "error",
];

/// Reads one file, collecting faults.
pub(super) struct Reader<'a> {
    pub(super) file: &'a Arc<str>,
    pub(super) text: &'a str,
    pub(super) faults: Vec<CopybookError>,
}

impl Reader<'_> {
    pub(super) fn span(&self, bytes: Range<usize>) -> Span {
        let before = self.text.get(..bytes.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let covered = self.text.get(bytes).unwrap_or_default();
        Span {
            file: 0,
            line: u32::try_from(before.matches('\n').count())
                .unwrap_or(u32::MAX)
                .saturating_add(1),
            column: count(before.get(line_start..).unwrap_or_default()).saturating_add(1),
            len: count(covered.lines().next().unwrap_or_default()).max(1),
        }
    }

    pub(super) fn document(&mut self, table: &DeTable<'_>) -> Meaning {
        let mut meaning = Meaning {
            file: Arc::clone(self.file),
            revision: None,
            from: None,
            to: None,
            rules: Rules::default(),
            changes: Vec::new(),
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
                "revision" => meaning.revision = self.integer(node),
                "effective" => {
                    for (key, at, node) in self.table(node) {
                        match key {
                            "from" => meaning.from = self.day(node),
                            "to" => meaning.to = self.day(node),
                            _ => self.unknown(at, key, &["from", "to"]),
                        }
                    }
                    if let (Some(from), Some(to)) = (meaning.from, meaning.to)
                        && from > to
                    {
                        self.fault(node.span(), format!("{from} is after {to}"));
                    }
                }
                "change" => self.changes(node, &mut meaning.changes),
                _ => self.rule(key, at, node, &mut meaning.rules, TOP),
            }
        }
        if !version {
            self.fault(0..1, "no `version`: wanted `version = 1` at the top");
        }
        meaning
    }

    /// `[[change]]`: each with the day from which its rules replace the others.
    fn changes(&mut self, node: &Node<'_>, changes: &mut Vec<Change>) {
        let DeValue::Array(nodes) = node.get_ref() else {
            let _: Option<()> = self.wrong(node, "a list: write `[[change]]`");
            return;
        };
        for node in nodes {
            let mut rules = Rules::default();
            let mut from = None;
            for (key, at, node) in self.table(node) {
                match key {
                    "from" => from = self.day(node),
                    _ => self.rule(key, at, node, &mut rules, CHANGE),
                }
            }
            let Some(from) = from else {
                self.fault(node.span(), "wanted `from`: the day from which this holds");
                continue;
            };
            if changes.last().is_some_and(|last| last.from >= from) {
                let message = format!("{from}: changes stand in the order of their days");
                self.fault(node.span(), message);
            }
            changes.push(Change { from, rules });
        }
    }

    /// What may stand at the top and in a change.
    fn rule(
        &mut self,
        key: &str,
        at: Range<usize>,
        node: &Node<'_>,
        rules: &mut Rules,
        keys: &[&str],
    ) {
        match key {
            "record" => rules.records = self.strings(node),
            "key" => rules.key = self.strings(node),
            "record_length" => match self.string(node).as_ref().map(|at| at.value.as_str()) {
                Some("view") => rules.length = Some(ViewLength::View),
                Some("full") => rules.length = Some(ViewLength::Natural),
                Some(_) => self.fault(
                    node.span(),
                    "wanted \"view\" (a record ends with its view) or \"full\"",
                ),
                None => {}
            },
            "record_types" => {
                for (name, at, node) in self.table(node) {
                    let name = self.named(name, at);
                    rules.types.extend(self.record_type(name, node));
                }
            }
            "redefines" => {
                for (area, at, node) in self.table(node) {
                    let area = self.named(area, at);
                    let rule = self.redefines(area, node);
                    rules.redefines.push(rule);
                }
            }
            "fields" => {
                for (path, at, node) in self.table(node) {
                    let path = self.named(path, at);
                    rules.fields.extend(self.field(path, node));
                }
            }
            "header" => rules.header = self.control(at, node),
            "trailer" => rules.trailer = self.control(at, node),
            "error" => rules.error = self.error(at, node),
            _ => self.unknown(at, key, keys),
        }
    }

    fn named(&self, name: &str, at: Range<usize>) -> At<String> {
        At {
            value: name.to_owned(),
            span: self.span(at),
        }
    }
}
