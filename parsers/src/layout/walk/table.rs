//! Tables in a walk: how many occurrences, each of them, and what those that are not there leave.
//!
//! In: a table's op and the record. Out: the calls for its occurrences, and where what follows it stands.

use super::{Frame, Walker};
use crate::codec::{Codec, NO_DIGITS};
use crate::decimal::Decimal;
use crate::error::{FieldError, FieldErrorKind};
use crate::layout::field::{Field, to_usize};
use crate::layout::options::{BadCount, Short};
use crate::layout::program::{Counter, Leaf, Occurrences};
use crate::layout::select;
use crate::value::Value;
use crate::visitor::Visitor;

/// How many occurrences a record may lack, of all its tables together: each that is shown costs a value, though no byte
/// of the record says so.
const MOST_MISSING: usize = 1_000_000;

impl Walker<'_> {
    pub(super) fn array<V: Visitor>(
        &mut self,
        table: &Occurrences,
        from: usize,
        to: usize,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let field = self.field(table.field);
        let start = self.place.start(frame, field.offset);
        let count = match &table.counter {
            None => table.max,
            Some(counter) => match self.count(counter, table) {
                Ok(count) => count,
                Err(error) => return self.unknown(field, start, error, frame, visitor),
            },
        };
        let others = to_usize(count.saturating_sub(1));
        let last = start.saturating_add(to_usize(table.least).saturating_mul(others));
        let cut = count > 0 && last >= self.record.len();
        let refused = cut && self.layout.policy.short == Short::Error;
        if refused || self.too_many_missing(table, start, count) {
            let error = self.ends_in(field, frame, (start, count), !refused);
            // What follows a table of fixed length has its place all the same, past the end.
            return match table.counter.is_none() && !table.inner {
                true => self.rest(field, start, error, frame, visitor),
                false => self.unknown(field, start, error, frame, visitor),
            };
        }
        if !field.hidden {
            visitor.array_start(field, to_usize(count));
        }
        let stride = to_usize(table.stride);
        for index in 0..count {
            let inner = frame.inside(stride, index);
            self.run(from, to, &inner, visitor)?;
            if self.place.lost {
                break;
            }
        }
        if !field.hidden {
            visitor.array_end(field);
        }
        if table.counter.is_some() && !self.place.lost {
            self.lacking(table, count, frame, visitor);
        }
        Ok(())
    }

    /// The record ends where a table wants more of it; `bounded` where some could have been missing.
    #[cold]
    pub(in crate::layout) fn ends_in(
        &self,
        field: &Field,
        frame: &Frame<'_>,
        (start, count): (usize, u32),
        bounded: bool,
    ) -> FieldError {
        let more = if bounded {
            format!(", of which it may lack at most {MOST_MISSING} with those before them")
        } else {
            String::new()
        };
        let message = format!(
            "the record ends at byte {}, and {count} occurrences are wanted{more}",
            self.record.len()
        );
        let rest = self.record.get(start..).unwrap_or_default();
        let path = self.path(field, frame);
        FieldError::at(FieldErrorKind::Short, path, start, rest, message)
    }

    /// Whether the record lacks more occurrences, those of the tables before this one included, than it may. An
    /// occurrence that is there has a byte at least, so that the walk of a record takes no longer than its length, the
    /// layout's and [`MOST_MISSING`] let it.
    #[inline]
    pub(in crate::layout) fn too_many_missing(
        &mut self,
        table: &Occurrences,
        start: usize,
        count: u32,
    ) -> bool {
        let bytes = self.record.len().saturating_sub(start);
        let there = bytes.div_ceil(to_usize(table.least).max(1));
        let missing = self
            .missing
            .saturating_add(to_usize(count).saturating_sub(there));
        let refused = missing > MOST_MISSING;
        if !refused {
            self.missing = missing;
        }
        refused
    }

    /// After a table of varying length: what follows moves, or the record ends, or its other occurrences are bytes
    /// of no field.
    fn lacking<V: Visitor>(
        &mut self,
        table: &Occurrences,
        count: u32,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) {
        let offset = self.field(table.field).offset;
        let end = self.place.after(frame, offset, table, count);
        let lacking = to_usize(table.max.saturating_sub(count));
        let lacking = to_usize(table.stride).saturating_mul(lacking);
        if table.moves {
            self.place.shift = self.place.shift.saturating_add(lacking);
        } else if !table.keeps {
            self.length = self.length.max(end);
        } else if V::RESIDUE && self.quiet == 0 {
            self.loose(
                end,
                end.saturating_add(lacking),
                self.layout.page.blank(),
                visitor,
            );
        }
    }

    /// The value of an OCCURS DEPENDING ON counter, or what the policy makes of one that does not count.
    #[inline]
    pub(in crate::layout) fn count(
        &self,
        counter: &Counter,
        table: &Occurrences,
    ) -> Result<u32, FieldError> {
        let count = self.counted(counter, table);
        match self.layout.policy.bad_count {
            BadCount::Error => count,
            BadCount::Most => Ok(count.unwrap_or_else(|_| {
                self.doubt.set(true);
                table.max
            })),
        }
    }

    /// What a counter that is no plain number counts by the policies: the number that they make of it, and nothing
    /// where blanks, low-values, high-values or a null of the meaning stand for none. What `invalid_numbers` makes null
    /// is no count: where the fields behind the table are would be a guess.
    #[cold]
    fn odd_count(&self, leaf: &Leaf, bytes: &[u8]) -> Option<Decimal> {
        match crate::value::scalar(self, leaf, bytes)? {
            Value::Number(number) => Some(number),
            Value::Null => {
                let meant = leaf.nulls.as_ref().is_some_and(|nulls| {
                    let mut matches = nulls.matches.iter();
                    matches.any(|null| null.holds(leaf.codec, bytes))
                });
                let empty = [self.layout.page.blank(), 0x00, 0xff];
                let mut empty = empty.iter();
                let filled = empty.any(|fill| bytes.iter().all(|byte| byte == fill));
                (meant || filled).then(|| Decimal::new(0, 0))
            }
            _ => None,
        }
    }

    /// The value of an OCCURS DEPENDING ON counter, within its bounds.
    fn counted(&self, counter: &Counter, table: &Occurrences) -> Result<u32, FieldError> {
        let field = self.field(counter.field);
        let start = match counter.slot {
            None => Some(field.offset()),
            Some(slot) => self.place.marked(slot),
        };
        let leaf = self.layout.program.leaf_of(counter.field);
        let codec = leaf.map_or(Codec::Bytes, |leaf| leaf.codec);
        let found = start.and_then(|start| select::bytes_at(self.record, start, field.len));
        let bytes = found.unwrap_or_default();
        let fault = |kind, message: String| {
            let offset = start.unwrap_or(self.record.len());
            FieldError::at(kind, field.path(), offset, bytes, message)
        };
        if found.is_none() {
            let message = format!("the record ends at byte {}", self.record.len());
            return Err(fault(FieldErrorKind::Short, message));
        }
        let name = &self.field(table.field).name;
        let said = counter
            .texts
            .iter()
            .find(|(text, _)| text.holds(codec, bytes));
        let number = match said {
            Some((_, count)) => Decimal::new(i128::from(*count), 0),
            None if !codec.is_number() => {
                let message = format!("a text that counts no occurrences of {name}");
                return Err(fault(FieldErrorKind::Count, message));
            }
            None => {
                let mut digits = NO_DIGITS;
                match codec.number(bytes, &mut digits) {
                    Ok((number, _)) => number.decimal(),
                    Err(bad) => leaf
                        .and_then(|leaf| self.odd_count(leaf, bytes))
                        .ok_or_else(|| fault(bad.kind, bad.message))?,
                }
            }
        };
        let (min, max) = (table.min, table.max);
        let count = number.to_i128().and_then(|count| u32::try_from(count).ok());
        count
            .filter(|count| (min..=max).contains(count))
            .ok_or_else(|| {
                let message = format!("{number} occurrences of {name}: wanted {min} to {max}");
                fault(FieldErrorKind::Count, message)
            })
    }
}
