//! VALUE clauses to the bytes that a field begins with.
//!
//! In: a literal and its field's codec, once. Out: bytes, those that a compiler gives. A literal that is too long is
//! cut as compilers do, with no more than a warning: a text at its right end, JUSTIFIED or not (Enterprise COBOL
//! Language Reference, "JUSTIFIED clause": it does not affect initial values), a number as by MOVE: its high digits
//! and its finest decimal places are lost, and the sign where the field has none ("MOVE statement").

use super::matching::{LONGEST_LITERAL, bytes_of};
use super::options::{Decimals, Numbers, Oversize, TextPolicy};
use crate::charset::CodePage;
use crate::codec::{self, Bad, Codec};
use crate::copybook::Literal;

/// The bytes of a field after `VALUE literal`.
///
/// # Errors
/// A literal of another kind than the field, or one with a character that the code page does not have.
pub(super) fn initial(
    literal: &Literal,
    codec: Codec,
    len: usize,
    page: CodePage,
) -> Result<Vec<u8>, Bad> {
    let bad = match bytes_of(literal, codec, len, page) {
        Ok(bytes) => return Ok(bytes),
        // There is nothing to cut: the field is what is too long.
        Err(bad) if len > LONGEST_LITERAL => return Err(bad),
        Err(bad) => bad,
    };
    let mut out = vec![0; len];
    match (literal, codec) {
        (Literal::Hex(bytes), codec) if !matches!(codec, Codec::Varying(_)) => {
            let kept = bytes.get(..len).ok_or(bad)?;
            out.copy_from_slice(kept);
        }
        (Literal::Text(text) | Literal::Number(text), Codec::Text { chars, .. }) => {
            let policy = TextPolicy {
                oversize: Oversize::Truncate,
                ..TextPolicy::default()
            };
            codec::text::write(text, false, chars, &policy, &mut out)?;
        }
        (Literal::Text(text) | Literal::Number(text), codec) if codec.is_number() => {
            let Ok(value) = text.parse() else {
                return Err(bad);
            };
            let numbers = Numbers {
                oversize: Oversize::Truncate,
                decimals: Decimals::Truncate,
                ..Numbers::default()
            };
            match codec::fit::fit(value, codec, len, &numbers)? {
                Some(kept) => codec.write_number(kept, &mut out)?,
                None => return Err(bad),
            }
        }
        _ => return Err(bad),
    }
    Ok(out)
}
