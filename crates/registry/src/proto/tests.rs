use super::*;

fn parse(text: &str) -> File {
    super::parse(text).unwrap()
}

const EVERYTHING: &str = r#"
// A comment.
syntax = "proto3"; package shop.eu;
import "confluent/meta.proto"; import public 'x/y.proto';
option java_package = "com.x";
/* Another
   one. */
message Order {
  option deprecated = true;
  reserved 4, 9 to 11; reserved "old";
  int64 id = 1 [deprecated = true, (confluent.field_meta) = {params: [{key: "a", value: "b;]"}]}];
  optional string name = 2;
  repeated Line lines = 3;
  map<string, .shop.eu.Order.Line> by_name = 5;
  oneof way { string post = 6; Kind kind = 7; }
  message Line { sint32 qty = 1 [json_name = "QTY-NO"]; }
  enum Kind { option allow_alias = true; NONE = 0; NEG = -1; HEX = 0x10; }
}
service Orders { rpc Get (Order) returns (Order) { option x = 1; } }
"#;

#[test]
fn a_file_is_read_and_written() {
    let file = parse(EVERYTHING);
    insta::assert_snapshot!(text(&file), @r#"
syntax = "proto3";
package shop.eu;

import "confluent/meta.proto";
import public "x/y.proto";

option java_package = "com.x";

message Order {
  option deprecated = true;
  reserved 4, 9 to 11;
  reserved "old";
  int64 id = 1 [deprecated = true, (confluent.field_meta) = { params: [ { key: "a", value: "b;]" } ] }];
  optional string name = 2;
  repeated Line lines = 3;
  map<string, .shop.eu.Order.Line> by_name = 5;
  oneof way {
    string post = 6;
    Kind kind = 7;
  }
  message Line {
    sint32 qty = 1 [json_name = "QTY-NO"];
  }
  enum Kind {
    option allow_alias = true;
    NONE = 0;
    NEG = -1;
    HEX = 16;
  }
}
service Orders { rpc Get (Order) returns (Order) { option x = 1; } }
"#);
    assert_eq!(text(&parse(&text(&file))), text(&file));
    assert_eq!(
        imports(&file).collect::<Vec<_>>(),
        ["confluent/meta.proto", "x/y.proto"]
    );
}

#[test]
fn a_descriptor_says_the_same() {
    let file = parse(EVERYTHING);
    let again = parse(&serialized(&file));
    // Without what a descriptor of ours does not carry.
    insta::assert_snapshot!(text(&again), @r#"
syntax = "proto3";
package shop.eu;

import "confluent/meta.proto";
import public "x/y.proto";

message Order {
  int64 id = 1 [deprecated = true];
  optional string name = 2;
  repeated Line lines = 3;
  map<string, Order.Line> by_name = 5;
  oneof way {
    string post = 6;
    Kind kind = 7;
  }
  message Line {
    sint32 qty = 1 [json_name = "QTY-NO"];
  }
  enum Kind {
    NONE = 0;
    NEG = -1;
    HEX = 16;
  }
}
"#);
    assert_eq!(text(&parse(&serialized(&again))), text(&again));
}

#[test]
fn what_is_no_file_is_refused() {
    let refused = |text: &str| super::parse(text).unwrap_err();
    insta::assert_snapshot!(refused(""), @"wanted a Protobuf file or its descriptor in base64");
    insta::assert_snapshot!(refused("message A {\n  int32 a = 1\n}"), @r#"line 3: wanted ";", got "}""#);
    insta::assert_snapshot!(refused("message A { int32 a = 1; int32 b = 1; }"), @"fields a and b of message A have one number, 1");
    insta::assert_snapshot!(refused("message A { int32 a = 0; }"), @"wanted a number from 1 to 536870911 for field a, got 0");
    insta::assert_snapshot!(refused("message A { string a = 1; string a = 2; }"), @"two fields of message A are called a");
    insta::assert_snapshot!(refused("syntax = \"proto4\";"), @r#"wanted proto2 or proto3, got "proto4""#);
    insta::assert_snapshot!(refused("message A {"), @"wanted a name, got the end of the file");
    insta::assert_snapshot!(refused("CgF4"), @"wanted a Protobuf file or its descriptor in base64");
    let deep = format!("{}{}", "message A { ".repeat(100), "}".repeat(100));
    insta::assert_snapshot!(refused(&deep), @"wanted at most 64 levels of messages");
}

/// What is in the way when `new` is to read `old`.
fn backward(new: &str, old: &str) -> Vec<&'static str> {
    let file = |fields: &str| parse(&format!("syntax = \"proto3\"; package p; {fields}"));
    let found = check(&file(new), &file(old));
    for difference in &found {
        assert!(!difference.described("new", "old").contains("%s"));
    }
    found.iter().map(|difference| difference.kind).collect()
}

#[test]
fn fields_meet_by_number() {
    let m = |fields: &str| format!("message M {{ {fields} }}");
    let back = |new: &str, old: &str| backward(&m(new), &m(old));
    let none: Vec<&str> = Vec::new();
    assert_eq!(back("int32 a = 1; string b = 2;", "int32 a = 1;"), none);
    assert_eq!(back("int32 a = 1;", "int32 a = 1; string b = 2;"), none);
    assert_eq!(back("int64 other = 1;", "uint32 a = 1;"), none);
    assert_eq!(back("bytes a = 1;", "string a = 1;"), none);
    assert_eq!(back("E a = 1; enum E { X = 0; }", "int32 a = 1;"), none);
    assert_eq!(
        back("sint32 a = 1;", "int32 a = 1;"),
        ["FIELD_SCALAR_KIND_CHANGED"]
    );
    assert_eq!(
        back("string a = 1;", "int32 a = 1;"),
        ["FIELD_SCALAR_KIND_CHANGED"]
    );
    assert_eq!(
        back("N a = 1; message N {}", "int32 a = 1;"),
        ["FIELD_KIND_CHANGED"]
    );
    assert_eq!(
        back("map<string, int32> a = 1;", "map<string, string> a = 1;"),
        ["FIELD_SCALAR_KIND_CHANGED"]
    );
    assert_eq!(
        back(
            "O a = 1; message N {} message O {}",
            "N a = 1; message N {}"
        ),
        ["FIELD_NAMED_TYPE_CHANGED"]
    );
    assert_eq!(
        back("optional int32 a = 1;", "repeated int32 a = 1;"),
        ["FIELD_NUMERIC_LABEL_CHANGED"]
    );
    // What is in a nested message counts as well.
    assert_eq!(
        back(
            "N a = 1; message N { string x = 1; }",
            "N a = 1; message N { int32 x = 1; }"
        ),
        ["FIELD_SCALAR_KIND_CHANGED"]
    );
}

#[test]
fn messages_packages_and_oneofs() {
    let none: Vec<&str> = Vec::new();
    assert_eq!(
        backward("message B {} message A {}", "message A {} message B {}"),
        none
    );
    assert_eq!(
        backward("message A {}", "message A {} message B {}"),
        ["MESSAGE_REMOVED"]
    );
    let other = check(
        &parse("package q; message A {}"),
        &parse("package p; message A {}"),
    );
    assert_eq!(other[0].kind, "PACKAGE_CHANGED");
    let m = |fields: &str| format!("message M {{ {fields} }}");
    let back = |new: &str, old: &str| backward(&m(new), &m(old));
    assert_eq!(
        back(
            "oneof o { int32 a = 1; int32 b = 2; }",
            "oneof o { int32 a = 1; }"
        ),
        none
    );
    assert_eq!(
        back(
            "oneof o { int32 a = 1; }",
            "oneof o { int32 a = 1; int32 b = 2; }"
        ),
        ["ONEOF_FIELD_REMOVED"]
    );
    assert_eq!(back("", "oneof o { int32 a = 1; }"), none);
    assert_eq!(back("oneof o { int32 a = 1; }", "int32 a = 1;"), none);
    assert_eq!(
        back(
            "oneof o { int32 a = 1; int32 b = 2; }",
            "int32 a = 1; int32 b = 2;"
        ),
        ["MULTIPLE_FIELDS_MOVED_TO_ONEOF"]
    );
    assert_eq!(
        back(
            "oneof o { int32 a = 1; int32 b = 2; }",
            "oneof o { int32 a = 1; } int32 b = 2;"
        ),
        ["FIELD_MOVED_TO_EXISTING_ONEOF"]
    );
}
