//! Columns of a row to unload: those as long as their values, and null bytes.
//!
//! In: a column's value, or none. Out: its bytes and those of its null byte. A nullable column that is not given is null.

use super::Encoder;
use crate::codec::Codec;
use crate::error::FieldError;
use crate::layout::field::to_usize;
use crate::layout::program::Leaf;
use crate::layout::scalar_write::write;
use crate::layout::unloaded::whole;
use crate::layout::walk::Frame;
use crate::value::Value;

impl Encoder<'_> {
    /// A row of another table, kept as it was.
    pub(super) fn other_table(&self, nothing: bool) -> Option<Vec<u8>> {
        let kept = self.residue.get("@0")?;
        (nothing && !self.layout.only.is_empty()).then(|| kept.clone())
    }

    /// Sets the null byte of a column of `len` bytes at `start`.
    pub(super) fn indicate(
        &mut self,
        leaf: &Leaf,
        value: Option<&Value>,
        start: usize,
        len: usize,
        frame: &Frame<'_>,
    ) {
        let Some(indicator) = &leaf.null else { return };
        let null = value.is_none_or(|value| *value == Value::Null);
        let at = indicator.start(start, len);
        let size = indicator.null.len();
        let residue = self.residue_of(self.field(indicator.field), frame);
        // The record ended before it.
        let cut = residue.is_some_and(|residue| residue.len() < size);
        let odd = residue
            .filter(|residue| residue.len() == size && (null || **residue != *indicator.null));
        match odd {
            Some(bytes) => self.put(at, bytes),
            None if null => self.put(at, &indicator.null),
            None => self.bytes(at, size).fill(0x00),
        }
        if !cut {
            self.covered = self.covered.max(at.saturating_add(size));
        }
    }

    /// A column as long as its value.
    pub(super) fn varying(
        &mut self,
        leaf: &Leaf,
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
            self.indicate(leaf, value, start, 0, frame);
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
        self.indicate(leaf, value, start, bytes.len(), frame);
        self.place.shift = self
            .place
            .shift
            .saturating_add(most.saturating_sub(bytes.len()));
        Ok(())
    }
}
