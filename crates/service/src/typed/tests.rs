use std::sync::Arc;

use event::{Datum, Decimal, Field, Schema, decimal};
use parsers::{CodePage, Copybook, CopybookText, Layout, LayoutOptions};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;

fn request(content_type: Option<&str>, body: &[u8]) -> Request {
    Request {
        content_type: content_type.map(str::to_owned),
        ..Request::new(Bytes::copy_from_slice(body))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Posting {
    lot: String,
    quantity: u32,
}

fn refused<D: Decode>(form: &D, content_type: Option<&str>, body: &[u8]) -> String {
    let Err(error) = form.decode(&request(content_type, body)) else {
        panic!("it decodes");
    };
    format!("{} {error}", error.status)
}

#[test]
fn json_that_does_not_fit_names_its_place_and_quotes_nothing() {
    let form = Json::<Posting>::new();
    let refused = |body: &str| refused(&form, Some("application/json"), body.as_bytes());
    let said = [
        refused(r#"{"lot":"SECRET","quantity":"SECRET"}"#),
        refused(r#"{"lot":"SECRET","quantity":-1}"#),
        refused(r#"{"lot":"SECRET"}"#),
        refused(r#"{"lot":"a","quantity":1,"SECRET, expected SECRET":2}"#),
        refused(r#"{"lot":"SECRET","#),
        refused("SECRET"),
        refused(""),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    422 the JSON does not fit at line 1 column 35: wanted u32
    422 the JSON does not fit at line 1 column 29: wanted u32
    422 the JSON does not fit at line 1 column 16: missing field `quantity`
    422 the JSON does not fit at line 1 column 49: wanted `lot` or `quantity`
    400 wanted JSON: it ends or breaks at line 1 column 16
    400 wanted JSON: it ends or breaks at line 1 column 1
    400 wanted JSON: it ends or breaks at line 1 column 0
    ");
    assert!(!said.join("").contains("SECRET"));
}

#[test]
fn json_of_another_media_type_is_refused() {
    let form = Json::<Posting>::new();
    let body = br#"{"lot":"a","quantity":1}"#;
    let wanted = Posting {
        lot: "a".to_owned(),
        quantity: 1,
    };
    for content_type in [
        None,
        Some("Application/JSON; charset=utf-8"),
        Some("application/x+json"),
    ] {
        assert_eq!(
            form.decode(&request(content_type, body)).as_ref(),
            Ok(&wanted)
        );
    }
    assert_eq!(
        refused(&form, Some("text/xml"), body),
        "415 wanted a body of content type application/json"
    );
    assert_eq!(form.encode(&wanted).unwrap(), &body[..]);
}

fn layout() -> Arc<Layout> {
    let text = "       01  LOT.\n           05  LOT-ID   PIC X(4).\n           05  LOT-QTY  PIC S9(5) COMP-3.\n";
    let copybook = Copybook::parse(CopybookText {
        file: "lot.cpy",
        text,
    });
    let options = LayoutOptions {
        code_page: CodePage::Cp037,
        ..LayoutOptions::default()
    };
    Layout::compile(&copybook.unwrap(), None, &options).unwrap()
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Lot {
    #[serde(rename = "LOT-ID")]
    id: String,
    #[serde(rename = "LOT-QTY")]
    quantity: i32,
}

const A12: [u8; 7] = [0xC1, 0xF1, 0xF2, 0x40, 0x00, 0x12, 0x3D];

#[test]
fn a_record_is_a_value_and_back() {
    let form = Record::<Lot>::new(layout());
    let lot = form.decode(&request(None, &A12)).unwrap();
    assert_eq!((lot.id.as_str(), lot.quantity), ("A12", -123));
    assert_eq!(form.encode(&lot).unwrap(), &A12[..]);
}

#[test]
fn a_record_that_does_not_decode_names_the_field_and_not_what_is_in_it() {
    let form = Record::<Lot>::new(layout());
    let mut bad = A12;
    bad[5] = 0xFF;
    let said = [
        refused(&form, None, &bad),
        refused(&form, None, &A12[..5]),
        refused(&form, None, &[&A12[..], &A12[..]].concat()),
        refused(&form, Some("application/json"), b"{}"),
        refused(&Record::<Posting>::new(layout()), None, &A12),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    400 LOT-QTY at byte 4: wanted digits
    400 LOT-QTY at byte 4: the record ends before it does
    400 wanted a LOT of at most 7 bytes, got 14 bytes
    415 wanted a body of content type application/octet-stream
    422 the record's values do not fit: wanted `lot` or `quantity`
    ");
    let long = Lot {
        id: "ABCDE".to_owned(),
        quantity: 1,
    };
    insta::assert_snapshot!(form.encode(&long).unwrap_err(), @"the reply cannot be written: LOT-ID: the text is too long");
}

fn order() -> Schema {
    let line = Schema::structure(vec![
        Field::new("qty", decimal::schema(9, 2)),
        Field::new("note", Schema::string().optional()),
    ]);
    let default = Schema::int32()
        .optional()
        .with_default(Datum::Int(7))
        .unwrap();
    Schema::structure(vec![
        Field::new("id", Schema::int32()),
        Field::new("kind", default),
        Field::new("weight", Schema::float64()),
        Field::new("on", Schema::boolean()),
        Field::new("raw", Schema::bytes()),
        Field::new("lines", Schema::array(line.unwrap()).unwrap()),
        Field::new(
            "names",
            Schema::map(Schema::string(), Schema::int64()).unwrap(),
        ),
        Field::new(
            "codes",
            Schema::map(Schema::int32(), Schema::string()).unwrap(),
        ),
    ])
    .unwrap()
    .named("Order")
}

fn an_order() -> impl Strategy<Value = Datum> {
    let line = (any::<i32>(), proptest::option::of("[a-zé]{0,5}")).prop_map(|(qty, note)| {
        Datum::Struct(vec![Decimal::new(qty.into(), 2).into(), note.into()])
    });
    (
        any::<i32>(),
        any::<i32>(),
        any::<i32>(),
        any::<bool>(),
        proptest::collection::vec(any::<u8>(), 0..9),
        proptest::collection::vec(line, 0..4),
        proptest::collection::vec(("[a-z]{0,3}", any::<i64>()), 0..4),
        proptest::collection::vec((any::<i32>(), "[a-z]{0,3}"), 0..4),
    )
        .prop_map(|(id, kind, weight, on, raw, lines, names, codes)| {
            let names = names.into_iter().map(|(name, n)| (name.into(), n.into()));
            let codes = codes.into_iter().map(|(n, name)| (n.into(), name.into()));
            Datum::Struct(vec![
                id.into(),
                kind.into(),
                f64::from(weight).into(),
                on.into(),
                raw.into(),
                Datum::Array(lines),
                Datum::Map(names.collect()),
                Datum::Map(codes.collect()),
            ])
        })
}

proptest! {
    #[test]
    fn avro_comes_back_as_it_went(order_ in an_order(), id in proptest::option::of(any::<u32>())) {
        let form = Avro::new(order()).unwrap();
        let form = match id { Some(id) => form.registered(id), None => form };
        let body = form.encode(&order_).unwrap();
        prop_assert_eq!(form.decode(&request(Some("application/avro"), &body)), Ok(order_));
        // Cut anywhere it is none, and with a byte more neither.
        for end in 0..body.len() {
            prop_assert!(form.decode(&request(None, &body[..end])).is_err());
        }
        let more = [&body[..], &[0]].concat();
        prop_assert!(form.decode(&request(None, &more)).is_err());
    }

    #[test]
    fn avro_of_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(Avro::new(order()).unwrap().decode(&request(None, &bytes)));
    }
}

#[test]
fn avro_that_does_not_decode_names_its_field() {
    let line = Schema::structure(vec![Field::new("qty", Schema::int8())]).unwrap();
    let lines = Schema::array(line).unwrap();
    let form = Avro::new(
        Schema::structure(vec![Field::new("lines", lines)])
            .unwrap()
            .named("O"),
    );
    let form = form.unwrap();
    let registered = form.clone().registered(7);
    let said = [
        // One block of two: 1, then 200.
        refused(&form, None, &[4, 2, 0x90, 0x03, 0]),
        refused(&form, None, &[4, 2]),
        refused(&form, Some("application/json"), &[0]),
        refused(&registered, None, &[0, 0, 0, 0, 8, 0]),
        refused(&registered, None, &[0]),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    400 wanted Avro: field lines[1].qty: wanted -128 to 127
    400 wanted Avro: field lines[1].qty: the value ends before it does
    415 wanted a body of content type application/avro
    422 wanted Avro of schema id 7, with the id in front, got schema id 8
    400 wanted Avro of schema id 7, with the id in front
    ");
    let empty = Schema::structure(Vec::new()).unwrap().named("E");
    let empties = Avro::new(Schema::array(empty).unwrap()).unwrap();
    assert_eq!(
        refused(&empties, None, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]),
        "400 wanted Avro: more than 10000 elements without a byte"
    );
}

#[tokio::test]
async fn a_typed_handler_answers_in_its_form_and_rejects_what_does_not_decode() {
    let handler = typed(
        Record::<Lot>::new(layout()),
        Json::new(),
        async |lot: Lot, request: Request| {
            let event = Outgoing::new("lots", request.key, None);
            Ok(Answer::new(201, json!({"lot": lot.id})).event(event))
        },
    );
    let reply = handler.handle(request(None, &A12)).await.unwrap();
    assert_eq!(
        (reply.status, &reply.body[..]),
        (201, &br#"{"lot":"A12"}"#[..])
    );
    assert_eq!(reply.content_type.as_deref(), Some("application/json"));
    assert_eq!(reply.events.len(), 1);
    let error = handler.handle(request(None, &A12[..2])).await.unwrap_err();
    assert!(
        matches!(
            error,
            HandlerError::DeadLetter {
                kind: "undecodable",
                status: 400,
                ..
            }
        ),
        "{error}"
    );
}
