//! Connections that last: order, ends, and who may close when.

use crate::case::{Case, GET, OK, h1};

const PERSIST: &str = "RFC 9112 9.3";
const PIPELINE: &str = "RFC 9112 9.3.2";
const CLOSE: &str = "RFC 9112 9.6";

pub(crate) fn cases() -> Vec<Case> {
    let post = "POST / HTTP/1.1|Host: a|Content-Length: 5||";
    vec![
        h1(PERSIST, "a connection of HTTP/1.1 goes on")
            .asked()
            .answered()
            .asked()
            .answered()
            .asked()
            .answered(),
        h1(PERSIST, "both sides keep their connections")
            .asked()
            .answered()
            .client(GET)
            .same()
            .sees(GET)
            .answered(),
        h1(PERSIST, "a connection of HTTP/1.0 ends")
            .client("GET / HTTP/1.0|Host: a||")
            .sees(GET)
            .origin(OK)
            .status(200)
            .body("ok")
            .closed(),
        h1(PERSIST, "a connection of HTTP/1.0 that wants to goes on")
            .client("GET / HTTP/1.0|Host: a|Connection: keep-alive||")
            .sees(GET)
            .origin(OK)
            .status(200)
            .field("connection", "keep-alive")
            .body("ok")
            .client("GET / HTTP/1.0|Host: a||")
            .sees(GET)
            .origin(OK)
            .status(200)
            .body("ok")
            .closed(),
        h1(
            CLOSE,
            "a client that says close is told so, and its connection ends",
        )
        .client("GET / HTTP/1.1|Host: a|Connection: close||")
        .sees(GET)
        .origin(OK)
        .status(200)
        .field("connection", "close")
        .body("ok")
        .closed(),
        h1(CLOSE, "close in other letters, and among others")
            .client("GET / HTTP/1.1|Host: a|Connection: x, CLOSE||")
            .sees(GET)
            .origin(OK)
            .status(200)
            .body("ok")
            .closed(),
        h1(
            CLOSE,
            "nothing behind a request that says close is answered",
        )
        .client("GET / HTTP/1.1|Host: a|Connection: close||GET /2 HTTP/1.1|Host: a||")
        .sees(GET)
        .origin(OK)
        .status(200)
        .body("ok")
        .closed(),
        h1(
            PIPELINE,
            "requests that come together are answered in order",
        )
        .client("GET /1 HTTP/1.1|Host: a||GET /2 HTTP/1.1|Host: a||GET /3 HTTP/1.1|Host: a||")
        .sees("GET /1 HTTP/1.1|Host: a||")
        .origin("HTTP/1.1 200 OK|Content-Length: 3||one")
        .gets("HTTP/1.1 200 OK|Content-Length: 3||")
        .body("one")
        .sees("GET /2 HTTP/1.1|Host: a||")
        .origin("HTTP/1.1 200 OK|Transfer-Encoding: chunked||3|two|0||")
        .status(200)
        .body("two")
        .sees("GET /3 HTTP/1.1|Host: a||")
        .answered(),
        h1(
            PIPELINE,
            "a request behind one that is refused is not answered",
        )
        .client("GET / HTTP/1.1|Host: a||GET / HTTP/1.1||GET /3 HTTP/1.1|Host: a||")
        .sees(GET)
        .answered()
        .status(400)
        .closed(),
        h1(PIPELINE, "requests in one piece with the body of the first")
            .effect("write")
            .client(&format!("{post}helloGET /2 HTTP/1.1|Host: a||"))
            .sees(post)
            .sees_body("hello")
            .answered()
            .sees("GET /2 HTTP/1.1|Host: a||")
            .answered(),
        h1(
            PERSIST,
            "a client that says nothing more sending still gets its answer",
        )
        .client(GET)
        .sees(GET)
        .client_half_closes()
        .answered()
        .closed(),
        h1(
            PERSIST,
            "a kept connection that the origin closed is not used",
        )
        .asked()
        .answered()
        .origin_closes()
        .client(GET)
        .fresh()
        .sees(GET)
        .answered(),
        h1(
            "RFC 9112 9.5",
            "a client that goes while it waits ends the question",
        )
        .asked()
        .client_resets()
        .origin_closed(),
        h1(
            "RFC 9112 9.5",
            "a client that goes while its answer comes ends it",
        )
        .asked()
        .origin("HTTP/1.1 200 OK|Content-Length: 1000000||abc")
        .status(200)
        .client_resets()
        .origin_closed(),
        h1(
            "RFC 9112 9.6",
            "an answer before the body has come reaches the client",
        )
        .effect("write")
        .client("POST / HTTP/1.1|Host: a|Content-Length: 100000||abc")
        .sees_any()
        .origin("HTTP/1.1 413 Too Large|Content-Length: 2|Connection: close||no")
        .gets_status_with_body(413, "no"),
        h1(
            "RFC 9112 9.6",
            "and nothing is asked on a connection whose body was not finished",
        )
        .effect("write")
        .client("POST / HTTP/1.1|Host: a|Content-Length: 5||ab")
        .sees_any()
        .origin("HTTP/1.1 401 No|Content-Length: 2||no")
        .gets_status_with_body(401, "no")
        .on(1)
        .client(GET)
        .fresh()
        .sees(GET)
        .answered(),
        h1(
            "RFC 9112 9.6",
            "at a shutdown a client is told that its connection ends",
        )
        .asked()
        .drain()
        .origin(OK)
        .status(200)
        .field("connection", "close")
        .body("ok")
        .closed(),
        h1(
            "RFC 9112 9.6",
            "a request that meets a shutdown on a kept connection is answered, and its client told",
        )
        .asked()
        .answered()
        .drain()
        .client(GET)
        .same()
        .sees(GET)
        .origin(OK)
        .status(200)
        .field("connection", "close")
        .body("ok")
        .closed(),
        h1("RFC 9112 9.6", "at a shutdown idle connections end")
            .asked()
            .answered()
            .drain()
            .closed(),
        h1(
            "RFC 9110 9.2.2",
            "a write on a kept connection that the origin closes is not sent twice",
        )
        .effect("write")
        .client("POST / HTTP/1.1|Host: a|Content-Length: 2||hi")
        .sees_any()
        .sees_body("hi")
        .answered()
        .client("POST / HTTP/1.1|Host: a|Content-Length: 2||ho")
        .same()
        .sees_any()
        .sees_body("ho")
        .origin_closes()
        .status(502)
        .unseen(),
        h1(
            "RFC 9112 9.6",
            "an answer before any of the body, with the connection to go on",
        )
        .effect("write")
        .client("POST / HTTP/1.1|Host: a|Content-Length: 5||")
        .sees_any()
        .origin("HTTP/1.1 401 No|Content-Length: 2||no")
        .gets_status_with_body(401, "no")
        .client("hello")
        .client(GET)
        .fresh()
        .sees(GET)
        .answered(),
        h1("RFC 9112 9.6", "what is left of a body is never a request")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Content-Length: 35||")
            .sees_any()
            .origin("HTTP/1.1 401 No|Content-Length: 2||no")
            .gets_status_with_body(401, "no")
            .client("GET /forged HTTP/1.1|Host: a||ab")
            .client(GET)
            .fresh()
            .sees(GET)
            .answered(),
        h1("RFC 9112 9.3", "an answer larger than any buffer")
            .asked()
            .origin(&format!(
                "HTTP/1.1 200 OK|Content-Length: 300000||{}",
                "x".repeat(300_000)
            ))
            .status(200)
            .body(&"x".repeat(300_000))
            .client(GET)
            .same()
            .sees(GET)
            .answered(),
        h1("RFC 9112 9.3", "a body larger than any buffer, in chunks")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||")
            .sees_any()
            .client(&format!(
                "{}0||",
                format!("2710|{}|", "x".repeat(10_000)).repeat(20)
            ))
            .sees_body(&"x".repeat(200_000))
            .answered()
            .client(GET)
            .same()
            .sees(GET)
            .answered(),
        h1(
            "RFC 9112 9.3",
            "a body in chunks and an answer in chunks, at the same time",
        )
        .effect("write")
        .client("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||3|abc|")
        .sees_any()
        .sees_bytes("3|abc|")
        .origin("HTTP/1.1 200 OK|Transfer-Encoding: chunked||3|ABC|")
        .gets("HTTP/1.1 200 OK|Transfer-Encoding: chunked||")
        .gets_bytes("3|ABC|")
        .client("2|de|")
        .sees_bytes("2|de|")
        .origin("2|DE|")
        .gets_bytes("2|DE|")
        .client("0||")
        .sees_bytes("0||")
        .origin("0||")
        .gets_bytes("0||")
        .asked()
        .answered(),
        h1("RFC 9112 9.5", "two clients do not wait for each other")
            .client(GET)
            .sees(GET)
            .on(1)
            .client("GET /2 HTTP/1.1|Host: a||")
            .fresh()
            .sees("GET /2 HTTP/1.1|Host: a||")
            .answered(),
    ]
}
