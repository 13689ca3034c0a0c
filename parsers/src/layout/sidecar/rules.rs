//! `[record_types]`, `[redefines]`, `[fields]`, `[header]`, `[trailer]` and `[error]`: nodes to rules.

use std::ops::Range;

use toml::de::DeValue;

use super::super::meaning::{
    At, ControlRecord, ControlRule, ErrorRule, FieldRule, FlagRule, RedefinesRule, TypeRule, When,
};
use super::Reader;
use super::node::Node;
use crate::temporal::TemporalKind;

impl Reader<'_> {
    pub(super) fn when(&mut self, node: &Node<'_>) -> Option<When> {
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

    pub(super) fn record_type(&mut self, name: At<String>, node: &Node<'_>) -> Option<TypeRule> {
        let (mut when, mut views) = (None, Vec::new());
        let (mut parent, mut list) = (None, None);
        let mut has_when = false;
        for (key, at, node) in self.table(node) {
            match key {
                "when" => (when, has_when) = (self.when(node), true),
                "view" => views = self.strings(node),
                "parent" => parent = self.string(node),
                "list" => list = self.string(node),
                _ => self.unknown(at, key, &["when", "view", "parent", "list"]),
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
            parent,
            list,
        })
    }

    pub(super) fn field(&mut self, path: At<String>, node: &Node<'_>) -> Option<FieldRule> {
        const KEYS: &[&str] = &[
            "date",
            "time",
            "timestamp",
            "pivot",
            "null",
            "flag",
            "binary",
            "scale",
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
            scale: None,
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
                "scale" => {
                    let number = self
                        .integer(node)
                        .map(|number| u16::try_from(number).unwrap_or(u16::MAX));
                    rule.scale = number.map(|value| At {
                        value,
                        span: self.span(node.span()),
                    });
                }
                "name" => rule.name = self.string(node),
                "pii" => rule.pii = self.string(node).map(|at| at.value),
                "description" => rule.description = self.string(node).map(|at| at.value),
                _ => self.unknown(at, key, KEYS),
            }
        }
        Some(rule)
    }

    pub(super) fn flag(&mut self, node: &Node<'_>) -> Option<FlagRule> {
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

    pub(super) fn control(&mut self, at: Range<usize>, node: &Node<'_>) -> Option<ControlRule> {
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

    pub(super) fn total(&mut self, node: &Node<'_>) -> Option<(At<String>, At<String>)> {
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

    /// `[redefines.AREA]`: view = when, in the order of the file; `else` is the view where none holds.
    pub(super) fn redefines(&mut self, area: At<String>, node: &Node<'_>) -> RedefinesRule {
        let mut rule = RedefinesRule {
            area,
            views: Vec::new(),
        };
        let mut otherwise = None;
        for (key, at, node) in self.table(node) {
            if key == "else" {
                otherwise = self
                    .string(node)
                    .map(|view| (view, When::Fields(Vec::new())));
                continue;
            }
            let view = At {
                value: key.to_owned(),
                span: self.span(at),
            };
            if let Some(when) = self.when(node) {
                rule.views.push((view, when));
            }
        }
        // Rules are tried in order: this one always holds.
        rule.views.extend(otherwise);
        rule
    }

    /// `[error]`: which records say that something went wrong.
    pub(super) fn error(&mut self, at: Range<usize>, node: &Node<'_>) -> Option<ErrorRule> {
        let (mut field, mut ok, mut when) = (None, Vec::new(), None);
        for (key, at, node) in self.table(node) {
            match key {
                "field" => field = self.string(node),
                "ok" => ok = self.scalars(node),
                "when" => when = self.when(node),
                _ => self.unknown(at, key, &["field", "ok", "when"]),
            }
        }
        match (field, when) {
            (Some(field), None) if !ok.is_empty() => Some(ErrorRule::Code { field, ok }),
            (field, Some(when)) if ok.is_empty() => Some(ErrorRule::When { field, when }),
            _ => {
                self.fault(
                    at,
                    "wanted `field` with `ok` (the values that are no error), or `when`",
                );
                None
            }
        }
    }
}
