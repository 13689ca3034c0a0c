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

#[test]
fn what_is_kept_of_requests_says_no_in_the_form_of_every_error() {
    let mut told = String::new();
    for kept in Kept::ALL {
        let response = rescue(&GatewayError::Kept(kept), &ErrorForm::Problem, Uuid::nil());
        let Payload::Whole { data, .. } = response.payload else {
            panic!("wanted bytes")
        };
        let problem: serde_json::Value = serde_json::from_slice(&data).unwrap();
        assert_eq!(problem["status"], response.parts.status.as_u16());
        let after = response.parts.headers.get("retry-after");
        let after = after.map_or("never", |after| after.to_str().unwrap());
        let (code, detail) = (&problem["code"], &problem["detail"]);
        told.push_str(&format!(
            "{} {code} {detail} again: {after}\n",
            response.parts.status.as_u16()
        ));
    }
    insta::assert_snapshot!(told, @r#"
    400 "no_idempotency_key" "the request has no idempotency key, and this route wants one" again: never
    400 "bad_idempotency_key" "the idempotency key is malformed: wanted one text of 1 to 255 characters of ASCII" again: never
    409 "request_in_flight" "a request with this idempotency key is under way" again: 1
    422 "idempotency_key_reused" "another request had this idempotency key" again: never
    409 "outcome_in_doubt" "a request with this idempotency key went to modern, and its outcome is not known" again: never
    503 "outcome_unknown" "it cannot be known now whether a request with this idempotency key came before" again: 1
    404 "no_such_outcome" "nothing is known of this request" again: never
    410 "outcome_expired" "the answer to this request is no longer kept" again: never
    504 "request_not_answered" "the request was not answered in the time that it had" again: never
    400 "callback_refused" "the callback is refused: it is not at a place that this route calls back" again: never
    "#);
}
