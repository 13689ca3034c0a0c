//! The meaning held against the copybook: paths to fields, literals to bytes.
//!
//! In: [`Rules`] of a meaning, fields and their forms. Out: what each field means, the key, record types, control records; or
//! faults in the meaning file with their places. Nothing here runs per record.

use std::sync::Arc;

use super::field::{Field, FieldKind, Pii, to_usize};
use super::matching::Match;
use super::meaning::{At, FieldRule, Rules};
use super::program::Form;
use super::renamed::{Renamed, Through};
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
                Some(Renamed::Unclear(error)) => {
                    self.fault(CopybookErrorKind::Path, at.span, error.to_string());
                    None
                }
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
}
