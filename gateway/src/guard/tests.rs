use std::sync::Arc;

use tokio::time::Instant;
use uuid::Uuid;

use super::*;
use crate::message::{Interim, Payload, Peer};

fn admitted(version: Version, target: &str, headers: &[(&str, &str)]) -> Result<String, String> {
    let mut builder = http::Request::builder()
        .method("POST")
        .uri(target)
        .version(version);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let (parts, ()) = builder.body(()).unwrap().into_parts();
    let mut request = Request {
        id: Uuid::nil(),
        parts,
        payload: Payload::Empty,
        received: Instant::now(),
        peer: Some(Arc::new(Peer {
            address: "[::ffff:10.1.2.3]:5000".parse().unwrap(),
            local: "127.0.0.1:80".parse().unwrap(),
            tls: None,
        })),
        spelling: h1::Spelling::default(),
        interim: Interim::default(),
    };
    admit(&mut request, &Policy::default()).map_err(|error| error.to_string())?;
    let mut lines = vec![request.parts.uri.to_string()];
    lines.extend(
        request
            .parts
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())),
    );
    lines[1..].sort();
    Ok(lines.join("\n"))
}

#[test]
fn marks_of_who_asked_are_added() {
    insta::assert_snapshot!(
        admitted(Version::HTTP_11, "/a?b", &[("host", "old.erp:80"), ("accept", "1")]).unwrap(),
        @r"
    /a?b
    accept: 1
    host: old.erp:80
    via: 1.1 figway
    x-forwarded-for: 10.1.2.3
    x-forwarded-host: old.erp:80
    x-forwarded-proto: http
    "
    );
}

#[test]
fn marks_of_others_before_us_are_kept_in_order() {
    insta::assert_snapshot!(
        admitted(
            Version::HTTP_11,
            "/",
            &[
                ("host", "h"),
                ("via", "1.0 a"),
                ("via", "1.1 b"),
                ("x-forwarded-for", "1.1.1.1"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "out"),
            ],
        )
        .unwrap(),
        @r"
    /
    host: h
    via: 1.0 a, 1.1 b, 1.1 figway
    x-forwarded-for: 1.1.1.1, 10.1.2.3
    x-forwarded-host: out, h
    x-forwarded-proto: https, http
    "
    );
}

#[test]
fn what_is_between_the_client_and_us_is_taken_off() {
    insta::assert_snapshot!(
        admitted(
            Version::HTTP_11,
            "/",
            &[
                ("host", "h"),
                ("connection", "Keep-Alive, X-Hop, host, X-Forwarded-For"),
                ("keep-alive", "5"),
                ("proxy-connection", "x"),
                ("upgrade", "websocket"),
                ("te", "gzip, trailers;q=1"),
                ("x-hop", "1"),
                ("x-forwarded-for", "9.9.9.9"),
                ("expect", "100-continue"),
                ("Figway-Shadow", "true"),
                ("figway-request-id", "x"),
                ("figway-request-id", "y"),
                ("transfer-encoding", "Chunked"),
            ],
        )
        .unwrap(),
        @r"
    /
    host: h
    te: trailers
    via: 1.1 figway
    x-forwarded-for: 10.1.2.3
    x-forwarded-host: h
    x-forwarded-proto: http
    "
    );
}

#[test]
fn an_absolute_target_says_the_host() {
    let got = admitted(Version::HTTP_11, "http://real:8/x", &[("host", "other")]).unwrap();
    assert!(got.starts_with("/x\nhost: real:8\n"), "{got}");
    let got = admitted(
        Version::HTTP_2,
        "http://real?q",
        &[("cookie", "a=1"), ("cookie", "b=2")],
    );
    let got = got.unwrap();
    assert!(
        got.starts_with("/?q\ncookie: a=1; b=2\nhost: real\n"),
        "{got}"
    );
}

