//! Schemas and the data written straight from record bytes, judged by other people's readers: apache-avro and
//! prost-reflect.

use apache_avro::types::Value as Avro;
use parsers::json::{Invalid, JsonOptions};
use parsers::schema::avro::Annotations;
use parsers::schema::protobuf::{Numbers, Protobuf, ProtobufOptions};
use parsers::schema::{self, AvroOptions, Scalar, TimeUnit};
use parsers::{Field, Group, Layout, Value};
use proptest::prelude::*;
use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage as _, Value as Proto};

use super::generate::{byte, copybook};
use super::json_schema;
use super::{ebcdic, layout, layout_with, try_layout};

/// A value of ours at the scale of its schema, as text: what is exact must be equal as text.
fn shown(value: &Value, field: &Field) -> String {
    match (value, Scalar::of(field)) {
        (Value::Null, _) => "null".to_owned(),
        (Value::Number(number), Some(scalar)) => {
            let same = number.rescale(i32::from(scalar.scale())).unwrap();
            same.to_string()
        }
        (Value::Float(value), _) => value.to_bits().to_string(),
        (Value::Date(date), _) => date.days_since_epoch().to_string(),
        (Value::Time(time), Some(Scalar::Time(unit))) => unit.time(*time).to_string(),
        (Value::Timestamp(at), Some(Scalar::Timestamp(unit))) => {
            unit.timestamp(*at).unwrap().to_string()
        }
        (Value::Timestamp(at), _) => at.to_string(),
        (Value::Flag(flag), _) => flag.to_string(),
        (Value::Bytes(bytes), _) => format!("{bytes:?}"),
        (Value::Text(text), _) => text.clone(),
        other => panic!("{other:?}"),
    }
}

/// Members in the order of the layout, as nested text: `[name value ...]`; null for what is not there.
fn ours(layout: &Layout, group: Option<&Field>, values: Option<&Group>) -> String {
    let mut out = "[".to_owned();
    for field in layout.members(group).filter(|field| !field.is_hidden()) {
        let one = |value: &Value| match value {
            Value::Group(group) => ours(layout, Some(field), Some(group)),
            other => shown(other, field),
        };
        let value = values.and_then(|values| values.get(field.label()));
        let text = match value {
            None => "null".to_owned(),
            Some(Value::Array(items)) => {
                let items: Vec<String> = items.iter().map(one).collect();
                format!("({})", items.join(", "))
            }
            Some(value) => one(value),
        };
        out += &format!("{text}; ");
    }
    out + "]"
}

fn theirs(value: &Avro) -> String {
    match value {
        Avro::Null => "null".to_owned(),
        Avro::Union(_, inner) => theirs(inner),
        Avro::Record(members) => {
            let members = members.iter().map(|(_, value)| theirs(value) + "; ");
            format!("[{}]", members.collect::<String>())
        }
        Avro::Array(items) => {
            let items: Vec<String> = items.iter().map(theirs).collect();
            format!("({})", items.join(", "))
        }
        Avro::Boolean(flag) => flag.to_string(),
        Avro::Int(value) | Avro::Date(value) | Avro::TimeMillis(value) => value.to_string(),
        Avro::Long(value)
        | Avro::TimeMicros(value)
        | Avro::LocalTimestampMillis(value)
        | Avro::LocalTimestampMicros(value) => value.to_string(),
        Avro::Double(value) => value.to_bits().to_string(),
        Avro::String(text) | Avro::Enum(_, text) => text.clone(),
        Avro::Bytes(bytes) => format!("{bytes:?}"),
        Avro::Decimal(decimal) => {
            let bytes: Vec<u8> = decimal.clone().try_into().unwrap();
            let mut whole = [if bytes[0] >= 0x80 { 0xff } else { 0 }; 16];
            whole[16 - bytes.len()..].copy_from_slice(&bytes);
            format!("d{}", i128::from_be_bytes(whole))
        }
        other => panic!("{other:?}"),
    }
}

