//! The line before each chunk: its size in hexadecimal digits, and extensions that nobody reads but everybody must find the end of
//! (RFC 9112 section 7.1.1). Two readers who find different ends take different bytes for a request.

use crate::refused::{self, Refused};
use crate::request::is_token;
use crate::scan::{self, Line};

/// Bytes of one line.
const LONGEST_LINE: usize = 1024;
/// Bytes of the extensions of all chunks of a body: they cost their reader more than their sender.
const EXTENSIONS: usize = 16 * 1024;

/// What the extensions of a body have taken so far, in bytes.
#[derive(Debug, Default)]
pub(crate) struct Extensions(usize);

/// A chunk that begins.
pub(crate) struct Size {
    /// Bytes of data; 0 of the last.
    pub(crate) size: u64,
    /// Bytes of the line, with its end.
    pub(crate) line: usize,
}

/// Reads the line; none if more bytes are needed.
pub(crate) fn size(bytes: &[u8], extensions: &mut Extensions) -> Result<Option<Size>, Refused> {
    let window = bytes.get(..LONGEST_LINE).unwrap_or(bytes);
    let found = scan::line(window, 0);
    let (Line::Ends(end) | Line::Open(end) | Line::Broken(end, _)) = found;
    let line = window.get(..end).unwrap_or_default();
    let (size, rest) = digits(line)?;
    // Nobody is waited for whose line has gone wrong.
    if !matches!(rest, [] | [b';' | b' ' | b'\t', ..]) {
        return Err(refused::CHUNK_SIZE);
    }
    match found {
        Line::Ends(_) => {}
        Line::Broken(..) => return Err(refused::CHUNK_LINE),
        Line::Open(_) if bytes.len() > LONGEST_LINE => return Err(refused::CHUNK_EXTENSIONS),
        Line::Open(_) => return Ok(None),
    }
    if end == rest.len() {
        return Err(refused::CHUNK_SIZE);
    }
    if !rest.is_empty() {
        check(rest)?;
        extensions.0 = extensions.0.saturating_add(rest.len());
        if extensions.0 > EXTENSIONS {
            return Err(refused::CHUNK_EXTENSIONS);
        }
    }
    Ok(Some(Size {
        size,
        line: end.saturating_add(2),
    }))
}

/// The number at the start, and what comes after it.
fn digits(line: &[u8]) -> Result<(u64, &[u8]), Refused> {
    let mut size = 0_u64;
    let mut rest = line;
    while let [byte, after @ ..] = rest {
        let Some(digit) = char::from(*byte).to_digit(16) else {
            break;
        };
        size = size
            .checked_mul(16)
            .and_then(|size| size.checked_add(u64::from(digit)))
            .filter(|size| i64::try_from(*size).is_ok())
            .ok_or(refused::CHUNK_LARGE)?;
        rest = after;
    }
    if rest.len() == line.len() && !line.is_empty() {
        return Err(refused::CHUNK_SIZE);
    }
    Ok((size, rest))
}

/// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`.
fn check(mut rest: &[u8]) -> Result<(), Refused> {
    while !rest.is_empty() {
        let [b';', after @ ..] = blank(rest) else {
            return Err(refused::CHUNK_EXTENSION);
        };
        let after = token(blank(after))?;
        rest = match blank(after) {
            [b'=', value @ ..] => match blank(value) {
                [b'"', text @ ..] => quoted(text)?,
                value => token(value)?,
            },
            _ => after,
        };
    }
    Ok(())
}

fn blank(mut rest: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', after @ ..] = rest {
        rest = after;
    }
    rest
}

/// What comes after a token.
fn token(rest: &[u8]) -> Result<&[u8], Refused> {
    let length = rest
        .iter()
        .position(|byte| !is_token(*byte))
        .unwrap_or(rest.len());
    if length == 0 {
        return Err(refused::CHUNK_EXTENSION);
    }
    Ok(rest.get(length..).unwrap_or_default())
}

/// What comes after the text whose opening quote is behind us.
fn quoted(mut rest: &[u8]) -> Result<&[u8], Refused> {
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Ok(after),
            [b'\\', b'\t' | b' '..=0x7e | 0x80.., after @ ..]
            | [
                b'\t' | b' ' | b'!' | b'#'..=b'[' | b']'..=0x7e | 0x80..,
                after @ ..,
            ] => after,
            _ => return Err(refused::CHUNK_EXTENSION),
        };
    }
}
