//! Where a request's body ends: lengths, codings, and every known way of saying two things at once.

use crate::case::{Case, h1};

const LENGTH: &str = "RFC 9110 8.6";
const CODING: &str = "RFC 9112 6.1";
const BODY: &str = "RFC 9112 6.3";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = refused();
    cases.extend(taken());
    cases
}

fn refused() -> Vec<Case> {
    let with = |section, name: &str, fields: &str, status| {
        h1(section, name).effect("write").refused(
            &format!("POST / HTTP/1.1|Host: a|{fields}||5|hello|0||"),
            status,
        )
    };
    let mut cases = vec![
        with(BODY, "a length beside chunked", "Content-Length: 5|Transfer-Encoding: chunked", 400),
        with(BODY, "chunked beside a length", "Transfer-Encoding: chunked|Content-Length: 5", 400),
        with(BODY, "a length of 0 beside chunked", "Content-Length: 0|Transfer-Encoding: chunked", 400),
        with(BODY, "a length beside a coding nobody knows", "Content-Length: 5|Transfer-Encoding: x", 400),
        with(BODY, "two lengths", "Content-Length: 5|Content-Length: 6", 400),
        with(BODY, "the same length twice", "Content-Length: 5|Content-Length: 5", 400),
        with(BODY, "two lengths in one line", "Content-Length: 5, 6", 400),
        with(BODY, "the same length twice in one line", "Content-Length: 5,5", 400),
        with(BODY, "two lengths, one with another case", "Content-Length: 5|content-LENGTH: 0", 400),
        h1(CODING, "chunked in HTTP/1.0").effect("write").refused("POST / HTTP/1.0|Host: a|Transfer-Encoding: chunked||0||", 400),
        h1(CODING, "chunked and a length in HTTP/1.0")
            .effect("write")
            .refused("POST / HTTP/1.0|Host: a|Connection: keep-alive|Content-Length: 5|Transfer-Encoding: chunked||0||", 400),
        with(CODING, "a coding before chunked", "Transfer-Encoding: gzip, chunked", 501),
        with(CODING, "a coding with a parameter before chunked", "Transfer-Encoding: gzip;q=1, chunked", 501),
    ];
    for (name, value) in [
        ("empty", ""),
        ("with a plus", "+5"),
        ("with a minus", "-5"),
        ("in hexadecimal", "0x5"),
        ("with hexadecimal digits", "5f"),
        ("with a space within", "5 0"),
        ("with a comma at the end", "5,"),
        ("with a comma at the start", ",5"),
        ("with a fraction", "5.0"),
        ("with an exponent", "5e0"),
        ("with an underscore", "5_0"),
        ("in quotes", "\"5\""),
        ("with a parameter", "5;a"),
        ("of other digits", "\u{b2}"),
        ("that is a word", "five"),
        ("above 63 bits", "9223372036854775808"),
        ("that wraps around in 64 bits", "18446744073709551621"),
        (
            "that wraps around in 32 bits and is too large for 64",
            "99999999999999999999999999",
        ),
        ("with a no-break space", "5\u{a0}"),
    ] {
        cases.push(with(
            LENGTH,
            &format!("a length {name}"),
            &format!("Content-Length: {value}"),
            400,
        ));
    }
    for (name, value) in [
        ("that is empty", ""),
        ("identity", "identity"),
        ("gzip alone", "gzip"),
        ("behind chunked", "chunked, gzip"),
        ("identity behind chunked", "chunked, identity"),
        ("chunked twice", "chunked, chunked"),
        ("chunked behind an empty member", ", chunked"),
        ("chunked before an empty member", "chunked, "),
        ("chunked with a parameter", "chunked;a=b"),
        ("chunked with a letter before it", "xchunked"),
        ("chunked with a letter behind it", "chunkedx"),
        ("chunked with a word behind it", "chunked x"),
        ("chunked in quotes", "\"chunked\""),
        ("chunked in single quotes", "'chunked'"),
        ("chunked behind a colon", ": chunked"),
        ("chunked behind a no-break space", "\u{a0}chunked"),
        ("chunked with a semicolon", "chunked;"),
        ("chunked that is cut off", "chunke"),
        ("chunked behind a dash", "-chunked"),
        ("cow, as nobody calls a coding", "cow"),
    ] {
        cases.push(with(
            CODING,
            &format!("a coding {name}"),
            &format!("Transfer-Encoding: {value}"),
            400,
        ));
    }
    for (name, fields) in [
        (
            "chunked twice",
            "Transfer-Encoding: chunked|Transfer-Encoding: chunked",
        ),
        (
            "identity behind chunked",
            "Transfer-Encoding: chunked|Transfer-Encoding: identity",
        ),
        (
            "identity before chunked",
            "Transfer-Encoding: identity|Transfer-Encoding: chunked",
        ),
        (
            "a word behind chunked",
            "Transfer-Encoding: chunked|transfer-encoding: x",
        ),
    ] {
        cases.push(with(CODING, &format!("{name}, in two lines"), fields, 400));
    }
    for (name, field) in [
        ("a null in the name", "Transfer\0-Encoding: chunked"),
        ("a space in the name", "Transfer Encoding: chunked"),
        ("a space before the name", " Transfer-Encoding: chunked"),
        (
            "a vertical tab before the value",
            "Transfer-Encoding: \u{b}chunked",
        ),
        (
            "a form feed before the value",
            "Transfer-Encoding: \u{c}chunked",
        ),
        (
            "a vertical tab behind the value",
            "Transfer-Encoding: chunked\u{b}",
        ),
        ("a CR behind the value", "Transfer-Encoding: chunked\r"),
        ("an LF behind the name", "Transfer-Encoding\n: chunked"),
        (
            "a carriage return before the name",
            "X: y\rTransfer-Encoding: chunked",
        ),
        (
            "a byte above ASCII behind the name",
            "Transfer-Encoding\u{ff}: chunked",
        ),
    ] {
        cases.push(with(
            "RFC 9112 11.2",
            &format!("chunked hidden by {name}"),
            field,
            400,
        ));
    }
    cases
}

