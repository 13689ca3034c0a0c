//! One stream: a request, the answers that are not the last, and the answer.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use ::h1::Spelling;
use ::h2::server::SendResponse;
use ::h2::{Reason, RecvStream};
use ::http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HeaderName, TRANSFER_ENCODING, UPGRADE};
use ::http::{HeaderMap, Method, StatusCode, request, response};
use bytes::Bytes;
use http_body::Body as _;
use tokio::time::Instant;

use super::Line;
use super::calm::Ended;
use super::incoming::Incoming;
use super::outgoing::Outgoing;
use super::websocket;
use crate::error::GatewayError;
use crate::listen::http::{Answer, Unread};
use crate::message::{Interim, Interims, Payload, Request, Response, request_id};

/// Answers. Ready when the connection has all of the answer, or nobody waits for it any more. Dropped half-way, what was asked is cancelled
/// and the stream is reset.
pub(super) async fn answered<A: Answer>(
    request: ::http::Request<RecvStream>,
    respond: SendResponse<Bytes>,
    line: Arc<Line<A>>,
) -> Ended {
    let (parts, body) = request.into_parts();
    let mut asking = Asking {
        respond,
        interims: Interims::default(),
        expects: false,
    };
    if let Err(refused) = line.listener.limits.heads.hold(&parts) {
        let head = parts.method == Method::HEAD;
        return Box::pin(too_large(refused, head, asking, &line)).await;
    }
    if websocket::is_asked(&parts) {
        return Box::pin(websocket::answered(parts, body, asking, &line)).await;
    }
    asking.expects = expects(&parts.headers);
    let interim = asking.interims.open();
    let payload = if body.is_end_stream() {
        Payload::Empty
    } else {
        let stall = line.listener.limits.stall;
        let awaits = asking.expects.then(|| interim.clone());
        let length = length(&parts.headers);
        Payload::Stream(Box::pin(Incoming::new(body, length, stall, awaits)))
    };
    let head = parts.method == Method::HEAD;
    let request = asked(parts, payload, interim, &line);
    match asking.answer(request, &line).await {
        Some(response) => {
            let ended = Ended::by(&response);
            asking.respond(response, head, &line).await;
            ended
        }
        None => Ended::TakenBack,
    }
}

/// Tells a client that the head of its request is more than we take.
async fn too_large<A: Answer>(
    refused: ::h1::Refused,
    head: bool,
    asking: Asking,
    line: &Line<A>,
) -> Ended {
    let error = GatewayError::Unreadable(refused);
    let unread = Unread {
        error: &error,
        peer: &line.peer,
        since: Instant::now(),
    };
    let response = line.listener.answer.unread(&unread);
    asking.respond(response, head, line).await;
    Ended::Ours
}

/// A request as it goes on.
pub(super) fn asked<A>(
    parts: request::Parts,
    payload: Payload,
    interim: Interim,
    line: &Line<A>,
) -> Request {
    Request {
        id: request_id(),
        parts,
        payload,
        received: Instant::now(),
        peer: Some(Arc::clone(&line.peer)),
        spelling: Spelling::default(),
        interim,
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) respond: SendResponse<Bytes>,
    pub(super) interims: Interims,
    /// Whether the client waits for word before it sends its body, and has none yet.
    expects: bool,
}

impl Asking {
    /// What comes of it; none if the client takes it back.
    pub(super) async fn answer<A: Answer>(
        &mut self,
        request: Request,
        line: &Line<A>,
    ) -> Option<Response> {
        // Boxed, so that a stream whose answer is on its way out does not hold its place.
        let mut answering = Box::pin(line.listener.answer.answer(request));
        poll_fn(|context| self.poll_answer(answering.as_mut(), line, context)).await
    }

