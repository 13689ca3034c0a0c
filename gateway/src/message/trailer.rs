//! Trailers of a request. A receiver may merge them into its head (RFC 9110 section 6.5.1), so none may say what a field of the head
//! would not have been believed about. Framing, credentials and what a body is were refused when they were read.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use http_body::{Body, Frame, SizeHint};

use super::payload::{Payload, PayloadError};

/// Who asked, on which way, and how long the body is, besides `X-Forwarded-*`.
const UNHEARD: [&[u8]; 5] = [
    b"forwarded",
    b"via",
    b"x-real-ip",
    b"content-length",
    b"transfer-encoding",
];

/// The trailers without those that speak for the gateway: `Figway-*`, and who asked and on which way.
#[must_use]
pub fn kept_trailers(mut trailers: HeaderMap) -> HeaderMap {
    remove(&mut trailers, |name| {
        let ours = is_ours(name);
        let name = name.as_bytes();
        let same = |other: &[u8]| reads_as(name, other);
        ours || UNHEARD.into_iter().any(same) || {
            name.get(..12)
                .is_some_and(|start| reads_as(start, b"x-forwarded-"))
        }
    });
    trailers
}

/// Whether a field is between us and the backends: `Figway-*`, also as those write it who make one name of `_` and `-`
/// (RFC 3875 section 4.1.18).
#[must_use]
pub fn is_ours(name: &str) -> bool {
    name.as_bytes()
        .get(..7)
        .is_some_and(|start| reads_as(start, b"figway-"))
}

/// Whether two names are one to a receiver that takes `_` for `-`.
#[must_use]
pub fn reads_as(name: &[u8], other: &[u8]) -> bool {
    let folded = |byte: &u8| if *byte == b'_' { b'-' } else { *byte };
    name.len() == other.len() && name.iter().map(folded).eq(other.iter().map(folded))
}

/// Takes off what is the same field to who takes `_` for `-`.
pub(crate) fn remove_twins(name: &HeaderName, headers: &mut HeaderMap) {
    let text = name.as_str().as_bytes();
    // Their lengths tell almost all names apart.
    let twin = |other: &&HeaderName| reads_as(other.as_str().as_bytes(), text) && *other != name;
    while let Some(other) = headers.keys().find(twin).cloned() {
        headers.remove(other);
    }
}

fn remove(headers: &mut HeaderMap, gone: impl Fn(&str) -> bool) {
    while let Some(name) = headers.keys().find(|name| gone(name.as_str())).cloned() {
        headers.remove(name);
    }
}

impl Payload {
    /// The same body without trailers of these names, for which is only asked where there may be trailers.
    #[must_use]
    pub fn without_trailers(self, names: impl FnOnce() -> Arc<[HeaderName]>) -> Self {
        match self {
            Self::Whole {
                data,
                trailers: Some(trailers),
            } => {
                let trailers = without(*trailers, &names());
                Self::Whole {
                    data,
                    trailers: Some(Box::new(trailers)),
                }
            }
            inner @ Self::Stream(_) => {
                let names = names();
                Self::Stream(Box::pin(Without { inner, names }))
            }
            body @ (Self::Empty | Self::Whole { .. } | Self::Tunnel(_)) => body,
        }
    }
}

fn without(mut trailers: HeaderMap, names: &[HeaderName]) -> HeaderMap {
    remove(&mut trailers, |name| {
        names
            .iter()
            .any(|other| reads_as(name.as_bytes(), other.as_str().as_bytes()))
    });
    trailers
}

struct Without {
    inner: Payload,
    names: Arc<[HeaderName]>,
}

impl Body for Without {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        Pin::new(&mut self.inner)
            .poll_frame(context)
            .map_ok(|frame| match frame.into_trailers() {
                Ok(trailers) => Frame::trailers(without(trailers, &self.names)),
                Err(frame) => frame,
            })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&'static str]) -> HeaderMap {
        names
            .iter()
            .map(|name| (HeaderName::from_static(name), "1".parse().unwrap()))
            .collect()
    }

    fn names(trailers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<_> = trailers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_trailer_cannot_say_what_a_header_could_not() {
        let kept = kept_trailers(of(&[
            "x-sum",
            "grpc-status",
            "figway-shadow",
            "figway_shadow",
            "x-forwarded-for",
            "x_forwarded_proto",
            "x-forwarded",
            "forwarded",
            "via",
            "x_real_ip",
            "content_length",
            "figwayx",
        ]));
        assert_eq!(
            names(&kept),
            ["figwayx", "grpc-status", "x-forwarded", "x-sum"]
        );
    }

    #[tokio::test]
    async fn names_that_a_backend_is_told_by_us_come_in_no_trailer() {
        let body = || Payload::Whole {
            data: Bytes::from_static(b"abc"),
            trailers: Some(Box::new(of(&["x-user", "x_user", "x-sum"]))),
        };
        let user: Arc<[_]> = Arc::new([HeaderName::from_static("x-user")]);
        let streamed = Payload::Stream(Box::pin(body()));
        for body in [body(), streamed] {
            let whole = body
                .without_trailers(|| Arc::clone(&user))
                .gather(9)
                .await
                .unwrap();
            assert_eq!(names(&whole.trailers.unwrap()), ["x-sum"]);
        }
    }
}
