//! WebSockets over HTTP/2 (RFC 8441).

use crate::case::{Case, Wants, h2};
use crate::h2::frame::*;

const SECTION: &str = "RFC 8441 4";
const ASK: [(&str, &str); 6] = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "http"),
    (":path", "/ws"),
    (":authority", "a"),
    ("sec-websocket-version", "13"),
];
const YES: &str = "HTTP/1.1 101 Switching Protocols|Connection: Upgrade|Upgrade: websocket|Sec-WebSocket-Accept: y|Sec-WebSocket-Protocol: p||";

pub(crate) fn cases() -> Vec<Case> {
    let open = |name: &str| {
        h2(SECTION, name)
            .bytes(headers(1, 0, &ASK))
            .sees_any()
            .sees_has("upgrade", "websocket")
            .sees_has("connection", "upgrade")
            .sees_has("sec-websocket-version", "13")
            .origin(YES)
            .wants(1, Wants::Status(200))
    };
    vec![
        h2("RFC 8441 3", "it is on offer").wants(0, Wants::AtMost(8, 1)),
        open("an answer of HTTP/1.1 becomes one of HTTP/2")
            .wants(1, Wants::Field("sec-websocket-protocol", "p"))
            .wants(1, Wants::NoField("upgrade"))
            .wants(1, Wants::NoField("connection"))
            .wants(1, Wants::NoField("sec-websocket-accept")),
        open("bytes go both ways")
            .bytes(data(1, 0, b"ping"))
            .sees_bytes("ping")
            .origin("pong")
            .wants(1, Wants::Bytes(4))
            .bytes(data(1, 0, b"more"))
            .sees_bytes("more"),
        open("the client's end is the origin's")
            .bytes(data(1, END_STREAM, b"bye"))
            .sees_bytes("bye")
            .origin_closed(),
        open("a client that ends its stream ends the tunnel")
            .bytes(reset(1, 8))
            .origin_closed(),
        open("the origin's end is the client's")
            .origin("bye")
            .origin_closes()
            .wants(1, Wants::Body(b"bye".to_vec())),
        h2(SECTION, "an origin that does not want to")
            .bytes(headers(1, 0, &ASK))
            .sees_any()
            .origin("HTTP/1.1 403 Forbidden|Content-Length: 2||no")
            .wants(1, Wants::Status(403))
            .wants(1, Wants::Body(b"no".to_vec())),
        h2(SECTION, "an origin that answers as if nobody had asked")
            .bytes(headers(1, 0, &ASK))
            .sees_any()
            .origin("HTTP/1.1 200 OK|Content-Length: 2||ok")
            .wants(1, Wants::Status(502)),
        h2(SECTION, "a protocol that nobody knows")
            .bytes(headers(
                1,
                0,
                &[
                    (":method", "CONNECT"),
                    (":protocol", "x"),
                    (":scheme", "http"),
                    (":path", "/"),
                    (":authority", "a"),
                ],
            ))
            .wants(1, Wants::Refused(&[PROTOCOL], &[400, 501]))
            .unseen(),
        h2(SECTION, "a protocol of another method")
            .bytes(headers(
                1,
                END_STREAM,
                &[&GET[..], &[(":protocol", "websocket")]].concat(),
            ))
            .wants(1, Wants::Refused(&[PROTOCOL], &[400]))
            .unseen(),
    ]
}
