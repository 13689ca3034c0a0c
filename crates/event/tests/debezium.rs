//! Reproduces records that the real Debezium wrote, byte for byte: each record's own schema is read, a [`Schema`] and a
//! [`Datum`] are built from record and schema, and the converter must give the same bytes back.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test: it may stop and speak"
)]

use std::path::PathBuf;
use std::sync::Arc;

use event::{Converter, Datum, Decimal, Field, JsonConverter, JsonOptions, Schema};
use serde_json::{Map, Value};

/// `<workspace root>/../shared/reference`, or `$FIGWAY_REFERENCE`.
fn reference() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference");
    std::env::var_os("FIGWAY_REFERENCE").map_or_else(beside, PathBuf::from)
}

#[test]
fn debeziums_own_records_come_out_byte_for_byte() {
    let folder = reference().join("debezium");
    let mut records = 0;
    for name in ["json_default_identity.txt", "json_full_identity.txt"] {
        let Ok(text) = std::fs::read_to_string(folder.join(name)) else {
            println!(
                "reference records not found at {}: not run",
                folder.join(name).display()
            );
            return;
        };
        for line in text.lines() {
            let record = match line.split_once(' ') {
                Some(("KEY" | "VALUE", record)) if record != "null" => record,
                Some(("HEADER", header)) => header.split_once(" = ").expect("a name and a value").1,
                _ => continue,
            };
            assert_eq!(rewritten(record), record, "in {name}");
            records += 1;
        }
    }
    println!("{records} keys, values and headers reproduced");
    assert!(records > 100, "found only {records} records");
}

fn rewritten(record: &str) -> String {
    let whole: Value = serde_json::from_str(record).expect("JSON");
    let schema = Arc::new(read_schema(&whole["schema"]));
    let datum = read_datum(&schema, &whole["payload"]);
    let mut out = Vec::new();
    JsonConverter::new(schema, JsonOptions::default())
        .unwrap()
        .write(&datum, &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

fn read_schema(json: &Value) -> Schema {
    let of = |name: &str| read_schema(&json[name]);
    let mut schema = match json["type"].as_str().expect("a type") {
        "boolean" => Schema::boolean(),
        "int8" => Schema::int8(),
        "int16" => Schema::int16(),
        "int32" => Schema::int32(),
        "int64" => Schema::int64(),
        "float" => Schema::float32(),
        "double" => Schema::float64(),
        "bytes" => Schema::bytes(),
        "string" => Schema::string(),
        "array" => Schema::array(of("items")).unwrap(),
        "map" => Schema::map(of("keys"), of("values")).unwrap(),
        "struct" => {
            let fields = json["fields"].as_array().expect("fields").iter();
            let read = fields.map(|field| {
                Field::new(field["field"].as_str().expect("a name"), read_schema(field))
            });
            Schema::structure(read.collect::<Vec<_>>()).unwrap()
        }
        other => panic!("unknown type {other}"),
    };
    if json["optional"] == true {
        schema = schema.optional();
    }
    if let Some(name) = json["name"].as_str() {
        schema = schema.named(name);
    }
    if let Some(version) = json["version"].as_i64() {
        schema = schema.version(version.try_into().unwrap());
    }
    if let Some(doc) = json["doc"].as_str() {
        schema = schema.doc(doc);
    }
    for (name, value) in json["parameters"].as_object().unwrap_or(&Map::new()) {
        schema = schema.parameter(name, value.as_str().expect("a text"));
    }
    match json.get("default") {
        Some(default) => {
            let default = read_datum(&schema, default);
            schema.with_default(default).unwrap()
        }
        None => schema,
    }
}

fn read_datum(schema: &Schema, json: &Value) -> Datum {
    use event::Type;
    if json.is_null() {
        return Datum::Null;
    }
    match schema.ty() {
        Type::Boolean => json.as_bool().unwrap().into(),
        Type::Int8 | Type::Int16 | Type::Int32 | Type::Int64 => json.as_i64().unwrap().into(),
        Type::Float32 => Datum::Float32(json.to_string().parse().unwrap()),
        Type::Float64 => json.as_f64().unwrap().into(),
        Type::String => json.as_str().unwrap().into(),
        Type::Bytes => {
            let bytes = base64_by_hand(json.as_str().unwrap());
            match schema.decimal_scale().unwrap() {
                Some(scale) => Decimal::from_unscaled_bytes(&bytes, scale).unwrap().into(),
                None => bytes.into(),
            }
        }
        Type::Array(element) => Datum::Array(
            json.as_array()
                .unwrap()
                .iter()
                .map(|value| read_datum(element, value))
                .collect(),
        ),
        Type::Map(_, value_schema) => {
            let entries = json.as_object().unwrap().iter();
            Datum::Map(
                entries
                    .map(|(key, value)| (key.as_str().into(), read_datum(value_schema, value)))
                    .collect(),
            )
        }
        Type::Struct(fields) => Datum::Struct(
            fields
                .iter()
                .map(|field| read_datum(field.schema(), &json[&**field.name()]))
                .collect(),
        ),
    }
}

/// Not the crate that the converter uses: a mistake in how it is used would show.
fn base64_by_hand(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = 0_u32;
    let mut held = 0;
    let mut bytes = Vec::new();
    for letter in text.trim_end_matches('=').chars() {
        bits = (bits << 6)
            | u32::try_from(ALPHABET.find(letter).expect("a letter of base64")).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xFF).unwrap());
        }
    }
    bytes
}

