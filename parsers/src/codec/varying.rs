//! VARCHAR, VARGRAPHIC and VARBINARY of an unloaded Db2 table: a halfword with the length, and so much of the value.
//!
//! In: the halfword and what follows it, up to the longest value. Out: the value; blanks at its end are its own. What
//! is left of the field is low-values, as DSNTIAUL pads it; anything else there is residue. Db2 13 Utility Guide,
//! LOAD, "VARCHAR": the length counts bytes, of a VARGRAPHIC characters of two bytes.

use super::{Bad, Chars};
use crate::error::FieldErrorKind;
use crate::layout::options::{Oversize, TextPolicy};

/// The bytes before the value.
pub(crate) const PREFIX: usize = 2;

/// What the value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Varying {
    /// Its characters; `None` for bytes.
    pub(crate) chars: Option<Chars>,
    /// The length counts characters of two bytes.
    pub(crate) pairs: bool,
}

impl Varying {
    /// Bytes of the value by the length before it; `None` where the length itself is cut.
    pub(crate) fn len(self, bytes: &[u8]) -> Option<usize> {
        let length = usize::from(u16::from_be_bytes(*bytes.first_chunk::<PREFIX>()?));
        Some(if self.pairs {
            length.saturating_mul(2)
        } else {
            length
        })
    }

    /// The value, and what is behind it.
    pub(crate) fn split(self, bytes: &[u8]) -> Result<(&[u8], &[u8]), Bad> {
        let room = bytes.len().saturating_sub(PREFIX);
        let wanted = self.len(bytes).unwrap_or(usize::MAX);
        let behind = bytes.get(PREFIX..).unwrap_or_default();
        behind.split_at_checked(wanted).ok_or_else(|| {
            let message = format!("a length of {wanted} bytes in a field with room for {room}");
            Bad::new(FieldErrorKind::Range, message)
        })
    }

    /// Writes a text.
    pub(crate) fn write_text(
        self,
        text: &str,
        policy: &TextPolicy,
        out: &mut [u8],
    ) -> Result<(), Bad> {
        let Some(chars) = self.chars else {
            return Err(Bad::new(FieldErrorKind::Type, "wanted bytes, got text"));
        };
        let room = out.len().saturating_sub(PREFIX);
        let mut bytes = Vec::new();
        super::text::encode(text, chars, policy, &mut bytes)?;
        if bytes.len() > room && policy.oversize != Oversize::Error {
            bytes = super::text::cut(text, false, chars, policy, room)?;
        }
        self.write_bytes(&bytes, out)
    }

    /// Writes the bytes of a value.
    pub(crate) fn write_bytes(self, value: &[u8], out: &mut [u8]) -> Result<(), Bad> {
        let room = out.len().saturating_sub(PREFIX);
        let unit = if self.pairs { 2 } else { 1 };
        let length = value.len().checked_div(unit).unwrap_or(0);
        let prefix = u16::try_from(length).ok().filter(|_| value.len() <= room);
        let (Some(prefix), Some((start, rest))) = (prefix, out.split_first_chunk_mut::<PREFIX>())
        else {
            let message = format!("{} bytes in a field with room for {room}", value.len());
            return Err(Bad::new(FieldErrorKind::Length, message));
        };
        *start = prefix.to_be_bytes();
        rest.fill(0x00);
        if let Some(place) = rest.get_mut(..value.len()) {
            place.copy_from_slice(value);
        }
        Ok(())
    }
}
