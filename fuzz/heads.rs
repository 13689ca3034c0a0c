//! What must hold for any bytes that come on a connection of HTTP/1.1: heads and chunked bodies. Used by the fuzz targets and,
//! over their corpora, by the ordinary tests of `h1`.

use bytes::BytesMut;
use h1::{BodyLength, Decoder, Limits, Piece, Refused};
use http::{HeaderMap, Method};

const LIMITS: Limits = Limits {
    head: 4096,
    fields: 40,
    target: 1000,
};

/// Reads in pieces; the size of the first pieces comes of the bytes themselves.
fn in_pieces<T>(
    data: &[u8],
    mut read: impl FnMut(&mut BytesMut) -> Result<Option<T>, Refused>,
) -> Result<Option<(T, Vec<u8>)>, Refused> {
    let mut buf = BytesMut::new();
    let step = (data.len() / 200).max(usize::from(data.first().copied().unwrap_or(1) % 7) + 1);
    let mut pieces = data.chunks(step);
    for piece in pieces.by_ref() {
        buf.extend_from_slice(piece);
        if let Some(head) = read(&mut buf)? {
            buf.extend(pieces.flatten());
            return Ok(Some((head, buf.to_vec())));
        }
    }
    Ok(None)
}

fn whole<T>(
    data: &[u8],
    read: impl FnOnce(&mut BytesMut) -> Result<Option<T>, Refused>,
) -> Result<Option<(T, Vec<u8>)>, Refused> {
    let mut buf = BytesMut::from(data);
    Ok(read(&mut buf)?.map(|head| (head, buf.to_vec())))
}

fn plain(headers: &HeaderMap) {
    for (name, value) in headers {
        assert!(
            name.as_str()
                .bytes()
                .all(|byte| byte > b' ' && byte != b':')
        );
        assert!(
            !value
                .as_bytes()
                .iter()
                .any(|byte| matches!(byte, 0..=8 | 10..=0x1f | 0x7f))
        );
    }
}

/// The same whole and in pieces; and what is written is read as the same again, and written as the same.
pub(super) fn request(data: &[u8]) {
    let read = |buf: &mut BytesMut| h1::read_request(buf, &LIMITS);
    let at_once = whole(data, read);
    let piecemeal = in_pieces(data, read);
    let (head, rest) = match (at_once, piecemeal) {
        (Ok(Some(one)), Ok(Some(other))) => {
            assert_eq!(one.0.parts.headers, other.0.parts.headers);
            assert_eq!(one.0.parts.uri, other.0.parts.uri);
            assert_eq!(one.0.length, other.0.length);
            assert_eq!(one.1, other.1);
            one
        }
        (Ok(None), Ok(None)) => return,
        (Err(one), Err(other)) => return assert_eq!(one, other),
        (one, other) => panic!("whole {one:?}, in pieces {other:?}"),
    };
    assert!(data.ends_with(&rest));
    plain(&head.parts.headers);
    let host = head.parts.headers.get_all("host").iter().count();
    assert!(host == 1 || (host == 0 && head.parts.version == http::Version::HTTP_10));
    assert_ne!(head.length, BodyLength::UntilClose);
    if head.parts.headers.contains_key("transfer-encoding") {
        assert_eq!(head.length, BodyLength::Chunked);
    }
    let mut out = BytesMut::new();
    h1::write_request(&mut out, &head.parts, &head.spelling, head.length);
    let written = out.clone().freeze();
    let again = h1::read_request(&mut out, &Limits::default());
    // Our version is 1.1, which needs a host.
    let Ok(Some(again)) = again else {
        return assert_eq!(host, 0, "{again:?}");
    };
    assert!(out.is_empty());
    assert_eq!(again.parts.method, head.parts.method);
    assert_eq!(again.parts.uri, head.parts.uri);
    assert_eq!(again.length, head.length);
    same_fields(&again.parts.headers, &head.parts.headers);
    h1::write_request(&mut out, &again.parts, &again.spelling, again.length);
    assert_eq!(out, written);
}

