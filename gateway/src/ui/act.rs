//! The forms that change a group, and what becomes of them. Every change goes through [`Control::submit`](crate::control::Control::submit)
//! with the version that its form was drawn from, as the API's do.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;

use super::change::{Filled, Wish, form, proposal};
use super::viewer::Viewer;
use super::wish::Target;
use super::{approve, missing, text};
use crate::admin::Shared;
use crate::admin::view::ChangeRequest;

/// A form that sets a mode.
#[derive(Debug, Deserialize)]
pub(super) struct Flip {
    to: String,
    #[serde(default)]
    percent: Option<String>,
    #[serde(flatten)]
    filled: FilledText,
}

/// A form that goes back.
#[derive(Debug, Deserialize)]
pub(super) struct Back {
    to: String,
    #[serde(flatten)]
    filled: FilledText,
}

/// As forms send it: numbers behind `flatten` come as text.
#[derive(Debug, Clone, Default, Deserialize)]
struct FilledText {
    expected: String,
    #[serde(default)]
    who: String,
    #[serde(default)]
    why: String,
    #[serde(default)]
    change: String,
    #[serde(default)]
    accept_loss: Option<String>,
    /// It is to be approved by others first.
    #[serde(default)]
    propose: Option<String>,
}

impl FilledText {
    fn read(self) -> Option<Filled> {
        Some(Filled {
            expected: self.expected.parse().ok()?,
            who: self.who,
            why: self.why,
            change: self.change,
            accept_loss: self.accept_loss,
            propose: self.propose,
        })
    }
}

pub(super) async fn flip_form(
    State(shared): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    Path(group): Path<String>,
    Query(target): Query<Target>,
) -> Response {
    let Some(mode) = target.mode() else {
        return no_mode(&shared, viewer);
    };
    form(&shared, viewer, &group, Wish::Set(mode), None)
}

pub(super) async fn flip(
    State(shared): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    Path(group): Path<String>,
    sent: Result<Form<Flip>, FormRejection>,
) -> Response {
    let Ok(Form(Flip {
        to,
        percent,
        filled,
    })) = sent
    else {
        return missing::broken(&shared, viewer);
    };
    let Some(filled) = filled.read() else {
        return missing::broken(&shared, viewer);
    };
    let Some(mode) = (Target { to, percent }).mode() else {
        return no_mode(&shared, viewer);
    };
    submit(shared, viewer, group, Wish::Set(mode), filled).await
}

#[derive(Deserialize)]
pub(super) struct To {
    to: u64,
}

pub(super) async fn rollback_form(
    State(shared): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    Path(group): Path<String>,
    Query(To { to }): Query<To>,
) -> Response {
    let Some(wish) = back(&shared, &group, to) else {
        return no_version(&shared, viewer, &group, to);
    };
    form(&shared, viewer, &group, wish, None)
}

pub(super) async fn rollback(
    State(shared): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    Path(group): Path<String>,
    sent: Result<Form<Back>, FormRejection>,
) -> Response {
    let Ok(Form(Back { to, filled })) = sent else {
        return missing::broken(&shared, viewer);
    };
    let (Ok(to), Some(filled)) = (to.parse(), filled.read()) else {
        return missing::broken(&shared, viewer);
    };
    let Some(wish) = back(&shared, &group, to) else {
        return no_version(&shared, viewer, &group, to);
    };
    submit(shared, viewer, group, wish, filled).await
}

/// `GET /ui/groups/{group}/overtaken?version=N`: nothing while the group is at that version, else a sentence for the page that waits.
pub(super) async fn overtaken(
    State(shared): State<Arc<Shared>>,
    Path(group): Path<String>,
    Query(Drawn { version }): Query<Drawn>,
) -> Response {
    let now = shared
        .control
        .state()
        .group(&group)
        .map_or(0, |known| known.version);
    if now == version {
        return StatusCode::NO_CONTENT.into_response();
    }
    let fragment = Overtaken {
        segment: text::segment(&group),
        version,
        now,
    };
    match fragment.render() {
        Ok(text) => Html(text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Deserialize)]
pub(super) struct Drawn {
    version: u64,
}

#[derive(Template)]
#[template(path = "overtaken.html")]
struct Overtaken {
    segment: String,
    version: u64,
    now: u64,
}

fn back(shared: &Shared, group: &str, to: u64) -> Option<Wish> {
    let state = shared.control.state();
    let past = state
        .group(group)?
        .before
        .iter()
        .find(|past| past.version == to)?;
    Some(Wish::Rollback(to, past.mode))
}

fn no_mode(shared: &Shared, viewer: Viewer) -> Response {
    let text = "Choose a mode: legacy, shadow, canary with a whole number of percent from 0 to 100, modern or retired.";
    missing::said(
        shared,
        viewer,
        StatusCode::BAD_REQUEST,
        "No such mode",
        text,
    )
}

fn no_version(shared: &Shared, viewer: Viewer, group: &str, to: u64) -> Response {
    let text = format!("Group {group} has no earlier version {to} to roll back to.");
    missing::page(shared, viewer, &text)
}

async fn submit(
    shared: Arc<Shared>,
    viewer: Viewer,
    group: String,
    wish: Wish,
    filled: Filled,
) -> Response {
    if let Some(why) = &viewer.may_not_act {
        let text = format!("{why} Nothing has changed.");
        return missing::said(
            &shared,
            viewer,
            StatusCode::FORBIDDEN,
            "Not yours to do",
            &text,
        );
    }
    let who = match viewer.who(&filled.who) {
        Ok(who) => who,
        Err(error) => {
            let text = format!("{error}. Nothing has changed.");
            return missing::said(
                &shared,
                viewer,
                StatusCode::FORBIDDEN,
                "Not yours to do",
                &text,
            );
        }
    };
    if filled.propose.is_some() {
        let Wish::Set(mode) = wish else {
            return missing::broken(&shared, viewer);
        };
        let change = ChangeRequest {
            who: viewer.said(&filled.who),
            why: filled.why.trim().to_owned(),
            reference: Some(filled.change.trim().to_owned()).filter(|change| !change.is_empty()),
            expected: Some(filled.expected),
            accept_loss: filled.accept_loss.is_some(),
        };
        return approve::propose(shared, viewer, group, mode, change).await;
    }
    let proposal = proposal(&group, wish, who, &filled);
    match shared.control.submit(proposal).await {
        Ok(accepted) => {
            let page = format!(
                "/ui/groups/{}?done={}",
                text::segment(&group),
                accepted.version
            );
            Redirect::to(&page).into_response()
        }
        Err(refused) => form(&shared, viewer, &group, wish, Some((filled, refused))),
    }
}
