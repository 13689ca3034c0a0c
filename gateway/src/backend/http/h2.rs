//! An origin over HTTP/2: many exchanges on few connections, each driven by a task of its own.
//!
//! In: an [`Ask`]; out: the answer, its body and trailers as they come, 1xx before it. Over the `h2` crate itself: a client above it drops
//! 1xx and does not say of an error whether the origin can have seen the request (RFC 9113 section 8.7).

mod answer;
mod upload;

use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ::h2::client::{Builder, ResponseFuture, SendRequest};
use ::h2::{Ping, Reason, RecvStream};
use ::http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, UPGRADE};
use ::http::uri::{Authority, PathAndQuery, Scheme};
use ::http::{Method, Request, Uri, Version};
use bytes::Bytes;
use http_body::Body as _;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep, timeout, timeout_at};

use self::answer::Answer;
use self::upload::Upload;
use super::pool::Place;
use super::wire::Wire;
use super::{Config, head};
use crate::backend::Ask;
use crate::error::{BackendError, BackendErrorKind as Kind, BodyFault, Sent};
use crate::message::{Interim, Payload, PayloadError, Response, strip_hop_by_hop};

/// What an origin may send of one answer before the client has taken any of it.
const STREAM_WINDOW: u32 = 128 << 10;
/// Of all answers: as much as all streams may, so that slow clients never hold up others.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * 128;
/// Exchanges on one connection at once, whatever the origin would take.
const STREAMS: usize = 128;
/// How often a connection is looked at.
const LOOK: Duration = Duration::from_secs(15);
/// How long an origin may take to answer a ping.
const PONG: Duration = Duration::from_secs(15);
/// As of HTTP/1.
const HEAD: u32 = 64 << 10;

/// The connections of one origin.
#[derive(Debug, Default)]
pub(super) struct Links {
    links: Mutex<Vec<Link>>,
    /// Held by whoever makes one more, so that others wait for that instead of making theirs; when the last that was tried did not come about.
    pub(super) making: tokio::sync::Mutex<Option<Instant>>,
}

/// One connection.
#[derive(Debug, Clone)]
struct Link {
    sender: SendRequest<Bytes>,
    state: Arc<State>,
}

/// What is known of a connection.
#[derive(Debug, Default)]
struct State {
    streams: AtomicUsize,
    /// An answer did not come in time: nothing more is asked until the origin answers a ping.
    doubted: AtomicBool,
    look: Notify,
}

/// A stream's place on its connection, until dropped.
#[derive(Debug)]
struct Turn(Arc<State>);

impl Turn {
    /// Nothing came in time: the connection may be dead, with nobody left to say so.
    fn doubt(&self) {
        self.0.doubted.store(true, Ordering::Relaxed);
        self.0.look.notify_one();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection with a stream free on it.
#[derive(Debug)]
pub(super) struct Free {
    sender: SendRequest<Bytes>,
    turn: Turn,
}

impl Link {
    fn lives(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        !matches!(self.sender.poll_ready(&mut context), Poll::Ready(Err(_)))
    }

    fn free(&self) -> Option<Free> {
        if self.state.doubted.load(Ordering::Relaxed) {
            return None;
        }
        let most = self.sender.current_max_send_streams().min(STREAMS);
        let streams = &self.state.streams;
        streams
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |streams| {
                (streams < most).then(|| streams.saturating_add(1))
            })
            .ok()?;
        Some(Free {
            sender: self.sender.clone(),
            turn: Turn(Arc::clone(&self.state)),
        })
    }
}

impl Links {
    fn links(&self) -> MutexGuard<'_, Vec<Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A free stream of the first connection that has one.
    pub(super) fn free(&self) -> Option<Free> {
        let mut links = self.links();
        links.retain_mut(Link::lives);
        links.iter().find_map(Link::free)
    }

