//! What tells records and views apart: `[record_types]`, `[redefines]`, `[error]` and every `when` of the meaning.
//!
//! In: those rules, resolved by a [`Resolver`]. Out: tests of fields at their places; or faults in the meaning file.

use super::field::{Field, to_usize};
use super::matching::Match;
use super::meaning::{At, ErrorRule, When};
use super::resolve::Resolver;
use super::select::{ErrorTest, RecordType, Test};
use crate::codec::Codec;
use crate::error::CopybookErrorKind;
use crate::path;

impl Resolver<'_> {
    /// `[record_types]`.
    pub(super) fn record_types(&mut self) -> Vec<RecordType> {
        let mut types = Vec::new();
        for rule in &self.rules.types {
            let tests = self.when(&rule.when);
            let mut views = Vec::new();
            for view in &rule.views {
                let Some(path) = self.path(view) else {
                    continue;
                };
                if self
                    .fields
                    .get(to_usize(path.field))
                    .is_some_and(Field::is_variant)
                {
                    self.shares_tables(path.field, &tests, view);
                    views.push(path.field);
                } else if self.storage.broken.is_empty() {
                    let message = format!(
                        "{} neither redefines a field nor is redefined: there is nothing to choose",
                        view.value
                    );
                    self.fault(CopybookErrorKind::Meaning, view.span, message);
                }
            }
            types.push(RecordType {
                name: rule.name.value.clone(),
                tests,
                views,
                whole: true,
                parent: None,
                list: String::new(),
            });
        }
        self.parents(&mut types);
        types
    }

    /// `[redefines]`: as record types that are of one area only, and of no whole record.
    pub(super) fn redefines(&mut self) -> Vec<RecordType> {
        let mut types = Vec::new();
        for rule in &self.rules.redefines {
            let Some(area) = self.path(&rule.area) else {
                continue;
            };
            let first = |fields: &[Field], id: u32| {
                let field = fields.get(to_usize(id));
                field
                    .filter(|field| field.is_variant())
                    .map(|field| field.redefines.unwrap_or(field.id))
            };
            let Some(wanted) = first(self.fields, area.field) else {
                if self.storage.broken.is_empty() {
                    let message = format!(
                        "{} neither redefines a field nor is redefined: there is nothing to choose",
                        rule.area.value
                    );
                    self.fault(CopybookErrorKind::Meaning, rule.area.span, message);
                }
                continue;
            };
            for (view, when) in &rule.views {
                let Some(path) = self.path(view) else {
                    continue;
                };
                if first(self.fields, path.field) != Some(wanted) {
                    if !self.storage.broken.is_empty() {
                        continue;
                    }
                    let message = format!("{} is no view of {}", view.value, rule.area.value);
                    self.fault(CopybookErrorKind::Meaning, view.span, message);
                    continue;
                }
                let tests = self.when(when);
                self.shares_tables(path.field, &tests, view);
                types.push(RecordType {
                    name: view.value.clone(),
                    tests,
                    views: vec![path.field],
                    whole: false,
                    parent: None,
                    list: String::new(),
                });
            }
        }
        types
    }

    /// `[error]`.
    pub(super) fn error(&mut self) -> Option<ErrorTest> {
        let rules = self.rules;
        let (field, tests, ok) = match rules.error.as_ref()? {
            ErrorRule::When { field, when } => {
                let field = match field {
                    Some(field) => Some(self.path(field)?),
                    None => None,
                };
                (field, self.when(when), false)
            }
            ErrorRule::Code { field, ok } => {
                let path = self.path(field)?;
                let when = When::Fields(vec![(field.clone(), ok.clone())]);
                (Some(path), self.when(&when), true)
            }
        };
        // In a table there is no one answer.
        if let Some(at) = rules.error.as_ref().and_then(ErrorRule::at)
            && tests.iter().any(|test| test.tables > 0)
        {
            let message = "the field of an error is not in a table";
            self.fault(CopybookErrorKind::Meaning, at, message);
            return None;
        }
        Some(ErrorTest { field, tests, ok })
    }

    /// A test inside a table is of the same occurrence as the view it chooses.
    fn shares_tables(&mut self, view: u32, tests: &[Test], at: &At<String>) {
        let tables = self.tables(view);
        for test in tests {
            let tested = self.tables(test.field);
            if !tables.starts_with(&tested) {
                let message = format!(
                    "{}: the field tested is in a table that this view is not in",
                    at.value
                );
                self.fault(CopybookErrorKind::Meaning, at.span, message);
            }
        }
    }

    fn tables(&self, field: u32) -> Vec<u32> {
        let mut tables = Vec::new();
        let mut at = self.fields.get(to_usize(field));
        while let Some(field) = at {
            if field.occurs.is_some() {
                tables.push(field.id);
            }
            at = field
                .parent
                .and_then(|parent| self.fields.get(to_usize(parent)));
        }
        tables.reverse();
        tables
    }

    /// A `when` as tests, all of which must hold.
    pub(super) fn when(&mut self, when: &When) -> Vec<Test> {
        match when {
            When::Condition(name) => self.condition(name).into_iter().collect(),
            When::Fields(fields) => {
                let mut tests = Vec::new();
                for (path, values) in fields {
                    if let Some(through) = self.through(path) {
                        if let Some(test) = self.test_of(through, path)
                            && let Some((values, _)) =
                                self.values(test.codec, to_usize(test.len), values)
                        {
                            tests.push(Test { values, ..test });
                        }
                        continue;
                    }
                    let Some(found) = self.path(path) else {
                        continue;
                    };
                    let Some((codec, len)) = self.tested(found.field) else {
                        continue;
                    };
                    if let Some((values, _)) = self.values(codec, to_usize(len), values) {
                        tests.extend(self.test(found.field, codec, len, values));
                    }
                }
                tests
            }
        }
    }

    fn test(&self, id: u32, codec: Codec, len: u32, values: Vec<Match>) -> Option<Test> {
        let field = self.fields.get(to_usize(id))?;
        let tables = u16::try_from(self.tables(id).len()).ok()?;
        Some(Test {
            field: id,
            offset: field.offset,
            len,
            codec,
            tables,
            values,
        })
    }

    /// A group is compared as text.
    fn tested(&self, id: u32) -> Option<(Codec, u32)> {
        let field = self.fields.get(to_usize(id))?;
        Some((
            self.codec(id).unwrap_or(Codec::Text {
                chars: crate::codec::Chars::of(self.page),
                right: false,
            }),
            field.len,
        ))
    }

    /// A condition-name, qualified by its field if need be: `REC-TYPE.IS-HEADER`.
    fn condition(&mut self, at: &At<String>) -> Option<Test> {
        let upper = at.value.to_uppercase();
        let (of, name) = upper
            .rsplit_once('.')
            .map_or((None, upper.as_str()), |(of, name)| (Some(of), name));
        let wanted = match of.map(|of| path::resolve(self.fields, of)) {
            Some(Err(error)) => {
                self.fault(CopybookErrorKind::Path, at.span, error.to_string());
                return None;
            }
            Some(Ok(path)) => Some(path.field),
            None => None,
        };
        let found: Vec<(u32, usize)> = self
            .fields
            .iter()
            .filter(|field| wanted.is_none_or(|wanted| wanted == field.id))
            .flat_map(|field| {
                let conditions = field.conditions.iter().enumerate();
                conditions
                    .filter(|(_, condition)| condition.name() == name)
                    .map(|(index, _)| (field.id, index))
            })
            .collect();
        let [(id, index)] = *found.as_slice() else {
            let message = match found.len() {
                0 => format!("no level 88 `{}` in this copybook", at.value),
                _ => format!("several level 88 `{}`: write FIELD.{name}", at.value),
            };
            self.fault(CopybookErrorKind::Path, at.span, message);
            return None;
        };
        if self.storage.is_unsure(self.fields, id) {
            return None;
        }
        let (codec, len) = self.tested(id)?;
        let ranges = self
            .fields
            .get(to_usize(id))?
            .conditions
            .get(index)?
            .values()
            .to_vec();
        let mut values = Vec::new();
        for range in &ranges {
            match Match::of_range(range, codec, to_usize(len), self.page) {
                Ok(value) => values.push(value),
                Err(bad) => self.fault(
                    CopybookErrorKind::Meaning,
                    at.span,
                    format!("{}: {}", at.value, bad.message),
                ),
            }
        }
        self.test(id, codec, len, values)
    }
}
