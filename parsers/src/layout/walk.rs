//! A record through the program to a visitor: the one place where record bytes become values.
//!
//! In: a compiled layout, a record, a [`Visitor`]. Out: its calls. Allocates nothing for a field that decodes; paths
//! with subscripts are put together only for residue and faults.

use super::Layout;
use super::field::{Field, to_usize};
use super::program::{Leaf, Op};
use super::select;
use crate::codec::{Bad, Codec, NO_DIGITS};
use crate::error::{FieldError, FieldErrorKind};
use crate::visitor::Visitor;

/// Where in which tables the walk is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// Displacement of all tables together.
    pub(crate) base: usize,
    /// Occurrence of the innermost table, from 1.
    pub(crate) subscript: u32,
    /// How many tables.
    pub(crate) tables: u16,
    pub(crate) around: Option<&'a Frame<'a>>,
}

impl Frame<'_> {
    pub(crate) const ROOT: Frame<'static> = Frame {
        base: 0,
        subscript: 0,
        tables: 0,
        around: None,
    };

    /// Subscripts, outermost first.
    pub(crate) fn subscripts(&self) -> Vec<u32> {
        let mut found = Vec::new();
        let mut at = Some(self);
        while let Some(frame) = at.filter(|frame| frame.tables > 0) {
            found.push(frame.subscript);
            at = frame.around;
        }
        found.reverse();
        found
    }

    /// The displacement of the outermost `tables` tables.
    pub(crate) fn base_of(&self, tables: u16) -> usize {
        let mut at = self;
        while at.tables > tables
            && let Some(around) = at.around
        {
            at = around;
        }
        at.base
    }
}

