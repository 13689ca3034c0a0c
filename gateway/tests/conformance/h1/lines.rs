//! Request lines, versions, targets and line ends.

use crate::case::{Case, h1};

const LINE: &str = "RFC 9112 3";
const METHOD: &str = "RFC 9112 3.1";
const TARGET: &str = "RFC 9112 3.2";
const END: &str = "RFC 9112 2.2";
const VERSION: &str = "RFC 9112 2.3";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = refused();
    cases.extend(taken());
    cases
}

fn refused() -> Vec<Case> {
    let bad = |section, name: &str, request: &str| h1(section, name).refused(request, 400);
    vec![
        bad(
            LINE,
            "two spaces before the target",
            "GET  / HTTP/1.1|Host: a||",
        ),
        bad(
            LINE,
            "two spaces before the version",
            "GET /  HTTP/1.1|Host: a||",
        ),
        bad(
            LINE,
            "a space behind the version",
            "GET / HTTP/1.1 |Host: a||",
        ),
        bad(
            LINE,
            "a space before the method",
            " GET / HTTP/1.1|Host: a||",
        ),
        bad(LINE, "a tab for a space", "GET\t/ HTTP/1.1|Host: a||"),
        bad(
            LINE,
            "a vertical tab for a space",
            "GET\u{b}/ HTTP/1.1|Host: a||",
        ),
        bad(
            LINE,
            "a form feed before the version",
            "GET /\u{c}HTTP/1.1|Host: a||",
        ),
        bad(
            LINE,
            "a second request line's worth of words",
            "GET / HTTP/1.1 HTTP/1.1|Host: a||",
        ),
        bad(LINE, "a target with a space", "GET /a b HTTP/1.1|Host: a||"),
        bad(LINE, "no version, as in HTTP/0.9", "GET /||"),
        bad(LINE, "no target", "GET HTTP/1.1|Host: a||"),
        bad(LINE, "no method", "/ HTTP/1.1|Host: a||"),
        bad(LINE, "an empty target", "GET  HTTP/1.1|Host: a||"),
        bad(
            LINE,
            "a TLS hello",
            "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}",
        ),
        bad(LINE, "a start of nothing", "\0\0\0\0||"),
        bad(
            METHOD,
            "a method with a bracket",
            "GE[T / HTTP/1.1|Host: a||",
        ),
        bad(
            METHOD,
            "a method with a quote",
            "\"GET\" / HTTP/1.1|Host: a||",
        ),
        bad(METHOD, "a method with a null", "G\0T / HTTP/1.1|Host: a||"),
        bad(
            METHOD,
            "a method with a colon, as if a field came first",
            "Host: a|GET / HTTP/1.1||",
        ),
        h1(METHOD, "a method longer than any")
            .refused(&format!("{} / HTTP/1.1|Host: a||", "A".repeat(100)), 501),
        bad(TARGET, "a target with a null", "GET /\0 HTTP/1.1|Host: a||"),
        bad(
            TARGET,
            "a target with a tab",
            "GET /a\tb HTTP/1.1|Host: a||",
        ),
        bad(
            TARGET,
            "a target with DEL",
            "GET /\u{7f} HTTP/1.1|Host: a||",
        ),
        bad(
            TARGET,
            "a target with a bare CR",
            "GET /\ra HTTP/1.1|Host: a||",
        ),
        bad(
            TARGET,
            "a target that is not UTF-8",
            "GET /\u{ff}\u{fe} HTTP/1.1|Host: a||",
        ),
        bad(
            TARGET,
            "a target with a fragment",
            "GET /a#b HTTP/1.1|Host: a||",
        ),
        bad(
            TARGET,
            "a target that begins with no slash",
            "GET a HTTP/1.1|Host: a||",
        ),
        bad(
            TARGET,
            "a target that is a query alone",
            "GET ?a HTTP/1.1|Host: a||",
        ),
        bad(
            TARGET,
            "a backslash for a slash",
            "GET \\a HTTP/1.1|Host: a||",
        ),
        bad(
            "RFC 9112 3.2.2",
            "an absolute target without a host",
            "GET http:///a HTTP/1.1|Host: a||",
        ),
        bad(
            "RFC 9112 3.2.2",
            "an absolute target with a user",
            "GET http://u:p@a/ HTTP/1.1|Host: a||",
        ),
        bad(
            "RFC 9112 3.2.2",
            "an absolute target with a port that is none",
            "GET http://a:x/ HTTP/1.1|Host: a||",
        ),
        bad(
            "RFC 9112 3.2.2",
            "an absolute target of another scheme",
            "GET ftp://a/ HTTP/1.1|Host: a||",
        ),
        bad(
            "RFC 9112 3.2.2",
            "an absolute target with one slash",
            "GET http:/a HTTP/1.1|Host: a||",
        ),
        bad(
            "RFC 9112 3.2.3",
            "an authority for a method that takes none",
            "GET a:80 HTTP/1.1|Host: a||",
        ),
        bad(
            "RFC 9112 3.2.3",
            "CONNECT with a path",
            "CONNECT /a HTTP/1.1|Host: a||",
        ),
        bad(
            "RFC 9112 3.2.3",
            "CONNECT without a port",
            "CONNECT a HTTP/1.1|Host: a||",
        ),
        bad(
            "RFC 9112 3.2.3",
            "CONNECT with an empty port",
            "CONNECT a: HTTP/1.1|Host: a||",
        ),
        bad(
            "RFC 9112 3.2.3",
            "CONNECT with a user",
            "CONNECT u@a:1 HTTP/1.1|Host: a||",
        ),
        bad(
            "RFC 9112 3.2.4",
            "an asterisk for another method than OPTIONS",
            "GET * HTTP/1.1|Host: a||",
        ),
        bad(
            "RFC 9112 3.2.4",
            "an asterisk and more",
            "OPTIONS *a HTTP/1.1|Host: a||",
        ),
        h1("RFC 9110 9.3.6", "a CONNECT that nobody takes")
            .refused("CONNECT a:443 HTTP/1.1|Host: a:443||", 501),
        h1("RFC 9112 3", "a target longer than the limit").refused(
            &format!("GET /{} HTTP/1.1|Host: a||", "a".repeat(70_000)),
            414,
        ),
        bad(
            VERSION,
            "a version in small letters",
            "GET / http/1.1|Host: a||",
        ),
        bad(
            VERSION,
            "a version without a minor number",
            "GET / HTTP/1|Host: a||",
        ),
        bad(
            VERSION,
            "a version with two digits",
            "GET / HTTP/1.10|Host: a||",
        ),
        bad(
            VERSION,
            "a version with a leading zero",
            "GET / HTTP/01.1|Host: a||",
        ),
        bad(
            VERSION,
            "a version with a comma",
            "GET / HTTP/1,1|Host: a||",
        ),
        bad(
            VERSION,
            "a version with a sign",
            "GET / HTTP/+1.1|Host: a||",
        ),
        bad(
            VERSION,
            "another protocol's version",
            "GET / ICAP/1.0|Host: a||",
        ),
        h1("RFC 9110 2.5", "a major version that is not ours")
            .refused("GET / HTTP/2.0|Host: a||", 505),
        h1("RFC 9110 2.5", "a major version of long ago").refused("GET / HTTP/0.9|Host: a||", 505),
        bad(
            END,
            "LF alone behind the request line",
            "GET / HTTP/1.1\nHost: a||",
        ),
        bad(END, "LF alone behind a field", "GET / HTTP/1.1|Host: a\n|"),
        bad(
            END,
            "LF alone for the empty line",
            "GET / HTTP/1.1|Host: a|\n",
        ),
        bad(END, "LF alone everywhere", "GET / HTTP/1.1\nHost: a\n\n"),
        bad(
            END,
            "CR alone behind the request line",
            "GET / HTTP/1.1\rHost: a||",
        ),
        bad(END, "CR alone everywhere", "GET / HTTP/1.1\rHost: a\r\r"),
        bad(END, "CR CR LF", "GET / HTTP/1.1\r|Host: a||"),
        bad(END, "LF CR", "GET / HTTP/1.1\n\rHost: a||"),
        bad(
            END,
            "an empty line of LF before the request",
            "\nGET / HTTP/1.1|Host: a||",
        ),
        bad(
            END,
            "more empty lines than anybody sends",
            "||||||||||||GET / HTTP/1.1|Host: a||",
        ),
        bad(
            END,
            "white space before the first field",
            "GET / HTTP/1.1| Host: a||",
        ),
        bad(
            END,
            "a tab before the first field, which would hide it",
            "GET / HTTP/1.1|\tX: y|Host: a||",
        ),
    ]
}

