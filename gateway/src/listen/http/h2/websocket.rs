//! A WebSocket over one stream of HTTP/2 (RFC 8441), as one over a connection of HTTP/1.1 to everything behind the listener.

use std::sync::Arc;

use ::h2::ext::Protocol;
use ::h2::{Reason, RecvStream};
use ::http::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use ::http::{Method, StatusCode, request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::Line;
use super::calm::Ended;
use super::stream::{Asking, asked};
use crate::listen::http::Answer;
use crate::listen::http::drain::Member;
use crate::listen::http::splice::splice;
use crate::message::{Payload, Tube};

/// Whether a request asks for one.
pub(super) fn is_asked(parts: &request::Parts) -> bool {
    parts.method == Method::CONNECT
        && parts
            .extensions
            .get::<Protocol>()
            .is_some_and(|protocol| protocol.as_str().eq_ignore_ascii_case("websocket"))
}

/// Asks for it as HTTP/1.1 does (RFC 6455 section 4.1), and splices the stream with what comes of it.
pub(super) async fn answered<A: Answer>(
    mut parts: request::Parts,
    body: RecvStream,
    mut asking: Asking,
    line: &Arc<Line<A>>,
) -> Ended {
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
    let interim = asking.interims.open();
    let request = asked(parts, Payload::Empty, interim, line);
    let Some(mut response) = asking.answer(request, line).await else {
        return Ended::TakenBack;
    };
    let ended = Ended::by(&response);
    match (response.parts.status, response.payload) {
        (StatusCode::SWITCHING_PROTOCOLS, Payload::Tunnel(backend)) => {
            asking.interims.close();
            let mut head = ::http::Response::from_parts(response.parts, ());
            *head.status_mut() = StatusCode::OK;
            for name in [CONNECTION, UPGRADE, SEC_WEBSOCKET_ACCEPT] {
                head.headers_mut().remove(name);
            }
            if let Ok(stream) = asking.respond.send_response(head, false) {
                let member = Member::of(&line.listener.ends);
                let client = Tube::new(stream, body);
                splice(client, backend, member, &line.listener.counts).await;
            }
        }
        // Any 2xx would tell the client that its tunnel is open; the app lets none through.
        (status, _) if status.is_success() || status.is_informational() => {
            tracing::error!(%status, "an answer that would open a tunnel");
            asking.respond.send_reset(Reason::INTERNAL_ERROR);
        }
        (_, payload) => {
            response.payload = payload;
            asking.respond(response, false, line).await;
        }
    }
    ended
}
