//! Records come out as they went in.

use anyhow::{Context, Result, ensure};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::BaseRecord;

use super::Subject;
use super::client::{See, delivered, queue, send_one, send_values, settle};

pub(super) fn keys_headers_and_nulls(subject: &Subject) -> Result<()> {
    let topic = subject.topic("message", 1, &[])?;
    let producer = subject.producer(&[])?;
    let headers: &[(&str, Option<&[u8]>)] = &[
        ("a", Some(b"1")),
        ("a", Some(b"again")),
        ("empty", Some(b"")),
        ("null", None),
    ];
    send_one(&producer, &topic, Some(b"key"), Some(b"value"), headers)?;
    send_one(&producer, &topic, None, Some(b"\x00\xff binary"), &[])?;
    send_one(&producer, &topic, Some(b"gone"), None, &[])?;
    send_one(&producer, &topic, Some(b""), Some(b""), &[])?;
    let read = subject.read_all(&topic, See::Everything)?;
    let shown: Vec<_> = read
        .iter()
        .map(|record| {
            (
                record.offset,
                record.key.as_deref(),
                record.value.as_deref(),
            )
        })
        .collect();
    type Shown<'r> = (i64, Option<&'r [u8]>, Option<&'r [u8]>);
    let wanted: [Shown<'_>; 4] = [
        (0, Some(b"key"), Some(b"value")),
        (1, None, Some(b"\x00\xff binary")),
        (2, Some(b"gone"), None),
        (3, Some(b""), Some(b"")),
    ];
    ensure!(shown == wanted, "wanted {wanted:?}, got {shown:?}");
    let owned: Vec<_> = headers
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.map(<[u8]>::to_vec)))
        .collect();
    ensure!(
        read.first().is_some_and(|record| record.headers == owned),
        "headers: {:?}",
        read.first()
    );
    Ok(())
}

pub(super) fn every_codec(subject: &Subject) -> Result<()> {
    let topic = subject.topic("codec", 1, &[])?;
    let mut wanted = Vec::new();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let producer = subject.producer(&[("compression.type", codec), ("linger.ms", "50")])?;
        let values: Vec<String> = (0..200)
            .map(|number| format!("{codec} {number} {}", "x".repeat(number)))
            .collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        send_values(&producer, &topic, &values)?;
        wanted.extend(values.into_iter().map(str::to_owned));
    }
    let read: Vec<String> = subject
        .read_all(&topic, See::Everything)?
        .iter()
        .map(super::client::Read::text)
        .collect();
    ensure!(
        read == wanted,
        "{} of {} records, or their order",
        read.len(),
        wanted.len()
    );
    Ok(())
}

pub(super) fn ten_megabytes(subject: &Subject) -> Result<()> {
    let topic = subject.topic("large", 1, &[("max.message.bytes", "12000000")])?;
    let producer = subject.producer(&[("message.max.bytes", "12000000")])?;
    let large: Vec<u8> = (0..10_485_760_u32)
        .map(|at| u8::try_from(at % 251).unwrap_or(0))
        .collect();
    send_one(&producer, &topic, Some(b"before"), Some(b"small"), &[])?;
    send_one(&producer, &topic, Some(b"large"), Some(&large), &[])?;
    send_one(&producer, &topic, Some(b"after"), Some(b"small"), &[])?;
    let read = subject.read_all(&topic, See::Committed)?;
    ensure!(read.len() == 3, "wanted 3 records, got {}", read.len());
    ensure!(
        read.get(1).and_then(|record| record.value.as_ref()) == Some(&large),
        "the large record is not as sent"
    );
    Ok(())
}

pub(super) fn too_large_is_refused(subject: &Subject) -> Result<()> {
    let topic = subject.topic("too-large", 1, &[("max.message.bytes", "1000")])?;
    let producer = subject.producer(&[])?;
    let large = [0; 2000];
    let record =
        BaseRecord::<(), [u8], Box<usize>>::with_opaque_to(&topic, Box::new(0)).partition(0);
    queue(&producer, record.payload(&large))?;
    let refused = settle(&producer)?
        .into_iter()
        .next()
        .context("no delivery report")?;
    let code = refused.err().and_then(|error| error.rdkafka_error_code());
    ensure!(
        code == Some(RDKafkaErrorCode::MessageSizeTooLarge),
        "wanted message too large, got {code:?}"
    );
    send_values(&producer, &topic, &["fits"])?;
    ensure!(
        subject.read_all(&topic, See::Everything)?.len() == 1,
        "the refused record is there"
    );
    Ok(())
}

pub(super) fn timestamps_are_whose_the_topic_says(subject: &Subject) -> Result<()> {
    // A record that old would be taken by retention.
    let theirs = subject.topic("create-time", 1, &[("retention.ms", "-1")])?;
    let ours = subject.topic(
        "append-time",
        1,
        &[("message.timestamp.type", "LogAppendTime")],
    )?;
    for topic in [&theirs, &ours] {
        let producer = subject.producer(&[])?;
        let record =
            BaseRecord::<(), str, Box<usize>>::with_opaque_to(topic, Box::new(0)).partition(0);
        queue(&producer, record.payload("x").timestamp(1_000_000_000_000))?;
        delivered(&producer)?;
    }
    let timestamp = |topic| {
        anyhow::Ok(
            subject
                .read_all(topic, See::Everything)?
                .first()
                .and_then(|it| it.timestamp),
        )
    };
    let (theirs, ours) = (timestamp(&theirs)?, timestamp(&ours)?);
    ensure!(
        theirs == Some(1_000_000_000_000),
        "the producer's timestamp became {theirs:?}"
    );
    ensure!(
        ours > Some(1_600_000_000_000),
        "the broker's timestamp is {ours:?}"
    );
    Ok(())
}
