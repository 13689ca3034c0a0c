//! What must hold for any bytes that come as a record with a registered schema: the reference to the schema, and the data behind it
//! in each form. Used by the fuzz targets and, over their corpora, by the ordinary tests of `event`.

use std::sync::LazyLock;

use event::confluent::{SchemaId, SchemaRef, SchemaType};
use event::{
    AvroConverter, Decimals, Field, JsonSchemaConverter, ProtobufConverter, Registered, Schema,
    decimal,
};

/// A reference is read or refused; what is read is written in as many bytes or fewer, and read again as the same.
pub(crate) fn schema_ref(data: &[u8]) {
    for kind in [SchemaType::Avro, SchemaType::Protobuf] {
        let Ok((reference, rest)) = SchemaRef::read(data, kind) else {
            continue;
        };
        assert_eq!(SchemaId::peek(data).unwrap(), reference.id);
        let mut again = Vec::new();
        reference.write(&mut again);
        assert!(again.len() + rest.len() <= data.len());
        let of_header = SchemaRef::of_record(Some(&again), rest, kind).unwrap();
        assert_eq!(of_header, (reference.clone(), rest));
        again.extend_from_slice(rest);
        assert_eq!(SchemaRef::read(&again, kind).unwrap(), (reference, rest));
    }
}

/// One field of each kind, and structs in structs.
fn schema() -> Schema {
    let connect =
        |name: &str, schema: Schema| schema.named(format!("org.apache.kafka.connect.data.{name}"));
    let line = Schema::structure(vec![
        Field::new("sku", Schema::string()),
        Field::new("qty", decimal::schema(9, 2).optional()),
    ]);
    let line = line.unwrap().named("Line");
    let fields = vec![
        Field::new("flag", Schema::boolean()),
        Field::new("small", Schema::int8().optional()),
        Field::new("big", Schema::int64()),
        Field::new("single", Schema::float32()),
        Field::new("double", Schema::float64().optional()),
        Field::new("bytes", Schema::bytes()),
        Field::new("text", Schema::string().optional()),
        Field::new("day", connect("Date", Schema::int32()).optional()),
        Field::new("at", connect("Time", Schema::int32()).optional()),
        Field::new("moment", connect("Timestamp", Schema::int64()).optional()),
        Field::new("first", line.clone().optional()),
        Field::new("lines", Schema::array(line).unwrap()),
        Field::new("codes", Schema::array(Schema::int32()).unwrap()),
        Field::new(
            "names",
            Schema::map(Schema::string(), Schema::string()).unwrap(),
        ),
        Field::new(
            "totals",
            Schema::map(Schema::int32(), Schema::int64().optional()).unwrap(),
        ),
    ];
    Schema::structure(fields).unwrap().named("fuzz.All")
}

type All = Vec<Box<dyn Registered + Send + Sync>>;

static CONVERTERS: LazyLock<All> = LazyLock::new(|| {
    vec![
        Box::new(AvroConverter::new(schema()).unwrap()),
        Box::new(ProtobufConverter::new(schema()).unwrap()),
        Box::new(JsonSchemaConverter::new(schema(), Decimals::Base64).unwrap()),
        Box::new(JsonSchemaConverter::new(schema(), Decimals::Numeric).unwrap()),
    ]
});

/// Data is read or refused; what is read fits the schema, and can be written and read again with the same bytes. The first byte
/// says which form.
pub(crate) fn datum(data: &[u8]) {
    let Some((form, data)) = data.split_first() else {
        return;
    };
    let converter = &CONVERTERS[usize::from(*form) % CONVERTERS.len()];
    let Ok(datum) = converter.read(data) else {
        return;
    };
    converter.schema().check(&datum).unwrap();
    let mut first = Vec::new();
    if converter.write(&datum, &mut first).is_err() {
        // Two entries of one key, which JSON does not write; a moment past the year 9999, which Protobuf does not.
        assert_ne!(converter.kind(), SchemaType::Avro);
        return;
    }
    let read = converter.read(&first).unwrap();
    let mut second = Vec::new();
    converter.write(&read, &mut second).unwrap();
    assert_eq!(first, second);
}
