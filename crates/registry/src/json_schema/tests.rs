use super::*;

/// What is in the way when `new` is to take what was valid by `old`.
fn backward(new: &str, old: &str) -> Vec<String> {
    let parse = |text: &str| JsonSchema::parse(text, &[]).unwrap();
    let found = check(&parse(new), &parse(old));
    found
        .iter()
        .map(|difference| {
            let text = difference.described("new", "old");
            assert!(!text.contains("%s"), "{text}");
            difference.kind.to_owned()
        })
        .collect()
}

fn object(properties: &str, more: &str) -> String {
    format!(r#"{{"type":"object","properties":{{{properties}}}{more}}}"#)
}

const A: &str = r#""a":{"type":"string"}"#;
const B: &str = r#""b":{"type":"integer"}"#;
const CLOSED: &str = r#","additionalProperties":false"#;

#[test]
fn properties_by_what_else_may_be_there() {
    let none: Vec<String> = Vec::new();
    let both = format!("{A},{B}");
    assert_eq!(backward(&object(A, ""), &object(&both, "")), none);
    assert_eq!(
        backward(&object(&both, ""), &object(A, "")),
        ["OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"]
    );
    assert_eq!(backward(&object(&both, CLOSED), &object(A, CLOSED)), none);
    assert_eq!(
        backward(&object(A, CLOSED), &object(&both, CLOSED)),
        ["PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"]
    );
    let needs = format!(r#"{CLOSED},"required":["b"]"#);
    assert_eq!(
        backward(&object(&both, &needs), &object(A, CLOSED)),
        ["REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL"]
    );
    assert_eq!(
        backward(&object(A, CLOSED), &object(A, "")),
        ["ADDITIONAL_PROPERTIES_REMOVED"]
    );
    assert_eq!(backward(&object(A, ""), &object(A, CLOSED)), none);
    let partial = r#","additionalProperties":{"type":"integer"}"#;
    assert_eq!(backward(&object(&both, partial), &object(A, partial)), none);
    let text = r#""b":{"type":"string"}"#;
    assert_eq!(
        backward(
            &object(&format!("{A},{text}"), partial),
            &object(A, partial)
        ),
        [
            "TYPE_CHANGED",
            "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        ]
    );
    let a_needed = r#","required":["a"]"#;
    assert_eq!(
        backward(&object(A, a_needed), &object(A, "")),
        ["REQUIRED_ATTRIBUTE_ADDED"]
    );
    assert_eq!(backward(&object(A, ""), &object(A, a_needed)), none);
}

#[test]
fn types_and_limits() {
    let none: Vec<String> = Vec::new();
    let of = |text: &str| format!("{{{text}}}");
    let back = |new: &str, old: &str| backward(&of(new), &of(old));
    assert_eq!(back(r#""type":"number""#, r#""type":"integer""#), none);
    assert_eq!(
        back(r#""type":"integer""#, r#""type":"number""#),
        ["TYPE_NARROWED"]
    );
    assert_eq!(
        back(r#""type":"string""#, r#""type":"integer""#),
        ["TYPE_CHANGED"]
    );
    assert_eq!(
        back(
            r#""type":"string","maxLength":5"#,
            r#""type":"string","maxLength":3"#
        ),
        none
    );
    assert_eq!(
        back(
            r#""type":"string","maxLength":3"#,
            r#""type":"string","maxLength":5"#
        ),
        ["MAX_LENGTH_DECREASED"]
    );
    assert_eq!(
        back(r#""type":"integer","minimum":1"#, r#""type":"integer""#),
        ["MINIMUM_ADDED"]
    );
    assert_eq!(
        back(
            r#""type":"string","pattern":"a""#,
            r#""type":"string","pattern":"b""#
        ),
        ["PATTERN_CHANGED"]
    );
    assert_eq!(
        back(
            r#""type":"integer","multipleOf":2"#,
            r#""type":"integer","multipleOf":4"#
        ),
        none
    );
    assert_eq!(
        back(
            r#""type":"integer","multipleOf":4"#,
            r#""type":"integer","multipleOf":2"#
        ),
        ["MULTIPLE_OF_EXPANDED"]
    );
    assert_eq!(back(r#""enum":["a","b"]"#, r#""enum":["a"]"#), none);
    assert_eq!(
        back(r#""enum":["a"]"#, r#""enum":["a","b"]"#),
        ["ENUM_ARRAY_NARROWED"]
    );
    assert_eq!(
        back(
            r#""type":"array","items":{"type":"string"}"#,
            r#""type":"array","items":{"type":"integer"}"#
        ),
        ["TYPE_CHANGED"]
    );
    let bytes = r#""connect.type":"bytes""#;
    assert_eq!(
        back(
            &format!(r#""type":"number",{bytes}"#),
            &format!(r#""type":"string",{bytes}"#)
        ),
        none
    );
    assert_eq!(backward("true", r#"{"type":"string"}"#), none);
    assert_eq!(
        back(r#""not":{"type":"string"}"#, r#""not":{"type":"integer"}"#),
        ["NOT_TYPE_EXTENDED"]
    );
}

#[test]
fn unions_widen() {
    let none: Vec<String> = Vec::new();
    let one = |types: &str| {
        let list: Vec<String> = types
            .split(' ')
            .map(|ty| format!(r#"{{"type":"{ty}"}}"#))
            .collect();
        format!(r#"{{"oneOf":[{}]}}"#, list.join(","))
    };
    assert_eq!(backward(&one("null string"), r#"{"type":"string"}"#), none);
    assert_eq!(
        backward(&one("null string integer"), &one("string null")),
        none
    );
    assert_eq!(
        backward(&one("null string"), &one("null string integer")),
        ["SUM_TYPE_NARROWED"]
    );
    assert_eq!(
        backward(&one("null string"), &one("null integer")),
        ["COMBINED_TYPE_SUBSCHEMAS_CHANGED"]
    );
    assert_eq!(
        backward(r#"{"type":"string"}"#, &one("null string")),
        ["TYPE_CHANGED"]
    );
    assert_eq!(
        backward(r#"{"type":["null","string"]}"#, r#"{"type":"string"}"#),
        none
    );
}

#[test]
fn references_are_followed_and_may_go_round() {
    let list = |ty: &str| {
        format!(
            r##"{{"$ref":"#/definitions/L","definitions":{{"L":{{"type":"object","properties":{{"v":{{"type":"{ty}"}},"next":{{"$ref":"#/definitions/L"}}}}}}}}}}"##
        )
    };
    assert!(backward(&list("number"), &list("integer")).is_empty());
    assert_eq!(
        backward(&list("integer"), &list("number")),
        ["TYPE_NARROWED"]
    );
    let refused = |text: &str| JsonSchema::parse(text, &[]).unwrap_err();
    insta::assert_snapshot!(refused(r#"{"$ref":"place.json"}"#), @r#"the reference "place.json" leads nowhere"#);
    insta::assert_snapshot!(refused(r#"{"type":"text"}"#), @r#"unknown type "text""#);
    insta::assert_snapshot!(refused("[]"), @"wanted a schema, got []");
    insta::assert_snapshot!(refused(r#"{"type":"string","maxLength":"3"}"#), @r#"wanted a number as maxLength, got "3""#);
    let order = r#"{"type":"object","properties":{"p":{"$ref":"place.json"}}}"#;
    assert!(JsonSchema::parse(order, &[("place.json", r#"{"type":"object"}"#)]).is_ok());
    // Two that only point at each other.
    let circle = r##"{"$ref":"#/definitions/A","definitions":{"A":{"$ref":"#/definitions/B"},"B":{"$ref":"#/definitions/A"}}}"##;
    assert!(backward(circle, circle).is_empty());
}
