//! Chunked bodies of requests: sizes, extensions, ends, trailers.

use crate::case::{Case, h1};

const CHUNK: &str = "RFC 9112 7.1";
const EXTENSION: &str = "RFC 9112 7.1.1";
const TRAILER: &str = "RFC 9112 7.1.2";
const HEAD: &str = "POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (section, name, body) in REFUSED {
        cases.push(
            h1(section, *name)
                .effect("write")
                .client(&format!("{HEAD}{body}"))
                .status(400)
                .closed()
                .never_whole(),
        );
    }
    let long = format!("{HEAD}1;{}|x|0||", "a".repeat(100_000));
    cases.push(
        h1(EXTENSION, "an extension without end")
            .effect("write")
            .client(&long)
            .status(400)
            .closed()
            .never_whole(),
    );
    let often = format!(
        "{HEAD}{}0||",
        format!("1;{}|x|", "a".repeat(500)).repeat(100)
    );
    cases.push(
        h1(EXTENSION, "extensions of every chunk")
            .effect("write")
            .client(&often)
            .status(400)
            .closed()
            .never_whole(),
    );
    cases.extend(taken());
    cases
}

const REFUSED: &[(&str, &str, &str)] = &[
    (CHUNK, "no size", "|abc|0||"),
    (CHUNK, "a size with a plus", "+3|abc|0||"),
    (CHUNK, "a size with a minus", "-3|abc|0||"),
    (CHUNK, "a size with 0x", "0x3|abc|0||"),
    (CHUNK, "a size with h", "3h|abc|0||"),
    (CHUNK, "a size with an underscore", "0_3|abc|0||"),
    (CHUNK, "a size with a space before it", " 3|abc|0||"),
    (CHUNK, "a size with a tab before it", "\t3|abc|0||"),
    (CHUNK, "a size with a space behind it", "3 |abc|0||"),
    (CHUNK, "a size with a tab behind it", "3\t|abc|0||"),
    (CHUNK, "a size in quotes", "\"3\"|abc|0||"),
    (CHUNK, "a size with a fraction", "3.0|abc|0||"),
    (CHUNK, "a size with a comma", "3,|abc|0||"),
    (CHUNK, "a size with a null", "3\0|abc|0||"),
    (CHUNK, "a size with a byte above ASCII", "3\u{b2}|abc|0||"),
    (CHUNK, "a size of letters beyond f", "g|abc|0||"),
    (CHUNK, "two sizes", "3 3|abc|0||"),
    (CHUNK, "a size above 63 bits", "8000000000000003|abc|0||"),
    (
        CHUNK,
        "a size that wraps around",
        "10000000000000003|abc|0||",
    ),
    (
        CHUNK,
        "a size of many digits",
        "fffffffffffffffffffffffff|abc|0||",
    ),
    (CHUNK, "a size that ends with LF", "3\nabc|0||"),
    (CHUNK, "a size that ends with CR", "3\rabc|0||"),
    (CHUNK, "a size that ends with CR CR LF", "3\r|abc|0||"),
    (CHUNK, "a size behind LF", "\n3|abc|0||"),
    (CHUNK, "data longer than its size", "3|abcd|0||"),
    (CHUNK, "data shorter than its size", "4|abc|0||"),
    (CHUNK, "data that ends with LF", "3|abc\n0||"),
    (CHUNK, "data that ends with CR", "3|abc\r0||"),
    (CHUNK, "data that ends with any two bytes", "3|abcXX0||"),
    (CHUNK, "data that ends with nothing", "3|abc0||"),
    (CHUNK, "a last chunk that ends with LF", "3|abc|0\n\n"),
    (CHUNK, "an end of LF", "3|abc|0|\n"),
    (CHUNK, "a last chunk with a sign", "3|abc|-0||"),
    (CHUNK, "a last chunk with an underscore", "3|abc|0_0||"),
    (EXTENSION, "an extension without a name", "3;|abc|0||"),
    (EXTENSION, "an extension with a value alone", "3;=b|abc|0||"),
    (EXTENSION, "an extension without its value", "3;a=|abc|0||"),
    (EXTENSION, "two words for an extension", "3;a b|abc|0||"),
    (EXTENSION, "an extension that ends with LF", "3;a\nabc|0||"),
    (
        EXTENSION,
        "an extension with LF and a size in it",
        "3;a\n4|abc|0||",
    ),
    (EXTENSION, "an extension with CR", "3;a\rb|abc|0||"),
    (EXTENSION, "an extension with a null", "3;a\0|abc|0||"),
    (
        EXTENSION,
        "an extension in quotes that do not close",
        "3;a=\"b|abc|0||",
    ),
    (
        EXTENSION,
        "an extension with LF in quotes",
        "3;a=\"\n\"|abc|0||",
    ),
    (
        EXTENSION,
        "an extension of the last chunk with LF",
        "3|abc|0;a\n|",
    ),
    (TRAILER, "a trailer without a colon", "3|abc|0|X||"),
    (
        TRAILER,
        "a trailer with a space before its colon",
        "3|abc|0|X : y||",
    ),
    (TRAILER, "a trailer that ends with LF", "3|abc|0|X: y\n|"),
    (TRAILER, "a trailer with a fold", "3|abc|0|X: y| z||"),
    (TRAILER, "a trailer with a null", "3|abc|0|X: \0||"),
    (
        TRAILER,
        "a trailer that begins with a space",
        "3|abc|0| X: y||",
    ),
    (
        "RFC 9110 6.5.1",
        "a length for a trailer",
        "3|abc|0|Content-Length: 50||",
    ),
    (
        "RFC 9110 6.5.1",
        "a coding for a trailer",
        "3|abc|0|Transfer-Encoding: chunked||",
    ),
    (
        "RFC 9110 6.5.1",
        "a Host for a trailer",
        "3|abc|0|Host: b||",
    ),
    (
        "RFC 9110 6.5.1",
        "credentials for a trailer",
        "3|abc|0|Authorization: x||",
    ),
    (
        "RFC 9110 6.5.1",
        "a Connection for a trailer",
        "3|abc|0|Connection: close||",
    ),
    (
        "RFC 9110 6.5.1",
        "a Content-Type for a trailer",
        "3|abc|0|Content-Type: x||",
    ),
];

