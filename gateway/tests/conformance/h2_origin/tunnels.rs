//! WebSockets to an origin of HTTP/2 (RFC 8441).

use super::plain;
use crate::case::{Case, Wants, h2_origin};
use crate::h2::frame::*;

const SECTION: &str = "RFC 8441 5";
const ASK: &str = "GET /ws HTTP/1.1|Host: a|Connection: Upgrade|Upgrade: websocket|Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==|Sec-WebSocket-Version: 13||";

pub(crate) fn cases() -> Vec<Case> {
    let asked = |name: &str| {
        h2_origin(SECTION, name)
            .client(ASK)
            .greets(settings(&[(8, 1)]))
            .behind(1, Wants::Asks(":method", "CONNECT"))
            .behind(1, Wants::Asks(":protocol", "websocket"))
    };
    let open = |name: &str| {
        asked(name)
            .says(headers(
                1,
                0,
                &[(":status", "200"), ("sec-websocket-protocol", "p")],
            ))
            .status(101)
            .field("sec-websocket-protocol", "p")
    };
    vec![
        asked("it is asked for as HTTP/2 does")
            .behind(1, Wants::Asks(":path", "/ws"))
            .behind(1, Wants::Asks(":scheme", "http"))
            .behind(1, Wants::Asks(":authority", "a"))
            .behind(1, Wants::Asks("sec-websocket-version", "13"))
            .behind(1, Wants::NoField("sec-websocket-key"))
            .behind(1, Wants::NoField("upgrade"))
            .behind(1, Wants::NoField("connection")),
        open("the answer is what HTTP/1.1 expects")
            .field("upgrade", "websocket")
            .field("connection", "Upgrade")
            .field("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        open("bytes go both ways")
            .client("ping")
            .behind(1, Wants::Bytes(4))
            .says(data(1, 0, b"pong"))
            .gets_bytes("pong"),
        open("the client's end is the origin's")
            .client("bye")
            .client_half_closes()
            .behind(1, Wants::Body(b"bye".to_vec())),
        open("the origin's end is the client's")
            .says(data(1, END_STREAM, b"bye"))
            .gets_bytes("bye")
            .closed(),
        open("a stream that is ended ends the tunnel")
            .says(reset(1, CANCEL))
            .closed(),
        open("a client that breaks off ends the stream")
            .client_resets()
            .behind(1, Wants::Reset(&[CANCEL])),
        asked("an origin that does not want to")
            .says(headers(
                1,
                0,
                &[(":status", "403"), ("content-length", "2")],
            ))
            .says(data(1, END_STREAM, b"no"))
            .gets_status_with_body(403, "no"),
        h2_origin(
            "RFC 8441 3",
            "an origin that offers none is not asked for one",
        )
        .client(ASK)
        .greets(plain())
        .status(502)
        .behind(1, Wants::Unasked),
        h2_origin("RFC 6455 4.1", "what is no GET asks for none")
            .effect("write")
            .client(
                &ASK.replace("GET", "POST")
                    .replace("||", "|Content-Length: 0||"),
            )
            .greets(settings(&[(8, 1)]))
            .behind(1, Wants::Asks(":method", "POST"))
            .behind(1, Wants::NoField("upgrade"))
            .says(headers(1, END_STREAM, &[(":status", "204")]))
            .status(204),
        h2_origin(
            "RFC 9113 8.1.1",
            "a length of nothing is not that of the tunnel",
        )
        .client(&ASK.replace("||", "|Content-Length: 0||"))
        .greets(settings(&[(8, 1)]))
        .behind(1, Wants::Asks(":method", "CONNECT"))
        .behind(1, Wants::NoField("content-length")),
        h2_origin(SECTION, "from a stream to a stream")
            .bytes(hello())
            .bytes(headers(
                1,
                0,
                &[
                    (":method", "CONNECT"),
                    (":protocol", "websocket"),
                    (":scheme", "http"),
                    (":path", "/ws"),
                    (":authority", "a"),
                    ("sec-websocket-version", "13"),
                ],
            ))
            .greets(settings(&[(8, 1)]))
            .behind(1, Wants::Asks(":protocol", "websocket"))
            .says(headers(1, 0, &[(":status", "200")]))
            .wants(1, Wants::Status(200))
            .bytes(data(1, 0, b"ping"))
            .behind(1, Wants::Bytes(4))
            .says(data(1, END_STREAM, b"pong"))
            .wants(1, Wants::Body(b"pong".to_vec())),
    ]
}