/// As [`ours`], with decimals as `d` and their digits, since a decimal of apache-avro does not show its scale.
pub(crate) fn without_points(layout: &Layout, values: &Group) -> String {
    fn change(layout: &Layout, group: Option<&Field>, values: &Group) -> Group {
        let mut out = Group::new();
        for field in layout.members(group).filter(|field| !field.is_hidden()) {
            let one = |value: &Value| match (value, Scalar::of(field)) {
                (Value::Group(group), _) => Value::Group(change(layout, Some(field), group)),
                (Value::Number(number), Some(Scalar::Decimal { scale, .. })) => {
                    let same = number.rescale(i32::from(scale)).unwrap();
                    Value::Text(format!("d{}", same.unscaled))
                }
                (other, _) => other.clone(),
            };
            if let Some(value) = values.get(field.label()) {
                let value = match value {
                    Value::Array(items) => Value::Array(items.iter().map(one).collect()),
                    other => one(other),
                };
                out.set(field.label(), value);
            }
        }
        out
    }
    ours(layout, None, Some(&change(layout, None, values)))
}

fn read_avro(schema: &apache_avro::Schema, rest: &mut &[u8]) -> Avro {
    let reader = apache_avro::reader::datum::GenericDatumReader::builder(schema);
    reader.build().unwrap().read_value(rest).unwrap()
}

fn check_avro(layout: &Layout, record: &[u8]) {
    let values = layout.decode(record).map(|record| record.values);
    for annotations in [Annotations::Avro, Annotations::Connect] {
        let options = AvroOptions {
            name: Some("legacy.lot.Value".to_owned()),
            annotations,
            ..AvroOptions::default()
        };
        let avro = schema::Avro::new(layout, &options);
        let parsed = apache_avro::Schema::parse_str(avro.schema())
            .unwrap_or_else(|error| panic!("{error}: {}", avro.schema()));
        let mut bytes = Vec::new();
        let written = avro.write(layout, record, &mut bytes);
        assert_eq!(written.is_ok(), values.is_ok(), "{written:?}");
        if let Ok(values) = &values {
            let mut rest = &bytes[..];
            let read = read_avro(&parsed, &mut rest);
            assert!(rest.is_empty());
            assert_eq!(theirs(&read), without_points(layout, values));
        } else {
            assert!(bytes.is_empty());
        }
    }
    // Whatever the bytes are, there is a datum where what does not decode may be null.
    let options = AvroOptions {
        invalid: schema::Invalid::Null,
        ..AvroOptions::default()
    };
    let avro = schema::Avro::new(layout, &options);
    let parsed = apache_avro::Schema::parse_str(avro.schema()).unwrap();
    let mut bytes = Vec::new();
    avro.write(layout, record, &mut bytes).unwrap();
    let mut rest = &bytes[..];
    let read = read_avro(&parsed, &mut rest);
    assert!(rest.is_empty());
    if let Ok(values) = &values {
        assert_eq!(theirs(&read), without_points(layout, values));
    }
}

const FILE: &str = "record.proto";

fn proto_shown(value: &Proto) -> String {
    match value {
        Proto::Bool(flag) => flag.to_string(),
        Proto::I32(value) => value.to_string(),
        Proto::I64(value) => value.to_string(),
        Proto::F64(value) => value.to_bits().to_string(),
        Proto::String(text) => text.clone(),
        Proto::EnumNumber(number) => format!("#{number}"),
        Proto::Bytes(bytes) => format!("{:?}", bytes.to_vec()),
        Proto::Message(message) => proto_message(message),
        Proto::List(items) => {
            let items: Vec<String> = items.iter().map(proto_shown).collect();
            format!("({})", items.join(", "))
        }
        other => panic!("{other:?}"),
    }
}

fn proto_message(message: &DynamicMessage) -> String {
    let descriptor = message.descriptor();
    if descriptor.name().ends_with("Item") && descriptor.fields().len() == 1 {
        let value = descriptor.fields().next().unwrap();
        return if message.has_field(&value) {
            proto_shown(&message.get_field(&value))
        } else {
            "null".to_owned()
        };
    }
    let mut fields: Vec<_> = descriptor.fields().collect();
    fields.sort_by_key(prost_reflect::FieldDescriptor::number);
    let shown = fields.iter().map(|field| {
        if field.supports_presence() && !message.has_field(field) {
            "null; ".to_owned()
        } else {
            proto_shown(&message.get_field(field)) + "; "
        }
    });
    format!("[{}]", shown.collect::<String>())
}

