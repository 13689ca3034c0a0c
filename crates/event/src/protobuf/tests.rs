use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage, Value};

use super::*;
use crate::{Decimal, Field, decimal};

fn connect(name: &str, schema: Schema) -> Schema {
    schema.named(format!("org.apache.kafka.connect.data.{name}"))
}

/// One field of each kind.
fn everything() -> Schema {
    let line = || {
        let fields = vec![
            Field::new("sku", Schema::string()),
            Field::new("qty", decimal::schema(9, 2)),
        ];
        Schema::structure(fields).unwrap().named("shop.Line")
    };
    let fields = vec![
        Field::new("id", Schema::int64()),
        Field::new("SHORT-NO", Schema::int16().optional()),
        Field::new(
            "name",
            Schema::string().doc("As printed.\nIn Latin letters."),
        ),
        Field::new("price", decimal::schema(9, 2).optional()),
        Field::new("day", connect("Date", Schema::int32())),
        Field::new("at", connect("Time", Schema::int32())),
        Field::new("moment", connect("Timestamp", Schema::int64()).optional()),
        Field::new("first", line()),
        Field::new("last", line().optional()),
        Field::new("lines", Schema::array(line()).unwrap()),
        Field::new("codes", Schema::array(Schema::int32()).unwrap()),
        Field::new(
            "names",
            Schema::map(Schema::string(), Schema::string()).unwrap(),
        ),
        Field::new(
            "totals",
            Schema::map(Schema::int32(), decimal::schema(9, 2)).unwrap(),
        ),
        Field::new(
            "place",
            Schema::structure(vec![Field::new("x", Schema::float64())]).unwrap(),
        ),
    ];
    Schema::structure(fields).unwrap().named("shop.eu.Order")
}

