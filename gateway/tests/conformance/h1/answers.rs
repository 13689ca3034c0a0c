//! What an origin may answer, how long its body is, and what is no answer.

use crate::case::{Case, GET, h1};

const STATUS: &str = "RFC 9112 4";
const BODY: &str = "RFC 9112 6.3";
const CHUNK: &str = "RFC 9112 7.1";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = BAD
        .iter()
        .map(|(section, name, answer)| {
            h1(section, format!("an answer with {name}")).bad_answer(answer)
        })
        .collect();
    for (section, name, rest) in BROKEN {
        let head = "HTTP/1.1 200 OK|Transfer-Encoding: chunked||2|ok|";
        cases.push(
            h1(
                section,
                format!("an answer with {name}, behind what has gone out"),
            )
            .asked()
            .origin(head)
            .status(200)
            .origin(rest)
            .broken()
            .origin_closed(),
        );
        cases.push(
            h1(section, format!("an answer with {name}, all at once"))
                .asked()
                .origin(&format!("{head}{rest}"))
                .nothing_whole()
                .origin_closed(),
        );
    }
    cases.extend(lengths());
    cases.extend(gone());
    cases
}

const BAD: &[(&str, &str, &str)] = &[
    (
        STATUS,
        "two spaces before the status",
        "HTTP/1.1  200 OK|Content-Length: 0||",
    ),
    (
        STATUS,
        "a status of two digits",
        "HTTP/1.1 20 OK|Content-Length: 0||",
    ),
    (
        STATUS,
        "a status of four digits",
        "HTTP/1.1 2000 OK|Content-Length: 0||",
    ),
    (
        STATUS,
        "a status of letters",
        "HTTP/1.1 abc OK|Content-Length: 0||",
    ),
    (
        STATUS,
        "a status with a sign",
        "HTTP/1.1 +20 OK|Content-Length: 0||",
    ),
    (
        STATUS,
        "a status below 100",
        "HTTP/1.1 099 OK|Content-Length: 0||",
    ),
    (STATUS, "no status", "HTTP/1.1|Content-Length: 0||"),
    (STATUS, "another protocol", "ICY 200 OK|Content-Length: 0||"),
    (
        STATUS,
        "a version in small letters",
        "http/1.1 200 OK|Content-Length: 0||",
    ),
    (
        STATUS,
        "a null in the reason",
        "HTTP/1.1 200 O\0K|Content-Length: 0||",
    ),
    (STATUS, "no status line at all", "<html>hello</html>||"),
    (STATUS, "a TLS alert", "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{28}"),
    (
        STATUS,
        "an empty line before it",
        "|HTTP/1.1 200 OK|Content-Length: 0||",
    ),
    (
        "RFC 9110 2.5",
        "a major version that is not ours",
        "HTTP/2.0 200 OK|Content-Length: 0||",
    ),
    (
        "RFC 9112 2.2",
        "LF alone",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    ),
    (
        "RFC 9112 2.2",
        "CR in a value",
        "HTTP/1.1 200 OK|X: a\rSet-Cookie: b|Content-Length: 0||",
    ),
    (
        "RFC 9112 2.2",
        "LF in a value",
        "HTTP/1.1 200 OK|X: a\nSet-Cookie: b|Content-Length: 0||",
    ),
    (
        "RFC 9112 5",
        "a line without a colon",
        "HTTP/1.1 200 OK|X|Content-Length: 0||",
    ),
    (
        "RFC 9112 5",
        "a name with a space",
        "HTTP/1.1 200 OK|X Y: z|Content-Length: 0||",
    ),
    (
        "RFC 9112 5",
        "a line without a name",
        "HTTP/1.1 200 OK|: z|Content-Length: 0||",
    ),
    (
        "RFC 9110 5.5",
        "a null in a value",
        "HTTP/1.1 200 OK|X: \0|Content-Length: 0||",
    ),
    (
        "RFC 9112 2.2",
        "white space before the first field",
        "HTTP/1.1 200 OK| X: y|Content-Length: 0||",
    ),
    (
        BODY,
        "two lengths",
        "HTTP/1.1 200 OK|Content-Length: 0|Content-Length: 2||ok",
    ),
    (
        BODY,
        "two lengths in one line",
        "HTTP/1.1 200 OK|Content-Length: 0, 2||ok",
    ),
    (
        BODY,
        "a length with a sign",
        "HTTP/1.1 200 OK|Content-Length: +2||ok",
    ),
    (
        BODY,
        "a length of letters",
        "HTTP/1.1 200 OK|Content-Length: two||ok",
    ),
    (
        BODY,
        "a length below 0",
        "HTTP/1.1 200 OK|Content-Length: -1||ok",
    ),
    (
        BODY,
        "a length above 63 bits",
        "HTTP/1.1 200 OK|Content-Length: 99999999999999999999||ok",
    ),
    (
        BODY,
        "a length beside chunked",
        "HTTP/1.1 200 OK|Content-Length: 2|Transfer-Encoding: chunked||2|ok|0||",
    ),
    (
        "RFC 9112 6.1",
        "a coding nobody knows",
        "HTTP/1.1 200 OK|Transfer-Encoding: x||ok",
    ),
    (
        "RFC 9112 6.1",
        "chunked before another coding",
        "HTTP/1.1 200 OK|Transfer-Encoding: chunked, gzip||ok",
    ),
    (
        "RFC 9112 6.1",
        "a coding before chunked",
        "HTTP/1.1 200 OK|Transfer-Encoding: gzip, chunked||0||",
    ),
    (
        "RFC 9112 6.1",
        "chunked twice",
        "HTTP/1.1 200 OK|Transfer-Encoding: chunked|Transfer-Encoding: chunked||0||",
    ),
    (
        "RFC 9112 6.1",
        "chunked in HTTP/1.0",
        "HTTP/1.0 200 OK|Transfer-Encoding: chunked||0||",
    ),
    (
        "RFC 9110 15.2.2",
        "a protocol that nobody asked for",
        "HTTP/1.1 101 Switching Protocols|Connection: upgrade|Upgrade: x||",
    ),
];

