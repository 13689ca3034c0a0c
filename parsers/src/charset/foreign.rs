//! ASCII-side charsets: `encoding_rs`'s, and the three that the WHATWG standard it follows folds into others.
//!
//! In: bytes or text. Out: the other. The web's `iso-8859-1`, `iso-8859-9` and `iso-8859-11` are really windows-1252,
//! -1254 and -874, and its `us-ascii` is windows-1252 too; here each is what its own standard says.

use encoding_rs::{DecoderResult, EncoderResult, Encoding};

/// A charset whose digits are 30 to 39.
#[derive(Debug, Clone, Copy)]
pub(super) enum Foreign {
    /// As `encoding_rs` has it.
    Web(&'static Encoding),
    /// The same, but with C1 controls at 80 to 9F: ISO 8859 proper.
    Iso(&'static Encoding),
    /// The first 128 only.
    Ascii,
}

impl Foreign {
    pub(super) fn is_single_byte(self) -> bool {
        match self {
            Foreign::Web(encoding) => encoding.is_single_byte(),
            Foreign::Iso(_) | Foreign::Ascii => true,
        }
    }

    /// What each byte is when it stands alone; U+FFFD for none.
    pub(super) fn characters(self) -> [char; 256] {
        let mut characters = [char::REPLACEMENT_CHARACTER; 256];
        for (place, byte) in characters.iter_mut().zip(0..=u8::MAX) {
            let encoding = match self {
                _ if byte < 0x80 => {
                    *place = char::from(byte);
                    continue;
                }
                Foreign::Ascii => continue,
                Foreign::Iso(_) if byte < 0xa0 => {
                    *place = char::from(byte);
                    continue;
                }
                // ISO 8859-1 is the first 256 characters of Unicode.
                Foreign::Iso(encoding) if encoding == encoding_rs::WINDOWS_1252 => {
                    *place = char::from(byte);
                    continue;
                }
                Foreign::Iso(encoding) | Foreign::Web(encoding) => encoding,
            };
            if let Some(text) =
                encoding.decode_without_bom_handling_and_without_replacement(&[byte])
                && let Some(character) = text.chars().next()
            {
                *place = character;
            }
        }
        characters
    }

    /// With U+FFFD for what is no character: one for as many bytes as could have begun one (Unicode Standard, section
    /// 3.9, "U+FFFD Substitution of Maximal Subparts"). Only of charsets that are not single-byte.
    pub(super) fn decode_lossy(self, bytes: &[u8], out: &mut String) {
        if let Foreign::Web(encoding) = self {
            out.push_str(&encoding.decode_without_bom_handling(bytes).0);
        }
    }

    /// Only of charsets that are not single-byte.
    pub(super) fn decode(self, bytes: &[u8], out: &mut String) -> Result<(), usize> {
        let Foreign::Web(encoding) = self else {
            return Err(0);
        };
        let mut decoder = encoding.new_decoder_without_bom_handling();
        let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
        out.reserve(room.unwrap_or(bytes.len()));
        let mut done = 0usize;
        loop {
            let rest = bytes.get(done..).unwrap_or_default();
            let (result, read) = decoder.decode_to_string_without_replacement(rest, out, true);
            done = done.saturating_add(read);
            match result {
                DecoderResult::InputEmpty => return Ok(()),
                DecoderResult::OutputFull => out.reserve(rest.len().saturating_add(16)),
                DecoderResult::Malformed(bad, after) => {
                    let back = usize::from(bad).saturating_add(usize::from(after));
                    return Err(done.saturating_sub(back));
                }
            }
        }
    }

    /// Only of charsets that are not single-byte.
    pub(super) fn encode(self, text: &str, out: &mut Vec<u8>) -> Result<(), char> {
        let Foreign::Web(encoding) = self else {
            return Err(text.chars().next().unwrap_or_default());
        };
        // The web writes the yen sign and the overline as 5C and 7E, which it reads as other characters.
        let folded = [encoding_rs::SHIFT_JIS, encoding_rs::EUC_JP].contains(&encoding);
        if let Some(at) = text.find(['¥', '‾']).filter(|_| folded) {
            let (before, after) = text.split_at_checked(at).unwrap_or_default();
            self.encode(before, out)?;
            return Err(after.chars().next().unwrap_or_default());
        }
        let mut encoder = encoding.new_encoder();
        let mut done = 0usize;
        loop {
            let rest = text.get(done..).unwrap_or_default();
            let room = encoder.max_buffer_length_from_utf8_without_replacement(rest.len());
            out.reserve(room.unwrap_or(rest.len()).max(16));
            let (result, read) =
                encoder.encode_from_utf8_to_vec_without_replacement(rest, out, true);
            done = done.saturating_add(read);
            match result {
                EncoderResult::InputEmpty => return Ok(()),
                EncoderResult::OutputFull => {}
                EncoderResult::Unmappable(character) => return Err(character),
            }
        }
    }
}
