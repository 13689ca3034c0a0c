//! Routes: what the file says about them, resolved. Pure.
//!
//! In: a resolved configuration. Out: for a request, its [`Route`]. Holds no connection and reads no clock; backends are
//! named by [`BackendId`], which the one [`Snapshot`](crate::app) of a request turns into the live thing.

pub mod asked;
pub mod back;
pub mod body;
pub mod calendar;
pub mod callback;
pub mod condition;
pub mod delivery;
pub mod edit;
pub mod explain;
pub mod fixed;
pub mod idempotency;
mod index;
pub mod key;
pub mod params;
pub mod pattern;
pub mod rollout;
pub mod rule;
pub mod shape;
pub mod table;
pub mod token;

use std::sync::Arc;
use std::time::Duration;

use crate::mapping::{Mapping, Program};
use crate::mode::Percent;
pub use asked::Asked;
pub use back::Back;
pub use body::{Body, BodyRefused, BodyRule};
pub use calendar::Calendar;
pub use callback::CallbackRule;
pub use delivery::{Delivery, Later, Ours, Replayed};
pub use edit::{Edits, FieldValue};
pub use explain::{Considered, Explanation, Verdict, explain};
pub use fixed::Fixed;
pub use idempotency::Idempotency;
pub use key::KeySource;
pub use params::{PathParams, PathPart, PathTemplate};
pub use pattern::Pattern;
pub use rule::{Host, Match};
use shape::Shapes;
pub use table::{Action, Choice, Entry, Mismatch, NoRoute, Selected, Table, select};

/// What executing a request does to the data behind it. It decides what may be retried, fallen back and mirrored.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Nothing; may be asked again, also of the other system.
    Read,
    /// The same however often it is executed, by one system.
    Idempotent,
    /// Something each time.
    Write,
}

impl Effect {
    /// As it is written in configuration and evidence.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Idempotent => "idempotent",
            Self::Write => "write",
        }
    }

    /// Whether the data behind it changes.
    #[must_use]
    pub fn changes_data(self) -> bool {
        self != Self::Read
    }
}

/// Which of the two systems.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The mainframe or old ERP.
    Legacy,
    /// The new service or view.
    Modern,
}

impl Side {
    /// As it is written in configuration, metrics and evidence.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        }
    }
}

/// A backend of this snapshot: its place in the list of backends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BackendId(pub usize);

/// One side of a route: which backend, and what it wants to be spoken to like.
#[derive(Debug)]
pub struct Leg {
    /// Which system this is.
    pub side: Side,
    /// Whom to call.
    pub backend: BackendId,
    /// The path there, with the parameters of the route's path filled in; the client's own target where none is given.
    pub path: Option<PathTemplate>,
    /// What the backend takes and gives. Where it differs from the client's, messages are transcoded.
    pub shapes: Shapes,
    /// How the one becomes the other, where the fields of a copybook alone do not say it.
    pub mapping: Option<Arc<Mapping>>,
    /// What is changed of the heads of its requests and answers.
    pub rewrite: Rewrite,
    /// When its client hears of a request.
    pub delivery: Delivery,
    /// When the backend is open; always where none is given.
    pub hours: Option<Arc<Calendar>>,
}

impl Leg {
    /// What requests are mapped by.
    #[must_use]
    pub fn maps_request(&self) -> Option<&Program> {
        self.mapping.as_ref()?.request.as_ref()
    }

    /// What answers are mapped by.
    #[must_use]
    pub fn maps_response(&self) -> Option<&Program> {
        self.mapping.as_ref()?.response.as_ref()
    }

    /// What answers that are errors are mapped by.
    #[must_use]
    pub fn maps_errors(&self) -> Option<&Program> {
        self.mapping.as_ref()?.error.as_ref()
    }
}

/// What is changed of heads on their way to a backend and back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewrite {
    /// The `Host` there; the client's where none is given.
    pub host: Option<http::HeaderValue>,
    /// Fields of requests.
    pub request: Edits,
    /// Fields of answers.
    pub response: Edits,
}

/// What happens to a request whose backend is closed. Without any of these it is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WhenClosed {
    /// Reads of legacy are answered by the view on the modern side, whatever the mode.
    pub view: bool,
    /// It waits if the backend opens within this time.
    pub hold: Option<Duration>,
    /// Else this is the answer.
    pub answer: Option<Arc<Fixed>>,
}

/// What happens on read routes when the modern side fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// The client hears of it.
    None,
    /// Legacy answers. Only `effect = "read"` may say so; the resolver refuses it elsewhere.
    Legacy,
}

/// How clients of views read again what a route has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The answer carries a token, which the client sends with its reads.
    Token,
    /// This view remembers the route's key.
    Key(BackendId),
}

/// Whether and how much of the traffic of this route is mirrored to the side that does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MirrorPolicy {
    /// The part of keys (or of requests without a key) that is mirrored.
    pub sample: Percent,
    /// Mirror in `canary` and `modern` as well, to the side that does not answer.
    pub always: bool,
    /// The route changes data and its file asked for mirroring by name; the mirror is marked `Figway-Shadow: true`.
    pub writes: bool,
}

