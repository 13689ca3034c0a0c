//! Bodies in another shape, for requests and for answers: by a [mapping](crate::mapping) file, or between JSON and a COBOL record
//! by copybook and field names alone. Pure.
//!
//! In: a head, a gathered body, and the [`Shape`]s on either side or the program of a mapping. Out: the body in the other shape, with the headers
//! that describe it set right; or a [`TranscodeError`] that names the field, its offset and the reason, and no values.
//! Nothing is ever cut to fit. FILLERs and odd sign nibbles do not cross into JSON: `_raw`, with which the parsers keep
//! them, is neither written nor taken here, so a client can neither see nor set bytes that are no field's.

mod error;
mod mapped;
mod media;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::{Method, StatusCode, request, response};
use parsers::json::{Invalid, JsonOptions, ShowResidue};
use parsers::{FieldErrorKind, Layout};

use crate::message::Gathered;
use crate::route::Leg;
use crate::route::shape::{Shape, Shapes};
pub use error::{TranscodeError, TranscodeErrorKind};
pub use mapped::{map_request, map_response};

/// What became of an answer.
#[derive(Debug)]
pub enum Mapped {
    /// It is in the client's shape, head and body.
    Body(Gathered),
    /// It is an error in the backend's own shape, which has no counterpart in the client's: the route's error form
    /// tells of it, with this status.
    ErrorStatus(StatusCode),
}

/// Readies the head of a request for a backend whose answers must be transcoded: no content coding, the backend's
/// media type, no part of a body, and no condition on a body that clients never saw.
pub fn ask(parts: &mut request::Parts, client: &Shapes, leg: &Leg) {
    if let Some(program) = leg.maps_response() {
        media::ask(&mut parts.headers, media::of_format(program.from()));
    } else if !client.response.same_as(&leg.shapes.response) {
        media::ask(&mut parts.headers, media::media_type(&leg.shapes.response));
    }
}

/// A request's body from the client's shape to a backend's. An empty body of a method that needs none stays empty.
///
/// # Errors
/// A body of another media type or with a content coding, and what does not decode or fit. The head is then as it was.
pub fn request(
    parts: &mut request::Parts,
    whole: Gathered,
    from: &Shape,
    to: &Shape,
) -> Result<Gathered, TranscodeError> {
    if from.same_as(to) {
        return Ok(whole);
    }
    if whole.data.is_empty() && !needs_body(&parts.method) {
        return Ok(whole);
    }
    media::check(&parts.headers, from)?;
    let body = body(&whole.data, from, to)?;
    media::describe(&mut parts.headers, media::media_type(to), body.len());
    Ok(Gathered {
        data: body,
        trailers: whole.trailers,
    })
}

fn needs_body(method: &Method) -> bool {
    !matches!(
        *method,
        Method::GET | Method::HEAD | Method::DELETE | Method::OPTIONS | Method::TRACE
    )
}

/// An answer from a backend's shape to the client's. Answers that have no body, and redirects, keep having none.
///
/// # Errors
/// A body of another media type or with a content coding, and what does not decode or fit: the backend's fault. The
/// head is then as it was.
pub fn response(
    parts: &mut response::Parts,
    whole: Gathered,
    from: &Shape,
    to: &Shape,
) -> Result<Mapped, TranscodeError> {
    if from.same_as(to) {
        return Ok(Mapped::Body(whole));
    }
    let status = parts.status;
    if status.is_client_error() || status.is_server_error() {
        return Ok(Mapped::ErrorStatus(status));
    }
    if is_bare(parts, &whole) {
        media::undescribe(&mut parts.headers);
        return Ok(Mapped::Body(Gathered {
            data: Bytes::new(),
            trailers: whole.trailers,
        }));
    }
    media::check(&parts.headers, from)?;
    let body = body(&whole.data, from, to)?;
    media::describe(&mut parts.headers, media::media_type(to), body.len());
    Ok(Mapped::Body(Gathered {
        data: body,
        trailers: whole.trailers,
    }))
}

/// Whether an answer has no body to transcode.
fn is_bare(parts: &response::Parts, whole: &Gathered) -> bool {
    let status = parts.status;
    let bare = matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    );
    // To a HEAD request: a length is announced and nothing comes.
    let head_only = whole.data.is_empty() && media::announces_body(&parts.headers);
    bare || head_only || status.is_redirection() || status.is_informational()
}

/// A body from one shape to another.
///
/// # Errors
/// What does not decode or fit.
pub fn body(data: &[u8], from: &Shape, to: &Shape) -> Result<Bytes, TranscodeError> {
    match (from, to) {
        (Shape::Record(layout), Shape::Json) => to_json(layout, data).map(Bytes::from),
        (Shape::Json, Shape::Record(layout)) => to_record(layout, data).map(Bytes::from),
        // Fields meet by their names in JSON.
        (Shape::Record(from), Shape::Record(to)) => {
            to_record(to, &to_json(from, data)?).map(Bytes::from)
        }
        // Without a mapping nothing else is made into anything: what resolves a configuration sees to that.
        _ => Ok(Bytes::copy_from_slice(data)),
    }
}

/// Values only: what is in no field stays behind, and what lies beyond the layout is refused.
fn to_json(layout: &Layout, record: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    if record.len() > layout.max_len() {
        return Err(TranscodeError::length(layout, record.len()));
    }
    const VALUES: JsonOptions = JsonOptions {
        invalid: Invalid::Fail,
        residue: ShowResidue::Omit,
    };
    let mut json = Vec::with_capacity(record.len().saturating_mul(2));
    layout
        .write_json_with(record, &VALUES, &mut json)
        .map_err(|error| match error.kind() {
            FieldErrorKind::Short => TranscodeError::length_at(layout, &error, record.len()),
            _ => TranscodeError::undecodable(layout, &error),
        })?;
    Ok(json)
}

fn to_record(layout: &Layout, json: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    refuse_reserved(json)?;
    layout
        .read_json(json)
        .map_err(|error| TranscodeError::unfit(layout, &error))
}

/// Refuses `_raw` and `_errors`, which the parsers would take as bytes beside the fields.
fn refuse_reserved(json: &[u8]) -> Result<(), TranscodeError> {
    // Most texts have neither, and no escapes under which they could hide.
    let suspicious = json
        .windows(2)
        .any(|pair| pair == br#""_"# || pair == br"\u");
    if !suspicious {
        return Ok(());
    }
    match serde_json::from_slice::<Reserved>(json) {
        Ok(Reserved {
            raw: None,
            errors: None,
        }) => Ok(()),
        Ok(_) => Err(TranscodeError::reserved()),
        // Reading it says what is wrong.
        Err(_) => Ok(()),
    }
}

#[derive(serde::Deserialize)]
struct Reserved {
    #[serde(rename = "_raw")]
    raw: Option<serde::de::IgnoredAny>,
    #[serde(rename = "_errors")]
    errors: Option<serde::de::IgnoredAny>,
}
