//! What the admin API takes and gives, as JSON: the same types on the server and in its client.
//!
//! Answers may gain fields; requests with a field that is not known are refused.

mod fleet;
mod proposal;
mod rollout;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::back::{ParkedWrite, Wanted};
use crate::control::command::{Loss, Position};
use crate::mode::Mode;
use crate::route::{BackSync, Effect};

pub use self::fleet::{ChangeFleet, FleetChange, FleetView, GatewayView, KeyView};
pub use self::proposal::{
    ApprovalView, ApproveProposal, Approved, EventHappened, ProposalView, Proposals, ProposeMode,
    RejectProposal,
};
pub use self::rollout::{RolloutEvents, RolloutsView};

/// `GET /v1/me`: who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Me {
    /// The name in the log.
    pub name: String,
    /// The name as people print it.
    pub display: String,
    /// `viewer`, `operator`, `approver` and `admin`, those that were given.
    pub roles: Vec<String>,
    /// By what: `token`, `mtls`, `oidc`, or `shared`: then the log's `who` is what requests say.
    pub how: String,
    /// When it last proved who it is, RFC 3339.
    pub authenticated_at: String,
    /// In the session of a browser: what requests that change something carry as `x-csrf-token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csrf: Option<String>,
}

/// `GET /v1/routes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Routes {
    /// The instance name of the gateway that answers.
    pub gateway: String,
    /// The revision of its `routes.toml`.
    pub revision: u64,
    /// Its routes, in the order in which they are tried.
    pub routes: Vec<RouteView>,
    /// Its routes that the gateway answers itself.
    #[serde(default)]
    pub fixed: Vec<FixedView>,
    /// Its groups, in the order of the file.
    pub groups: Vec<GroupView>,
    /// How sure the modes are.
    pub control: ControlView,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouteView {
    /// Its name.
    pub name: String,
    /// The group it flips with.
    pub group: String,
    /// Which requests it takes.
    pub matches: String,
    /// What they do to the data.
    pub effect: Effect,
    /// The mode in force.
    pub mode: Mode,
    /// The backend of the old side.
    pub legacy: Option<String>,
    /// The backend of the new side.
    pub modern: Option<String>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupView {
    /// Its name.
    pub name: String,
    /// The mode in force here.
    pub mode: Mode,
    /// Its version in the log; zero as long as the log never saw it.
    pub version: u64,
    /// Since when it is in that mode, RFC 3339.
    pub since: Option<String>,
    /// Who brought it there.
    pub by: Option<String>,
    /// Why.
    pub why: Option<String>,
    /// The change reference.
    pub change: Option<String>,
    /// Whether any of its routes changes data.
    pub writes: bool,
    /// How legacy learns of writes that modern accepted.
    pub back_sync: Option<BackSync>,
    /// Writes that modern accepted and legacy does not have.
    pub legacy_lacks: Loss,
    /// How its writes go back to legacy, where they do.
    #[serde(default)]
    pub write_back: Option<WriteBackView>,
    /// The override in force on this gateway alone.
    pub break_glass: Option<BreakGlassView>,
    /// What it could be rolled back to, latest first, at most ten.
    pub before: Vec<VersionView>,
    /// How many others must approve before modern answers more.
    #[serde(default)]
    pub approvals: u8,
    /// What waits for approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalView>,
}

/// How a group's writes go back to legacy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WriteBackView {
    /// Their topic.
    pub topic: String,
    /// The partitions that the gateway which answers applies.
    pub partitions: Vec<i32>,
    /// Writes that legacy has not got, without those that are parked; none where that is not known.
    pub waiting: Option<u64>,
    /// How long the oldest has waited.
    pub lag_seconds: u64,
    /// Writes that are parked.
    pub parked: u64,
    /// Writes that this gateway has had legacy take since it began.
    pub applied: u64,
    /// Why nothing is applied by this gateway, or not everything.
    pub trouble: Option<String>,
}

/// `GET /v1/groups/{group}/parked`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Parked {
    /// The group.
    pub group: String,
    /// Its writes that legacy did not take, by partition and offset.
    pub parked: Vec<ParkedWrite>,
}

/// `POST /v1/groups/{group}/parked`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideParked {
    /// Which write: the partition of the group's topic.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// Since when it was parked when it was looked at: what is decided does not count for a write that was tried and parked anew since.
    pub since_ms: i64,
    /// What is to be done.
    pub what: Wanted,
    /// Who wants it: needed with the shared token, which does not say who has it; whoever else asks may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// Why.
    pub why: String,
}

/// An earlier version of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionView {
    /// Its number.
    pub version: u64,
    /// Its mode.
    pub mode: Mode,
}

/// An override that the log has not yet got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BreakGlassView {
    /// The command's id.
    pub id: String,
    /// The mode that the log last gave.
    pub instead_of: Option<Mode>,
    /// When, RFC 3339.
    pub at: String,
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
}

