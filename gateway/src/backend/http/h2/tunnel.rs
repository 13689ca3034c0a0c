//! A WebSocket to an origin over one stream of HTTP/2 (RFC 8441), as one over a connection of HTTP/1.1 to everything before it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ::h2::ext::Protocol;
use ::http::header::{
    CONTENT_LENGTH, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE,
};
use ::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body::Body as _;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::pool::Place;
use super::link::{Free, Turn};
use super::{Terms, Waiting, failed, passed, request};
use crate::backend::Ask;
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};
use crate::message::{Payload, Response, Tube, Tunnel};

/// RFC 6455 section 1.3.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Whether a request asks for one, and for nothing else: a GET without a body (RFC 6455 section 4.1).
pub(in super::super) fn asks_websocket(ask: &Ask) -> bool {
    let asked = ask.parts.headers.get(UPGRADE);
    asked.is_some_and(|asked| asked.as_bytes().eq_ignore_ascii_case(b"websocket"))
        && ask.parts.method == Method::GET
        && ask.payload.is_end_stream()
}

/// Asks for it on a free stream.
///
/// # Errors
/// The origin takes none over HTTP/2, which is known before anything is sent; or there is no answer that could be passed on.
pub(in super::super) async fn open(
    free: Free,
    ask: &mut Ask,
    terms: Terms<'_>,
    place: Place,
) -> Result<Response, BackendError> {
    if !free.takes_tunnels() {
        let error = BackendError::new(Kind::BadAnswer, Sent::No);
        return Err(error.because("it takes no websocket over http/2"));
    }
    let Free { sender, mut turn } = free;
    let mut sender = sender
        .ready()
        .await
        .map_err(|error| failed(error, Sent::No))?;
    let mut request = request(ask, terms.config);
    *request.method_mut() = Method::CONNECT;
    request
        .extensions_mut()
        .insert(Protocol::from_static("websocket"));
    // What follows is no body of that length.
    request.headers_mut().remove(CONTENT_LENGTH);
    // Says nothing over HTTP/2 (RFC 8441 section 5.1).
    let key = request.headers_mut().remove(SEC_WEBSOCKET_KEY);
    turn.asks();
    let (response, mut stream) = sender
        .send_request(request, false)
        .map_err(|error| failed(error, Sent::No))?;
    let mut waiting = Waiting::new(response, None, terms);
    let (mut parts, recv) = waiting.answer(&ask.interim, terms, &mut turn).await?;
    let held = (turn, place);
    if !parts.status.is_success() {
        // Nothing more is said on this side; whether it hears that does not matter.
        let _ended = stream.send_data(bytes::Bytes::new(), true);
        return passed(parts, recv, None, terms, held).await;
    }
    parts.status = StatusCode::SWITCHING_PROTOCOLS;
    let headers = &mut parts.headers;
    headers.remove(CONTENT_LENGTH);
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Some(accept) = key.as_ref().and_then(accepted) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    let tunnel = Held {
        tube: Tube::new(stream, recv),
        idle: terms.config.tunnel_idle,
        _held: held,
    };
    Ok(Response {
        parts,
        payload: Payload::Tunnel(Box::new(tunnel)),
        spelling: h1::Spelling::default(),
        side: None,
    })
}

/// What shows that a key was understood (RFC 6455 section 4.2.2): the origin never saw it, so that it is ours to say.
fn accepted(key: &HeaderValue) -> Option<HeaderValue> {
    let text = [key.as_bytes(), GUID].concat();
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &text);
    HeaderValue::try_from(STANDARD.encode(hash)).ok()
}

/// Takes the place of a stream until it is dropped.
#[derive(Debug)]
struct Held {
    tube: Tube,
    idle: Option<Duration>,
    _held: (Turn, Place),
}

impl Tunnel for Held {
    fn idle(&self) -> Option<Duration> {
        self.idle
    }
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tube).poll_read(context, buffer)
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tube).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tube).poll_write_vectored(context, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tube).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tube).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_answered_as_the_rfc_shows() {
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accepted(&key).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
