use super::*;

fn parse(text: &str) -> Avro {
    Avro::parse(text, &[]).unwrap()
}

/// What is in the way when `new` is to read `old`.
fn backward(new: &str, old: &str) -> Vec<String> {
    let found = check(&parse(new), &parse(old));
    found
        .iter()
        .map(|difference| {
            format!(
                "{}: {}",
                difference.kind,
                difference.described("new", "old")
            )
        })
        .collect()
}

fn record(fields: &str) -> String {
    format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#)
}

const A: &str = r#"{"name":"a","type":"int"}"#;

#[test]
fn fields_may_go_and_come_with_a_default() {
    let two = record(&format!(
        r#"{A},{{"name":"b","type":"string","default":""}}"#
    ));
    assert!(backward(&two, &record(A)).is_empty());
    assert!(backward(&record(A), &two).is_empty());
    let needed = record(&format!(r#"{A},{{"name":"b","type":"string"}}"#));
    insta::assert_debug_snapshot!(backward(&needed, &record(A)), @r#"
    [
        "READER_FIELD_MISSING_DEFAULT_VALUE: The field 'b' at path '/fields/1' in the new schema has no default value and is missing in the old schema",
    ]
    "#);
    let renamed = record(r#"{"name":"z","type":"int","aliases":["a"]}"#);
    assert!(backward(&renamed, &record(A)).is_empty());
}

#[test]
fn types_widen_and_never_narrow() {
    let of = |ty: &str| record(&format!(r#"{{"name":"a","type":{ty}}}"#));
    assert!(backward(&of("\"long\""), &of("\"int\"")).is_empty());
    assert!(backward(&of("\"double\""), &of("\"long\"")).is_empty());
    assert!(backward(&of("\"string\""), &of("\"bytes\"")).is_empty());
    assert_eq!(backward(&of("\"int\""), &of("\"long\"")).len(), 1);
    assert!(backward(&of(r#"["null","int"]"#), &of("\"int\"")).is_empty());
    assert!(backward(&of(r#"["null","long"]"#), &of(r#"["null","int"]"#)).is_empty());
    insta::assert_debug_snapshot!(backward(&of("\"int\""), &of(r#"["null","int"]"#)), @r#"
    [
        "TYPE_MISMATCH: The type (path '/fields/0/type/0') of a field in the new schema does not match with the old schema",
    ]
    "#);
    insta::assert_debug_snapshot!(backward(&of(r#"["null","int"]"#), &of(r#"["null","string"]"#)), @r#"
    [
        "MISSING_UNION_BRANCH: The new schema is missing a type inside a union field at path '/fields/0/type/1' in the old schema",
    ]
    "#);
    let array = |ty: &str| of(&format!(r#"{{"type":"array","items":{ty}}}"#));
    assert_eq!(backward(&array("\"int\""), &array("\"string\"")).len(), 1);
}

#[test]
fn enums_and_fixed() {
    let of = |symbols: &str, default: &str| {
        record(&format!(
            r#"{{"name":"e","type":{{"type":"enum","name":"E","symbols":{symbols}{default}}}}}"#
        ))
    };
    let (short, long) = (of(r#"["A"]"#, ""), of(r#"["A","B"]"#, ""));
    assert!(backward(&long, &short).is_empty());
    insta::assert_debug_snapshot!(backward(&short, &long), @r#"
    [
        "MISSING_ENUM_SYMBOLS: The new schema is missing enum symbols '[B]' at path '/fields/0/type/symbols' in the old schema",
    ]
    "#);
    assert!(backward(&of(r#"["A"]"#, r#","default":"A""#), &long).is_empty());
    let fixed = |size: u32| format!(r#"{{"type":"fixed","name":"F","size":{size}}}"#);
    assert_eq!(backward(&fixed(4), &fixed(5)).len(), 1);
    let other = r#"{"type":"record","name":"Q","fields":[]}"#;
    insta::assert_debug_snapshot!(backward(other, &record("")), @r#"
    [
        "NAME_MISMATCH: The name of the schema has changed (path '/name')",
    ]
    "#);
}

#[test]
fn a_record_may_contain_itself() {
    let list = |ty: &str| {
        record(&format!(
            r#"{{"name":"v","type":"{ty}"}},{{"name":"next","type":["null","R"],"default":null}}"#
        ))
    };
    assert!(backward(&list("long"), &list("int")).is_empty());
    assert_eq!(backward(&list("int"), &list("long")).len(), 1);
}

#[test]
fn what_is_no_schema_is_refused() {
    let refused = |text: &str| Avro::parse(text, &[]).unwrap_err();
    insta::assert_snapshot!(refused("{"), @"wanted JSON: EOF while parsing an object at line 1 column 1");
    insta::assert_snapshot!(refused("\"Lot\""), @"undefined name: Lot");
    insta::assert_snapshot!(refused(r#"{"type":"record","name":"a-b","fields":[]}"#), @"illegal name: a-b");
    insta::assert_snapshot!(refused(&record(&format!("{A},{A}"))), @"two fields of record R are called a");
    insta::assert_snapshot!(refused(&record(r#"{"name":"a","type":"int","default":"x"}"#)), @r#"the default of field R.a does not fit its type: "x""#);
    insta::assert_snapshot!(refused(r#"["int","int"]"#), @"wanted each kind of branch once in a union, and no union");
    let deep = format!(
        "{}\"int\"{}",
        r#"{"type":"array","items":"#.repeat(200),
        "}".repeat(200)
    );
    assert!(Avro::parse(&deep, &[]).is_err());
    // Names of references are known.
    let place = r#"{"type":"record","name":"Place","namespace":"x","fields":[]}"#;
    let order =
        r#"{"type":"record","name":"O","namespace":"x","fields":[{"name":"p","type":"Place"}]}"#;
    assert!(Avro::parse(order, &[]).is_err());
    assert!(Avro::parse(order, &[place]).is_ok());
    assert!(Avro::parse("string", &[]).is_ok());
}
