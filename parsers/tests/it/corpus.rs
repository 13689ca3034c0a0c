//! Public data with answers that others gave: data sets of a sample bank in code page 037 with their ASCII twins.
//! Read in place; skipped with a message where the corpus is absent. `tests/examples` has the corpus's other cases.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use parsers::{
    CodePage, Copybook, CopybookText, Deframer, FieldKind, Layout, LayoutOptions, Meaning, Record,
    RecordFormat, Value,
};

fn corpus() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = std::env::var_os("FIGWAY_CORPUS")
        .map_or_else(|| root.join("../shared/corpus"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("corpus not found at {}: not run", folder.display());
    None
}

/// Text with whatever bytes odd tools left in it.
fn text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_else(|error| panic!("{path:?}: {error}")))
        .into_owned()
}

struct Case {
    layout: std::sync::Arc<Layout>,
    records: Vec<Vec<u8>>,
    folder: PathBuf,
}

impl Case {
    fn load(name: &str, len: u32, meaning: Option<&str>) -> Option<Case> {
        let folder = corpus()?.join("carddemo").join(name);
        let source = text(&folder.join("copybook.cpy"));
        let copybook = Copybook::parse(CopybookText {
            file: name,
            text: &source,
        })
        .unwrap();
        let meaning = meaning.map(|toml| Meaning::parse("meaning", toml).unwrap());
        let options = LayoutOptions {
            code_page: CodePage::Cp037,
            ..LayoutOptions::default()
        };
        let layout = Layout::compile(&copybook, meaning.as_ref(), &options).unwrap();
        assert_eq!(layout.max_len(), usize::try_from(len).unwrap());

        let mut deframer = Deframer::new(RecordFormat::Fb { len });
        let mut records = Vec::new();
        for chunk in fs::read(folder.join("data.bin")).unwrap().chunks(4096) {
            deframer.push(chunk);
            while let Some(record) = deframer.next().unwrap() {
                records.push(record.bytes.to_vec());
            }
        }
        deframer.finish().unwrap();
        assert!(!records.is_empty());
        Some(Case {
            layout,
            records,
            folder,
        })
    }

    /// Decodes every record both ways and wants the same bytes back.
    fn round_trip(&self) {
        for record in &self.records {
            let decoded = self.layout.decode(record).unwrap();
            assert_eq!(self.layout.encode(&decoded).unwrap(), *record);
            let mut json = Vec::new();
            self.layout.write_json(record, &mut json).unwrap();
            assert_eq!(self.layout.read_json(&json).unwrap(), *record);
        }
    }

    /// Records whose values are not those of the ASCII twin, by number.
    fn differing_from_twin(&self) -> Vec<usize> {
        let twin = text(&self.folder.join("expected_ascii.txt"));
        let lines: Vec<&str> = twin.lines().collect();
        assert_eq!(lines.len(), self.records.len());
        let differs = |(record, line): (&Vec<u8>, &&str)| {
            let decoded = self.layout.decode(record).unwrap();
            let fields = self
                .layout
                .fields()
                .filter(|field| field.usage().is_some() && !field.is_hidden());
            fields.into_iter().any(|field| {
                let get = |at: usize| line.as_bytes().get(at).copied().unwrap_or(b' ');
                let ascii: String = (field.offset()..field.offset() + field.len())
                    .map(|at| char::from(get(at)))
                    .collect();
                let wanted = match field.kind() {
                    FieldKind::Number { scale, .. } => zoned_ascii(&ascii, scale),
                    _ => Value::Text(ascii.trim_end().to_owned()),
                };
                let mut found = Value::Group(decoded.values.clone());
                for name in field.path().split('.') {
                    let Value::Group(mut group) = found else {
                        panic!("{name} in no group")
                    };
                    found = group.remove(name).unwrap();
                }
                found != wanted
            })
        };
        let pairs = self.records.iter().zip(&lines).enumerate();
        pairs
            .filter(|(_, pair)| differs(*pair))
            .map(|(number, _)| number)
            .collect()
    }

    /// Every record as the other parser shows it.
    fn replay(&self) -> (Vec<String>, Vec<String>) {
        let expected = text(&self.folder.join("cobrix_replay/expected.jsonl"));
        let shown = self.records.iter().map(|record| {
            let Record { values, .. } = self.layout.decode(record).unwrap();
            let mut out = String::new();
            theirs(&Value::Group(values), &mut out);
            out
        });
        (
            shown.collect(),
            expected.lines().map(str::to_owned).collect(),
        )
    }
}