    fn poll_answer<A>(
        &mut self,
        answering: Pin<&mut impl Future<Output = Response>>,
        line: &Line<A>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Response>> {
        let answered = answering.poll(context);
        // Who takes nothing is told no more than what can wait; the rest is dropped.
        if !line.blocked.load(Ordering::Relaxed) {
            self.interims(context);
        }
        if let Poll::Ready(response) = answered {
            return Poll::Ready(Some(response));
        }
        self.respond.poll_reset(context).map(|_reason| None)
    }

    /// Sends the answers that are not the last.
    fn interims(&mut self, context: &mut Context<'_>) {
        while let Poll::Ready((parts, _)) = self.interims.poll_next(context) {
            // Who does not wait for it was told already, or never asked.
            if parts.status == StatusCode::CONTINUE && !std::mem::take(&mut self.expects) {
                continue;
            }
            let interim = ::http::Response::from_parts(parts, ());
            // Whether the stream has ended is asked elsewhere.
            let _ended = self.respond.send_informational(interim);
        }
    }

    /// Sends the answer.
    pub(super) async fn respond<A>(mut self, response: Response, head: bool, line: &Line<A>) {
        self.interims.close();
        let Response {
            mut parts, payload, ..
        } = response;
        if parts.status.is_informational() || matches!(payload, Payload::Tunnel(_)) {
            tracing::error!(status = %parts.status, "an answer that is not the last");
            self.respond.send_reset(Reason::INTERNAL_ERROR);
            return;
        }
        let payload = shaped(head, &mut parts, payload);
        let ends = payload.is_end_stream();
        let left = match payload.size_hint().exact() {
            Some(exact) => Some(exact),
            None => length(&parts.headers),
        };
        let answer = ::http::Response::from_parts(parts, ());
        let Ok(stream) = self.respond.send_response(answer, ends) else {
            self.respond.send_reset(Reason::INTERNAL_ERROR);
            return;
        };
        line.flow.answers();
        if ends {
            return;
        }
        let mut outgoing = Outgoing::new(stream, payload, left);
        poll_fn(|context| outgoing.poll(&line.flow, context)).await;
    }
}

/// The answer as HTTP/2 has it: no field of the connection (RFC 9113 section 8.2.2), a length that is right, and no body where there can be
/// none (RFC 9110 section 6.4.1).
fn shaped(head: bool, parts: &mut response::Parts, payload: Payload) -> Payload {
    let headers = &mut parts.headers;
    for name in [
        &CONNECTION,
        &TRANSFER_ENCODING,
        &UPGRADE,
        &KEEP_ALIVE,
        &PROXY_CONNECTION,
    ] {
        headers.remove(name);
    }
    let exact = payload.size_hint().exact();
    match parts.status {
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT => {
            headers.remove(CONTENT_LENGTH);
            Payload::Empty
        }
        status if head || status == StatusCode::NOT_MODIFIED => {
            // Of the body that would be.
            if let Some(exact) = exact.filter(|exact| *exact > 0)
                && !headers.contains_key(CONTENT_LENGTH)
            {
                headers.insert(CONTENT_LENGTH, exact.into());
            }
            Payload::Empty
        }
        _ => {
            if let Some(exact) = exact
                && (exact > 0 || headers.contains_key(CONTENT_LENGTH))
                && length(headers) != Some(exact)
            {
                headers.insert(CONTENT_LENGTH, exact.into());
            }
            payload
        }
    }
}

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// How long the body is, as far as its head says.
fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether the client waits for word before it sends its body (RFC 9110 section 10.1.1).
fn expects(headers: &HeaderMap) -> bool {
    headers
        .get(EXPECT)
        .is_some_and(|expected| expected.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: bool, status: u16, said: Option<u64>, payload: Payload) -> (Option<u64>, bool) {
        let (mut parts, ()) = ::http::Response::new(()).into_parts();
        parts.status = StatusCode::from_u16(status).unwrap();
        parts.headers.insert(CONNECTION, "close".parse().unwrap());
        if let Some(said) = said {
            parts.headers.insert(CONTENT_LENGTH, said.into());
        }
        let payload = shaped(head, &mut parts, payload);
        assert!(!parts.headers.contains_key(CONNECTION));
        (length(&parts.headers), payload.is_end_stream())
    }

    #[test]
    fn what_can_have_no_body_has_none_and_lengths_are_right() {
        let four = || Payload::bytes("four");
        assert_eq!(check(false, 200, None, four()), (Some(4), false));
        assert_eq!(check(false, 200, Some(9), four()), (Some(4), false));
        assert_eq!(check(false, 200, None, Payload::Empty), (None, true));
        assert_eq!(check(false, 200, Some(9), Payload::Empty), (Some(0), true));
        assert_eq!(check(true, 404, None, four()), (Some(4), true));
        assert_eq!(check(true, 200, Some(9), Payload::Empty), (Some(9), true));
        assert_eq!(check(false, 304, Some(9), Payload::Empty), (Some(9), true));
        assert_eq!(check(false, 204, Some(4), four()), (None, true));
        assert_eq!(check(false, 205, None, four()), (None, true));
    }
}
