//! `GET /ui/gateways`: which gateways are there, do they agree, and whose keys sign.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::frame::{self, Frame, Menu};
use super::text;
use super::viewer::Viewer;
use crate::admin::view::FleetView;
use crate::admin::{Shared, gateways};

#[derive(Template)]
#[template(path = "fleet.html")]
struct Fleet {
    frame: Frame,
    fleet: FleetView,
    gateways: Vec<Row>,
}

struct Row {
    name: String,
    own: bool,
    version: String,
    revision: u64,
    entry: Option<u64>,
    short: String,
    hash: String,
    behind: bool,
    heard: String,
    key: String,
    enrolled: bool,
}

pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
) -> Response {
    let fleet = gateways::view(&shared.control);
    let newest = fleet
        .gateways
        .iter()
        .filter_map(|one| one.position)
        .max_by_key(|position| position.offset);
    let gateways = fleet.gateways.iter().map(|one| {
        let hash = one.position.map(|position| position.hash.to_string());
        let hash = hash.unwrap_or_default();
        Row {
            own: one.heard_ms == 0 && one.name == fleet.gateway,
            name: one.name.clone(),
            version: one.version.clone(),
            revision: one.revision,
            entry: one.position.map(|position| position.offset),
            short: hash.chars().take(12).collect(),
            hash,
            behind: one.position != newest,
            heard: text::span(Duration::from_millis(one.heard_ms)),
            key: one.key.clone(),
            enrolled: one.enrolled,
        }
    });
    let page = Fleet {
        gateways: gateways.collect(),
        frame: Frame::new(&shared, viewer, Menu::Fleet, "Gateways", SystemTime::now()),
        fleet,
    };
    frame::page(&page, StatusCode::OK)
}
