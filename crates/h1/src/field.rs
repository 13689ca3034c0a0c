//! Field lines into a map, and what the fields that frame a message say.

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue};
use memchr::memchr;

use crate::host::valid_host;
use crate::refused::{self, Refused};
use crate::scan::Section;

/// Fields that whoever passes a request on is likely to add, with all that a gateway can be told to: a map that grows moves all it has.
const MORE: usize = 10;
/// To an answer hardly any is added. The map of one of few fields then stays below 1 KB, which allocators have at hand.
const MORE_OF_ANSWER: usize = 1;

/// What a name followed by white space means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    /// RFC 9112 section 5.1: a server refuses it.
    Refused,
    /// And a gateway removes it from an answer.
    Removed,
}

/// What the fields say about the message and its connection.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    pub(crate) length: Option<u64>,
    pub(crate) coding: Option<Coding>,
    pub(crate) connection: Connection,
    /// Whether there is an `Upgrade`.
    pub(crate) upgrade: bool,
    /// Whether there is an `Expect: 100-continue`.
    pub(crate) expects_continue: bool,
    pub(crate) host: bool,
}

/// The options of `Connection`.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Connection {
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade: bool,
}

/// The transfer codings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// `chunked` and nothing else.
    Chunked,
    /// Others before a `chunked`.
    Other,
    /// The end of the body cannot be known.
    Bad,
}

/// The name and the value of a line. The name is as sent, with what stands before the colon.
pub(crate) fn parts(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr(b':', line)?;
    let (name, rest) = line.split_at_checked(colon)?;
    Some((name, trim(rest.get(1..)?)))
}

/// Without the white space at both ends that is no part of a value (RFC 9110 section 5.5). Other control characters stay, and are
/// refused later.
pub(crate) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// The fields of a section; the values share the bytes of `head`.
pub(crate) fn read(
    head: &Bytes,
    section: &Section,
    gap: Gap,
) -> Result<(HeaderMap, Noted), Refused> {
    let more = match gap {
        Gap::Refused => MORE,
        Gap::Removed => MORE_OF_ANSWER,
    };
    let mut map = HeaderMap::with_capacity(section.lines.len().saturating_add(more));
    let mut noted = Noted::default();
    for line in &section.lines {
        let line = usize::try_from(line.start).unwrap_or(0)..usize::try_from(line.end).unwrap_or(0);
        let line = head.get(line).unwrap_or_default();
        let (name, value) = parts(line).ok_or(refused::NO_COLON)?;
        let name = read_name(name, gap)?;
        let value =
            HeaderValue::from_maybe_shared(head.slice_ref(value)).map_err(|_| refused::VALUE)?;
        noted.note(&name, value.as_bytes())?;
        map.try_append(name, value).map_err(|_| refused::FIELDS)?;
    }
    Ok((map, noted))
}

fn read_name(name: &[u8], gap: Gap) -> Result<HeaderName, Refused> {
    if let [.., b' ' | b'\t'] = name {
        if gap == Gap::Refused {
            return Err(refused::NAME_SPACE);
        }
        return HeaderName::from_bytes(trim(name)).map_err(|_| refused::NAME);
    }
    match usual(name) {
        Some(name) => Ok(name),
        None => HeaderName::from_bytes(name).map_err(|_| refused::NAME),
    }
}

/// The name of a field that most messages have, spelt in one of the two ways in which most spell it. Not needed: any name can be looked up
/// as it is spelt, but that folds each letter first, and takes 116 instructions where this takes about 40.
fn usual(name: &[u8]) -> Option<HeaderName> {
    use http::header;
    Some(match name {
        b"Host" | b"host" => HOST,
        b"Date" | b"date" => header::DATE,
        b"ETag" | b"etag" => header::ETAG,
        b"Accept" | b"accept" => header::ACCEPT,
        b"Cookie" | b"cookie" => header::COOKIE,
        b"Server" | b"server" => header::SERVER,
        b"Connection" | b"connection" => CONNECTION,
        b"User-Agent" | b"user-agent" => header::USER_AGENT,
        b"Set-Cookie" | b"set-cookie" => header::SET_COOKIE,
        b"Content-Type" | b"content-type" => header::CONTENT_TYPE,
        b"Authorization" | b"authorization" => header::AUTHORIZATION,
        b"Cache-Control" | b"cache-control" => header::CACHE_CONTROL,
        b"Content-Length" | b"content-length" => CONTENT_LENGTH,
        b"Accept-Encoding" | b"accept-encoding" => header::ACCEPT_ENCODING,
        b"Accept-Language" | b"accept-language" => header::ACCEPT_LANGUAGE,
        b"Transfer-Encoding" | b"transfer-encoding" => TRANSFER_ENCODING,
        _ => return None,
    })
}