    /// Makes a connection of what was dialled. A task of its own drives it until it ends, or is idle for so long.
    ///
    /// # Errors
    /// The origin does not speak HTTP/2; nothing was asked.
    pub(super) async fn add(
        self: &Arc<Self>,
        wire: Wire,
        idle: Duration,
    ) -> Result<(), BackendError> {
        let (sender, connection) = Builder::new()
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEAD)
            .handshake(wire)
            .await
            .map_err(|error| BackendError::new(Kind::Unreachable, Sent::No).because(error))?;
        let state = Arc::<State>::default();
        let link = Link {
            sender,
            state: Arc::clone(&state),
        };
        self.links().push(link);
        let links = Arc::downgrade(self);
        // Not tracked for shutdown: it ends with its last exchange, which is waited for at the client's side.
        tokio::spawn(async move {
            let mut connection = connection;
            let mut pings = connection.ping_pong();
            let mut connection = pin!(connection);
            let mut since = Instant::now();
            loop {
                tokio::select! {
                    biased;
                    _ended = connection.as_mut() => break,
                    () = state.look.notified() => {}
                    () = sleep(idle.min(LOOK)) => {}
                }
                let used = state.streams.load(Ordering::Relaxed) != 0;
                if used || state.doubted.load(Ordering::Relaxed) {
                    if used {
                        since = Instant::now();
                    }
                    let Some(pings) = &mut pings else { continue };
                    // One that says nothing at all holds every exchange on it.
                    let answered = tokio::select! {
                        biased;
                        _ended = connection.as_mut() => break,
                        answered = timeout(PONG, pings.ping(Ping::opaque())) => answered,
                    };
                    if !matches!(answered, Ok(Ok(_))) {
                        break;
                    }
                    state.doubted.store(false, Ordering::Relaxed);
                } else if since.elapsed() >= idle {
                    forget(&links, &state);
                }
            }
            forget(&links, &state);
        });
        Ok(())
    }
}

/// Nobody begins anything on it any more; when its last exchange has ended, it closes.
fn forget(links: &Weak<Links>, state: &Arc<State>) {
    if let Some(links) = links.upgrade() {
        links
            .links()
            .retain(|link| !Arc::ptr_eq(&link.state, state));
    }
}

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
    let Free { sender, turn } = free;
    let mut sender = sender
        .ready()
        .await
        .map_err(|error| failed(error, Sent::No))?;
    let expects = head::expects(&ask.parts.headers);
    let Terms {
        deadline,
        ends: until,
        config,
    } = terms;
    let request = request(ask, config);
    let ends = ask.payload.is_end_stream();
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
    let upload = (!ends).then(|| Upload::new(stream, body, expects, config.body_idle));
    let mut waiting = Waiting {
        response,
        upload,
        first_byte: config.first_byte,
        timer: None,
    };
    let interim = ask.interim.clone();
    let answering = poll_fn(|context| waiting.poll(&interim, context));
    let answer = timeout_at(deadline, answering).await;
    let answer = answer
        .unwrap_or_else(|_| Err(late()))
        .inspect_err(|error| {
            if error.kind() == Kind::Timeout {
                turn.doubt();
            }
        })?;
    let (mut parts, recv) = answer.into_parts();
    parts.version = Version::HTTP_11;
    strip_hop_by_hop(&mut parts.headers);
    let payload = if recv.is_end_stream() && waiting.upload.is_none() {
        Payload::Empty
    } else {
        let length = parts.headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let answer = Answer::new(recv, waiting.upload, config.body_idle, (turn, place));
        let answer = answer.until(until);
        let answer = answer.of_length(length);
        Payload::Stream(Box::pin(answer))
    };
    Ok(Response {
        parts,
        payload,
        spelling: h1::Spelling::default(),
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
    fn poll(
        &mut self,
        interim: &Interim,
        context: &mut Context<'_>,
    ) -> Poll<Result<::http::Response<RecvStream>, BackendError>> {
        while let Poll::Ready(Some(early)) = self.response.poll_informational(context) {
            let early = early.map_err(|error| failed(error, Sent::Maybe))?;
            let (mut parts, ()) = early.into_parts();
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

/// Why a body did not come to its end.
fn broken(error: ::h2::Error) -> PayloadError {
    PayloadError::broken(error)
}
