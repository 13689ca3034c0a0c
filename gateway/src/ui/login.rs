//! `GET /ui/login`: by what one can sign in here. What the form and the link lead to is [`signin`](crate::admin::signin)'s.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::{asset, frame};
use crate::admin::Shared;
use crate::admin::signin::{Ways, why};
use crate::identity::next as allowed;

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    gateway: String,
    ways: Ways,
    next: String,
    why: Option<&'static str>,
}

impl Login {
    fn assets(&self) -> &'static str {
        asset::version()
    }
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    next: Option<String>,
    why: Option<String>,
}

pub(crate) async fn page(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Asked>,
) -> Response {
    let page = Login {
        gateway: shared.control.gateway().to_owned(),
        ways: shared.ways(),
        next: allowed(asked.next.as_deref()).to_owned(),
        why: asked.why.as_deref().and_then(why),
    };
    frame::page(&page, StatusCode::OK)
}
