use http::header::HeaderValue;
use uuid::Uuid;

use super::*;
use crate::message::Payload;
use crate::route::shape::{ErrorBody, ErrorForm};

fn text(content_type: &'static str, body: &str) -> String {
    let form = ErrorForm::Own {
        status: None,
        content_type: HeaderValue::from_static(content_type),
        body: ErrorBody::Text(body.to_owned()),
    };
    let error = GatewayError::Malformed("a \"<\" in it");
    let Payload::Whole { data, .. } = rescue(&error, &form, Uuid::nil()).payload else {
        panic!("wanted bytes")
    };
    String::from_utf8(data.to_vec()).unwrap()
}

#[test]
fn a_routes_own_text_is_filled_in_and_escaped_for_its_content_type() {
    insta::assert_snapshot!(
        text("application/json", r#"{"rc":12,"m":"{reason}","s":{status},"c":"{code}"}"#),
        @r#"{"rc":12,"m":"the request is malformed: a \"<\" in it","s":400,"c":"malformed"}"#
    );
    insta::assert_snapshot!(
        text("text/xml; charset=utf-8", "<m id='{request_id}'>{reason}{x}</m>"),
        @"<m id='00000000-0000-0000-0000-000000000000'>the request is malformed: a &quot;&lt;&quot; in it{x}</m>"
    );
    insta::assert_snapshot!(text("text/plain", "{reason"), @"{reason");
}

#[test]
fn a_record_is_chosen_by_code() {
    let form = ErrorForm::Own {
        status: Some(StatusCode::OK),
        content_type: HeaderValue::from_static("application/octet-stream"),
        body: ErrorBody::Record {
            by_code: vec![("no_legacy", bytes::Bytes::from_static(b"\xF1"))],
            other: bytes::Bytes::from_static(b"\xF2"),
        },
    };
    for (error, wanted) in [
        (GatewayError::NoLeg { side: Side::Legacy }, &b"\xF1"[..]),
        (GatewayError::NoRoute, &b"\xF2"[..]),
    ] {
        let response = rescue(&error, &form, Uuid::nil());
        assert_eq!(response.parts.status, StatusCode::OK);
        assert!(response.parts.headers.contains_key(REQUEST_ID));
        let Payload::Whole { data, .. } = response.payload else {
            panic!("wanted bytes")
        };
        assert_eq!(data, wanted);
    }
}

#[test]
fn a_problem_says_whose_fault_and_what() {
    let error = GatewayError::of(
        Side::Legacy,
        BackendError::new(BackendErrorKind::Unreachable, Sent::No),
    );
    assert_eq!((error.fault(), error.sent()), (Fault::Legacy, Sent::No));
    let Payload::Whole { data, .. } = rescue(&error, &ErrorForm::Problem, Uuid::nil()).payload
    else {
        panic!("wanted bytes")
    };
    insta::assert_snapshot!(
        std::str::from_utf8(&data).unwrap(),
        @r#"{"type":"about:blank","title":"Bad Gateway","status":502,"detail":"legacy gave no answer: the backend cannot be reached","code":"legacy_unreachable","request_id":"00000000-0000-0000-0000-000000000000"}"#
    );
}

#[test]
fn a_body_that_was_not_read_ends_the_connection() {
    let error = GatewayError::BodyTooLarge { limit: 10 };
    let response = rescue(&error, &ErrorForm::Problem, Uuid::nil());
    assert_eq!(response.parts.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(response.parts.headers["connection"], "close");
}

#[test]
fn every_code_is_known_once_and_short_enough_for_a_record() {
    let known = known();
    let mut codes: Vec<_> = known.iter().map(|known| known.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), known.len());
    for Known { code, reason, .. } in known {
        assert!(reason.len() <= 60 && reason.is_ascii(), "{code}: {reason}");
    }
}

#[test]
fn a_closed_backend_says_when_to_come_again_and_never_too_early() {
    let after = |opens_in| {
        let error = GatewayError::Closed {
            side: Side::Legacy,
            opens_in,
        };
        let response = rescue(&error, &ErrorForm::Problem, Uuid::nil());
        assert_eq!(response.parts.status, 503);
        let headers = response.parts.headers;
        headers
            .get("retry-after")
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(after(None), None);
    assert_eq!(after(Some(Duration::from_secs(30))).as_deref(), Some("30"));
    assert_eq!(
        after(Some(Duration::from_millis(30_001))).as_deref(),
        Some("31")
    );
}
