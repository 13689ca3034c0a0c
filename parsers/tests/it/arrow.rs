//! Arrow batches and Parquet files of records, read by the arrow and parquet crates and held against decoded values.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float64Type, Int16Type, Int32Type, Int64Type,
    Time32MillisecondType, Time64MicrosecondType, TimestampMicrosecondType,
    TimestampMillisecondType,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parsers::Layout;
use parsers::schema::Invalid;
use parsers::schema::arrow::{Arrow, Parquet};
use proptest::prelude::*;

use super::generate::{byte, copybook};
use super::schemas::{MEANING, WIDE, wide_record, without_points};
use super::{layout, try_layout};

fn shown(array: &dyn Array, at: usize) -> String {
    if array.is_null(at) {
        return "null".to_owned();
    }
    match array.data_type() {
        DataType::Boolean => array.as_boolean().value(at).to_string(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(at).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(at).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(at).to_string(),
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(at);
            value.to_bits().to_string()
        }
        DataType::Decimal128(..) => {
            format!("d{}", array.as_primitive::<Decimal128Type>().value(at))
        }
        DataType::Decimal256(..) => {
            format!("d{}", array.as_primitive::<Decimal256Type>().value(at))
        }
        DataType::Date32 => array.as_primitive::<Date32Type>().value(at).to_string(),
        DataType::Time32(_) => {
            let array = array.as_primitive::<Time32MillisecondType>();
            array.value(at).to_string()
        }
        DataType::Time64(_) => {
            let array = array.as_primitive::<Time64MicrosecondType>();
            array.value(at).to_string()
        }
        DataType::Timestamp(TimeUnit::Millisecond, None) => {
            let array = array.as_primitive::<TimestampMillisecondType>();
            array.value(at).to_string()
        }
        DataType::Timestamp(_, None) => {
            let array = array.as_primitive::<TimestampMicrosecondType>();
            array.value(at).to_string()
        }
        DataType::Utf8 => array.as_string::<i32>().value(at).to_owned(),
        DataType::Binary => format!("{:?}", array.as_binary::<i32>().value(at)),
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(at);
            let items: Vec<String> = (0..items.len()).map(|at| shown(&items, at)).collect();
            format!("({})", items.join(", "))
        }
        DataType::Struct(_) => {
            let columns = array.as_struct().columns().iter();
            let columns: String = columns.map(|column| shown(column, at) + "; ").collect();
            format!("[{columns}]")
        }
        other => panic!("{other}"),
    }
}

fn rows(batch: &RecordBatch) -> Vec<String> {
    let row = |at| {
        let columns = batch.columns().iter();
        let columns: String = columns.map(|column| shown(column, at) + "; ").collect();
        format!("[{columns}]")
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Records that decode are rows, the others leave nothing; Parquet gives the same rows back.
fn check(layout: &Layout, records: &[&[u8]], invalid: Invalid) {
    let arrow = Arrow::new(layout, invalid);
    let mut columns = arrow.rows();
    let mut parquet = Parquet::new(&arrow, Vec::new()).unwrap();
    let mut wanted = Vec::new();
    for record in records {
        let decoded = layout.decode(record);
        let pushed = columns.push(layout, record);
        match (decoded, &pushed) {
            (Ok(record), Ok(())) => wanted.push(Some(without_points(layout, &record.values))),
            (Err(_), Ok(())) if invalid == Invalid::Null => wanted.push(None),
            (Err(wanted), Err(error)) if invalid == Invalid::Fail => assert_eq!(&wanted, error),
            (decoded, pushed) => panic!("{decoded:?} {pushed:?}"),
        }
        assert_eq!(parquet.push(layout, record).is_ok(), pushed.is_ok());
    }
    assert_eq!(columns.len(), wanted.len());
    let batch = columns.finish().unwrap();
    let found = rows(&batch);
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(&wanted) {
        if let Some(wanted) = wanted {
            assert_eq!(found, wanted);
        }
    }
    assert!(columns.is_empty());
    assert_eq!(columns.finish().unwrap().num_rows(), 0);
    let file = parquet.finish().unwrap();
    let file = prost_reflect::prost::bytes::Bytes::from(file);
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(reader.schema().fields(), arrow.schema().fields());
    let read: Vec<String> = reader
        .build()
        .unwrap()
        .flat_map(|batch| rows(&batch.unwrap()))
        .collect();
    assert_eq!(read, found);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn columns_hold_the_values_of_any_records(
        text in copybook(),
        mut records in prop::collection::vec(prop::collection::vec(byte(), 600), 1..4),
        counts in prop::collection::vec(0u8..6, 4),
    ) {
        let layout = try_layout(&text, None);
        prop_assume!(layout.is_ok());
        let layout = layout.unwrap();
        prop_assume!(layout.max_len() <= 590);
        // Groups of FILLERs are no columns.
        let shown = |field: &parsers::Field| {
            let mut members = layout.members(Some(field));
            field.kind() != parsers::FieldKind::Group || members.any(|member| !member.is_hidden())
        };
        prop_assume!(layout.fields().filter(|field| !field.is_hidden()).all(shown));
        for (record, count) in records.iter_mut().zip(&counts) {
            record[0] = 0xf0;
            record[1] = 0xf0 + count;
        }
        let least = layout.min_len().saturating_sub(1);
        let records: Vec<&[u8]> = records
            .iter()
            .flat_map(|record| [&record[..layout.max_len()], &record[..least]])
            .collect();
        check(&layout, &records, Invalid::Fail);
        check(&layout, &records, Invalid::Null);
    }
}

#[test]
fn every_kind_of_field_has_its_column() {
    let layout = layout(WIDE, MEANING);
    let records: Vec<Vec<u8>> = (0..=5).map(wide_record).collect();
    let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    check(&layout, &records, Invalid::Fail);
    check(&layout, &records, Invalid::Null);
    let schema = Arrow::new(&layout, Invalid::Fail).schema();
    let columns: String = schema
        .fields()
        .iter()
        .map(|column| {
            let null = if column.is_nullable() { " null" } else { "" };
            format!("{} {}{null}\n", column.name(), column.data_type())
        })
        .collect();
    insta::assert_snapshot!(columns, @r#"
lotNumber Utf8
LOT_ID Int16
LOTID Utf8
MADE Date32 null
SOLD Date32
QTY Decimal128(17, 2) null
THOUSANDS Int32
TINY Decimal128(5, 5)
HUGE Decimal128(31, 0)
HALF Int32
RATE Float64
OK Boolean
RAW Binary
AT Time32(ms)
WHEN-MADE Timestamp(µs)
BODY Utf8 null
BODY-2 Struct("PART": non-null Int16, "PART-2": non-null Int16) null
N Int16
T List(non-null Struct("DAY-OF": non-null List(Date32, field: 'element'), "NOTE": non-null List(non-null Utf8, field: 'element'), "COUNT-OF": non-null List(non-null Int16, field: 'element')), field: 'element')
"#);
}
