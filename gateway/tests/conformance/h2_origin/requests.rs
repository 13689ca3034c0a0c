//! What an origin of HTTP/2 is asked.

use super::{asked, ok, plain};
use crate::case::{Case, GET, Wants, h2_origin};
use crate::h2::frame::*;

const HOPS: &str = "RFC 9113 8.2.2";
const TARGET: &str = "RFC 9113 8.3.1";
const WINDOW: &str = "RFC 9113 6.9";

pub(crate) fn cases() -> Vec<Case> {
    let sent = |section, name: &str, request: &str| {
        h2_origin(section, name)
            .effect("write")
            .client(request)
            .greets(plain())
    };
    vec![
        asked("RFC 9113 3.4", "the preface, settings and a request come without a word of the origin's")
            .behind(0, Wants::AtMost(2, 0))
            .answers(1),
        asked("RFC 9113 6.5.3", "settings are acknowledged")
            .behind(0, Wants::Acks(1))
            .answers(1),
        sent(TARGET, "the target and Host become pseudo fields", "GET /x?y=1 HTTP/1.1|Host: erp.example:81|Accept: */*||")
            .behind(1, Wants::Asks(":path", "/x?y=1"))
            .behind(1, Wants::Asks(":authority", "erp.example:81"))
            .behind(1, Wants::Asks(":scheme", "http"))
            .behind(1, Wants::Asks("accept", "*/*"))
            .behind(1, Wants::NoField("host"))
            .answers(1),
        sent(TARGET, "OPTIONS of the server itself", "OPTIONS * HTTP/1.1|Host: a||")
            .behind(1, Wants::Asks(":path", "*"))
            .answers(1),
        sent(HOPS, "fields between neighbours do not go on", "GET / HTTP/1.1|Host: a|Connection: keep-alive, X-Hop|Keep-Alive: 5|X-Hop: 1|Proxy-Connection: x||")
            .behind(1, Wants::Asks(":method", "GET"))
            .behind(1, Wants::NoField("connection"))
            .behind(1, Wants::NoField("keep-alive"))
            .behind(1, Wants::NoField("x-hop"))
            .behind(1, Wants::NoField("proxy-connection"))
            .answers(1),
        sent(HOPS, "of TE no more than trailers", "GET / HTTP/1.1|Host: a|Connection: TE|TE: gzip, trailers||")
            .behind(1, Wants::Asks("te", "trailers"))
            .answers(1),
        sent("RFC 9113 8.2", "names go on in small letters", "GET / HTTP/1.1|Host: a|X-Upper: Y||")
            .behind(1, Wants::Asks("x-upper", "Y"))
            .answers(1),
        sent("RFC 9113 8.1", "a request without a body ends with its head", "POST / HTTP/1.1|Host: a|Content-Length: 0||")
            .behind(1, Wants::Asks(":method", "POST"))
            .behind(1, Wants::Body(Vec::new()))
            .answers(1),
        sent("RFC 9113 8.1.1", "a length goes on, and a body of it", "POST / HTTP/1.1|Host: a|Content-Length: 5||hello")
            .behind(1, Wants::Asks("content-length", "5"))
            .behind(1, Wants::Body(b"hello".to_vec()))
            .answers(1),
        sent(HOPS, "chunks become frames", "POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||3|hel|2|lo|0||")
            .behind(1, Wants::Asks(":method", "POST"))
            .behind(1, Wants::NoField("transfer-encoding"))
            .behind(1, Wants::Body(b"hello".to_vec()))
            .answers(1),
        sent("RFC 9113 8.1", "trailers go on", "POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||5|hello|0|X-Sum: 9||")
            .behind(1, Wants::Body(b"hello".to_vec()))
            .behind(1, Wants::Trailer("x-sum", "9"))
            .answers(1),
        sent("RFC 9110 10.1.1", "the origin says that the body is wanted", "POST / HTTP/1.1|Host: a|Expect: 100-continue|Content-Length: 5||")
            .behind(1, Wants::Asks("expect", "100-continue"))
            .says(headers(1, 0, &[(":status", "100")]))
            .gets("HTTP/1.1 100 Continue||")
            .client("hello")
            .behind(1, Wants::Body(b"hello".to_vec()))
            .answers(1),
        h2_origin(WINDOW, "no more goes than the origin's window")
            .effect("write")
            .client(GET)
            .greets(settings(&[(4, 10)]))
            .behind(0, Wants::Acks(1))
            .answers(1)
            .client("POST / HTTP/1.1|Host: a|Content-Length: 26||abcdefghijklmnopqrstuvwxyz")
            .behind(3, Wants::Asks(":method", "POST"))
            .behind(3, Wants::Bytes(10))
            .says(window(3, 5))
            .behind(3, Wants::Bytes(15))
            .says(window(3, 100))
            .behind(3, Wants::Body(b"abcdefghijklmnopqrstuvwxyz".to_vec()))
            .answers(3),
        h2_origin("RFC 9113 6.9.2", "settings change the windows of streams that are open")
            .effect("write")
            .client(GET)
            .greets(settings(&[(4, 0)]))
            .behind(0, Wants::Acks(1))
            .answers(1)
            .client("POST / HTTP/1.1|Host: a|Content-Length: 5||hello")
            .behind(3, Wants::Asks(":method", "POST"))
            .behind(3, Wants::Bytes(0))
            .says(settings(&[(4, 3)]))
            .behind(3, Wants::Bytes(3))
            .says(settings(&[(4, 9)]))
            .behind(3, Wants::Body(b"hello".to_vec()))
            .answers(3),
        asked("RFC 7541 4.2", "an origin without a table")
            .says(settings(&[(1, 0)]))
            .behind(0, Wants::Acks(2))
            .answers(1)
            .client(GET)
            .behind(3, Wants::Asks(":authority", "a"))
            .answers(3)
            .client(GET)
            .behind(5, Wants::Asks(":authority", "a"))
            .answers(5),
        asked("RFC 9113 9.1", "further requests come on the same connection").answers(1).client(GET).behind(3, Wants::Asks(":path", "/")).answers(3),
        asked("RFC 9113 5", "several at a time do")
            .on(1)
            .client(GET)
            .behind(3, Wants::Asks(":path", "/"))
            .says(ok(3))
            .status(200)
            .body("ok")
            .on(0)
            .answers(1),
        h2_origin("RFC 9113 5.1.2", "no more streams than the origin takes: the next is on another connection")
            .client(GET)
            .greets(settings(&[(3, 1)]))
            .behind(1, Wants::Asks(":path", "/"))
            .behind(0, Wants::Acks(1))
            .on(1)
            .client(GET)
            .greets(plain())
            .behind(1, Wants::Asks(":path", "/"))
            .answers(1),
    ]
}