impl Noted {
    fn note(&mut self, name: &HeaderName, value: &[u8]) -> Result<(), Refused> {
        match *name {
            HOST if self.host => return Err(refused::HOST_TWICE),
            HOST if !valid_host(value) => return Err(refused::HOST_VALUE),
            HOST => self.host = true,
            CONTENT_LENGTH if self.length.is_some() => return Err(refused::LENGTH_TWICE),
            CONTENT_LENGTH => self.length = Some(number(value)?),
            TRANSFER_ENCODING => {
                // Two lines are one list: a `chunked` in it is not alone, or comes twice.
                self.coding = Some(match self.coding {
                    None => coding(value),
                    Some(_) => Coding::Bad,
                });
            }
            CONNECTION => self.connection.note(value),
            UPGRADE => self.upgrade = true,
            EXPECT => self.expects_continue |= value.eq_ignore_ascii_case(b"100-continue"),
            _ => {}
        }
        Ok(())
    }
}

impl Connection {
    fn note(&mut self, value: &[u8]) {
        for option in value.split(|byte| *byte == b',').map(trim) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            self.upgrade |= option.eq_ignore_ascii_case(b"upgrade");
        }
    }

    /// Whether the connection goes on after a message of this version (RFC 9112 section 9.3).
    pub(crate) fn persists(self, version: http::Version) -> bool {
        !self.close && (version == http::Version::HTTP_11 || self.keep_alive)
    }
}

/// Digits alone (RFC 9110 section 8.6); nothing above what the signed numbers of other programs hold.
fn number(value: &[u8]) -> Result<u64, Refused> {
    if value.is_empty() {
        return Err(refused::LENGTH);
    }
    let mut number = 0_u64;
    for byte in value {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(refused::LENGTH);
        }
        number = number
            .checked_mul(10)
            .and_then(|number| number.checked_add(u64::from(digit)))
            .filter(|number| i64::try_from(*number).is_ok())
            .ok_or(refused::LENGTH)?;
    }
    Ok(number)
}

fn coding(value: &[u8]) -> Coding {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Coding::Chunked;
    }
    let mut last = false;
    for word in value.split(|byte| *byte == b',').map(trim) {
        let name = word.split(|byte| *byte == b';').next().map(trim);
        let sound = name.is_some_and(|name| HeaderName::from_bytes(name).is_ok());
        if last || !sound {
            return Coding::Bad;
        }
        last = word.eq_ignore_ascii_case(b"chunked");
    }
    if last { Coding::Other } else { Coding::Bad }
}

/// Those that may be trailers, if any is.
pub(crate) fn trailing(mut fields: HeaderMap) -> Option<HeaderMap> {
    let unfit: Vec<_> = fields
        .keys()
        .filter(|name| !may_trail(name))
        .cloned()
        .collect();
    for name in unfit {
        fields.remove(name);
    }
    (!fields.is_empty()).then_some(fields)
}

/// Fields that mean something only before the body (RFC 9110 section 6.5.1): they frame, route, authenticate or describe it.
pub(crate) fn may_trail(name: &HeaderName) -> bool {
    use http::header;
    !matches!(
        *name,
        CONTENT_LENGTH
            | TRANSFER_ENCODING
            | HOST
            | CONNECTION
            | UPGRADE
            | EXPECT
            | header::TE
            | header::TRAILER
            | header::RANGE
            | header::MAX_FORWARDS
            | header::CACHE_CONTROL
            | header::AUTHORIZATION
            | header::PROXY_AUTHORIZATION
            | header::PROXY_AUTHENTICATE
            | header::WWW_AUTHENTICATE
            | header::COOKIE
            | header::SET_COOKIE
            | header::CONTENT_ENCODING
            | header::CONTENT_TYPE
            | header::CONTENT_RANGE
            | header::IF_MATCH
            | header::IF_NONE_MATCH
            | header::IF_MODIFIED_SINCE
            | header::IF_UNMODIFIED_SINCE
            | header::IF_RANGE
    ) && !matches!(name.as_str(), "keep-alive" | "proxy-connection")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_told_at_once_is_the_one_that_is_read() {
        let names = "Host Date ETag Accept Cookie Server Connection User-Agent Set-Cookie Content-Type Authorization Cache-Control \
             Content-Length Accept-Encoding Accept-Language Transfer-Encoding";
        for name in names.split(' ') {
            for spelt in [name.to_owned(), name.to_ascii_lowercase()] {
                let read = HeaderName::from_bytes(spelt.as_bytes()).ok();
                assert_eq!(usual(spelt.as_bytes()), read, "{spelt}");
            }
            assert_eq!(usual(name.to_ascii_uppercase().as_bytes()), None);
        }
    }
}
