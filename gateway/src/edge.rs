//! What holds for all clients, whatever their route: a part of the [`snapshot`](crate::snapshot), so that a reload changes it at once.
//!
//! [`Edge`] is what the file says, plain data; [`Live`] is that with what it needs to work: an open log, and counts of what is taken on,
//! which outlast a reload that does not change them.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use fnv::FnvBuildHasher;
use http::header::{self, HeaderName};
use tokio::time::Instant;
use uuid::Uuid;

use crate::access::{self, AccessLog, Entry};
use crate::date::Dating;
use crate::error::GatewayError;
use crate::forwarded::Policy;
use crate::listen::http::Unread;
use crate::message::{PayloadError, Request, Watch, id_value};
use crate::metrics::Metrics;
use crate::shed::{self, Asks, Gate, Pass, Waited};
use crate::trace::{self, TraceId, Tracing};

/// As the file says it; the default is a file that says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    /// Who is believed about the client, and what is sent on about it.
    pub forwarding: Policy,
    /// The field in which a request's number goes on, and comes from those who are believed; no field if none.
    pub request_id: Option<HeaderName>,
    /// What is done about trace context.
    pub tracing: Tracing,
    /// What is done about answers without `Date`.
    pub dating: Dating,
    /// Where requests are written down, if they are.
    pub access_log: Option<access::Spec>,
    /// How much is taken on in all.
    pub limits: shed::Spec,
    /// How much is taken on of a route, by its name.
    pub of_routes: BTreeMap<Arc<str>, shed::Spec>,
    /// The path below which clients ask what became of requests, if any are answered later.
    pub outcomes: Option<Arc<str>>,
}

/// What holds at one moment.
#[derive(Debug, Default)]
pub struct Live {
    edge: Arc<Edge>,
    access_log: Option<Arc<AccessLog>>,
    gate: Option<Arc<Gate>>,
    /// Looked up for each request, by names out of the file: a hash that nobody can attack is not needed.
    gates: HashMap<Arc<str>, Arc<Gate>, FnvBuildHasher>,
}

/// An access log that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the access log cannot be opened")]
pub struct OpenError(#[from] io::Error);

impl Live {
    /// Takes over from `before` what is as it was. Opens files: blocking, if shortly.
    ///
    /// # Errors
    /// The access log cannot be opened.
    pub fn open(edge: Arc<Edge>, before: &Self, metrics: &Metrics) -> Result<Self, OpenError> {
        let access_log = match &edge.access_log {
            None => None,
            Some(spec) => match &before.access_log {
                Some(open) if open.spec() == spec => Some(Arc::clone(open)),
                _ => {
                    let dropped = metrics.access_log_dropped().clone();
                    Some(Arc::new(AccessLog::open(spec.clone(), dropped)?))
                }
            },
        };
        let gate = |spec: &shed::Spec, before: Option<&Arc<Gate>>| match before {
            Some(before) if before.spec() == spec => Arc::clone(before),
            _ => Arc::new(Gate::new(spec.clone())),
        };
        let gates = edge.of_routes.iter();
        let gates = gates.map(|(name, spec)| {
            let gate = gate(spec, before.gates.get(name));
            (Arc::clone(name), gate)
        });
        Ok(Self {
            access_log,
            gate: (!edge.limits.is_empty()).then(|| gate(&edge.limits, before.gate.as_ref())),
            gates: gates.collect(),
            edge,
        })
    }

    /// What the file says.
    #[must_use]
    pub fn edge(&self) -> &Edge {
        &self.edge
    }

    /// The same, to be kept.
    #[must_use]
    pub fn shared(&self) -> Arc<Edge> {
        Arc::clone(&self.edge)
    }

    /// Where requests are written down.
    #[must_use]
    pub fn access_log(&self) -> Option<&Arc<AccessLog>> {
        self.access_log.as_ref()
    }

    /// The line of a request in the access log, begun.
    #[must_use]
    pub fn begin(&self, request: &Request) -> Option<Box<Entry>> {
        // Boxed: every request would keep room for it.
        Some(Box::new(self.access_log.as_ref()?.begin(request)))
    }

    /// The line of what could not be read as a request.
    #[must_use]
    pub fn begin_unread(&self, unread: &Unread<'_>, id: Uuid) -> Option<Box<Entry>> {
        let log = self.access_log.as_ref()?;
        let entry = log.begin_unread(unread.peer, unread.since, id);
        Some(Box::new(entry))
    }

    /// Gives a request, which the guard let in, its numbers.
    pub fn number(&self, request: &mut Request) -> Option<TraceId> {
        let headers = &mut request.parts.headers;
        if let Some(name) = &self.edge.request_id {
            let peer = request.peer.as_ref().map(|peer| peer.address.ip());
            let trusted = peer.is_some_and(|peer| self.edge.forwarding.trusts(peer));
            match headers.entry(name) {
                // What is not a number of ours goes on if it comes from one who is believed.
                header::Entry::Occupied(came) if trusted => {
                    request.id = trace::given(came.iter()).unwrap_or(request.id);
                }
                header::Entry::Occupied(mut came) => {
                    came.insert(id_value(request.id));
                }
                header::Entry::Vacant(place) => {
                    place.insert(id_value(request.id));
                }
            }
        }
        if self.access_log.is_none() && self.edge.tracing == Tracing::Pass {
            return None;
        }
        trace::traced(headers, self.edge.tracing, request.id)
    }

    /// Whether anything at all is bounded.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.gate.is_some() || !self.gates.is_empty()
    }

    /// The bounds of a route, if it has any.
    #[must_use]
    pub fn gate(&self, route: &str) -> Option<&Arc<Gate>> {
        if self.gates.is_empty() {
            return None;
        }
        self.gates.get(route)
    }

    /// Takes a request on, or does not; what it gives is kept until the answer is over.
    ///
    /// # Errors
    /// It is too much.
    pub async fn admit(&self, route: &str, asks: Asks<'_>) -> Result<Passes, GatewayError> {
        let mut now = Instant::now();
        let mut passes = Passes::default();
        if let Some(gate) = self.gate(route) {
            let (pass, waited) = gate.admit(asks, now).await?;
            passes.own = Some(pass);
            if waited == Waited::Yes {
                now = Instant::now();
            }
        }
        if let Some(gate) = &self.gate {
            let (pass, _) = gate.admit(asks, now).await?;
            passes.all = Some(pass);
        }
        Ok(passes)
    }
}

/// The places that a request holds.
#[derive(Debug, Default)]
pub struct Passes {
    own: Option<Pass>,
    all: Option<Pass>,
}

impl Passes {
    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.own.is_none() && self.all.is_none()
    }
}

/// What ends with the answer of a request.
#[derive(Debug)]
pub struct Ending {
    /// Its line in the access log.
    pub entry: Option<Box<Entry>>,
    /// Its places.
    pub passes: Passes,
}

impl Watch for Ending {
    fn passed(&mut self, bytes: usize) {
        if let Some(entry) = &mut self.entry {
            entry.passed(bytes);
        }
    }

    fn ended(&mut self) {
        if let Some(entry) = &mut self.entry {
            entry.ended();
        }
    }

    fn broke(&mut self, why: &PayloadError) {
        if let Some(entry) = &mut self.entry {
            entry.broke(why);
        }
    }
}
