//! Columns of a row to unload: those as long as their values, and null bytes.
//!
//! In: a column's value, or none. Out: its bytes and those of its null byte. A nullable column that is not given is null.

use super::Encoder;
use crate::codec::{Bad, Codec};
use crate::error::{FieldError, FieldErrorKind};
use crate::layout::field::to_usize;
use crate::layout::program::Leaf;
use crate::layout::scalar_write::write;
use crate::layout::sql::Indicator;
use crate::layout::unloaded::whole;
use crate::layout::walk::Frame;
use crate::value::Value;

/// What a column said with a null byte that is that of others too.
pub(super) struct Said<'a> {
    at: usize,
    indicator: &'a Indicator,
    /// The column is null.
    null: bool,
}

impl<'a> Encoder<'a> {
    /// A row of another table, kept as it was.
    pub(super) fn other_table(&self, nothing: bool) -> Option<Vec<u8>> {
        let kept = self.residue.get("@0")?;
        (nothing && !self.layout.only.is_empty()).then(|| kept.clone())
    }

    /// Sets the null byte of a column of `len` bytes at `start`.
    pub(super) fn indicate(
        &mut self,
        leaf: &'a Leaf,
        value: Option<&Value>,
        start: usize,
        len: usize,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        let Some(indicator) = &leaf.null else {
            return Ok(());
        };
        let null = value.is_none_or(|value| *value == Value::Null);
        let at = indicator.start(start, len);
        let size = indicator.null.len();
        let residue = self.residue_of(self.field(indicator.field), frame);
        // The record ended before it.
        let cut = residue.is_some_and(|residue| residue.len() < size);
        let odd = residue
            .filter(|residue| residue.len() == size && (null || **residue != *indicator.null));
        let stays = match odd {
            None if indicator.shared => self.said_by_others(leaf, indicator, at, value, frame)?,
            _ => false,
        };
        match odd {
            _ if stays => {}
            Some(bytes) => self.put(at, bytes),
            None if null => self.put(at, &indicator.null),
            None => self.bytes(at, size).fill(0x00),
        }
        if !cut {
            self.covered = self.covered.max(at.saturating_add(size));
        }
        Ok(())
    }

    /// Whether the null byte of several columns stays as another one has set it: where it says of this column what it should,
    /// or nothing is given for this one.
    fn said_by_others(
        &mut self,
        leaf: &Leaf,
        indicator: &'a Indicator,
        at: usize,
        value: Option<&Value>,
        frame: &Frame<'_>,
    ) -> Result<bool, FieldError> {
        let mut before = self.said.iter().filter(|said| said.at == at).peekable();
        let is_set = before.peek().is_some();
        let Some(value) = value else {
            return Ok(is_set);
        };
        let null = *value == Value::Null;
        let against = before.any(|said| {
            let same = said.indicator.null == indicator.null;
            if null {
                same != said.null
            } else {
                same && said.null
            }
        });
        if against {
            let byte = self.field(indicator.field).name();
            let message = match null {
                true => format!(
                    "null, and {byte} says of another column as well that it has a value or is another null"
                ),
                false => {
                    format!("a value, and {byte} says of another column as well that it is null")
                }
            };
            let bad = Bad::new(FieldErrorKind::Member, message);
            return Err(self.fault(self.field(leaf.field), frame, bad));
        }
        self.said.push(Said {
            at,
            indicator,
            null,
        });
        Ok(is_set && !null)
    }

    /// A column as long as its value.
    pub(super) fn varying(
        &mut self,
        leaf: &'a Leaf,
        value: Option<&Value>,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        let Codec::Varying(codec) = leaf.codec else {
            return Ok(());
        };
        let field = self.field(leaf.field);
        let start = self.place.start(frame, leaf.offset);
        let most = to_usize(leaf.len);
        let residue = self.residue_of(field, frame);
        let null = value == Some(&Value::Null);
        let sound = |bytes: &[u8]| whole(codec, bytes) == Some(bytes.len()) && bytes.len() <= most;
        if let Some(rest) = residue.filter(|bytes| null && !sound(bytes)) {
            // Its length could not be read, so the rest of the record is kept as it was.
            let covered = self.covered;
            self.indicate(leaf, value, start, 0, frame)?;
            self.covered = covered;
            self.put(start, rest);
            self.length = start.saturating_add(rest.len());
            self.place.lost = true;
            return Ok(());
        }
        let kept = residue.filter(|bytes| {
            sound(bytes) && value.is_some_and(|value| self.reads_as(leaf, bytes, value))
        });
        let bytes = match (kept, value) {
            (Some(bytes), _) => bytes.to_vec(),
            (None, None) => vec![0x00; crate::codec::varying::PREFIX],
            (None, Some(Value::Null)) if leaf.null.is_some() => {
                vec![0x00; crate::codec::varying::PREFIX]
            }
            (None, Some(value)) => {
                let mut bytes = vec![0x00; most];
                write(leaf, value, &self.layout.policy, &mut bytes)
                    .map_err(|bad| self.fault(field, frame, bad))?;
                let len = whole(codec, &bytes).unwrap_or(most);
                bytes.truncate(len);
                bytes
            }
        };
        self.put(start, &bytes);
        let end = start.saturating_add(bytes.len());
        self.covered = self.covered.max(end);
        self.indicate(leaf, value, start, bytes.len(), frame)?;
        self.place.shift = self
            .place
            .shift
            .saturating_add(most.saturating_sub(bytes.len()));
        Ok(())
    }
}
