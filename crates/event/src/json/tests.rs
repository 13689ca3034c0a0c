//! Tests of the JSON converter: forms by hand, then properties.

use proptest::prelude::*;

use super::*;
use crate::{Decimal, Field, decimal};

const BARE: JsonOptions = JsonOptions {
    schemas: Schemas::Disabled,
    decimals: Decimals::Base64,
};
const NUMERIC: JsonOptions = JsonOptions {
    schemas: Schemas::Disabled,
    decimals: Decimals::Numeric,
};

fn json(schema: Schema, options: JsonOptions, datum: impl Into<Datum>) -> String {
    let mut out = Vec::new();
    JsonConverter::new(schema, options)
        .unwrap()
        .write(&datum.into(), &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn each_type_has_connects_form() {
    assert_eq!(json(Schema::boolean(), BARE, true), "true");
    assert_eq!(
        json(Schema::int64(), BARE, i64::MIN),
        "-9223372036854775808"
    );
    assert_eq!(json(Schema::int64(), BARE, 0), "0");
    assert_eq!(
        json(Schema::bytes(), BARE, vec![0xDE, 0xAD, 0xBE, 0xEF]),
        r#""3q2+7w==""#
    );
    assert_eq!(
        json(Schema::string(), BARE, "a\"\\\u{1f}\n\u{7f}ü\u{2028}"),
        "\"a\\\"\\\\\\u001F\\n\u{7f}ü\u{2028}\""
    );
    assert_eq!(
        json(
            Schema::array(Schema::int8()).unwrap(),
            BARE,
            Datum::Array(vec![1.into(), 2.into()])
        ),
        "[1,2]"
    );
    assert_eq!(
        json(
            Schema::structure(vec![]).unwrap(),
            BARE,
            Datum::Struct(vec![])
        ),
        "{}"
    );
    let by_text = Schema::map(Schema::string(), Schema::int8()).unwrap();
    assert_eq!(
        json(
            by_text,
            BARE,
            Datum::Map(vec![("a".into(), 1.into()), ("b".into(), 2.into())])
        ),
        r#"{"a":1,"b":2}"#
    );
    let by_number = Schema::map(Schema::int8(), Schema::string()).unwrap();
    assert_eq!(
        json(
            by_number,
            BARE,
            Datum::Map(vec![(1.into(), "a".into()), (2.into(), "b".into())])
        ),
        r#"[[1,"a"],[2,"b"]]"#
    );
}

#[test]
fn floats_have_javas_form() {
    let double = |value: f64| json(Schema::float64(), BARE, value);
    assert_eq!(double(1.5), "1.5");
    assert_eq!(double(0.0), "0.0");
    assert_eq!(double(-0.0), "-0.0");
    assert_eq!(double(100.0), "100.0");
    assert_eq!(double(9_999_999.0), "9999999.0");
    assert_eq!(double(10_000_000.0), "1.0E7");
    assert_eq!(double(0.001), "0.001");
    assert_eq!(double(0.00099), "9.9E-4");
    assert_eq!(double(1.7976931348623157e308), "1.7976931348623157E308");
    assert_eq!(double(123.456), "123.456");
    assert_eq!(double(f64::NAN), r#""NaN""#);
    assert_eq!(double(f64::NEG_INFINITY), r#""-Infinity""#);
    assert_eq!(json(Schema::float32(), BARE, Datum::Float32(0.1)), "0.1");
}

#[test]
fn decimals_are_base64_or_digits() {
    let amount = || decimal::schema(15, 2);
    assert_eq!(
        json(amount(), BARE, Decimal::new(123_456_789_012_345, 2)),
        r#""cEiGDd95""#
    );
    assert_eq!(json(amount(), BARE, Decimal::new(-1, 2)), r#""/w==""#);
    assert_eq!(
        json(amount(), NUMERIC, Decimal::new(123_456_789_012_345, 2)),
        "1234567890123.45"
    );
    assert_eq!(json(amount(), NUMERIC, Decimal::new(-1, 2)), "-0.01");
}

#[test]
fn a_null_with_a_default_is_the_default() {
    let schema = || {
        Schema::string()
            .optional()
            .with_default("false".into())
            .unwrap()
    };
    assert_eq!(json(schema(), BARE, Datum::Null), r#""false""#);
    assert_eq!(json(Schema::string().optional(), BARE, Datum::Null), "null");
    insta::assert_snapshot!(
        json(schema(), JsonOptions::default(), Datum::Null),
        @r#"{"schema":{"type":"string","optional":true,"default":"false"},"payload":"false"}"#
    );
}

#[test]
fn a_misfit_names_its_path_and_leaves_the_buffer() {
    let line = Schema::structure(vec![Field::new("qty", decimal::schema(5, 2))]).unwrap();
    let order = Schema::structure(vec![Field::new("lines", Schema::array(line).unwrap())]).unwrap();
    let converter = JsonConverter::new(order, JsonOptions::default()).unwrap();
    let mut out = b"before".to_vec();
    let datum = Datum::Struct(vec![Datum::Array(vec![Datum::Struct(vec![
        Decimal::new(1, 3).into(),
    ])])]);
    let error = converter.write(&datum, &mut out).unwrap_err();
    assert_eq!(
        error.to_string(),
        "field lines[0].qty: wanted a decimal of scale 2, got one of scale 3"
    );
    assert_eq!(out, b"before");
}

#[test]
fn an_event_of_ours_looks_like_debeziums() {
    use crate::{Envelope, EnvelopeSchema, Position, Snapshot, SourceBlock, source, time};
    let value = Schema::structure(vec![
        Field::new("LOT", Schema::string()),
        Field::new("QTY", decimal::schema(9, 3).optional()),
        Field::new("MADE", time::date().optional()),
    ]);
    let schema =
        EnvelopeSchema::new("plant.lots", &value.unwrap(), source::schema().unwrap()).unwrap();
    let block = SourceBlock {
        version: "0.1.0".into(),
        name: "plant".into(),
        db: "".into(),
        dataset: "PROD.LOTS".into(),
        generation: "G0001V00".into(),
        layout: "5eed".into(),
        code_page: "cp037".into(),
    };
    let position = Position {
        ts_ns: 1_795_293_530_793_009_000,
        snapshot: Snapshot::First,
        sequence: None,
        record_no: Some(1),
        file_offset: Some(0),
    };
    let record = Datum::Struct(vec![
        "L-1".into(),
        Decimal::new(12_500, 3).into(),
        time::epoch_days(2026, 11, 21).into(),
    ]);
    let event = Envelope::read(record, block.at(&position), 1_795_293_531_246_766_763)
        .into_datum()
        .unwrap();
    let mut out = Vec::new();
    JsonConverter::new(Arc::clone(schema.schema()), NUMERIC)
        .unwrap()
        .write(&event, &mut out)
        .unwrap();
    let text = String::from_utf8(out).unwrap();
    insta::assert_snapshot!(in_lines(&text), @r#"
    {"before":null,"after":{"LOT":"L-1","QTY":12.500,"MADE":20778},
    "source":{"version":"0.1.0","connector":"figway-dataset","name":"plant","ts_ms":1795293530793,"snapshot":"first","db":"","sequence":null,"ts_us":1795293530793009,"ts_ns":1795293530793009000,"dataset":"PROD.LOTS","generation":"G0001V00","record_no":1,"file_offset":0,"layout":"5eed","code_page":"cp037"},
    "transaction":null,"op":"r","ts_ms":1795293531246,"ts_us":1795293531246766,"ts_ns":1795293531246766763}
    "#);
    let mut out = Vec::new();
    JsonConverter::new(Arc::clone(schema.schema()), JsonOptions::default())
        .unwrap()
        .write(&event, &mut out)
        .unwrap();
    let text = String::from_utf8(out).unwrap();
    insta::assert_snapshot!(in_lines(&text), @r#"
    {"schema":{"type":"struct","fields":[{"type":"struct","fields":[{"type":"string","optional":false,"field":"LOT"},
    {"type":"bytes","optional":true,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"3","connect.decimal.precision":"9"},
    "field":"QTY"},
    {"type":"int32","optional":true,"name":"io.debezium.time.Date","version":1,"field":"MADE"}],"optional":true,"name":"plant.lots.Value","field":"before"},
    {"type":"struct","fields":[{"type":"string","optional":false,"field":"LOT"},
    {"type":"bytes","optional":true,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"3","connect.decimal.precision":"9"},
    "field":"QTY"},
    {"type":"int32","optional":true,"name":"io.debezium.time.Date","version":1,"field":"MADE"}],"optional":true,"name":"plant.lots.Value","field":"after"},
    {"type":"struct","fields":[{"type":"string","optional":false,"field":"version"},
    {"type":"string","optional":false,"field":"connector"},
    {"type":"string","optional":false,"field":"name"},
    {"type":"int64","optional":false,"field":"ts_ms"},
    {"type":"string","optional":true,"name":"io.debezium.data.Enum","version":1,"parameters":{"allowed":"true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"},
    "default":"false","field":"snapshot"},
    {"type":"string","optional":false,"field":"db"},
    {"type":"string","optional":true,"field":"sequence"},
    {"type":"int64","optional":true,"field":"ts_us"},
    {"type":"int64","optional":true,"field":"ts_ns"},
    {"type":"string","optional":false,"field":"dataset"},
    {"type":"string","optional":false,"field":"generation"},
    {"type":"int64","optional":true,"field":"record_no"},
    {"type":"int64","optional":true,"field":"file_offset"},
    {"type":"string","optional":false,"field":"layout"},
    {"type":"string","optional":false,"field":"code_page"}],"optional":false,"name":"io.figway.connector.dataset.Source","version":1,"field":"source"},
    {"type":"struct","fields":[{"type":"string","optional":false,"field":"id"},
    {"type":"int64","optional":false,"field":"total_order"},
    {"type":"int64","optional":false,"field":"data_collection_order"}],"optional":true,"name":"event.block","version":1,"field":"transaction"},
    {"type":"string","optional":false,"field":"op"},
    {"type":"int64","optional":true,"field":"ts_ms"},
    {"type":"int64","optional":true,"field":"ts_us"},
    {"type":"int64","optional":true,"field":"ts_ns"}],"optional":false,"name":"plant.lots.Envelope","version":2},
    "payload":{"before":null,"after":{"LOT":"L-1","QTY":"MNQ=","MADE":20778},
    "source":{"version":"0.1.0","connector":"figway-dataset","name":"plant","ts_ms":1795293530793,"snapshot":"first","db":"","sequence":null,"ts_us":1795293530793009,"ts_ns":1795293530793009000,"dataset":"PROD.LOTS","generation":"G0001V00","record_no":1,"file_offset":0,"layout":"5eed","code_page":"cp037"},
    "transaction":null,"op":"r","ts_ms":1795293531246,"ts_us":1795293531246766,"ts_ns":1795293531246766763}}
    "#);
}

/// One line per schema of the JSON, for eyes.
fn in_lines(text: &str) -> String {
    text.replace("},{", "},\n{").replace("},\"", "},\n\"")
}

/// A schema and a datum that fits it.
fn any_pair() -> impl Strategy<Value = (Schema, Datum)> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(|value| (Schema::boolean(), value.into())),
        any::<i8>().prop_map(|value| (Schema::int8(), Datum::Int(value.into()))),
        any::<i64>().prop_map(|value| (Schema::int64(), value.into())),
        any::<f32>().prop_map(|value| (Schema::float32(), Datum::Float32(value))),
        any::<f64>().prop_map(|value| (Schema::float64(), value.into())),
        prop::collection::vec(any::<u8>(), 0..2_000)
            .prop_map(|value| (Schema::bytes(), value.into())),
        any::<String>().prop_map(|value| (Schema::string(), value.into())),
        (any::<i128>(), 0..40_i32).prop_map(|(value, scale)| (
            decimal::schema(38, scale),
            Decimal::new(value, scale).into()
        )),
    ];
    let leaf = prop_oneof![
        leaf.clone(),
        leaf.clone()
            .prop_map(|(schema, _)| (schema.optional(), Datum::Null)),
        leaf
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|parts| {
                let (schemas, data): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
                let named = schemas
                    .into_iter()
                    .enumerate()
                    .map(|(n, schema)| Field::new(format!("f\"{n}"), schema));
                (
                    Schema::structure(named.collect::<Vec<_>>()).unwrap(),
                    Datum::Struct(data),
                )
            }),
            inner.clone().prop_map(|(schema, datum)| (
                Schema::array(schema).unwrap(),
                Datum::Array(vec![datum; 2])
            )),
            (inner, any::<String>()).prop_map(|((schema, datum), key)| {
                (
                    Schema::map(Schema::string(), schema).unwrap(),
                    Datum::Map(vec![(key.into(), datum)]),
                )
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_fits_becomes_json(pair in any_pair(), with_schema: bool, numeric: bool) {
        let (schema, datum) = pair;
        let options = JsonOptions {
            schemas: if with_schema { Schemas::Enabled } else { Schemas::Disabled },
            decimals: if numeric { Decimals::Numeric } else { Decimals::Base64 },
        };
        schema.check(&datum).unwrap();
        let text = json(schema, options, datum);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn check_and_write_agree(one in any_pair(), other in any_pair()) {
        let fits = one.0.check(&other.1).is_ok();
        let converter = JsonConverter::new(one.0, BARE).unwrap();
        prop_assert_eq!(converter.write(&other.1, &mut Vec::new()).is_ok(), fits);
    }

    #[test]
    fn texts_and_floats_read_back(text: String, double in any::<f64>(), float in any::<f32>(), int: i64) {
        let read: String = serde_json::from_str(&json(Schema::string(), BARE, text.as_str())).unwrap();
        prop_assert_eq!(read, text);
        prop_assert_eq!(json(Schema::int64(), BARE, int), int.to_string());
        if double.is_finite() {
            prop_assert_eq!(json(Schema::float64(), BARE, double).parse::<f64>().unwrap().to_bits(), double.to_bits());
        }
        if float.is_finite() {
            let written = json(Schema::float32(), BARE, Datum::Float32(float));
            prop_assert_eq!(written.parse::<f32>().unwrap().to_bits(), float.to_bits());
        }
    }
}
