//! Field lines: names, values, folds, and how many there may be.

use crate::case::{Case, h1};

const LINE: &str = "RFC 9112 5";
const SPACE: &str = "RFC 9112 5.1";
const FOLD: &str = "RFC 9112 5.2";
const NAME: &str = "RFC 9110 5.1";
const VALUE: &str = "RFC 9110 5.5";
const LIMIT: &str = "RFC 6585 5";

pub(crate) fn cases() -> Vec<Case> {
    let bad = |section, name: &str, field: &str| {
        h1(section, name).refused(&format!("GET / HTTP/1.1|Host: a|{field}||"), 400)
    };
    let many: String = (0..200).map(|n| format!("|X-{n}: y")).collect();
    vec![
        bad(SPACE, "a space before the colon", "X : y"),
        bad(SPACE, "a tab before the colon", "X\t: y"),
        bad(SPACE, "a space before the colon of a length", "Content-Length : 5"),
        bad(SPACE, "a space before the colon of a coding", "Transfer-Encoding : chunked"),
        bad(SPACE, "a vertical tab before the colon of a coding", "Transfer-Encoding\u{b}: chunked"),
        bad(SPACE, "a null before the colon of a coding", "Transfer-Encoding\0: chunked"),
        bad(SPACE, "a no-break space before the colon", "Transfer-Encoding\u{a0}: chunked"),
        bad(LINE, "a line without a colon", "X"),
        bad(LINE, "a line without a name", ": y"),
        bad(LINE, "a name with a space", "X Y: z"),
        bad(LINE, "a name with a quote", "\"X\": y"),
        bad(LINE, "a name with a bracket", "X(): y"),
        bad(LINE, "a name with an at sign", "X@: y"),
        bad(LINE, "a name with a slash", "X/Y: z"),
        bad(LINE, "a name with an equals sign", "X=y: z"),
        bad(LINE, "a name with a semicolon", "X;: z"),
        bad(NAME, "a name with a byte above ASCII", "\u{e4}: y"),
        bad(NAME, "a name with a null", "X\0Y: z"),
        bad(NAME, "a name behind a control character", "\u{1}Content-Length: 1"),
        bad(NAME, "a name behind a vertical tab", "\u{b}Transfer-Encoding: chunked"),
        bad(VALUE, "a value with a null", "X: a\0b"),
        bad(VALUE, "a value with a bare CR", "X: a\rTransfer-Encoding: chunked"),
        bad(VALUE, "a value with a bare LF", "X: a\nTransfer-Encoding: chunked"),
        bad(VALUE, "a value with a backspace", "X: a\u{8}b"),
        bad(VALUE, "a value with DEL", "X: \u{7f}"),
        bad(VALUE, "a value with an escape", "X: \u{1b}[2J"),
        bad(VALUE, "a value that ends with a null", "Transfer-Encoding: chunked\0"),
        bad(FOLD, "a fold", "X: a| b"),
        bad(FOLD, "a fold with a tab", "X: a|\tb"),
        bad(FOLD, "a fold that hides a coding", "X: a| Transfer-Encoding: chunked"),
        bad(FOLD, "a coding behind a fold", "Transfer-Encoding:| chunked"),
        bad(FOLD, "a length in two lines", "Content-Length: 1| 0"),
        bad(FOLD, "a fold of nothing", "X: a| "),
        h1(LIMIT, "more fields than the limit").refused(&format!("GET / HTTP/1.1|Host: a{many}||"), 431),
        h1(LIMIT, "a field longer than the limit").refused(&format!("GET / HTTP/1.1|Host: a|X: {}||", "y".repeat(70_000)), 431),
        h1(LIMIT, "fields without end").refused(&format!("GET / HTTP/1.1|Host: a|{}", "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy|".repeat(2_000)), 431),
        h1(NAME, "the case and order of fields, and how often they come, stay")
            .client("GET / HTTP/1.1|x-LOWER: 1|HOST: a|X-Lower: 2|aCCept: */*|X-lower: 3||")
            .sees("GET / HTTP/1.1|x-LOWER: 1|HOST: a|X-Lower: 2|aCCept: */*|X-lower: 3||")
            .answered(),
        h1(NAME, "the case and order of an answer's fields stay")
            .asked()
            .origin("HTTP/1.1 200 OK|sERVER: x|Set-Cookie: a|X-Y: z|SET-COOKIE: b|Content-LENGTH: 0|ETAG: \"q\"||")
            .gets("HTTP/1.1 200 OK|sERVER: x|Set-Cookie: a|X-Y: z|SET-COOKIE: b|Content-LENGTH: 0|ETAG: \"q\"||")
            .body(""),
        h1(NAME, "a name of every character of a token")
            .client("GET / HTTP/1.1|Host: a|!#$%&'*+-.^_`~09azAZ: y||")
            .sees("GET / HTTP/1.1|Host: a|!#$%&'*+-.^_`~09azAZ: y||")
            .answered(),
        h1(NAME, "two names that differ by an underscore are two")
            .client("GET / HTTP/1.1|Host: a|X-Y: 1|X_Y: 2||")
            .sees("GET / HTTP/1.1|Host: a|X-Y: 1|X_Y: 2||")
            .answered(),
        h1(VALUE, "bytes above ASCII stay")
            .client("GET / HTTP/1.1|Host: a|X: \u{e4}\u{ff}\u{80}||")
            .sees("GET / HTTP/1.1|Host: a|X: \u{e4}\u{ff}\u{80}||")
            .answered(),
        h1(VALUE, "a tab within a value stays")
            .client("GET / HTTP/1.1|Host: a|X: b\tc||")
            .sees_value("X", "b\tc")
            .answered(),
        h1(VALUE, "an empty value stays")
            .client("GET / HTTP/1.1|Host: a|X:|Y: ||")
            .sees_value("X", "")
            .sees_has("Y", "")
            .answered(),
        h1(SPACE, "white space around a value is no part of it")
            .client("GET / HTTP/1.1|Host:a|X: \t y z \t||")
            .sees_value("X", "y z")
            .sees_has("Host", "a")
            .answered(),
        h1(SPACE, "white space before the colon of an answer's field is taken off")
            .asked()
            .origin("HTTP/1.1 200 OK|X : y|Content-Length\t: 2||ok")
            .gets("HTTP/1.1 200 OK|X: y|Content-Length: 2||")
            .body("ok"),
        h1(FOLD, "a fold in an answer becomes spaces")
            .asked()
            .origin("HTTP/1.1 200 OK|X: a| b|Content-Length: 2||ok")
            .gets("HTTP/1.1 200 OK|X: a   b|Content-Length: 2||")
            .body("ok"),
        h1(LIMIT, "as many fields as a browser with a past sends")
            .client(&format!("GET / HTTP/1.1|Host: a|Cookie: {}||", "c=0123456789; ".repeat(500)))
            .sees_any()
            .answered(),
    ]
}
