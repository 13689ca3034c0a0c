//! The one traversal of a record that every output shares: JSON, [`crate::Value`], Kafka Connect data, keys.
//!
//! [`crate::Layout::walk`] calls a [`Visitor`] once for each field, in the order of the copybook. What it hands over
//! borrows from the record: nothing is allocated for a field.

use crate::charset::Table;
use crate::codec::short::{Short, eight_digits};
use crate::decimal::Decimal;
use crate::error::FieldError;
use crate::layout::Field;
use crate::temporal::{Date, Time, Timestamp};

/// Receives the fields of one record.
///
/// The members of the record itself come without a surrounding group. A table (OCCURS) comes as `array_start`, then
/// per occurrence either one scalar call or a `group_start`/`group_end` pair for the *same* field, then `array_end`.
/// Of a REDEFINES only the variant that holds is visited; FILLERs are not.
pub trait Visitor {
    /// Whether [`residue`](Self::residue) is wanted; without it the walk does not look for any.
    const RESIDUE: bool = false;
    /// Whether [`raw`](Self::raw) is wanted.
    const RAW: bool = false;

    /// A group begins (or one occurrence of a group that is a table).
    fn group_start(&mut self, field: &Field);
    /// It ends.
    fn group_end(&mut self, field: &Field);
    /// A table of `len` occurrences begins.
    fn array_start(&mut self, field: &Field, len: usize);
    /// It ends.
    fn array_end(&mut self, field: &Field);
    /// A text, without the blanks that pad it.
    fn text(&mut self, field: &Field, text: Text<'_>);
    /// A number of any usage but floating point.
    fn number(&mut self, field: &Field, number: Number<'_>);
    /// COMP-1 or COMP-2. A COMP-2 of more than 53 significant bits is rounded to the nearest.
    fn float(&mut self, field: &Field, value: f64);
    /// A field that the meaning says holds a date.
    fn date(&mut self, field: &Field, date: Date);
    /// A field that the meaning says is a time of day.
    fn time(&mut self, field: &Field, time: Time);
    /// A field that the meaning says is a day with a time of day.
    fn timestamp(&mut self, field: &Field, timestamp: Timestamp);
    /// A field that the meaning says is a flag.
    fn flag(&mut self, field: &Field, value: bool);
    /// A field that the meaning says is plain bytes.
    fn bytes(&mut self, field: &Field, bytes: &[u8]);
    /// A field whose bytes the meaning says stand for no value.
    fn null(&mut self, field: &Field);

    /// The bytes of the field or group that comes next, before its own call (`invalid` included), and where in the
    /// record they start. Of a group: from its
    /// first byte, with the occurrences that are there, or to the end of the record. Fewer than the field has where
    /// the record ends inside it.
    fn raw(&mut self, field: &Field, start: usize, bytes: &[u8]) {
        let _ = (field, start, bytes);
    }

    /// A field that does not decode. `bytes` are the ones that could not be read: the field's, or all to the end of
    /// the record where a table's count or the record's type is unknown.
    ///
    /// # Errors
    /// The default gives the error back, which ends the walk; `Ok` goes on with the next field.
    fn invalid(
        &mut self,
        field: &Field,
        error: FieldError,
        bytes: &[u8],
    ) -> Result<(), FieldError> {
        let _ = (field, bytes);
        Err(error)
    }

    /// Bytes that encoding the values just visited would not give back: an odd sign nibble, a FILLER that is not
    /// blank. `path` is the field's with subscripts, or `@` and an offset for bytes that belong to no field.
    fn residue(&mut self, path: &str, bytes: &[u8]) {
        let _ = (path, bytes);
    }
}

/// The text of a field, still in the bytes of its code page.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    bytes: &'a [u8],
    table: &'static Table,
    /// The text itself, where a policy made it other than its bytes.
    decoded: Option<&'a str>,
}

impl<'a> Text<'a> {
    pub(crate) fn new(bytes: &'a [u8], table: &'static Table) -> Text<'a> {
        Text {
            bytes,
            table,
            decoded: None,
        }
    }

    /// A text that is not just what its bytes say.
    pub(crate) fn decoded(bytes: &'a [u8], table: &'static Table, text: &'a str) -> Text<'a> {
        Text {
            bytes,
            table,
            decoded: Some(text),
        }
    }

    /// The text itself, where it is not just what its bytes say.
    pub(crate) fn as_decoded(self) -> Option<&'a str> {
        self.decoded
    }

    /// The bytes as in the record, without padding (with it where a policy trims or replaces characters).
    pub fn raw(self) -> &'a [u8] {
        self.bytes
    }

    /// True for a field of blanks only.
    pub fn is_empty(self) -> bool {
        self.decoded.map_or(self.bytes.is_empty(), str::is_empty)
    }

    /// Appends the characters.
    pub fn push_to(self, out: &mut String) {
        match self.decoded {
            None => self.table.decode_lossy(self.bytes, out),
            Some(text) => out.push_str(text),
        }
    }

    /// Appends the characters as UTF-8.
    pub fn push_utf8(self, out: &mut Vec<u8>) {
        match self.decoded {
            None => self.table.push_utf8(self.bytes, out),
            Some(text) => out.extend_from_slice(text.as_bytes()),
        }
    }

    /// Appends the characters as they stand inside a JSON string: UTF-8, escaped, without quotation marks.
    pub fn push_json(self, out: &mut Vec<u8>) {
        match self.decoded {
            None => self.table.push_json(self.bytes, out),
            Some(text) => crate::json::push_escaped(text, out),
        }
    }
}

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use std::fmt::Write as _;
        if let Some(text) = self.decoded {
            return f.write_str(text);
        }
        if self.table.is_single_byte() {
            let mut bytes = self.bytes.iter();
            return bytes.try_for_each(|byte| f.write_char(self.table.char_of(*byte)));
        }
        let mut text = String::new();
        self.push_to(&mut text);
        f.write_str(&text)
    }
}

