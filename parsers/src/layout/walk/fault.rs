//! Fields that are not there or do not decode, in a walk.
//!
//! In: the field and what is wrong. Out: the visitor's call with the error, and its bytes as residue; a table or view
//! whose extent cannot be told takes all that is behind it along.

use super::{Frame, Walker};
use crate::codec::Bad;
use crate::error::{FieldError, FieldErrorKind};
use crate::layout::field::{Field, to_usize};
use crate::layout::options::{LowValueText, Short};
use crate::layout::program::Leaf;
use crate::visitor::Visitor;

impl Walker<'_> {
    #[cold]
    pub(super) fn short<V: Visitor>(
        &mut self,
        leaf: &Leaf,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        self.doubt
            .set(self.doubt.get() || self.layout.program.branches());
        let field = self.field(leaf.field);
        let start = self.place.start(frame, leaf.offset);
        let rest = self.record.get(start..).unwrap_or_default();
        let message = crate::error::ends_early(self.record.len(), to_usize(leaf.len));
        let path = self.path(field, frame);
        let error = FieldError::at(FieldErrorKind::Short, path.as_str(), start, rest, message);
        if V::RAW {
            visitor.raw(field, start, rest);
        }
        let begins = start <= self.record.len();
        if self.layout.policy.short == Short::Error {
            visitor.invalid(field, error, rest)?;
        } else if !leaf.hidden {
            let nothing =
                rest.is_empty() && self.layout.policy.text.low_values == LowValueText::Null;
            let shown =
                begins && !nothing && leaf.may_be_cut() && self.scalar(leaf, rest, visitor).is_ok();
            if !shown {
                visitor.null(field);
            }
        }
        if V::RESIDUE && self.quiet == 0 {
            if let Some(null) = &leaf.null {
                self.not_null(null, start, to_usize(leaf.len), frame, visitor);
            }
            visitor.residue(&path, rest);
        }
        Ok(())
    }

    #[cold]
    pub(in crate::layout) fn invalid<V: Visitor>(
        &self,
        leaf: &Leaf,
        bytes: &[u8],
        bad: Bad,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let field = self.field(leaf.field);
        let start = self.place.start(frame, leaf.offset);
        let path = self.path(field, frame);
        let error = FieldError::at(bad.kind, path.as_str(), start, bytes, bad.message);
        visitor.invalid(field, error, bytes)?;
        if V::RESIDUE && self.quiet == 0 {
            visitor.residue(&path, bytes);
        }
        Ok(())
    }

    /// From here on the structure of the record is not known.
    #[cold]
    pub(in crate::layout) fn unknown<V: Visitor>(
        &mut self,
        field: &Field,
        start: usize,
        error: FieldError,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        self.place.lost = true;
        self.length = start.max(self.record.len());
        self.rest(field, start, error, frame, visitor)
    }

    /// All to the end of the record in place of a field.
    #[cold]
    pub(super) fn rest<V: Visitor>(
        &self,
        field: &Field,
        start: usize,
        error: FieldError,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        self.doubt.set(true);
        let rest = self.record.get(start..).unwrap_or_default();
        if V::RAW {
            visitor.raw(field, start, rest);
        }
        visitor.invalid(field, error, rest)?;
        if V::RESIDUE && self.quiet == 0 {
            visitor.residue(&self.path(field, frame), rest);
        }
        Ok(())
    }
}
