//! An idempotent producer's records are there once and in order.

use anyhow::{Result, ensure};
use rdkafka::producer::BaseRecord;

use super::Subject;
use super::client::{See, delivered, queue, send_values, texts};

pub(super) fn five_thousand_in_order(subject: &Subject) -> Result<()> {
    let topic = subject.topic("idempotent", 1, &[])?;
    // Small batches, many in flight: the order is the broker's doing.
    let settings = [
        ("enable.idempotence", "true"),
        ("batch.num.messages", "7"),
        ("compression.type", "lz4"),
    ];
    let producer = subject.producer(&settings)?;
    let values: Vec<String> = (0..5000).map(|number| format!("record {number}")).collect();
    for (number, value) in values.iter().enumerate() {
        let record = BaseRecord::<(), str, Box<usize>>::with_opaque_to(&topic, Box::new(number));
        queue(&producer, record.partition(0).payload(value))?;
    }
    let offsets = delivered(&producer)?;
    ensure!(
        offsets.iter().copied().eq(0..5000),
        "the offsets are not 0 to 4999"
    );
    let read = texts(&subject.read_all(&topic, See::Everything)?);
    ensure!(
        read == values,
        "the records read are not those sent, in order; {} came",
        read.len()
    );
    Ok(())
}

pub(super) fn idempotent_after_a_new_session(subject: &Subject) -> Result<()> {
    let topic = subject.topic("sessions", 1, &[])?;
    for session in 0..3 {
        let producer = subject.producer(&[("enable.idempotence", "true")])?;
        for record in 0..10 {
            send_values(&producer, &topic, &[&format!("{session} {record}")])?;
        }
    }
    let read = subject.read_all(&topic, See::Everything)?;
    ensure!(
        read.iter().map(|record| record.offset).eq(0..30),
        "wanted offsets 0 to 29, got {}",
        read.len()
    );
    Ok(())
}