/// The number of a field: as digits or as a machine integer, whichever the record has.
#[derive(Debug, Clone, Copy)]
pub struct Number<'a> {
    pub(crate) negative: bool,
    pub(crate) magnitude: Magnitude<'a>,
    pub(crate) scale: i32,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Magnitude<'a> {
    /// ASCII digits, leading zeros included, at most 38 of them significant.
    Digits(&'a [u8]),
    Short(Short),
    Int(u64),
}

/// At most 18 ASCII digits as a number, eight at a time.
#[inline]
#[allow(clippy::arithmetic_side_effects, reason = "18 digits fit 64 bits")]
fn small(digits: &[u8]) -> u64 {
    let (eights, rest) = digits.as_chunks::<8>();
    let mut all = 0u64;
    for eight in eights {
        let value = eight_digits(u64::from_be_bytes(*eight) & 0x0f0f_0f0f_0f0f_0f0f);
        all = all * 100_000_000 + value;
    }
    for digit in rest {
        all = all * 10 + u64::from(digit & 0x0f);
    }
    all
}

impl Number<'_> {
    /// The exact value, with the scale of the picture.
    pub fn decimal(self) -> Decimal {
        let magnitude = self.unsigned();
        Decimal {
            unscaled: if self.negative {
                magnitude.wrapping_neg()
            } else {
                magnitude
            },
            scale: self.scale,
        }
    }

    /// The value without its decimal point as an `i64`, if it fits.
    #[inline]
    pub fn unscaled_i64(self) -> Option<i64> {
        let size = match self.magnitude {
            Magnitude::Int(value) => value,
            Magnitude::Short(digits) => digits.value(),
            Magnitude::Digits(digits) if digits.len() <= 18 => small(digits),
            Magnitude::Digits(_) => return i64::try_from(self.decimal().unscaled).ok(),
        };
        if self.negative {
            0i64.checked_sub_unsigned(size)
        } else {
            i64::try_from(size).ok()
        }
    }

    /// Digits right of the decimal point; negative: zeros that follow the digits.
    pub fn scale(self) -> i32 {
        self.scale
    }

    /// Appends the number as JSON has it: `-12.50`, no exponent, full scale.
    pub fn push_json(self, out: &mut Vec<u8>) {
        crate::json::push_number(self, out);
    }

    #[allow(
        clippy::arithmetic_side_effects,
        reason = "at most 38 significant digits: a chunk of 18 fits u64, all of them fit i128"
    )]
    fn unsigned(self) -> i128 {
        match self.magnitude {
            Magnitude::Int(value) => i128::from(value),
            Magnitude::Short(digits) => i128::from(digits.value()),
            Magnitude::Digits(digits) => {
                let mut all = 0i128;
                for chunk in digits.chunks(18) {
                    let (mut part, mut power) = (0u64, 1u64);
                    for digit in chunk {
                        part = part * 10 + u64::from(digit & 0x0f);
                        power *= 10;
                    }
                    all = all
                        .wrapping_mul(i128::from(power))
                        .wrapping_add(i128::from(part));
                }
                all
            }
        }
    }

    /// True below zero; a minus zero of the record counts as zero.
    pub fn is_negative(self) -> bool {
        self.negative && !self.is_zero()
    }

    pub(crate) fn is_zero(self) -> bool {
        match self.magnitude {
            Magnitude::Int(value) => value == 0,
            Magnitude::Short(digits) => digits.is_zero(),
            Magnitude::Digits(digits) => digits.iter().all(|digit| *digit == b'0'),
        }
    }

    /// The digits without sign and point, with zeros in front to `width`; `None` if there are more.
    pub(crate) fn right_aligned<'b>(
        &self,
        width: usize,
        buffer: &'b mut [u8; 48],
    ) -> Option<&'b [u8]> {
        let mut small = [0; 20];
        let digits = self.ascii(&mut small);
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        let digits = digits.get(zeros..)?;
        let out = buffer.get_mut(..width)?;
        let (padding, place) = out.split_at_mut_checked(width.checked_sub(digits.len())?)?;
        padding.fill(b'0');
        place.copy_from_slice(digits);
        Some(out)
    }

    /// The digits as ASCII, leading zeros included.
    #[inline]
    pub(crate) fn ascii<'b>(&'b self, small: &'b mut [u8; 20]) -> &'b [u8] {
        match self.magnitude {
            Magnitude::Digits(digits) => digits,
            Magnitude::Short(digits) => {
                let ascii = digits.ascii();
                if let Some(place) = small.first_chunk_mut() {
                    *place = ascii;
                }
                small.get(..ascii.len()).unwrap_or_default()
            }
            Magnitude::Int(value) => {
                let mut left = value;
                let mut start = small.len();
                for (index, place) in small.iter_mut().enumerate().rev() {
                    *place = b'0' | u8::try_from(left.checked_rem(10).unwrap_or(0)).unwrap_or(0);
                    left = left.checked_div(10).unwrap_or(0);
                    start = index;
                    if left == 0 {
                        break;
                    }
                }
                small.get(start..).unwrap_or_default()
            }
        }
    }
}
