//! Which record format a file looks like, when it does not fit the one it was read with.
//!
//! In: some bytes. Out: a sentence for a person. A guess is worded as one and never acted on.

use super::RecordFormat;
use super::framing::Word;
use super::word::Place;

/// What the beginning of a file looks like, if it does not look like `format`; for the help of an error found later,
/// such as a record that does not decode.
pub fn explain(format: RecordFormat, head: &[u8]) -> Option<String> {
    match format {
        RecordFormat::F { .. }
        | RecordFormat::Fb { .. }
        | RecordFormat::U { .. }
        | RecordFormat::Text
        | RecordFormat::Length => {
            if is_blocks(head) {
                Some("the file begins with a block descriptor word and a record descriptor word: try VB".to_owned())
            } else if is_records(head, 2) {
                Some("the file begins with record descriptor words: try V".to_owned())
            } else {
                None
            }
        }
        RecordFormat::V if is_blocks(head) => {
            Some("the first RDW is the length of records with RDWs of their own: this looks like blocks, try VB".to_owned())
        }
        RecordFormat::Vb if is_blocks(head) => None,
        RecordFormat::V | RecordFormat::Vb | RecordFormat::Vs | RecordFormat::Vbs => {
            descriptors(format, 0, head)
        }
    }
}

/// Why a descriptor word could be wrong. `rest` begins with it.
pub(super) fn descriptors(format: RecordFormat, record: u64, rest: &[u8]) -> Option<String> {
    let word = rest.first_chunk::<4>()?;
    if format == RecordFormat::Vb && record == 0 && is_records(rest, 2) {
        return Some("the file has RDWs but no BDWs, as FTP sends it: try V".to_owned());
    }
    if format == RecordFormat::V && is_blocks(rest) {
        return Some(
            "a BDW and an RDW follow each other here: this looks like blocks, try VB".to_owned(),
        );
    }
    let [a, b, c, d] = *word;
    let little = usize::from(u16::from_le_bytes([a, b]));
    if record == 0 && little >= 1 && c == 0 && d == 0 && little < 0x4000 && little <= rest.len() {
        return Some(
            "the lengths look little endian, which no mainframe writes: what wrote this file?"
                .to_owned(),
        );
    }
    if word.iter().all(|byte| is_text(*byte)) {
        return Some(if record == 0 {
            "these bytes are EBCDIC text: the RDWs were stripped in transfer; ask for the file with RDWs \
             (FTP: quote site rdw), or read it as F if its records have one length"
                .to_owned()
        } else {
            "these bytes are EBCDIC text: a record length before this one is wrong, or the file was edited".to_owned()
        });
    }
    if word
        .iter()
        .all(|byte| byte.is_ascii_graphic() || *byte == b' ')
    {
        return Some(
            "these bytes are ASCII text: the file was translated in transfer; ask for it in binary"
                .to_owned(),
        );
    }
    None
}

/// Letters, digits and blanks of EBCDIC.
fn is_text(byte: u8) -> bool {
    matches!(byte, 0x40 | 0x4b | 0x60 | 0x61 | 0x6b | 0x81..=0x89 | 0x91..=0x99 | 0xa2..=0xa9 | 0xc1..=0xc9 | 0xd1..=0xd9 | 0xe2..=0xe9 | 0xf0..=0xf9)
}

/// A BDW whose block is exactly filled by records with RDWs.
fn is_blocks(bytes: &[u8]) -> bool {
    let Some(word) = bytes.first_chunk::<4>() else {
        return false;
    };
    let Some(data) = Word::BIG.block(*word).filter(|data| *data >= 4) else {
        return false;
    };
    let length = usize::try_from(data)
        .unwrap_or(usize::MAX)
        .saturating_add(4);
    let Some(block) = bytes.get(4..length.min(bytes.len())) else {
        return false;
    };
    let whole = length <= bytes.len();
    let (records, rest) = records(block);
    records > 0 && if whole { rest == 0 } else { records > 1 }
}

/// At least `wanted` records with RDWs one after the other (fewer if the bytes end).
fn is_records(bytes: &[u8], wanted: usize) -> bool {
    let (found, rest) = records(bytes);
    found >= wanted || (found > 0 && rest == 0)
}

/// How many whole records with RDWs there are, and how many bytes follow the last.
fn records(bytes: &[u8]) -> (usize, usize) {
    let (mut found, mut rest) = (0usize, bytes);
    while let Some(word) = rest.first_chunk::<4>() {
        let Some((data, Place::Whole)) = Word::BIG.record(*word) else {
            break;
        };
        let Some(after) = rest.get(data.saturating_add(4)..) else {
            break;
        };
        found = found.saturating_add(1);
        rest = after;
    }
    (found, rest.len())
}
