//! How an answer goes out on a connection. Pure.

use ::h1::BodyLength;
use ::http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue};
use ::http::{Method, StatusCode, Version, request, response};
use http_body::Body as _;

use crate::message::Payload;

/// What the framing of an answer depends on beside the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    version: Version,
    head: bool,
    /// Whether the client would ask on.
    pub(super) keep_alive: bool,
}

impl Asked {
    pub(super) fn of(parts: &request::Parts, keep_alive: bool) -> Self {
        Self {
            version: parts.version,
            head: parts.method == Method::HEAD,
            // What follows a CONNECT that is not taken may have been meant for the tunnel.
            keep_alive: keep_alive && parts.method != Method::CONNECT,
        }
    }

    /// Of a request that could not be read.
    pub(super) fn unread() -> Self {
        Self {
            version: Version::HTTP_11,
            head: false,
            keep_alive: false,
        }
    }
}

/// How it goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) length: BodyLength,
    /// Whether its body is sent at all.
    pub(super) body: Body,
    /// Whether the connection can take another request after it.
    pub(super) persists: bool,
}

/// Whether a body follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Follows,
    /// A head that says how long the body would be, or that there can be none (RFC 9110 section 6.4.1).
    IsLeftOut,
}

/// Decides, and makes `Connection` agree with it. `goes_on`: nothing on our side stands against a further request.
pub(super) fn shape(
    asked: Asked,
    parts: &mut response::Parts,
    payload: &Payload,
    goes_on: bool,
) -> Shape {
    let wants_end = parts
        .headers
        .get(CONNECTION)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"));
    let mut persists = asked.keep_alive && goes_on && !wants_end;
    let (length, body) = if asked.head || parts.status == StatusCode::NOT_MODIFIED {
        let exact = payload.size_hint().exact().filter(|length| *length > 0);
        if let (Some(length), false) = (exact, parts.headers.contains_key(CONTENT_LENGTH)) {
            parts.headers.insert(CONTENT_LENGTH, length.into());
        }
        (BodyLength::None, Body::IsLeftOut)
    } else if parts.status == StatusCode::NO_CONTENT {
        (BodyLength::None, Body::IsLeftOut)
    } else if parts.status == StatusCode::RESET_CONTENT {
        (BodyLength::Exactly(0), Body::IsLeftOut)
    } else {
        let trailers = matches!(
            payload,
            Payload::Whole {
                trailers: Some(_),
                ..
            }
        );
        let length = match payload.size_hint().exact() {
            _ if trailers && asked.version == Version::HTTP_11 => BodyLength::Chunked,
            Some(length) => BodyLength::Exactly(length),
            None if asked.version == Version::HTTP_11 => BodyLength::Chunked,
            None => {
                persists = false;
                BodyLength::UntilClose
            }
        };
        (length, Body::Follows)
    };
    match (persists, asked.version) {
        // As it expects.
        (false, Version::HTTP_10) if !asked.keep_alive => {
            parts.headers.remove(CONNECTION);
        }
        (false, _) => {
            parts
                .headers
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        // Its peers end connections unless they are told (RFC 9112 section 9.3).
        (true, Version::HTTP_10) => {
            parts
                .headers
                .insert(CONNECTION, HeaderValue::from_static("keep-alive"));
        }
        (true, _) => {
            parts.headers.remove(CONNECTION);
        }
    }
    Shape {
        length,
        body,
        persists,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shaped(
        method: Method,
        version: Version,
        status: u16,
        payload: &Payload,
    ) -> (Shape, Option<String>) {
        let request = http::Request::builder().method(method).version(version);
        let (request, ()) = request.body(()).unwrap().into_parts();
        let response = http::Response::builder().status(status);
        let (mut parts, ()) = response.body(()).unwrap().into_parts();
        let shape = shape(Asked::of(&request, true), &mut parts, payload, true);
        let connection = parts.headers.get(CONNECTION);
        let connection = connection.map(|value| value.to_str().unwrap().to_owned());
        (shape, connection)
    }

    fn stream() -> Payload {
        let frames: [Result<_, crate::message::PayloadError>; 0] = [];
        let stream = futures_util::stream::iter(frames);
        Payload::Stream(Box::pin(http_body_util::StreamBody::new(stream)))
    }

    #[test]
    fn what_has_no_body_has_none_and_the_rest_is_framed_as_the_client_can_read_it() {
        use BodyLength::{Chunked, Exactly, None, UntilClose};
        let (get, v11, v10) = (Method::GET, Version::HTTP_11, Version::HTTP_10);
        let text = || Payload::bytes("four");
        for (method, version, status, payload, length, persists, connection) in [
            (get.clone(), v11, 200, text(), Exactly(4), true, ""),
            (get.clone(), v11, 200, Payload::Empty, Exactly(0), true, ""),
            (get.clone(), v11, 200, stream(), Chunked, true, ""),
            (
                get.clone(),
                v10,
                200,
                text(),
                Exactly(4),
                true,
                "keep-alive",
            ),
            (get.clone(), v10, 200, stream(), UntilClose, false, "close"),
            (Method::HEAD, v11, 200, text(), None, true, ""),
            (get.clone(), v11, 304, Payload::Empty, None, true, ""),
            (get.clone(), v11, 204, text(), None, true, ""),
            (get, v11, 205, text(), Exactly(0), true, ""),
        ] {
            let what = format!("{method} {version:?} {status}");
            let (shape, said) = shaped(method, version, status, &payload);
            assert_eq!(
                (shape.length, shape.persists, said.unwrap_or_default()),
                (length, persists, connection.to_owned()),
                "{what}"
            );
        }
    }
}