/// All but the lengths, which are written in our way.
fn same_fields(one: &HeaderMap, other: &HeaderMap) {
    let but_length = |map: &HeaderMap| {
        let mut map = map.clone();
        map.remove("content-length");
        map.remove("transfer-encoding");
        map
    };
    assert_eq!(but_length(one), but_length(other));
}

/// As [`request`], in answer to a method that the first byte chooses.
pub(super) fn response(data: &[u8]) {
    let [method, data @ ..] = data else { return };
    let method = match method % 4 {
        0 => Method::HEAD,
        1 => Method::CONNECT,
        _ => Method::GET,
    };
    let read = |buf: &mut BytesMut| h1::read_response(buf, &LIMITS, &method);
    let (head, rest) = match (whole(data, read), in_pieces(data, read)) {
        (Ok(Some(one)), Ok(Some(other))) => {
            assert_eq!(one.0.parts.headers, other.0.parts.headers);
            assert_eq!(one.0.length, other.0.length);
            assert_eq!(one.1, other.1);
            one
        }
        (Ok(None), Ok(None)) => return,
        (Err(one), Err(other)) => return assert_eq!(one, other),
        (one, other) => panic!("whole {one:?}, in pieces {other:?}"),
    };
    assert!(data.ends_with(&rest));
    plain(&head.parts.headers);
    let mut out = BytesMut::new();
    h1::write_response(&mut out, &head.parts, &head.spelling, head.length);
    let written = out.clone().freeze();
    let again = h1::read_response(&mut out, &Limits::default(), &method)
        .expect("what was written can be read")
        .expect("and is whole");
    assert!(out.is_empty());
    assert_eq!(again.parts.status, head.parts.status);
    same_fields(&again.parts.headers, &head.parts.headers);
    if method == Method::GET {
        assert_eq!(again.length, head.length);
    }
    h1::write_response(&mut out, &again.parts, &again.spelling, again.length);
    assert_eq!(out, written);
}

type Decoded = (Vec<u8>, Option<HeaderMap>, Option<Vec<u8>>);

fn decode(data: &[u8], step: usize) -> Result<Decoded, Refused> {
    let mut decoder = Decoder::new(BodyLength::Chunked, &LIMITS);
    let (mut buf, mut body, mut trailers) = (BytesMut::new(), Vec::new(), None);
    let mut pieces = data.chunks(step);
    loop {
        match decoder.next(&mut buf)? {
            Piece::Data(piece) => body.extend_from_slice(&piece),
            Piece::Trailers(fields) => trailers = Some(fields),
            Piece::End => {
                buf.extend(pieces.flatten());
                return Ok((body, trailers, Some(buf.to_vec())));
            }
            Piece::More => match pieces.next() {
                Some(piece) => buf.extend_from_slice(piece),
                None => return Ok((body, trailers, None)),
            },
        }
    }
}

/// The same in pieces of any size; and in chunks of ours the same again.
pub(super) fn chunked(data: &[u8]) {
    let [step, data @ ..] = data else { return };
    let at_once = decode(data, data.len().max(1));
    let piecemeal = decode(data, (data.len() / 200).max(usize::from(*step) + 1));
    let (body, trailers, rest) = match (at_once, piecemeal) {
        (Ok(one), Ok(other)) => {
            assert_eq!(one, other);
            one
        }
        (Err(one), Err(other)) => return assert_eq!(one.kind(), other.kind()),
        (one, other) => panic!("whole {one:?}, in pieces {other:?}"),
    };
    let Some(rest) = rest else { return };
    assert!(data.ends_with(&rest));
    let mut out = BytesMut::new();
    for piece in body.chunks(usize::from(*step) + 1) {
        h1::write_chunk_size(&mut out, piece.len());
        out.extend_from_slice(piece);
        out.extend_from_slice(h1::CHUNK_END);
    }
    h1::write_last_chunk(&mut out, trailers.as_ref());
    assert_eq!(decode(&out, 3), Ok((body, trailers, Some(Vec::new()))));
}
