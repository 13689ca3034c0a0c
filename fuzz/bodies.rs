//! What must hold for any bodies that come to the gateway: comparing and transcoding. Used by the fuzz targets and,
//! over their corpora, by the ordinary tests.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use gateway::compare::{Answer, Rules, Verdict, compare as held_against};
use gateway::route::Side;
use gateway::route::shape::Shape;
use gateway::transcode::{TranscodeErrorKind, body};
use parsers::{Copybook, CopybookText, Layout, LayoutOptions, Meaning};

/// Views chosen by a letter, tables in a counted table, FILLERs everywhere, a date and personal data.
const COPYBOOK: &str = "
       01  R.
           05  KIND          PIC X.
           05  N             PIC 9.
           05  FILLER        PIC X(2).
           05  AMOUNT        PIC S9(5)V99 COMP-3.
           05  NAME          PIC X(4).
           05  DAY-ON        PIC 9(8).
           05  V1            PIC X(5).
           05  V2 REDEFINES V1.
               10  V21       PIC S9(4) COMP.
               10  FILLER    PIC X.
           05  T OCCURS 0 TO 3 TIMES DEPENDING ON N.
               10  T1        PIC X(2).
               10  T2 OCCURS 2.
                   15  T21   PIC 9(3) COMP-3.
                   15  FILLER PIC X.
";

const MEANING: &str = "
version = 1
[record_types.a]
when = { KIND = \"A\" }
view = \"V1\"
[record_types.b]
when = { KIND = \"B\" }
view = \"V2\"
[fields]
NAME = { pii = \"name\", name = \"who\" }
DAY-ON = { date = \"YYYYMMDD\", null = \"zeros\" }
";

static LAYOUTS: LazyLock<[Arc<Layout>; 2]> = LazyLock::new(|| {
    [None, Some(MEANING)].map(|meaning| {
        let copybook = Copybook::parse(CopybookText {
            file: "fuzz.cpy",
            text: COPYBOOK,
        })
        .expect("the copybook is right");
        let meaning =
            meaning.map(|text| Meaning::parse("fuzz.toml", text).expect("the meaning is right"));
        Layout::compile(&copybook, meaning.as_ref(), &LayoutOptions::default())
            .expect("they go together")
    })
});

fn answer(side: Side, body: &[u8]) -> Answer {
    Answer {
        side,
        status: http::StatusCode::OK,
        headers: http::HeaderMap::new(),
        body: Bytes::copy_from_slice(body),
    }
}

/// Two bodies, the first as long as the first byte says: each equals itself, order does not matter, and no byte that
/// differs in a record stays unseen.
pub(super) fn compare(data: &[u8]) {
    let [length, bodies @ ..] = data else { return };
    let (one, other) = bodies.split_at(usize::from(*length).min(bodies.len()));
    let mut shapes = vec![Shape::Opaque, Shape::Json];
    shapes.extend(LAYOUTS.iter().cloned().map(Shape::Record));
    for shape in &shapes {
        let rules = Rules::new(&[], shape, &[]).expect("nothing is ignored");
        let (left, right) = (answer(Side::Legacy, one), answer(Side::Modern, other));
        let same = held_against(&rules, shape, &left, &answer(Side::Modern, one));
        assert_eq!(same, Verdict::Equal);
        let there = held_against(&rules, shape, &left, &right);
        let back = held_against(&rules, shape, &right, &left);
        match (&there, &back) {
            // Which of two is named first is the order's.
            (Verdict::NotComparable(_), Verdict::NotComparable(_)) => {}
            _ => assert_eq!(there, back),
        }
        if let (Shape::Record(_), Verdict::Different(found)) = (shape, &there) {
            for at in (0..one.len().max(other.len())).filter(|at| one.get(*at) != other.get(*at)) {
                let seen = found.fields.iter().any(|field| {
                    let start = field.offset.expect("a place in the record");
                    (start..start + field.length.expect("a length")).contains(&at)
                });
                assert!(seen || found.more > 0, "byte {at} is in no difference");
            }
        }
        if !matches!(shape, Shape::Json) && one != other {
            assert!(matches!(there, Verdict::Different(_)));
        }
    }
    // Rules are read from a file, but any text may stand there.
    let text = String::from_utf8_lossy(one).into_owned();
    for shape in &shapes {
        if let Ok(rules) = Rules::new(std::slice::from_ref(&text), shape, &[&LAYOUTS[1]]) {
            let (left, right) = (answer(Side::Legacy, one), answer(Side::Modern, other));
            let _verdict = held_against(&rules, shape, &left, &right);
        }
    }
}

/// A body as JSON and as a record: what crosses comes back with the same values, what does not says why without values.
pub(super) fn transcode(data: &[u8]) {
    for layout in LAYOUTS.iter() {
        let record = Shape::Record(Arc::clone(layout));
        match body(data, &Shape::Json, &record) {
            Ok(bytes) => {
                let json = body(&bytes, &record, &Shape::Json).expect("what was encoded decodes");
                assert_eq!(body(&json, &Shape::Json, &record).as_ref(), Ok(&bytes));
            }
            Err(error) => quiet(&error.to_string(), data),
        }
        match body(data, &record, &Shape::Json) {
            Ok(json) => {
                // Bytes can hold more than their picture, as a halfword 12345 in S9(4): read as it is, refused to write.
                let bytes = match body(&json, &Shape::Json, &record) {
                    Ok(bytes) => bytes,
                    Err(error) => {
                        assert_eq!(error.kind(), TranscodeErrorKind::DoesNotFit);
                        continue;
                    }
                };
                // A view that does not fill its area may be short in a record and is full afterwards: then another
                // view of the same bytes may show as well.
                let full = body(&bytes, &record, &Shape::Json);
                assert!(full.as_ref() == Ok(&json) || bytes.len() > data.len());
            }
            Err(error) => quiet(&error.to_string(), data),
        }
    }
}

/// Errors are short, and hold no text of the body that is marked as secret.
fn quiet(error: &str, data: &[u8]) {
    assert!(error.len() < 200, "{error}");
    assert!(!error.contains("SECRET"), "{error} of {} bytes", data.len());
}
