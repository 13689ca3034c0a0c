//! Decodes requests without trusting the lengths in them.
//!
//! The decoders of `kafka-protocol` reserve room for as many elements as an array claims, before they read
//! the first: thirty bytes can ask for a hundred gigabytes, and the process ends. So every request is decoded
//! twice: first from a [`Probe`], which makes every length that cannot be true an error, then for real.

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::messages::{ApiKey, RequestHeader};
use kafka_protocol::protocol::Decodable;
use kafka_protocol::protocol::buf::ByteBuf;

use super::Broken;

/// Elements an array may have, where no longer bytes field occurs in the request.
const ELEMENTS: usize = 65_536;

/// A buffer that refuses lengths beyond the bytes that are left.
///
/// Lengths are four-byte integers or unsigned varints; the decoders fetch them with `try_get_i32` and
/// `try_get_u8`. A plain integer looks the same, but no decoder acts on its value: an integer too large to be
/// a length is handed out as -2, which is an error where a length is wanted and means nothing elsewhere.
#[derive(Debug)]
struct Probe {
    rest: Bytes,
    most: usize,
}

impl Probe {
    fn bound(&self) -> usize {
        self.rest.remaining().min(self.most)
    }
}

impl Buf for Probe {
    fn remaining(&self) -> usize {
        self.rest.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.rest.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.rest.advance(count);
    }

    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        let value = self.rest.try_get_i32()?;
        let too_large = usize::try_from(value).is_ok_and(|len| len > self.bound());
        Ok(if too_large { -2 } else { value })
    }

    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        // Compact lengths are one more than the length.
        let claimed = claimed(self.rest.chunk()).saturating_sub(1);
        if claimed > self.bound() {
            return Err(TryGetError {
                requested: claimed,
                available: self.rest.remaining(),
            });
        }
        self.rest.try_get_u8()
    }
}

impl ByteBuf for Probe {
    fn peek_bytes(&mut self, range: std::ops::Range<usize>) -> Bytes {
        self.rest.slice(range)
    }

    fn get_bytes(&mut self, size: usize) -> Bytes {
        self.rest.split_to(size)
    }
}

/// The unsigned varint at the front; a single byte below 0x80 is itself.
fn claimed(bytes: &[u8]) -> usize {
    let mut value: usize = 0;
    for (shift, byte) in (0..35).step_by(7).zip(bytes) {
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

fn probe<T: Decodable>(bytes: &Bytes, version: i16, most: usize) -> Result<(), String> {
    let mut probe = Probe {
        rest: bytes.clone(),
        most,
    };
    T::decode(&mut probe, version).map_err(|error| error.to_string())?;
    Ok(())
}

/// Decodes a request body. Bytes behind it are left alone, as Apache Kafka leaves them: librdkafka 2.0 (Debian's kcat) writes
/// the topic list "all" of Metadata 12 in four bytes instead of one.
pub(crate) fn body<T: Decodable>(api: ApiKey, version: i16, mut bytes: Bytes) -> Result<T, Broken> {
    let malformed = |why: String| Broken::Malformed {
        api: api as i16,
        version,
        why,
    };
    // Group members carry opaque bytes of any length.
    let most = if matches!(api, ApiKey::JoinGroup | ApiKey::SyncGroup) {
        usize::MAX
    } else {
        ELEMENTS
    };
    probe::<T>(&bytes, version, most).map_err(malformed)?;
    T::decode(&mut bytes, version).map_err(|error| malformed(error.to_string()))
}

/// The header of a request; what is left in `bytes` is the body.
pub(crate) fn header(
    api: ApiKey,
    version: i16,
    bytes: &mut Bytes,
) -> Result<RequestHeader, Broken> {
    let malformed = |why: String| Broken::Malformed {
        api: api as i16,
        version,
        why,
    };
    let header_version = api.request_header_version(version);
    probe::<RequestHeader>(bytes, header_version, ELEMENTS).map_err(malformed)?;
    RequestHeader::decode(bytes, header_version).map_err(|error| malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::{FetchRequest, MetadataRequest};

    use super::*;

    #[test]
    fn a_length_that_cannot_be_is_an_error_before_anything_is_reserved() {
        let fixed = Bytes::from_static(&[0x7f, 0xff, 0xff, 0xff]);
        assert!(body::<MetadataRequest>(ApiKey::Metadata, 1, fixed).is_err());
        let compact = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0]);
        assert!(body::<MetadataRequest>(ApiKey::Metadata, 9, compact).is_err());
    }

    #[test]
    fn a_large_plain_number_is_no_length() {
        let mut bytes = Vec::new();
        // Replica, wait, minimum and maximum bytes, isolation, topics: version 4.
        for number in [-1, i32::MAX, i32::MAX, i32::MAX] {
            bytes.extend_from_slice(&i32::to_be_bytes(number));
        }
        bytes.extend_from_slice(&[0, 0, 0, 0, 0]);
        let fetch: FetchRequest = body(ApiKey::Fetch, 4, bytes.into()).unwrap();
        assert_eq!(fetch.max_wait_ms, i32::MAX);
    }
}
