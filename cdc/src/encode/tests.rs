//! What events and dead letters look like, byte for byte.

use std::sync::Arc;

use event::Snapshot;
use insta::assert_snapshot;
use ops::config::Source;

use super::*;
use crate::CaptureConfig;

const COPYBOOK: &str = "      * Every kind of field.
       01  LOT-RECORD.
           05  LOT-ID        PIC X(4).
           05  LOT-SEQ       PIC 9(3).
           05  LOT-PRICE     PIC S9(5)V99 COMP-3.
           05  LOT-COUNT     PIC S9(9) COMP.
           05  LOT-EXPIRY    PIC 9(7).
           05  LOT-BLOCKED   PIC X.
           05  LOT-TEST      OCCURS 2.
               10  TEST-NO   PIC 9(2).
               10  TEST-OK   PIC X.
           05  REC-TYPE      PIC X.
           05  LOT-A         PIC X(3).
           05  LOT-B REDEFINES LOT-A.
               10  B-NUMBER  PIC 9(3).
";
const MEANING: &str = r#"version = 1
key = ["LOT-ID", "LOT-SEQ"]
[record_types.A]
when = { REC-TYPE = "A" }
view = "LOT-A"
[record_types.B]
when = { REC-TYPE = "B" }
view = "LOT-B"
[fields."LOT-EXPIRY"]
date = "CYYMMDD"
null = ["zeros"]
name = "expiryDate"
[fields."LOT-BLOCKED"]
flag = { true = "Y", false = "N" }
"#;

fn config(format: &str) -> Arc<SourceConfig> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("LOT.cpy"), COPYBOOK).unwrap();
    std::fs::write(folder.path().join("LOT.meaning.toml"), MEANING).unwrap();
    let text = format!(
        "version = 1\nprefix = \"plant\"\n[kafka]\n[[source]]\nname = \"lots\"\nkind = \"dataset\"\ndirectory = \"data\"\npattern = \"*\"\n\
         copybook = \"LOT.cpy\"\nrecord_format = \"FB\"\ncode_page = \"cp037\"\nformat = \"{format}\"\n"
    );
    let config = CaptureConfig::resolve(&Source::new("capture.toml", text), folder.path()).unwrap();
    Arc::clone(&config.sources()[0])
}

fn encoder(format: &str) -> (Encoder, Arc<SourceConfig>) {
    let config = config(format);
    let moment = Moment {
        generation: "G0002V00".into(),
        source_ts_ns: 1_700_000_000_000_000_000,
    };
    (
        Encoder::new(&config, wires(&config), moment).unwrap(),
        config,
    )
}

/// No registry is needed: nothing is waited for.
fn wires(config: &SourceConfig) -> Arc<Wires> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(Wires::open(config)).unwrap()
}

fn record(config: &SourceConfig, json: &str) -> Vec<u8> {
    config.layout().read_json(json.as_bytes()).unwrap()
}

const OLD: &str = r#"{"LOT-ID":"A1","LOT-SEQ":7,"LOT-PRICE":-12.50,"LOT-COUNT":70000,"expiryDate":"2026-11-21","LOT-BLOCKED":true,
    "LOT-TEST":[{"TEST-NO":1,"TEST-OK":"Y"},{"TEST-NO":2,"TEST-OK":"N"}],"REC-TYPE":"A","LOT-A":"abc"}"#;
const NEW: &str = r#"{"LOT-ID":"A1","LOT-SEQ":7,"LOT-PRICE":0.01,"LOT-COUNT":-1,"expiryDate":null,"LOT-BLOCKED":false,
    "LOT-TEST":[{"TEST-NO":1,"TEST-OK":"Y"},{"TEST-NO":3,"TEST-OK":""}],"REC-TYPE":"B","LOT-B":{"B-NUMBER":42}}"#;

fn entry(raw: &[u8], record_no: u64) -> Entry<'_> {
    Entry {
        key: b"",
        record_no,
        offset: (record_no - 1) * 34,
        tag: Tag::Plain,
        raw,
    }
}

