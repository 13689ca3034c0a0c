//! One elementary field, written: its value, what was kept of its bytes, or what it begins with.

use super::Encoder;
use crate::codec::Codec;
use crate::error::FieldError;
use crate::layout::field::to_usize;
use crate::layout::options::Short;
use crate::layout::program::Leaf;
use crate::layout::scalar_write::write;
use crate::layout::walk::{Frame, Walker};
use crate::value::{Value, same};

impl<'a> Encoder<'a> {
    pub(super) fn leaf(
        &mut self,
        leaf: &'a Leaf,
        value: Option<&Value>,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        // A null byte is written with its column.
        if leaf.indicator {
            return Ok(());
        }
        let field = self.field(leaf.field);
        let start = self.place.start(frame, leaf.offset);
        let len = to_usize(leaf.len);
        self.indicate(leaf, value, start, len, frame)?;
        let residue = self
            .residue_of(field, frame)
            .filter(|residue| residue.len() <= len);
        // A FILLER has no value to disagree with its residue.
        let kept = residue.filter(|bytes| match value {
            None => leaf.hidden,
            Some(value) => self.reads_as(leaf, bytes, value),
        });
        self.note(leaf, value.is_some_and(|value| *value != Value::Null));
        if let Some(bytes) = kept {
            leaf.initial.put(self.bytes(start, len));
            self.put(start, bytes);
            if bytes.len() == len {
                self.covered = self.covered.max(start.saturating_add(len));
            }
            return Ok(());
        }
        let policy = self.layout.policy;
        let place = self.bytes(start, len);
        let done = match value {
            None | Some(Value::Null) if leaf.null.is_some() => {
                place.fill(0x00);
                Ok(())
            }
            None => {
                leaf.initial.put(place);
                Ok(())
            }
            Some(value) => write(leaf, value, &policy, place),
        };
        self.covered = self.covered.max(start.saturating_add(len));
        done.map_err(|bad| self.fault(field, frame, bad))
    }

    /// Whether a counter has a value.
    #[inline]
    pub(super) fn note(&mut self, leaf: &Leaf, given: bool) {
        if self.layout.program.counts(leaf.field) {
            self.given.retain(|given| *given != leaf.field);
            if given {
                self.given.push(leaf.field);
            }
        }
    }

    /// Whether bytes decode to a value; bytes that do not decode stand for null.
    pub(super) fn reads_as(&self, leaf: &Leaf, bytes: &[u8], value: &Value) -> bool {
        // A null column's bytes are whatever they are.
        if leaf.null.is_some() && *value == Value::Null {
            return true;
        }
        let whole = bytes.len() == to_usize(leaf.len) || matches!(leaf.codec, Codec::Varying(_));
        let cut = self.layout.policy.short == Short::Cut && leaf.may_be_cut();
        let read = match whole || cut {
            true => crate::value::scalar(&Walker::new(self.layout, bytes), leaf, bytes),
            false => None,
        };
        match read {
            // Nothing is what is left of a text that begins beyond the end, too.
            Some(_) if cut && bytes.is_empty() && *value == Value::Null => true,
            Some(read) => same(&read, value),
            None => *value == Value::Null,
        }
    }
}
