//! The access log: one line for each request of a client, when its answer has gone out or was cut off.
//!
//! In: a request's head, and afterwards what became of it. Out: JSON lines or the combined format, in a file or on standard output.
//! Says who asked for what and how it ended; never a query unless it is told to, never a body, a header beside `Host`, `Referer` and
//! `User-Agent`, a credential or a key. Requests never wait for it: what cannot be written in time is dropped and counted.

mod line;
mod out;
mod put;
#[cfg(test)]
mod tests;

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::{HOST, HeaderValue, REFERER, USER_AGENT};
use http::{Method, StatusCode, Uri, Version};
use prometheus_client::metrics::counter::Counter;
use tokio::time::Instant;
use uuid::Uuid;

use self::out::Out;
use crate::error::chain;
use crate::evidence::Outcome;
use crate::message::{PayloadError, Peer, Request, Watch, made_at};
use crate::mode::Mode;
use crate::route::Side;
use crate::trace::TraceId;

/// How lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// An object a line.
    #[default]
    Json,
    /// As Apache's and nginx's `combined`.
    Combined,
}

/// Whether the query of a target is written: it may hold what must not be in a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Query {
    /// It is left out.
    #[default]
    Hidden,
    /// It is written.
    Written,
}

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Standard output.
    Output,
    /// The end of this file, which is made where it is not there.
    File(PathBuf),
}

/// An access log as the file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Where.
    pub place: Place,
    /// How.
    pub format: Format,
    /// How much of targets.
    pub query: Query,
}

/// An access log that is written. What waits is written when it is dropped.
#[derive(Debug)]
pub struct AccessLog {
    spec: Spec,
    out: Out,
}

impl AccessLog {
    /// Opens it. `dropped` counts the lines that find no room.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(spec: Spec, dropped: Counter) -> io::Result<Self> {
        let out = Out::open(&spec.place, dropped)?;
        Ok(Self { spec, out })
    }

    /// What it was opened as.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Opens the file anew, as is to be done after it was renamed. Blocking.
    ///
    /// # Errors
    /// It cannot be opened; the old one is written on.
    pub fn reopen(&self) -> io::Result<()> {
        self.out.reopen(&self.spec.place)
    }

    /// Writes what waits. Blocking.
    pub fn flush(&self) {
        self.out.flush();
    }

    /// The line of a request, begun.
    #[must_use]
    pub fn begin(self: &Arc<Self>, request: &Request) -> Entry {
        let parts = &request.parts;
        let peer = request.peer.as_deref();
        let field = |name| parts.headers.get(name).cloned();
        Entry {
            log: Arc::clone(self),
            head: Head {
                // The clock was read for it a moment ago.
                at: made_at(request.id).unwrap_or_else(SystemTime::now),
                client: peer.map(client),
                asked: Some(Asked {
                    method: parts.method.clone(),
                    target: parts.uri.clone(),
                    version: parts.version,
                }),
                // Over HTTP/2 it stands in the target.
                host: field(HOST).or_else(|| {
                    let authority = parts.uri.authority()?;
                    HeaderValue::from_str(authority.as_str()).ok()
                }),
                referer: field(REFERER),
                agent: field(USER_AGENT),
                tls: peer.and_then(tls),
            },
            received: request.received,
            id: request.id,
            trace: None,
            outcome: None,
            left: None,
            bytes: 0,
            whole: false,
            why: None,
        }
    }

    /// The line of what could not be read as a request and began to come `since` then: of what it asked for nothing is known for certain.
    #[must_use]
    pub fn begin_unread(self: &Arc<Self>, peer: &Peer, since: Instant, id: Uuid) -> Entry {
        Entry {
            log: Arc::clone(self),
            head: Head {
                at: SystemTime::now(),
                client: Some(client(peer)),
                asked: None,
                host: None,
                referer: None,
                agent: None,
                tls: tls(peer),
            },
            received: since,
            id,
            trace: None,
            outcome: None,
            left: None,
            bytes: 0,
            whole: false,
            why: None,
        }
    }
}

fn client(peer: &Peer) -> IpAddr {
    peer.address.ip().to_canonical()
}

fn tls(peer: &Peer) -> Option<&'static str> {
    Some(peer.tls.as_ref()?.version)
}

/// What a request said.
#[derive(Debug)]
struct Head {
    at: SystemTime,
    client: Option<IpAddr>,
    /// None of what could not be read.
    asked: Option<Asked>,
    host: Option<HeaderValue>,
    referer: Option<HeaderValue>,
    agent: Option<HeaderValue>,
    tls: Option<&'static str>,
}

/// What it asked for.
#[derive(Debug)]
struct Asked {
    method: Method,
    target: Uri,
    version: Version,
}

/// How far a request had come whose client did not wait for an answer.
#[derive(Debug)]
pub struct Left {
    /// Its route.
    pub route: Arc<str>,
    /// The route's group.
    pub group: Arc<str>,
    /// The group's mode.
    pub mode: Mode,
    /// Who was being asked; none where nobody was yet.
    pub asked: Option<Side>,
}

/// A line that is not written yet. It is when this is dropped: also then, a client that goes away leaves one.
#[derive(Debug)]
pub struct Entry {
    log: Arc<AccessLog>,
    head: Head,
    received: Instant,
    id: Uuid,
    trace: Option<TraceId>,
    outcome: Option<Outcome>,
    /// Seldom.
    left: Option<Box<Left>>,
    bytes: u64,
    whole: bool,
    /// Why the answer broke off; none also where the client left it.
    why: Option<String>,
}

impl Entry {
    /// Who asked, where others than the peer vouch for it, and under which number.
    pub fn knows(&mut self, client: Option<IpAddr>, id: Uuid, trace: Option<TraceId>) {
        self.head.client = client.or(self.head.client);
        self.id = id;
        self.trace = trace;
    }

    /// What the client is answered.
    pub fn answered(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }

    /// Its client does not wait for an answer.
    pub fn left(&mut self, left: Left) {
        self.left = Some(Box::new(left));
    }
}

impl Watch for Entry {
    fn passed(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn ended(&mut self) {
        self.whole = true;
    }

    fn broke(&mut self, why: &PayloadError) {
        self.why = Some(chain(why));
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let took = self.received.elapsed();
        self.log.out.put(|out| line::write(self, took, out));
    }
}

/// What a line says of how it ended.
#[derive(Debug, Clone, Copy)]
struct End {
    status: u16,
    first: Option<Duration>,
}

impl Entry {
    fn end(&self) -> End {
        match &self.outcome {
            Some(outcome) => End {
                status: outcome.status.as_u16(),
                first: Some(outcome.took),
            },
            // The client went away before there was an answer: no status of HTTP, but what nginx writes then.
            None => End {
                status: 499,
                first: None,
            },
        }
    }

    /// Whether the client got less than the answer.
    fn cut(&self) -> bool {
        let status = self.outcome.as_ref().map(|outcome| outcome.status);
        !self.whole && status != Some(StatusCode::SWITCHING_PROTOCOLS)
    }
}
