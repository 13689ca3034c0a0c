//! JSON read straight to record bytes is what its values are encoded to, whatever the text is like.

use parsers::json::{Invalid, JsonOptions, ShowResidue};
use parsers::{FieldErrorKind, Layout};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::generate::{byte, copybook};
use super::{layout, try_layout};

/// The same object with an empty `_raw`. That changes nothing, but then values are read first and encoded after.
fn with_residue(json: &[u8]) -> Option<Vec<u8>> {
    let end = json.iter().rposition(|byte| *byte == b'}')?;
    let (front, behind) = json.split_at(end);
    let mut text = front.to_vec();
    if text.trim_ascii_end().last() != Some(&b'{') {
        text.push(b',');
    }
    text.extend_from_slice(b"\"_raw\":{}");
    text.extend_from_slice(behind);
    Some(text)
}

/// Both readings, which must agree: to the byte, or to the word of what is wrong.
fn check(layout: &Layout, json: &[u8]) -> Result<(), TestCaseError> {
    let Some(other) = with_residue(json) else {
        return Ok(());
    };
    let shown = String::from_utf8_lossy(json);
    for most in [u32::MAX, 64] {
        let straight = layout.read_json_within(json, most);
        let values = layout.read_json_within(&other, most);
        match (&straight, &values) {
            // Where in the text it is wrong is not the same.
            (Err(straight), Err(values)) if straight.kind() == FieldErrorKind::Json => {
                prop_assert_eq!(values.kind(), FieldErrorKind::Json, "{}", shown);
            }
            _ => prop_assert_eq!(&straight, &values, "{}", shown),
        }
    }
    Ok(())
}

/// One change of an object or of one in it; the numbers choose what and where.
fn edit(value: &mut Value, how: u8, place: usize, new: &Value) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let at = place % members.len();
            let deeper = place / members.len();
            let inside = members.values_mut().nth(at);
            if let Some(inside) = inside.filter(|inside| deeper % 2 == 1 && !inside.is_null()) {
                return edit(inside, how, deeper / 2, new);
            }
            let mut all: Vec<(String, Value)> = std::mem::take(members).into_iter().collect();
            match how % 6 {
                0 => all[at].1 = new.clone(),
                1 => drop(all.remove(at)),
                2 => all.rotate_left(at),
                3 => all.reverse(),
                4 => all[at].0 += "X",
                _ => all.push((format!("NEW-{place}"), new.clone())),
            }
            *members = Map::from_iter(all);
        }
        Value::Array(items) if !items.is_empty() => {
            let (at, deeper) = (place % items.len(), place / items.len());
            match how % 5 {
                0 => items[at] = new.clone(),
                1 => drop(items.pop()),
                2 => items.push(new.clone()),
                3 => items.push(items[at].clone()),
                _ => edit(&mut items[at], how / 5, deeper, new),
            }
        }
        other => *other = new.clone(),
    }
}

fn new_value() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        "null",
        "true",
        "false",
        "\"\"",
        "0",
        "-0",
        "-0.0",
        "1",
        "-1",
        "7.5",
        "7.50",
        "1.5e1",
        "15E-1",
        "99999999999999999999",
        "-0.125",
        "\"12\"",
        "\"007\"",
        "\"+7\"",
        "\" 7\"",
        "\"-1.50\"",
        "\"1e2\"",
        "\"AB\"",
        "\"A B  \"",
        "\"ä\"",
        "\"€\"",
        "\"a\\\"b\\\\\"",
        "\"\\u0041\\u00e9\"",
        "\"\\u0000\"",
        "\"A\\nB\"",
        "\"2026-11-22\"",
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\"",
        "[]",
        "[1,2]",
        "{}",
        "{\"A\":1}",
        "[null]",
    ])
    .prop_map(|text| serde_json::from_str(text).unwrap())
}

proptest! {
    #[test]
    fn edited_records_read_the_same_in_one_pass(
        text in copybook(),
        mut record in prop::collection::vec(byte(), 600),
        count in 0u8..6,
        edits in prop::collection::vec((any::<u8>(), 0usize..1000, new_value()), 0..4),
        pretty in any::<bool>(),
        damage in prop::option::weighted(0.2, (any::<prop::sample::Index>(), prop::sample::select(b"\"\\{}[],:0 e.-\x01\xc3".to_vec()))),
    ) {
        let layout = try_layout(&text, None);
        prop_assume!(layout.is_ok());
        let layout = layout.unwrap();
        record[0] = 0xf0;
        record[1] = 0xf0 + count;
        prop_assume!(layout.max_len() <= 590);
        let record = &record[..layout.max_len()];
        let options = JsonOptions { invalid: Invalid::Keep, residue: ShowResidue::Omit };
        let mut json = Vec::new();
        layout.write_json_with(record, &options, &mut json).unwrap();
        check(&layout, &json)?;
        let mut value: Value = serde_json::from_slice(&json).unwrap();
        if let Some(members) = value.as_object_mut() {
            members.shift_remove("_errors");
        }
        for (how, place, new) in &edits {
            edit(&mut value, *how, *place, new);
        }
        let mut json = match pretty {
            true => serde_json::to_vec_pretty(&value).unwrap(),
            false => value.to_string().into_bytes(),
        };
        check(&layout, &json)?;
        if let Some((at, byte)) = damage {
            let at = at.index(json.len());
            json[at] = byte;
            check(&layout, &json)?;
        }
    }
}

