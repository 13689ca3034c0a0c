//! The header of one record batch, magic 2: read, check, patch, and the control batches of transactions.
//!
//! In: the bytes of one batch. Out: its header, or what is wrong with it. The records behind the header are
//! looked at in `record`; here nothing is decompressed and nothing is copied.
//!
//! Layout: Kafka documentation, "Record Batch" (implementation, message format), all big endian:
//! baseOffset 0, batchLength 8, partitionLeaderEpoch 12, magic 16, crc 17, attributes 21, lastOffsetDelta 23,
//! baseTimestamp 27, maxTimestamp 35, producerId 43, producerEpoch 51, baseSequence 53, recordCount 57, records 61.

/// Bytes before the first record.
pub(crate) const HEADER: usize = 61;
/// Bytes before those the length field counts.
pub(crate) const PREFIX: usize = 12;
/// The leader epoch of every partition: a single node never elects another leader.
pub(crate) const LEADER_EPOCH: i32 = 0;
/// The producer id of a batch without one.
pub(crate) const NO_PRODUCER: i64 = -1;

const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const CODEC_MASK: i16 = 0x07;
const LOG_APPEND_TIME: i16 = 0x08;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;
/// KIP-534: the base timestamp is when tombstones and markers of this batch may go.
const DELETE_HORIZON: i16 = 0x40;

/// What is wrong with a batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// Fewer bytes than the header or its length field say.
    #[error("the batch is cut: wanted {wanted} bytes, got {got}")]
    Cut { wanted: usize, got: usize },
    /// A message set of Kafka before 0.11, or no batch at all.
    #[error(
        "wanted a record batch with magic 2, got magic {0} (clients before Kafka 0.11 are not served)"
    )]
    Magic(i8),
    /// The checksum does not hold.
    #[error("the checksum is {got:08x}, the batch says {wanted:08x}")]
    Checksum { wanted: u32, got: u32 },
    /// A field contradicts another.
    #[error("{0}")]
    Header(&'static str),
    /// The records do not decompress or parse.
    #[error("the records do not read: {0}")]
    Records(String),
}

/// The fields of a batch header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) base_offset: i64,
    /// Bytes of the whole batch, header included.
    pub(crate) len: usize,
    pub(crate) crc: u32,
    pub(crate) attributes: i16,
    pub(crate) last_offset_delta: i32,
    /// Milliseconds since 1970, or the delete horizon.
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) records: i32,
}

/// How the records of a batch are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

/// What a control batch says about its producer's transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    Abort,
    Commit,
}

pub(crate) fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

impl Header {
    /// Reads the header at the front of `bytes`; the bytes behind it may be missing.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let cut = || Fault::Cut {
            wanted: HEADER,
            got: bytes.len(),
        };
        let magic = i8::from_be_bytes(bytes_at(bytes, 16).ok_or_else(cut)?);
        if magic != 2 {
            return Err(Fault::Magic(magic));
        }
        let length = i32::from_be_bytes(bytes_at(bytes, 8).ok_or_else(cut)?);
        let len = usize::try_from(length)
            .ok()
            .and_then(|length| length.checked_add(PREFIX));
        let header = Self {
            base_offset: i64::from_be_bytes(bytes_at(bytes, 0).ok_or_else(cut)?),
            len: len
                .filter(|len| *len >= HEADER)
                .ok_or(Fault::Header("the length is shorter than a header"))?,
            crc: u32::from_be_bytes(bytes_at(bytes, CRC_AT).ok_or_else(cut)?),
            attributes: i16::from_be_bytes(bytes_at(bytes, ATTRIBUTES_AT).ok_or_else(cut)?),
            last_offset_delta: i32::from_be_bytes(bytes_at(bytes, 23).ok_or_else(cut)?),
            base_timestamp: i64::from_be_bytes(bytes_at(bytes, 27).ok_or_else(cut)?),
            max_timestamp: i64::from_be_bytes(bytes_at(bytes, 35).ok_or_else(cut)?),
            producer_id: i64::from_be_bytes(bytes_at(bytes, 43).ok_or_else(cut)?),
            producer_epoch: i16::from_be_bytes(bytes_at(bytes, 51).ok_or_else(cut)?),
            base_sequence: i32::from_be_bytes(bytes_at(bytes, 53).ok_or_else(cut)?),
            records: i32::from_be_bytes(bytes_at(bytes, 57).ok_or_else(cut)?),
        };
        if header.last_offset_delta < 0
            || header
                .base_offset
                .checked_add(i64::from(header.last_offset_delta))
                .is_none()
        {
            return Err(Fault::Header("the last offset is before the first"));
        }
        Ok(header)
    }

    /// Reads and checks one whole batch: length and checksum.
    pub(crate) fn check(bytes: &[u8]) -> Result<Self, Fault> {
        let header = Self::read(bytes)?;
        if bytes.len() != header.len {
            return Err(Fault::Cut {
                wanted: header.len,
                got: bytes.len(),
            });
        }
        let got = crc32c::crc32c(bytes.get(ATTRIBUTES_AT..).unwrap_or_default());
        if got != header.crc {
            return Err(Fault::Checksum {
                wanted: header.crc,
                got,
            });
        }
        header.codec()?;
        Ok(header)
    }

    /// The offset of the last record, also when that record was compacted away.
    pub(crate) fn last_offset(&self) -> i64 {
        self.base_offset
            .saturating_add(i64::from(self.last_offset_delta))
    }

    /// The sequence number of the last record; sequences wrap after `i32::MAX` (KIP-98).
    pub(crate) fn last_sequence(&self) -> i32 {
        add_sequence(self.base_sequence, self.last_offset_delta)
    }

    pub(crate) fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    pub(crate) fn is_log_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }

    /// When the tombstones and markers of this batch may go, if it was set (KIP-534).
    pub(crate) fn delete_horizon(&self) -> Option<i64> {
        (self.attributes & DELETE_HORIZON != 0).then_some(self.base_timestamp)
    }

    pub(crate) fn codec(&self) -> Result<Codec, Fault> {
        match self.attributes & CODEC_MASK {
            0 => Ok(Codec::None),
            1 => Ok(Codec::Gzip),
            2 => Ok(Codec::Snappy),
            3 => Ok(Codec::Lz4),
            4 => Ok(Codec::Zstd),
            _ => Err(Fault::Header(
                "the compression codec is not one of gzip, snappy, lz4, zstd",
            )),
        }
    }
}

