//! Records as JSON, one object each, both ways.
//!
//! In: a record and its layout, or JSON text. Out: the other one. Numbers keep every digit and their scale and never
//! pass through a float (but those that are floats); what JSON's values cannot say is in `_raw`.

mod cursor;
mod raw;
mod read;
mod write;

pub(crate) use cursor::{Cursor, Digits};
pub(crate) use read::{is_value_of, members, read, read_members, scalar, scalar_of_text, text};
pub(crate) use write::{push_escaped, push_number, write};

/// What a JSON object shows besides values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JsonOptions {
    /// What to do about a field that does not decode.
    pub invalid: Invalid,
    /// Whether to show the residue.
    pub residue: ShowResidue,
}

/// What to do about a field that does not decode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Invalid {
    /// Stop with its error.
    #[default]
    Fail,
    /// Show it as null, with its bytes in `_raw` and its reason in `_errors`, and go on.
    Keep,
}

/// Whether `_raw` is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ShowResidue {
    /// Where there is residue: the object encodes to the same bytes.
    #[default]
    Raw,
    /// Never: for readers that want values only.
    Omit,
}

/// Bytes in upper-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| {
        char::from_digit(u32::from(nibble), 16).map_or('0', |digit| digit.to_ascii_uppercase())
    };
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)])
        .collect()
}

/// The bytes of hexadecimal digits of either case.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<Vec<u8>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| (high << 4) | low).collect())
}
