//! Text of a code page as UTF-8, and as the inside of a JSON string.
//!
//! In: a field's bytes. Out: UTF-8 appended to the caller's buffer, for JSON escaped, without quotation marks. Text that is
//! plain ASCII, which is nearly all of it, goes through one table of 256 bytes; anything else is decoded character
//! by character.

use super::Table;

impl Table {
    /// Appends the bytes' text; U+FFFD stands for what is no character.
    #[inline]
    #[allow(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
    pub(crate) fn push_json(&self, bytes: &[u8], out: &mut Vec<u8>) {
        let fast = self.json();
        let start = out.len();
        out.extend(bytes.iter().map(|byte| fast[usize::from(*byte)]));
        let written = out.get(start..).unwrap_or_default();
        if written.contains(&0) {
            out.truncate(start);
            self.push_json_slowly(bytes, out);
        }
    }

    /// Appends text as UTF-8; plain ASCII, which most is, a byte at a time without a branch.
    #[inline]
    #[allow(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
    pub(crate) fn push_utf8(&self, bytes: &[u8], out: &mut Vec<u8>) {
        let fast = self.json();
        let start = out.len();
        out.extend(bytes.iter().map(|byte| fast[usize::from(*byte)]));
        if out.get(start..).unwrap_or_default().contains(&0) {
            out.truncate(start);
            self.push_utf8_slowly(bytes, out);
        }
    }

    #[cold]
    fn push_utf8_slowly(&self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.is_single_byte() {
            for byte in bytes {
                let character = self.char_of(*byte);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            return;
        }
        let mut text = String::with_capacity(bytes.len());
        self.decode_lossy(bytes, &mut text);
        out.extend_from_slice(text.as_bytes());
    }

    /// The same for text with characters that are not ASCII or need an escape.
    #[cold]
    fn push_json_slowly(&self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.is_single_byte() {
            for byte in bytes {
                push_char(self.char_of(*byte), out);
            }
            return;
        }
        let mut text = String::with_capacity(bytes.len());
        self.decode_lossy(bytes, &mut text);
        for character in text.chars() {
            push_char(character, out);
        }
    }
}

/// Appends one character as it stands inside a JSON string.
pub(crate) fn push_char(character: char, out: &mut Vec<u8>) {
    match character {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        control if control < ' ' || control == '\u{7f}' => {
            let code = u8::try_from(control).unwrap_or(0);
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(crate::json::hex(&[code]).as_bytes());
        }
        other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}
