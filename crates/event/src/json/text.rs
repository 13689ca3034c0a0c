//! Texts and numbers in JSON, as Connect's Jackson writes them, so that our records equal its byte for byte.

use std::io::Write;

/// What stands behind the `\` for a byte that JSON does not allow in a text; `u` for the form `u00XX`.
fn escape(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(byte),
        0x08 => Some(b'b'),
        b'\t' => Some(b't'),
        b'\n' => Some(b'n'),
        0x0C => Some(b'f'),
        b'\r' => Some(b'r'),
        0..0x20 => Some(b'u'),
        _ => None,
    }
}

/// A text in quotes. Only what JSON must have escaped is; other characters stay UTF-8.
pub(super) fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some((length, byte, escape)) = first_escape(rest) {
        out.extend_from_slice(rest.get(..length).unwrap_or_default());
        out.push(b'\\');
        out.push(escape);
        if escape == b'u' {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
            out.extend_from_slice(&[b'0', b'0', digit(byte >> 4), digit(byte & 0x0F)]);
        }
        rest = rest.get(length.saturating_add(1)..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn first_escape(bytes: &[u8]) -> Option<(usize, u8, u8)> {
    bytes
        .iter()
        .enumerate()
        .find_map(|(index, byte)| escape(*byte).map(|escape| (index, *byte, escape)))
}

/// A whole number.
pub(super) fn integer(value: i64, out: &mut Vec<u8>) {
    let mut buffer = [0_u8; 20]; // digits of u64::MAX
    let mut used = 0_usize;
    let mut rest = value.unsigned_abs();
    for slot in buffer.iter_mut().rev() {
        *slot = b'0'.saturating_add(u8::try_from(rest % 10).unwrap_or(0));
        rest /= 10;
        used = used.saturating_add(1);
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(
        buffer
            .get(buffer.len().saturating_sub(used)..)
            .unwrap_or_default(),
    );
}

/// A double as Java writes it (`Double.toString`): shortest digits that read back, `1.0E10` from 10^7 on and below
/// 10^-3. JSON has no NaN nor infinities; Jackson puts their names in quotes.
pub(super) fn float64(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() {
        java_form(format_args!("{value:e}"), value == 0.0, out);
    } else {
        out.extend_from_slice(not_finite(value.is_nan(), value > 0.0));
    }
}

/// As [`float64`], with the shortest digits that read back as a 32-bit float.
pub(super) fn float32(value: f32, out: &mut Vec<u8>) {
    if value.is_finite() {
        java_form(format_args!("{value:e}"), value == 0.0, out);
    } else {
        out.extend_from_slice(not_finite(value.is_nan(), value > 0.0));
    }
}

fn not_finite(nan: bool, positive: bool) -> &'static [u8] {
    match (nan, positive) {
        (true, _) => b"\"NaN\"",
        (false, true) => b"\"Infinity\"",
        (false, false) => b"\"-Infinity\"",
    }
}

/// Turns Rust's `-1.2345e-3` into Java's form. At most 17 digits stand before the `e`.
fn java_form(scientific: std::fmt::Arguments<'_>, zero: bool, out: &mut Vec<u8>) {
    let mut buffer = [0_u8; 40];
    let mut cursor = std::io::Cursor::new(&mut buffer[..]);
    if cursor.write_fmt(scientific).is_err() {
        return; // 40 bytes hold any float: a sign, 17 digits, a point, an exponent of five
    }
    let length = usize::try_from(cursor.position()).unwrap_or(0);
    let text = buffer.get(..length).unwrap_or_default();
    let (mantissa, exponent) = match text.iter().position(|byte| *byte == b'e') {
        Some(at) => (
            text.get(..at).unwrap_or_default(),
            text.get(at.saturating_add(1)..).unwrap_or_default(),
        ),
        None => (text, &b"0"[..]),
    };
    let exponent: i32 = std::str::from_utf8(exponent)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let (negative, mantissa) = match mantissa.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, mantissa),
    };
    if negative {
        out.push(b'-');
    }
    if zero {
        out.extend_from_slice(b"0.0");
        return;
    }
    let digits = || mantissa.iter().copied().filter(u8::is_ascii_digit);
    let count = digits().count();
    match exponent {
        -3..=-1 => {
            out.extend_from_slice(b"0.");
            let zeros = usize::try_from(exponent.saturating_neg().saturating_sub(1)).unwrap_or(0);
            out.extend(std::iter::repeat_n(b'0', zeros).chain(digits()));
        }
        0..=6 => {
            let whole = usize::try_from(exponent).unwrap_or(0).saturating_add(1);
            out.extend(digits().chain(std::iter::repeat(b'0')).take(whole));
            out.push(b'.');
            if count > whole {
                out.extend(digits().skip(whole));
            } else {
                out.push(b'0');
            }
        }
        _ => {
            out.extend(digits().take(1));
            out.push(b'.');
            if count > 1 {
                out.extend(digits().skip(1));
            } else {
                out.push(b'0');
            }
            out.push(b'E');
            integer(exponent.into(), out);
        }
    }
}
