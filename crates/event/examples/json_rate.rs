//! How fast events become JSON: `cargo run --release -p event --example json_rate [EVENTS]`.
//!
//! One thread, an update of a record of twelve fields (texts, decimals, dates, integers), the buffer reused; building the datum is
//! told apart from writing it.
#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement speaks"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use event::{
    Converter, Datum, Decimal, Decimals, Envelope, EnvelopeSchema, Error, Field, JsonConverter,
    JsonOptions, Position, Schema, Schemas, Snapshot, SourceBlock, decimal, source, time,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let events: u32 = std::env::args()
        .nth(1)
        .map_or(Ok(300_000), |text| text.parse())?;
    let schema = EnvelopeSchema::new("plant.lots", &record_schema()?, source::schema()?)?;
    let block = SourceBlock {
        version: "0.1.0".into(),
        name: "plant".into(),
        db: "".into(),
        dataset: "PROD.LOTS".into(),
        generation: "G0001V00".into(),
        layout: "5eed5eed5eed5eed".into(),
        code_page: "cp037".into(),
    };
    for (name, schemas, decimals) in [
        (
            "without schema, numeric",
            Schemas::Disabled,
            Decimals::Numeric,
        ),
        (
            "without schema, base64",
            Schemas::Disabled,
            Decimals::Base64,
        ),
        ("with schema, base64", Schemas::Enabled, Decimals::Base64),
    ] {
        let converter = JsonConverter::new(
            Arc::clone(schema.schema()),
            JsonOptions { schemas, decimals },
        )?;
        let (mut building, mut writing, mut bytes) = (Duration::ZERO, Duration::ZERO, 0_usize);
        let mut out = Vec::new();
        for number in 0..events {
            let began = Instant::now();
            let event = event(&block, number)?;
            let built = Instant::now();
            out.clear();
            converter.write(&event, &mut out)?;
            writing += built.elapsed();
            building += built - began;
            bytes += out.len();
        }
        println!(
            "{name:24} {:>9.0} events/s written, {:>9.0}/s built, {:>5.0} MB/s, {} bytes each",
            f64::from(events) / writing.as_secs_f64(),
            f64::from(events) / building.as_secs_f64(),
            bytes as f64 / writing.as_secs_f64() / 1e6,
            out.len(),
        );
    }
    Ok(())
}

fn record_schema() -> Result<Schema, Error> {
    let mut fields: Vec<Field> = (0..4)
        .map(|n| Field::new(format!("TEXT-{n}"), Schema::string().optional()))
        .collect();
    fields.extend(
        (0..4).map(|n| Field::new(format!("AMOUNT-{n}"), decimal::schema(11, 2).optional())),
    );
    fields.extend((0..2).map(|n| Field::new(format!("DAY-{n}"), time::date().optional())));
    fields.extend((0..2).map(|n| Field::new(format!("COUNT-{n}"), Schema::int32())));
    Schema::structure(fields)
}

fn record(number: u32) -> Datum {
    let amount = || Datum::from(Decimal::new(i128::from(number) * 37 - 5_000, 2));
    let text = || Datum::from("PARACETAMOL 500 MG TABLET");
    let (day, count) = (|| Datum::from(20_000), || Datum::from(i64::from(number)));
    Datum::Struct(vec![
        text(),
        text(),
        text(),
        text(),
        amount(),
        amount(),
        amount(),
        amount(),
        day(),
        day(),
        count(),
        count(),
    ])
}

fn event(block: &SourceBlock, number: u32) -> Result<Datum, Error> {
    let position = Position {
        ts_ns: 1_795_293_530_793_009_000,
        snapshot: Snapshot::False,
        sequence: None,
        record_no: Some(number.into()),
        file_offset: Some(i64::from(number) * 300),
    };
    let source = block.at(&position);
    Envelope::update(
        record(number),
        record(number + 1),
        source,
        1_795_293_531_246_766_763,
    )
    .into_datum()
}
