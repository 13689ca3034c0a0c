//! Integers of varying length, as Avro and Protobuf have them, and a cursor that reads them back.

use crate::Error;

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

/// What is left of bytes that came from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'b> {
    rest: &'b [u8],
}

impl<'b> Input<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn rest(&self) -> &'b [u8] {
        self.rest
    }

    pub(crate) fn len(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'b [u8], Error> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            let found = self.rest.len();
            return Err(Error::datum(format!(
                "wanted {count} more bytes, got {found}"
            )));
        };
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Error> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// See [`varint`]. At most 10 bytes, and no bit that does not fit.
    pub(crate) fn varint(&mut self) -> Result<u64, Error> {
        let mut value = 0_u64;
        for shift in (0_u32..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Error::datum("wanted a varint of 64 bits, got a longer one"))
    }

    /// See [`zigzag_varint`].
    pub(crate) fn zigzag(&mut self) -> Result<i64, Error> {
        self.varint().map(unzigzag)
    }
}

/// The number whose sign is in the lowest bit.
pub(crate) fn unzigzag(value: u64) -> i64 {
    let negative = if value & 1 == 1 { -1 } else { 0 };
    (value >> 1).cast_signed() ^ negative
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(value in any::<u64>(), signed in any::<i64>()) {
            let mut bytes = Vec::new();
            varint(value, &mut bytes);
            zigzag_varint(signed, &mut bytes);
            let mut input = Input::new(&bytes);
            prop_assert_eq!(input.varint(), Ok(value));
            prop_assert_eq!(input.zigzag(), Ok(signed));
            prop_assert!(input.is_empty());
        }
    }

    #[test]
    fn a_varint_has_an_end() {
        let too_long = [0xff; 11];
        assert!(Input::new(&too_long).varint().is_err());
        assert!(Input::new(&[0x80]).varint().is_err());
        let mut most = vec![0xff; 9];
        most.push(1);
        assert_eq!(Input::new(&most).varint(), Ok(u64::MAX));
        most.pop();
        most.push(2);
        assert!(Input::new(&most).varint().is_err());
    }
}
