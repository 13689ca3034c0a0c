//! A row of an unloaded Db2 table: columns as long as their values, and columns that another byte makes null.
//!
//! In: the walk at such a column. Out: the visitor's call, and what follows moved by what the value lacks. Db2 13
//! Utility Guide, UNLOAD, "Layout of output fields".

use super::field::to_usize;
use super::program::Leaf;
use super::select::{self, Test};
use super::sql::Indicator;
use super::walk::{Frame, Walker};
use crate::codec::{Codec, Varying, varying};
use crate::error::{FieldError, FieldErrorKind};
use crate::value::Value;
use crate::visitor::Visitor;

impl<'a> Walker<'a> {
    /// Checks that the record is one of the table that the layout is of.
    pub(super) fn of_this_table(&self) -> Result<(), FieldError> {
        let place = |test: &Test| to_usize(test.offset);
        let tests = &self.layout.only;
        if tests
            .iter()
            .all(|test| test.holds(self.record, place(test)))
        {
            return Ok(());
        }
        let shown: Vec<String> = tests
            .iter()
            .map(|test| {
                let bytes = select::bytes_at(self.record, place(test), test.len);
                match bytes {
                    Some(bytes) => format!(
                        "X'{}' at byte {}",
                        crate::json::hex(bytes.get(..16).unwrap_or(bytes)),
                        test.offset
                    ),
                    None => format!("byte {} is past the end of the record", test.offset),
                }
            })
            .collect();
        let message = format!(
            "a row of another table than {}: {}",
            self.layout.name(),
            shown.join(", ")
        );
        Err(FieldError::at(
            FieldErrorKind::RecordType,
            "",
            0,
            self.record,
            message,
        ))
    }

    /// A row of another table: the whole of it is kept.
    #[cold]
    pub(super) fn other_table<V: Visitor>(
        &mut self,
        error: FieldError,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let mut shown = self.layout.fields.iter();
        let first = shown.find(|field| field.usage.is_some() && !field.hidden);
        visitor.invalid(first.unwrap_or(&self.layout.nothing), error, self.record)?;
        if V::RESIDUE && self.quiet == 0 {
            visitor.residue("@0", self.record);
        }
        self.place.lost = true;
        Ok(())
    }

    /// Whether the null byte of a column of `len` bytes at `start` says that it has no value.
    pub(super) fn is_null(&self, indicator: &Indicator, start: usize, len: usize) -> bool {
        let at = indicator.start(start, len);
        let len = indicator.null.len();
        self.record.get(at..at.saturating_add(len)) == Some(&*indicator.null)
    }

    /// A column whose bytes are found: its value, or null by its null byte.
    pub(super) fn column<V: Visitor>(
        &mut self,
        leaf: &Leaf,
        start: usize,
        bytes: &[u8],
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        if V::RAW {
            visitor.raw(self.field(leaf.field), start, bytes);
        }
        let null = leaf.null.as_deref();
        if null.is_some_and(|null| self.is_null(null, start, bytes.len())) {
            self.null(leaf, bytes, frame, visitor);
            return Ok(());
        }
        let unsaid = V::RESIDUE && self.quiet == 0;
        let canonical = match self.scalar(leaf, bytes, visitor) {
            Ok(canonical) => canonical,
            Err(bad) => {
                if let Some(null) = null.filter(|_| unsaid) {
                    self.not_null(null, start, bytes.len(), frame, visitor);
                }
                return self.invalid(leaf, bytes, bad, frame, visitor);
            }
        };
        // A policy or the meaning may read as null what its null byte says is a value.
        if let Some(null) = null.filter(|_| unsaid && (!canonical || leaf.nulls.is_some()))
            && crate::value::scalar(self, leaf, bytes) == Some(Value::Null)
        {
            self.doubt.set(true);
            self.not_null(null, start, bytes.len(), frame, visitor);
        }
        if !canonical && unsaid {
            visitor.residue(&self.path(self.field(leaf.field), frame), bytes);
        }
        Ok(())
    }

