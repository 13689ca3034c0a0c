use super::*;
use crate::{Decimal, Field, decimal};

fn order() -> Schema {
    let place = Schema::structure(vec![Field::new("city", Schema::string())]).unwrap();
    let fields = vec![
        Field::new("id", Schema::int64().doc("Its number.")),
        Field::new("price", decimal::schema(9, 2).optional()),
        Field::new("place", place.named("shop.Place").version(2).optional()),
        Field::new("codes", Schema::array(Schema::int8()).unwrap()),
        Field::new(
            "names",
            Schema::map(Schema::string(), Schema::string()).unwrap(),
        ),
        Field::new(
            "counts",
            Schema::map(Schema::int32(), Schema::int64()).unwrap(),
        ),
        Field::new(
            "state",
            Schema::string()
                .optional()
                .with_default("new".into())
                .unwrap(),
        ),
    ];
    Schema::structure(fields).unwrap().named("shop.Order")
}

fn datum() -> Datum {
    Datum::Struct(vec![
        7.into(),
        Decimal::new(-1250, 2).into(),
        Datum::Null,
        Datum::Array(vec![1.into(), (-1).into()]),
        Datum::Map(vec![("en".into(), "lot".into())]),
        Datum::Map(vec![(1.into(), 2.into())]),
        Datum::Null,
    ])
}

fn written(decimals: Decimals) -> (String, String) {
    let converter = JsonSchemaConverter::new(order(), decimals).unwrap();
    let mut out = Vec::new();
    converter.write(&datum(), &mut out).unwrap();
    serde_json::from_str::<serde_json::Value>(converter.schema_text()).unwrap();
    (
        converter.schema_text().to_owned(),
        String::from_utf8(out).unwrap(),
    )
}

#[test]
fn the_schema_and_the_data_are_confluents() {
    let (schema, data) = written(Decimals::Base64);
    insta::assert_snapshot!(schema, @r#"{"type":"object","title":"shop.Order","properties":{"id":{"type":"integer","description":"Its number.","connect.index":0,"connect.type":"int64"},"price":{"oneOf":[{"type":"null"},{"type":"string","title":"org.apache.kafka.connect.data.Decimal","connect.type":"bytes","connect.version":1,"connect.parameters":{"scale":"2","connect.decimal.precision":"9"}}],"connect.index":1},"place":{"oneOf":[{"type":"null"},{"type":"object","title":"shop.Place","properties":{"city":{"type":"string","connect.index":0}},"connect.version":2}],"connect.index":2},"codes":{"type":"array","items":{"type":"integer","connect.type":"int8"},"connect.index":3},"names":{"type":"object","additionalProperties":{"type":"string"},"connect.index":4,"connect.type":"map"},"counts":{"type":"array","items":{"type":"object","properties":{"key":{"type":"integer","connect.index":0,"connect.type":"int32"},"value":{"type":"integer","connect.index":1,"connect.type":"int64"}}},"connect.index":5,"connect.type":"map"},"state":{"oneOf":[{"type":"null"},{"type":"string","default":"new"}],"connect.index":6}}}"#);
    insta::assert_snapshot!(data, @r#"{"id":7,"price":"+x4=","place":null,"codes":[1,-1],"names":{"en":"lot"},"counts":[{"key":1,"value":2}],"state":"new"}"#);
    let (schema, data) = written(Decimals::Numeric);
    assert!(schema.contains(r#"{"type":"number","title":"org.apache.kafka.connect.data.Decimal""#));
    assert!(data.contains(r#""price":-12.50"#));
}

#[test]
fn what_others_write_is_read() {
    let converter = JsonSchemaConverter::new(order(), Decimals::Numeric).unwrap();
    let read = |text: &str| {
        converter
            .read(text.as_bytes())
            .map_err(|error| error.to_string())
    };
    // Members in another order, one left out, one unknown, numbers in other forms.
    let found = read(
        r#" {"codes":[], "names":{}, "id":1, "extra":[{}], "price":1.5e1, "counts":[{"value":3,"key":2}]}"#,
    );
    let wanted = Datum::Struct(vec![
        1.into(),
        Decimal::new(1500, 2).into(),
        Datum::Null,
        Datum::Array(vec![]),
        Datum::Map(vec![]),
        Datum::Map(vec![(2.into(), 3.into())]),
        Datum::Null,
    ]);
    assert_eq!(found, Ok(wanted));
    insta::assert_snapshot!(read(r#"{"id":1.5}"#).unwrap_err(), @"field id: wanted JSON of the type int64, got something else");
    insta::assert_snapshot!(read(r#"{"id":1,"price":1.555}"#).unwrap_err(), @"field price: wanted a decimal of scale 2 and at most 38 digits, got something else");
    insta::assert_snapshot!(read(r#"{"id":1,"codes":[1,200]}"#).unwrap_err(), @"field codes[1]: wanted an int8 (-128 to 127), got 200");
    insta::assert_snapshot!(read(r#"{"id":1}"#).unwrap_err(), @"field codes: wanted an array, got null");
    insta::assert_snapshot!(read("{").unwrap_err(), @"wanted JSON, got something else at line 1, column 1");
}

#[test]
fn a_decimal_is_read_digit_for_digit() {
    let schema = decimal::schema(30, 3);
    let converter = JsonSchemaConverter::new(schema, Decimals::Numeric).unwrap();
    let read = |text: &str| converter.read(text.as_bytes()).ok();
    let of = |unscaled| Some(Datum::Decimal(Decimal::new(unscaled, 3)));
    assert_eq!(read("0"), of(0));
    assert_eq!(read("-0.0000"), of(0));
    assert_eq!(
        read("12345678901234567890123.456"),
        of(12_345_678_901_234_567_890_123_456)
    );
    assert_eq!(read("1E-3"), of(1));
    assert_eq!(read("1.20000"), of(1_200));
    assert_eq!(read("1E-4"), None);
    assert_eq!(read("1E400"), None);
}
