//! Interim answers (1xx), and clients that wait for one.

use crate::case::{Case, GET, h1};

const INTERIM: &str = "RFC 9110 15.2";
const EXPECT: &str = "RFC 9110 10.1.1";

pub(crate) fn cases() -> Vec<Case> {
    let expects = "POST / HTTP/1.1|Host: a|Content-Length: 2|Expect: 100-continue||";
    vec![
        h1(INTERIM, "early hints come through")
            .asked()
            .origin("HTTP/1.1 103 Early Hints|Link: </a>||")
            .gets("HTTP/1.1 103 Early Hints|Link: </a>||")
            .answered(),
        h1(INTERIM, "several interim answers come through, in order")
            .asked()
            .origin("HTTP/1.1 102 Processing||HTTP/1.1 103 Early Hints|Link: </a>||HTTP/1.1 103 More|Link: </b>||")
            .gets("HTTP/1.1 102 Processing||")
            .gets("HTTP/1.1 103 Early Hints|Link: </a>||")
            .gets("HTTP/1.1 103 More|Link: </b>||")
            .answered(),
        h1(INTERIM, "an interim answer in one piece with the final one")
            .asked()
            .origin("HTTP/1.1 103 Early Hints|X: y||HTTP/1.1 200 OK|Content-Length: 2||ok")
            .gets("HTTP/1.1 103 Early Hints|X: y||")
            .gets("HTTP/1.1 200 OK|Content-Length: 2||")
            .body("ok"),
        h1(INTERIM, "an interim answer that nobody knows comes through")
            .asked()
            .origin("HTTP/1.1 199 Odd||")
            .gets("HTTP/1.1 199 Odd||")
            .answered(),
        h1(INTERIM, "fields between neighbours are taken off interim answers too")
            .asked()
            .origin("HTTP/1.1 103 Early Hints|Connection: X-Hop|X-Hop: 1|Link: </a>||")
            .gets("HTTP/1.1 103 Early Hints|Link: </a>||")
            .answered(),
        h1(INTERIM, "a client of HTTP/1.0 gets none")
            .client("GET / HTTP/1.0|Host: a||")
            .sees(GET)
            .origin("HTTP/1.1 103 Early Hints|Link: </a>||HTTP/1.1 200 OK|Content-Length: 2||ok")
            .status(200)
            .body("ok")
            .closed(),
        h1(INTERIM, "an interim answer with a body").bad_answer("HTTP/1.1 103 Early Hints|Content-Length: 2||ok"),
        h1(INTERIM, "an interim answer with a coding").bad_answer("HTTP/1.1 103 Early Hints|Transfer-Encoding: chunked||0||"),
        h1(INTERIM, "an origin that closes behind an interim answer")
            .effect("write")
            .asked()
            .origin("HTTP/1.1 103 Early Hints||")
            .gets("HTTP/1.1 103 Early Hints||")
            .origin_closes()
            .status(502),
        h1(INTERIM, "interim answers belong to their own request")
            .asked()
            .origin("HTTP/1.1 103 Early Hints|X: 1||")
            .gets("HTTP/1.1 103 Early Hints|X: 1||")
            .answered()
            .asked()
            .answered(),
        h1(EXPECT, "an origin that says go on")
            .effect("write")
            .client(expects)
            .sees(expects)
            .origin("HTTP/1.1 100 Continue||")
            .gets("HTTP/1.1 100 Continue||")
            .client("hi")
            .sees_body("hi")
            .answered(),
        h1(EXPECT, "an origin that says no gets no body")
            .effect("write")
            .client(expects)
            .sees(expects)
            .origin("HTTP/1.1 417 Expectation Failed|Content-Length: 2||no")
            .gets_status_with_body(417, "no")
            // What comes next could be the body or the next request.
            .closed(),
        h1(EXPECT, "go on is said once")
            .effect("write")
            .client(expects)
            .sees(expects)
            .origin("HTTP/1.1 100 Continue||")
            .gets("HTTP/1.1 100 Continue||")
            .origin("HTTP/1.1 100 Continue||")
            .client("hi")
            .sees_body("hi")
            .answered(),
        h1(EXPECT, "a client that does not wait")
            .effect("write")
            .client(expects)
            .client("hi")
            .sees(expects)
            .origin("HTTP/1.1 100 Continue||")
            .sees_body("hi")
            .origin("HTTP/1.1 200 OK|Content-Length: 0||")
            .gets_final(200),
        h1(EXPECT, "an origin that never says go on gets the body in the end")
            .effect("write")
            .client(expects)
            .sees(expects)
            .gets("HTTP/1.1 100 Continue||")
            .client("hi")
            .sees_body("hi")
            .answered(),
        h1(EXPECT, "the expectation of a client of HTTP/1.0 is none")
            .effect("write")
            .client("POST / HTTP/1.0|Host: a|Content-Length: 2|Expect: 100-continue||hi")
            .sees_any()
            .sees_body("hi")
            .answered()
            .closed(),
        h1(EXPECT, "an expectation in other letters")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Content-Length: 2|EXPECT: 100-Continue||")
            .sees_any()
            .origin("HTTP/1.1 100 Continue||")
            .gets("HTTP/1.1 100 Continue||")
            .client("hi")
            .sees_body("hi")
            .answered(),
        h1(EXPECT, "an expectation of a chunked body")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked|Expect: 100-continue||")
            .sees_any()
            .origin("HTTP/1.1 100 Continue||")
            .gets("HTTP/1.1 100 Continue||")
            .client("2|hi|0||")
            .sees_body("hi")
            .answered(),
    ]
}
