//! What is around every page: who looks, which gateway answers, whether what it knows is current.

use std::time::SystemTime;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;

use super::asset;
use super::text::{self, When};
use super::viewer::Viewer;
use crate::admin::Shared;
use crate::admin::gateways;
use crate::control::Reach;

/// Which entry of the menu is lit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Menu {
    None,
    Overview,
    Groups,
    Timeline,
    Flow,
    Fleet,
    Report,
}

/// What is around a page.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) menu: Menu,
    pub(super) viewer: Viewer,
    /// The gateway that answers.
    pub(super) gateway: String,
    /// The last entry of the log that it knows.
    pub(super) entry: Option<u64>,
    /// How many gateways are there.
    pub(super) gateways: usize,
    /// Whether all of them know the same.
    pub(super) agree: bool,
    /// What is wrong with what it knows, in a sentence or two.
    pub(super) trouble: Option<String>,
    /// `file` or `kafka`.
    pub(super) store: &'static str,
    /// When the page was drawn.
    pub(super) drawn: When,
}

impl Frame {
    pub(super) fn new(
        shared: &Shared,
        viewer: Viewer,
        menu: Menu,
        title: impl Into<String>,
        now: SystemTime,
    ) -> Self {
        let (state, health) = (shared.control.state(), shared.control.health());
        let fleet = gateways::view(&shared.control);
        let mut trouble = match &health.reach {
            Reach::Unknown => Some("The control log has not been read yet.".to_owned()),
            Reach::Following => None,
            Reach::OutOfReach { since, why } => Some(format!(
                "The control log is out of reach since {}: {why}. Modes stay as they were last known; nothing can be flipped, \
                 except to legacy on one gateway by `figway routes set GROUP legacy --break-glass`.",
                When::of(*since, now).absolute
            )),
            Reach::Unusable { since, why } => Some(format!(
                "The control log cannot be used since {}: {why}.",
                When::of(*since, now).absolute
            )),
            Reach::Stopped { since, why } => Some(format!(
                "This gateway has stopped following the control log at {}: {why}. A person must act.",
                When::of(*since, now).absolute
            )),
        };
        if state.is_stale() {
            let age = health
                .current_at
                .and_then(|at| now.duration_since(at).ok())
                .map_or_else(|| "unknown".to_owned(), text::span);
            let text = trouble.get_or_insert_default();
            text.push_str(&format!(
                " What is known of the log is {age} old, older than it may be: groups go by their `when_stale`."
            ));
        }
        Self {
            title: title.into(),
            menu,
            viewer,
            gateway: shared.control.gateway().to_owned(),
            entry: state.position().map(|position| position.offset),
            gateways: fleet.gateways.len(),
            agree: fleet.agree,
            trouble,
            store: health.store,
            drawn: When::of(now, now),
        }
    }

    /// Where the files of the pages are.
    pub(super) fn assets(&self) -> &'static str {
        asset::version()
    }

    /// Whether that entry of the menu is lit.
    pub(super) fn on(&self, menu: Menu) -> bool {
        self.menu == menu
    }

    /// How many gateways, and whether they agree, in words.
    pub(super) fn fleet(&self) -> String {
        match (self.gateways, self.agree) {
            (1, _) => "1 gateway".to_owned(),
            (several, true) => format!("{several} gateways agree"),
            (several, false) => format!("{several} gateways do not agree yet"),
        }
    }
}

/// A page as an answer; one that cannot be drawn is an error of ours.
pub(super) fn page(template: &impl Template, status: StatusCode) -> Response {
    match template.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be drawn");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the page cannot be drawn\n",
            )
                .into_response()
        }
    }
}