/// `sequence + delta`, wrapping from `i32::MAX` to 0.
pub(crate) fn add_sequence(sequence: i32, delta: i32) -> i32 {
    match sequence.checked_add(delta) {
        Some(sum) => sum,
        None => delta - (i32::MAX - sequence) - 1,
    }
}

fn put(batch: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(field) = batch.get_mut(at..at + bytes.len()) {
        field.copy_from_slice(bytes);
    }
}

/// Sets what the broker decides; neither field is under the checksum.
pub(crate) fn assign(batch: &mut [u8], base_offset: i64) {
    put(batch, 0, &base_offset.to_be_bytes());
    put(batch, PREFIX, &LEADER_EPOCH.to_be_bytes());
}

/// Makes `now_ms` the timestamp of every record (`message.timestamp.type=LogAppendTime`) and seals the batch again.
pub(crate) fn stamp(batch: &mut [u8], attributes: i16, now_ms: i64) {
    put(
        batch,
        ATTRIBUTES_AT,
        &(attributes | LOG_APPEND_TIME).to_be_bytes(),
    );
    put(batch, 35, &now_ms.to_be_bytes());
    seal(batch);
}

fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(batch.get(ATTRIBUTES_AT..).unwrap_or_default());
    put(batch, CRC_AT, &crc.to_be_bytes());
}

/// Builds an uncompressed batch from a template header and the encoded records.
///
/// `horizon` sets the delete horizon; the caller has made the records' timestamps relative to it.
pub(crate) fn build(header: &Header, records: i32, body: &[u8], horizon: Option<i64>) -> Vec<u8> {
    let mut batch = Vec::with_capacity(HEADER + body.len());
    let length =
        i32::try_from(HEADER - PREFIX + body.len()).expect("a batch is built from one that fits");
    let (attributes, base_timestamp) = match horizon {
        Some(horizon) => (header.attributes | DELETE_HORIZON, horizon),
        None => (header.attributes, header.base_timestamp),
    };
    batch.extend_from_slice(&header.base_offset.to_be_bytes());
    batch.extend_from_slice(&length.to_be_bytes());
    batch.extend_from_slice(&LEADER_EPOCH.to_be_bytes());
    batch.push(2);
    batch.extend_from_slice(&[0; 4]);
    batch.extend_from_slice(&(attributes & !CODEC_MASK).to_be_bytes());
    batch.extend_from_slice(&header.last_offset_delta.to_be_bytes());
    batch.extend_from_slice(&base_timestamp.to_be_bytes());
    batch.extend_from_slice(&header.max_timestamp.to_be_bytes());
    batch.extend_from_slice(&header.producer_id.to_be_bytes());
    batch.extend_from_slice(&header.producer_epoch.to_be_bytes());
    batch.extend_from_slice(&header.base_sequence.to_be_bytes());
    batch.extend_from_slice(&records.to_be_bytes());
    batch.extend_from_slice(body);
    seal(&mut batch);
    batch
}

/// The control batch that ends a transaction in one partition.
///
/// Key: version 0 and type (0 abort, 1 commit); value: version 0 and coordinator epoch
/// (EndTxnMarker of the Kafka message definitions).
pub(crate) fn marker(
    producer_id: i64,
    producer_epoch: i16,
    marker: Marker,
    now_ms: i64,
) -> Vec<u8> {
    let kind = match marker {
        Marker::Abort => 0,
        Marker::Commit => 1,
    };
    let mut body = vec![0x20, 0, 0, 0, 0x08, 0, 0, 0, kind, 0x0c];
    body.extend_from_slice(&[0; 6]);
    body.push(0);
    let header = Header {
        base_offset: 0,
        len: 0,
        crc: 0,
        attributes: CONTROL | TRANSACTIONAL,
        last_offset_delta: 0,
        base_timestamp: now_ms,
        max_timestamp: now_ms,
        producer_id,
        producer_epoch,
        base_sequence: -1,
        records: 1,
    };
    build(&header, 1, &body, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_reads_back() {
        let batch = marker(7, 3, Marker::Commit, 1_000);
        let header = Header::check(&batch).unwrap();
        assert!(header.is_control() && header.is_transactional());
        assert_eq!(
            (header.producer_id, header.producer_epoch, header.records),
            (7, 3, 1)
        );
        assert_eq!(
            crate::log::record::marker_kind(&header, &batch).unwrap(),
            Some(Marker::Commit)
        );
    }

    #[test]
    fn a_flipped_bit_is_found() {
        let mut batch = marker(7, 3, Marker::Abort, 1_000);
        *batch.last_mut().unwrap() ^= 1;
        assert!(matches!(Header::check(&batch), Err(Fault::Checksum { .. })));
    }

    #[test]
    fn sequences_wrap_to_zero() {
        assert_eq!(add_sequence(i32::MAX, 1), 0);
        assert_eq!(add_sequence(i32::MAX - 1, 3), 1);
        assert_eq!(add_sequence(5, 2), 7);
    }
}