/// How sure the modes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ControlView {
    /// `file` or `kafka`.
    pub store: String,
    /// `following`, `out_of_reach`, `unusable`, `stopped` or `unknown`.
    pub reach: String,
    /// Since when it is not followed, RFC 3339.
    pub since: Option<String>,
    /// Why it is not followed.
    pub why: Option<String>,
    /// When the modes were last known to be all that the log says, RFC 3339.
    pub current_at: Option<String>,
    /// How many seconds ago that was.
    pub age_seconds: Option<u64>,
    /// Whether what is known of the log is older than `max_age`: groups go by their `when_stale`.
    #[serde(default)]
    pub stale: bool,
    /// The last entry folded.
    pub position: Option<Position>,
}

/// `GET /v1/backends`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Backends {
    /// The instance name of the gateway that answers: another may see it otherwise.
    pub gateway: String,
    /// Its backends, in the order of the file.
    pub backends: Vec<BackendView>,
}

/// A backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackendView {
    /// Its name.
    pub name: String,
    /// `http`, `kafka`, `view`, or `absent` where it cannot be used as it is configured.
    pub kind: String,
    /// What is known of its endpoints; none of what has none.
    pub endpoints: Option<EndpointsView>,
    /// What is known of a view; none of what is no view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<StoreView>,
}

/// The store of a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoreView {
    /// How many rows it has; none before it is open.
    pub rows: Option<u64>,
    /// How old what it shows is, in seconds; none where it shows nothing.
    pub age_seconds: Option<u64>,
    /// Why it shows nothing.
    pub closed: Option<String>,
    /// Whether another is being filled beside it.
    pub rebuilding: bool,
}

/// The endpoints of a backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointsView {
    /// `round_robin` or `least_requests`.
    pub balance: String,
    /// `closed`, `open` or `half_open`; none without a breaker.
    pub breaker: Option<String>,
    /// Requests refused because it was open.
    pub refused: u64,
    /// Tries after the first.
    pub retried: u64,
    /// Those that the budget refused.
    pub over_budget: u64,
    /// Each of them, in the order of the file. Empty while no name has been looked up.
    pub endpoints: Vec<EndpointView>,
}

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointView {
    /// As in the file, with its address where the name has several that are endpoints each.
    pub name: String,
    /// `up`, `down`, `ejected`, or `unchecked` where nothing checks it.
    pub state: String,
    /// Since when it is up or down, or was last left alone, RFC 3339.
    pub since: Option<String>,
    /// Why.
    pub why: Option<String>,
    /// For how many seconds it is still left alone.
    pub ejected_for_seconds: Option<u64>,
    /// Requests under way.
    pub in_flight: u64,
    /// Requests sent to it since the gateway started, or the backend or its address changed.
    pub requests: u64,
    /// Those without an answer, or with 502, 503 or 504.
    pub failures: u64,
    /// How often it was left alone.
    pub ejections: u64,
}

/// `GET /v1/health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthView {
    /// `ok`, or `degraded` when the log is not followed or an override is in force.
    pub status: String,
    /// The instance name.
    pub gateway: String,
    /// The version of Figway.
    pub version: String,
    /// The control log.
    pub control: ControlView,
    /// Groups with an override in force.
    pub break_glass: Vec<String>,
}

/// `GET /v1/ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadyView {
    /// Whether clients may be sent here.
    pub ready: bool,
    /// Why not.
    pub why: Option<String>,
}

/// `POST /v1/groups/{group}/mode`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMode {
    /// The mode wanted.
    #[serde(deserialize_with = "mode_object")]
    pub mode: Mode,
    /// Who, why, and on what it was decided.
    pub change: ChangeRequest,
    /// Whether to make it on this gateway alone while the log is out of reach.
    #[serde(default)]
    pub break_glass: bool,
}

/// A mode, with an error that shows the form.
fn mode_object<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Mode, D::Error> {
    let given = serde_json::Value::deserialize(deserializer)?;
    let read = given.is_object().then(|| serde_json::from_value(given));
    match read {
        Some(Ok(mode)) => Ok(mode),
        Some(Err(_)) | None => Err(serde::de::Error::custom(
            r#"wanted `mode` as {"mode":"legacy"}, "shadow", "modern" or "retired", or {"mode":"canary","percent":10}"#,
        )),
    }
}

/// `POST /v1/groups/{group}/rollback`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// The version whose mode is wanted; the one before the current one if none is given.
    pub to: Option<u64>,
    /// Who, why, and on what it was decided.
    pub change: ChangeRequest,
}

/// What every change says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRequest {
    /// Who wants it: needed with the shared token, which does not say who has it; whoever else asks may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// Why.
    pub why: String,
    /// A change reference.
    pub reference: Option<String>,
    /// The group's version it was decided on; the current one if none is given.
    pub expected: Option<u64>,
    /// Whether writes that legacy lacks, or will lack, are accepted.
    #[serde(default)]
    pub accept_loss: bool,
}

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// The group.
    pub group: String,
    /// The command's id.
    pub id: String,
    /// The mode in force.
    pub mode: Mode,
    /// The group's version.
    pub version: u64,
    /// Where the log has it; none for break-glass.
    pub position: Option<Position>,
    /// Writes that legacy lacks from now on.
    pub loss: Option<Loss>,
}