fn taken() -> Vec<Case> {
    vec![
        h1(BODY, "no length is no body")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a||GET /2 HTTP/1.1|Host: a||")
            .sees("POST / HTTP/1.1|Host: a||")
            .answered()
            .sees("GET /2 HTTP/1.1|Host: a||")
            .answered(),
        h1(BODY, "a length of 0 stays")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Content-Length: 0||")
            .sees("POST / HTTP/1.1|Host: a|Content-Length: 0||")
            .answered(),
        h1(BODY, "what comes behind a length is the next request")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Content-Length: 3||abcGET /2 HTTP/1.1|Host: a||")
            .sees("POST / HTTP/1.1|Host: a|Content-Length: 3||")
            .sees_body("abc")
            .answered()
            .sees("GET /2 HTTP/1.1|Host: a||")
            .answered(),
        h1(LENGTH, "a length with leading zeros is the number it is")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Content-Length: 003||abc")
            .sees("POST / HTTP/1.1|Host: a|Content-Length: 3||")
            .sees_body("abc")
            .answered(),
        h1(LENGTH, "a length with white space around it")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Content-Length: \t3 \t||abc")
            .sees_value("Content-Length", "3")
            .sees_body("abc")
            .answered(),
        h1(BODY, "a GET may have a body")
            .client("GET / HTTP/1.1|Host: a|Content-Length: 3||abc")
            .sees("GET / HTTP/1.1|Host: a|Content-Length: 3||")
            .sees_body("abc")
            .answered(),
        h1(BODY, "a body of HTTP/1.0 has a length")
            .effect("write")
            .client("POST / HTTP/1.0|Host: a|Content-Length: 3||abc")
            .sees("POST / HTTP/1.1|Host: a|Content-Length: 3||")
            .sees_body("abc")
            .answered()
            .closed(),
        h1(CODING, "chunked in other letters is chunked")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Transfer-Encoding: Chunked||3|abc|0||")
            .sees("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||")
            .sees_body("abc")
            .answered(),
        h1(
            "RFC 9112 8",
            "a body that ends too soon is not passed on as whole",
        )
        .effect("write")
        .client("POST / HTTP/1.1|Host: a|Content-Length: 10||abc")
        .sees("POST / HTTP/1.1|Host: a|Content-Length: 10||")
        .client_closes()
        .sees_broken(),
        h1("RFC 9112 8", "a head that ends too soon reaches nobody")
            .client("GET / HTTP/1.1|Host: a|")
            .client_closes()
            .unseen(),
        h1(BODY, "a length that a field of another name says")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Content_Length: 5||")
            .status(400)
            .unseen(),
        h1(BODY, "a coding that a field of another name says")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Content-Length: 0|Transfer_Encoding: chunked||")
            .status(400)
            .unseen(),
    ]
}
