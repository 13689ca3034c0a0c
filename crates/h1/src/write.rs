//! Heads and chunks into bytes. A head goes out as its sender spelt it, in the sender's order, as far as the map still has its fields;
//! what was added comes after that. The version is ours: HTTP/1.1, whatever the other side speaks (RFC 9110 section 2.5).

use std::iter::Peekable;

use bytes::{BufMut, BytesMut};
use http::header::{CONTENT_LENGTH, HOST, HeaderName, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, request, response};
use memchr::memchr;
use smallvec::SmallVec;

use crate::body::BodyLength;
use crate::field;
use crate::spelling::Spelling;

/// What comes after the data of each chunk.
pub const CHUNK_END: &[u8] = b"\r\n";

/// Appends the head of a request with a body of that length, which is never [`BodyLength::UntilClose`]. The target is in the form that
/// `parts.uri` has. `Content-Length` and `Transfer-Encoding` of the map are not written, but one that says 0 where there is no body.
pub fn write_request(
    out: &mut BytesMut,
    parts: &request::Parts,
    spelling: &Spelling,
    length: BodyLength,
) {
    reserve(out, &parts.headers, spelling);
    out.put_slice(parts.method.as_str().as_bytes());
    out.put_u8(b' ');
    target(out, &parts.method, &parts.uri);
    out.put_slice(b" HTTP/1.1\r\n");
    let zero = parts
        .headers
        .get(CONTENT_LENGTH)
        .is_some_and(|value| value == "0");
    fields(
        out,
        &parts.headers,
        spelling,
        Framing::of(length, zero),
        Added::HostFirst,
    );
}

/// Appends the head of a response with a body of that length; [`BodyLength::Chunked`] is not for a client of HTTP/1.0.
/// `Content-Length` and `Transfer-Encoding` of the map are not written, but the length that stands for what is not sent: in answer to
/// `HEAD`, and of a 304 (RFC 9110 section 8.6).
pub fn write_response(
    out: &mut BytesMut,
    parts: &response::Parts,
    spelling: &Spelling,
    length: BodyLength,
) {
    reserve(out, &parts.headers, spelling);
    out.put_slice(b"HTTP/1.1 ");
    out.put_slice(parts.status.as_str().as_bytes());
    out.put_u8(b' ');
    out.put_slice(spelling.reason(parts.status));
    out.put_slice(b"\r\n");
    let may_tell = !parts.status.is_informational() && parts.status != StatusCode::NO_CONTENT;
    fields(
        out,
        &parts.headers,
        spelling,
        Framing::of(length, may_tell),
        Added::InOrder,
    );
}

/// Appends the line before a chunk of `len` bytes. Its data comes next, then [`CHUNK_END`]. A chunk of 0 bytes would end the body: of
/// an empty one nothing is written, here or after.
pub fn write_chunk_size(out: &mut BytesMut, len: usize) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    if len == 0 {
        return;
    }
    let mut text = [0_u8; 16];
    let mut rest = len;
    let mut from = text.len();
    for (at, place) in text.iter_mut().enumerate().rev() {
        if rest == 0 {
            break;
        }
        *place = DIGITS.get(rest & 15).copied().unwrap_or_default();
        rest >>= 4;
        from = at;
    }
    out.put_slice(text.get(from..).unwrap_or_default());
    out.put_slice(b"\r\n");
}

/// Appends the last chunk and the trailers, without those that may not be trailers.
pub fn write_last_chunk(out: &mut BytesMut, trailers: Option<&HeaderMap>) {
    out.put_slice(b"0\r\n");
    for (name, value) in trailers.into_iter().flatten() {
        if field::may_trail(name) {
            line(out, name.as_str().as_bytes(), value.as_bytes());
        }
    }
    out.put_slice(b"\r\n");
}

/// What is written of the fields that frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
    /// A length of the map stays.
    Told,
    Nothing,
}

impl Framing {
    fn of(length: BodyLength, may_tell: bool) -> Self {
        match length {
            BodyLength::Exactly(length) => Self::Length(length),
            BodyLength::Chunked => Self::Chunked,
            BodyLength::None if may_tell => Self::Told,
            BodyLength::None | BodyLength::UntilClose => Self::Nothing,
        }
    }