/// `GET /v1/history?from=OFFSET&limit=COUNT`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryPage {
    /// Entries in the order of the log.
    pub entries: Vec<HistoryEntry>,
    /// Where the next page begins; none if there is nothing more.
    pub next: Option<u64>,
    /// Overrides of this gateway that the log has not yet got, by group.
    pub break_glass: BTreeMap<String, BreakGlassView>,
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryEntry {
    /// Where it stands.
    pub offset: u64,
    /// The hash of the chain with it.
    pub hash: String,
    /// Its bytes, when they are UTF-8: as a string, so that the chain can be computed from them.
    pub raw: Option<String>,
    /// Its bytes in base64, when they are not.
    pub raw_base64: Option<String>,
    /// What came of it.
    pub outcome: OutcomeView,
}

/// What came of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum OutcomeView {
    /// The group came to that version and mode.
    Accepted {
        /// The version.
        version: u64,
        /// The mode.
        mode: Mode,
    },
    /// It is about the fleet, and counts.
    Noted,
    /// Nothing changed.
    Refused {
        /// A stable word.
        code: String,
        /// In words.
        why: String,
    },
    /// It, or one before it, is not understood.
    NotFolded {
        /// In words.
        why: String,
    },
}

/// `POST /v1/explain`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainRequest {
    /// The method.
    pub method: String,
    /// A path with query, or a whole URI.
    pub target: String,
    /// Headers, in order.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body in base64, where the key is in it.
    #[serde(default)]
    pub body: Option<String>,
    /// The client's address.
    #[serde(default)]
    pub client: Option<String>,
    /// When, RFC 3339; now if it is not said.
    #[serde(default)]
    pub at: Option<String>,
    /// What the client's TLS was; none over plain text.
    #[serde(default)]
    pub tls: Option<ExplainTls>,
}

/// The TLS of a request that is described.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainTls {
    /// The name the client asked for.
    #[serde(default)]
    pub server_name: Option<String>,
    /// The client's certificate, if it shows one.
    #[serde(default)]
    pub certificate: Option<ExplainCertificate>,
}

/// A client's certificate of a request that is described.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainCertificate {
    /// Its subject, as RFC 4514 writes it.
    #[serde(default)]
    pub subject: String,
    /// Its DNS names, URIs and e-mail addresses.
    #[serde(default)]
    pub names: Vec<String>,
    /// Its SHA-256 in hexadecimal digits.
    #[serde(default)]
    pub fingerprint: Option<String>,
}

/// Why a request would go where it goes. Nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explained {
    /// The route it takes, to legacy or modern.
    pub taken: Option<TakenView>,
    /// The route it takes, where the gateway answers itself.
    #[serde(default)]
    pub fixed: Option<FixedView>,
    /// Every route in the order tried, and what kept it from being taken.
    pub considered: Vec<ConsideredView>,
}

/// A route that the gateway answers itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FixedView {
    /// Its name.
    pub name: String,
    /// Which requests it takes.
    pub matches: String,
    /// What it answers, as `308 to /lots/{lot}`.
    pub answers: String,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TakenView {
    /// The route.
    pub route: String,
    /// Its group.
    pub group: String,
    /// The mode in force.
    pub mode: Mode,
    /// The group's version in the log.
    pub version: u64,
    /// What it does to the data.
    pub effect: Effect,
    /// The canary key: `none` if the route has none, `found` or `not found` in this request. Its value is not shown.
    pub key: String,
    /// Who answers; none if the mode wants a side that the route lacks.
    pub primary: Option<SideView>,
    /// Who is asked as well, for comparison.
    pub mirror: Option<SideView>,
    /// Who answers if the primary fails.
    pub fallback: Option<SideView>,
    /// What cannot be said of a request that was not sent.
    pub notes: Vec<String>,
}

/// A side and its backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SideView {
    /// `legacy` or `modern`.
    pub side: String,
    /// The backend's name.
    pub backend: String,
}

/// A route, and what the request is to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsideredView {
    /// The route.
    pub route: String,
    /// What it matches.
    pub matches: String,
    /// Whether it is the one taken.
    pub taken: bool,
    /// Whether it is for another host or path altogether.
    #[serde(default)]
    pub elsewhere: bool,
    /// Why, or why not.
    pub why: String,
}

/// Has evidence forgotten on every gateway; `POST /v1/evidence/clear`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearEvidence {
    /// Of that route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// Of all routes of that group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Who wants it: needed with the shared token, which does not say who has it; whoever else asks may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// Why.
    pub why: String,
    /// A change number or ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// What was cleared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClearedEvidence {
    /// The routes.
    pub routes: Vec<String>,
}

/// An error, `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// A stable word for programs.
    pub code: String,
    /// In words.
    pub title: String,
}
