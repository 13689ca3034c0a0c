//! Bodies over HTTP/2: lengths that lie, windows, trailers, and answers of HTTP/1.1 that become answers of HTTP/2.

use crate::case::{Case, OK, Wants, h2};
use crate::h2::frame::*;

const LENGTH: &str = "RFC 9113 8.1.1";
const TRAILERS: &str = "RFC 9113 8.1";
const WINDOW: &str = "RFC 9113 6.9";
const FIELDS: &str = "RFC 9113 8.2.2";

#[allow(clippy::too_many_lines, reason = "one list")]
pub(crate) fn cases() -> Vec<Case> {
    let lies = |name: &str, frames: Vec<u8>| {
        h2(LENGTH, name)
            .effect("write")
            .bytes(frames)
            .wants(1, Wants::Refused(&[PROTOCOL], &[400]))
            .never_whole()
    };
    let answer = |section, name: &str, answer: &str| {
        h2(section, name)
            .bytes(get(1, &[]))
            .sees_any()
            .origin(answer)
    };
    vec![
        lies("a length above what comes", [post(1, &[("content-length", "10")]), data(1, END_STREAM, b"hello")].concat()),
        lies("a length below what comes", [post(1, &[("content-length", "2")]), data(1, END_STREAM, b"hello")].concat()),
        lies("a length of 0 and something comes", [post(1, &[("content-length", "0")]), data(1, END_STREAM, b"GET /admin HTTP/1.1\r\nHost: a\r\n\r\n")].concat()),
        lies("a length and nothing comes", get(1, &[("content-length", "5")])),
        lies("two lengths", [post(1, &[("content-length", "5"), ("content-length", "0")]), data(1, END_STREAM, b"hello")].concat()),
        lies("a length with a sign", [post(1, &[("content-length", "+5")]), data(1, END_STREAM, b"hello")].concat()),
        lies("a length in a list", [post(1, &[("content-length", "5, 5")]), data(1, END_STREAM, b"hello")].concat()),
        lies("a length of letters", [post(1, &[("content-length", "five")]), data(1, END_STREAM, b"hello")].concat()),
        h2(LENGTH, "a length that is right")
            .effect("write")
            .bytes([post(1, &[("content-length", "5")]), data(1, 0, b"hel"), data(1, END_STREAM, b"lo")].concat())
            .sees("POST / HTTP/1.1|host: a|content-length: 5||")
            .sees_body("hello")
            .origin(OK)
            .wants(1, Wants::Status(200)),
        h2("RFC 9112 6.1", "a body without a length becomes chunks")
            .effect("write")
            .bytes(post(1, &[]))
            .sees("POST / HTTP/1.1|host: a|transfer-encoding: chunked||")
            .bytes([data(1, 0, b"hel"), data(1, END_STREAM, b"lo")].concat())
            .sees_body("hello")
            .origin(OK)
            .wants(1, Wants::Status(200)),
        h2("RFC 9112 6.3", "a request that ends with its head has no body")
            .effect("write")
            .bytes(headers(1, END_STREAM, &POST))
            .sees_any()
            .sees_no("transfer-encoding")
            .sees_body("")
            .origin(OK)
            .wants(1, Wants::Status(200)),
        h2("RFC 9113 6.1", "data with padding")
            .effect("write")
            .bytes([post(1, &[]), frame(DATA, PADDED | END_STREAM, 1, b"\x03hello\0\0\0")].concat())
            .sees_any()
            .sees_body("hello")
            .origin(OK)
            .wants(1, Wants::Status(200)),
        h2(TRAILERS, "a request's trailers go on")
            .effect("write")
            .bytes([post(1, &[]), data(1, 0, b"hello")].concat())
            .sees_any()
            .bytes(headers(1, END_STREAM, &[("x-sum", "9")]))
            .sees_body("hello")
            .sees_trailers("x-sum: 9|")
            .origin(OK)
            .wants(1, Wants::Status(200)),
        h2(TRAILERS, "trailers that do not end the stream")
            .effect("write")
            .bytes([post(1, &[]), data(1, 0, b"hello"), headers(1, 0, &[("x-sum", "9")])].concat())
            .wants(1, Wants::Refused(&[PROTOCOL], &[400]))
            .never_whole(),
        h2(TRAILERS, "a pseudo field in trailers")
            .effect("write")
            .bytes([post(1, &[]), data(1, 0, b"hello")].concat())
            .sees_any()
            .bytes(headers(1, END_STREAM, &[("x-sum", "9"), (":path", "/admin")]))
            .wants(1, Wants::Refused(&[PROTOCOL], &[400]))
            .sees_broken(),
        h2(TRAILERS, "nothing but a pseudo field in trailers")
            .effect("write")
            .bytes([post(1, &[]), data(1, 0, b"hello")].concat())
            .sees_any()
            .bytes(headers(1, END_STREAM, &[(":path", "/admin")]))
            .wants(1, Wants::Refused(&[PROTOCOL], &[400]))
            .wants(0, Wants::Alive)
            .sees_broken(),
        h2(TRAILERS, "trailers behind a length that HTTP/1.1 has no place for")
            .effect("write")
            .bytes([post(1, &[("content-length", "5")]), data(1, 0, b"hello"), headers(1, END_STREAM, &[("x-sum", "9")])].concat())
            .sees_any()
            .sees_body("hello")
            .origin(OK)
            .wants(1, Wants::Status(200))
            .bytes(get(3, &[]))
            .same()
            .sees_any()
            .origin(OK)
            .wants(3, Wants::Status(200)),
        h2(TRAILERS, "and that come when the answer has")
            .effect("write")
            .bytes([post(1, &[("content-length", "5")]), data(1, 0, b"hello")].concat())
            .sees_any()
            .sees_body("hello")
            .origin(OK)
            .wants(1, Wants::Status(200))
            .wants(1, Wants::Body(b"ok".to_vec()))
            .bytes(headers(1, END_STREAM, &[("x-sum", "9")]))
            .bytes(get(3, &[]))
            .same()
            .sees_any()
            .origin(OK)
            .wants(3, Wants::Status(200)),
        h2(TRAILERS, "a length in trailers does not come through")
            .effect("write")
            .bytes([post(1, &[]), data(1, 0, b"hello")].concat())
            .sees_any()
            .bytes(headers(1, END_STREAM, &[("content-length", "9"), ("x-sum", "9")]))
            .sees_body("hello")
            .sees_trailers("x-sum: 9|")
            .origin(OK)
            .wants(1, Wants::Status(200)),
        h2("RFC 9113 5.4.2", "a client that ends its stream ends the question").bytes(get(1, &[])).sees_any().bytes(reset(1, 8)).origin_closed(),
        h2("RFC 9113 5.4.2", "and the other streams go on")
            .bytes(get(1, &[]))
            .sees_any()
            .bytes(reset(1, 8))
            .bytes(get(3, &[]))
            .fresh()
            .sees_any()
            .origin(OK)
            .wants(3, Wants::Status(200)),
        h2("RFC 9113 5.4.2", "a body whose stream is ended is not whole")
            .effect("write")
            .bytes([post(1, &[]), data(1, 0, b"hello")].concat())
            .sees_any()
            .bytes(reset(1, 8))
            .sees_broken(),
        h2("RFC 9113 5", "answers come as they are ready")
            .bytes(get(1, &[]))
            .sees_any()
            .bytes(headers(3, END_STREAM, &[(":method", "GET"), (":scheme", "http"), (":path", "/2"), (":authority", "a")]))
            .fresh()
            .sees("GET /2 HTTP/1.1|host: a||")
            .origin(OK)
            .wants(3, Wants::Status(200))
            .wants(3, Wants::Body(b"ok".to_vec())),
        h2(WINDOW, "no more comes than the client's window")
            .bytes(settings(&[(4, 10)]))
            .wants(0, Wants::Acks(2))
            .bytes(get(1, &[]))
            .sees_any()
            .origin("HTTP/1.1 200 OK|Content-Length: 26||abcdefghijklmnopqrstuvwxyz")
            .wants(1, Wants::Status(200))
            .wants(1, Wants::Bytes(10))
            .bytes(window(1, 5))
            .wants(1, Wants::Bytes(15))
            .bytes(window(1, 100))
            .wants(1, Wants::Body(b"abcdefghijklmnopqrstuvwxyz".to_vec())),
        h2("RFC 9113 6.9.2", "a window that shrinks below nothing")
            .bytes(get(1, &[]))
            .sees_any()
            .origin("HTTP/1.1 200 OK|Content-Length: 20||0123456789")
            .wants(1, Wants::Status(200))
            .wants(1, Wants::Bytes(10))
            .bytes(settings(&[(4, 0)]))
            .wants(0, Wants::Acks(2))
            .origin("abcdefghij")
            .wants(1, Wants::Bytes(10))
            .bytes(settings(&[(4, 20)]))
            .wants(1, Wants::Body(b"0123456789abcdefghij".to_vec())),
        h2(WINDOW, "a body larger than the first window is let come")
            .effect("write")
            .bytes([post(1, &[("content-length", "60000")]), data(1, 0, &[b'x'; 16_000]), data(1, 0, &[b'x'; 16_000]), data(1, 0, &[b'x'; 16_000])].concat())
            .sees_any()
            .wants(1, Wants::Alive)
            .bytes(data(1, END_STREAM, &[b'x'; 12_000]))
            .sees_body(&"x".repeat(60_000))
            .origin(OK)
            .wants(1, Wants::Status(200)),
        answer(FIELDS, "fields between neighbours do not come", "HTTP/1.1 200 OK|Connection: close, X-Hop|X-Hop: 1|Keep-Alive: 5|Proxy-Connection: x|Upgrade: x|Content-Length: 2||ok")
            .wants(1, Wants::Status(200))
            .wants(1, Wants::NoField("connection"))
            .wants(1, Wants::NoField("x-hop"))
            .wants(1, Wants::NoField("keep-alive"))
            .wants(1, Wants::NoField("proxy-connection"))
            .wants(1, Wants::NoField("upgrade"))
            .wants(1, Wants::Body(b"ok".to_vec())),
        answer("RFC 9113 8.2", "names come in small letters", "HTTP/1.1 200 OK|X-Upper: Y|ETag: \"Q\"|Content-Length: 0||")
            .wants(1, Wants::Status(200))
            .wants(1, Wants::Field("x-upper", "Y"))
            .wants(1, Wants::Field("etag", "\"Q\""))
            .wants(1, Wants::Body(Vec::new())),
        answer(FIELDS, "chunks come as data", "HTTP/1.1 200 OK|Transfer-Encoding: chunked||2|ok|3|all|0||")
            .wants(1, Wants::Status(200))
            .wants(1, Wants::NoField("transfer-encoding"))
            .wants(1, Wants::Body(b"okall".to_vec())),
        answer(TRAILERS, "an answer's trailers come", "HTTP/1.1 200 OK|Transfer-Encoding: chunked|Trailer: Grpc-Status||2|ok|0|Grpc-Status: 0||")
            .wants(1, Wants::Status(200))
            .wants(1, Wants::Trailer("grpc-status", "0"))
            .wants(1, Wants::Body(b"ok".to_vec())),
        answer("RFC 9112 6.3", "a body until the origin closes", "HTTP/1.1 200 OK||until the end")
            .origin_closes()
            .wants(1, Wants::Status(200))
            .wants(1, Wants::Body(b"until the end".to_vec())),
        answer("RFC 9112 8", "a body that breaks off ends the stream with an error", "HTTP/1.1 200 OK|Content-Length: 10||abc")
            .wants(1, Wants::Status(200))
            .origin_closes()
            .wants(1, Wants::Reset(&[INTERNAL])),
        answer("RFC 9113 8.6", "a protocol that HTTP/2 cannot change to", "HTTP/1.1 101 Switching Protocols|Connection: upgrade|Upgrade: x||").wants(1, Wants::Status(502)),
        answer("RFC 9112 6.3", "an answer with two lengths", "HTTP/1.1 200 OK|Content-Length: 2|Content-Length: 9||ok").wants(1, Wants::Status(502)),
        answer("RFC 9110 15.3.5", "204", "HTTP/1.1 204 No Content||").wants(1, Wants::Status(204)).wants(1, Wants::Body(Vec::new())),
        h2("RFC 9110 9.3.2", "HEAD")
            .bytes(headers(1, END_STREAM, &[(":method", "HEAD"), (":scheme", "http"), (":path", "/"), (":authority", "a")]))
            .sees("HEAD / HTTP/1.1|host: a||")
            .origin("HTTP/1.1 200 OK|Content-Length: 99||")
            .wants(1, Wants::Status(200))
            .wants(1, Wants::Field("content-length", "99"))
            .wants(1, Wants::Body(Vec::new())),
    ]
}