/// A zoned number in its ASCII twin: the overpunched sign is the character that EBCDIC shows for it.
fn zoned_ascii(ascii: &str, scale: i32) -> Value {
    let (digits, last) = ascii.split_at(ascii.len() - 1);
    let last = last.chars().next().unwrap();
    let (sign, digit) = match last {
        '{' => ("", '0'),
        '}' => ("-", '0'),
        'A'..='I' => ("", char::from(b'1' + (last as u8 - b'A'))),
        'J'..='R' => ("-", char::from(b'1' + (last as u8 - b'J'))),
        plain => ("", plain),
    };
    let unscaled = format!("{sign}{digits}{digit}").parse().unwrap();
    Value::Number(parsers::Decimal::new(unscaled, scale))
}

/// The other parser's JSON: `-` in names is `_`, text trimmed on both sides, fields of low-values are null, nulls do not
/// show.
fn theirs(value: &Value, out: &mut String) {
    match value {
        Value::Group(group) => {
            out.push('{');
            let low = |value: &Value| matches!(value, Value::Text(text) if !text.is_empty() && text.trim_matches('\0').is_empty());
            let shown = group
                .iter()
                .filter(|(_, value)| **value != Value::Null && !low(value));
            for (index, (name, value)) in shown.enumerate() {
                let comma = if index > 0 { "," } else { "" };
                write!(out, "{comma}\"{}\":", name.replace('-', "_")).unwrap();
                theirs(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                theirs(item, out);
            }
            out.push(']');
        }
        Value::Text(text) => write!(out, "{:?}", text.trim()).unwrap(),
        Value::Number(number) => write!(out, "{number}").unwrap(),
        other => write!(out, "{other:?}").unwrap(),
    }
}

/// One record of nothing but low-values, which are no numbers unless the meaning says so.
const LOW_VALUES: &str = r#"
version = 1
[fields]
DALYTRAN-CAT-CD = { null = "low-values" }
DALYTRAN-AMT = { null = "low-values" }
DALYTRAN-MERCHANT-ID = { null = "low-values" }
"#;

/// (name, record length, records that differ from the ASCII twin if there is one).
const CASES: &[(&str, u32, Option<&[usize]>)] = &[
    ("accdata", 300, None),
    // Record 48: the EBCDIC data set has `ZEROAPR` as its group, the twin the code A000000000 of all others.
    ("acctdata", 300, Some(&[48])),
    ("carddata", 150, Some(&[])),
    ("cardxref", 50, Some(&[])),
    ("custdata", 500, Some(&[])),
    ("dailytran", 350, Some(&[])),
    ("dailytran_init", 350, None),
    // Record 33: an interest rate of 15.00 in the EBCDIC data set, of 0.00 in the twin.
    ("discgrp", 50, Some(&[33])),
    ("tcatbal", 50, Some(&[])),
    ("trancatg", 60, Some(&[])),
    ("trantype", 60, Some(&[])),
    ("usrsec", 80, None),
];

#[test]
fn carddemo_data_sets_decode_and_come_back() {
    for (name, len, twin) in CASES {
        let meaning = (*name == "dailytran_init").then_some(LOW_VALUES);
        let Some(case) = Case::load(name, *len, meaning) else {
            return;
        };
        case.round_trip();
        if let Some(known) = twin {
            assert_eq!(case.differing_from_twin(), *known, "{name}");
        }
        let (ours, theirs) = case.replay();
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "{name}");
        }
        println!("{name}: {} records", case.records.len());
    }
}

/// Five record types by the letter in the first byte.
const EXPORT: &str = r#"
version = 1
key = ["EXPORT-SEQUENCE-NUM"]
[record_types.customer]
when = { EXPORT-REC-TYPE = "C" }
view = "EXPORT-CUSTOMER-DATA"
[record_types.account]
when = { EXPORT-REC-TYPE = "A" }
view = "EXPORT-ACCOUNT-DATA"
[record_types.transaction]
when = { EXPORT-REC-TYPE = "T" }
view = "EXPORT-TRANSACTION-DATA"
[record_types.cross-reference]
when = { EXPORT-REC-TYPE = "X" }
view = "EXPORT-CARD-XREF-DATA"
[record_types.card]
when = { EXPORT-REC-TYPE = "D" }
view = "EXPORT-CARD-DATA"
"#;

#[test]
fn export_of_five_record_types() {
    let Some(case) = Case::load("export_multirecord", 500, Some(EXPORT)) else {
        return;
    };
    case.round_trip();
    // The other parser also shows the area that the views redefine, as text; we show the view alone. FILLERs and text
    // with control characters (packed numbers read as text) are in that area only.
    let (ours, theirs) = case.replay();
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let (before, area) = theirs.split_once(",\"EXPORT_RECORD_DATA\":\"").unwrap();
        let (_, view) = area.split_once("\",\"EXPORT_").unwrap();
        assert_eq!(*ours, format!("{before},\"EXPORT_{view}"));
    }
    let kinds: std::collections::BTreeSet<_> = case
        .records
        .iter()
        .map(|record| case.layout.record_type(record).unwrap())
        .collect();
    assert_eq!(kinds.len(), 5);
}