#[test]
fn what_readers_would_read_differently_is_refused() {
    let cases: &[(Version, &[(&str, &str)])] = &[
        (Version::HTTP_11, &[]),
        (Version::HTTP_11, &[("host", "a"), ("host", "a")]),
        (Version::HTTP_11, &[("host", "a@b")]),
        (Version::HTTP_11, &[("host", "a/b")]),
        (Version::HTTP_11, &[("host", "")]),
        (
            Version::HTTP_11,
            &[("host", "a"), ("transfer-encoding", "gzip, chunked")],
        ),
        (
            Version::HTTP_11,
            &[
                ("host", "a"),
                ("content-length", "3"),
                ("content-length", "4"),
            ],
        ),
    ];
    let refused: Vec<_> = cases
        .iter()
        .map(|(version, headers)| admitted(*version, "/", headers).unwrap_err())
        .collect();
    insta::assert_snapshot!(refused.join("\n"), @r"
    the request is malformed: no Host
    the request is malformed: more than one Host
    the request is malformed: a Host that is none
    the request is malformed: a Host that is none
    the request is malformed: a Host that is none
    this gateway does not do that: a transfer coding other than chunked
    the request is malformed: two lengths
    ");
    assert!(
        admitted(Version::HTTP_10, "/", &[]).is_ok(),
        "HTTP/1.0 has no Host"
    );
    for host in ["[::1]:80", "a_b.c", "x:"] {
        assert!(
            admitted(Version::HTTP_11, "/", &[("host", host)]).is_ok(),
            "{host}"
        );
    }
}

#[test]
fn an_upgrade_goes_on_without_what_would_carry_http_past_us() {
    let upgrade = |version, protocols| {
        let headers = [
            ("host", "h"),
            ("connection", "Upgrade, HTTP2-Settings"),
            ("upgrade", protocols),
            ("http2-settings", "AAMAAABkAAQAAP__"),
        ];
        let admitted = admitted(version, "/", &headers).unwrap();
        assert!(!admitted.contains("http2-settings"), "{admitted}");
        let line = admitted.lines().find(|line| line.starts_with("upgrade"));
        line.unwrap_or("none").to_owned()
    };
    for (version, protocols, left) in [
        (Version::HTTP_11, "websocket", "upgrade: websocket"),
        (
            Version::HTTP_11,
            "h2c, foo/2, websocket",
            "upgrade: foo/2, websocket",
        ),
        (Version::HTTP_11, "H2C", "none"),
        (Version::HTTP_11, "TLS/1.0, HTTP/2.0", "none"),
        (Version::HTTP_11, " , ", "none"),
        (Version::HTTP_10, "websocket", "none"),
    ] {
        assert_eq!(upgrade(version, protocols), left, "{protocols}");
    }
}

#[test]
fn a_field_that_reads_as_ours_where_underscores_are_dashes_does_not_pass() {
    let forged = [
        ("host", "h"),
        ("figway_shadow", "true"),
        ("x_forwarded_for", "6.6.6.6"),
        ("x-forwarded_proto", "https"),
        ("x_user", "anna"),
        ("figwayx", "1"),
    ];
    insta::assert_snapshot!(admitted(Version::HTTP_11, "/", &forged).unwrap(), @r"
/
figwayx: 1
host: h
via: 1.1 figway
x-forwarded-for: 10.1.2.3
x-forwarded-host: h
x-forwarded-proto: http
x_user: anna
");
}

#[test]
fn a_second_length_whose_name_has_an_underscore_is_refused() {
    for name in ["content_length", "transfer_encoding"] {
        let fields = [("host", "h"), ("content-length", "0"), (name, "9")];
        let refused = admitted(Version::HTTP_11, "/", &fields).unwrap_err();
        assert!(refused.contains("another name"), "{name}: {refused}");
    }
    let fields = [("host", "h"), ("content_type", "x"), ("transfer_id", "9")];
    assert!(admitted(Version::HTTP_11, "/", &fields).is_ok());
}
