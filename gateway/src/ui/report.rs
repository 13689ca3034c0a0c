//! `GET /ui/report`: each group on a line, for who prints it or takes it to a meeting. What a decommission needs beside it is said to be missing.

use std::sync::Arc;
use std::time::SystemTime;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::frame::{self, Frame, Menu};
use super::standing::{self, Proof, Standing};
use super::text::{self, When};
use super::viewer::Viewer;
use crate::admin::Shared;
use crate::mode::Mode;

#[derive(Template)]
#[template(path = "report.html")]
struct Report {
    frame: Frame,
    told: String,
    hash: Option<String>,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    mode: Mode,
    glyph: &'static str,
    since: Option<When>,
    by: String,
    why: String,
    change: String,
    routes: usize,
    proof: Proof,
    legacy: String,
    modern: String,
    saved: String,
}

pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
) -> Response {
    let now = SystemTime::now();
    let Standing { groups, told } = Standing::of(&shared);
    let rows = groups.into_iter().map(|group| Row {
        glyph: standing::glyph(group.view.mode),
        mode: group.view.mode,
        since: group
            .view
            .since
            .as_deref()
            .map(|since| When::of_text(since, now)),
        by: group.view.by.unwrap_or_default(),
        why: group.view.why.unwrap_or_default(),
        change: group.view.change.unwrap_or_default(),
        routes: group.routes.len(),
        proof: group.proof,
        legacy: text::count(group.answers.legacy),
        modern: text::count(group.answers.modern),
        saved: text::count(group.saved),
        name: group.view.name,
    });
    let position = shared.control.state().position();
    let page = Report {
        rows: rows.collect(),
        told,
        hash: position.map(|position| position.hash.to_string()),
        frame: Frame::new(&shared, viewer, Menu::Report, "Report", now),
    };
    frame::page(&page, StatusCode::OK)
}
