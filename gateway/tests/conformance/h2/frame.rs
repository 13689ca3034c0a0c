//! Frames of HTTP/2 (RFC 9113 section 4) and a client that writes any and reads what comes.

use std::collections::BTreeMap;

use crate::conn::Conn;
use crate::h2::hpack::{Reader, block};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Error codes (RFC 9113 section 7).
pub(crate) const NO_ERROR: u32 = 0;
/// The largest number a stream can have.
pub(crate) const MOST: u32 = 0x7fff_ffff;
pub(crate) const PROTOCOL: u32 = 1;
pub(crate) const INTERNAL: u32 = 2;
pub(crate) const FLOW_CONTROL: u32 = 3;
pub(crate) const STREAM_CLOSED: u32 = 5;
pub(crate) const FRAME_SIZE: u32 = 6;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const COMPRESSION: u32 = 9;
pub(crate) const CALM: u32 = 11;

/// One frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.push(kind);
    frame.push(flags);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The preface, and settings without any.
pub(crate) fn hello() -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat()
}

/// Settings.
pub(crate) fn settings(settings: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (name, value) in settings {
        payload.extend(name.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    frame(SETTINGS, 0, 0, &payload)
}

/// The pseudo fields of a plain request.
pub(crate) const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "a"),
];
pub(crate) const POST: [(&str, &str); 4] = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "a"),
];

/// A head with these fields, which ends the stream or does not.
pub(crate) fn headers(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | flags, stream, &block(fields))
}

/// A head of a plain request with further fields, which ends the stream.
pub(crate) fn get(stream: u32, more: &[(&str, &str)]) -> Vec<u8> {
    headers(stream, END_STREAM, &[&GET, more].concat())
}

/// A head of a request with a body to come.
pub(crate) fn post(stream: u32, more: &[(&str, &str)]) -> Vec<u8> {
    headers(stream, 0, &[&POST, more].concat())
}

pub(crate) fn data(stream: u32, flags: u8, bytes: &[u8]) -> Vec<u8> {
    frame(DATA, flags, stream, bytes)
}

pub(crate) fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

pub(crate) fn window(stream: u32, more: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &more.to_be_bytes())
}

/// The sender goes, and has seen no stream behind that one.
pub(crate) fn goaway(last: u32, code: u32) -> Vec<u8> {
    frame(
        GOAWAY,
        0,
        0,
        &[last.to_be_bytes(), code.to_be_bytes()].concat(),
    )
}

/// What has come on a connection.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    reader: Reader,
    pub(crate) streams: BTreeMap<u32, Stream>,
    pub(crate) goaway: Option<u32>,
    /// The last request as each GOAWAY names it.
    pub(crate) leaves: Vec<u32>,
    pub(crate) acks: usize,
    pub(crate) pongs: Vec<Vec<u8>>,
    /// How many echoes were asked for and given.
    pub(crate) pings: usize,
    /// What the server's settings say.
    pub(crate) settings: BTreeMap<u16, u32>,
}

/// What has come on a stream.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// Heads, the interim ones first, and trailers.
    pub(crate) heads: Vec<Vec<(String, String)>>,
    pub(crate) data: Vec<u8>,
    pub(crate) ended: bool,
    pub(crate) reset: Option<u32>,
    /// By how much its window was opened.
    pub(crate) opened: u64,
}

impl Seen {
    /// Takes one frame and answers what must be answered; false at the end of the connection.
    pub(crate) async fn more(&mut self, conn: &mut Conn) -> Result<bool, String> {
        let Some(head) = conn.take(9).await? else {
            return Ok(false);
        };
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let (kind, flags) = (head[3], head[4]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let Some(payload) = conn.take(length).await? else {
            return Ok(false);
        };
        if length > 16_384 {
            return Err(format!("a frame of {length} bytes"));
        }
        let place = self.streams.entry(stream).or_default();
        match kind {
            DATA => {
                place.data.extend(&payload);
                place.ended |= flags & END_STREAM != 0;
            }
            HEADERS => {
                place.ended |= flags & END_STREAM != 0;
                let mut block = payload;
                let mut flags = flags;
                while flags & END_HEADERS == 0 {
                    let head = conn.take(9).await?.ok_or("a block that ends too soon")?;
                    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
                    if head[3] != CONTINUATION {
                        return Err("a block that is broken into".to_owned());
                    }
                    flags = head[4];
                    block.extend(conn.take(length).await?.unwrap_or_default());
                }
                place.heads.push(self.reader.read(&block)?);
            }
            RST_STREAM => place.reset = Some(number(&payload)?),
            GOAWAY => {
                self.leaves
                    .push(number(payload.get(..4).unwrap_or_default())?);
                self.goaway = Some(number(payload.get(4..8).unwrap_or_default())?);
            }
            SETTINGS if flags & ACK != 0 => self.acks += 1,
            SETTINGS => {
                for setting in payload.chunks(6) {
                    let name = u16::from_be_bytes([setting[0], setting[1]]);
                    self.settings.insert(name, number(&setting[2..])?);
                }
                conn.send(&frame(SETTINGS, ACK, 0, b"")).await;
            }
            PING if flags & ACK != 0 => self.pongs.push(payload),
            PING => {
                self.pings += 1;
                conn.send(&frame(PING, ACK, 0, &payload)).await;
            }
            WINDOW_UPDATE => place.opened += u64::from(number(&payload)?),
            _ => {}
        }
        Ok(true)
    }
}

fn number(bytes: &[u8]) -> Result<u32, String> {
    bytes
        .try_into()
        .map(u32::from_be_bytes)
        .map_err(|_| format!("{bytes:?} for a number"))
}
