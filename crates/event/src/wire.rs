//! Integers of varying length, as Avro and Protobuf have them.

/// An integer in groups of 7 bits, least first.
pub(crate) fn varint(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// The same with the sign in the lowest bit.
pub(crate) fn zigzag_varint(value: i64, out: &mut Vec<u8>) {
    varint(((value << 1) ^ (value >> 63)).cast_unsigned(), out);
}
