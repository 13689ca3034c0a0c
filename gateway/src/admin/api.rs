//! The endpoints: which path does what.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Extension, Path, Query, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::problem::Fault;
use super::view::{
    Backends, ChangeRequest, Changed, ExplainRequest, Explained, HealthView, HistoryPage, Me,
    ReadyView, Rollback, Routes, SetMode,
};
use super::{
    DEADLINE, MAX_BODY, NoView, Shared, access, back, backends, evidence, explain, gateways,
    metrics, openapi, proposals, rollouts, show, signin,
};
use crate::control::{Accepted, Change, LossPolicy, Proposal, Refused};
use crate::identity::Role::{self, Admin, Approver, Operator, Viewer};
use crate::identity::{CsrfToken, Principal, WhoError};

pub(crate) type Answered<T> = Result<Json<T>, Fault>;

/// One endpoint.
pub(super) struct Endpoint {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// Who may ask: nobody is asked for anything where there is none.
    pub(super) role: Option<Role>,
    handler: MethodRouter<Arc<Shared>>,
}

/// All of them. Each has its operation in [`openapi`]; a test holds the two against each other.
#[rustfmt::skip]
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get_by(Viewer, "/v1/me", get(me)),
        get_by(Viewer, "/v1/openapi.json", get(openapi::document)),
        get_by(Viewer, "/v1/routes", get(routes)),
        get_by(Viewer, "/v1/backends", get(shown_backends)),
        post_by(Operator, "/v1/backends/{backend}/rebuild", post(rebuilt)),
        post_by(Viewer, "/v1/explain", post(explained)),
        post_by(Operator, "/v1/groups/{group}/mode", post(set)),
        post_by(Operator, "/v1/groups/{group}/rollback", post(rollback)),
        get_by(Viewer, "/v1/groups/{group}/parked", get(back::parked)),
        post_by(Operator, "/v1/groups/{group}/parked", post(back::decided)),
        post_by(Operator, "/v1/groups/{group}/proposals", post(proposals::opened)),
        post_by(Operator, "/v1/groups/{group}/events", post(proposals::happened)),
        get_by(Viewer, "/v1/rollouts", get(rollouts::shown)),
        get_by(Viewer, "/v1/rollouts/events", get(rollouts::events)),
        get_by(Viewer, "/v1/proposals", get(proposals::listed)),
        post_by(Approver, "/v1/proposals/{id}/approve", post(proposals::approved)),
        // Whoever proposed it may take it back.
        post_by(Viewer, "/v1/proposals/{id}/reject", post(proposals::rejected)),
        post_by(Operator, "/v1/proposals/{id}/make", post(proposals::made)),
        get_by(Viewer, "/v1/gateways", get(gateways::shown)),
        post_by(Admin, "/v1/gateways", post(gateways::changed)),
        get_by(Viewer, "/v1/history", get(history)),
        get_by(Viewer, "/v1/evidence", get(evidence::shown)),
        post_by(Operator, "/v1/evidence/clear", post(evidence::cleared)),
        // What probes and scrapers ask has no token: no content is in it.
        open("/v1/health", get(health)),
        open("/v1/ready", get(ready)),
        open("/metrics", get(scraped)),
        open("/v1/metrics", get(scraped)),
    ]
}

fn get_by(role: Role, path: &'static str, handler: MethodRouter<Arc<Shared>>) -> Endpoint {
    Endpoint {
        method: Method::GET,
        path,
        role: Some(role),
        handler,
    }
}

fn post_by(role: Role, path: &'static str, handler: MethodRouter<Arc<Shared>>) -> Endpoint {
    Endpoint {
        method: Method::POST,
        path,
        role: Some(role),
        handler,
    }
}

fn open(path: &'static str, handler: MethodRouter<Arc<Shared>>) -> Endpoint {
    Endpoint {
        method: Method::GET,
        path,
        role: None,
        handler,
    }
}

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for endpoint in endpoints() {
        let mut handler = endpoint.handler;
        if let Some(role) = endpoint.role {
            // The last one is the outermost: first it must be known who asks.
            handler = handler
                .route_layer(middleware::from_fn_with_state(role, access::wanted))
                .route_layer(middleware::from_fn_with_state(
                    Arc::clone(&shared),
                    access::known,
                ));
        }
        router = router.route(endpoint.path, handler);
    }
    router
        .merge(crate::ui::router(&shared))
        .merge(signin::router(&shared))
        .fallback(async || Fault::new(StatusCode::NOT_FOUND, "not_found", "there is no such path"))
        .method_not_allowed_fallback(async || {
            let title = "the path does not know this method";
            Fault::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", title)
        })
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn(access::guarded))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(shared)
}

async fn in_time(request: Request, next: Next) -> Result<Response, Fault> {
    let answered = tokio::time::timeout(DEADLINE, next.run(request)).await;
    answered.map_err(|_| {
        let title = "the request took too long";
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", title)
    })
}

async fn me(
    Extension(principal): Extension<Principal>,
    csrf: Option<Extension<CsrfToken>>,
) -> Json<Me> {
    Json(show::me(&principal, csrf.as_deref()))
}

async fn routes(State(shared): State<Arc<Shared>>) -> Json<Routes> {
    Json(show::routes(&shared))
}