fn check_protobuf(layout: &Layout, record: &[u8]) {
    let options = ProtobufOptions {
        name: Some("legacy.lot.Value".to_owned()),
        ..ProtobufOptions::default()
    };
    let protobuf = Protobuf::new(layout, &options);
    let text = protobuf.schema();
    let values = layout.decode(record).map(|record| record.values);
    let mut bytes = Vec::new();
    let written = protobuf.write(layout, record, &mut bytes);
    assert_eq!(written.is_ok(), values.is_ok(), "{written:?}");
    let pool = DescriptorPool::decode(&protobuf.descriptor_set(FILE)[..]).unwrap();
    let message = pool.get_message_by_name("legacy.lot.Value").unwrap();
    if let Ok(values) = &values {
        let read = DynamicMessage::decode(message, &bytes[..]).unwrap();
        // A table that is another view's is empty here, not null.
        let expected = ours(layout, None, Some(values));
        let found = proto_message(&read);
        if !layout
            .fields()
            .any(|field| field.is_table() && field.is_variant())
        {
            assert_eq!(found, expected, "{text}");
        }
        assert_eq!(
            read.encode_to_vec(),
            bytes,
            "not as others write it: {text}"
        );
    } else {
        assert!(bytes.is_empty());
    }
    let lenient = ProtobufOptions {
        invalid: schema::Invalid::Null,
        ..options
    };
    let protobuf = Protobuf::new(layout, &lenient);
    let pool = DescriptorPool::decode(&protobuf.descriptor_set(FILE)[..]).unwrap();
    let message = pool.get_message_by_name("legacy.lot.Value").unwrap();
    let mut bytes = Vec::new();
    protobuf.write(layout, record, &mut bytes).unwrap();
    let read = DynamicMessage::decode(message, &bytes[..]).unwrap();
    assert_eq!(read.encode_to_vec(), bytes, "not as others write it");
}