#[test]
fn the_schema_is_proto3() {
    let converter = ProtobufConverter::new(everything()).unwrap();
    insta::assert_snapshot!(converter.schema_text(), @r#"
syntax = "proto3";
package shop.eu;

import "confluent/meta.proto";
import "confluent/type/decimal.proto";
import "google/protobuf/timestamp.proto";
import "google/type/date.proto";
import "google/type/timeofday.proto";

message Order {
  int64 id = 1;
  optional int32 SHORT_NO = 2 [json_name = "SHORT-NO", (confluent.field_meta) = {params: [{key: "connect.type", value: "int16"}]}];
  // As printed.
  // In Latin letters.
  string name = 3;
  optional confluent.type.Decimal price = 4 [(confluent.field_meta) = {params: [{key: "precision", value: "9"}, {key: "scale", value: "2"}]}];
  google.type.Date day = 5;
  google.type.TimeOfDay at = 6;
  optional google.protobuf.Timestamp moment = 7;
  Line first = 8;
  optional Line last = 9;
  repeated Line lines = 10;
  repeated int32 codes = 11;
  map<string, string> names = 12;
  repeated TotalsEntry totals = 13;
  placeMessage place = 14;

  message Line {
    string sku = 1;
    confluent.type.Decimal qty = 2 [(confluent.field_meta) = {params: [{key: "precision", value: "9"}, {key: "scale", value: "2"}]}];
  }

  message TotalsEntry {
    int32 key = 1;
    confluent.type.Decimal value = 2 [(confluent.field_meta) = {params: [{key: "precision", value: "9"}, {key: "scale", value: "2"}]}];
  }

  message placeMessage {
    double x = 1;
  }
}
"#);
    assert_eq!(converter.record_name(), "shop.eu.Order");
    assert_eq!(converter.message(), Some(MessagePath::default()));
}

fn hex(schema: Schema, datum: &Datum) -> String {
    let converter = ProtobufConverter::new(schema).unwrap();
    let mut out = Vec::new();
    converter.write(datum, &mut out).unwrap();
    assert_eq!(converter.read(&out).as_ref(), Ok(datum));
    let pairs: Vec<String> = out.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

fn one(schema: Schema, value: impl Into<Datum>) -> String {
    let schema = Schema::structure(vec![Field::new("a", schema)]).unwrap();
    hex(schema, &Datum::Struct(vec![value.into()]))
}

/// The examples of protobuf.dev, "Encoding", and what follows from it.
#[test]
fn the_bytes_are_protobufs() {
    assert_eq!(one(Schema::int32(), 150), "08 96 01");
    assert_eq!(one(Schema::int32(), -1), "08 ff ff ff ff ff ff ff ff ff 01");
    assert_eq!(
        one(Schema::string(), "testing"),
        "0a 07 74 65 73 74 69 6e 67"
    );
    // Zero is not written, but where null could be.
    assert_eq!(one(Schema::int32(), 0), "");
    assert_eq!(one(Schema::int32().optional(), 0), "08 00");
    assert_eq!(one(Schema::int32().optional(), Datum::Null), "");
    assert_eq!(one(Schema::float64(), -0.0), "09 00 00 00 00 00 00 00 80");
    let numbers = Schema::array(Schema::int32()).unwrap();
    let values = Datum::Array(vec![3.into(), 270.into(), 86942.into()]);
    assert_eq!(one(numbers, values), "0a 06 03 8e 02 9e a7 05");
    // Unscaled -1, one digit, scale 2.
    assert_eq!(
        one(decimal::schema(9, 2), Decimal::new(-1, 2)),
        "0a 07 0a 01 ff 10 01 18 02"
    );
    assert_eq!(
        one(connect("Date", Schema::int32()), 20_455),
        "0a 07 08 ea 0f 10 01 18 02"
    );
    assert_eq!(
        one(connect("Timestamp", Schema::int64()), -1),
        "0a 11 08 ff ff ff ff ff ff ff ff ff 01 10 c0 8f ae dc 03"
    );
}

#[test]
fn what_protobuf_has_no_word_for_is_refused() {
    let refused = |schema: Schema| ProtobufConverter::new(schema).unwrap_err().to_string();
    let field = |schema: Schema| Schema::structure(vec![Field::new("a", schema)]).unwrap();
    insta::assert_snapshot!(refused(Schema::int32()), @"wanted a struct at the root of a Protobuf schema, got int32");
    let arrays = Schema::array(Schema::array(Schema::int32()).unwrap()).unwrap();
    insta::assert_snapshot!(refused(field(arrays)), @"field a: wanted no array directly in an array or a map: Protobuf has none; put it into a struct");
    let write = |schema: Schema, datum: Datum| {
        let converter = ProtobufConverter::new(field(schema)).unwrap();
        let mut out = b"x".to_vec();
        let error = converter.write(&Datum::Struct(vec![datum]), &mut out);
        assert_eq!(out, b"x");
        error.unwrap_err().to_string()
    };
    insta::assert_snapshot!(write(connect("Date", Schema::int32()), 3_000_000.into()), @"field a: wanted a day of the years 1 to 9999, got day 3000000 since 1970");
    insta::assert_snapshot!(write(connect("Time", Schema::int32()), 86_400_000.into()), @"field a: wanted a time of day in milliseconds (0 to 86399999), got 86400000");
    insta::assert_snapshot!(write(Schema::int8(), 200.into()), @"field a: wanted an int8 (-128 to 127), got 200");
    insta::assert_snapshot!(write(Schema::string(), Datum::Null), @"field a: wanted a string, got null");
}

#[test]
fn names_never_meet() {
    let inner = |name: &str, field: &str| {
        let fields = vec![Field::new(field, Schema::int32())];
        Schema::structure(fields).unwrap().named(name)
    };
    let fields = vec![
        Field::new("a-b", Schema::int32()),
        Field::new("a_b", Schema::int32()),
        Field::new("aB", Schema::int32()),
        Field::new("Value", inner("x.Value", "p")),
        Field::new("other", inner("y.Value", "q")),
        Field::new("around", inner("z.Order", "r")),
        Field::new("google", inner("google", "s")),
        Field::new("1st", Schema::int32()),
    ];
    let schema = Schema::structure(fields).unwrap().named("com.google.Order");
    let converter = ProtobufConverter::new(schema).unwrap();
    insta::assert_snapshot!(converter.schema_text(), @r#"
syntax = "proto3";
package com.google_;

import "confluent/meta.proto";

message Order {
  int32 a_b = 1 [json_name = "a-b"];
  int32 a_b_2 = 2 [json_name = "a_b"];
  int32 aB_2_2 = 3 [(confluent.field_meta) = {params: [{key: "figway.name", value: "aB"}]}];
  ValueMessage Value = 4;
  ValueMessage_2 other = 5;
  OrderMessage around = 6;
  googleMessage google = 7;
  int32 _1st = 8 [json_name = "1st"];

  message ValueMessage {
    int32 p = 1;
  }

  message ValueMessage_2 {
    int32 q = 1;
  }

  message OrderMessage {
    int32 r = 1;
  }

  message googleMessage {
    int32 s = 1;
  }
}
"#);
}

/// Another implementation of Protobuf reads what we write, by a descriptor made by hand from the schema's text.
#[test]
fn prost_reads_what_is_written() {
    use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
    use prost_reflect::prost_types::{
        DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
        OneofDescriptorProto,
    };
    let field =
        |name: &str, number, ty: Type, label: Label, oneof: Option<i32>| FieldDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            label: Some(label.into()),
            r#type: Some(ty.into()),
            proto3_optional: oneof.map(|_| true),
            oneof_index: oneof,
            ..Default::default()
        };
    let message = DescriptorProto {
        name: Some("M".to_owned()),
        field: vec![
            field("n", 1, Type::Int32, Label::Optional, Some(0)),
            field("t", 2, Type::String, Label::Optional, None),
            field("l", 3, Type::Int64, Label::Repeated, None),
        ],
        oneof_decl: vec![OneofDescriptorProto {
            name: Some("_n".to_owned()),
            ..Default::default()
        }],
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("m.proto".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: vec![message],
        ..Default::default()
    };
    let pool =
        DescriptorPool::from_file_descriptor_set(FileDescriptorSet { file: vec![file] }).unwrap();
    let descriptor = pool.get_message_by_name("M").unwrap();
    let schema = Schema::structure(vec![
        Field::new("n", Schema::int32().optional()),
        Field::new("t", Schema::string()),
        Field::new("l", Schema::array(Schema::int64()).unwrap()),
    ])
    .unwrap();
    let converter = ProtobufConverter::new(schema).unwrap();
    let mut out = Vec::new();
    let long = Datum::Array(vec![(-5_i64).into(), i64::MAX.into()]);
    converter
        .write(&Datum::Struct(vec![0.into(), "né".into(), long]), &mut out)
        .unwrap();
    let read = DynamicMessage::decode(descriptor.clone(), out.as_slice()).unwrap();
    assert!(read.has_field_by_name("n"), "0 is not null");
    assert_eq!(
        &*read.get_field_by_name("t").unwrap(),
        &Value::String("né".to_owned())
    );
    let wanted = vec![Value::I64(-5), Value::I64(i64::MAX)];
    assert_eq!(&*read.get_field_by_name("l").unwrap(), &Value::List(wanted));
    assert_eq!(read.descriptor(), descriptor);
}
