//! Responses: a status line and fields, and how long the body is in answer to which method.

use std::ops::Range;

use bytes::BytesMut;
use http::{Method, StatusCode, Version};

use crate::Limits;
use crate::body::BodyLength;
use crate::field::{self, Coding, Gap, Noted};
use crate::refused::{self, Refused};
use crate::request::read_version;
use crate::scan::{self, Folds, Line};
use crate::spelling::Spelling;

/// The head of a response, interim ones (1xx) included.
#[derive(Debug)]
pub struct ResponseHead {
    /// Status, HTTP/1.0 or HTTP/1.1, and all fields.
    pub parts: http::response::Parts,
    /// The field lines and the reason phrase as they were sent.
    pub spelling: Spelling,
    /// How long its body is; none of a 1xx, whose connection goes on with a further head, or with another protocol after 101.
    pub length: BodyLength,
    /// Whether the connection can take a further request once the body has come.
    pub keep_alive: bool,
}

/// Reads one head in answer to `method` and takes it out of `buf`; none if more bytes are needed. Where RFC 9112 lets a gateway mend an
/// answer, it is mended: a folded field is joined (section 5.2), white space before a colon is dropped (section 5.1).
///
/// # Errors
/// The head breaks a rule or a limit. `buf` is of no use afterwards, and the connection neither.
pub fn read_response(
    buf: &mut BytesMut,
    limits: &Limits,
    method: &Method,
) -> Result<Option<ResponseHead>, Refused> {
    let most = buf.get(..limits.head).unwrap_or(buf);
    let line = scan::line(most, 0);
    let (Line::Ends(end) | Line::Open(end) | Line::Broken(end, _)) = line;
    // What is wrong with the line comes first, as it came first.
    status_line_begins(buf.get(..end).unwrap_or_default())?;
    match line {
        Line::Ends(_) => {}
        Line::Open(_) if buf.len() > limits.head => return Err(refused::HEAD),
        Line::Open(_) => return Ok(None),
        Line::Broken(_, refused) => return Err(refused),
    }
    let line = status_line(buf.get(..end).unwrap_or_default())?;
    let from = end.saturating_add(2);
    let Some(section) = scan::fields(buf, 0, from, limits, Folds::Joined)? else {
        return Ok(None);
    };
    for fold in &section.folds {
        let at = usize::try_from(*fold).unwrap_or(usize::MAX);
        if let Some(fold) = buf.get_mut(at..at.saturating_add(2)) {
            fold.fill(b' ');
        }
    }
    let head = buf.split_to(section.end).freeze();
    let (headers, noted) = field::read(&head, &section, Gap::Removed)?;
    let length = length(&noted, method, &line)?;
    let StatusLine {
        version,
        status,
        reason,
    } = line;
    let mut keep_alive = noted.connection.persists(version) && length != BodyLength::UntilClose;
    if status == StatusCode::NO_CONTENT && (noted.coding.is_some() || noted.length > Some(0)) {
        // A body that was announced where none can be may well come.
        keep_alive = false;
    }
    let mut parts = http::Response::new(()).into_parts().0;
    parts.status = status;
    parts.version = version;
    parts.headers = headers;
    Ok(Some(ResponseHead {
        spelling: Spelling::of_response(
            head.slice(from..section.end.saturating_sub(2)),
            status,
            head.slice(reason),
        ),
        length,
        keep_alive,
        parts,
    }))
}

struct StatusLine {
    version: Version,
    status: StatusCode,
    reason: Range<usize>,
}

/// Looks at what has come of a status line, so that no one waits for the end of what is none.
fn status_line_begins(line: &[u8]) -> Result<(), Refused> {
    let begin = b"HTTP/";
    let begins = line.starts_with(begin) || begin.starts_with(line);
    // All bytes without a way out between them: eight or more are looked at in one step.
    if !begins || line.iter().fold(false, |any, byte| any | control(byte)) {
        return Err(refused::STATUS_LINE);
    }
    Ok(())
}

fn control(byte: &u8) -> bool {
    matches!(byte, 0..=8 | 10..=0x1f | 0x7f)
}

/// `HTTP/1.1 200 reason`; the space before an empty reason may be missing, as old servers leave it out.
fn status_line(line: &[u8]) -> Result<StatusLine, Refused> {
    let Some((version, rest)) = line.split_at_checked(8) else {
        return Err(refused::STATUS_LINE);
    };
    let version = read_version(version)?;
    let [b' ', a, b, c, rest @ ..] = rest else {
        return Err(refused::STATUS_LINE);
    };
    let status = StatusCode::from_bytes(&[*a, *b, *c]).map_err(|_| refused::STATUS)?;
    let reason = match rest {
        [] => line.len()..line.len(),
        [b' ', ..] => 13..line.len(),
        _ => return Err(refused::STATUS),
    };
    Ok(StatusLine {
        version,
        status,
        reason,
    })
}

/// How long the body is (RFC 9112 section 6.3). Fields that frame are read even where there is no body: garbled ones are the mark of an
/// origin whose further answers cannot be told apart.
fn length(noted: &Noted, method: &Method, line: &StatusLine) -> Result<BodyLength, Refused> {
    let status = line.status;
    match (noted.coding, noted.length) {
        (Some(_), _) if line.version == Version::HTTP_10 => return Err(refused::CODING_HTTP_10),
        (Some(_), Some(_)) => return Err(refused::LENGTH_CHUNKED),
        (Some(Coding::Other), None) => return Err(refused::CODING_UNKNOWN),
        (Some(Coding::Bad), None) => return Err(refused::CODING_LAST),
        _ => {}
    }
    if status.is_informational() {
        return match (noted.coding, noted.length) {
            (Some(_), _) => Err(refused::CODING_FORBIDDEN),
            (_, Some(1..)) => Err(refused::LENGTH_FORBIDDEN),
            _ => Ok(BodyLength::None),
        };
    }
    let none = *method == Method::HEAD
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || (*method == Method::CONNECT && status.is_success());
    Ok(match (noted.coding, noted.length) {
        _ if none => BodyLength::None,
        (Some(_), _) => BodyLength::Chunked,
        (None, Some(length)) => BodyLength::Exactly(length),
        (None, None) => BodyLength::UntilClose,
    })
}
