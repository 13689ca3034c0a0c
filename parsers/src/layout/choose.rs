//! A place with several views: which of them are walked.
//!
//! In: a choice of the program. Out: the walk of the view that the record types choose; without rules, of every view
//! that decodes, the first of which governs (its residue is kept, and it is the one that is encoded).

use super::field::to_usize;
use super::probe::Probe;
use super::program::{Choice, View};
use super::select::{self, Test};
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
        if !choice.rules.is_empty() {
            let place = |test: &Test| self.test(test, choice, frame);
            let Some(view) = select::choose(&choice.rules, self.record, &place) else {
                return self.no_record_type(choice, frame, visitor);
            };
            return match choice.views.get(view) {
                Some(view) => self.view(choice, view, frame, visitor),
                None => Ok(()),
            };
        }
        let mut first: Option<FieldError> = None;
        let mut governed = false;
        for view in &choice.views {
            let needed = self.place.start(frame, view.fixed_end);
            if !(view.sure && needed <= self.record.len())
                && let Err(error) = self.probe(view.body, frame)
            {
                first.get_or_insert(error);
                continue;
            }
            if governed {
                let length = self.length;
                self.quiet = self.quiet.saturating_add(1);
                let done = self.view(choice, view, frame, visitor);
                self.quiet = self.quiet.saturating_sub(1);
                self.length = length;
                done?;
            } else {
                governed = true;
                self.view(choice, view, frame, visitor)?;
            }
        }
        match first {
            Some(error) if !governed => self.no_view(choice, error, frame, visitor),
            _ => Ok(()),
        }
    }

    fn view<V: Visitor>(
        &mut self,
        choice: &Choice,
        view: &View,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let shift = self.place.shift;
        self.run(to_usize(view.body.0), to_usize(view.body.1), frame, visitor)?;
        if choice.variable {
            let end = self.place.start(frame, view.fixed_end);
            self.length = self.length.max(end);
            // Nothing but other views of the place follows.
            self.place.shift = shift;
            return Ok(());
        }
        let end = view.loose_end.map(|end| self.place.start(frame, end));
        // The area keeps its length whatever its view lacks.
        self.place.shift = shift;
        if let Some(end) = end.filter(|_| V::RESIDUE && self.quiet == 0 && !self.place.lost) {
            let area = self.place.start(frame, choice.end);
            self.loose(end, area, self.layout.page.blank(), visitor);
        }
        Ok(())
    }

    /// Where the field of a test stands.
    fn test(&self, test: &Test, choice: &Choice, frame: &Frame<'_>) -> usize {
        let Some(slot) = self.layout.program.slot(test.field) else {
            let base = frame.base_of(test.tables);
            return base.saturating_add(to_usize(test.offset));
        };
        let last = choice
            .views
            .last()
            .map_or(0, |view| self.field(view.field).end);
        match self.place.marked(slot).filter(|_| test.field < last) {
            Some(start) => start,
            // It comes later in the record: the places in between are found on the side.
            None => self.ahead(test, frame),
        }
    }

    #[cold]
    fn ahead(&self, test: &Test, frame: &Frame<'_>) -> usize {
        let mut side = Walker::new(self.layout, self.record);
        let mut subscripts = frame.subscripts();
        subscripts.truncate(usize::from(test.tables));
        let mut found = usize::MAX;
        let sought = side.seek(test.field, &subscripts, &mut |walker, frame| {
            found = walker.place.start(frame, test.offset);
            Ok(())
        });
        sought.map_or(usize::MAX, |()| found)
    }

    /// Whether a view decodes.
    fn probe(&mut self, body: (u32, u32), frame: &Frame<'_>) -> Result<(), FieldError> {
        let (length, shift) = (self.length, self.place.shift);
        let done = self.run(to_usize(body.0), to_usize(body.1), frame, &mut Probe);
        (self.length, self.place.shift, self.place.lost) = (length, shift, false);
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
        let place = |test: &Test| self.test(test, choice, frame);
        let message = format!(
            "no record type of the meaning fits: {}",
            select::shown(&choice.rules, &layout.fields, self.record, &place)
        );
        let first = choice.views.first().map_or(0, |view| view.field);
        let start = self.place.start(frame, choice.offset);
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
        self.doubt.set(true);
        let field = self.field(choice.views.first().map_or(0, |view| view.field));
        let start = self.place.start(frame, choice.offset);
        if choice.variable {
            return self.unknown(field, start, error, frame, visitor);
        }
        let end = self.place.start(frame, choice.end).min(self.record.len());
        let bytes = self.record.get(start..end).unwrap_or_default();
        if V::RAW {
            visitor.raw(field, start, bytes);
        }
        visitor.invalid(field, error, bytes)?;
        if V::RESIDUE && self.quiet == 0 {
            visitor.residue(&self.path(field, frame), bytes);
        }
        Ok(())
    }
}