pub(crate) struct Walker<'a> {
    pub(super) layout: &'a Layout,
    pub(super) record: &'a [u8],
    /// Canonical length of the record, as far as is known.
    pub(crate) length: usize,
    /// Above 0: in a view that does not govern, whose residue is another's.
    pub(super) quiet: u32,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(layout: &'a Layout, record: &'a [u8]) -> Walker<'a> {
        let length = to_usize(layout.program.fixed_end);
        Walker {
            layout,
            record,
            length,
            quiet: 0,
        }
    }

    /// The whole record, with what lies beyond the layout.
    pub(crate) fn record<V: Visitor>(&mut self, visitor: &mut V) -> Result<(), FieldError> {
        self.run(0, self.layout.program.ops.len(), &Frame::ROOT, visitor)?;
        if V::RESIDUE {
            match self.record.get(self.length..) {
                Some([]) => {}
                Some(beyond) => visitor.residue(&format!("@{}", self.length), beyond),
                // Shorter than canonical, with no field missing: a view that does not fill its area.
                None => {
                    let length = u32::try_from(self.record.len()).unwrap_or(u32::MAX);
                    visitor.residue("@length", &length.to_be_bytes());
                }
            }
        }
        Ok(())
    }

    pub(super) fn field(&self, id: u32) -> &'a Field {
        // Ids in ops are positions in `fields`; the first one stands in for an id that cannot be.
        self.layout
            .fields
            .get(to_usize(id))
            .unwrap_or(&self.layout.nothing)
    }

    pub(crate) fn path(&self, field: &Field, frame: &Frame<'_>) -> String {
        crate::path::with_subscripts(&self.layout.fields, field, &frame.subscripts())
    }

    pub(crate) fn run<V: Visitor>(
        &mut self,
        from: usize,
        to: usize,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let layout = self.layout;
        let ops = &layout.program.ops;
        let mut at = from;
        while let Some(op) = ops.get(at).filter(|_| at < to) {
            at = at.saturating_add(1);
            match op {
                Op::Leaf(leaf) => {
                    if let Some(leaf) = layout.program.leaves.get(to_usize(*leaf)) {
                        self.leaf(leaf, frame, visitor)?;
                    }
                }
                Op::GroupStart { field, .. } => {
                    let field = self.field(*field);
                    if V::RAW {
                        let start = frame.base.saturating_add(field.offset());
                        let end = start.saturating_add(field.len()).min(self.record.len());
                        visitor.raw(field, self.record.get(start..end).unwrap_or_default());
                    }
                    visitor.group_start(field);
                }
                Op::GroupEnd { field } => visitor.group_end(self.field(*field)),
                Op::Array { field, end } => {
                    let end = to_usize(*end);
                    self.array(*field, at, end, frame, visitor)?;
                    at = end;
                }
                Op::Choice { choice, end } => {
                    if let Some(choice) = layout.program.choices.get(to_usize(*choice)) {
                        self.choice(choice, frame, visitor)?;
                    }
                    at = to_usize(*end);
                }
                Op::Gap { offset, len, fill } => {
                    if V::RESIDUE && self.quiet == 0 {
                        self.gap(*offset, *len, *fill, frame, visitor);
                    }
                }
            }
        }
        Ok(())
    }

    fn gap<V: Visitor>(&self, offset: u32, len: u32, fill: u8, frame: &Frame<'_>, visitor: &mut V) {
        let start = frame.base.saturating_add(to_usize(offset));
        let end = start.saturating_add(to_usize(len)).min(self.record.len());
        if let Some(bytes) = self.record.get(start..end)
            && bytes.iter().any(|byte| *byte != fill)
        {
            visitor.residue(&format!("@{start}"), bytes);
        }
    }

    #[inline]
    pub(super) fn leaf<V: Visitor>(
        &mut self,
        leaf: &Leaf,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let Some(bytes) = select::bytes_at(self.record, frame.base, leaf.offset, leaf.len) else {
            return self.short(leaf, frame, visitor);
        };
        let field = self.field(leaf.field);
        if leaf.hidden {
            if V::RESIDUE && self.quiet == 0 && *bytes != *leaf.initial {
                visitor.residue(&self.path(field, frame), bytes);
            }
            return Ok(());
        }
        if V::RAW {
            visitor.raw(field, bytes);
        }
        let canonical = match self.scalar(leaf, bytes, visitor) {
            Ok(canonical) => canonical,
            Err(bad) => return self.invalid(leaf, bytes, bad, frame, visitor),
        };
        if V::RESIDUE && !canonical && self.quiet == 0 {
            visitor.residue(&self.path(field, frame), bytes);
        }
        Ok(())
    }

    #[cold]
    fn short<V: Visitor>(
        &self,
        leaf: &Leaf,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let field = self.field(leaf.field);
        let start = frame.base.saturating_add(to_usize(leaf.offset));
        let rest = self.record.get(start..).unwrap_or_default();
        let message = format!(
            "the record ends at byte {}: wanted {} bytes here",
            self.record.len(),
            leaf.len
        );
        let path = self.path(field, frame);
        let error = FieldError::at(FieldErrorKind::Short, path.as_str(), start, rest, message);
        if V::RAW {
            visitor.raw(field, rest);
        }
        visitor.invalid(field, error, rest)?;
        if V::RESIDUE && self.quiet == 0 {
            visitor.residue(&path, rest);
        }
        Ok(())
    }

    #[cold]
    fn invalid<V: Visitor>(
        &self,
        leaf: &Leaf,
        bytes: &[u8],
        bad: Bad,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let field = self.field(leaf.field);
        let start = frame.base.saturating_add(to_usize(leaf.offset));
        let path = self.path(field, frame);
        let error = FieldError::at(bad.kind, path.as_str(), start, bytes, bad.message);
        visitor.invalid(field, error, bytes)?;
        if V::RESIDUE && self.quiet == 0 {
            visitor.residue(&path, bytes);
        }
        Ok(())
    }

    fn array<V: Visitor>(
        &mut self,
        id: u32,
        from: usize,
        to: usize,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let field = self.field(id);
        let Some(occurs) = field.occurs else {
            return Ok(());
        };
        let start = frame.base.saturating_add(field.offset());
        let count = match occurs.depending_on {
            None => occurs.max,
            Some(counter) => match self.count(counter, field, occurs.min, occurs.max) {
                Ok(count) => count,
                Err(error) => return self.unknown(field, start, error, frame, visitor),
            },
        };
        let stride = to_usize(occurs.stride);
        let last = start.saturating_add(stride.saturating_mul(to_usize(count.saturating_sub(1))));
        if count > 0 && last >= self.record.len() {
            let message = format!(
                "the record ends at byte {}, and {count} occurrences are wanted",
                self.record.len()
            );
            let rest = self.record.get(start..).unwrap_or_default();
            let path = self.path(field, frame);
            let error = FieldError::at(FieldErrorKind::Short, path, start, rest, message);
            return self.unknown(field, start, error, frame, visitor);
        }
        if occurs.depending_on.is_some() {
            self.length = self
                .length
                .max(start.saturating_add(stride.saturating_mul(to_usize(count))));
        }
        if !field.hidden {
            visitor.array_start(field, to_usize(count));
        }
        for index in 0..count {
            let inner = Frame {
                base: frame
                    .base
                    .saturating_add(stride.saturating_mul(to_usize(index))),
                subscript: index.saturating_add(1),
                tables: frame.tables.saturating_add(1),
                around: Some(frame),
            };
            self.run(from, to, &inner, visitor)?;
        }
        if !field.hidden {
            visitor.array_end(field);
        }
        Ok(())
    }

    /// The value of an OCCURS DEPENDING ON counter, within its bounds.
    pub(crate) fn count(
        &self,
        counter: u32,
        table: &Field,
        min: u32,
        max: u32,
    ) -> Result<u32, FieldError> {
        let field = self.field(counter);
        let layout = self.layout;
        let leaf = layout
            .program
            .leaf_of
            .get(to_usize(counter))
            .and_then(|leaf| layout.program.leaves.get(to_usize((*leaf)?)));
        let codec = leaf.map_or(Codec::Bytes, |leaf| leaf.codec);
        let found = select::bytes_at(self.record, 0, field.offset, field.len);
        let bytes = found.unwrap_or_default();
        let fault = |kind, message: String| {
            FieldError::at(kind, field.path(), field.offset(), bytes, message)
        };
        if found.is_none() {
            let message = format!("the record ends at byte {}", self.record.len());
            return Err(fault(FieldErrorKind::Short, message));
        }
        let mut digits = NO_DIGITS;
        let number = match codec.number(bytes, &mut digits) {
            Ok((number, _)) => number.decimal(),
            Err(bad) => return Err(fault(bad.kind, bad.message)),
        };
        let count = number.to_i128().and_then(|count| u32::try_from(count).ok());
        count
            .filter(|count| (min..=max).contains(count))
            .ok_or_else(|| {
                let message = format!(
                    "{number} occurrences of {}: wanted {min} to {max}",
                    table.name
                );
                fault(FieldErrorKind::Count, message)
            })
    }

    /// From here on the structure of the record is not known.
    #[cold]
    pub(super) fn unknown<V: Visitor>(
        &mut self,
        field: &Field,
        start: usize,
        error: FieldError,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let rest = self.record.get(start..).unwrap_or_default();
        visitor.invalid(field, error, rest)?;
        if V::RESIDUE && self.quiet == 0 {
            visitor.residue(&self.path(field, frame), rest);
        }
        self.length = self.length.max(self.record.len());
        Ok(())
    }
}
