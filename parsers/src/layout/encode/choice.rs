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

/// A choice that was written before the fields that its rules are about.
pub(super) struct Far<'a> {
    choice: &'a Choice,
    /// The views that were given.
    given: Vec<u32>,
    /// Displacements of the tables around it, none of them first.
    bases: Vec<usize>,
    subscripts: Vec<u32>,
}

impl<'a> Encoder<'a> {
    /// `shift` is what the tables before the choice lack.
    pub(super) fn choice(
        &mut self,
        choice: &'a Choice,
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
        choice: &'a Choice,
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
        choice: &'a Choice,
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
            let place = |test: &Test| encoder.test(test, || frame.base_of(test.tables));
            let view = select::choose(&choice.rules, &encoder.out, &place)?;
            choice.views.get(view)
        };
        let given = kept.or_else(|| choice.views.iter().find(|view| present(view.field)));
        let view = given.or_else(|| match ruled && !choice.far {
            true => chosen(self),
            false => Some(first),
        });
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
        if choice.far {
            let given = choice.views.iter().map(|view| view.field);
            let given = given.filter(|id| present(*id)).collect();
            let bases = (0..=frame.tables).map(|tables| frame.base_of(tables));
            self.far.push(Far {
                choice,
                given,
                bases: bases.collect(),
                subscripts: frame.subscripts(),
            });
            return Ok(());
        }
        let place = |test: &Test| self.test(test, || frame.base_of(test.tables));
        let fault = |field: &Field, bad| self.fault(field, frame, bad);
        Ok(self.holds(choice, present, &place, &fault)?)
    }

    /// Looks at the choices that were written before the fields that their rules are about.
    pub(super) fn settle(&self) -> Result<(), FieldError> {
        self.far.iter().try_for_each(|far| {
            let base = |tables: u16| far.bases.get(usize::from(tables)).copied();
            let place = |test: &Test| self.test(test, || base(test.tables).unwrap_or(usize::MAX));
            let fault = |field: &Field, bad: Bad| {
                let path =
                    crate::path::with_subscripts(&self.layout.fields, field, &far.subscripts);
                FieldError::of_value(bad.kind, path, bad.message)
            };
            let given = |id: u32| far.given.contains(&id);
            self.holds(far.choice, &given, &place, &fault)
        })
    }

    /// Whether the rules choose the view that was given.
    fn holds(
        &self,
        choice: &'a Choice,
        given: &dyn Fn(u32) -> bool,
        place: &dyn Fn(&Test) -> usize,
        fault: &dyn Fn(&Field, Bad) -> FieldError,
    ) -> Result<(), FieldError> {
        let chosen = select::choose(&choice.rules, &self.out, place);
        let chosen = chosen.and_then(|view| choice.views.get(view));
        let other = choice.views.iter().find(|view| {
            given(view.field) && chosen.is_none_or(|chosen| chosen.field != view.field)
        });
        let shown = || select::shown(&choice.rules, &self.layout.fields, &self.out, place);
        let message = match (chosen, other) {
            (Some(_), None) => return Ok(()),
            (Some(chosen), Some(_)) => {
                let name = self.field(chosen.field).name();
                format!(
                    "a value for a view that does not hold: {} chooses {name}",
                    shown()
                )
            }
            (None, _) => format!("no record type of the meaning fits: {}", shown()),
        };
        let Some(view) = other.or(choice.views.first()) else {
            return Ok(());
        };
        let bad = Bad::new(FieldErrorKind::RecordType, message);
        Err(fault(self.field(view.field), bad))
    }

    /// Where the field of a test stands; all that are in this occurrence are written by now.
    fn test(&self, test: &Test, base: impl FnOnce() -> usize) -> usize {
        let marked = self.layout.program.slot(test.field);
        marked
            .and_then(|slot| self.place.marked(slot))
            .unwrap_or_else(|| base().saturating_add(to_usize(test.offset)))
    }
}