/// One route of the table.
#[derive(Debug)]
pub struct Route {
    /// Its name, unique.
    pub name: Arc<str>,
    /// The group it flips with, an index into the table's groups.
    pub group: GroupId,
    /// What it does to the data.
    pub effect: Effect,
    /// What the client sends and gets.
    pub client: Shapes,
    /// The old side; a route that was born modern has none.
    pub legacy: Option<Arc<Leg>>,
    /// The new side; a route not yet built has none.
    pub modern: Option<Arc<Leg>>,
    /// Where the canary key is.
    pub canary_key: Option<KeySource>,
    /// What is mirrored.
    pub mirror: MirrorPolicy,
    /// What happens when modern fails.
    pub fallback: Fallback,
    /// From the request's head to the response's head, fallback included.
    pub timeout: Duration,
    /// The largest body, request or response, that may be gathered.
    pub max_body: usize,
    /// The largest request body that may stream through; none where the route states no limit of its own.
    pub max_streamed: Option<usize>,
    /// How errors of ours look to this route's clients.
    pub errors: Arc<shape::ErrorForm>,
    /// What happens while the backend that is to answer is closed.
    pub when_closed: WhenClosed,
    /// How clients read again what they have written, if that is wanted.
    pub written: Option<Written>,
    /// How answers are compared.
    pub compare: Arc<crate::compare::Rules>,
    /// How legacy gets the writes that modern accepts, if it does.
    pub back: Option<Arc<Back>>,
    /// By what a request is known that comes again, if that is wanted.
    pub idempotency: Option<Idempotency>,
}

impl Route {
    /// Whether what it changes may go to one side or the other.
    #[must_use]
    pub fn changes_sides(&self) -> bool {
        self.effect.changes_data() && self.legacy.is_some() && self.modern.is_some()
    }

    /// Its leg on that side.
    #[must_use]
    pub fn leg(&self, side: Side) -> Option<&Arc<Leg>> {
        match side {
            Side::Legacy => self.legacy.as_ref(),
            Side::Modern => self.modern.as_ref(),
        }
    }

    /// Whether the key can only be found in the request's body.
    #[must_use]
    pub fn key_in_body(&self) -> bool {
        self.canary_key.as_ref().is_some_and(KeySource::in_body)
    }

    /// Whether a request must be gathered and changed for that leg.
    #[must_use]
    pub fn transcodes_request(&self, leg: &Leg) -> bool {
        leg.maps_request().is_some() || !self.client.request.same_as(&leg.shapes.request)
    }

    /// Whether a response of that leg must be gathered and changed for the client.
    #[must_use]
    pub fn transcodes_response(&self, leg: &Leg) -> bool {
        leg.maps_response().is_some() || !leg.shapes.response.same_as(&self.client.response)
    }
}

/// A group of this table: its place in the list of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub usize);

/// Routes over one entity; they flip together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name, unique; a route that names no group is a group of its own name.
    pub name: Arc<str>,
    /// How legacy learns of writes that modern accepted.
    pub back_sync: Option<BackSync>,
    /// The mode the file seeds it with.
    pub seed: crate::mode::Mode,
    /// Whether any of its routes changes data.
    pub writes: bool,
    /// Whether every one of its routes has a legacy leg, and a modern leg: what its modes may be.
    pub sides: Sides,
    /// Whether every one of its routes says where its canary key is: without, canary never reaches modern.
    pub keyed: bool,
    /// What it does once what is known of its mode is too old.
    pub when_stale: WhenStale,
    /// Who must want it before modern answers more.
    pub approving: Approving,
    /// Its way from legacy to modern, where it has a plan.
    pub rollout: Option<Arc<rollout::Rollout>>,
}

/// How many people must want a change, and for how long they may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approving {
    /// How many others than who proposes; zero where one person is enough.
    pub needed: u8,
    /// How long a proposal stays open.
    pub valid: Duration,
}

impl Default for Approving {
    /// One person is enough; what is proposed all the same stays open for a week.
    fn default() -> Self {
        Self {
            needed: 0,
            valid: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

/// What a group does while this gateway knows the control log only as it was too long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenStale {
    /// Legacy answers. For reads: legacy has the data, or its old state.
    Legacy,
    /// As the log last said.
    AsItWas,
    /// Nobody does: clients are told to come again.
    Refuse,
}

/// Which sides every route of a group has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides {
    /// All have a legacy leg.
    pub legacy: bool,
    /// All have a modern leg.
    pub modern: bool,
}

/// How legacy learns of writes that modern accepted.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum BackSync {
    /// It does not: entering canary or modern, and rolling back, need `accept_loss`.
    None,
    /// Each goes to a topic, in the transaction of its effect, and from there to legacy; going back waits for the last one.
    Durable,
}