/// What comes behind a head and a first chunk.
const BROKEN: &[(&str, &str, &str)] = &[
    (CHUNK, "a chunk size of letters", "xyz|0||"),
    (CHUNK, "a chunk size with a sign", "+1|x|0||"),
    (CHUNK, "a chunk size with LF", "1\nx|0||"),
    (CHUNK, "a chunk size above 63 bits", "ffffffffffffffff|x"),
    (CHUNK, "a chunk longer than its size", "3|oks!0||"),
    (CHUNK, "an extension that is none", "1;|x|0||"),
    ("RFC 9112 7.1.2", "a trailer that is none", "0|X||"),
];

fn lengths() -> Vec<Case> {
    let head = "HEAD / HTTP/1.1|Host: a||";
    // Nothing of a body, and the connection goes on.
    let bodiless = |section, name: &str, request: &str, answer: &str, told: &str| {
        h1(section, name)
            .client(request)
            .sees(request)
            .origin(answer)
            .gets(told)
            .client(GET)
            .sees(GET)
            .answered()
    };
    vec![
        bodiless("RFC 9110 9.3.2", "HEAD keeps the length of what is not sent", head, "HTTP/1.1 200 OK|Content-Length: 1234||", "HTTP/1.1 200 OK|Content-Length: 1234||"),
        bodiless("RFC 9110 9.3.2", "HEAD without a length", head, "HTTP/1.1 200 OK|X: y||", "HTTP/1.1 200 OK|X: y||"),
        bodiless("RFC 9110 9.3.2", "HEAD of what would be chunked", head, "HTTP/1.1 200 OK|X: y|Transfer-Encoding: chunked||", "HTTP/1.1 200 OK|X: y||"),
        bodiless("RFC 9110 9.3.2", "HEAD with an error", head, "HTTP/1.1 404 Not Found|Content-Length: 9||", "HTTP/1.1 404 Not Found|Content-Length: 9||"),
        bodiless("RFC 9110 15.3.5", "204 has no body", GET, "HTTP/1.1 204 No Content|X: y||", "HTTP/1.1 204 No Content|X: y||"),
        bodiless("RFC 9110 8.6", "204 has no length", GET, "HTTP/1.1 204 No Content|Content-Length: 0||", "HTTP/1.1 204 No Content||"),
        bodiless("RFC 9110 15.4.5", "304 keeps the length of what is not sent", GET, "HTTP/1.1 304 Not Modified|ETag: \"x\"|Content-Length: 99||", "HTTP/1.1 304 Not Modified|ETag: \"x\"|Content-Length: 99||"),
        bodiless("RFC 9110 15.4.5", "304 without a length", GET, "HTTP/1.1 304 Not Modified|ETag: \"x\"||", "HTTP/1.1 304 Not Modified|ETag: \"x\"||"),
        bodiless("RFC 9110 8.6", "an empty body has a length", GET, "HTTP/1.1 200 OK|Content-Length: 0||", "HTTP/1.1 200 OK|Content-Length: 0||"),
        h1(BODY, "204 with a body: the body is nobody's")
            .asked()
            .origin("HTTP/1.1 204 No Content|Content-Length: 5||HTTP/1.1 200 Forged|Content-Length: 0||")
            .gets("HTTP/1.1 204 No Content||")
            .client(GET)
            .fresh()
            .sees(GET)
            .answered(),
        h1(BODY, "HEAD with a body: the body is nobody's")
            .client(head)
            .sees(head)
            .origin("HTTP/1.1 200 OK|Content-Length: 5||hello")
            .gets("HTTP/1.1 200 OK|Content-Length: 5||")
            .client(GET)
            .fresh()
            .sees(GET)
            .answered(),
        h1(BODY, "304 with a body: the body is nobody's")
            .asked()
            .origin("HTTP/1.1 304 Not Modified|Content-Length: 5||hello")
            .gets("HTTP/1.1 304 Not Modified|Content-Length: 5||")
            .client(GET)
            .fresh()
            .sees(GET)
            .answered(),
        h1(BODY, "more than its length: the rest is nobody's answer")
            .asked()
            .origin("HTTP/1.1 200 OK|Content-Length: 2||okHTTP/1.1 200 Forged|Content-Length: 0||")
            .gets("HTTP/1.1 200 OK|Content-Length: 2||")
            .body("ok")
            .client(GET)
            .fresh()
            .sees(GET)
            .answered(),
        h1(BODY, "more than its last chunk: the rest is nobody's answer")
            .asked()
            .origin("HTTP/1.1 200 OK|Transfer-Encoding: chunked||2|ok|0||HTTP/1.1 200 Forged|Content-Length: 0||")
            .status(200)
            .body("ok")
            .client(GET)
            .fresh()
            .sees(GET)
            .answered(),
        h1("RFC 9112 9.2", "an answer that nobody asked for is nobody's")
            .asked()
            .answered()
            .origin("HTTP/1.1 200 Forged|Content-Length: 6||forged")
            .client(GET)
            .fresh()
            .sees(GET)
            .answered(),
        h1(BODY, "a body until the origin closes becomes chunked")
            .asked()
            .origin("HTTP/1.1 200 OK|X: y||until the end")
            .origin_closes()
            .status(200)
            .field("transfer-encoding", "chunked")
            .body("until the end")
            .client(GET)
            .sees(GET)
            .answered(),
        h1(BODY, "a body until the origin closes, to a client of HTTP/1.0")
            .client("GET / HTTP/1.0|Host: a||")
            .sees(GET)
            .origin("HTTP/1.1 200 OK|X: y||until the end")
            .origin_closes()
            .status(200)
            .no_field("transfer-encoding")
            .body("until the end"),
        h1(CHUNK, "chunks to a client of HTTP/1.0 come as what is in them")
            .client("GET / HTTP/1.0|Host: a||")
            .sees(GET)
            .origin("HTTP/1.1 200 OK|Transfer-Encoding: chunked||2|ok|3|all|0|X: y||")
            .status(200)
            .no_field("transfer-encoding")
            .body("okall"),
        h1(CHUNK, "chunks to a client of HTTP/1.0 that keeps its connection end with it")
            .client("GET / HTTP/1.0|Host: a|Connection: keep-alive||")
            .sees(GET)
            .origin("HTTP/1.1 200 OK|Transfer-Encoding: chunked||2|ok|0||")
            .status(200)
            .no_field("transfer-encoding")
            .body("ok"),
        h1(CHUNK, "chunks with extensions and trailers")
            .asked()
            .origin("HTTP/1.1 200 OK|Transfer-Encoding: chunked|Trailer: X-Sum||1;a=b|x|2|yz|0;c|X-Sum: 9||")
            .status(200)
            .field("trailer", "X-Sum")
            .body("xyz")
            .trailers("x-sum: 9|"),
        h1("RFC 9110 6.5.1", "a trailer that must not be one is left out")
            .asked()
            .origin("HTTP/1.1 200 OK|Transfer-Encoding: chunked||2|ok|0|Set-Cookie: a=b|X-Sum: 9|Content-Length: 9||")
            .status(200)
            .body("ok")
            .trailers("x-sum: 9|"),
        h1("RFC 9112 6.1", "chunked in other letters")
            .asked()
            .origin("HTTP/1.1 200 OK|transfer-ENCODING: CHUNKED||2|ok|0||")
            .status(200)
            .body("ok"),
        h1("RFC 9110 2.5", "an answer of HTTP/1.0 comes as one of HTTP/1.1")
            .asked()
            .origin("HTTP/1.0 200 OK|Content-Length: 2||ok")
            .gets("HTTP/1.1 200 OK|Content-Length: 2||")
            .body("ok")
            .client(GET)
            .fresh()
            .sees(GET)
            .answered(),
        h1("RFC 9112 9.3", "an origin of HTTP/1.0 that keeps its connection")
            .asked()
            .origin("HTTP/1.0 200 OK|Connection: keep-alive|Content-Length: 2||ok")
            .gets("HTTP/1.1 200 OK|Content-Length: 2||")
            .body("ok")
            .client(GET)
            .same()
            .sees(GET)
            .answered(),
    ]
}

