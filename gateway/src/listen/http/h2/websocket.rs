//! A WebSocket over one stream of HTTP/2 (RFC 8441), as one over a connection of HTTP/1.1 to everything behind the listener.

use std::sync::Arc;

use ::http::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use ::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Incoming;
use hyper::ext::Protocol;
use hyper_util::rt::TokioIo;
use uuid::Uuid;

use super::super::drain::Member;
use super::super::splice::splice;
use super::super::{Answer, Listener};
use super::{given, of};
use crate::message::{Payload, Peer};

/// Whether a request asks for one.
pub(super) fn is_asked(request: &hyper::Request<Incoming>) -> bool {
    request.method() == Method::CONNECT
        && request
            .extensions()
            .get::<Protocol>()
            .is_some_and(|protocol| protocol.as_str().eq_ignore_ascii_case("websocket"))
}

/// Asks for it as HTTP/1.1 does (RFC 6455 section 4.1), and splices the stream with what comes of it.
pub(super) async fn answer(
    mut request: hyper::Request<Incoming>,
    peer: Arc<Peer>,
    shared: Arc<Listener<impl Answer>>,
) -> hyper::Response<Payload> {
    let client = hyper::upgrade::on(&mut request);
    let (mut parts, _) = request.into_parts();
    parts.extensions.remove::<Protocol>();
    parts.method = Method::GET;
    let headers = &mut parts.headers;
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    // Sixteen bytes that nobody sent before; the answer to them says nothing over HTTP/2 (RFC 8441 section 5.1).
    let key = STANDARD.encode(Uuid::new_v4().as_bytes());
    if let Ok(key) = HeaderValue::try_from(key) {
        headers.insert(SEC_WEBSOCKET_KEY, key);
    }
    let mut response = shared.answer.answer(of(parts, Payload::Empty, peer)).await;
    match (response.parts.status, response.payload) {
        (StatusCode::SWITCHING_PROTOCOLS, Payload::Tunnel(backend)) => {
            let member = Member::of(&shared.ends);
            let counts = shared.counts.clone();
            shared.shutdown.spawn(async move {
                // The stream is ours once the head is out; if it never is, nobody is left to tell.
                if let Ok(client) = client.await {
                    splice(TokioIo::new(client), backend, member, &counts).await;
                }
            });
            response.parts.status = StatusCode::OK;
            for name in [UPGRADE, SEC_WEBSOCKET_ACCEPT] {
                response.parts.headers.remove(name);
            }
            response.payload = Payload::Empty;
            given(response)
        }
        // Any 2xx would tell the client that its tunnel is open.
        (status, _) if status.is_success() || status.is_informational() => {
            let (mut parts, ()) = ::http::Response::new(()).into_parts();
            parts.status = StatusCode::BAD_GATEWAY;
            hyper::Response::from_parts(parts, Payload::Empty)
        }
        (_, payload) => {
            response.payload = payload;
            given(response)
        }
    }
}
