//! Dates and times out of texts, numbers and clock values.
//!
//! In: a field's bytes, its codec and the form that the meaning gives it. Out: the date or time. Never guesses a form.

use crate::codec::{self, Bad, Codec, NO_DIGITS};
use crate::error::FieldErrorKind;
use crate::temporal::{Temporal, TemporalForm, TemporalKind};

/// A date or time out of a text, a number or a clock value. The bool is whether writing it gives the same bytes.
pub(super) fn read(
    codec: Codec,
    form: &TemporalForm,
    bytes: &[u8],
) -> Result<(Temporal, bool), Bad> {
    let none = |shown: &str| {
        Bad::new(
            FieldErrorKind::Date,
            format!(
                "`{shown}` is no {} of the form {}",
                bare(form),
                form.as_str()
            ),
        )
    };
    if let (true, Ok(clock)) = (form.is_clock(), <[u8; 8]>::try_from(bytes)) {
        let value = form
            .read_clock(clock)
            .ok_or_else(|| none(&crate::json::hex(bytes)))?;
        return Ok((value, form.write_clock(value) == Some(clock)));
    }
    let mut ascii = NO_DIGITS;
    if let Codec::Text { chars, right } = codec {
        let text = codec::text::trim_wide(bytes, right, chars.table);
        let mut wide = String::new();
        if !chars.table.is_single_byte() {
            chars.table.decode_lossy(text, &mut wide);
        }
        let len = if wide.is_empty() {
            text.len()
        } else {
            wide.chars().count()
        };
        let Some(ascii) = ascii.get_mut(..len) else {
            return Err(none("..."));
        };
        if wide.is_empty() {
            for (to, byte) in ascii.iter_mut().zip(text) {
                *to = u8::try_from(chars.table.char_of(*byte)).unwrap_or(0);
            }
        } else {
            for (to, character) in ascii.iter_mut().zip(wide.chars()) {
                *to = u8::try_from(character).unwrap_or(0);
            }
        }
        let value = form
            .read(ascii)
            .ok_or_else(|| none(&String::from_utf8_lossy(ascii)))?;
        return Ok((value, true));
    }
    let mut digits = NO_DIGITS;
    let (number, canonical) = codec.number(bytes, &mut digits)?;
    let bad = || none(&number.decimal().to_string());
    let value = match form.width() {
        Some(width) => number
            .right_aligned(width, &mut ascii)
            .filter(|_| !number.is_negative())
            .and_then(|text| form.read(text)),
        None => number
            .decimal()
            .to_i128()
            .and_then(|count| form.read_count(count)),
    };
    Ok((value.ok_or_else(bad)?, canonical))
}

fn bare(form: &TemporalForm) -> &'static str {
    match form.kind() {
        TemporalKind::Date => "date",
        TemporalKind::Time => "time",
        TemporalKind::Timestamp => "timestamp",
    }
}