    /// Writes the field of this name if it is the one; `true` if nothing further is to be written for the line.
    fn takes(&mut self, out: &mut BytesMut, sent: &[u8], name: &HeaderName) -> bool {
        match (*name == CONTENT_LENGTH, *name == TRANSFER_ENCODING) {
            (false, false) => return false,
            (true, _) if *self == Self::Told => return false,
            (true, _) if matches!(self, Self::Length(_)) => self.write(out, sent),
            (_, true) if *self == Self::Chunked => self.write(out, sent),
            _ => {}
        }
        true
    }

    /// Whether a line of this field can stay: it frames nothing, or says what is to be said. Then nothing further is to be written for it.
    fn is_told_by(&mut self, name: &HeaderName, value: &HeaderValue) -> bool {
        if *name == TRANSFER_ENCODING {
            return false;
        }
        if *name != CONTENT_LENGTH {
            return true;
        }
        match *self {
            Self::Length(length) => {
                let same = itoa::Buffer::new().format(length).as_bytes() == value.as_bytes();
                if same {
                    *self = Self::Nothing;
                }
                same
            }
            Self::Told => true,
            Self::Chunked | Self::Nothing => false,
        }
    }

    /// Writes the field that the sender spelt so, if it is the one.
    fn takes_sent(&mut self, out: &mut BytesMut, sent: &[u8]) {
        let name = match self {
            Self::Length(_) => CONTENT_LENGTH,
            Self::Chunked => TRANSFER_ENCODING,
            Self::Told | Self::Nothing => return,
        };
        if name.as_str().as_bytes().eq_ignore_ascii_case(sent) {
            self.write(out, sent);
        }
    }

    fn write(&mut self, out: &mut BytesMut, name: &[u8]) {
        match *self {
            Self::Length(length) => {
                line(out, name, itoa::Buffer::new().format(length).as_bytes());
            }
            Self::Chunked => line(out, name, b"chunked"),
            Self::Told | Self::Nothing => {}
        }
        *self = Self::Nothing;
    }

    fn rest(mut self, out: &mut BytesMut) {
        let name = match self {
            Self::Length(_) => CONTENT_LENGTH,
            Self::Chunked => TRANSFER_ENCODING,
            Self::Told | Self::Nothing => return,
        };
        self.write(out, name.as_str().as_bytes());
    }
}

/// Where fields go that the sender did not spell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Added {
    /// Behind those that it did.
    InOrder,
    /// So too, but for the host, which comes first (RFC 9110 section 7.2).
    HostFirst,
}

fn fields(
    out: &mut BytesMut,
    map: &HeaderMap,
    spelling: &Spelling,
    mut framing: Framing,
    added: Added,
) {
    let mut fields = map.iter().peekable();
    let mut lines = spelling.lines();
    let host_moves = added == Added::HostFirst && !spelling.has_host();
    if !host_moves {
        // Most heads begin with lines that nobody changed. They go out in one piece: a request of three fields is written with 1,270
        // instructions in place of 2,270.
        let kept = unchanged(&mut fields, lines, &mut framing);
        if let Some((same, rest)) = lines.split_at_checked(kept) {
            out.put_slice(same);
            lines = rest;
        }
    }
    if lines.is_empty() && !host_moves {
        return added_fields(out, fields, framing);
    }
    let mut left: SmallVec<[Option<(&HeaderName, &HeaderValue)>; 32]> = fields.map(Some).collect();
    if host_moves && let Some((_, host)) = take(&mut left, &mut 0, HOST.as_str().as_bytes()) {
        line(out, HOST.as_str().as_bytes(), host.as_bytes());
    }
    // Where the field of the next line stands, as long as nothing was moved.
    let mut next = 0_usize;
    while let Some((whole, rest)) =
        memchr(b'\n', lines).and_then(|end| lines.split_at_checked(end.saturating_add(1)))
    {
        lines = rest;
        let Some((sent, value)) = whole.strip_suffix(b"\r\n").and_then(field::parts) else {
            continue;
        };
        let sent_whole = sent;
        let sent = field::trim(sent);
        let Some((name, now)) = take(&mut left, &mut next, sent) else {
            // The map need not have the fields that frame; the sender's spelling of them is kept.
            framing.takes_sent(out, sent);
            continue;
        };
        if framing.takes(out, sent, name) {
            continue;
        }
        if now.as_bytes() == value && sent.len() == sent_whole.len() {
            out.put_slice(whole);
        } else {
            line(out, sent, now.as_bytes());
        }
    }
    added_fields(out, left.into_iter().flatten(), framing);
}

