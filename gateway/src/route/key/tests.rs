//! Keys from every place, and one value one key.

use http::Request;
use parsers::{CodePage, Copybook, CopybookText, LayoutOptions};
use proptest::prelude::*;

use super::*;

const COPYBOOK: &str = "       01  ASKED.
           05  TEXT-PART    PIC X(12).
           05  INNER.
               10  PACKED   PIC S9(7)V99 COMP-3.
               10  ZONED    PIC 9(6).
               10  WHOLE    PIC S9(9) COMP.
           05  RATE         COMP-2.
";

fn layout() -> Arc<Layout> {
    let copybook = Copybook::parse(CopybookText {
        file: "asked.cpy",
        text: COPYBOOK,
    })
    .unwrap();
    let options = LayoutOptions {
        code_page: CodePage::Cp037,
        ..LayoutOptions::default()
    };
    Layout::compile(&copybook, None, &options).unwrap()
}

fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn text(key: Option<Bytes>) -> Option<String> {
    key.map(|key| String::from_utf8(key.to_vec()).unwrap())
}

fn of_head(source: &KeySource, parts: &Parts) -> Option<String> {
    text(source.find(parts, &PathParams::default(), b""))
}

fn of_json(way: &str, json: &str) -> Option<String> {
    let source = KeySource::Member(way.split('.').map(str::to_owned).collect());
    text(source.find(&parts("/", &[]), &PathParams::default(), json.as_bytes()))
}

fn of_record(layout: &Arc<Layout>, field: &str, record: &[u8]) -> Option<String> {
    let source = KeySource::Field {
        layout: Arc::clone(layout),
        path: layout.resolve(field).unwrap(),
    };
    text(source.find(&parts("/", &[]), &PathParams::default(), record))
}

#[test]
fn a_key_is_found_in_the_head() {
    let parts = parts(
        "/x?customer=K%201&two=1&two=2",
        &[
            ("x-customer", " K1 "),
            ("x-two", "a"),
            ("x-two", "b"),
            ("cookie", "other=1; customer=K2"),
            ("cookie", "empty=; third=x=y"),
        ],
    );
    let header = |name: &str| of_head(&KeySource::Header(name.parse().unwrap()), &parts);
    assert_eq!(header("x-customer").as_deref(), Some("K1"));
    assert_eq!(header("x-two"), None);
    assert_eq!(header("x-none"), None);
    let cookie = |name: &str| of_head(&KeySource::Cookie(name.into()), &parts);
    assert_eq!(cookie("customer").as_deref(), Some("K2"));
    assert_eq!(cookie("third").as_deref(), Some("x=y"));
    assert_eq!((cookie("empty"), cookie("none")), (None, None));
    let query = |name: &str| of_head(&KeySource::Query(name.into()), &parts);
    assert_eq!(query("customer").as_deref(), Some("K 1"));
    assert_eq!((query("two"), query("none")), (None, None));
    let params = PathParams::new([(Arc::from("lot"), Box::from("L%31"))]);
    let path = KeySource::Path("lot".into()).find(&parts, &params, b"");
    assert_eq!(text(path).as_deref(), Some("L1"));
}

