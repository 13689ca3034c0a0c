//! Items to fields with offsets and lengths: what the compiler's data division map says.
//!
//! In: the items of the records chosen. Out: fields in the order of the text, each with its place. Resolves REDEFINES
//! and SYNCHRONIZED; OCCURS DEPENDING ON counts with its most occurrences here ([`super::occurs`] does the rest).
//! Enterprise COBOL Language Reference, "USAGE clause", "SYNCHRONIZED clause", "REDEFINES clause".

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::field::{Field, FieldKind, FieldOccurs};
use super::form::kind_of;
use super::form_rules::Rules;
use super::slack::{Around, leading_alignment};
use crate::codec::Codec;
use crate::codec::edit::Editor;
use crate::copybook::{Item, Literal, Sign, Usage};
use crate::error::{CopybookError, CopybookErrorKind, Span};
use crate::syspunch::NullIf;

/// Largest record: keeps every offset in 31 bits. The compiler's own limit for an item or a
/// group is 999,999,999 bytes since Enterprise COBOL 5 (Language Reference, "Compiler limits").
const LARGEST: u64 = 0x7fff_ffff;

/// What the storage pass knows of an elementary item besides its [`Field`].
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) codec: Codec,
    /// The editing of an edited picture, where its value is read.
    pub(super) edit: Option<Box<Editor>>,
    pub(super) value: Option<(Literal, Span)>,
    /// What makes a column of an unloaded table null.
    pub(super) null_if: Option<NullIf>,
    /// It is the byte that makes another column null.
    pub(super) indicator: bool,
}

/// The fields, and beside each its form (elementary items only) and its place in the text.
#[derive(Debug, Default)]
pub(super) struct Storage {
    pub(super) fields: Vec<Field>,
    pub(super) forms: Vec<Option<Form>>,
    pub(super) spans: Vec<Span>,
    /// Names after DEPENDING ON, by field.
    pub(super) depending: Vec<(u32, String, Span)>,
    /// Fields with a fault that was told, by number: what they hold and where is not known.
    pub(super) broken: HashSet<u32>,
}

impl Storage {
    /// Whether a fault that was told is of the field, of a group it is in or of a field in it: what else seems wrong with
    /// it may follow from that.
    pub(super) fn is_unsure(&self, fields: &[Field], id: u32) -> bool {
        let get = |id: u32| fields.get(usize::try_from(id).ok()?);
        if self.broken.is_empty() {
            return false;
        }
        let inside = get(id).map_or(id..id, |field| field.id..field.end);
        let mut around = std::iter::successors(Some(id), |id| get(*id)?.parent);
        self.broken.iter().any(|id| inside.contains(id))
            || around.any(|id| self.broken.contains(&id))
    }
}

pub(super) struct Pass<'a> {
    pub(super) file: &'a Arc<str>,
    pub(super) storage: Storage,
    pub(super) faults: &'a mut Vec<CopybookError>,
    pub(super) rules: Rules,
    /// The widest boundary of the synchronized items since the last group began.
    pub(super) widest: u64,
    pub(super) fillers: u32,
    /// The only outermost item is a group: its members are the record's, and its name is in no path.
    collapsed: bool,
    pub(super) taken: HashSet<&'a str>,
    /// The items are those of a text with faults.
    draft: bool,
}

/// The members of one group that are placed.
#[derive(Default)]
pub(super) struct Brothers<'i> {
    pub(super) ids: Vec<u32>,
    /// The last one of each name.
    pub(super) last_of: HashMap<&'i str, u32>,
}

/// What a group hands down.
#[derive(Clone, Copy, Default)]
struct Inherited {
    around: Around,
    sign: Option<Sign>,
    parent: Option<u32>,
    depth: u16,
    /// A group around has a fault: what it hands down is not known.
    broken: bool,
}

/// Places `items` one after the other, or all at offset 0 when they are `alternatives` (several 01s of one file).
pub(super) fn place(
    file: &Arc<str>,
    items: &[&Item],
    alternatives: bool,
    rules: Rules,
    faults: &mut Vec<CopybookError>,
) -> Storage {
    let mut taken = HashSet::new();
    for item in items {
        names(item, &mut taken);
    }
    let collapsed = matches!(items, [only] if !only.children().is_empty());
    let mut pass = Pass {
        file,
        storage: Storage::default(),
        faults,
        rules,
        widest: 1,
        fillers: 0,
        collapsed,
        taken,
        draft: items.iter().any(|item| is_broken(item)),
    };
    pass.siblings(items, alternatives, 0, Inherited::default());
    pass.storage
}

