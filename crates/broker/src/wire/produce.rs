//! The produce request, decoded by hand: the only one that is large, so the only one whose arrays cannot be
//! bounded by a small frame. Records stay slices of the frame.
//!
//! Form: ProduceRequest of the Kafka message definitions, versions 3 to 11; flexible from 9.

use bytes::{Buf, Bytes};

/// Partitions in one request.
const PARTITIONS: usize = 10_000;

/// Records for one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Records {
    pub(crate) partition: i32,
    pub(crate) batch: Bytes,
}

/// A produce request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Produce {
    pub(crate) transactional_id: Option<String>,
    pub(crate) acks: i16,
    pub(crate) topics: Vec<(String, Vec<Records>)>,
}

struct Reader {
    rest: Bytes,
    flexible: bool,
    partitions: usize,
}

type Read<T> = Result<T, String>;

impl Reader {
    fn take(&mut self, len: usize) -> Read<Bytes> {
        if len > self.rest.len() {
            return Err(format!("wanted {len} bytes, {} are left", self.rest.len()));
        }
        Ok(self.rest.split_to(len))
    }

    fn i16(&mut self) -> Read<i16> {
        self.rest.try_get_i16().map_err(|error| error.to_string())
    }

    fn i32(&mut self) -> Read<i32> {
        self.rest.try_get_i32().map_err(|error| error.to_string())
    }

    fn unsigned_varint(&mut self) -> Read<u32> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.rest.try_get_u8().map_err(|error| error.to_string())?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a varint of more than five bytes".to_owned())
    }

    /// A compact length, or the plain one `plain` reads; `None` for null.
    fn len(&mut self, plain: fn(&mut Self) -> Read<i32>) -> Read<Option<usize>> {
        let len = if self.flexible {
            i64::from(self.unsigned_varint()?) - 1
        } else {
            i64::from(plain(self)?)
        };
        match len {
            -1 => Ok(None),
            len => usize::try_from(len)
                .map(Some)
                .map_err(|_| format!("a length of {len}")),
        }
    }

    fn text(&mut self) -> Read<Option<String>> {
        let Some(len) = self.len(|reader| reader.i16().map(i32::from))? else {
            return Ok(None);
        };
        let bytes = self.take(len)?;
        String::from_utf8(bytes.to_vec())
            .map(Some)
            .map_err(|error| error.to_string())
    }

    fn array(&mut self) -> Read<usize> {
        self.len(Self::i32)?
            .ok_or_else(|| "an array is null".to_owned())
    }

    fn tags(&mut self) -> Read<()> {
        if self.flexible {
            for _ in 0..self.unsigned_varint()? {
                self.unsigned_varint()?;
                let len = self.unsigned_varint()?;
                self.take(usize::try_from(len).map_err(|error| error.to_string())?)?;
            }
        }
        Ok(())
    }

    fn topic(&mut self) -> Read<(String, Vec<Records>)> {
        let name = self.text()?.ok_or("a topic name is null")?;
        let mut partitions = Vec::new();
        for _ in 0..self.array()? {
            self.partitions += 1;
            if self.partitions > PARTITIONS {
                return Err(format!("more than {PARTITIONS} partitions"));
            }
            let partition = self.i32()?;
            let len = self.len(Self::i32)?.unwrap_or(0);
            let batch = self.take(len)?;
            self.tags()?;
            partitions.push(Records { partition, batch });
        }
        self.tags()?;
        Ok((name, partitions))
    }
}

/// Reads the body of a produce request, all of it.
pub(crate) fn decode(version: i16, body: Bytes) -> Result<Produce, String> {
    let mut reader = Reader {
        rest: body,
        flexible: version >= 9,
        partitions: 0,
    };
    let transactional_id = reader.text()?;
    let acks = reader.i16()?;
    reader.i32()?;
    let mut topics = Vec::new();
    for _ in 0..reader.array()? {
        if topics.len() >= PARTITIONS {
            return Err(format!("more than {PARTITIONS} topics"));
        }
        topics.push(reader.topic()?);
    }
    reader.tags()?;
    if !reader.rest.is_empty() {
        return Err(format!("{} bytes too many", reader.rest.len()));
    }
    Ok(Produce {
        transactional_id,
        acks,
        topics,
    })
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
    use kafka_protocol::messages::{ProduceRequest, TopicName, TransactionalId};
    use kafka_protocol::protocol::{Encodable, StrBytes};

    use super::*;

    #[test]
    fn every_version_reads_as_the_codec_writes_it() {
        let text = StrBytes::from_static_str;
        let data = PartitionProduceData::default()
            .with_index(4)
            .with_records(Some(Bytes::from_static(b"batch")));
        let topic = TopicProduceData::default()
            .with_name(TopicName(text("lots")))
            .with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_transactional_id(Some(TransactionalId(text("id"))))
            .with_acks(-1)
            .with_timeout_ms(30_000)
            .with_topic_data(vec![topic]);
        for version in 3..=11 {
            let mut bytes = BytesMut::new();
            request.encode(&mut bytes, version).unwrap();
            let whole = bytes.freeze();
            let read = decode(version, whole.clone()).unwrap();
            let records = Records {
                partition: 4,
                batch: Bytes::from_static(b"batch"),
            };
            let topics = vec![("lots".to_owned(), vec![records])];
            assert_eq!(
                read,
                Produce {
                    transactional_id: Some("id".to_owned()),
                    acks: -1,
                    topics
                }
            );
            for cut in 0..whole.len() {
                assert!(
                    decode(version, whole.slice(..cut)).is_err(),
                    "version {version} cut at {cut}"
                );
            }
        }
    }
}