/// Takes fields as long as the next line is the next field as it is now; how many bytes these lines have.
fn unchanged<'a>(
    fields: &mut Peekable<impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>>,
    mut lines: &[u8],
    framing: &mut Framing,
) -> usize {
    let mut kept = 0_usize;
    while let Some((name, value)) = fields.peek()
        && let Some(rest) = behind(lines, name, value)
        && framing.is_told_by(name, value)
    {
        kept = kept.saturating_add(lines.len().saturating_sub(rest.len()));
        lines = rest;
        fields.next();
    }
    kept
}

/// What comes behind the line of that field; none if the first line is another one, or is written in another way than most.
fn behind<'l>(lines: &'l [u8], name: &HeaderName, value: &HeaderValue) -> Option<&'l [u8]> {
    let name = name.as_str().as_bytes();
    let (sent, rest) = lines.split_at_checked(name.len())?;
    let [b':', b' ', rest @ ..] = rest else {
        return None;
    };
    let (came, rest) = rest.split_at_checked(value.len())?;
    let [b'\r', b'\n', rest @ ..] = rest else {
        return None;
    };
    // Many spell it as the map does, and equality is seen faster.
    let is_it = came == value.as_bytes() && (sent == name || sent.eq_ignore_ascii_case(name));
    is_it.then_some(rest)
}

/// Writes what is left, and ends the head.
fn added_fields<'a>(
    out: &mut BytesMut,
    fields: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>,
    mut framing: Framing,
) {
    for (name, value) in fields {
        let sent = name.as_str().as_bytes();
        if !framing.takes(out, sent, name) {
            line(out, sent, value.as_bytes());
        }
    }
    framing.rest(out);
    out.put_slice(b"\r\n");
}

/// The first field of that name which is left: almost always the next one. A map gives the values of one name
/// together and in their order, so that none of them is behind us.
fn take<'a>(
    left: &mut [Option<(&'a HeaderName, &'a HeaderValue)>],
    next: &mut usize,
    sent: &[u8],
) -> Option<(&'a HeaderName, &'a HeaderValue)> {
    let is_it = |field: &Option<(&HeaderName, &HeaderValue)>| {
        field.is_some_and(|(name, _)| {
            let name = name.as_str().as_bytes();
            // Many spell it as the map does, and equality is seen faster.
            name == sent || name.eq_ignore_ascii_case(sent)
        })
    };
    let at = if left.get(*next).is_some_and(is_it) {
        *next
    } else {
        left.iter().position(is_it)?
    };
    *next = at.saturating_add(1);
    left.get_mut(at)?.take()
}

fn line(out: &mut BytesMut, name: &[u8], value: &[u8]) {
    out.put_slice(name);
    out.put_slice(b": ");
    out.put_slice(value);
    out.put_slice(b"\r\n");
}

fn target(out: &mut BytesMut, method: &Method, uri: &Uri) {
    if let Some(authority) = uri.authority() {
        if *method == Method::CONNECT {
            return out.put_slice(authority.as_str().as_bytes());
        }
        if let Some(scheme) = uri.scheme() {
            out.put_slice(scheme.as_str().as_bytes());
            out.put_slice(b"://");
            out.put_slice(authority.as_str().as_bytes());
            if uri.path() == "*" {
                return;
            }
        }
    }
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    if !target.starts_with('/') && target != "*" {
        out.put_u8(b'/');
    }
    out.put_slice(target.as_bytes());
}

fn reserve(out: &mut BytesMut, map: &HeaderMap, spelling: &Spelling) {
    let fields = map.len().saturating_mul(40);
    out.reserve(fields.max(spelling.lines().len()).saturating_add(256));
}