fn taken() -> Vec<Case> {
    let seen = |section, name: &str, request: &str| {
        h1(section, name).client(request).sees(request).answered()
    };
    vec![
        seen(LINE, "a plain request", "GET / HTTP/1.1|Host: a||"),
        seen(
            METHOD,
            "a method nobody knows",
            "BREW /pot HTTP/1.1|Host: a||",
        ),
        seen(
            METHOD,
            "a method in small letters is another method",
            "get / HTTP/1.1|Host: a||",
        ),
        seen(
            METHOD,
            "a method of every character of a token",
            "!#$%&'*+-.^_`~09azAZ / HTTP/1.1|Host: a||",
        ),
        seen(
            "RFC 9112 3.2.1",
            "a path with empty segments",
            "GET //a//b/...//?? HTTP/1.1|Host: a||",
        ),
        seen(
            "RFC 9112 3.2.1",
            "escapes stay as they are",
            "GET /%41%7e%2f%zz?%00 HTTP/1.1|Host: a||",
        ),
        seen(
            "RFC 9112 3.2.1",
            "a query with every reserved character",
            "GET /?a=b&c;d:e@f/g?h!i$j'k(l)m*n+o,p HTTP/1.1|Host: a||",
        ),
        seen(
            "RFC 9112 3.2.1",
            "a query that is empty",
            "GET /? HTTP/1.1|Host: a||",
        ),
        seen(
            "RFC 9112 3.2.4",
            "OPTIONS for the server as a whole",
            "OPTIONS * HTTP/1.1|Host: a||",
        ),
        h1(
            "RFC 9112 3.2.4",
            "OPTIONS with an absolute target and no path is for the server as a whole",
        )
        .client("OPTIONS http://b HTTP/1.1|Host: a||")
        .sees("OPTIONS * HTTP/1.1|Host: b||")
        .answered(),
        h1("RFC 9112 3.2.2", "an absolute target replaces Host")
            .client("GET http://b.example:81/x?y HTTP/1.1|Host: a||")
            .sees("GET /x?y HTTP/1.1|Host: b.example:81||")
            .answered(),
        h1("RFC 9112 3.2.2", "an absolute target without a path")
            .client("GET http://b HTTP/1.1|Host: a||")
            .sees("GET / HTTP/1.1|Host: b||")
            .answered(),
        h1("RFC 9112 3.2.2", "an absolute target with a query alone")
            .client("GET http://b?q HTTP/1.1|Host: a||")
            .sees("GET /?q HTTP/1.1|Host: b||")
            .answered(),
        h1(
            "RFC 9112 3.2.2",
            "an absolute target with its scheme in capitals",
        )
        .client("GET HTTP://b/ HTTP/1.1|Host: a||")
        .sees("GET / HTTP/1.1|Host: b||")
        .answered(),
        h1(END, "an empty line before the request")
            .client("|GET / HTTP/1.1|Host: a||")
            .sees("GET / HTTP/1.1|Host: a||")
            .answered(),
        h1(END, "an empty line behind a body, as old clients send it")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Content-Length: 1||x|GET /2 HTTP/1.1|Host: a||")
            .sees("POST / HTTP/1.1|Host: a|Content-Length: 1||")
            .sees_body("x")
            .answered()
            .sees("GET /2 HTTP/1.1|Host: a||")
            .answered(),
        h1(END, "a head that comes byte by byte")
            .dribbles("GET /slow HTTP/1.1|Host: a|X: y||")
            .sees("GET /slow HTTP/1.1|Host: a|X: y||")
            .answered(),
        h1("RFC 9110 2.5", "a minor version above ours is read as ours")
            .client("GET / HTTP/1.2|Host: a||")
            .sees("GET / HTTP/1.1|Host: a||")
            .answered(),
        h1(VERSION, "a request of HTTP/1.0 goes on as one of HTTP/1.1")
            .client("GET / HTTP/1.0|Host: a||")
            .sees("GET / HTTP/1.1|Host: a||")
            .answered()
            .closed(),
    ]
}
