//! Which record types stand below which: `parent` and `list` of `[record_types]`.
//!
//! In: the rules and the types made from them. Out: parents and names of lists on the types, or faults: a parent that
//! is no type, one below itself, a list whose name something else has. [`crate::hierarchy`] puts records together by it.

use std::collections::HashSet;

use super::resolve::Resolver;
use super::select::RecordType;
use crate::error::CopybookErrorKind;

impl Resolver<'_> {
    pub(super) fn parents(&mut self, types: &mut [RecordType]) {
        let rules = self.rules;
        // Two lists, or a list and a field, of one name could not be told apart.
        let mut taken: HashSet<(Option<usize>, String)> = HashSet::new();
        for (index, rule) in rules.types.iter().enumerate() {
            let Some(parent) = &rule.parent else {
                if let Some(list) = &rule.list {
                    let message = "`list` goes with `parent`: it is what the list is called there";
                    self.fault(CopybookErrorKind::Meaning, list.span, message);
                }
                continue;
            };
            let found = types.iter().position(|kind| kind.name == parent.value);
            let Some(found) = found else {
                let message = format!("no record type `{}` in [record_types]", parent.value);
                self.fault(CopybookErrorKind::Meaning, parent.span, message);
                continue;
            };
            if types.get(index).is_some_and(|kind| {
                // A test of a field with a fault is not made.
                let untold = kind.tests.is_empty() && self.storage.broken.is_empty();
                untold || kind.tests.iter().any(|test| test.tables > 0)
            }) {
                let message = format!(
                    "{}: a type with a parent is told by fields that are in no table",
                    rule.name.value
                );
                self.fault(CopybookErrorKind::Meaning, parent.span, message);
                continue;
            }
            let list = rule.list.as_ref().unwrap_or(&rule.name);
            let field = self
                .fields
                .iter()
                .any(|field| !field.hidden && field.depth <= 1 && field.label == list.value);
            if list.value.is_empty() || list.value.starts_with('_') {
                let message = "wanted a name that does not begin with `_`: those are ours";
                self.fault(CopybookErrorKind::Meaning, list.span, message);
            } else if field || !taken.insert((Some(found), list.value.clone())) {
                let message = format!(
                    "`{}` is the name of something else in {}: give the list another one with `list`",
                    list.value, parent.value
                );
                self.fault(CopybookErrorKind::Meaning, list.span, message);
            }
            if let Some(kind) = types.get_mut(index) {
                kind.parent = Some(found);
                kind.list.clone_from(&list.value);
            }
        }
        for (index, rule) in rules.types.iter().enumerate() {
            let mut at = Some(index);
            let mut steps = 0;
            while let Some(kind) = at.and_then(|at| types.get(at)) {
                at = kind.parent;
                steps = usize::saturating_add(steps, 1);
                if steps > types.len() {
                    break;
                }
            }
            if let Some(parent) = rule.parent.as_ref().filter(|_| steps > types.len()) {
                let message = format!("{} would stand below itself", rule.name.value);
                self.fault(CopybookErrorKind::Meaning, parent.span, message);
            }
        }
    }
}
