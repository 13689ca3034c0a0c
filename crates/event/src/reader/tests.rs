use proptest::prelude::*;

use super::*;
use crate::converter::tests::{all, structure};
use crate::{
    AvroConverter, Converter, Datum, Decimal, Field, JsonConverter, JsonOptions, Registered,
    Schema, Schemas, decimal,
};

fn plain(schema: &Schema, datum: &Datum) -> String {
    let options = JsonOptions {
        schemas: Schemas::Disabled,
        decimals: Decimals::Numeric,
    };
    let mut out = Vec::new();
    let converter = JsonConverter::new(schema.clone(), options).unwrap();
    converter.write(datum, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn read(converter: &dyn Registered, datum: &Datum) -> String {
    let mut data = Vec::new();
    converter.write(datum, &mut data).unwrap();
    let (kind, text) = (converter.kind(), converter.schema_text());
    let reader = SchemaReader::new(kind, text, converter.message().as_ref());
    let reader = reader.unwrap_or_else(|error| panic!("{kind:?} {error}\n{text}"));
    let json = reader.json(&data);
    let json = json.unwrap_or_else(|error| panic!("{kind:?} {error}\n{text}"));
    String::from_utf8(json).unwrap()
}

proptest! {
    #[test]
    fn every_form_reads_as_the_plain_json((schema, datum) in structure(2)) {
        for converter in all(&schema) {
            prop_assert_eq!(read(&*converter, &datum), plain(&schema, &datum), "{}", converter.schema_text());
        }
    }

    #[test]
    fn any_text_is_a_schema_or_refused(text in ".{0,60}") {
        for kind in [SchemaType::Avro, SchemaType::Protobuf, SchemaType::Json] {
            let _read = SchemaReader::new(kind, &text, None);
        }
    }

    #[test]
    fn a_schema_that_was_changed_reads_or_refuses(
        (schema, datum) in structure(1),
        changes in prop::collection::vec((any::<prop::sample::Index>(), "[a-z0-9\"{}\\[\\]:,.]"), 1..4),
    ) {
        for converter in all(&schema) {
            let mut data = Vec::new();
            converter.write(&datum, &mut data).unwrap();
            let mut text = converter.schema_text().to_owned();
            for (at, letter) in &changes {
                let at = at.index(text.len());
                if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                    text.replace_range(at..=at, letter);
                }
            }
            if let Ok(reader) = SchemaReader::new(converter.kind(), &text, None)
                && let Ok(json) = reader.json(&data)
            {
                prop_assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
            }
        }
    }
}

/// An envelope as capture has it: the same struct twice, once null, and names that neither Avro nor Protobuf takes.
#[test]
fn names_and_types_that_are_used_again_are_what_they_were() {
    let row = Schema::structure(vec![
        Field::new("LOT-ID", Schema::string()),
        Field::new("LOT.ID", Schema::string()),
        Field::new("LOT_ID", Schema::int16().optional()),
        Field::new("1ST-PRICE", decimal::schema(7, 2)),
        Field::new("LOTID", Schema::boolean()),
    ]);
    let row = row.unwrap().named("plant.lots.Value");
    let envelope = Schema::structure(vec![
        Field::new("before", row.clone().optional()),
        Field::new("after", row.optional()),
        Field::new("op", Schema::string()),
    ]);
    let schema = envelope.unwrap().named("plant.lots.Envelope");
    let after = Datum::Struct(vec![
        "A1".into(),
        "B\u{e4}".into(),
        Datum::Null,
        Decimal::new(-1250, 2).into(),
        true.into(),
    ]);
    let datum = Datum::Struct(vec![Datum::Null, after, "c".into()]);
    let wanted = "{\"before\":null,\"after\":{\"LOT-ID\":\"A1\",\"LOT.ID\":\"B\u{e4}\",\"LOT_ID\":null,\"1ST-PRICE\":-12.50,\"LOTID\":true},\"op\":\"c\"}";
    assert_eq!(plain(&schema, &datum), wanted);
    for converter in all(&schema) {
        assert_eq!(
            read(&*converter, &datum),
            wanted,
            "{}",
            converter.schema_text()
        );
    }
}

fn avro(text: &str, data: &[u8]) -> String {
    match SchemaReader::new(SchemaType::Avro, text, None).and_then(|reader| reader.json(data)) {
        Ok(json) => String::from_utf8(json).unwrap(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn avro_of_others_is_read_where_connect_has_a_word_for_it() {
    let enumerated = r#"{"type":"record","name":"R","namespace":"a.b","fields":[
        {"name":"e","type":{"type":"enum","name":"E","symbols":["X","Y"]}},
        {"name":"f","type":["a.b.E","null"]},
        {"name":"d","type":{"type":"fixed","name":"D","size":2,"logicalType":"decimal","precision":4,"scale":1}},
        {"name":"g","type":{"type":"fixed","name":"G","size":1}},
        {"name":"m","type":{"type":"map","values":{"type":"array","items":"int"}}},
        {"name":"t","type":{"type":"long","logicalType":"timestamp-micros"}}]}"#;
    // Y; a value of the first branch, X; -0.5; one byte; one entry in a block with its size, with one element; 64.
    let data = [2, 0, 0, 0xff, 0xfb, 7, 1, 10, 2, b'k', 2, 5, 0, 0, 0x80, 1];
    assert_eq!(
        avro(enumerated, &data),
        r#"{"e":"Y","f":"X","d":-0.5,"g":"Bw==","m":{"k":[-3]},"t":64}"#
    );
    assert_eq!(
        avro(enumerated, &[9]),
        "field e: wanted one of 2 symbols, got -5"
    );
    for (text, wanted) in [
        (
            "",
            "wanted an Avro schema, got no JSON: EOF while parsing a value at line 1 column 0",
        ),
        (
            r#"["int","string"]"#,
            "wanted a union of null and one type, got another union",
        ),
        (
            r#""Other""#,
            "wanted a type that the schema defines, got Other",
        ),
        (
            r#"{"type":"record","name":"R","fields":[{"name":"r","type":["null","R"]}]}"#,
            "field r: wanted no type within itself, got R",
        ),
        (
            r#"{"type":"fixed","name":"F"}"#,
            "wanted `size` in an Avro schema, got none",
        ),
    ] {
        assert_eq!(avro(text, b""), wanted);
    }
}

/// Each record has the one before it twice: doubled thirty times, a text of a few kilobytes would be a schema of a billion parts.
#[test]
fn a_schema_that_grows_as_it_is_read_is_refused() {
    let mut text =
        r#"{"type":"record","name":"R0","fields":[{"name":"a","type":"int"}]}"#.to_owned();
    let mut proto =
        "syntax = \"proto3\"; message R30 { R29 a = 1; R29 b = 2; } message R0 { int32 a = 1; }"
            .to_owned();
    for number in 1..30 {
        let before = number - 1;
        text = format!(
            r#"{{"type":"record","name":"R{number}","fields":[{{"name":"a","type":{text}}},{{"name":"b","type":"R{before}"}}]}}"#
        );
        proto.push_str(&format!(
            " message R{number} {{ R{before} a = 1; R{before} b = 2; }}"
        ));
    }
    assert!(avro(&text, b"").contains("wanted a schema of at most 20000 parts"));
    let refused = SchemaReader::new(SchemaType::Protobuf, &proto, None).unwrap_err();
    let refused = refused.to_string();
    assert!(
        refused.contains("wanted a schema of at most 20000 parts"),
        "{refused}"
    );
}

#[test]
fn protobuf_of_others_is_read_by_the_numbers_of_its_fields() {
    let file = r#"syntax = "proto3"; package p.q;
        message Other { string x = 1; }
        message Row {
          int64 late = 7; string early = 2;
          oneof way { string post = 3; p.q.Other other = 4; }
          .p.q.Other again = 5;
          map<string, int32> counts = 6;
        }"#;
    let second = MessagePath::new(vec![1]).unwrap();
    let reader = |path| SchemaReader::new(SchemaType::Protobuf, file, Some(path)).unwrap();
    // early "e", again { x "y" }, counts { "k": 3 }, late 5, and a field that is not there.
    let data = b"\x12\x01e\x2a\x03\x0a\x01y\x32\x05\x0a\x01k\x10\x03\x38\x05\x78\x01";
    assert_eq!(
        String::from_utf8(reader(&second).json(data).unwrap()).unwrap(),
        r#"{"late":5,"early":"e","post":null,"other":null,"again":{"x":"y"},"counts":{"k":3}}"#
    );
    let third = MessagePath::new(vec![2]).unwrap();
    for (text, path, wanted) in [
        (
            file,
            &third,
            "wanted the message that the record names, got a file without it",
        ),
        (
            "syntax = \"proto3\"; message A { A a = 1; }",
            &MessagePath::default(),
            "field a: wanted no message within itself, got A",
        ),
        (
            "syntax = \"proto3\"; message A { E e = 1; enum E { X = 0; } }",
            &MessagePath::default(),
            "field e: wanted a message that the file defines, got E: enums and other files are not read",
        ),
        (
            "syntax = \"proto3\"; message A { sint32 e = 1; }",
            &MessagePath::default(),
            "field e: wanted a type that Kafka Connect writes, got sint32",
        ),
    ] {
        let refused = SchemaReader::new(SchemaType::Protobuf, text, Some(path)).unwrap_err();
        assert_eq!(refused.to_string(), wanted);
    }
}

/// Confluent's converter calls the entry of a map by the field's name as it is, ours as protoc does.
#[test]
fn a_map_that_is_written_as_its_entries_is_a_map() {
    for entry in ["namesEntry", "NamesEntry"] {
        let file = format!(
            "syntax = \"proto3\"; message A {{ repeated {entry} names = 1; message {entry} {{ string key = 1; int32 value = 2; }} }}"
        );
        let reader = SchemaReader::new(SchemaType::Protobuf, &file, None).unwrap();
        let json = reader.json(b"\x0a\x05\x0a\x01k\x10\x03").unwrap();
        assert_eq!(String::from_utf8(json).unwrap(), r#"{"names":{"k":3}}"#);
    }
}

#[test]
fn json_of_another_schema_is_as_it_is() {
    let text = r#"{"type":"object","properties":{"a":{"type":"string"}}}"#;
    let reader = SchemaReader::new(SchemaType::Json, text, None).unwrap();
    assert_eq!(reader.json(br#"{"b": 1.50}"#).unwrap(), br#"{"b": 1.50}"#);
    assert!(reader.json(b"{").is_err());
    assert!(SchemaReader::new(SchemaType::Json, "7", None).is_err());
    assert!(SchemaReader::new(SchemaType::Json, "{", None).is_err());
}

#[test]
fn what_is_not_of_the_schema_is_refused() {
    let schema = Schema::structure(vec![Field::new("A", Schema::string())]).unwrap();
    let text = AvroConverter::new(schema).unwrap();
    assert_eq!(
        avro(Registered::schema_text(&text), b"\x02ab"),
        "wanted nothing behind the data, got 1 more bytes"
    );
    assert!(avro(Registered::schema_text(&text), b"\x04a").starts_with("field A: "));
}
