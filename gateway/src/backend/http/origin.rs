//! One origin: an address, its connections, and one exchange at a time on each of them.
//!
//! In: an [`Ask`], which stays with the caller, who may have it sent again. Out: the answer as it came, without the fields that are
//! between us and the origin. A reused connection that turns out to be dead before a byte was written is replaced by a fresh one; whatever
//! may have been read is never sent again from here. Everything happens in the caller's task.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http::StatusCode;
use ::http::header::UPGRADE;
use bytes::Bytes;
use h1::{BodyLength, Decoder, Piece, ResponseHead};
use tokio::time::{Instant, timeout_at};

use super::agree::{Learnt, Way};
use super::answer::{Answer, Lasting, Patience};
use super::connection::Connection;
use super::exchange::{Asked, Exchange, Fault, LIMITS};
use super::h2::{Free, Links};
use super::head::Written;
use super::pool::{Owner, Place, Pool};
use super::sending::Sending;
use super::tunnel::Tunnelled;
use super::{Config, dial, h2, head};
use crate::backend::balance::choice::Room;
use crate::backend::{Ask, Attempt};
use crate::config::Protocol;
use crate::error::{BackendError, BackendErrorKind as Kind, BodyFault, Sent};
use crate::message::{Payload, Peer, Response};
use crate::route::Effect;
use crate::tls::Offer;

/// How long an origin has to agree to a body before it gets it unasked: it may know nothing of it (RFC 9110 section 10.1.1).
pub(super) const AGREE: Duration = Duration::from_secs(1);

/// Why an origin gave no answer, and what is left of the question.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: BackendError,
    pub(super) body: BodyLeft,
}

/// What a failed call left of the request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyLeft {
    /// [`Ask::payload`] is as it was: the same ask can be sent once more, if that is allowed.
    Whole,
    /// Some of a stream was read, and is gone.
    Gone,
}

impl Failed {
    fn new(error: BackendError, body: BodyLeft) -> Self {
        Self { error, body }
    }

    fn unsent(error: BackendError) -> Self {
        Self::new(error, BodyLeft::Whole)
    }
}

/// One origin with its pool. Dropping it closes the connections nobody uses; those in use end with their answers.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) config: Arc<Config>,
    pool: Arc<Pool>,
    pub(super) links: Arc<Links>,
    pub(super) learnt: Learnt,
}

impl Origin {
    /// Connects to nobody yet.
    pub(super) fn new(config: Arc<Config>) -> Self {
        Self {
            pool: Arc::new(Pool::new(&config)),
            links: Arc::default(),
            learnt: Learnt::default(),
            config,
        }
    }

    /// How many requests are under way, bodies of answers included.
    pub(super) fn load(&self) -> usize {
        self.config.max_connections.saturating_sub(self.pool.free())
    }

    /// Whether one more request has to wait.
    pub(super) fn room(&self) -> Room {
        match self.pool.free() {
            0 => Room::Full,
            _ => Room::Free,
        }
    }

    /// Whether a connection that is this client's own waits here.
    pub(super) fn owns(&self, ask: &Ask) -> bool {
        self.pool.owns(ask)
    }

    /// Asks, once. Dropped half-way it closes the connection it used; what is left of the body is not known then.
    pub(super) async fn send(&self, ask: &mut Ask) -> Result<Response, Failed> {
        let ends = self.config.total.map(|total| Instant::now() + total);
        let deadline = ends.map_or(ask.deadline, |ends| ends.min(ask.deadline));
        let place = match self.pool.place_now() {
            Some(place) => place,
            // Boxed, as all that is rare here: every request would keep room for it.
            None => Box::pin(self.pool.place(deadline))
                .await
                .map_err(Failed::unsent)?,
        };
        head::ready(ask, &self.config);
        let mut fresh = None;
        if self.config.protocol != Protocol::Http1 {
            // Boxed, as what is rare is below: every request would keep room for it.
            match Box::pin(self.way(ask, deadline)).await {
                Ok(Way::Http1(connection)) => fresh = connection,
                Ok(Way::Http2(free)) => {
                    return Box::pin(self.send_h2(free, ask, deadline, ends, place)).await;
                }
                Err(error) => return Err(Failed::unsent(error)),
            }
        }
        let mut reused = match ask.attempt {
            Attempt::First if fresh.is_none() => self.pool.take(ask),
            Attempt::First | Attempt::Fresh => fresh,
        };
        loop {
            let connection = match reused.take() {
                Some(connection) => connection,
                None => {
                    let (peer, client) = (ask.peer.as_ref(), ask.client);
                    let dialled = Box::pin(self.dial(deadline, peer, client)).await;
                    dialled.map_err(Failed::unsent)?
                }
            };
            let was_reused = connection.reused;
            let mut exchange = Exchange::new(connection, sending(ask));
            let asked = Asked {
                method: &ask.parts.method,
                deadline,
                first_byte: self.config.first_byte,
                interim: &ask.interim,
            };
            let fault = match poll_fn(|context| exchange.poll_head(asked, context)).await {
                Ok(head) if !gave_up(was_reused, &head, ask) => {
                    return self.answered(ask, exchange, head, place, ends);
                }
                Ok(_) => Fault::Broken(std::io::ErrorKind::ConnectionReset.into()),
                Err(fault) => fault,
            };
            let left = give_back(ask, exchange.sending);
            match fault {
                // It had died in the pool; nobody can have read anything.
                Fault::Unwritten(_) if was_reused && left == BodyLeft::Whole => {}
                fault => return Err(Failed::new(error(fault), left)),
            }
        }
    }

