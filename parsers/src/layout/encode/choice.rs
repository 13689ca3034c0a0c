//! A place with several views: the one that is given, or the one that the record types choose.
//!
//! In: the values of the group around it. Out: the view's bytes. Runs after the group's other members, so that the
//! fields that discriminate are there.

use super::Encoder;
use crate::codec::Bad;
use crate::error::{FieldError, FieldErrorKind};
use crate::layout::field::{Field, to_usize};
use crate::layout::program::{Choice, View};
use crate::layout::select::{self, Test};
use crate::layout::walk::Frame;
use crate::value::{Group, Value};

impl Encoder<'_> {
    /// `shift` is what the tables before the choice lack.
    pub(super) fn choice(
        &mut self,
        choice: &Choice,
        shift: usize,
        values: Option<&Group>,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        self.aside(shift, |encoder| encoder.given(choice, values, frame))
    }

    /// Writes something that is behind less of what tables lack than what follows it.
    pub(super) fn aside<E>(
        &mut self,
        shift: usize,
        write: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let (after, lost) = (self.place.shift, self.place.lost);
        (self.place.shift, self.place.lost) = (shift, false);
        let done = write(self);
        // What follows the choice stands where it stood without it.
        self.place.shift = after;
        self.place.lost |= lost;
        done
    }

    fn given(
        &mut self,
        choice: &Choice,
        values: Option<&Group>,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        let layout = self.layout;
        let label = |id: u32| layout.fields.get(to_usize(id)).map_or("", Field::label);
        let given = |id: u32| values.and_then(|values| values.get(label(id)));
        let present = |id: u32| given(id).is_some_and(|value| *value != Value::Null);
        let Some(first) = choice.views.first() else {
            return Ok(());
        };
        // No view could be read: the bytes are all there is. Not so where they are an item's own, which a policy read as null: then what
        // is behind them in the area has its own place.
        let ruled = !choice.rules.is_empty();
        let own = layout.program.leaf_of(first.field).filter(|_| !ruled);
        if !choice.views.iter().any(|view| present(view.field))
            && given(first.field) == Some(&Value::Null)
            && let Some(bytes) = self.residue_of(self.field(first.field), frame)
            && own.is_none_or(|leaf| to_usize(leaf.len) != bytes.len())
        {
            let start = self.place.start(frame, choice.offset);
            self.put(start, bytes);
            if choice.variable {
                self.length = start.saturating_add(bytes.len());
                self.place.lost = true;
            }
            return Ok(());
        }
        // A view that a policy reads as null governs all the same where its bytes are kept, unless another was edited.
        let kept = choice.views.iter().filter(|_| !ruled).find(|view| {
            let null = given(view.field) == Some(&Value::Null);
            let bytes = self
                .residue_of(self.field(view.field), frame)
                .filter(|_| null);
            bytes.is_some_and(|bytes| {
                let other = choice.views.iter().find(|view| present(view.field));
                other.is_none_or(|other| {
                    let leaf = layout.program.leaf_of(other.field);
                    leaf.zip(given(other.field)).is_none_or(|(leaf, value)| {
                        let bytes = bytes.get(..to_usize(leaf.len)).unwrap_or(bytes);
                        self.reads_as(leaf, bytes, value)
                    })
                })
            })
        });
        self.views(choice, kept, &present, frame, |encoder, view| {
            let (from, to) = (to_usize(view.body.0), to_usize(view.body.1));
            encoder.members(from, to, values, frame)
        })
    }

    /// Writes the view that is to be kept; or the one that is given; else, by rules, the one that the fields before it
    /// choose. A view may hold its own discriminating field, so whether it is the right one shows when it is written.
    pub(super) fn views<E: From<FieldError>>(
        &mut self,
        choice: &Choice,
        kept: Option<&View>,
        present: &dyn Fn(u32) -> bool,
        frame: &Frame<'_>,
        write: impl FnOnce(&mut Self, &View) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(first) = choice.views.first() else {
            return Ok(());
        };
        let ruled = !choice.rules.is_empty();
        let chosen = |encoder: &Self| {
            let place = |test: &Test| encoder.test(test, frame);
            let view = select::choose(&choice.rules, &encoder.out, &place)?;
            choice.views.get(view)
        };
        let given = kept.or_else(|| choice.views.iter().find(|view| present(view.field)));
        let view = given.or_else(|| if ruled { chosen(self) } else { Some(first) });
        if let Some(view) = view {
            let shift = self.place.shift;
            write(self, view)?;
            if choice.variable && !self.place.lost {
                let end = self.place.start(frame, view.fixed_end);
                self.length = self.length.max(end);
            }
            let end = view.loose_end.map(|end| self.place.start(frame, end));
            self.place.shift = shift;
            if let Some(end) = end.filter(|_| !self.place.lost) {
                let area = self.place.start(frame, choice.end);
                self.gap(end, area.saturating_sub(end), self.layout.page.blank());
            }
        }
        if !ruled {
            return Ok(());
        }
        let chosen = chosen(self);
        let other = choice.views.iter().find(|view| {
            present(view.field) && chosen.is_none_or(|chosen| chosen.field != view.field)
        });
        let message = match (chosen, other) {
            (Some(_), None) => return Ok(()),
            (Some(chosen), Some(_)) => {
                let name = self.field(chosen.field).name();
                format!(
                    "a value for a view that does not hold: {} chooses {name}",
                    self.discriminators(choice, frame)
                )
            }
            (None, _) => format!(
                "no record type of the meaning fits: {}",
                self.discriminators(choice, frame)
            ),
        };
        let field = self.field(other.unwrap_or(first).field);
        let bad = Bad::new(FieldErrorKind::RecordType, message);
        Err(self.fault(field, frame, bad).into())
    }

    fn discriminators(&self, choice: &Choice, frame: &Frame<'_>) -> String {
        let place = |test: &Test| self.test(test, frame);
        select::shown(&choice.rules, &self.layout.fields, &self.out, &place)
    }

    /// Where the field of a test stands; all that are in this occurrence are written by now.
    fn test(&self, test: &Test, frame: &Frame<'_>) -> usize {
        let marked = self.layout.program.slot(test.field);
        marked
            .and_then(|slot| self.place.marked(slot))
            .unwrap_or_else(|| {
                let base = frame.base_of(test.tables);
                base.saturating_add(to_usize(test.offset))
            })
    }
}
