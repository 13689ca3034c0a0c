//! Record batches, right and wrong ones.

use bytes::BytesMut;
use kafka_protocol::ResponseError;
use kafka_protocol::records::{
    Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};

use crate::client::{Client, start};

/// Who writes a batch: producer id, epoch, first sequence number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
    pub(crate) sequence: i32,
    pub(crate) transactional: bool,
}

pub(crate) const NOBODY: Writer = Writer {
    id: -1,
    epoch: -1,
    sequence: -1,
    transactional: false,
};

/// A batch with these values.
pub(crate) fn batch(writer: Writer, values: &[&str]) -> Vec<u8> {
    compressed(writer, values, Compression::None)
}

pub(crate) fn compressed(writer: Writer, values: &[&str], compression: Compression) -> Vec<u8> {
    let record = |(at, value): (usize, &&str)| Record {
        transactional: writer.transactional,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: writer.id,
        producer_epoch: writer.epoch,
        timestamp_type: TimestampType::Creation,
        offset: i64::try_from(at).unwrap(),
        sequence: writer.sequence.wrapping_add(i32::try_from(at).unwrap()),
        timestamp: 1_800_000_000_000,
        key: Some(format!("key {value}").into()),
        value: Some((*value).to_owned().into()),
        headers: kafka_protocol::indexmap::IndexMap::new(),
    };
    let records: Vec<Record> = values.iter().enumerate().map(record).collect();
    let mut bytes = BytesMut::new();
    RecordBatchEncoder::encode(
        &mut bytes,
        &records,
        &RecordEncodeOptions {
            version: 2,
            compression,
        },
    )
    .unwrap();
    bytes.to_vec()
}

/// Makes the checksum right again after a change.
pub(crate) fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
}

#[track_caller]
fn refused(change: impl Fn(&mut Vec<u8>), wanted: ResponseError) {
    let broker = start();
    let mut client = Client::connect(&broker);
    client.create(
        "t",
        &[("message.timestamp.after.max.ms", "9223372036854775807")],
    );
    let mut wrong = batch(NOBODY, &["a", "b"]);
    change(&mut wrong);
    let answer = client.produce("t", None, &wrong);
    assert_eq!(answer.error_code, wanted.code(), "{answer:?}");
    assert!(
        answer
            .error_message
            .is_some_and(|message| !message.is_empty())
    );
    let right = client.produce("t", None, &batch(NOBODY, &["a"]));
    assert_eq!(
        (right.error_code, right.base_offset),
        (0, 0),
        "nothing of it is in the log"
    );
}

#[test]
fn a_wrong_checksum_is_corrupt() {
    refused(
        |batch| *batch.last_mut().unwrap() ^= 1,
        ResponseError::CorruptMessage,
    );
}

#[test]
fn a_cut_batch_is_corrupt() {
    refused(|batch| batch.truncate(70), ResponseError::CorruptMessage);
}

#[test]
fn the_old_formats_are_refused() {
    for magic in [0, 1] {
        refused(|batch| batch[16] = magic, ResponseError::InvalidRecord);
    }
}

#[test]
fn two_batches_are_refused() {
    refused(
        |batch| batch.extend_from_within(..),
        ResponseError::InvalidRecord,
    );
}

#[test]
fn a_control_batch_is_refused() {
    let control = |batch: &mut Vec<u8>| {
        batch[22] |= 0x20;
        seal(batch);
    };
    refused(control, ResponseError::InvalidRecord);
}

#[test]
fn a_wrong_count_is_refused() {
    for (at, value) in [(60, 3), (60, 0), (26, 5)] {
        let count = |batch: &mut Vec<u8>| {
            batch[at] = value;
            seal(batch);
        };
        refused(count, ResponseError::InvalidRecord);
    }
}

#[test]
fn records_that_do_not_add_up_are_refused() {
    let cut = |batch: &mut Vec<u8>| {
        batch[61] ^= 0x10;
        seal(batch);
    };
    refused(cut, ResponseError::InvalidRecord);
}

#[test]
fn a_compacted_topic_wants_keys() {
    let broker = start();
    let mut client = Client::connect(&broker);
    let settings = [
        ("cleanup.policy", "compact"),
        ("message.timestamp.after.max.ms", "9223372036854775807"),
    ];
    client.create("t", &settings);
    for compression in [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ] {
        let answer = client.produce("t", None, &compressed(NOBODY, &["a", "b"], compression));
        assert_eq!(answer.error_code, 0, "{compression:?}: {answer:?}");
    }
    let mut keyless = batch(NOBODY, &["a"]);
    // Length of the record, attributes, timestamp and offset deltas, then the length of the key: null is -1.
    let key_length = usize::from(keyless[65] >> 1);
    keyless[65] = 1;
    keyless.drain(66..66 + key_length);
    keyless[61] -= u8::try_from(2 * key_length).unwrap();
    let length = u32::try_from(keyless.len() - 12).unwrap();
    keyless[8..12].copy_from_slice(&length.to_be_bytes());
    seal(&mut keyless);
    assert_eq!(
        client.produce("t", None, &keyless).error_code,
        ResponseError::InvalidRecord.code()
    );
}

#[test]
fn offsets_are_assigned_and_the_rest_is_as_sent() {
    let broker = start();
    let mut client = Client::connect(&broker);
    client.create(
        "t",
        &[("message.timestamp.after.max.ms", "9223372036854775807")],
    );
    let sent = compressed(NOBODY, &["a", "b", "c"], Compression::Zstd);
    assert_eq!(client.produce("t", None, &sent).base_offset, 0);
    assert_eq!(client.produce("t", None, &sent).base_offset, 3);
    let fetched = client.fetch("t", 4, 0);
    assert_eq!((fetched.high_watermark, fetched.last_stable_offset), (6, 6));
    let records = fetched.records.unwrap();
    assert_eq!(records[..8], 3_i64.to_be_bytes());
    assert_eq!(
        records[16..],
        sent[16..],
        "from the magic on nothing has changed"
    );
}
