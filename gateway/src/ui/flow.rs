//! `GET /ui/flow`: is data flowing? Writes on their way back to legacy, views, backends; and plainly what this gateway does not know.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::frame::{self, Frame, Menu};
use super::text::{self, When};
use super::viewer::Viewer;
use crate::admin::view::{BackendView, WriteBackView};
use crate::admin::{Shared, backends, show};

/// Parked writes of a group that are listed; the rest is counted.
const LISTED: usize = 20;

#[derive(Template)]
#[template(path = "flow.html")]
struct Flow {
    frame: Frame,
    backs: Vec<Back>,
    views: Vec<View>,
    backends: Vec<Backend>,
}

struct Back {
    group: String,
    segment: String,
    view: WriteBackView,
    waiting: Option<String>,
    lag: String,
    applied: String,
    parked: Vec<Parked>,
    more: usize,
}

struct Parked {
    place: String,
    key: String,
    reason: String,
    detail: String,
    since: When,
    wanted: Option<&'static str>,
}

struct View {
    name: String,
    rows: Option<String>,
    age: Option<String>,
    closed: Option<String>,
    rebuilding: bool,
}

struct Backend {
    name: String,
    kind: String,
    /// Without it the backend has no endpoints that anybody looks at.
    breaker: Option<String>,
    endpoints: Vec<Endpoint>,
}

struct Endpoint {
    name: String,
    state: String,
    class: &'static str,
    why: Option<String>,
    requests: String,
    failures: String,
    in_flight: u64,
}

pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
) -> Response {
    let now = SystemTime::now();
    let known = backends::backends(&shared).backends;
    let groups = show::routes(&shared).groups;
    let backs = groups.into_iter().filter_map(|group| {
        let view = group.write_back?;
        let all = shared
            .subjects
            .backs()
            .and_then(|backs| backs.parked(&group.name));
        let all = all.unwrap_or_default();
        Some(Back {
            segment: text::segment(&group.name),
            group: group.name,
            waiting: view.waiting.map(text::count),
            lag: text::span(Duration::from_secs(view.lag_seconds)),
            applied: text::count(view.applied),
            more: all.len().saturating_sub(LISTED),
            parked: all
                .into_iter()
                .take(LISTED)
                .map(|write| Parked {
                    place: format!("{}:{}", write.partition, write.offset),
                    key: write.key,
                    reason: write.reason.replace('_', " "),
                    detail: write.detail,
                    since: When::of_millis(u64::try_from(write.since_ms).unwrap_or_default(), now),
                    wanted: write.wanted.map(|wanted| wanted.as_str()),
                })
                .collect(),
            view,
        })
    });
    let page = Flow {
        backs: backs.collect(),
        views: known.iter().filter_map(view).collect(),
        backends: known
            .iter()
            .filter(|one| one.view.is_none())
            .map(backend)
            .collect(),
        frame: Frame::new(&shared, viewer, Menu::Flow, "Data flow", now),
    };
    frame::page(&page, StatusCode::OK)
}

fn view(backend: &BackendView) -> Option<View> {
    let store = backend.view.as_ref()?;
    Some(View {
        name: backend.name.clone(),
        rows: store.rows.map(text::count),
        age: store
            .age_seconds
            .map(|age| text::span(Duration::from_secs(age))),
        closed: store.closed.clone(),
        rebuilding: store.rebuilding,
    })
}

fn backend(backend: &BackendView) -> Backend {
    let fleet = backend.endpoints.as_ref();
    let endpoints = fleet.map_or(&[][..], |fleet| &fleet.endpoints);
    Backend {
        name: backend.name.clone(),
        kind: backend.kind.clone(),
        breaker: fleet.and_then(|fleet| fleet.breaker.clone()),
        endpoints: endpoints
            .iter()
            .map(|endpoint| Endpoint {
                name: endpoint.name.clone(),
                class: match endpoint.state.as_str() {
                    "up" => "good",
                    "down" | "ejected" => "bad",
                    _ => "quiet",
                },
                state: endpoint.state.clone(),
                why: endpoint.why.clone(),
                requests: text::count(endpoint.requests),
                failures: text::count(endpoint.failures),
                in_flight: endpoint.in_flight,
            })
            .collect(),
    }
}
