//! The records inside a batch: an iterator over decompressed bytes, and the writer compaction uses.
//!
//! Record, all varints zigzag: length, attributes (1 byte), timestampDelta, offsetDelta, key length (-1 is
//! null) and key, value length and value, header count and headers (Kafka documentation, "Record").

use std::borrow::Cow;

use super::batch::{Codec, Fault, HEADER, Header, Marker};
use super::compress::inflate;

/// One record; key and value lie in the batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) timestamp_delta: i64,
    pub(crate) offset_delta: i32,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    /// Header count and headers as encoded.
    pub(crate) headers: &'a [u8],
    pub(crate) attributes: u8,
}

impl Record<'_> {
    pub(crate) fn offset(&self, header: &Header) -> i64 {
        header
            .base_offset
            .saturating_add(i64::from(self.offset_delta))
    }

    /// Milliseconds since 1970.
    pub(crate) fn timestamp(&self, header: &Header) -> i64 {
        if header.is_log_append_time() {
            header.max_timestamp
        } else {
            header.base_timestamp.saturating_add(self.timestamp_delta)
        }
    }
}

/// The encoded records of a batch, decompressed.
pub(crate) fn payload<'a>(header: &Header, batch: &'a [u8]) -> Result<Cow<'a, [u8]>, Fault> {
    inflate(header.codec()?, batch.get(HEADER..).unwrap_or_default())
}

/// What a control batch says; `None` for one that is no transaction marker.
pub(crate) fn marker_kind(header: &Header, batch: &[u8]) -> Result<Option<Marker>, Fault> {
    let payload = payload(header, batch)?;
    let Some(record) = Records::new(&payload).next().transpose()? else {
        return Ok(None);
    };
    Ok(match record.key {
        Some([0, 0, 0, 0]) => Some(Marker::Abort),
        Some([0, 0, 0, 1]) => Some(Marker::Commit),
        _ => None,
    })
}

/// Checks that the records of an uncompressed batch are as many as its header says, each whole.
///
/// A compressed batch is taken on trust here, as inflating every batch would cost more than storing it;
/// what reads it later (compaction, search by time) copes with one that does not inflate.
pub(crate) fn check(header: &Header, batch: &[u8]) -> Result<(), Fault> {
    if header.codec()? != Codec::None {
        return Ok(());
    }
    let mut count = 0;
    for record in Records::new(batch.get(HEADER..).unwrap_or_default()) {
        if record?.offset_delta != count {
            return Err(Fault::Header(
                "the offsets of the records are not 0, 1, 2, ...",
            ));
        }
        count += 1;
    }
    if count != header.records {
        return Err(Fault::Header(
            "the number of records is not the one in the header",
        ));
    }
    Ok(())
}

/// Iterates over encoded records; ends after the first fault.
#[derive(Debug)]
pub(crate) struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn read(&mut self) -> Option<Record<'a>> {
        let len = usize::try_from(varint(&mut self.rest)?).ok()?;
        let mut body = take(&mut self.rest, len)?;
        let (attributes, rest) = body.split_first()?;
        body = rest;
        let timestamp_delta = varint(&mut body)?;
        let offset_delta = i32::try_from(varint(&mut body)?).ok()?;
        let key = field(&mut body)?;
        let value = field(&mut body)?;
        Some(Record {
            timestamp_delta,
            offset_delta,
            key,
            value,
            headers: body,
            attributes: *attributes,
        })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = self
            .read()
            .ok_or_else(|| Fault::Records("a record is cut or its lengths disagree".to_owned()));
        if read.is_err() {
            self.rest = &[];
        }
        Some(read)
    }
}

/// Appends a record; `timestamp_delta` is relative to the base timestamp of the batch it goes to.
pub(crate) fn write(record: &Record<'_>, timestamp_delta: i64, out: &mut Vec<u8>) {
    let mut body = vec![record.attributes];
    put_varint(timestamp_delta, &mut body);
    put_varint(i64::from(record.offset_delta), &mut body);
    put_field(record.key, &mut body);
    put_field(record.value, &mut body);
    body.extend_from_slice(record.headers);
    put_varint(i64::try_from(body.len()).unwrap_or(i64::MAX), out);
    out.append(&mut body);
}

fn take<'a>(from: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (head, tail) = from.split_at_checked(len)?;
    *from = tail;
    Some(head)
}

fn field<'a>(from: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    match varint(from)? {
        -1 => Some(None),
        len => Some(Some(take(from, usize::try_from(len).ok()?)?)),
    }
}

fn varint(from: &mut &[u8]) -> Option<i64> {
    let mut value: u64 = 0;
    for shift in (0..70).step_by(7) {
        let (byte, tail) = from.split_first()?;
        *from = tail;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((value >> 1).cast_signed() ^ -((value & 1).cast_signed()));
        }
    }
    None
}

fn put_varint(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while let low @ 0x80.. = rest {
        out.push(u8::try_from(low & 0x7f).unwrap_or_default() | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).unwrap_or_default());
}

fn put_field(field: Option<&[u8]>, out: &mut Vec<u8>) {
    match field {
        None => put_varint(-1, out),
        Some(bytes) => {
            put_varint(i64::try_from(bytes.len()).unwrap_or(i64::MAX), out);
            out.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_as_written() {
        let record = Record {
            timestamp_delta: 0,
            offset_delta: 300,
            key: None,
            value: Some(b"value"),
            headers: &[0],
            attributes: 0,
        };
        let mut bytes = Vec::new();
        write(&record, -70_000, &mut bytes);
        let read = Records::new(&bytes).next().unwrap().unwrap();
        assert_eq!((read.timestamp_delta, read.offset_delta), (-70_000, 300));
        assert_eq!((read.key, read.value), (None, Some(&b"value"[..])));
        for cut in 1..bytes.len() {
            assert!(Records::new(&bytes[..cut]).next().unwrap().is_err());
        }
    }

    #[test]
    fn varints_of_every_size() {
        for value in [0, -1, 1, 63, -64, 64, i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            put_varint(value, &mut bytes);
            assert_eq!(varint(&mut bytes.as_slice()), Some(value));
        }
    }
}
