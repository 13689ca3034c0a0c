//! Requests: a request line in one of the four forms, and fields.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use http::uri::PathAndQuery;
use http::{Method, Uri, Version};

use crate::body::BodyLength;
use crate::field::{self, Coding, Gap, Noted};
use crate::refused::{self, Refused};
use crate::scan::{self, Folds, Line};
use crate::spelling::Spelling;
use crate::{Limits, host};

/// The head of a request.
#[derive(Debug)]
pub struct RequestHead {
    /// Method, target as it was sent, HTTP/1.0 or HTTP/1.1, and all fields.
    pub parts: http::request::Parts,
    /// The field lines as they were sent.
    pub spelling: Spelling,
    /// How long its body is.
    pub length: BodyLength,
    /// Whether the client will send further requests.
    pub keep_alive: bool,
    /// Whether it waits for a `100 Continue` before it sends the body; never of HTTP/1.0 (RFC 9110 section 10.1.1).
    pub expects_continue: bool,
    /// Whether it asks to change the protocol; never of HTTP/1.0 (RFC 9110 section 7.8).
    pub upgrade: bool,
}

/// Bytes of the longest method; registered ones have at most 17.
const LONGEST_METHOD: usize = 32;
/// A space, and the version.
const VERSION_LENGTH: usize = 9;
/// Empty lines before a request line that are skipped; RFC 9112 section 2.2 wants one at least.
const EMPTY_LINES: usize = 4;

/// Reads one head and takes it out of `buf`; none if more bytes are needed. A fault is told as soon as its bytes are there, and
/// whatever the pieces are in which a head comes, the same fault.
///
/// # Errors
/// The head breaks a rule or a limit. `buf` is of no use afterwards.
pub fn read_request(buf: &mut BytesMut, limits: &Limits) -> Result<Option<RequestHead>, Refused> {
    let Some((start, line_end)) = first_line(buf, limits)? else {
        return Ok(None);
    };
    let line = buf.get(start..line_end).unwrap_or_default();
    let from = line_end.saturating_add(2);
    // Before the fields are looked at, so that it does not matter whether they have come.
    let Some(line) = request_line(line, limits, Come::Whole)? else {
        return Err(refused::REQUEST_LINE);
    };
    let Some(section) = scan::fields(buf, start, from, limits, Folds::Refused)? else {
        return Ok(None);
    };
    let head = buf.split_to(section.end).freeze();
    let (headers, noted) = field::read(&head, &section, Gap::Refused)?;
    let version = line.version;
    if version == Version::HTTP_11 && !noted.host {
        return Err(refused::HOST_MISSING);
    }
    let length = length(&noted, version)?;
    let line_bytes = head.slice(start..line_end);
    let mut parts = http::Request::new(()).into_parts().0;
    let method = line_bytes.get(line.method.clone());
    parts.uri = read_target(line_bytes.slice(line.target), method)?;
    parts.method = Method::from_bytes(line_bytes.get(line.method).unwrap_or_default())
        .map_err(|_| refused::METHOD)?;
    parts.version = version;
    parts.headers = headers;
    Ok(Some(RequestHead {
        spelling: Spelling::of_request(head.slice(from..section.end.saturating_sub(2)), noted.host),
        length,
        keep_alive: noted.connection.persists(version),
        expects_continue: noted.expects_continue && version == Version::HTTP_11,
        upgrade: noted.upgrade && noted.connection.upgrade && version == Version::HTTP_11,
        parts,
    }))
}

/// A target of which it is known that it is in one of the four forms.
fn read_target(target: Bytes, method: Option<&[u8]>) -> Result<Uri, Refused> {
    // An absolute target without path and query asks for the server as a whole (RFC 9112 section 3.2.4).
    let whole = method == Some(b"OPTIONS") && !target.starts_with(b"/") && {
        let authority = target.splitn(3, |byte| *byte == b'/').nth(2);
        authority.is_some_and(|rest| !rest.iter().any(|byte| matches!(byte, b'/' | b'?')))
    };
    let uri = Uri::from_maybe_shared(target).map_err(|_| refused::TARGET_BYTE)?;
    if !whole {
        return Ok(uri);
    }
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(PathAndQuery::from_static("*"));
    Uri::from_parts(parts).map_err(|_| refused::TARGET_BYTE)
}

/// Where the first line stands, behind the empty lines that are skipped; none if more bytes are needed. What has come of it is looked at.
fn first_line(buf: &BytesMut, limits: &Limits) -> Result<Option<(usize, usize)>, Refused> {
    let mut start = 0_usize;
    for _ in 0..=EMPTY_LINES {
        let line = scan::line(buf, start);
        let (Line::Ends(end) | Line::Open(end) | Line::Broken(end, _)) = line;
        let come = buf.get(start..end).unwrap_or_default();
        match line {
            Line::Ends(end) if end == start => start = end.saturating_add(2),
            Line::Ends(end) => return Ok(Some((start, end))),
            // What is wrong with the line comes first, as it came first.
            Line::Open(_) => return request_line(come, limits, Come::Part).map(|_| None),
            Line::Broken(_, refused) => {
                return request_line(come, limits, Come::Part).and(Err(refused));
            }
        }
    }
    Err(refused::EMPTY_LINES)
}

