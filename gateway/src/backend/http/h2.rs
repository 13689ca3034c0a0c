//! An origin over HTTP/2: many exchanges on few connections, each driven by a task of its own.
//!
//! In: an [`Ask`]; out: the answer, its body and trailers as they come, 1xx before it. Over the `h2` crate itself: a client above it drops
//! 1xx and does not say of an error whether the origin can have seen the request (RFC 9113 section 8.7).

mod answer;
mod drive;
mod ear;
mod link;
mod pulse;
mod tunnel;
mod upload;

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ::h2::client::ResponseFuture;
use ::h2::{Reason, RecvStream};
use ::http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, UPGRADE};
use ::http::uri::{Authority, PathAndQuery, Scheme};
use ::http::{Method, Request, Uri, Version, response};
use http_body::Body as _;
use tokio::time::{Instant, Sleep, sleep, timeout_at};

use self::answer::Answer;
use self::link::Turn;
pub(super) use self::link::{Free, Links};
pub(super) use self::tunnel::{asks_websocket, open};
use self::upload::Upload;
use super::pool::Place;
use super::{Config, head};
use crate::backend::Ask;
use crate::error::{BackendError, BackendErrorKind as Kind, BodyFault, Sent};
use crate::message::{Interim, Payload, Response, strip_hop_by_hop};

/// How long an exchange may take, and whom it is with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) deadline: Instant,
    pub(super) ends: Option<Instant>,
    pub(super) config: &'a Config,
}

/// Asks on a free stream. The ask keeps its body only where nothing of it was read.
///
/// # Errors
/// There is no answer that could be passed on.
pub(super) async fn send(
    free: Free,
    ask: &mut Ask,
    terms: Terms<'_>,
    place: Place,
) -> Result<Response, BackendError> {
    let Free { sender, mut turn } = free;
    let mut sender = sender
        .ready()
        .await
        .map_err(|error| failed(error, Sent::No))?;
    let expects = head::expects(&ask.parts.headers);
    let request = request(ask, terms.config);
    let ends = ask.payload.is_end_stream();
    turn.asks();
    let (response, stream) = sender
        .send_request(request, ends)
        .map_err(|error| failed(error, Sent::No))?;
    let body = match &ask.payload {
        Payload::Whole { data, trailers } => Payload::Whole {
            data: data.clone(),
            trailers: trailers.clone(),
        },
        _ => std::mem::take(&mut ask.payload),
    };
    let upload = (!ends).then(|| Upload::new(stream, body, expects, terms.config.body_idle));
    let mut waiting = Waiting::new(response, upload, terms);
    let (parts, recv) = waiting.answer(&ask.interim, terms, &mut turn).await?;
    passed(parts, recv, waiting.upload, terms, (turn, place)).await
}

/// An answer on its way to the client, with what came of its body already.
///
/// # Errors
/// Its body is known to be wrong before anybody has heard of it (RFC 9113 section 8.1.1).
async fn passed(
    parts: response::Parts,
    recv: RecvStream,
    upload: Option<Upload>,
    terms: Terms<'_>,
    held: (Turn, Place),
) -> Result<Response, BackendError> {
    let payload = if recv.is_end_stream() && upload.is_none() {
        Payload::Empty
    } else {
        let length = parts.headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let answer = Answer::new(recv, upload, terms.config, held);
        let answer = answer.until(terms.ends).of_length(length);
        let begun = answer.begun().await;
        begun.map_err(|error| failed(error, Sent::Maybe))?
    };
    Ok(Response {
        parts,
        payload,
        spelling: h1::Spelling::default(),
        side: None,
    })
}

/// A request whose answer is waited for.
struct Waiting {
    response: ResponseFuture,
    upload: Option<Upload>,
    /// How long the head may take once all is sent.
    first_byte: Option<Duration>,
    /// Made when it is.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Waiting {
    fn new(response: ResponseFuture, upload: Option<Upload>, terms: Terms<'_>) -> Self {
        Self {
            response,
            upload,
            first_byte: terms.config.first_byte,
            timer: None,
        }
    }

