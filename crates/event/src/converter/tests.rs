//! What holds for every wire form whose schema is registered: what is written is read, and any bytes are read or refused.

use proptest::prelude::*;

use crate::{
    AvroConverter, Datum, Decimal, Decimals, Field, JsonSchemaConverter, ProtobufConverter,
    Registered, Schema, decimal,
};

/// Every converter for that schema.
pub(crate) fn all(schema: &Schema) -> Vec<Box<dyn Registered>> {
    vec![
        Box::new(AvroConverter::new(schema.clone()).unwrap()),
        Box::new(ProtobufConverter::new(schema.clone()).unwrap()),
        Box::new(JsonSchemaConverter::new(schema.clone(), Decimals::Base64).unwrap()),
        Box::new(JsonSchemaConverter::new(schema.clone(), Decimals::Numeric).unwrap()),
    ]
}

fn connect(name: &str, schema: Schema) -> Schema {
    schema.named(format!("org.apache.kafka.connect.data.{name}"))
}

/// A single value. Floats are numbers: what is no number does not equal itself.
fn leaf() -> impl Strategy<Value = (Schema, Datum)> {
    prop_oneof![
        any::<bool>().prop_map(|value| (Schema::boolean(), value.into())),
        any::<i8>().prop_map(|value| (Schema::int8(), Datum::Int(value.into()))),
        any::<i16>().prop_map(|value| (Schema::int16(), Datum::Int(value.into()))),
        any::<i32>().prop_map(|value| (Schema::int32(), value.into())),
        any::<i64>().prop_map(|value| (Schema::int64(), value.into())),
        (-1e30_f32..1e30).prop_map(|value| (Schema::float32(), Datum::Float32(value))),
        (-1e300_f64..1e300).prop_map(|value| (Schema::float64(), value.into())),
        prop::collection::vec(any::<u8>(), 0..50).prop_map(|value| (Schema::bytes(), value.into())),
        any::<String>().prop_map(|value| (Schema::string(), value.into())),
        (-(10_i128.pow(30))..10_i128.pow(30), 0..7_i32).prop_map(|(value, scale)| (
            decimal::schema(31, scale),
            Decimal::new(value, scale).into()
        )),
        (-700_000..2_900_000_i32).prop_map(|days| (connect("Date", Schema::int32()), days.into())),
        (0..86_400_000_i32).prop_map(|ms| (connect("Time", Schema::int32()), ms.into())),
        (-60_000_000_000_000..250_000_000_000_000_i64)
            .prop_map(|ms| (connect("Timestamp", Schema::int64()), ms.into())),
    ]
}

/// The same, sometimes one that may be null, and sometimes null.
fn maybe_null(
    of: impl Strategy<Value = (Schema, Datum)>,
) -> impl Strategy<Value = (Schema, Datum)> {
    (of, 0..3).prop_map(|((schema, datum), kind)| match kind {
        0 => (schema, datum),
        1 => (schema.optional(), datum),
        _ => (schema.optional(), Datum::Null),
    })
}

/// A struct and a datum of it. Arrays and maps are what Protobuf has too, and never null, which it cannot say.
pub(crate) fn structure(depth: u32) -> BoxedStrategy<(Schema, Datum)> {
    let single = if depth == 0 {
        maybe_null(leaf()).boxed()
    } else {
        prop_oneof![3 => maybe_null(leaf()), 1 => maybe_null(structure(depth - 1))].boxed()
    };
    let inner = if depth == 0 {
        leaf().boxed()
    } else {
        prop_oneof![leaf(), structure(depth - 1)].boxed()
    };
    let array = (inner.clone(), 0..3_usize).prop_map(|((schema, datum), count)| {
        let array = Schema::array(schema).unwrap();
        (array, Datum::Array(vec![datum; count]))
    });
    let map = (inner, prop::collection::btree_set("[a-z]{0,3}", 0..3)).prop_map(
        |((schema, datum), keys)| {
            let map = Schema::map(Schema::string(), schema).unwrap();
            let entries = keys.into_iter().map(|key| (key.into(), datum.clone()));
            (map, Datum::Map(entries.collect()))
        },
    );
    let keyed = (
        prop::collection::btree_set(any::<i64>(), 0..3),
        maybe_null(leaf()),
    )
        .prop_map(|(keys, (schema, datum))| {
            let map = Schema::map(Schema::int64(), schema).unwrap();
            let entries = keys.into_iter().map(|key| (key.into(), datum.clone()));
            (map, Datum::Map(entries.collect()))
        });
    let field = prop_oneof![4 => single, 1 => array, 1 => map, 1 => keyed];
    let named = ("[a-zA-Z][a-zA-Z0-9_-]{0,6}", field);
    prop::collection::vec(named, 0..6)
        .prop_map(|parts| {
            let mut fields: Vec<Field> = Vec::new();
            let mut values = Vec::new();
            for (name, (schema, datum)) in parts {
                if fields.iter().all(|known| **known.name() != *name) {
                    fields.push(Field::new(name, schema));
                    values.push(datum);
                }
            }
            (Schema::structure(fields).unwrap(), Datum::Struct(values))
        })
        .boxed()
}

proptest! {
    #[test]
    fn what_is_written_is_read((schema, datum) in structure(2)) {
        schema.check(&datum).unwrap();
        for converter in all(&schema) {
            let mut bytes = b"before".to_vec();
            converter.write(&datum, &mut bytes).unwrap();
            let read = converter.read(&bytes[6..]);
            prop_assert_eq!(read.as_ref(), Ok(&datum), "{:?} {}", converter.kind(), converter.schema_text());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        (schema, datum) in structure(1),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        for converter in all(&schema) {
            let mut bytes = Vec::new();
            converter.write(&datum, &mut bytes).unwrap();
            for (at, byte) in &changes {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
            }
            bytes.truncate(bytes.len() - cut.index(bytes.len() + 1) / 2);
            if let Ok(read) = converter.read(&bytes) {
                // What was understood fits the schema.
                prop_assert_eq!(schema.check(&read), Ok(()));
            }
        }
    }
}