/// How much of a line there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Come {
    Part,
    Whole,
}

struct RequestLine {
    method: Range<usize>,
    target: Range<usize>,
    version: Version,
}

/// Takes a request line apart, or looks at what has come of it.
fn request_line(line: &[u8], limits: &Limits, come: Come) -> Result<Option<RequestLine>, Refused> {
    let open = line.get(..=LONGEST_METHOD).unwrap_or(line);
    let Some(method) = open.iter().position(|byte| !is_token(*byte)) else {
        return match come {
            _ if open.len() > LONGEST_METHOD => Err(refused::METHOD_LENGTH),
            Come::Part => Ok(None),
            Come::Whole => Err(refused::METHOD),
        };
    };
    if method == 0 || line.get(method) != Some(&b' ') {
        return Err(refused::METHOD);
    }
    let at = method.saturating_add(1);
    let rest = line.get(at..).unwrap_or_default();
    let most = limits.target.saturating_add(VERSION_LENGTH);
    // A fragment is never sent (RFC 9112 section 3.2); readers that cut it off would route by another target than they pass on.
    // All bytes without a way out between them: eight or more are looked at in one step.
    let looked_at = rest.get(..=most).unwrap_or(rest);
    let unfit = |byte: &u8| matches!(byte, 0..=0x1f | 0x7f | b'#');
    if looked_at.iter().fold(false, |any, byte| any | unfit(byte)) {
        return Err(refused::TARGET_BYTE);
    }
    if rest.len() > most {
        return Err(refused::TARGET_LENGTH);
    }
    if come == Come::Part {
        return Ok(None);
    }
    let mut words = rest.split(|byte| *byte == b' ');
    let (Some(target), Some(version), None) = (words.next(), words.next(), words.next()) else {
        return Err(refused::REQUEST_LINE);
    };
    if target.len() > limits.target {
        return Err(refused::TARGET_LENGTH);
    }
    let version = read_version(version)?;
    check_form(line.get(..method).unwrap_or_default(), target)?;
    Ok(Some(RequestLine {
        method: 0..method,
        target: at..at.saturating_add(target.len()),
        version,
    }))
}

/// HTTP/1.x; a minor version above 1 is read as HTTP/1.1 (RFC 9110 section 2.5).
pub(crate) fn read_version(version: &[u8]) -> Result<Version, Refused> {
    match version {
        b"HTTP/1.0" => Ok(Version::HTTP_10),
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0'..=b'9'] => Ok(Version::HTTP_11),
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
            Err(refused::VERSION_MAJOR)
        }
        _ => Err(refused::VERSION),
    }
}

/// The four forms of RFC 9112 section 3.2: `CONNECT` has an authority with a port and nothing else has one, `*` is for `OPTIONS`.
fn check_form(method: &[u8], target: &[u8]) -> Result<(), Refused> {
    let right = if method == b"CONNECT" {
        // The port must be there (RFC 9110 section 9.3.6).
        host::valid_host(target)
            && !matches!(target.last(), Some(b':' | b']'))
            && memchr::memrchr(b':', target).is_some()
    } else {
        match target {
            [] => false,
            b"*" => method == b"OPTIONS",
            [b'/', ..] => true,
            _ => absolute(target),
        }
    };
    if right {
        Ok(())
    } else {
        Err(refused::TARGET_FORM)
    }
}

fn absolute(target: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', target) else {
        return false;
    };
    let (scheme, rest) = target.split_at_checked(colon).unwrap_or_default();
    let known = [b"http".as_slice(), b"https"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(scheme));
    let [b':', b'/', b'/', rest @ ..] = rest else {
        return false;
    };
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?'))
        .unwrap_or(rest.len());
    known && host::valid_host(rest.get(..end).unwrap_or_default())
}

/// Characters of a token (RFC 9110 section 5.6.2).
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// How long the body is (RFC 9112 section 6.3).
fn length(noted: &Noted, version: Version) -> Result<BodyLength, Refused> {
    match (noted.coding, noted.length) {
        (Some(_), _) if version == Version::HTTP_10 => Err(refused::CODING_HTTP_10),
        (Some(_), Some(_)) => Err(refused::LENGTH_CHUNKED),
        (Some(Coding::Chunked), None) => Ok(BodyLength::Chunked),
        (Some(Coding::Other), None) => Err(refused::CODING_UNKNOWN),
        (Some(Coding::Bad), None) => Err(refused::CODING_LAST),
        (None, Some(length)) => Ok(BodyLength::Exactly(length)),
        (None, None) => Ok(BodyLength::None),
    }
}
