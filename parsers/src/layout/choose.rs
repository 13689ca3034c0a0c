//! A place with several views: which of them are walked.
//!
//! In: a choice of the program. Out: the walk of the view that the record types choose; without rules, of every view
//! that decodes, the first of which governs (its residue is kept, and it is the one that is encoded).

use super::field::to_usize;
use super::program::Choice;
use super::scalar::Probe;
use super::select;
use super::walk::{Frame, Walker};
use crate::error::{FieldError, FieldErrorKind};
use crate::visitor::Visitor;

impl Walker<'_> {
    pub(super) fn choice<V: Visitor>(
        &mut self,
        choice: &Choice,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let length = self.length;
        if !choice.rules.is_empty() {
            let base = |tables| frame.base_of(tables);
            let Some(view) = select::choose(&choice.rules, self.record, &base) else {
                return self.no_record_type(choice, frame, visitor);
            };
            return match choice.views.get(view) {
                Some(view) => self.view(choice, view.body, view.fixed_end, frame, visitor),
                None => Ok(()),
            };
        }
        let mut first: Option<FieldError> = None;
        let mut governed = false;
        for view in &choice.views {
            let needed = frame.base.saturating_add(to_usize(view.fixed_end));
            if !(view.sure && needed <= self.record.len())
                && let Err(error) = self.probe(view.body, frame)
            {
                first.get_or_insert(error);
                continue;
            }
            if governed {
                let length = self.length;
                self.quiet = self.quiet.saturating_add(1);
                let done = self.view(choice, view.body, view.fixed_end, frame, visitor);
                self.quiet = self.quiet.saturating_sub(1);
                self.length = length;
                done?;
            } else {
                governed = true;
                self.view(choice, view.body, view.fixed_end, frame, visitor)?;
            }
        }
        match first {
            Some(error) if !governed => {
                self.length = length;
                self.no_view(choice, error, frame, visitor)
            }
            _ => Ok(()),
        }
    }

    fn view<V: Visitor>(
        &mut self,
        choice: &Choice,
        body: (u32, u32),
        fixed_end: u32,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        if choice.variable {
            self.length = self
                .length
                .max(frame.base.saturating_add(to_usize(fixed_end)));
        }
        self.run(to_usize(body.0), to_usize(body.1), frame, visitor)
    }

    /// Whether a view decodes.
    fn probe(&mut self, body: (u32, u32), frame: &Frame<'_>) -> Result<(), FieldError> {
        let length = self.length;
        let done = self.run(to_usize(body.0), to_usize(body.1), frame, &mut Probe);
        self.length = length;
        done
    }

    #[cold]
    fn no_record_type<V: Visitor>(
        &mut self,
        choice: &Choice,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let layout = self.layout;
        let base = |tables| frame.base_of(tables);
        let message = format!(
            "no record type of the meaning fits: {}",
            select::shown(&choice.rules, &layout.fields, self.record, &base)
        );
        let first = choice.views.first().map_or(0, |view| view.field);
        let start = frame.base.saturating_add(to_usize(choice.offset));
        let rest = self.record.get(start..).unwrap_or_default();
        let error = FieldError::at(
            FieldErrorKind::RecordType,
            self.path(self.field(first), frame),
            start,
            rest,
            message,
        );
        self.no_view(choice, error, frame, visitor)
    }

    /// None of the views: the bytes of the place are kept under its first field.
    #[cold]
    fn no_view<V: Visitor>(
        &mut self,
        choice: &Choice,
        error: FieldError,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let field = self.field(choice.views.first().map_or(0, |view| view.field));
        let start = frame.base.saturating_add(to_usize(choice.offset));
        if choice.variable {
            return self.unknown(field, start, error, frame, visitor);
        }
        let end = frame
            .base
            .saturating_add(to_usize(choice.end))
            .min(self.record.len());
        let bytes = self.record.get(start..end).unwrap_or_default();
        visitor.invalid(field, error, bytes)?;
        if V::RESIDUE && self.quiet == 0 {
            visitor.residue(&self.path(field, frame), bytes);
        }
        Ok(())
    }
}