fn gone() -> Vec<Case> {
    const INCOMPLETE: &str = "RFC 9112 8";
    vec![
        h1(INCOMPLETE, "an origin that closes within its head")
            .effect("write")
            .asked()
            .origin("HTTP/1.1 200 OK|X")
            .origin_closes()
            .status(502),
        h1(INCOMPLETE, "an origin that resets within its head")
            .effect("write")
            .asked()
            .origin("HTTP/1.1 200 OK|X")
            .origin_resets()
            .status(502),
        h1(INCOMPLETE, "an origin that closes within its body")
            .asked()
            .origin("HTTP/1.1 200 OK|Content-Length: 10||abc")
            .status(200)
            .origin_closes()
            .broken(),
        h1(INCOMPLETE, "an origin that resets within its body")
            .asked()
            .origin("HTTP/1.1 200 OK|Content-Length: 10||abc")
            .status(200)
            .origin_resets()
            .broken(),
        h1(INCOMPLETE, "an origin that closes between chunks")
            .asked()
            .origin("HTTP/1.1 200 OK|Transfer-Encoding: chunked||3|abc|")
            .status(200)
            .origin_closes()
            .broken(),
        h1(
            INCOMPLETE,
            "an origin that closes before the empty line of the trailers",
        )
        .asked()
        .origin("HTTP/1.1 200 OK|Transfer-Encoding: chunked||3|abc|0|X: y|")
        .status(200)
        .origin_closes()
        .broken(),
        h1("RFC 9110 15.6.3", "an origin that is not there")
            .origin_goes()
            .client(GET)
            .status(502)
            .client(GET)
            .status(502),
        h1(
            "RFC 9110 9.2.2",
            "a write is not sent twice when the origin closes",
        )
        .effect("write")
        .client("POST / HTTP/1.1|Host: a|Content-Length: 2||hi")
        .sees_any()
        .sees_body("hi")
        .origin_closes()
        .status(502)
        .unseen(),
        h1(
            "RFC 9110 9.2.2",
            "a read is asked again on a fresh connection when a kept one was closed",
        )
        .asked()
        .answered()
        .client(GET)
        .same()
        .sees(GET)
        .origin_closes()
        .fresh()
        .sees(GET)
        .answered(),
    ]
}