#[test]
fn a_key_is_found_in_json_and_nothing_else_is() {
    assert_eq!(
        of_json("a.b", r#"{"x":[1,{"b":2}],"a":{"b":"K1"},"z":null}"#).as_deref(),
        Some("K1")
    );
    assert_eq!(of_json("a", r#"{"a":"\u004b1"}"#).as_deref(), Some("K1"));
    assert_eq!(of_json("a", r#"{"a":true}"#).as_deref(), Some("true"));
    for json in [
        r#"{"a":null}"#,
        r#"{"a":""}"#,
        r#"{"a":"  "}"#,
        r#"{"a":{"b":1}}"#,
        r#"{"a":[1]}"#,
        r#"{"b":1}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"a":1} x"#,
        r#"{"a":1"#,
        "[1]",
        "",
        "\u{0}",
    ] {
        assert_eq!(of_json("a", json), None, "{json}");
    }
    assert_eq!(of_json("a.b", r#"{"a":1}"#), None);
}

#[test]
fn a_number_is_one_key_however_it_is_written() {
    for (written, key) in [
        ("12", "12"),
        ("0012", "12"),
        ("12.00", "12"),
        ("+12", "12"),
        ("1.2e1", "12"),
        ("-0", "0"),
        ("-0.50", "-0.5"),
        ("000", "0"),
        // More digits than any decimal holds.
        (
            "100000000000000000000000000000000000000000001",
            "100000000000000000000000000000000000000000001",
        ),
    ] {
        let json = if written.starts_with(['+', '0']) {
            format!(r#"{{"a":"{written}"}}"#)
        } else {
            format!(r#"{{"a":{written}}}"#)
        };
        assert_eq!(of_json("a", &json).as_deref(), Some(key), "{written}");
    }
    for no_number in ["1-2", "1.2.3", ".", "-", "12A", "1e5x"] {
        assert_eq!(
            of_json("a", &format!(r#"{{"a":"{no_number}"}}"#)).as_deref(),
            Some(no_number)
        );
    }
}

#[test]
fn only_the_key_s_field_of_a_record_needs_to_decode() {
    let layout = layout();
    let mut record = layout
        .read_json(br#"{"TEXT-PART":"K1","INNER":{"ZONED":7}}"#)
        .unwrap();
    record[12] = 0xFF;
    assert_eq!(
        of_record(&layout, "TEXT-PART", &record).as_deref(),
        Some("K1")
    );
    assert_eq!(of_record(&layout, "ZONED", &record).as_deref(), Some("7"));
    assert_eq!(of_record(&layout, "PACKED", &record), None);
    assert_eq!(of_record(&layout, "TEXT-PART", &record[..3]), None);
    assert_eq!(of_record(&layout, "ZONED", b""), None);
}

proptest! {
    /// The same value gives the same key from a record, from the JSON of that record, and from a header.
    #[test]
    fn a_value_is_one_key_in_every_form(
        word in "[A-Z0-9][A-Z0-9 .-]{0,11}",
        packed in -999_999_999i64..=999_999_999,
        zoned in 0u32..=999_999,
        binary in -999_999_999i32..=999_999_999,
        rate in -1.0e6..1.0e6f64,
    ) {
        let layout = layout();
        let packed = Decimal::new(packed.into(), 2);
        let json = format!(
            r#"{{"TEXT-PART":"{word}","INNER":{{"PACKED":{packed},"ZONED":{zoned},"WHOLE":{binary}}},"RATE":{rate}}}"#
        );
        let record = layout.read_json(json.as_bytes()).unwrap();
        let mut written = Vec::new();
        layout.write_json(&record, &mut written).unwrap();
        let written = String::from_utf8(written).unwrap();
        for (field, way) in [
            ("TEXT-PART", "TEXT-PART"),
            ("PACKED", "INNER.PACKED"),
            ("ZONED", "INNER.ZONED"),
            ("WHOLE", "INNER.WHOLE"),
            ("RATE", "RATE"),
        ] {
            let key = of_record(&layout, field, &record);
            prop_assert!(key.is_some());
            prop_assert_eq!(&key, &of_json(way, &json), "{} of {}", field, json);
            prop_assert_eq!(&key, &of_json(way, &written), "{} of {}", field, written);
            let parts = parts("/", &[("x-key", key.as_deref().unwrap())]);
            prop_assert_eq!(&key, &of_head(&KeySource::Header("x-key".parse().unwrap()), &parts));
        }
    }

    /// Whatever comes from outside gives a key or none.
    #[test]
    fn no_body_is_too_odd(body in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,60}") {
        let layout = layout();
        for body in [&body[..], text.as_bytes()] {
            let head = parts("/", &[]);
            let path = layout.resolve("PACKED").unwrap();
            let field = KeySource::Field { layout: Arc::clone(&layout), path };
            let member = KeySource::Member(vec!["a".into(), "b".into()]);
            for source in [field, member] {
                let key = source.find(&head, &PathParams::default(), body);
                prop_assert!(key.is_none_or(|key| !key.is_empty()));
            }
        }
    }
}
