//! Pages for what is not there, and for what a person may not do.

use std::time::SystemTime;

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::frame::{self, Frame, Menu};
use super::viewer::Viewer;
use crate::admin::Shared;

#[derive(Template)]
#[template(path = "missing.html")]
struct Missing {
    frame: Frame,
    heading: &'static str,
    text: String,
}

/// There is no such thing.
pub(super) fn page(shared: &Shared, viewer: Viewer, text: &str) -> Response {
    said(shared, viewer, StatusCode::NOT_FOUND, "Not here", text)
}

/// Something else that ends there.
pub(super) fn said(
    shared: &Shared,
    viewer: Viewer,
    status: StatusCode,
    heading: &'static str,
    text: &str,
) -> Response {
    let frame = Frame::new(shared, viewer, Menu::None, heading, SystemTime::now());
    let missing = Missing {
        frame,
        heading,
        text: text.to_owned(),
    };
    frame::page(&missing, status)
}

/// A form that cannot be read.
pub(super) fn broken(shared: &Shared, viewer: Viewer) -> Response {
    let text = "The form was not sent whole. Nothing has changed.";
    said(
        shared,
        viewer,
        StatusCode::BAD_REQUEST,
        "Not understood",
        text,
    )
}