/// Every form of a leaf beside plain ones, and places with several views.
#[test]
fn meanings_and_views_read_the_same_in_one_pass() {
    let layout = layout(
        "01 R.\n05 KIND PIC X.\n05 N PIC 9.\n05 D PIC 9(8).\n05 F PIC X.\n05 E PIC ZZ9.99-.\n05 S PIC S9(3)V99 SIGN LEADING SEPARATE.\n\
         05 FL COMP-2.\n05 B PIC S9(4) COMP.\n05 C5 PIC 9(4) COMP-5.\n05 J PIC X(4) JUSTIFIED.\n05 NAT PIC N(3).\n05 P PIC S9(4) COMP-3.\n\
         05 V1 PIC X(6).\n05 V2 REDEFINES V1.\n10 V21 PIC 9(7) COMP-3.\n10 V22 PIC XX.\n05 T OCCURS 0 TO 9 DEPENDING ON N.\n10 T1 PIC X.\n10 T2 PIC S9V9.",
        "[record_types.a]\nwhen = { KIND = \"A\" }\nview = \"V1\"\n[record_types.b]\nwhen = { KIND = \"B\" }\nview = \"V2\"\n\
         [fields]\nD = { date = \"YYYYMMDD\", null = \"zeros\" }\nF = { flag = { true = \"Y\", false = \"N\" } }\nJ = { name = \"jü\\\"st\" }",
    );
    let whole = r#"{"KIND":"B","N":2,"D":"2026-11-22","F":true,"E":" 12.50-","S":-1.25,"FL":1.5e-9,"B":-77,"C5":65535,"jü\"st":"AB","NAT":"äß","P":-12,"V2":{"V21":5,"V22":"xy"},"T":[{"T1":"a","T2":-0.5},{"T1":"b","T2":0}]}"#;
    assert_eq!(
        layout
            .read_json(whole.as_bytes())
            .map(|record| record.len()),
        Ok(61)
    );
    let value: Value = serde_json::from_str(whole).unwrap();
    let members: Vec<(String, Value)> = value.as_object().unwrap().clone().into_iter().collect();
    let news = [
        "null",
        "\"A\"",
        "\"C\"",
        "7",
        "-1",
        "70000",
        "1.55",
        "\"1.5\"",
        "[]",
        "{}",
        "{\"V21\":1}",
        "[{}]",
        "[{},{}]",
        "\"\\u0041\"",
        "\"0000-00-00\"",
    ];
    for at in 0..members.len() {
        for new in news {
            let mut edited = members.clone();
            edited[at].1 = serde_json::from_str(new).unwrap();
            check(
                &layout,
                Value::Object(Map::from_iter(edited)).to_string().as_bytes(),
            )
            .unwrap();
        }
        for to in 0..members.len() {
            let mut moved = members.clone();
            let member = moved.remove(at);
            let without = Value::Object(Map::from_iter(moved.clone())).to_string();
            check(&layout, without.as_bytes()).unwrap();
            // Once more what is there already.
            let (front, _) = without.split_at(without.len() - 1);
            let again = format!(
                "{front},\"{}\":{}}}",
                members[to].0.replace('"', "\\\""),
                members[to].1
            );
            check(&layout, again.as_bytes()).unwrap();
            moved.insert(to.min(moved.len()), member);
            check(
                &layout,
                Value::Object(Map::from_iter(moved)).to_string().as_bytes(),
            )
            .unwrap();
        }
    }
    // Both views, of which one does not hold; a view that has members it does not know.
    for views in [
        r#""V1":"abc","V2":null"#,
        r#""V1":null,"V2":{"V21":5}"#,
        r#""V1":"abc","V2":{"V21":5}"#,
        r#""V2":{"V21":5,"Q":1}"#,
        r#""V1":{"#,
        r#""V1":7"#,
    ] {
        for kind in ["A", "B"] {
            check(
                &layout,
                format!(r#"{{"KIND":"{kind}",{views}}}"#).as_bytes(),
            )
            .unwrap();
        }
    }
    for text in [
        "",
        "{",
        "}",
        "[]",
        "null",
        "{}",
        " { } ",
        "{}x",
        "{\"KIND\"}",
        "{\"KIND\":}",
        "{\"KIND\":\"A\",}",
        "{,\"KIND\":\"A\"}",
        "{\"KIND\" :\"A\" , \"N\": 1}",
        "{\"N\":01}",
        "{\"N\":1.}",
        "{\"N\":.1}",
        "{\"N\":1 2}",
        "{\"N\":nullx}",
        "{\"KIND\":\"A\u{1}\"}",
        "{\"T\":[{\"T1\":\"a\"}]}",
        "{\"T\":[{\"T1\":\"a\"},]}",
        "{\"T\":[,]}",
        "{\"N\":3,\"T\":[{}]}",
        "{\"T\":[{}],\"N\":1}",
        "{\"_errors\":{},\"N\":1}",
    ] {
        check(&layout, text.as_bytes()).unwrap();
    }
}
