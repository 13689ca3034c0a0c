//! What an entry's clauses say of it among its brothers: its name, the area it redefines, what a group may not have.
//!
//! In: an item and the brothers placed before it. Out: a name, an area; or faults. Enterprise COBOL Language Reference,
//! "REDEFINES clause", "SYNCHRONIZED clause".

use super::options::Dialect;
use super::storage::{Brothers, Pass, shown};
use crate::copybook::Item;
use crate::error::{CopybookError, CopybookErrorKind, Span};

impl Pass<'_> {
    /// The area a REDEFINES names: the last brother of that name, with nothing but other views of it in between.
    pub(super) fn redefined(
        &mut self,
        placed: &Brothers<'_>,
        name: &str,
        span: Span,
    ) -> Option<u32> {
        let found = placed.last_of.get(name).copied();
        let Some(found) = found else {
            self.fault_with(
                span,
                format!("REDEFINES {name}: no field of that name before it at this level of the same group"),
                "a REDEFINES follows the field it redefines, at the same level",
            );
            return None;
        };
        let base = self
            .field(found)
            .and_then(|field| field.redefines)
            .unwrap_or(found);
        let area = |id: u32| {
            let field = self.field(id);
            field.and_then(|field| field.redefines).unwrap_or(id)
        };
        // Views follow each other, so the last brother says whether anything else came between.
        let brothers = placed.ids.iter().rev();
        let between: Vec<u32> = brothers
            .copied()
            .take_while(|id| area(*id) != base)
            .collect();
        // A brother with a fault may be one more view.
        if between.iter().any(|id| self.storage.broken.contains(id)) {
            return None;
        }
        let first = between.last().and_then(|id| self.field(*id));
        if let Some(between) = first.map(|field| field.name.clone()) {
            self.fault_with(
                span,
                format!(
                    "REDEFINES {name}: {between} stands between them and has storage of its own"
                ),
                "a REDEFINES follows the field it redefines, or another REDEFINES of that field",
            );
            return None;
        }
        Some(base)
    }

    /// The name, or the next free `FILLER-n`.
    pub(super) fn name(&mut self, item: &Item) -> String {
        if let Some(name) = item.name() {
            if crate::value::is_place(name) {
                let message = format!(
                    "{name} is how `_raw` names a place in the record: a field cannot have this name"
                );
                self.not_supported(item.span(), message);
            }
            return name.to_owned();
        }
        loop {
            self.fillers = self.fillers.saturating_add(1);
            let name = format!("FILLER-{}", self.fillers);
            if !self.taken.contains(name.as_str()) {
                return name;
            }
        }
    }

    /// Whether a SYNCHRONIZED clause on a group means all items below it: on an 01, as z/OS has it.
    pub(super) fn all_synchronized(&self, item: &Item) -> bool {
        let own = item.synchronized.is_some() && !item.children().is_empty();
        own && item.level() == 1 && self.rules.dialect != Dialect::GnuCobol
    }

    /// Clauses of a group that are for elementary items.
    pub(super) fn group_usage(&mut self, item: &Item) {
        // GnuCOBOL takes it and does nothing about it.
        let ignored = self.rules.dialect == Dialect::GnuCobol || self.all_synchronized(item);
        if let Some(span) = item.synchronized.filter(|_| !ignored) {
            self.faults.push(
                CopybookError::new(
                    CopybookErrorKind::NotSupported,
                    self.file,
                    span,
                    "SYNCHRONIZED is for elementary items and for an 01",
                )
                .with_help("write SYNCHRONIZED on each elementary item it is meant for"),
            );
        }
        for (span, clause) in [
            (item.justified, "JUSTIFIED"),
            (item.blank_when_zero, "BLANK WHEN ZERO"),
        ] {
            if let Some(span) = span {
                self.fault(
                    span,
                    format!(
                        "{clause} is for elementary items, and {} is a group",
                        shown(item)
                    ),
                );
            }
        }
    }
}
