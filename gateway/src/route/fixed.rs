//! Answers that the gateway gives itself: a redirect, or a message at hand. Pure.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::message::{Payload, Response};
use crate::route::params::{PathParams, PathTemplate};
use crate::route::table::host;

/// An answer of our own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The name of the route that it stands for.
    pub name: Arc<str>,
    /// Its status.
    pub status: StatusCode,
    /// Its fields, besides those that follow from `what`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What is in it.
    pub what: What,
}

/// What is in an answer of our own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// These bytes.
    Body {
        /// Its content type; none where there is no body.
        content_type: Option<HeaderValue>,
        /// The bytes.
        data: Bytes,
    },
    /// The client is sent elsewhere.
    Redirect {
        /// Where to: an absolute URL or a path, with the parameters of the route's path, `{host}` and `{path}`.
        to: PathTemplate,
        /// Whether the client's query goes with it.
        query: bool,
    },
}

/// What a redirect may name besides the parameters of the path.
pub const PLACES: [&str; 2] = ["host", "path"];

impl Fixed {
    /// The answer to a request.
    #[must_use]
    pub fn answer(&self, parts: &Parts, params: &PathParams) -> Response {
        let mut response = Response::of(self.status, "", "");
        let headers = &mut response.parts.headers;
        headers.remove(CONTENT_TYPE);
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        match &self.what {
            What::Body { content_type, data } => {
                if let Some(kind) = content_type {
                    headers.insert(CONTENT_TYPE, kind.clone());
                }
                response.payload = Payload::bytes(data.clone());
            }
            What::Redirect { to, query } => {
                let place = location(to, *query, parts, params);
                if let Ok(place) = HeaderValue::try_from(place) {
                    headers.insert(LOCATION, place);
                }
            }
        }
        response
    }

    /// In few words: `308 to /lots/{lot}`, `503`.
    #[must_use]
    pub fn told(&self) -> String {
        match &self.what {
            What::Body { .. } => self.status.as_u16().to_string(),
            What::Redirect { to, .. } => format!("{} to {to}", self.status.as_u16()),
        }
    }
}

fn location(to: &PathTemplate, query: bool, parts: &Parts, params: &PathParams) -> String {
    let path = parts.uri.path();
    let mut place = to.fill_with(|name| match (params.raw(name), name) {
        (Some(value), _) => Some(value.into()),
        (None, "host") => Some(host(parts).unwrap_or_default().into()),
        (None, "path") => Some(path.into()),
        (None, _) => None,
    });
    // A parameter that begins with a slash would make a path into the name of another server (RFC 3986 section 4.2).
    if place.starts_with(['/', '\\']) {
        let rest = place.trim_start_matches(['/', '\\']);
        place = format!("/{rest}");
    }
    if let Some(given) = parts.uri.query().filter(|_| query) {
        place.push(if place.contains('?') { '&' } else { '?' });
        place.push_str(given);
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(to: &str, target: &str, params: &[(&str, &str)]) -> String {
        let request = http::Request::get(target).header("host", "Old.example:8080");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let params = PathParams::new(
            params
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into())),
        );
        let fixed = Fixed {
            name: "moved".into(),
            status: StatusCode::PERMANENT_REDIRECT,
            headers: Vec::new(),
            what: What::Redirect {
                to: PathTemplate::parse(to).unwrap(),
                query: true,
            },
        };
        let answer = fixed.answer(&parts, &params);
        assert!(answer.parts.headers.get(CONTENT_TYPE).is_none());
        answer.parts.headers[LOCATION].to_str().unwrap().to_owned()
    }

    #[test]
    fn a_redirect_keeps_what_the_client_wrote() {
        let to = "https://new.example/lots/{lot}";
        assert_eq!(
            location(to, "/l/a%2Fb?x=%31", &[("lot", "a%2Fb")]),
            "https://new.example/lots/a%2Fb?x=%31"
        );
        assert_eq!(
            location("https://{host}{path}", "/a/b?c", &[]),
            "https://Old.example/a/b?c"
        );
        assert_eq!(location("/x?y=1", "/a?b=2", &[]), "/x?y=1&b=2");
    }

    #[test]
    fn a_parameter_does_not_become_a_server() {
        for rest in [
            "/evil.example",
            "//evil.example",
            "\\evil.example",
            "/\\evil.example",
        ] {
            assert_eq!(
                location("/{rest}", "/x", &[("rest", rest)]),
                "/evil.example",
                "{rest}"
            );
        }
    }
}
