//! TOML nodes to the kinds of value a meaning file has, each with its place, or a fault that says what was wanted.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::meaning::{At, Scalar};
use super::Reader;
use crate::error::{CopybookError, CopybookErrorKind};
use crate::temporal::Date;

pub(super) type Node<'i> = Spanned<DeValue<'i>>;

/// The members of a table in the order of the file.
pub(super) fn in_order<'t, 'i>(
    table: &'t DeTable<'i>,
) -> Vec<(&'t str, Range<usize>, &'t Node<'i>)> {
    let mut members: Vec<_> = table
        .iter()
        .map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
        .collect();
    members.sort_by_key(|(_, span, _)| span.start);
    members
}

impl Reader<'_> {
    pub(super) fn fault(&mut self, at: Range<usize>, message: impl Into<String>) {
        let span = self.span(at);
        self.faults.push(CopybookError::new(
            CopybookErrorKind::Meaning,
            self.file,
            span,
            message,
        ));
    }

    pub(super) fn unknown(&mut self, at: Range<usize>, key: &str, wanted: &[&str]) {
        let span = self.span(at);
        let message = format!("unknown key `{key}`: wanted {}", wanted.join(", "));
        let mut fault = CopybookError::new(CopybookErrorKind::Meaning, self.file, span, message);
        if let Some(near) = crate::path::nearest(key, wanted.iter().copied()) {
            fault = fault.with_help(format!("is it `{near}`?"));
        }
        self.faults.push(fault);
    }

    pub(super) fn wrong<T>(&mut self, node: &Node<'_>, wanted: &str) -> Option<T> {
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

    pub(super) fn table<'t, 'i>(
        &mut self,
        node: &'t Node<'i>,
    ) -> Vec<(&'t str, Range<usize>, &'t Node<'i>)> {
        match node.get_ref() {
            DeValue::Table(table) => in_order(table),
            _ => self.wrong(node, "a table").unwrap_or_default(),
        }
    }

    pub(super) fn string(&mut self, node: &Node<'_>) -> Option<At<String>> {
        match node.get_ref() {
            DeValue::String(text) => Some(At {
                value: text.to_string(),
                span: self.span(node.span()),
            }),
            _ => self.wrong(node, "a string"),
        }
    }

    /// One string or a list of them.
    pub(super) fn strings(&mut self, node: &Node<'_>) -> Vec<At<String>> {
        match node.get_ref() {
            DeValue::Array(nodes) => nodes.iter().filter_map(|node| self.string(node)).collect(),
            _ => self.string(node).into_iter().collect(),
        }
    }

    pub(super) fn integer(&mut self, node: &Node<'_>) -> Option<i64> {
        let number = match node.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number.or_else(|| self.wrong(node, "a whole number"))
    }

    pub(super) fn boolean(&mut self, node: &Node<'_>) -> Option<bool> {
        match node.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.wrong(node, "true or false"),
        }
    }

    pub(super) fn scalar(&mut self, node: &Node<'_>) -> Option<At<Scalar>> {
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

    pub(super) fn scalars(&mut self, node: &Node<'_>) -> Vec<At<Scalar>> {
        match node.get_ref() {
            DeValue::Array(nodes) => nodes.iter().filter_map(|node| self.scalar(node)).collect(),
            _ => self.scalar(node).into_iter().collect(),
        }
    }

    /// A day, as a TOML date or a string.
    pub(super) fn day(&mut self, node: &Node<'_>) -> Option<Date> {
        let text = match node.get_ref() {
            DeValue::Datetime(day) => day.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => return self.wrong(node, "a day as YYYY-MM-DD"),
        };
        match text.parse() {
            Ok(day) => Some(day),
            Err(error) => {
                self.fault(node.span(), format!("{error}"));
                None
            }
        }
    }
}