/// Key and value of the change, the layout's fingerprint replaced: it is long and tested elsewhere.
fn shown(
    encoder: &Encoder,
    config: &SourceConfig,
    before: Option<&[u8]>,
    after: Option<&[u8]>,
    snapshot: Snapshot,
) -> String {
    let change = Change {
        key: b"",
        before: before.map(|raw| entry(raw, 3)),
        after: after.map(|raw| entry(raw, 5)),
    };
    let mut out = b"earlier".to_vec();
    let Written { key, value, .. } = encoder
        .change(&change, snapshot, 1_700_000_001_234_567_890, &mut out)
        .unwrap();
    assert_eq!((key.start, key.end, value.end), (7, value.start, out.len()));
    let text = format!(
        "{}\n{}",
        String::from_utf8_lossy(&out[key]),
        String::from_utf8_lossy(&out[value])
    );
    text.replace(config.fingerprint(), "FINGERPRINT")
        .replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn events_of_every_kind() {
    let (encoder, config) = encoder("json");
    let (old, new) = (record(&config, OLD), record(&config, NEW));
    assert_snapshot!(shown(&encoder, &config, None, Some(&old), Snapshot::First), @r#"
    {"LOT-ID":"A1","LOT-SEQ":7}
    {"before":null,"after":{"LOT-ID":"A1","LOT-SEQ":7,"LOT-PRICE":-12.50,"LOT-COUNT":70000,"expiryDate":20778,"LOT-BLOCKED":true,"LOT-TEST":[{"TEST-NO":1,"TEST-OK":"Y"},{"TEST-NO":2,"TEST-OK":"N"}],"REC-TYPE":"A","LOT-A":"abc","LOT-B":null},"source":{"version":"VERSION","connector":"figway-dataset","name":"plant","ts_ms":1700000000000,"snapshot":"first","db":"","sequence":null,"ts_us":1700000000000000,"ts_ns":1700000000000000000,"dataset":"lots","generation":"G0002V00","record_no":5,"file_offset":136,"layout":"FINGERPRINT","code_page":"cp037"},"transaction":null,"op":"r","ts_ms":1700000001234,"ts_us":1700000001234567,"ts_ns":1700000001234567890}
    "#);
    assert_snapshot!(shown(&encoder, &config, None, Some(&old), Snapshot::False), @r#"
    {"LOT-ID":"A1","LOT-SEQ":7}
    {"before":null,"after":{"LOT-ID":"A1","LOT-SEQ":7,"LOT-PRICE":-12.50,"LOT-COUNT":70000,"expiryDate":20778,"LOT-BLOCKED":true,"LOT-TEST":[{"TEST-NO":1,"TEST-OK":"Y"},{"TEST-NO":2,"TEST-OK":"N"}],"REC-TYPE":"A","LOT-A":"abc","LOT-B":null},"source":{"version":"VERSION","connector":"figway-dataset","name":"plant","ts_ms":1700000000000,"snapshot":"false","db":"","sequence":null,"ts_us":1700000000000000,"ts_ns":1700000000000000000,"dataset":"lots","generation":"G0002V00","record_no":5,"file_offset":136,"layout":"FINGERPRINT","code_page":"cp037"},"transaction":null,"op":"c","ts_ms":1700000001234,"ts_us":1700000001234567,"ts_ns":1700000001234567890}
    "#);
    assert_snapshot!(shown(&encoder, &config, Some(&old), Some(&new), Snapshot::False), @r#"
    {"LOT-ID":"A1","LOT-SEQ":7}
    {"before":{"LOT-ID":"A1","LOT-SEQ":7,"LOT-PRICE":-12.50,"LOT-COUNT":70000,"expiryDate":20778,"LOT-BLOCKED":true,"LOT-TEST":[{"TEST-NO":1,"TEST-OK":"Y"},{"TEST-NO":2,"TEST-OK":"N"}],"REC-TYPE":"A","LOT-A":"abc","LOT-B":null},"after":{"LOT-ID":"A1","LOT-SEQ":7,"LOT-PRICE":0.01,"LOT-COUNT":-1,"expiryDate":null,"LOT-BLOCKED":false,"LOT-TEST":[{"TEST-NO":1,"TEST-OK":"Y"},{"TEST-NO":3,"TEST-OK":""}],"REC-TYPE":"B","LOT-A":null,"LOT-B":{"B-NUMBER":42}},"source":{"version":"VERSION","connector":"figway-dataset","name":"plant","ts_ms":1700000000000,"snapshot":"false","db":"","sequence":null,"ts_us":1700000000000000,"ts_ns":1700000000000000000,"dataset":"lots","generation":"G0002V00","record_no":5,"file_offset":136,"layout":"FINGERPRINT","code_page":"cp037"},"transaction":null,"op":"u","ts_ms":1700000001234,"ts_us":1700000001234567,"ts_ns":1700000001234567890}
    "#);
    assert_snapshot!(shown(&encoder, &config, Some(&new), None, Snapshot::False), @r#"
    {"LOT-ID":"A1","LOT-SEQ":7}
    {"before":{"LOT-ID":"A1","LOT-SEQ":7,"LOT-PRICE":0.01,"LOT-COUNT":-1,"expiryDate":null,"LOT-BLOCKED":false,"LOT-TEST":[{"TEST-NO":1,"TEST-OK":"Y"},{"TEST-NO":3,"TEST-OK":""}],"REC-TYPE":"B","LOT-A":null,"LOT-B":{"B-NUMBER":42}},"after":null,"source":{"version":"VERSION","connector":"figway-dataset","name":"plant","ts_ms":1700000000000,"snapshot":"false","db":"","sequence":null,"ts_us":1700000000000000,"ts_ns":1700000000000000000,"dataset":"lots","generation":"G0002V00","record_no":null,"file_offset":null,"layout":"FINGERPRINT","code_page":"cp037"},"transaction":null,"op":"d","ts_ms":1700000001234,"ts_us":1700000001234567,"ts_ns":1700000001234567890}
    "#);
}

#[test]
fn with_its_schema() {
    let (encoder, config) = encoder("json-schema");
    let old = record(&config, OLD);
    let text = shown(&encoder, &config, None, Some(&old), Snapshot::False);
    let (key, value) = text.split_once('\n').unwrap();
    assert_snapshot!(key, @r#"{"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"LOT-ID"},{"type":"int16","optional":false,"field":"LOT-SEQ"}],"optional":false,"name":"plant.lots.Key"},"payload":{"LOT-ID":"A1","LOT-SEQ":7}}"#);
    // The record's own part of the schema; the envelope around it is tested where it is made.
    let value: serde_json::Value = serde_json::from_str(value).unwrap();
    assert_snapshot!(serde_json::to_string_pretty(&value["schema"]["fields"][1]).unwrap(), @r#"
    {
      "type": "struct",
      "fields": [
        {
          "type": "string",
          "optional": false,
          "field": "LOT-ID"
        },
        {
          "type": "int16",
          "optional": false,
          "field": "LOT-SEQ"
        },
        {
          "type": "bytes",
          "optional": false,
          "name": "org.apache.kafka.connect.data.Decimal",
          "version": 1,
          "parameters": {
            "scale": "2",
            "connect.decimal.precision": "7"
          },
          "field": "LOT-PRICE"
        },
        {
          "type": "int64",
          "optional": false,
          "field": "LOT-COUNT"
        },
        {
          "type": "int32",
          "optional": true,
          "name": "io.debezium.time.Date",
          "version": 1,
          "field": "expiryDate"
        },
        {
          "type": "boolean",
          "optional": false,
          "field": "LOT-BLOCKED"
        },
        {
          "type": "array",
          "items": {
            "type": "struct",
            "fields": [
              {
                "type": "int16",
                "optional": false,
                "field": "TEST-NO"
              },
              {
                "type": "string",
                "optional": false,
                "field": "TEST-OK"
              }
            ],
            "optional": false
          },
          "optional": false,
          "field": "LOT-TEST"
        },
        {
          "type": "string",
          "optional": false,
          "field": "REC-TYPE"
        },
        {
          "type": "string",
          "optional": true,
          "field": "LOT-A"
        },
        {
          "type": "struct",
          "fields": [
            {
              "type": "int16",
              "optional": false,
              "field": "B-NUMBER"
            }
          ],
          "optional": true,
          "field": "LOT-B"
        }
      ],
      "optional": true,
      "name": "plant.lots.Value",
      "field": "after"
    }
    "#);
}

#[test]
fn dead_letters_say_where_and_why() {
    let (encoder, config) = encoder("json");
    let good = record(&config, OLD);
    let letter = |at: usize, tag: Tag| {
        let mut raw = good.clone();
        raw[at] = 0xFF;
        let letter = encoder
            .dead_letter(&Entry {
                tag,
                ..entry(&raw, 2)
            })
            .unwrap();
        assert_eq!(letter.raw, raw, "untouched");
        let key = letter
            .key
            .as_deref()
            .map_or_else(|| "no key".into(), String::from_utf8_lossy);
        let headers = letter
            .headers()
            .into_iter()
            .skip(3)
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(&value)));
        let text = headers
            .collect::<Vec<_>>()
            .join("\n")
            .replace(config.fingerprint(), "FINGERPRINT");
        format!("{key}\n{text}")
    };
    assert_snapshot!(letter(5, Tag::UnreadableKey), @r"
    no key
    figway-dlq-record: 2
    figway-dlq-offset: 34
    figway-dlq-field: LOT-SEQ
    figway-dlq-field-offset: 4
    figway-dlq-field-hex: F0FFF7
    figway-dlq-kind: digit
    figway-dlq-reason: wanted a digit (F0 to F9) as byte 2 of the field, got FF
    figway-dlq-layout: FINGERPRINT
    figway-dlq-code-page: cp037
    ");
    assert_snapshot!(letter(8, Tag::UnreadableBody), @r#"
    {"LOT-ID":"A1","LOT-SEQ":7}
    figway-dlq-record: 2
    figway-dlq-offset: 34
    figway-dlq-field: LOT-PRICE
    figway-dlq-field-offset: 7
    figway-dlq-field-hex: 00FF250D
    figway-dlq-kind: digit
    figway-dlq-reason: wanted two packed digits as byte 2 of the field, got FF
    figway-dlq-layout: FINGERPRINT
    figway-dlq-code-page: cp037
    "#);
    assert_snapshot!(letter(32, Tag::DuplicateKey), @r#"
    {"LOT-ID":"A1","LOT-SEQ":7}
    figway-dlq-record: 2
    figway-dlq-offset: 34
    figway-dlq-kind: duplicate-key
    figway-dlq-reason: a later record of the generation has the same key
    figway-dlq-layout: FINGERPRINT
    figway-dlq-code-page: cp037
    "#);
}