    /// One more connection; the caller holds a place.
    async fn dial(
        &self,
        deadline: Instant,
        peer: Option<&Arc<Peer>>,
        client: Option<IpAddr>,
    ) -> Result<Connection, BackendError> {
        self.pool.make_room();
        let dialling = dial::dial(&self.config, peer.map(Arc::as_ref), client, Offer::Http1);
        let (wire, _) = timeout_at(deadline, dialling)
            .await
            .map_err(|_| no_time())??;
        let mut connection = Connection::new(wire);
        if self.config.proxy_protocol.is_some() {
            connection.owner = peer.map(|peer| Owner::new(peer, client));
        }
        Ok(connection)
    }

    async fn send_h2(
        &self,
        free: Free,
        ask: &mut Ask,
        deadline: Instant,
        ends: Option<Instant>,
        place: Place,
    ) -> Result<Response, Failed> {
        let streams = !matches!(ask.payload, Payload::Empty | Payload::Whole { .. });
        let terms = h2::Terms {
            deadline,
            ends,
            config: &self.config,
        };
        let answered = if h2::asks_websocket(ask) {
            h2::open(free, ask, terms, place).await
        } else {
            h2::send(free, ask, terms, place).await
        };
        answered.map_err(|error| {
            let gone = streams && matches!(ask.payload, Payload::Empty);
            let left = if gone {
                BodyLeft::Gone
            } else {
                BodyLeft::Whole
            };
            Failed::new(error, left)
        })
    }

    /// What the client gets, and what becomes of the connection.
    fn answered(
        &self,
        ask: &Ask,
        mut exchange: Exchange,
        head: ResponseHead,
        place: Place,
        ends: Option<Instant>,
    ) -> Result<Response, Failed> {
        let ResponseHead {
            mut parts,
            spelling,
            length,
            keep_alive,
        } = head;
        if let Some(peer) = &ask.peer
            && (head::authenticates_connection(&ask.parts.headers)
                || head::challenges_connection(&parts))
        {
            exchange.connection.owner = Some(Owner::new(peer, ask.client));
        }
        if parts.status == StatusCode::SWITCHING_PROTOCOLS {
            // Nobody could go on speaking HTTP after one that was not asked for (RFC 9110 section 15.2.2), nor before all is asked.
            let asked = &ask.parts.headers;
            if !asked.contains_key(UPGRADE)
                || !head::switches_as_asked(asked, &parts.headers)
                || !exchange.is_sent()
            {
                let error = BackendError::new(Kind::BadAnswer, Sent::Maybe);
                let error = error.because("it switched to a protocol that was not asked for");
                return Err(Failed::new(error, BodyLeft::Gone));
            }
            head::stripped(&mut parts);
            let tunnel = Tunnelled::new(exchange.connection, self.config.tunnel_idle, place);
            return Ok(Response {
                parts,
                payload: Payload::Tunnel(Box::new(tunnel)),
                spelling,
                side: None,
            });
        }
        head::stripped(&mut parts);
        let lasting = if keep_alive {
            Lasting::Yes
        } else {
            Lasting::No
        };
        let payload = match whole(&mut exchange, length) {
            Ok(Body::Here(payload)) => {
                if keep_alive && exchange.is_sent() {
                    self.pool.put(exchange.connection);
                }
                // Only now: whoever waits for a place must find the connection.
                drop(place);
                payload
            }
            Ok(Body::Coming(decoder, first)) => {
                // It answers without a word on the body that was held back: only one that refuses does not want it.
                if parts.status.is_success() {
                    exchange.sending.wanted();
                }
                let patience = Patience {
                    idle: self.config.body_idle,
                    ends,
                };
                let pool = Arc::downgrade(&self.pool);
                let answer = Answer::new(exchange, decoder, lasting, patience, pool, place);
                Payload::Stream(Box::pin(answer.after(first)))
            }
            Err(refused) => {
                let error = BackendError::new(Kind::BadAnswer, Sent::Maybe).because(refused);
                return Err(Failed::new(error, BodyLeft::Gone));
            }
        };
        Ok(Response {
            parts,
            payload,
            spelling,
            side: None,
        })
    }
}