    /// The last head, with what is between us and the origin taken off.
    async fn answer(
        &mut self,
        interim: &Interim,
        terms: Terms<'_>,
        turn: &mut Turn,
    ) -> Result<(response::Parts, RecvStream), BackendError> {
        let answering = poll_fn(|context| self.poll(interim, context));
        let answer = timeout_at(terms.deadline, answering).await;
        let answer = answer.unwrap_or_else(|_| Err(late()));
        match &answer {
            Err(error) if error.kind() == Kind::Timeout => turn.late(),
            _ => turn.answered(),
        }
        let answer = answer?;
        let (mut parts, recv) = answer.into_parts();
        parts.version = Version::HTTP_11;
        strip_hop_by_hop(&mut parts.headers);
        Ok((parts, recv))
    }

    fn poll(
        &mut self,
        interim: &Interim,
        context: &mut Context<'_>,
    ) -> Poll<Result<::http::Response<RecvStream>, BackendError>> {
        while let Poll::Ready(Some(early)) = self.response.poll_informational(context) {
            let early = early.map_err(|error| failed(error, Sent::Maybe))?;
            let (mut parts, ()) = early.into_parts();
            if parts.status == ::http::StatusCode::SWITCHING_PROTOCOLS {
                // There is none that changes the protocol (RFC 9113 section 8.6), and a client of HTTP/1.1 would change it.
                let error = BackendError::new(Kind::BadAnswer, Sent::Maybe);
                return Poll::Ready(Err(error.because("it switched to another protocol")));
            }
            if parts.status == ::http::StatusCode::CONTINUE
                && let Some(upload) = &mut self.upload
            {
                upload.wanted();
            }
            parts.version = Version::HTTP_11;
            strip_hop_by_hop(&mut parts.headers);
            interim.send(parts, h1::Spelling::default());
        }
        match Upload::drive(&mut self.upload, context) {
            Ok(()) => {}
            Err(upload::Cut::Body(error)) => {
                let fault = BodyFault::from(&error);
                return Poll::Ready(Err(BackendError::new(
                    Kind::RequestBody(fault),
                    Sent::Maybe,
                )));
            }
            // The answer says why.
            Err(upload::Cut::Stream) => self.upload = None,
            Err(upload::Cut::Late) => return Poll::Ready(Err(late())),
        }
        let answered = Pin::new(&mut self.response).poll(context);
        if answered.is_pending()
            && self.upload.is_none()
            && let Some(within) = self.first_byte
        {
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(within)));
            if timer.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(late()));
            }
        }
        answered.map_err(|error| failed(error, Sent::Maybe))
    }
}

/// The head as HTTP/2 has it: no field of the connection, the host in `:authority` (RFC 9113 section 8.3.1).
fn request(ask: &Ask, config: &Config) -> Request<()> {
    let parts = &ask.parts;
    let mut headers = parts.headers.clone();
    let host = headers.remove(HOST);
    for name in [CONNECTION, UPGRADE] {
        headers.remove(name);
    }
    if ask.payload.is_end_stream() {
        headers.remove(EXPECT);
    }
    let authority = host
        .and_then(|host| Authority::try_from(host.as_bytes()).ok())
        .unwrap_or_else(|| config.authority.clone());
    let path = match parts.uri.path_and_query() {
        Some(path) if !(path == "*" && parts.method != Method::OPTIONS) => path.clone(),
        _ => PathAndQuery::from_static("/"),
    };
    let mut uri = ::http::uri::Parts::default();
    uri.scheme = Some(match config.tls {
        Some(_) => Scheme::HTTPS,
        None => Scheme::HTTP,
    });
    uri.authority = Some(authority);
    uri.path_and_query = Some(path);
    let mut request = Request::new(());
    *request.method_mut() = parts.method.clone();
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = Uri::from_parts(uri).unwrap_or_default();
    *request.headers_mut() = headers;
    request
}

/// The origin takes too long.
fn late() -> BackendError {
    BackendError::new(Kind::Timeout, Sent::Maybe)
}

/// What an error means. A stream that was refused was not looked at, whatever was sent; nor was one behind the last that a GOAWAY names,
/// and no other hears of a GOAWAY (RFC 9113 sections 6.8 and 8.7). What breaks the whole connection speaks against nobody's answer on it.
fn failed(error: ::h2::Error, sent: Sent) -> BackendError {
    let unseen =
        error.is_remote() && (error.is_go_away() || error.reason() == Some(Reason::REFUSED_STREAM));
    let kind = if error.is_library() && !error.is_go_away() {
        Kind::BadAnswer
    } else {
        Kind::Broken
    };
    BackendError::new(kind, if unseen { Sent::No } else { sent }).because(error)
}
