//! Answers that are not the last, and clients that wait for one before they send a body.

use crate::case::{Case, OK, Wants, h2};
use crate::h2::frame::*;

const INTERIM: &str = "RFC 9110 15.2";
const EXPECT: &str = "RFC 9110 10.1.1";
const EXPECTS: [(&str, &str); 2] = [("expect", "100-continue"), ("content-length", "5")];
const CONTINUE: &str = "HTTP/1.1 100 Continue||";

pub(crate) fn cases() -> Vec<Case> {
    let asked = |section, name: &str| h2(section, name).bytes(get(1, &[])).sees_any();
    let expecting = |name: &str| {
        h2(EXPECT, name)
            .effect("write")
            .bytes(post(1, &EXPECTS))
            .sees_any()
            .sees_has("expect", "100-continue")
    };
    let hello = || data(1, END_STREAM, b"hello");
    vec![
        asked(INTERIM, "early hints come")
            .origin("HTTP/1.1 103 Early Hints|Link: </a>||HTTP/1.1 200 OK|Content-Length: 2||ok")
            .wants(1, Wants::Interim(103, "link", "</a>"))
            .wants(1, Wants::Status(200))
            .wants(1, Wants::Body(b"ok".to_vec())),
        asked(
            INTERIM,
            "they come before the answer is there, each as it is sent",
        )
        .origin("HTTP/1.1 102 Processing||")
        .wants(1, Wants::Interim(102, "", ""))
        .origin("HTTP/1.1 103 Early Hints|Link: </a>|Connection: X-Hop|X-Hop: 1||")
        .wants(1, Wants::Interim(103, "link", "</a>"))
        .origin(OK)
        .wants(1, Wants::First(200))
        .wants(1, Wants::NoField("x-hop"))
        .wants(1, Wants::Body(b"ok".to_vec())),
        h2(INTERIM, "each stream has its own")
            .bytes([get(1, &[]), get(3, &[])].concat())
            .sees_any()
            .origin("HTTP/1.1 103 Early Hints|Link: </a>||")
            .wants(1, Wants::Interim(103, "link", "</a>"))
            .fresh()
            .sees_any()
            .origin(OK)
            .wants(3, Wants::First(200)),
        asked(
            INTERIM,
            "whoever does not wait for word is not told to go on",
        )
        .origin(CONTINUE)
        .origin(OK)
        .wants(1, Wants::First(200)),
        expecting("the origin says that the body is wanted")
            .origin(CONTINUE)
            .wants(1, Wants::Interim(100, "", ""))
            .bytes(hello())
            .sees_body("hello")
            .origin(OK)
            .wants(1, Wants::First(200)),
        expecting("the origin does not want it")
            .origin("HTTP/1.1 413 Content Too Large|Content-Length: 2||no")
            .wants(1, Wants::First(413))
            .wants(1, Wants::Body(b"no".to_vec()))
            .wants(1, Wants::Reset(&[NO_ERROR])),
        expecting("an origin that knows nothing of it gets the body all the same")
            .wants(1, Wants::Interim(100, "", ""))
            .bytes(hello())
            .sees_body("hello")
            .origin(OK)
            .wants(1, Wants::First(200)),
        expecting("a client that does not wait is told no more than once")
            .bytes(hello())
            .origin(CONTINUE)
            .sees_body("hello")
            .origin(CONTINUE)
            .origin(OK)
            .wants(1, Wants::Interim(100, "", ""))
            .wants(1, Wants::First(200)),
    ]
}