fn taken() -> Vec<Case> {
    let seen = |section, name: &str, chunks: &str, body: &str, trailers: &str| {
        h1(section, name)
            .effect("write")
            .client(&format!("{HEAD}{chunks}"))
            .sees_any()
            .sees_has("Transfer-Encoding", "chunked")
            .sees_body(body)
            .sees_trailers(trailers)
            .answered()
    };
    vec![
        seen(
            CHUNK,
            "chunks of any size",
            "1|a|2|bc|0A|0123456789|0||",
            "abc0123456789",
            "",
        ),
        seen(
            CHUNK,
            "a size with leading zeros",
            "0000000000000000003|abc|000||",
            "abc",
            "",
        ),
        seen(
            CHUNK,
            "a size in capitals",
            "B|01234567890|0||",
            "01234567890",
            "",
        ),
        seen(
            CHUNK,
            "data that looks like chunks",
            "11||0||GET / |HT|0||",
            "|0||GET / |HT",
            "",
        ),
        seen(CHUNK, "no chunk but the last", "0||", "", ""),
        seen(
            EXTENSION,
            "extensions are taken off",
            "1;a|x|1;b=c;d=\"e;\\\"f\"|y|0;g||",
            "xy",
            "",
        ),
        seen(
            EXTENSION,
            "bad white space in an extension",
            "1 ; a = b|x|0||",
            "x",
            "",
        ),
        seen(
            TRAILER,
            "trailers come through",
            "1|x|0|X-Sum: 1|x-more: 2||",
            "x",
            "x-sum: 1|x-more: 2|",
        ),
        seen(
            TRAILER,
            "trailers that speak for the gateway do not come through",
            "1|x|0|X-Forwarded-For: 1.2.3.4|Figway-Shadow: true|figway_effect: read|Via: 1.1 a|X-Sum: 1||",
            "x",
            "x-sum: 1|",
        ),
        h1(CHUNK, "what comes behind the end is the next request")
            .effect("write")
            .client(&format!("{HEAD}1|x|0||GET /2 HTTP/1.1|Host: a||"))
            .sees_any()
            .sees_body("x")
            .answered()
            .sees("GET /2 HTTP/1.1|Host: a||")
            .answered(),
        h1(CHUNK, "a body that comes byte by byte")
            .effect("write")
            .dribbles(&format!("{HEAD}3;a=b|abc|2|de|0|X: y||"))
            .sees_any()
            .sees_body("abcde")
            .sees_trailers("x: y|")
            .answered(),
        h1(
            "RFC 9112 8",
            "chunks without their end are not passed on as whole",
        )
        .effect("write")
        .client(&format!("{HEAD}3|abc|"))
        .sees_any()
        .client_closes()
        .sees_broken(),
        h1(
            "RFC 9112 8",
            "a chunk that is cut off is not passed on as whole",
        )
        .effect("write")
        .client(&format!("{HEAD}9|abc"))
        .sees_any()
        .client_closes()
        .sees_broken(),
    ]
}