async fn shown_backends(State(shared): State<Arc<Shared>>) -> Json<Backends> {
    Json(backends::backends(&shared))
}

/// Of a view on this gateway alone.
async fn rebuilt(
    State(shared): State<Arc<Shared>>,
    Extension(principal): Extension<Principal>,
    backend: Result<Path<String>, PathRejection>,
) -> Result<(StatusCode, Json<Backends>), Fault> {
    let backend = named(backend)?;
    shared.subjects.rebuild(&backend).map_err(|no| match no {
        NoView::Unknown => Fault::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is no such backend",
        ),
        NoView::Other => Fault::new(StatusCode::CONFLICT, "no_view", "the backend is no view"),
    })?;
    tracing::info!(
        backend,
        by = principal.name,
        "an operator has a view filled anew"
    );
    Ok((StatusCode::ACCEPTED, Json(backends::backends(&shared))))
}

async fn explained(
    State(shared): State<Arc<Shared>>,
    body: Result<Bytes, BytesRejection>,
) -> Answered<Explained> {
    let request: ExplainRequest = read(body)?;
    explain::explain(&shared, &request).map(Json)
}

async fn set(
    State(shared): State<Arc<Shared>>,
    Extension(principal): Extension<Principal>,
    group: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Answered<Changed> {
    let (group, request): (_, SetMode) = (named(group)?, read(body)?);
    let proposal = proposal(
        &principal,
        &group,
        Change::Set(request.mode),
        request.change,
    )?;
    let accepted = if request.break_glass {
        shared.control.break_glass(proposal).await?
    } else {
        shared.control.submit(proposal).await?
    };
    Ok(Json(changed(group, &accepted)))
}

async fn rollback(
    State(shared): State<Arc<Shared>>,
    Extension(principal): Extension<Principal>,
    group: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Answered<Changed> {
    let (group, mut request): (_, Rollback) = (named(group)?, read(body)?);
    let to = match request.to {
        Some(to) => to,
        None => {
            let state = shared.control.state();
            let known = state.group(&group);
            // The version before is that of the state looked at: another change in between makes it stale.
            let version = known.map_or(0, |known| known.version);
            request.change.expected.get_or_insert(version);
            let before = known.and_then(|known| known.before.back());
            before
                .map(|past| past.version)
                .ok_or(Refused::UnknownVersion { wanted: 0 })?
        }
    };
    let proposal = proposal(&principal, &group, Change::Rollback(to), request.change)?;
    let accepted = shared.control.submit(proposal).await?;
    Ok(Json(changed(group, &accepted)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paging {
    #[serde(default)]
    from: u64,
    #[serde(default = "Paging::usual")]
    limit: usize,
}

impl Paging {
    fn usual() -> usize {
        100
    }
}

async fn history(
    State(shared): State<Arc<Shared>>,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Answered<HistoryPage> {
    let Query(Paging { from, limit }) = paging.map_err(|_| {
        Fault::bad_request("wanted from=OFFSET and limit=COUNT, both whole numbers")
    })?;
    let page = shared.control.history(from, limit).await?;
    let state = shared.control.state();
    let overrides = state.overrides().iter();
    Ok(Json(HistoryPage {
        entries: page.entries.into_iter().map(show::entry).collect(),
        next: page.next,
        break_glass: overrides
            .map(|(group, made)| (group.clone(), show::override_of(group, made, &state)))
            .collect(),
    }))
}

async fn health(State(shared): State<Arc<Shared>>) -> Json<HealthView> {
    Json(show::health(&shared))
}

async fn ready(State(shared): State<Arc<Shared>>) -> (StatusCode, Json<ReadyView>) {
    match shared.subjects.ready() {
        Ok(()) => (
            StatusCode::OK,
            Json(ReadyView {
                ready: true,
                why: None,
            }),
        ),
        Err(why) => (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(ReadyView {
                ready: false,
                why: Some(why),
            }),
        ),
    }
}

async fn scraped(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], metrics::text(&shared))
}

pub(super) fn read<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, Fault> {
    let body = body.map_err(|rejection| {
        let status = rejection.status();
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            let title = format!("the body is larger than {MAX_BODY} bytes");
            Fault::new(status, "body_too_large", title)
        } else {
            Fault::bad_request("the body broke off")
        }
    })?;
    serde_json::from_slice(&body)
        .map_err(|error| Fault::bad_request(format!("the body is not what is wanted: {error}")))
}

pub(super) fn named(group: Result<Path<String>, PathRejection>) -> Result<String, Fault> {
    let Path(group) = group.map_err(|_| Fault::bad_request("the group's name is not UTF-8"))?;
    Ok(group)
}

pub(super) fn proposal(
    principal: &Principal,
    group: &str,
    change: Change,
    request: ChangeRequest,
) -> Result<Proposal, WhoError> {
    Ok(Proposal {
        group: group.to_owned(),
        change,
        expected: request.expected,
        who: principal.who(request.who)?,
        why: request.why,
        reference: request.reference,
        loss: if request.accept_loss {
            LossPolicy::Accept
        } else {
            LossPolicy::Refuse
        },
    })
}

pub(super) fn changed(group: String, accepted: &Accepted) -> Changed {
    Changed {
        group,
        id: accepted.id.to_string(),
        mode: accepted.mode,
        version: accepted.version,
        position: accepted.position,
        loss: accepted.loss,
    }
}
