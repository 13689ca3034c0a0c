//! The values of a record as steps: what JSON text would say, without the text.
//!
//! In: steps, which whoever has the values makes of them. Out: to the encoder the same as from JSON text of these values.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::source::Source;
use crate::json::Digits;
use crate::layout::Layout;
use crate::layout::field::Field;
use crate::value::Value;

/// One step through the values that a record is to be made of: see [`Layout::read_steps`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<'t> {
    what: What,
    /// Whose value it is, or whose it begins; none of items of a list, and of what is outermost.
    field: Option<u32>,
    text: Cow<'t, str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Text,
    Plain,
    Object,
    List,
    End,
}

impl<'t> Step<'t> {
    /// A text: what JSON writes in quotes.
    #[inline]
    #[must_use]
    pub fn text(field: Option<u32>, text: Cow<'t, str>) -> Self {
        let what = What::Text;
        Self { what, field, text }
    }

    /// A number, `true`, `false` or `null`, as JSON writes it.
    #[inline]
    #[must_use]
    pub fn plain(field: Option<u32>, text: Cow<'t, str>) -> Self {
        let what = What::Plain;
        Self { what, field, text }
    }

    /// A group begins, or the record.
    #[must_use]
    pub fn object(field: Option<u32>) -> Self {
        Self::bare(What::Object, field)
    }

    /// A table begins: its occurrences follow, as items.
    #[must_use]
    pub fn list(field: Option<u32>) -> Self {
        Self::bare(What::List, field)
    }

    /// What began last ends.
    #[must_use]
    pub fn end() -> Self {
        Self::bare(What::End, None)
    }

    fn bare(what: What, field: Option<u32>) -> Self {
        let text = Cow::Borrowed("");
        Self { what, field, text }
    }

    fn is_null(&self) -> bool {
        self.what == What::Plain && self.text == "null"
    }

    fn value(&self, field: &Field) -> Option<Value> {
        match self.what {
            What::Text => crate::json::scalar_of_text(field, Cow::Borrowed(&self.text)).ok(),
            What::Plain => {
                let raw: &RawValue = serde_json::from_str(&self.text).ok()?;
                crate::json::scalar(field, raw.get()).ok()
            }
            What::Object | What::List | What::End => None,
        }
    }
}

/// Where the encoder is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Steps<'s> {
    rest: &'s [Step<'s>],
}

impl<'s> Steps<'s> {
    pub(super) fn new(steps: &'s [Step<'s>]) -> Self {
        Steps { rest: steps }
    }

    #[inline]
    fn eat(&mut self, what: What) -> bool {
        match self.rest {
            [first, rest @ ..] if first.what == what => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }
}

impl<'s> Source for Steps<'s> {
    type Part = &'s [Step<'s>];

    fn of(part: &'s [Step<'s>]) -> Self {
        Steps { rest: part }
    }

    fn is_at_end(self) -> bool {
        self.rest.is_empty()
    }

    #[inline]
    fn object(&mut self) -> bool {
        self.eat(What::Object)
    }

    #[inline]
    fn object_ends(&mut self) -> bool {
        self.eat(What::End)
    }

    #[inline]
    fn list(&mut self) -> bool {
        self.eat(What::List)
    }

    #[inline]
    fn list_ends(&mut self) -> bool {
        self.eat(What::End)
    }

    #[inline]
    fn item_ends(&mut self) -> Option<bool> {
        (!self.rest.is_empty()).then(|| self.eat(What::End))
    }

    fn items(mut self) -> Option<usize> {
        let mut count = 0usize;
        while !self.list_ends() {
            self.skip()?;
            count = count.saturating_add(1);
        }
        Some(count)
    }

    #[inline]
    fn member(&mut self, field: &Field, _: bool) -> bool {
        matches!(self.rest, [first, ..] if first.field == Some(field.id))
    }

    fn next_member(&mut self, _: &Layout, _: Option<u32>, _: bool) -> Option<u32> {
        self.rest.first()?.field
    }

    fn skip(&mut self) -> Option<&'s [Step<'s>]> {
        let mut depth = 0usize;
        for (at, step) in self.rest.iter().enumerate() {
            match step.what {
                What::Text | What::Plain => {}
                What::Object | What::List => depth = depth.checked_add(1)?,
                What::End => depth = depth.checked_sub(1)?,
            }
            if depth == 0 {
                let (part, rest) = self.rest.split_at_checked(at.checked_add(1)?)?;
                self.rest = rest;
                return Some(part);
            }
        }
        None
    }

    #[inline]
    fn null(&mut self) -> bool {
        match self.rest {
            [first, rest @ ..] if first.is_null() => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn is_null(part: &'s [Step<'s>]) -> bool {
        matches!(part, [step] if step.is_null())
    }

    /// Groups and tables are left to the JSON of them.
    fn is_value_of(_: &Layout, field: &Field, part: &'s [Step<'s>]) -> bool {
        matches!(part, [step] if step.is_null() || !field.is_table() && step.value(field).is_some())
    }

    #[inline]
    #[allow(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
    fn translated(&mut self, table: &[u8; 256], out: &mut [u8]) -> Option<usize> {
        let (first, rest) = self.rest.split_first()?;
        let text = first.text.as_bytes();
        let place = out.get_mut(..text.len())?;
        if first.what != What::Text {
            return None;
        }
        let mut known = true;
        for (place, byte) in place.iter_mut().zip(text) {
            let character = table[usize::from(*byte)];
            known &= character != 0;
            *place = character;
        }
        if !known {
            return None;
        }
        self.rest = rest;
        Some(text.len())
    }

    #[inline]
    fn number(&mut self) -> Option<Digits<'s>> {
        let (first, rest) = self.rest.split_first()?;
        let textual = match first.what {
            What::Plain => false,
            What::Text => true,
            What::Object | What::List | What::End => return None,
        };
        let (digits, behind) = Digits::of(first.text.as_bytes(), textual)?;
        if !behind.is_empty() {
            return None;
        }
        self.rest = rest;
        Some(digits)
    }

    fn value(&mut self, field: &Field) -> Option<Value> {
        let (first, rest) = self.rest.split_first()?;
        let value = first.value(field)?;
        self.rest = rest;
        Some(value)
    }
}
