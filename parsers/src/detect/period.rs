//! How long the records of a file without descriptor words look, without a copybook.
//!
//! Records of one length repeat: digits stand where the record before had digits, letters where it had letters. The
//! shortest distance at which the kinds of bytes agree best is the record length, if they agree well.

use super::Sample;

/// Bytes compared, and the longest record looked for.
const MOST: usize = 64 * 1024;
const LONGEST: usize = 4096;
const SHORTEST: usize = 4;
/// So many records must be there.
const RECORDS: usize = 4;

#[derive(PartialEq, Eq, Clone, Copy)]
enum Kind {
    /// Blanks and zeros: they agree everywhere, and say nothing.
    Nothing,
    Digit,
    Upper,
    Lower,
    /// Ends a packed field.
    Sign,
    Other,
}

fn kind(byte: u8) -> Kind {
    match byte {
        0x00 | 0x20 | 0x40 => Kind::Nothing,
        0x30..=0x39 | 0xf0..=0xf9 => Kind::Digit,
        0xc1..=0xc9 | 0xd1..=0xd9 | 0xe2..=0xe9 => Kind::Upper,
        0x81..=0x89 | 0x91..=0x99 | 0xa2..=0xa9 | 0x61..=0x7a => Kind::Lower,
        _ if matches!(byte & 0x0f, 0x0c | 0x0d | 0x0f) => Kind::Sign,
        _ => Kind::Other,
    }
}

/// The length of a record in bytes, if one stands out. Where the size of the file is known, it is a divisor of that.
pub(super) fn guess(sample: Sample<'_>) -> Option<u32> {
    let kinds: Vec<Kind> = sample
        .bytes
        .iter()
        .take(MOST)
        .map(|byte| kind(*byte))
        .collect();
    let longest = LONGEST.min(kinds.len().checked_div(RECORDS)?);
    let fits = |len: usize| {
        let len = u64::try_from(len).unwrap_or(0);
        sample
            .size
            .is_none_or(|size| size.checked_rem(len) == Some(0))
    };
    let scores: Vec<(usize, u64)> = (SHORTEST..=longest)
        .map(|len| (len, agreement(&kinds, len)))
        .collect();
    let sum: u64 = scores.iter().map(|(_, score)| *score).sum();
    let mean = sum.checked_div(u64::try_from(scores.len()).ok()?)?;
    let best = scores
        .iter()
        .filter(|(len, _)| fits(*len))
        .map(|(_, score)| *score)
        .max()?;
    if best < 700 || best < mean.saturating_add(150) {
        return None;
    }
    // Twice the length agrees as well.
    let (len, _) = scores
        .iter()
        .find(|(len, score)| fits(*len) && score.saturating_add(40) >= best)?;
    u32::try_from(*len).ok()
}

/// How many of a thousand bytes are of the kind that stands `len` bytes on.
fn agreement(kinds: &[Kind], len: usize) -> u64 {
    let (mut same, mut all) = (0u64, 0u64);
    for (a, b) in kinds.iter().zip(kinds.get(len..).unwrap_or_default()) {
        if *a == Kind::Nothing && *b == Kind::Nothing {
            continue;
        }
        all = all.saturating_add(1);
        same = same.saturating_add(u64::from(a == b));
    }
    same.saturating_mul(1000).checked_div(all).unwrap_or(0)
}
