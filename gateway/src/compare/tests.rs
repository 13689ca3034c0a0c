use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use parsers::{CodePage, Copybook, CopybookText, Layout, LayoutOptions, Meaning};

use super::{Answer, Differences, NotComparable, Rules, Verdict, compare};
use crate::route::Side;
use crate::route::shape::Shape;

/// A reply like the demo's: a value in packed digits, a table, views, personal data, fillers.
const COPYBOOK: &str = "
       01  LOT-REPLY.
           05  RETURN-CODE       PIC 9(2).
           05  MESSAGE-TEXT      PIC X(20).
           05  LOT-NUMBER        PIC X(12).
           05  LOT-STATE         PIC X.
           05  FILLER            PIC X(8).
           05  LOT-VALUE         PIC S9(13)V9(2) COMP-3.
           05  LOT-QP            PIC X(6).
           05  LOT-KIND          PIC X.
           05  AREA-A            PIC X(4).
           05  AREA-B REDEFINES AREA-A.
               10  B-NUMBER      PIC S9(5) COMP-3.
               10  FILLER        PIC X.
           05  RESULT-COUNT      PIC 9(2).
           05  RESULT OCCURS 0 TO 5 TIMES DEPENDING ON RESULT-COUNT.
               10  RES-NAME      PIC X(3).
               10  RES-PAIR      OCCURS 2.
                   15  RES-LOW   PIC S9(3) COMP-3.
                   15  FILLER    PIC X.
";

const MEANING: &str = "\
version = 1
[record_types.a]
when = { LOT-KIND = \"A\" }
view = \"AREA-A\"
[record_types.b]
when = { LOT-KIND = \"B\" }
view = \"AREA-B\"
[fields]
LOT-QP = { pii = \"name\" }
";

fn layout() -> Arc<Layout> {
    let copybook = Copybook::parse(CopybookText {
        file: "reply.cpy",
        text: COPYBOOK,
    })
    .unwrap();
    let meaning = Meaning::parse("reply.meaning.toml", MEANING).unwrap();
    let options = LayoutOptions {
        code_page: CodePage::Cp037,
        ..LayoutOptions::default()
    };
    Layout::compile(&copybook, Some(&meaning), &options).unwrap()
}

fn record(value: &str, results: &str) -> Vec<u8> {
    let json = format!(
        r#"{{"RETURN-CODE":0,"MESSAGE-TEXT":"LOT FOUND","LOT-NUMBER":"B2201-0007","LOT-STATE":"R",
            "LOT-VALUE":{value},"LOT-QP":"MEIER","LOT-KIND":"B","AREA-B":{{"B-NUMBER":-7}},"RESULT":{results}}}"#
    );
    layout().read_json(json.as_bytes()).unwrap()
}

fn answer(side: Side, body: impl Into<Bytes>) -> Answer {
    Answer {
        side,
        status: StatusCode::OK,
        content_type: None,
        content_encoding: None,
        body: body.into(),
    }
}

fn rules(ignore: &[&str], shape: &Shape) -> Rules {
    let ignore: Vec<String> = ignore.iter().map(|&text| text.to_owned()).collect();
    Rules::new(&ignore, shape, &[&layout()]).unwrap()
}

fn pair(
    ignore: &[&str],
    shape: &Shape,
    legacy: impl Into<Bytes>,
    modern: impl Into<Bytes>,
) -> Verdict {
    compare(
        &rules(ignore, shape),
        shape,
        &answer(Side::Legacy, legacy),
        &answer(Side::Modern, modern),
    )
}

/// One line for each difference.
fn told(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Different(Differences { fields, more }) => {
            let mut lines: Vec<String> = fields.iter().map(ToString::to_string).collect();
            if *more > 0 {
                lines.push(format!("and {more} more"));
            }
            lines.join("\n")
        }
        Verdict::NotComparable(reason) => format!("not comparable: {reason}"),
        other => other.as_str().to_owned(),
    }
}

#[test]
fn a_rounding_difference_reads_as_a_person_wants_it() {
    let shape = Shape::Record(layout());
    let verdict = pair(
        &[],
        &shape,
        record("1234.57", "[]"),
        record("1234.56", "[]"),
    );
    insta::assert_snapshot!(told(&verdict), @"field LOT-VALUE at offset 43 (8 bytes): legacy 1234.57 (x'000000000123457C') modern 1234.56 (x'000000000123456C')");
}
