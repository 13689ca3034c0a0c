//! What a gateway takes off, adds and leaves alone on the way to the origin and back.

use crate::case::{Case, GET, h1};

const HOP: &str = "RFC 9110 7.6.1";

pub(crate) fn cases() -> Vec<Case> {
    let stripped = |name: &str, fields: &str| {
        h1(HOP, name)
            .client(&format!("GET / HTTP/1.1|Host: a|{fields}|X-Stays: 1||"))
            .sees("GET / HTTP/1.1|Host: a|X-Stays: 1||")
            .answered()
    };
    let answer_stripped = |name: &str, fields: &str| {
        h1(HOP, name)
            .asked()
            .origin(&format!(
                "HTTP/1.1 200 OK|{fields}|X-Stays: 1|Content-Length: 0||"
            ))
            .gets("HTTP/1.1 200 OK|X-Stays: 1|Content-Length: 0||")
            .body("")
    };
    vec![
        stripped("Connection goes no further", "Connection: keep-alive"),
        stripped("what Connection nominates goes no further", "Connection: X-Hop|X-Hop: 1"),
        stripped("nominated in other letters", "connection: x-HOP|X-Hop: 1"),
        stripped("nominated before it comes", "X-Hop: 1|Connection: foo, x-hop"),
        stripped("nominated in two lines", "Connection: X-A|Connection: keep-alive, X-B|X-A: 1|X-B: 2"),
        stripped("nominated with empty members", "Connection: , ,X-Hop,,|X-Hop: 1"),
        stripped("all lines of what is nominated", "Connection: X-Hop|X-Hop: 1|x-hop: 2"),
        stripped("Keep-Alive goes no further", "Keep-Alive: timeout=5"),
        stripped("Proxy-Connection goes no further", "Proxy-Connection: keep-alive"),
        stripped("TE without trailers goes no further", "TE: gzip|Connection: TE"),
        stripped("an Upgrade that Connection does not nominate goes no further", "Upgrade: websocket"),
        h1(HOP, "a nominated Content-Length stays, it frames")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Connection: content-length|Content-Length: 2||hi")
            .sees("POST / HTTP/1.1|Host: a|Content-Length: 2||")
            .sees_body("hi")
            .answered(),
        h1(HOP, "a nominated Transfer-Encoding stays, it frames")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Connection: transfer-encoding|Transfer-Encoding: chunked||2|hi|0||")
            .sees("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||")
            .sees_body("hi")
            .answered(),
        h1("RFC 9110 10.1.4", "TE: trailers goes on, alone")
            .client("GET / HTTP/1.1|Host: a|Connection: TE|TE: gzip;q=0.5, trailers||")
            .sees_value("TE", "trailers")
            .answered(),
        answer_stripped("an answer's Connection comes no further", "Connection: keep-alive"),
        answer_stripped("what an answer's Connection nominates comes no further", "Connection: X-Hop|X-Hop: 1"),
        answer_stripped("an answer's Keep-Alive comes no further", "Keep-Alive: timeout=5"),
        answer_stripped("an answer's Proxy-Connection comes no further", "Proxy-Connection: close"),
        h1(HOP, "an answer's nominated Content-Length stays")
            .asked()
            .origin("HTTP/1.1 200 OK|Connection: content-length|Content-Length: 2||ok")
            .gets("HTTP/1.1 200 OK|Content-Length: 2||")
            .body("ok"),
        h1(HOP, "an origin's close is between the gateway and the origin")
            .asked()
            .origin("HTTP/1.1 200 OK|Connection: close|Content-Length: 2||ok")
            .gets("HTTP/1.1 200 OK|Content-Length: 2||")
            .body("ok")
            .client(GET)
            .fresh()
            .sees(GET)
            .answered(),
        h1("RFC 9110 7.6.3", "Via names the protocol that came").client(GET).sees_value("via", "1.1 figway").answered(),
        h1("RFC 9110 7.6.3", "Via of HTTP/1.0").client("GET / HTTP/1.0|Host: a||").sees_value("via", "1.0 figway").answered().closed(),
        h1("RFC 9110 7.6.3", "Via is a list, in order")
            .client("GET / HTTP/1.1|Host: a|Via: 1.0 x, 1.1 y|Via: 1.1 z||")
            .sees_value("via", "1.0 x, 1.1 y, 1.1 z, 1.1 figway")
            .answered(),
        h1("RFC 9110 15.1", "a reason phrase stays")
            .asked()
            .origin("HTTP/1.1 200 Alles gut|Content-Length: 0||")
            .gets("HTTP/1.1 200 Alles gut|Content-Length: 0||")
            .body(""),
        h1("RFC 9110 15.1", "an empty reason phrase stays")
            .asked()
            .origin("HTTP/1.1 404 |Content-Length: 0||")
            .gets("HTTP/1.1 404 |Content-Length: 0||")
            .body(""),
        h1("RFC 9110 15.1", "a reason phrase above ASCII stays")
            .asked()
            .origin("HTTP/1.1 404 Nicht da, f\u{fc}r immer|Content-Length: 0||")
            .gets("HTTP/1.1 404 Nicht da, f\u{fc}r immer|Content-Length: 0||")
            .body(""),
        h1("RFC 9110 15", "a status nobody knows stays")
            .asked()
            .origin("HTTP/1.1 299 x|Content-Length: 0||")
            .gets("HTTP/1.1 299 x|Content-Length: 0||")
            .body(""),
        h1("RFC 9110 15", "a status beyond the registered ones stays")
            .asked()
            .origin("HTTP/1.1 799 x|Content-Length: 0||")
            .gets("HTTP/1.1 799 x|Content-Length: 0||")
            .body(""),
        h1("RFC 9110 6.6.1", "no Date is made up")
            .asked()
            .origin("HTTP/1.1 200 OK|Content-Length: 0||")
            .gets("HTTP/1.1 200 OK|Content-Length: 0||")
            .body(""),
        h1("RFC 9110 7.7", "content is not touched: coded content stays coded")
            .client("GET / HTTP/1.1|Host: a|Accept-Encoding: gzip||")
            .sees("GET / HTTP/1.1|Host: a|Accept-Encoding: gzip||")
            .origin("HTTP/1.1 200 OK|Content-Encoding: gzip|Content-Length: 4||\u{1f}\u{8b}\u{8}\0")
            .gets("HTTP/1.1 200 OK|Content-Encoding: gzip|Content-Length: 4||")
            .body("\u{1f}\u{8b}\u{8}\0"),
        h1("RFC 9110 14", "a range and its answer come through")
            .client("GET / HTTP/1.1|Host: a|Range: bytes=0-1||")
            .sees("GET / HTTP/1.1|Host: a|Range: bytes=0-1||")
            .origin("HTTP/1.1 206 Partial Content|Content-Range: bytes 0-1/9|Content-Length: 2||ab")
            .gets("HTTP/1.1 206 Partial Content|Content-Range: bytes 0-1/9|Content-Length: 2||")
            .body("ab"),
        h1("RFC 9110 7.6.2", "an OPTIONS that may go no further is answered by us")
            .client("OPTIONS / HTTP/1.1|Host: a|Max-Forwards: 0||")
            .gets("HTTP/1.1 200 OK|content-length: 0||")
            .body("")
            .unseen(),
        h1("RFC 9110 7.6.2", "an OPTIONS of everything that may go no further")
            .client("OPTIONS * HTTP/1.1|Host: a|Max-Forwards: 0||")
            .gets("HTTP/1.1 200 OK|content-length: 0||")
            .body("")
            .unseen(),
        h1("RFC 9110 7.6.2", "an OPTIONS that may go further is counted")
            .client("OPTIONS / HTTP/1.1|Host: a|max-FORWARDS: 10||")
            .sees("OPTIONS / HTTP/1.1|Host: a|max-FORWARDS: 9||")
            .answered(),
        h1("RFC 9110 7.6.2", "a TRACE that may go no further shows nothing")
            .client("TRACE / HTTP/1.1|Host: a|Cookie: x|Max-Forwards: 0||")
            .gets("HTTP/1.1 405 Method Not Allowed|allow: OPTIONS|content-length: 0||")
            .body("")
            .unseen(),
        h1("RFC 9110 7.6.2", "Max-Forwards of another method stays")
            .client("GET / HTTP/1.1|Host: a|Max-Forwards: 0||")
            .sees("GET / HTTP/1.1|Host: a|Max-Forwards: 0||")
            .answered(),
        h1("DESIGN", "a client's Figway- fields go no further")
            .client("GET / HTTP/1.1|Host: a|Figway-Shadow: true|FIGWAY-X: 1||")
            .sees("GET / HTTP/1.1|Host: a||")
            .answered(),
    ]
}
