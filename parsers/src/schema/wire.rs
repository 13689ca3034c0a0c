//! The bytes that Avro and Protobuf share: integers of varying length, texts and bytes behind their length.

/// An integer in groups of 7 bits, least first: Protobuf's varint.
#[inline]
pub(crate) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(low7(value) | 0x80);
        value >>= 7;
    }
    out.push(low7(value));
}

#[inline]
#[allow(
    clippy::cast_possible_truncation,
    reason = "the low 7 bits are what is wanted"
)]
fn low7(value: u64) -> u8 {
    (value & 0x7f) as u8
}

/// Signs to the lowest bit: Avro's `long`.
#[inline]
pub(crate) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Avro's `int` and `long`.
#[inline]
pub(crate) fn long(value: i64, out: &mut Vec<u8>) {
    varint(zigzag(value), out);
}

/// A length as Avro has it.
#[inline]
pub(crate) fn avro_length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX).wrapping_shl(1)
}

/// A length as Protobuf has it.
#[inline]
pub(crate) fn proto_length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Bytes of a varint.
#[inline]
fn varint_len(value: u64) -> usize {
    // Seven bits a byte, one byte for zero.
    let bits = 64u32.saturating_sub(value.leading_zeros()).max(1);
    usize::try_from(bits.div_ceil(7)).unwrap_or(10)
}

/// Appends what `write` appends, behind its length. `guess` is about how long it will be: where the length takes as
/// many bytes as that one's would, nothing is moved.
#[inline]
pub(crate) fn behind_length(
    out: &mut Vec<u8>,
    guess: usize,
    length: impl Fn(usize) -> u64,
    write: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    let room = varint_len(length(guess));
    for _ in 0..room {
        out.push(0);
    }
    let body = out.len();
    write(out);
    set_length(out, start, room, length(out.len().saturating_sub(body)));
}

/// Puts a length into the room left for it at `start`, moving what follows if it needs another number of bytes.
#[inline]
pub(crate) fn set_length(out: &mut Vec<u8>, start: usize, room: usize, length: u64) {
    if room == 1
        && length < 0x80
        && let Some(place) = out.get_mut(start)
    {
        *place = low7(length);
        return;
    }
    move_length(out, start, room, length);
}

#[inline(never)]
fn move_length(out: &mut Vec<u8>, start: usize, room: usize, length: u64) {
    let mut bytes = [0u8; 10];
    let needed = varint_len(length);
    let mut rest = length;
    for (index, place) in bytes.iter_mut().take(needed).enumerate() {
        let more = index.saturating_add(1) < needed;
        *place = low7(rest) | if more { 0x80 } else { 0 };
        rest >>= 7;
    }
    let bytes = bytes.get(..needed).unwrap_or_default();
    if needed == room
        && let Some(place) = out.get_mut(start..start.saturating_add(room))
    {
        place.copy_from_slice(bytes);
    } else {
        out.splice(start..start.saturating_add(room), bytes.iter().copied());
    }
}

/// A whole number in two's complement, big endian, in as few bytes as it needs (`java.math.BigInteger.toByteArray`).
#[inline]
pub(crate) fn minimal_i64(value: i64) -> ([u8; 8], usize) {
    // Bits that only repeat the sign, but for one.
    let same = (value ^ (value >> 63)).leading_zeros().saturating_sub(1);
    (value.to_be_bytes(), usize::try_from(same / 8).unwrap_or(0))
}

/// The same for 128 bits.
pub(crate) fn minimal_i128(value: i128) -> ([u8; 16], usize) {
    let same = (value ^ (value >> 127)).leading_zeros().saturating_sub(1);
    (value.to_be_bytes(), usize::try_from(same / 8).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_move_what_follows_only_where_they_must() {
        for length in [0usize, 1, 63, 64, 127, 128, 8191, 8192, 16383, 16384] {
            for guess in [0usize, 100, 10_000] {
                let mut out = vec![7];
                behind_length(&mut out, guess, avro_length, |out| {
                    out.resize(out.len() + length, 9);
                });
                let mut wanted = vec![7];
                varint(u64::try_from(length).unwrap() * 2, &mut wanted);
                wanted.resize(wanted.len() + length, 9);
                assert_eq!(out, wanted, "{length} guessed as {guess}");
            }
        }
    }

    #[test]
    fn unscaled_numbers_are_minimal() {
        let short = |value: i64| {
            let (bytes, from) = minimal_i64(value);
            bytes.get(from..).unwrap_or_default().to_vec()
        };
        let long = |value: i128| {
            let (bytes, from) = minimal_i128(value);
            bytes.get(from..).unwrap_or_default().to_vec()
        };
        for (value, wanted) in [
            (0i64, &[0u8][..]),
            (-1, &[0xff]),
            (127, &[0x7f]),
            (128, &[0, 0x80]),
            (-128, &[0x80]),
            (-129, &[0xff, 0x7f]),
            (i64::MAX, &[0x7f, 255, 255, 255, 255, 255, 255, 255]),
            (i64::MIN, &[0x80, 0, 0, 0, 0, 0, 0, 0]),
        ] {
            assert_eq!(short(value), wanted);
            assert_eq!(long(i128::from(value)), wanted);
        }
        assert_eq!(long(i128::MIN).len(), 16);
        assert_eq!(long(1 << 64).len(), 9);
    }
}