/// Whether the item or one below it has a fault of the text.
fn is_broken(item: &Item) -> bool {
    item.broken || item.children().iter().any(is_broken)
}

fn names<'a>(item: &'a Item, taken: &mut HashSet<&'a str>) {
    taken.extend(item.name());
    for child in item.children() {
        names(child, taken);
    }
}

impl Pass<'_> {
    pub(super) fn fault(&mut self, span: Span, message: impl Into<String>) {
        self.faults.push(CopybookError::new(
            CopybookErrorKind::Structure,
            self.file,
            span,
            message,
        ));
    }

    /// Right COBOL that no codec reads yet.
    pub(super) fn not_supported(&mut self, span: Span, message: String) {
        self.faults.push(CopybookError::new(
            CopybookErrorKind::NotSupported,
            self.file,
            span,
            message,
        ));
    }

    pub(super) fn fault_with(&mut self, span: Span, message: impl Into<String>, help: &str) {
        self.faults.push(
            CopybookError::new(CopybookErrorKind::Structure, self.file, span, message)
                .with_help(help),
        );
    }

    /// Places brothers from `start`; returns the offset after the last.
    fn siblings(
        &mut self,
        items: &[&Item],
        alternatives: bool,
        start: u64,
        inherited: Inherited,
    ) -> u64 {
        let mut next = start;
        // The brothers placed so far.
        let mut placed = Brothers::default();
        for item in items {
            let id = u32::try_from(self.storage.fields.len()).unwrap_or(u32::MAX);
            let base = match (&item.redefines, alternatives, placed.ids.first()) {
                (Some(named), ..) => {
                    let base = self.redefined(&placed, &named.name, named.span);
                    if base.is_none() {
                        self.storage.broken.insert(id);
                    }
                    base
                }
                (None, true, Some(first)) => Some(*first),
                _ => None,
            };
            let at = match base {
                Some(base) => self
                    .field(base)
                    .map_or(next, |field| u64::from(field.offset)),
                None => {
                    let alignment = leading_alignment(item, inherited.around, &self.rules);
                    self.widest = self.widest.max(alignment);
                    next.next_multiple_of(alignment)
                }
            };
            let size = self.item(item, id, at, base, inherited);
            if let Some(field) = base.and_then(|base| self.field_mut(base)) {
                field.redefined = true;
            }
            placed.ids.push(id);
            if let Some(name) = item.name() {
                placed.last_of.insert(name, id);
            }
            next = next.max(at.saturating_add(size));
        }
        next
    }

    pub(super) fn field(&self, id: u32) -> Option<&Field> {
        self.storage.fields.get(usize::try_from(id).ok()?)
    }

    fn field_mut(&mut self, id: u32) -> Option<&mut Field> {
        self.storage.fields.get_mut(usize::try_from(id).ok()?)
    }

    /// Places one item and what is below it; returns its size, all occurrences together.
    fn item(
        &mut self,
        item: &Item,
        id: u32,
        at: u64,
        base: Option<u32>,
        inherited: Inherited,
    ) -> u64 {
        let name = self.name(item);
        let usage = item.usage().or(inherited.around.usage);
        let told = self.faults.len();
        if let (Some(own), Some(around), Some((_, span))) =
            (item.usage(), inherited.around.usage, item.usage)
            && own != around
            && !inherited.broken
        {
            let message = format!("USAGE {} in a group of USAGE {}", own.name(), around.name());
            self.fault_with(
                span,
                message,
                "an item has the usage of its group, or the group has none",
            );
        }
        let sign = item.sign.map(|(sign, _)| sign).or(inherited.sign);
        let group = !item.children().is_empty();
        let form = if group {
            None
        } else if let Some(column) = &item.sql {
            let found = self.column(column, item.span());
            found.map(|(form, size)| {
                let value = item.value.clone();
                (Form { value, ..form }, size)
            })
        } else {
            self.form(item, usage.unwrap_or_default(), sign)
        };
        // What a group with a fault would hand down matters to items that do not say it themselves.
        let handed = item.usage().is_none_or(|own| own == Usage::National);
        if item.broken || (inherited.broken && handed) {
            self.faults.truncate(told);
        }
        if item.broken || (!group && form.is_none()) {
            self.storage.broken.insert(id);
        }
        let (kind, size) = match &form {
            Some((form, size)) => (kind_of(form, *size), u64::from(*size)),
            None if group => (FieldKind::Group, 0),
            // Of some size all the same: what follows stands behind it.
            None => (FieldKind::Group, 1),
        };
        let path = match inherited.parent.and_then(|parent| self.field(parent)) {
            Some(parent) if parent.id > 0 || !self.collapsed => format!("{}.{name}", parent.path),
            _ => name.clone(),
        };
        let mut field = Field {
            id,
            parent: inherited.parent,
            end: id.saturating_add(1),
            depth: inherited.depth,
            level: item.level(),
            filler: item.name().is_none(),
            hidden: item.name().is_none() && !has_name_below(item),
            label: String::new(),
            path,
            picture: item.picture().cloned(),
            usage: (!group).then(|| usage.unwrap_or_default()),
            kind,
            offset: u32::try_from(at).unwrap_or(u32::MAX),
            len: u32::try_from(size).unwrap_or(u32::MAX),
            occurs: None,
            redefines: base,
            redefined: false,
            conditions: item.conditions().to_vec(),
            names: Vec::new(),
            only_named: false,
            nullable: false,
            pii: None,
            description: None,
            json_key: Box::default(),
            json_key_block: None,
            sql: None,
            moving: false,
            name,
        };
        if let (Some(column), Some((form, _))) = (&item.sql, &form) {
            super::sql::described(&mut field, column, form);
        }
        field.set_label(field.name.clone());
        self.storage.fields.push(field);
        self.storage.forms.push(form.map(|(form, _)| form));
        self.storage.spans.push(item.span());
        if group && !item.broken {
            self.group_usage(item);
        }

        let mut len = size;
        let around = Around {
            usage,
            synchronized: inherited.around.synchronized || self.all_synchronized(item),
        };
        if group {
            self.widest = 1;
            let children: Vec<&Item> = item.children().iter().collect();
            let below = Inherited {
                around,
                sign,
                parent: Some(id),
                depth: inherited.depth.saturating_add(1),
                broken: item.broken || inherited.broken,
            };
            let end = self.siblings(&children, false, at, below);
            len = end.saturating_sub(at);
        }
        if item.occurs().is_some() && group {
            len = self.occurrence(item, id, len, around);
        }
        let count = item.occurs().map_or(1, |occurs| u64::from(occurs.max));
        let total = len.saturating_mul(count);
        if at.saturating_add(total) > LARGEST {
            self.storage.broken.insert(id);
            // A REDEFINES that could not be read makes a record larger than it is.
            if self.draft && (total <= LARGEST || inherited.broken || is_broken(item)) {
                return 0;
            }
            self.fault(
                item.span(),
                format!(
                    "{} makes the record larger than {LARGEST} bytes",
                    shown(item)
                ),
            );
            return 0;
        }
        let end = u32::try_from(self.storage.fields.len()).unwrap_or(u32::MAX);
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        if let (Some(occurs), Some(named)) = (
            item.occurs(),
            item.occurs().and_then(|o| o.depending.as_ref()),
        ) {
            self.storage.depending.push((
                id,
                named.name.clone(),
                if named.span.line > 0 {
                    named.span
                } else {
                    occurs.span
                },
            ));
        }
        if let Some(field) = self.field_mut(id) {
            field.end = end;
            field.len = len;
            field.occurs = item.occurs().map(|occurs| FieldOccurs {
                min: occurs.min,
                max: occurs.max,
                stride: len,
                depending_on: None,
            });
        }
        total
    }
}

pub(super) fn shown(item: &Item) -> &str {
    item.name().unwrap_or("FILLER")
}

fn has_name_below(item: &Item) -> bool {
    item.children()
        .iter()
        .any(|child| child.name().is_some() || has_name_below(child))
}