fn check_json(layout: &Layout, record: &[u8]) {
    for invalid in [Invalid::Fail, Invalid::Keep] {
        let options = JsonOptions {
            invalid,
            ..JsonOptions::default()
        };
        let schema: serde_json::Value =
            serde_json::from_str(&schema::json_schema(layout, &options)).unwrap();
        let mut json = Vec::new();
        if layout.write_json_with(record, &options, &mut json).is_ok() {
            let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
            if let Err(fault) = json_schema::valid(&schema, &value) {
                panic!("{fault}\n{value}\n{schema:#}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn others_read_what_is_written_straight_from_any_record(
        text in copybook(),
        mut record in prop::collection::vec(byte(), 600),
        count in 0u8..6,
        less in 0usize..3,
    ) {
        let layout = try_layout(&text, None);
        prop_assume!(layout.is_ok());
        let layout = layout.unwrap();
        record[0] = 0xf0;
        record[1] = 0xf0 + count;
        let most = layout.max_len();
        prop_assume!(most <= 590);
        for len in [most, layout.min_len().saturating_sub(less)] {
            let record = &record[..len];
            check_avro(&layout, record);
            check_protobuf(&layout, record);
            check_json(&layout, record);
        }
    }
}

pub(crate) const WIDE: &str = "
01 LOT-RECORD.
05 LOT-ID PIC X(10).
05 LOT_ID PIC 9(4).
05 LOTID PIC X.
05 MADE PIC S9(7) COMP-3.
05 SOLD PIC 9(8).
05 QTY PIC S9(15)V99 COMP-3.
05 THOUSANDS PIC S9(3)PPP COMP-3.
05 TINY PIC SPP9(3).
05 HUGE PIC S9(31) COMP-3.
05 HALF PIC 9(4) COMP.
05 RATE COMP-2.
05 OK PIC X.
05 RAW PIC X(4).
05 AT PIC 9(6).
05 WHEN-MADE PIC X(26).
05 FILLER PIC X(3).
05 BODY PIC X(8).
05 BODY-2 REDEFINES BODY.
10 PART PIC 9(4).
10 PART-2 PIC 9(4).
05 N PIC 9.
05 T OCCURS 0 TO 5 TIMES DEPENDING ON N.
10 DAY-OF PIC 9(8) OCCURS 2.
10 NOTE PIC X(3) OCCURS 2.
10 COUNT-OF PIC 9(3) OCCURS 2.
";

pub(crate) const MEANING: &str = r#"
[fields.LOT-ID]
name = "lotNumber"
description = "the lot's number, \"as printed\"\nmay be used again after ten years"
pii = "none"
[fields.MADE]
date = "CYYMMDD"
null = "zeros"
[fields.SOLD]
date = "YYYYMMDD"
[fields.QTY]
null = "low-values"
[fields.OK]
flag = { true = "Y", false = "N" }
[fields.RAW]
binary = true
[fields.AT]
time = "HHMMSS"
[fields.WHEN-MADE]
timestamp = "YYYY-MM-DD-HH.MM.SS.FFFFFF"
[fields."T.DAY-OF"]
date = "YYYYMMDD"
null = ["zeros"]
"#;

pub(crate) fn wide_record(count: u8) -> Vec<u8> {
    let mut record = ebcdic("LOT-1ü    0042X");
    record.extend([0x12, 0x60, 0x10, 0x2c]);
    record.extend(ebcdic("20261122"));
    record.extend([0x00, 0, 0, 0, 0, 1, 0x23, 0x45, 0x6d, 0x12, 0x3d]);
    record.extend(ebcdic("12L"));
    record.extend([0x99; 15]);
    record.extend([0x9d, 0xff, 0xff, 0x41, 0x10, 0, 0, 0, 0, 0, 0]);
    record.extend(ebcdic("Y"));
    record.extend([0, 1, 2, 255]);
    record.extend(ebcdic("2359592026-11-22-13.14.15.161718...00120034"));
    record.push(0xf0 + count);
    for _ in 0..count {
        record.extend(ebcdic("2020022900000000ab cd 001000"));
    }
    record
}

#[test]
fn every_kind_of_field_has_its_place_in_every_schema() {
    let layout = layout(WIDE, MEANING);
    for count in 0..=5 {
        let record = wide_record(count);
        layout.validate(&record).unwrap();
        check_avro(&layout, &record);
        check_protobuf(&layout, &record);
        check_json(&layout, &record);
    }
    let options = AvroOptions::default();
    insta::assert_snapshot!(
        "avro",
        pretty(schema::Avro::new(&layout, &options).schema())
    );
    let protobuf = Protobuf::new(&layout, &ProtobufOptions::default());
    insta::assert_snapshot!("protobuf", protobuf.schema());
    let json = schema::json_schema(&layout, &JsonOptions::default());
    insta::assert_snapshot!("json_schema", json);
}

/// Records in files, as the tools of each form read them.
#[test]
fn files_of_many_records_are_read_by_others() {
    let layout = layout(WIDE, MEANING);
    let records: Vec<Vec<u8>> = (0..=5).map(wide_record).collect();
    let avro = schema::Avro::new(&layout, &AvroOptions::default());
    let container = avro.container();
    let mut file = container.head().to_vec();
    for block in records.chunks(4) {
        let mut data = Vec::new();
        for record in block {
            avro.write(&layout, record, &mut data).unwrap();
        }
        container.block(block.len(), &data, &mut file);
    }
    let reader = apache_avro::Reader::new(&file[..]).unwrap();
    let read: Vec<String> = reader.map(|value| theirs(&value.unwrap())).collect();
    let wanted = |record: &Vec<u8>| without_points(&layout, &layout.decode(record).unwrap().values);
    assert_eq!(read, records.iter().map(wanted).collect::<Vec<_>>());

    let protobuf = Protobuf::new(&layout, &ProtobufOptions::default());
    let mut file = Vec::new();
    for record in &records {
        protobuf
            .write_delimited(&layout, record, &mut file)
            .unwrap();
    }
    let before = file.clone();
    protobuf
        .write_delimited(&layout, b"short", &mut file)
        .unwrap_err();
    assert_eq!(file, before);
    let pool = DescriptorPool::decode(&protobuf.descriptor_set(FILE)[..]).unwrap();
    let message = pool.get_message_by_name("LOT_RECORD").unwrap();
    let mut rest = &file[..];
    for record in &records {
        let values = layout.decode(record).unwrap().values;
        let length = prost_reflect::prost::decode_length_delimiter(&mut rest).unwrap();
        let (bytes, after) = rest.split_at(length);
        let read = DynamicMessage::decode(message.clone(), bytes).unwrap();
        assert_eq!(read.encode_to_vec(), bytes);
        assert_eq!(
            read.get_field_by_name("lotNumber").unwrap().as_str(),
            Some("LOT-1ü")
        );
        let count = values.get("T").map_or(0, |table| match table {
            Value::Array(items) => items.len(),
            other => panic!("{other:?}"),
        });
        let table = read.get_field_by_name("T").unwrap();
        assert_eq!(table.as_list().unwrap().len(), count);
        rest = after;
    }
    assert!(rest.is_empty());
}

fn pretty(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

#[test]
fn fields_keep_their_numbers_when_others_come_and_go() {
    let numbered = |text: &str, numbers: Numbers| {
        let options = ProtobufOptions {
            numbers,
            ..ProtobufOptions::default()
        };
        Protobuf::new(&layout(text, ""), &options)
    };
    let old = numbered(
        "01 R.\n05 A PIC X.\n05 B PIC 9.\n05 G.\n10 C PIC X.\n",
        Numbers::default(),
    );
    let kept = Numbers::parse(&old.numbers().to_string()).unwrap();
    let new = numbered(
        "01 R.\n05 NEW PIC X.\n05 B PIC 9.\n05 G.\n10 D PIC X.\n10 C PIC X.\n",
        kept,
    );
    insta::assert_snapshot!(new.schema(), @r#"
syntax = "proto3";

message R {
  reserved 1;
  reserved "A";
  message G_2 {
    string D = 2;
    string C = 1;
  }
  string NEW = 4;
  int32 B = 2;
  G_2 G = 3;
}
"#);
    insta::assert_snapshot!(new.numbers(), @r#"
{
  "R": {
    "A": 1,
    "B": 2,
    "G": 3,
    "NEW": 4
  },
  "R.G_2": {
    "C": 1,
    "D": 2
  }
}
"#);
    DescriptorPool::decode(&new.descriptor_set(FILE)[..]).unwrap();
}

const STATES: &str = "
01 LOT.
05 LOT-ID PIC X(4).
05 STATE PIC X.
88 KNOWN-LOT VALUES 'O' 'S' 'X'.
88 OPEN-LOT VALUE 'O'.
88 SHUT-LOT VALUE 'S'.
05 GRADE PIC S9(3) COMP-3.
88 GRADE-ONE VALUE 1.
88 GRADE-TOP VALUES 7 THRU 9.
05 SIZES PIC X(10) OCCURS 2.
88 SMALL VALUE 'S'.
88 LARGE VALUE 'L'.
05 PLAIN PIC X(2).
";

fn states(conditions: parsers::Conditions) -> std::sync::Arc<Layout> {
    let options = parsers::LayoutOptions {
        conditions,
        ..parsers::LayoutOptions::default()
    };
    layout_with(STATES, "[fields.SIZES]\nnull = \"spaces\"\n", &options)
}

fn state(text: &str, grade: [u8; 2], sizes: [&str; 2]) -> Vec<u8> {
    let mut record = ebcdic(&format!("L001{text}"));
    record.extend(grade);
    for size in sizes {
        record.extend(ebcdic(&format!("{size:10}")));
    }
    record.extend(ebcdic("ab"));
    record
}

/// What JSON shows, after trying that it gives the same bytes again.
fn there_and_back(layout: &Layout, record: &[u8]) -> String {
    let mut json = Vec::new();
    if let Err(error) = layout.write_json(record, &mut json) {
        return error.to_string();
    }
    assert_eq!(layout.read_json(&json).unwrap(), record);
    check_json(layout, record);
    String::from_utf8(json).unwrap()
}

#[test]
fn level_88_names_stand_for_values_and_give_them_back() {
    let records = [
        state("O", [0x00, 0x1c], ["S", ""]),
        state("X", [0x00, 0x8c], ["L", "other"]),
        state("?", [0x01, 0x2d], ["SMALL", "S"]),
        state("?", [0x01, 0x2d], ["S", "S"]),
    ];
    let mut shown = String::new();
    for conditions in [
        parsers::Conditions::Values,
        parsers::Conditions::Names,
        parsers::Conditions::Enums,
    ] {
        let layout = states(conditions);
        for record in &records {
            shown += &format!("{conditions:?} {}\n", there_and_back(&layout, record));
            if conditions != parsers::Conditions::Enums {
                check_avro(&layout, record);
                check_protobuf(&layout, record);
            }
        }
    }
    insta::assert_snapshot!(shown, @r#"
Values {"LOT-ID":"L001","STATE":"O","GRADE":1,"SIZES":["S",null],"PLAIN":"ab"}
Values {"LOT-ID":"L001","STATE":"X","GRADE":8,"SIZES":["L","other"],"PLAIN":"ab"}
Values {"LOT-ID":"L001","STATE":"?","GRADE":-12,"SIZES":["SMALL","S"],"PLAIN":"ab"}
Values {"LOT-ID":"L001","STATE":"?","GRADE":-12,"SIZES":["S","S"],"PLAIN":"ab"}
Names {"LOT-ID":"L001","STATE":"OPEN-LOT","GRADE":"GRADE-ONE","SIZES":["SMALL",null],"PLAIN":"ab"}
Names {"LOT-ID":"L001","STATE":"KNOWN-LOT","GRADE":"GRADE-TOP","SIZES":["LARGE","other"],"PLAIN":"ab","_raw":{"STATE":"E7","GRADE":"008C"}}
Names field SIZES(1) at byte 7 (0xE2D4C1D3D34040404040): a text that is the name of a level 88 entry whose value it is not
Names {"LOT-ID":"L001","STATE":"?","GRADE":"-12","SIZES":["SMALL","SMALL"],"PLAIN":"ab"}
Enums {"LOT-ID":"L001","STATE":"OPEN-LOT","GRADE":"GRADE-ONE","SIZES":["SMALL",null],"PLAIN":"ab"}
Enums field SIZES(2) at byte 17 (0x96A38885994040404040): a value that no level 88 entry names
Enums field STATE at byte 4 (0x6F): a value that no level 88 entry names
Enums field STATE at byte 4 (0x6F): a value that no level 88 entry names
"#);
}

#[test]
fn level_88_names_are_enums_in_schemas() {
    let layout = states(parsers::Conditions::Enums);
    let record = state("S", [0x00, 0x1c], ["L", ""]);
    check_json(&layout, &record);
    let avro = schema::Avro::new(&layout, &AvroOptions::default());
    let parsed = apache_avro::Schema::parse_str(avro.schema()).unwrap();
    let mut bytes = Vec::new();
    avro.write(&layout, &record, &mut bytes).unwrap();
    let mut rest = &bytes[..];
    let read = read_avro(&parsed, &mut rest);
    assert!(rest.is_empty());
    insta::assert_snapshot!(format!("{}\n{}", avro.schema(), theirs(&read)), @r#"
{"type":"record","name":"LOT","fields":[{"name":"LOT_ID","type":"string"},{"name":"STATE","type":{"type":"enum","name":"LOT_STATE","symbols":["OPEN_LOT","SHUT_LOT","KNOWN_LOT"]}},{"name":"GRADE","type":{"type":"enum","name":"LOT_GRADE","symbols":["GRADE_ONE","GRADE_TOP"]}},{"name":"SIZES","type":{"type":"array","items":["null",{"type":"enum","name":"LOT_SIZES","symbols":["SMALL","LARGE"]}]}},{"name":"PLAIN","type":"string"}]}
[L001; SHUT_LOT; GRADE_ONE; (LARGE, null); ab; ]
"#);
    let protobuf = Protobuf::new(&layout, &ProtobufOptions::default());
    let mut bytes = Vec::new();
    protobuf.write(&layout, &record, &mut bytes).unwrap();
    let pool = DescriptorPool::decode(&protobuf.descriptor_set(FILE)[..]).unwrap();
    let message = pool.get_message_by_name("LOT").unwrap();
    let read = DynamicMessage::decode(message, &bytes[..]).unwrap();
    assert_eq!(read.encode_to_vec(), bytes);
    insta::assert_snapshot!(format!("{}\n{}", protobuf.schema(), proto_message(&read)), @r#"
syntax = "proto3";

message LOT {
  enum State {
    STATE_UNSPECIFIED = 0;
    STATE_OPEN_LOT = 1;
    STATE_SHUT_LOT = 2;
    STATE_KNOWN_LOT = 3;
  }
  enum Grade {
    GRADE_UNSPECIFIED = 0;
    GRADE_GRADE_ONE = 1;
    GRADE_GRADE_TOP = 2;
  }
  message SizesItem {
    enum Sizes {
      SIZES_UNSPECIFIED = 0;
      SIZES_SMALL = 1;
      SIZES_LARGE = 2;
    }
    optional Sizes value = 1;
  }
  string LOT_ID = 1 [json_name = "LOT-ID"];
  State STATE = 2;
  Grade GRADE = 3;
  repeated SizesItem SIZES = 4;
  string PLAIN = 5;
}

[L001; #2; #1; (#2, null); ab; ]
"#);
    // A value without a name.
    let record = state("?", [0x00, 0x1c], ["L", "S"]);
    let error = avro.write(&layout, &record, &mut bytes).unwrap_err();
    insta::assert_snapshot!(error, @r"
field STATE at byte 4 (0x6F): a value that no level 88 entry names
");
    protobuf.write(&layout, &record, &mut bytes).unwrap_err();
}

#[test]
fn zeros_of_p_count_in_every_type() {
    // Two digits in the record, 8 and 11 in the number; nine, and 19.
    let layout = layout(
        "01 R.\n05 A PIC 9(2)P(6).\n05 B PIC 9(2)P(9).\n05 C PIC 9(9)P(10).\n",
        "",
    );
    let record = ebcdic("9998999999999");
    let (avro, proto) = (
        schema::Avro::new(&layout, &AvroOptions::default()),
        Protobuf::new(&layout, &ProtobufOptions::default()),
    );
    insta::assert_snapshot!(format!("{}\n{}", avro.schema(), proto.schema()), @r#"
{"type":"record","name":"R","fields":[{"name":"A","type":"int"},{"name":"B","type":"long"},{"name":"C","type":{"type":"bytes","logicalType":"decimal","precision":19,"scale":0}}]}
syntax = "proto3";

message R {
  int32 A = 1;
  int64 B = 2;
  // decimal(19,0): plain digits, 0 after the point
  string C = 3;
}
"#);
    check_avro(&layout, &record);
    check_protobuf(&layout, &record);
    check_json(&layout, &record);
}

#[test]
fn a_fraction_of_a_second_before_1970_rounds_down() {
    let layout = layout(
        "01 R.\n05 AT PIC X(26).\n",
        "[fields.AT]\ntimestamp = \"YYYY-MM-DD-HH.MM.SS.FFFFFF\"\n",
    );
    let at = |text: &str| {
        let record = ebcdic(text);
        check_avro(&layout, &record);
        match layout.decode(&record).unwrap().values.get("AT") {
            Some(Value::Timestamp(at)) => *at,
            other => panic!("{other:?}"),
        }
    };
    // A unit coarser than the fraction: the one that has begun.
    assert_eq!(
        TimeUnit::Milli.timestamp(at("1969-12-31-23.59.59.999999")),
        Some(-1)
    );
    assert_eq!(
        TimeUnit::Milli.timestamp(at("1969-12-31-23.59.58.000001")),
        Some(-2000)
    );
    assert_eq!(
        TimeUnit::Micro.timestamp(at("1969-12-31-23.59.59.999999")),
        Some(-1)
    );
    assert_eq!(
        TimeUnit::Milli.timestamp(at("1970-01-01-00.00.00.001999")),
        Some(1)
    );
}
