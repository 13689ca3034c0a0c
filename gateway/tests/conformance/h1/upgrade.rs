//! Connections that change their protocol.

use crate::case::{Case, GET, h1};

const UPGRADE: &str = "RFC 9110 7.8";
const WEBSOCKET: &str = "RFC 6455 4";

pub(crate) fn cases() -> Vec<Case> {
    let ask =
        "GET /ws HTTP/1.1|Host: a|Connection: Upgrade|Upgrade: websocket|Sec-WebSocket-Key: x||";
    let yes = "HTTP/1.1 101 Switching Protocols|Connection: Upgrade|Upgrade: websocket|Sec-WebSocket-Accept: y||";
    let open = |section, name: &str| {
        h1(section, name)
            .client(ask)
            .sees_any()
            .sees_has("upgrade", "websocket")
            .sees_has("sec-websocket-key", "x")
            .origin(yes)
            .status(101)
            .field("upgrade", "websocket")
            .field("sec-websocket-accept", "y")
    };
    vec![
        open(WEBSOCKET, "bytes go both ways")
            .client("ping\0\u{ff}")
            .sees_bytes("ping\0\u{ff}")
            .origin("pong|||")
            .gets_bytes("pong|||")
            .client("more")
            .sees_bytes("more"),
        open(WEBSOCKET, "the client's end is the origin's").client("bye").sees_bytes("bye").client_closes().origin_closed(),
        open(WEBSOCKET, "the origin's end is the client's").origin("bye").origin_closes().gets_bytes("bye").closed(),
        open(WEBSOCKET, "each side may end alone")
            .client("last")
            .client_half_closes()
            .sees_bytes("last")
            .origin("answer to it")
            .gets_bytes("answer to it"),
        open(UPGRADE, "at a shutdown it ends at the deadline").drain().closed(),
        h1(WEBSOCKET, "bytes in one piece with the answer")
            .client(ask)
            .sees_any()
            .origin(&format!("{yes}at once"))
            .status(101)
            .gets_bytes("at once"),
        h1(UPGRADE, "an origin that does not say to what it changes")
            .client(ask)
            .sees_any()
            .origin("HTTP/1.1 101 Switching Protocols|Connection: Upgrade||")
            .status(502)
            .origin_closed(),
        h1(UPGRADE, "an origin that changes to something else")
            .client(ask)
            .sees_any()
            .origin("HTTP/1.1 101 Switching Protocols|Connection: Upgrade|Upgrade: other||")
            .status(502)
            .origin_closed(),
        h1(UPGRADE, "an upgrade of a request with a body is none, and an origin that changes before it was asked to the end changes for nobody")
            .effect("write")
            .client("POST /ws HTTP/1.1|Host: a|Connection: Upgrade|Upgrade: websocket|Content-Length: 5||he")
            .sees_any()
            .sees_no("upgrade")
            .sees_bytes("he")
            .origin(yes)
            .status(502)
            .origin_closed(),
        h1(UPGRADE, "an origin that does not want to")
            .client(ask)
            .sees_any()
            .answered()
            .asked()
            .answered(),
        h1(UPGRADE, "an origin that refuses")
            .client(ask)
            .sees_any()
            .origin("HTTP/1.1 426 Upgrade Required|Connection: Upgrade|Upgrade: other|Content-Length: 0||")
            .status(426),
        h1(UPGRADE, "an upgrade of HTTP/1.0 is none")
            .client("GET / HTTP/1.0|Host: a|Connection: upgrade|Upgrade: websocket||")
            .sees(GET)
            .answered()
            .closed(),
        h1(UPGRADE, "h2c is between neighbours, and not on offer")
            .client("GET / HTTP/1.1|Host: a|Connection: Upgrade, HTTP2-Settings|Upgrade: h2c|HTTP2-Settings: AAMAAABkAAQAAP__||")
            .sees_any()
            .sees_no("http2-settings")
            .answered(),
    ]
}
