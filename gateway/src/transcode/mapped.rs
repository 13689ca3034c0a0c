//! Messages by a mapping: what goes around its program.

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{StatusCode, Uri, request, response};

use super::{Mapped, TranscodeError, TranscodeErrorKind, media, needs_body};
use crate::mapping::{Around, Format, Made, Program};
use crate::message::Gathered;
use crate::route::shape::Shape;
use crate::route::{Leg, PathParams};

/// A request from what clients send to what a backend takes.
///
/// # Errors
/// A body of another media type or with a content coding; and whatever the mapping refuses, with its place. The head is then as it was.
pub fn map_request(
    parts: &mut request::Parts,
    whole: Gathered,
    program: &Program,
    params: &PathParams,
) -> Result<Gathered, TranscodeError> {
    let bodyless = whole.data.is_empty() && !needs_body(&parts.method);
    if let Format::Query = program.from()
        && !whole.data.is_empty()
    {
        return Err(TranscodeError::mapping("no body is taken beside the query"));
    }
    if !bodyless {
        media::check(&parts.headers, &shape(program.from()))?;
    }
    let around = Around {
        params: Some(params),
        headers: Some(&parts.headers),
        query: parts.uri.query(),
    };
    let data = match program.run(&whole.data, &around)? {
        Made::Body(body) => {
            media::describe(
                &mut parts.headers,
                media::of_format(program.to()),
                body.len(),
            );
            Bytes::from(body)
        }
        Made::Query(query) => {
            parts.uri = with_query(&parts.uri, &query)?;
            media::undescribe(&mut parts.headers);
            Bytes::new()
        }
    };
    if let Some(method) = program.method() {
        parts.method = method.clone();
    }
    Ok(Gathered {
        data,
        trailers: whole.trailers,
    })
}

fn with_query(uri: &Uri, query: &str) -> Result<Uri, TranscodeError> {
    let text = match query {
        "" => uri.path().to_owned(),
        query => format!("{}?{query}", uri.path()),
    };
    let mut parts = uri.clone().into_parts();
    let long = |_| TranscodeError::mapping("a query longer than a target may be");
    parts.path_and_query = Some(PathAndQuery::try_from(text).map_err(long)?);
    Uri::from_parts(parts).map_err(|_| TranscodeError::mapping("no target can have this query"))
}

/// An answer from a backend to the client's form. Answers that have no body, and redirects, keep having none; errors go by the
/// mapping's section for them, where it has one that takes them.
///
/// # Errors
/// A body of another media type or with a content coding, and whatever the mapping refuses: the backend's fault. The head is then as it
/// was.
pub fn map_response(
    parts: &mut response::Parts,
    whole: Gathered,
    program: &Program,
    leg: &Leg,
) -> Result<Mapped, TranscodeError> {
    let status = parts.status;
    if status.is_client_error() || status.is_server_error() {
        return Ok(failed(parts, &whole, leg, status));
    }
    if super::is_bare(parts, &whole) {
        media::undescribe(&mut parts.headers);
        return Ok(Mapped::Body(Gathered {
            data: Bytes::new(),
            trailers: whole.trailers,
        }));
    }
    match one(parts, &whole, program) {
        Ok(done) => Ok(Mapped::Body(done)),
        // Over HTTP a fault has status 500, which not every server keeps to.
        Err(error) if error.kind() == TranscodeErrorKind::Fault => Ok(failed(
            parts,
            &whole,
            leg,
            StatusCode::INTERNAL_SERVER_ERROR,
        )),
        Err(error) => Err(error),
    }
}

fn failed(parts: &mut response::Parts, whole: &Gathered, leg: &Leg, status: StatusCode) -> Mapped {
    let mapped = leg
        .maps_errors()
        .and_then(|program| one(parts, whole, program).ok());
    match mapped {
        Some(done) => {
            parts.status = status;
            Mapped::Body(done)
        }
        None => Mapped::ErrorStatus(status),
    }
}

fn one(
    parts: &mut response::Parts,
    whole: &Gathered,
    program: &Program,
) -> Result<Gathered, TranscodeError> {
    media::check(&parts.headers, &shape(program.from()))?;
    let around = Around {
        headers: Some(&parts.headers),
        ..Around::default()
    };
    let (
        Made::Body(body),
        Format::Json
        | Format::Xml
        | Format::Soap(_)
        | Format::Form
        | Format::Record(_)
        | Format::Records(_),
    ) = (program.run(&whole.data, &around)?, program.to())
    else {
        return Err(TranscodeError::mapping("an answer has no query"));
    };
    media::describe(
        &mut parts.headers,
        media::of_format(program.to()),
        body.len(),
    );
    Ok(Gathered {
        data: body.into(),
        trailers: whole.trailers.clone(),
    })
}

/// What a body of that form must be called.
fn shape(format: &Format) -> Shape {
    format.shape()
}