/// The Connect schemas of each subject, from the records that carry theirs.
fn connect_schemas(text: &str) -> std::collections::BTreeMap<String, Schema> {
    let mut topic = "";
    let mut schemas = std::collections::BTreeMap::new();
    for line in text.lines() {
        match line.split_once(' ') {
            Some(("TOPIC", rest)) => topic = rest.split(' ').next().unwrap(),
            Some((side @ ("KEY" | "VALUE"), record)) if record != "null" => {
                let whole: Value = serde_json::from_str(record).unwrap();
                let subject = format!("{topic}-{}", side.to_lowercase());
                schemas.insert(subject, read_schema(&whole["schema"]));
            }
            _ => {}
        }
    }
    schemas
}

#[test]
fn the_avro_schemas_that_confluents_converter_registered_come_out_letter_for_letter() {
    let folder = reference().join("debezium");
    let read = |name: &str| std::fs::read_to_string(folder.join(name));
    let (Ok(json), Ok(avro)) = (read("json_default_identity.txt"), read("avro.txt")) else {
        println!("reference records not found: not run");
        return;
    };
    let schemas = connect_schemas(&json);
    let (mut subjects, mut records) = (0, 0);
    let mut by_id = std::collections::BTreeMap::new();
    for line in avro.lines() {
        let Some(rest) = line.strip_prefix("SUBJECT ") else {
            continue;
        };
        let mut words = rest.splitn(4, ' ');
        let (subject, id) = (words.next().unwrap(), words.next().unwrap());
        let registered = words.nth(1).unwrap();
        let schema = schemas.get(subject).expect("a record of the subject");
        let converter = event::AvroConverter::new(schema.clone()).unwrap();
        assert_eq!(converter.schema_text(), registered, "{subject}");
        let id: u32 = id.strip_prefix("id=").unwrap().parse().unwrap();
        by_id.insert(id, converter);
        subjects += 1;
    }
    assert!(subjects >= 6, "found only {subjects} subjects");
    for line in avro.lines() {
        let Some(("KEY" | "VALUE", record)) = line.split_once(' ') else {
            continue;
        };
        if record == "null" {
            continue;
        }
        let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
        let pairs = record.as_bytes().chunks_exact(2);
        let bytes: Vec<u8> = pairs.map(|at| digit(at[0]) << 4 | digit(at[1])).collect();
        let id = u32::from_be_bytes(bytes[1..5].try_into().unwrap());
        let Some(converter) = by_id.get(&id) else {
            continue;
        };
        let mut rest = &bytes[5..];
        let datum = read_avro(converter.schema(), &mut rest);
        assert!(rest.is_empty(), "{} bytes left of {record}", rest.len());
        let mut again = Vec::new();
        converter.write(&datum, &mut again).unwrap();
        assert_eq!(again, bytes[5..]);
        records += 1;
    }
    println!("{subjects} schemas and {records} keys and values reproduced");
    assert!(records > 20, "found only {records} records");
}

/// Avro's binary encoding as its specification has it, for the types of the reference.
fn read_avro(schema: &Schema, rest: &mut &[u8]) -> Datum {
    use event::Type;
    fn take<'b>(count: usize, rest: &mut &'b [u8]) -> &'b [u8] {
        let (taken, left) = rest.split_at(count);
        *rest = left;
        taken
    }
    fn long(rest: &mut &[u8]) -> i64 {
        let mut value = 0_u64;
        for shift in (0..).step_by(7) {
            let byte = take(1, rest)[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
    }
    if schema.is_optional() {
        let null = i64::from(schema.default().is_some());
        if long(rest) == null {
            return Datum::Null;
        }
    }
    match schema.ty() {
        Type::Boolean => (take(1, rest)[0] == 1).into(),
        Type::Int8 | Type::Int16 | Type::Int32 | Type::Int64 => long(rest).into(),
        Type::Float64 => Datum::Float64(f64::from_le_bytes(take(8, rest).try_into().unwrap())),
        Type::String => {
            let length = usize::try_from(long(rest)).unwrap();
            std::str::from_utf8(take(length, rest)).unwrap().into()
        }
        Type::Bytes => {
            let length = usize::try_from(long(rest)).unwrap();
            let bytes = take(length, rest);
            match schema.decimal_scale().unwrap() {
                Some(scale) => Decimal::from_unscaled_bytes(bytes, scale).unwrap().into(),
                None => bytes.to_vec().into(),
            }
        }
        Type::Array(element) => {
            let mut values = Vec::new();
            loop {
                let count = long(rest);
                if count == 0 {
                    return Datum::Array(values);
                }
                values.extend((0..count).map(|_| read_avro(element, rest)));
            }
        }
        Type::Struct(fields) => Datum::Struct(
            fields
                .iter()
                .map(|field| read_avro(field.schema(), rest))
                .collect(),
        ),
        other => panic!("no {other:?} is in the reference"),
    }
}
