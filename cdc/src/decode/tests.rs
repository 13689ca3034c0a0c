//! The two ways from record bytes to a wire form, held against each other: through a datum and a converter, and
//! straight (`parsers::schema`). One schema, one sequence of bytes.

#[path = "../../../parsers/tests/it/generate.rs"]
mod generate;

use std::sync::Arc;

use event::{AvroConverter, Converter};
use parsers::schema::{Avro, AvroOptions, avro::Annotations};
use parsers::{Copybook, CopybookText, Layout, LayoutOptions, Meaning};
use proptest::prelude::*;

use super::Decoder;

fn try_layout(text: &str, meaning: Option<&str>) -> Option<Arc<Layout>> {
    let file = "test.cpy";
    let copybook = Copybook::parse(CopybookText { file, text }).ok()?;
    let meaning = meaning.map(|text| Meaning::parse("test.meaning.toml", text).unwrap());
    Layout::compile(&copybook, meaning.as_ref(), &LayoutOptions::default()).ok()
}

/// The slow and the straight way of one layout.
struct Both {
    layout: Arc<Layout>,
    decoder: Decoder,
    slow: AvroConverter,
    straight: Avro,
}

impl Both {
    fn of(layout: Arc<Layout>) -> Self {
        let decoder = Decoder::new(Arc::clone(&layout)).unwrap();
        let name = "legacy.lot.Value";
        let slow = AvroConverter::new(decoder.schema().clone().named(name)).unwrap();
        let options = AvroOptions {
            name: Some(name.to_owned()),
            annotations: Annotations::Connect,
            ..AvroOptions::default()
        };
        let straight = Avro::new(&layout, &options);
        assert_eq!(straight.schema(), slow.schema_text());
        Self {
            layout,
            decoder,
            slow,
            straight,
        }
    }

    /// Both ways give the same bytes, or neither gives any. Gives back whether they do.
    fn same(&self, record: &[u8]) -> bool {
        let mut slow = Vec::new();
        let datum = self.decoder.value(record);
        if let Ok(datum) = &datum {
            self.slow.write(datum, &mut slow).unwrap();
        }
        let mut straight = b"kept".to_vec();
        let written = self.straight.write(&self.layout, record, &mut straight);
        assert_eq!(written.is_ok(), datum.is_ok(), "{written:?}");
        assert_eq!(straight.strip_prefix(b"kept"), Some(&slow[..]));
        datum.is_ok()
    }
}

const WIDE: &str = "
       01 LOT-RECORD.
          05 KIND PIC X.
             88 IS-LOT VALUE 'L'.
          05 LOT-ID PIC X(10).
          05 LOT_ID PIC 9(4).
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
             10 PART PIC 9(4) OCCURS 2.
          05 N PIC 9.
          05 T OCCURS 0 TO 5 TIMES DEPENDING ON N.
             10 DAY-OF PIC 9(8).
             10 NOTE PIC X(3).
";

const MEANING: &str = r#"
version = 1
[fields.LOT-ID]
name = "lotNumber"
description = "the lot's number, \"as printed\""
[fields.MADE]
date = "CYYMMDD"
null = "zeros"
description = "the day"
[fields.SOLD]
date = "YYYYMMDD"
[fields.QTY]
null = "low-values"
description = "how much"
[fields.OK]
flag = { true = "Y", false = "N" }
[fields.RAW]
binary = true
description = "as sent"
[fields.AT]
time = "HHMMSS"
[fields.WHEN-MADE]
timestamp = "YYYY-MM-DD-HH.MM.SS.FFFFFF"
[fields.HALF]
description = "a number of 16 bits"
[fields."T.DAY-OF"]
date = "YYYYMMDD"
null = ["zeros"]
"#;

#[test]
fn every_kind_of_field_is_the_same_both_ways() {
    let both = Both::of(try_layout(WIDE, Some(MEANING)).unwrap());
    insta::assert_snapshot!(both.straight.schema());
    let record = |count: u8| {
        let mut record = Vec::new();
        let text = |text: &str, record: &mut Vec<u8>| {
            let page = both.layout.code_page();
            record.extend(
                text.chars()
                    .map(|character| page.encode(character).unwrap()),
            );
        };
        text("LLOT-1ü    0042", &mut record);
        record.extend([0x12, 0x60, 0x10, 0x2c]);
        text("20261122", &mut record);
        record.extend([0x00, 0, 0, 0, 0, 1, 0x23, 0x45, 0x6d]);
        record.extend([0x12, 0x3d]);
        text("12L", &mut record);
        record.extend([0x99; 15]);
        record.push(0x9d);
        record.extend([0xff, 0xff]);
        record.extend([0x41, 0x10, 0, 0, 0, 0, 0, 0]);
        text("Y", &mut record);
        record.extend([0, 1, 2, 255]);
        text("2359592026-11-22-13.14.15.161718...00120034", &mut record);
        record.push(0xf0 + count);
        for _ in 0..count {
            text("20200229ab ", &mut record);
        }
        record
    };
    for count in 0..=5 {
        assert!(both.same(&record(count)), "{count} occurrences");
    }
    let mut nulls = record(1);
    nulls[15..19].copy_from_slice(&[0, 0, 0, 0x0c]);
    nulls[27..36].fill(0);
    assert!(both.same(&nulls));
    assert!(!both.same(&[]));
}

proptest! {
    #[test]
    fn any_layout_is_the_same_both_ways(
        text in generate::copybook(),
        mut record in prop::collection::vec(generate::byte(), 600),
        count in 0u8..6,
    ) {
        let layout = try_layout(&text, None);
        prop_assume!(layout.is_some());
        let layout = layout.unwrap();
        record[0] = 0xf0;
        record[1] = 0xf0 + count;
        let (least, most) = (layout.min_len(), layout.max_len());
        prop_assume!(most <= 590);
        let both = Both::of(layout);
        both.same(&record[..most]);
        both.same(&record[..least]);
    }
}
