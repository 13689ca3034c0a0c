//! Tables: how many occurrences, and what is at their end.
//!
//! In: a list of values, or none. Out: the occurrences' bytes; a counter that was not given is set, one that was must
//! agree with the list.

use super::Encoder;
use crate::codec::{Bad, Codec};
use crate::decimal::Decimal;
use crate::error::{FieldError, FieldErrorKind};
use crate::layout::field::to_usize;
use crate::layout::matching::Match;
use crate::layout::options::BadCount;
use crate::layout::program::{Counter, Occurrences};
use crate::layout::walk::{Frame, Walker};
use crate::value::Value;

impl Encoder<'_> {
    pub(super) fn array(
        &mut self,
        table: &Occurrences,
        from: usize,
        to: usize,
        value: Option<&Value>,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        let field = self.field(table.field);
        let start = self.place.start(frame, field.offset);
        // The count could not be read, so the rest of the record is kept as it was.
        let lost = match value {
            Some(Value::Null) => true,
            value => value.is_none() && field.hidden,
        };
        if let Some(bytes) = self.residue_of(field, frame).filter(|_| lost) {
            self.put(start, bytes);
            if table.counter.is_some() || table.inner {
                self.length = start.saturating_add(bytes.len());
                self.place.lost = true;
            }
            return Ok(());
        }
        let items: &[Value] = match value {
            Some(Value::Array(items)) => items,
            None | Some(Value::Null) => &[],
            Some(other) => {
                let bad = Bad::new(
                    FieldErrorKind::Type,
                    format!("wanted a list, got {}", other.kind_name()),
                );
                return Err(self.fault(field, frame, bad));
            }
        };
        let count = match &table.counter {
            None => table.max,
            Some(counter) => self.counted(table, counter, items.len(), value.is_some(), frame)?,
        };
        // A list may end early only where the rest of the record is kept as it was.
        let early = items.len() < to_usize(count) && table.counter.is_some() && value.is_some();
        if items.len() > to_usize(count) || (early && self.residue.is_empty()) {
            return Err(self.disagree(table, items.len(), count, frame));
        }
        let stride = to_usize(table.stride);
        let room = if table.keeps { table.max } else { count };
        self.has_room(table, start, room, frame)?;
        let alike = self.alike(table);
        if early && alike {
            return Err(self.disagree(table, items.len(), count, frame));
        }
        for index in 0..count {
            let inner = frame.inside(stride, index);
            self.one(from, to, items.get(to_usize(index)), &inner)?;
            if self.place.lost {
                return Ok(());
            }
            if alike && to_usize(index) >= items.len() {
                let written = start.saturating_add(stride.saturating_mul(to_usize(index)));
                let more = count.saturating_sub(index).saturating_sub(1);
                self.repeat(written, stride, to_usize(more));
                break;
            }
            self.has_room(table, self.out.len(), 0, frame)?;
        }
        if early {
            return Err(self.disagree(table, items.len(), count, frame));
        }
        self.after_table(table, count, frame);
        Ok(())
    }

    /// What a table of varying length leaves behind it.
    pub(super) fn after_table(&mut self, table: &Occurrences, count: u32, frame: &Frame<'_>) {
        if table.counter.is_none() {
            return;
        }
        let offset = self.field(table.field).offset;
        let end = self.place.after(frame, offset, table, count);
        let lacking = to_usize(table.max.saturating_sub(count));
        let lacking = to_usize(table.stride).saturating_mul(lacking);
        if table.moves {
            self.place.shift = self.place.shift.saturating_add(lacking);
        } else if table.keeps {
            self.gap(end, lacking, self.layout.page.blank());
        } else {
            self.length = self.length.max(end);
        }
    }

    /// Whether all occurrences that nothing is given for have the same bytes: none is shorter than others, and no residue
    /// is of one of them.
    pub(super) fn alike(&self, table: &Occurrences) -> bool {
        !table.inner && !self.residue_of_places
    }

    /// The occurrence that was just written, `times` more.
    pub(super) fn repeat(&mut self, start: usize, stride: usize, times: usize) {
        let more = stride.saturating_mul(times);
        let end = start.saturating_add(stride).saturating_add(more);
        self.bytes(start, stride.saturating_add(more));
        if self.covered > start {
            self.covered = self.covered.saturating_add(more);
        }
        // What is there doubles until all is.
        let mut done = stride;
        while done > 0 && start.saturating_add(done) < end {
            let to = start.saturating_add(done);
            let len = done.min(end.saturating_sub(to));
            self.out.copy_within(start..start.saturating_add(len), to);
            done = done.saturating_add(len);
        }
    }

    /// A record longer than wanted is refused before it is made. One that was cut may be of a longer layout.
    pub(super) fn has_room(
        &self,
        table: &Occurrences,
        start: usize,
        count: u32,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        let len = to_usize(table.least).saturating_mul(to_usize(count));
        let end = start.saturating_add(len);
        if end <= self.most || self.residue.contains_key("@length") {
            return Ok(());
        }
        let most = self.most;
        let message = format!("a record of at least {end} bytes: wanted at most {most}");
        let bad = Bad::new(FieldErrorKind::Length, message);
        Err(self.fault(self.field(table.field), frame, bad))
    }

    fn disagree(
        &self,
        table: &Occurrences,
        items: usize,
        count: u32,
        frame: &Frame<'_>,
    ) -> FieldError {
        let message = match &table.counter {
            None => format!("{items} occurrences in a table of {count}"),
            Some(counter) => format!(
                "{items} occurrences and {} says {count}",
                self.field(counter.field).name()
            ),
        };
        let bad = Bad::new(FieldErrorKind::Count, message);
        self.fault(self.field(table.field), frame, bad)
    }

    /// How many occurrences: what the counter says if it was given, else the counter is set.
    pub(super) fn counted(
        &mut self,
        table: &Occurrences,
        counter: &Counter,
        items: usize,
        listed: bool,
        frame: &Frame<'_>,
    ) -> Result<u32, FieldError> {
        let layout = self.layout;
        if self.given.contains(&counter.field) {
            let mut walker = Walker::new(layout, &self.out);
            walker.place.clone_from(&self.place);
            return walker.count(counter, table);
        }
        // Bytes that do not count are kept, and stand for the most.
        let kept = self.residue_of(self.field(counter.field), frame).is_some();
        if kept && layout.policy.bad_count == BadCount::Most && items == to_usize(table.max) {
            return Ok(table.max);
        }
        // A table without a name is as long as the bytes of its counter say.
        if kept && !listed && self.field(table.field).hidden {
            let mut walker = Walker::new(layout, &self.out);
            walker.place.clone_from(&self.place);
            if let Ok(count) = walker.count(counter, table) {
                return Ok(count);
            }
        }
        let least = if listed { 0 } else { table.min };
        let count = u32::try_from(items).unwrap_or(u32::MAX).max(least);
        if !(table.min..=table.max).contains(&count) {
            let message = format!("{items} occurrences: wanted {} to {}", table.min, table.max);
            let bad = Bad::new(FieldErrorKind::Count, message);
            return Err(self.fault(self.field(table.field), frame, bad));
        }
        // Bytes that are there and count as many stay as they are: kept ones of a counter that is null, or those of another view.
        let mut walker = Walker::new(layout, &self.out);
        walker.place.clone_from(&self.place);
        if walker
            .count(counter, table)
            .is_ok_and(|there| there == count)
        {
            return Ok(count);
        }
        let field = self.field(counter.field);
        let start = match counter.slot {
            None => field.offset(),
            Some(slot) => self.place.marked(slot).unwrap_or(field.offset()),
        };
        let codec = layout
            .program
            .leaf_of(counter.field)
            .map_or(Codec::Bytes, |leaf| leaf.codec);
        let text = counter.texts.iter().find(|(_, number)| *number == count);
        let place = self.bytes(start, field.len());
        let done = match text {
            Some((Match::Bytes(bytes), _)) if bytes.len() == place.len() => {
                place.copy_from_slice(bytes);
                Ok(())
            }
            _ => codec.write_number(Decimal::new(i128::from(count), 0), place),
        };
        done.map(|()| count)
            .map_err(|bad| self.fault(field, &Frame::ROOT, bad))
    }
}
