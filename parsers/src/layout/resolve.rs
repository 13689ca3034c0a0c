//! The meaning held against the copybook: paths to fields, literals to bytes.
//!
//! In: [`Rules`] of a meaning, fields and their forms. Out: what each field means, the key, record types, control records; or
//! faults in the meaning file with their places. Nothing here runs per record.

use std::sync::Arc;

use super::field::{Field, FieldKind, Pii, to_usize};
use super::matching::Match;
use super::meaning::{At, ErrorRule, FieldRule, Rules, When};
use super::program::Form;
use super::renamed::{Renamed, Through};
use super::select::{ErrorTest, RecordType, Test};
use super::storage::Storage;
use crate::charset::CodePage;
use crate::codec::Codec;
use crate::copybook::Item;
use crate::error::{CopybookError, CopybookErrorKind, Span};
use crate::path::{self, FieldPath};
use crate::temporal::TemporalKind;

/// What the meaning makes of one field.
#[derive(Debug, Clone)]
pub(crate) struct Meant {
    pub(crate) form: Form,
    pub(crate) nulls: Option<Nulls>,
}

/// What stands for no value, and the bytes that are written for it.
#[derive(Debug, Clone)]
pub(crate) struct Nulls {
    pub(crate) matches: Vec<Match>,
    pub(crate) canonical: Box<[u8]>,
}

/// Resolves against one set of fields.
pub(super) struct Resolver<'a> {
    pub(super) file: &'a Arc<str>,
    pub(super) rules: &'a Rules,
    pub(super) fields: &'a mut Vec<Field>,
    pub(super) storage: &'a Storage,
    /// The records, for their level 66 entries.
    pub(super) items: &'a [&'a Item],
    pub(super) page: CodePage,
    pub(super) faults: &'a mut Vec<CopybookError>,
}

impl Resolver<'_> {
    pub(super) fn fault(
        &mut self,
        kind: CopybookErrorKind,
        span: Span,
        message: impl Into<String>,
    ) {
        self.faults
            .push(CopybookError::new(kind, self.file, span, message));
    }

    /// The field of a path of the meaning file.
    pub(super) fn path(&mut self, at: &At<String>) -> Option<FieldPath> {
        match path::resolve(self.fields, &at.value) {
            // What is wrong with the field was told, and what seems wrong here may follow from that.
            Ok(path) if self.storage.is_unsure(self.fields, path.field) => None,
            Ok(path) => Some(path),
            Err(error) => match self.renamed(&at.value) {
                Some(Renamed::One(field)) => {
                    let name = self.fields.get(to_usize(field))?.path.clone();
                    Some(FieldPath::new(field, Vec::new(), &name))
                }
                Some(Renamed::Several(_)) => {
                    let message = format!(
                        "{} renames several fields: it may be a key or tested by `when`, and no more",
                        at.value
                    );
                    self.fault(CopybookErrorKind::Meaning, at.span, message);
                    None
                }
                Some(Renamed::Wrong) => None,
                None => {
                    self.fault(CopybookErrorKind::Path, at.span, error.to_string());
                    None
                }
            },
        }
    }

    pub(super) fn codec(&self, field: u32) -> Option<Codec> {
        self.storage
            .forms
            .get(to_usize(field))?
            .as_ref()
            .map(|form| form.codec)
    }

    /// `[fields]`: forms and nulls, and names and the like on the fields themselves.
    pub(super) fn fields(&mut self) -> Vec<Meant> {
        let plain = Meant {
            form: Form::Plain,
            nulls: None,
        };
        let mut meant = vec![plain; self.fields.len()];
        for rule in &self.rules.fields {
            let Some(path) = self.path(&rule.path) else {
                continue;
            };
            if !path.subscripts.is_empty() {
                self.fault(
                    CopybookErrorKind::Path,
                    rule.path.span,
                    "a meaning is of all occurrences: no subscripts here",
                );
                continue;
            }
            self.describe(path.field, rule);
            let found = self.meant(path.field, rule);
            if let (Some(found), Some(slot)) = (found, meant.get_mut(to_usize(path.field))) {
                if let Some(field) = self.fields.get_mut(to_usize(path.field)) {
                    field.nullable |= found.nulls.is_some();
                    field.kind = match found.form {
                        Form::Plain | Form::Edited(_) | Form::Names(_) => field.kind,
                        Form::Bytes => FieldKind::Bytes,
                        Form::Temporal(ref form) => {
                            let places = form.places();
                            match form.kind() {
                                TemporalKind::Date => FieldKind::Date,
                                TemporalKind::Time => FieldKind::Time { places },
                                TemporalKind::Timestamp => FieldKind::Timestamp { places },
                            }
                        }
                        Form::Flag(_) => FieldKind::Flag,
                    };
                }
                *slot = found;
            }
        }
        meant
    }

    fn describe(&mut self, id: u32, rule: &FieldRule) {
        if let Some(name) = &rule.name {
            let parent = self.fields.get(to_usize(id)).and_then(|field| field.parent);
            let taken = self.fields.iter().any(|other| {
                other.id != id
                    && other.parent == parent
                    && !other.hidden
                    && other.label == name.value
            });
            if name.value.is_empty() || name.value.starts_with('_') {
                let message = "wanted a name that does not begin with `_`: those are ours";
                self.fault(CopybookErrorKind::Meaning, name.span, message);
            } else if taken {
                let message = format!(
                    "`{}` is the name of another field of the same group",
                    name.value
                );
                self.fault(CopybookErrorKind::Meaning, name.span, message);
            } else if let Some(field) = self.fields.get_mut(to_usize(id)) {
                field.set_label(name.value.clone());
            }
        }
        if let Some(field) = self.fields.get_mut(to_usize(id)) {
            field.pii = rule.pii.clone().map(Pii);
            field.description.clone_from(&rule.description);
        }
    }

    /// `key`: elementary fields at a fixed place. In a view of a REDEFINES they are the key of records of that view.
    pub(super) fn key(&mut self) -> (Vec<FieldPath>, Vec<u32>) {
        let (mut paths, mut leaves) = (Vec::new(), Vec::new());
        for at in &self.rules.key {
            if let Some(through) = self.through(at) {
                for part in self.parts_of(through, at).unwrap_or_default() {
                    if let Some(field) = self.fields.get(to_usize(part)) {
                        paths.push(FieldPath::new(part, Vec::new(), &field.path));
                        leaves.push(part);
                    }
                }
                continue;
            }
            let Some(path) = self.path(at) else { continue };
            let mut around = self.fields.get(to_usize(path.field));
            let mut trouble = None;
            while let Some(field) = around {
                if field.occurs.is_some() {
                    trouble = Some(format!("key {}: a field in a table is no key", at.value));
                }
                around = field
                    .parent
                    .and_then(|parent| self.fields.get(to_usize(parent)));
            }
            if let Some(trouble) = trouble {
                self.fault(CopybookErrorKind::Meaning, at.span, trouble);
                continue;
            }
            let whole = Through {
                first: path.field,
                last: path.field,
            };
            let Some(parts) = self.parts_of(whole, at) else {
                continue;
            };
            if parts.is_empty() && !self.storage.is_unsure(self.fields, path.field) {
                let message = format!("key {}: there is no named field in it", at.value);
                self.fault(CopybookErrorKind::Meaning, at.span, message);
            }
            leaves.extend(parts);
            paths.push(path);
        }
        (paths, leaves)
    }

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
