//! Single fields of a record: the key, and a field by its path.
//!
//! In: a record. Out: the key's canonical bytes, or the walk of one field alone; the rest of the record need not
//! decode.

use super::field::to_usize;
use super::probe::Checked;
use super::program::{Choice, Leaf, Op};
use super::scalar_write::write;
use super::select::{self, Test};
use super::walk::{Frame, Walker};
use crate::codec::Bad;
use crate::error::{FieldError, FieldErrorKind};
use crate::visitor::Visitor;

impl Walker<'_> {
    /// Checks that the record is of a type that has the key's fields.
    pub(super) fn has_key(&mut self) -> Result<(), FieldError> {
        let layout = self.layout;
        for (choice, view) in &layout.key_views {
            let Some(choice) = layout.program.choices.get(to_usize(*choice)) else {
                continue;
            };
            let starts = self.starts_of(choice)?;
            let place = |test: &Test| start_of(&starts, test);
            if select::choose(&choice.rules, self.record, &place) != Some(*view) {
                let name = choice
                    .views
                    .get(*view)
                    .map_or("", |view| self.field(view.field).name());
                let found = select::shown(&choice.rules, &layout.fields, self.record, &place);
                let message = format!("a record without {name}, where the key is: {found}");
                let path = layout
                    .key
                    .first()
                    .map_or("", crate::path::FieldPath::as_str);
                return Err(FieldError::at(
                    FieldErrorKind::RecordType,
                    path,
                    to_usize(choice.offset),
                    &[],
                    message,
                ));
            }
        }
        Ok(())
    }

    /// Whether the record has these views, each by the rules that choose there; `None` where no rule holds.
    pub(super) fn has_views(&mut self, views: &[(u32, usize)]) -> Result<Option<bool>, FieldError> {
        let layout = self.layout;
        for (choice, view) in views {
            let Some(choice) = layout.program.choices.get(to_usize(*choice)) else {
                return Ok(None);
            };
            let starts = self.starts_of(choice)?;
            let place = |test: &Test| start_of(&starts, test);
            match select::choose(&choice.rules, self.record, &place) {
                None => return Ok(None),
                Some(chosen) if chosen != *view => return Ok(Some(false)),
                Some(_) => {}
            }
        }
        Ok(Some(true))
    }

    /// Where the fields that a choice's rules test begin, if that is not the same in all records.
    fn starts_of(&mut self, choice: &Choice) -> Result<Vec<(u32, usize)>, FieldError> {
        let mut starts = Vec::new();
        if self.layout.program.moving {
            for test in choice.rules.iter().flat_map(|rule| &rule.tests) {
                starts.push((test.field, self.start_of(test.field)?));
            }
        }
        Ok(starts)
    }

    /// Appends the canonical bytes of a key field.
    pub(super) fn canonical(&mut self, leaf: &Leaf, out: &mut Vec<u8>) -> Result<(), FieldError> {
        let field = self.field(leaf.field);
        let start = self.start_of(leaf.field)?;
        let fault = |bad: Bad, bytes: &[u8]| {
            FieldError::at(bad.kind, field.path(), start, bytes, bad.message)
        };
        if field.moving {
            // As long as it is: its length stands before it.
            let value = self.varying_bytes(leaf, start);
            let bytes = value.map_err(|(kind, message)| fault(Bad::new(kind, message), &[]))?;
            out.extend_from_slice(bytes);
            return Ok(());
        }
        let null = leaf.null.as_deref();
        if null.is_some_and(|null| self.is_null(null, start, to_usize(leaf.len))) {
            let len = out.len().saturating_add(to_usize(leaf.len));
            out.resize(len, 0xff);
            return Ok(());
        }
        let Some(bytes) = select::bytes_at(self.record, start, leaf.len) else {
            let message = crate::error::ends_early(self.record.len(), to_usize(leaf.len));
            let rest = self.record.get(start..).unwrap_or_default();
            return Err(fault(Bad::new(FieldErrorKind::Short, message), rest));
        };
        let mut seen = Checked;
        if self
            .scalar(leaf, bytes, &mut seen)
            .map_err(|bad| fault(bad, bytes))?
        {
            out.extend_from_slice(bytes);
            return Ok(());
        }
        let value = crate::value::scalar(self, leaf, bytes).unwrap_or(crate::Value::Null);
        let at = out.len();
        out.resize(at.saturating_add(bytes.len()), 0);
        let place = out.get_mut(at..).unwrap_or_default();
        write(leaf, &value, &self.layout.policy, place).map_err(|bad| fault(bad, bytes))
    }

    /// The ops of one field, at the occurrence its subscripts say.
    pub(super) fn one<V: Visitor>(
        &mut self,
        path: &crate::path::FieldPath,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let layout = self.layout;
        let wanted = path.field;
        if let Some(view) = layout.view_of(wanted) {
            return self.renamed(view, visitor);
        }
        let whole = layout.collapsed && wanted == 0;
        let ops = &layout.program.ops;
        let found = ops.iter().position(|op| self.is_of(op, wanted));
        let (from, to) = match (found, found.and_then(|at| ops.get(at))) {
            (Some(at), Some(Op::GroupStart { end, .. })) => (at, to_usize(*end)),
            (Some(at), Some(_)) => (at, at.saturating_add(1)),
            _ if whole => (0, ops.len()),
            _ => return Ok(()),
        };
        if layout.program.moving || layout.program.is_marked() {
            let mut place =
                |walker: &mut Walker<'_>, frame: &Frame<'_>| walker.run(from, to, frame, visitor);
            return match whole {
                true => self.run(from, to, &Frame::ROOT, visitor),
                false => self.seek(wanted, &path.subscripts, &mut place),
            };
        }
        let strides = layout.strides(wanted);
        let one = [1u32];
        let subscripts = path.subscripts.iter().chain(one.iter().cycle());
        let mut base = 0usize;
        for (stride, subscript) in strides.iter().zip(subscripts) {
            let index = to_usize(subscript.saturating_sub(1));
            base = base.saturating_add(to_usize(*stride).saturating_mul(index));
        }
        let subscript = path.subscripts.last().copied().unwrap_or(1);
        let frame = match strides.len() {
            0 => Frame::ROOT,
            // Faults name the innermost subscript only; the path asked for names them all.
            _ => Frame {
                base,
                subscript,
                tables: 1,
                around: None,
            },
        };
        self.run(from, to, &frame, visitor)
    }
}

fn start_of(starts: &[(u32, usize)], test: &Test) -> usize {
    let start = starts.iter().find(|(field, _)| *field == test.field);
    start.map_or(to_usize(test.offset), |(_, start)| *start)
}