pub(super) fn no_time() -> BackendError {
    BackendError::new(Kind::Unreachable, Sent::No).because("there was no time left to connect")
}

/// The body of an answer.
enum Body {
    /// All of it came with the head.
    Here(Payload),
    /// It is read on by this, after what came already.
    Coming(Decoder, VecDeque<Piece>),
}

/// Takes the body out of what came with the head: most answers are whole then, and nothing is left to do on the connection.
fn whole(exchange: &mut Exchange, length: BodyLength) -> Result<Body, h1::Refused> {
    let buffer = &mut exchange.connection.buffer;
    let mut decoder = Decoder::of_answer(length, &LIMITS);
    let mut data = Bytes::new();
    loop {
        let piece = decoder.next(buffer)?;
        let trailers = match piece {
            Piece::Data(first) if data.is_empty() => {
                data = first;
                continue;
            }
            Piece::End => None,
            Piece::Trailers(trailers) => Some(Box::new(trailers)),
            piece @ (Piece::Data(_) | Piece::More) => {
                let mut first = VecDeque::new();
                if !data.is_empty() {
                    first.push_back(Piece::Data(data));
                }
                if !matches!(piece, Piece::More) {
                    first.push_back(piece);
                }
                return Ok(Body::Coming(decoder, first));
            }
        };
        return Ok(Body::Here(if data.is_empty() && trailers.is_none() {
            Payload::Empty
        } else {
            Payload::Whole { data, trailers }
        }));
    }
}

/// What goes out. The body moves with it, a stream as it is, bytes as a reference to them.
fn sending(ask: &mut Ask) -> Sending {
    let Written {
        head,
        length,
        expects,
    } = head::written(ask);
    let body = match &ask.payload {
        Payload::Whole { data, trailers } => Payload::Whole {
            data: data.clone(),
            trailers: trailers.clone(),
        },
        _ => std::mem::take(&mut ask.payload),
    };
    let sending = Sending::new(head, length, body);
    if expects {
        sending.held(Instant::now() + AGREE)
    } else {
        sending
    }
}

/// Takes the body back, as far as it is still there.
fn give_back(ask: &mut Ask, sending: Sending) -> BodyLeft {
    let untouched = sending.is_untouched();
    if let Some(body) = sending.into_body() {
        ask.payload = body;
    }
    if untouched {
        BodyLeft::Whole
    } else {
        BodyLeft::Gone
    }
}

/// Whether an origin has only closed a connection that it found unused, with a 408 that crossed our request (RFC 9110 section 15.5.9). Its
/// answer stands where asking again could execute something twice.
fn gave_up(reused: bool, head: &ResponseHead, ask: &Ask) -> bool {
    reused
        && head.parts.status == StatusCode::REQUEST_TIMEOUT
        && !head.keep_alive
        && ask.effect != Effect::Write
}

fn error(fault: Fault) -> BackendError {
    match fault {
        Fault::Unwritten(error) => BackendError::new(Kind::Broken, Sent::No).because(error),
        Fault::Broken(error) => BackendError::new(Kind::Broken, Sent::Maybe).because(error),
        Fault::Refused(refused) => BackendError::new(Kind::BadAnswer, Sent::Maybe).because(refused),
        Fault::Body(error) => {
            BackendError::new(Kind::RequestBody(BodyFault::from(&error)), Sent::Maybe)
        }
        Fault::Late => BackendError::new(Kind::Timeout, Sent::Maybe),
    }
}
