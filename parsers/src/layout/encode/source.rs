//! What the encoder reads straight: JSON text, or steps in place of it.
//!
//! In: whatever says the values of a record, from its first byte or step on. Out: its parts, in the order in which they stand. Whoever
//! meets what it does not expect leaves the record to another reader, so nothing here says what is wrong.

use serde_json::value::RawValue;

use crate::json::{Cursor, Digits};
use crate::layout::Layout;
use crate::layout::field::{Field, FieldKind};
use crate::value::Value;

/// Where the encoder is in what it reads.
pub(super) trait Source: Copy + Default {
    /// A value that was passed, to be read later.
    type Part: Copy;

    /// Reads a value that was passed.
    fn of(part: Self::Part) -> Self;

    /// Whether nothing is left.
    fn is_at_end(self) -> bool;

    /// Passes the beginning of an object.
    fn object(&mut self) -> bool;

    /// Passes the end of an object.
    fn object_ends(&mut self) -> bool;

    /// Passes the beginning of a list.
    fn list(&mut self) -> bool;

    /// Passes the end of a list.
    fn list_ends(&mut self) -> bool;

    /// After an item of a list: goes to the next, or passes the end of the list. Says whether it ended; none where neither comes.
    fn item_ends(&mut self) -> Option<bool>;

    /// How many items a list has whose beginning was passed.
    fn items(self) -> Option<usize>;

    /// Goes to the value of a field, if that is the next member; before the `first` one of an object nothing stands.
    fn member(&mut self, field: &Field, first: bool) -> bool;

    /// Goes to the value of the next member, and says whose it is; none where it is no field's.
    fn next_member(&mut self, layout: &Layout, group: Option<u32>, first: bool) -> Option<u32>;

    /// Passes a value without looking into it.
    fn skip(&mut self) -> Option<Self::Part>;

    /// Passes null.
    fn null(&mut self) -> bool;

    /// Whether what was passed is null.
    fn is_null(part: Self::Part) -> bool;

    /// Whether what was passed is a value of a field, as far as that can be said before it is written.
    fn is_value_of(layout: &Layout, field: &Field, part: Self::Part) -> bool;

    /// Passes a text whose characters a table has bytes for, each in one byte; `table` gives 0 for all others. Gives back how many there
    /// are; on `None` nothing is passed.
    fn translated(&mut self, table: &[u8; 256], out: &mut [u8]) -> Option<usize>;

    /// Passes a number without exponent, as such or as text; on `None` nothing is passed.
    fn number(&mut self) -> Option<Digits<'_>>;

    /// Passes the value of an elementary field.
    fn value(&mut self, field: &Field) -> Option<Value>;
}

impl<'j> Source for Cursor<'j> {
    type Part = &'j [u8];

    #[inline]
    fn of(part: &'j [u8]) -> Cursor<'j> {
        Cursor::new(part)
    }

    fn is_at_end(self) -> bool {
        self.is_at_end()
    }

    #[inline]
    fn object(&mut self) -> bool {
        self.eat(b'{')
    }

    #[inline]
    fn object_ends(&mut self) -> bool {
        self.eat(b'}')
    }

    #[inline]
    fn list(&mut self) -> bool {
        self.eat(b'[')
    }

    #[inline]
    fn list_ends(&mut self) -> bool {
        let ends = self.eat(b']');
        self.blanks();
        ends
    }

    #[inline]
    fn item_ends(&mut self) -> Option<bool> {
        let more = self.eat(b',');
        self.blanks();
        match more {
            true => Some(false),
            false => self.eat(b']').then_some(true),
        }
    }

    fn items(mut self) -> Option<usize> {
        let mut count = 0usize;
        if self.is_before(b']') {
            return Some(0);
        }
        loop {
            self.blanks();
            self.skip()?;
            count = count.saturating_add(1);
            if !self.eat(b',') {
                return Some(count);
            }
        }
    }

    #[inline]
    fn member(&mut self, field: &Field, first: bool) -> bool {
        self.member(field.json_key(), first)
    }

    fn next_member(&mut self, layout: &Layout, group: Option<u32>, first: bool) -> Option<u32> {
        let name = self.name(first)?;
        let field = layout.labels.find(&layout.fields, group, &name)?;
        Some(field.id)
    }

    fn skip(&mut self) -> Option<&'j [u8]> {
        self.skip()
    }

    #[inline]
    fn null(&mut self) -> bool {
        self.null()
    }

    fn is_null(part: &'j [u8]) -> bool {
        part == b"null"
    }

    fn is_value_of(layout: &Layout, field: &Field, part: &'j [u8]) -> bool {
        crate::json::is_value_of(layout, field, part)
    }

    #[inline]
    fn translated(&mut self, table: &[u8; 256], out: &mut [u8]) -> Option<usize> {
        self.translated(table, out)
    }

    #[inline]
    fn number(&mut self) -> Option<Digits<'j>> {
        self.number()
    }

    fn value(&mut self, field: &Field) -> Option<Value> {
        if matches!(field.kind(), FieldKind::Text { .. }) && self.is_before(b'"') {
            return Some(Value::Text(self.string()?.into_owned()));
        }
        let raw: &RawValue = serde_json::from_slice(self.skip()?).ok()?;
        crate::json::scalar(field, raw.get()).ok()
    }
}