    /// A column that its null byte makes null: what it holds is residue where it is not low-values.
    pub(super) fn null<V: Visitor>(
        &self,
        leaf: &Leaf,
        bytes: &[u8],
        frame: &Frame<'_>,
        visitor: &mut V,
    ) {
        let field = self.field(leaf.field);
        visitor.null(field);
        if V::RESIDUE && self.quiet == 0 && bytes.iter().any(|byte| *byte != 0x00) {
            visitor.residue(&self.path(field, frame), bytes);
        }
    }

    /// After a column that did not decode though it is not null: without its null byte it would be written as one.
    pub(super) fn not_null<V: Visitor>(
        &mut self,
        indicator: &Indicator,
        start: usize,
        len: usize,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) {
        let at = indicator.start(start, len);
        let bytes = self.record.get(at..at.saturating_add(indicator.null.len()));
        // One byte may be that of several columns.
        if let Some(bytes) = bytes.filter(|bytes| *bytes != &*indicator.null)
            && !self.said.contains(&indicator.field)
        {
            self.said.push(indicator.field);
            visitor.residue(&self.path(self.field(indicator.field), frame), bytes);
        }
    }

    /// The bytes of a varying column at `start`; `Err` with the reason where its length is not one.
    pub(super) fn varying_bytes(
        &self,
        leaf: &Leaf,
        start: usize,
    ) -> Result<&'a [u8], (FieldErrorKind, String)> {
        let Codec::Varying(codec) = leaf.codec else {
            return Err((FieldErrorKind::Type, "wanted a varying column".to_owned()));
        };
        let rest = self.record.get(start..).unwrap_or_default();
        let cut = || {
            let message = format!("the record ends at byte {}", self.record.len());
            (FieldErrorKind::Short, message)
        };
        let len = whole(codec, rest).ok_or_else(cut)?;
        if len > to_usize(leaf.len) {
            let room = to_usize(leaf.len).saturating_sub(varying::PREFIX);
            let message = format!(
                "a length of {} bytes in a column of at most {room}",
                len.saturating_sub(varying::PREFIX)
            );
            return Err((FieldErrorKind::Range, message));
        }
        rest.get(..len).ok_or_else(|| {
            let message = crate::error::ends_early(self.record.len(), len);
            (FieldErrorKind::Short, message)
        })
    }

    /// A column as long as its value.
    pub(super) fn varying<V: Visitor>(
        &mut self,
        leaf: &Leaf,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let start = self.place.start(frame, leaf.offset);
        let field = self.field(leaf.field);
        let bytes = match self.varying_bytes(leaf, start) {
            Ok(bytes) => bytes,
            Err((kind, message)) => {
                let rest = self.record.get(start..).unwrap_or_default();
                let error = FieldError::at(kind, self.path(field, frame), start, rest, message);
                if let Some(null) = leaf.null.as_ref().filter(|_| V::RESIDUE && self.quiet == 0)
                    && !self.is_null(null, start, 0)
                {
                    self.not_null(null, start, 0, frame, visitor);
                }
                return self.unknown(field, start, error, frame, visitor);
            }
        };
        self.column(leaf, start, bytes, frame, visitor)?;
        let lacking = to_usize(leaf.len).saturating_sub(bytes.len());
        self.place.shift = self.place.shift.saturating_add(lacking);
        Ok(())
    }

    /// Passes over such a column.
    pub(super) fn skip_varying(
        &mut self,
        leaf: &Leaf,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        let start = self.place.start(frame, leaf.offset);
        match self.varying_bytes(leaf, start) {
            Ok(bytes) => {
                let lacking = to_usize(leaf.len).saturating_sub(bytes.len());
                self.place.shift = self.place.shift.saturating_add(lacking);
                Ok(())
            }
            Err((kind, message)) => {
                let field = self.field(leaf.field);
                let rest = self.record.get(start..).unwrap_or_default();
                Err(FieldError::at(
                    kind,
                    self.path(field, frame),
                    start,
                    rest,
                    message,
                ))
            }
        }
    }
}

/// Bytes of a varying column with its prefix.
pub(super) fn whole(codec: Varying, bytes: &[u8]) -> Option<usize> {
    Some(codec.len(bytes)?.saturating_add(varying::PREFIX))
}
