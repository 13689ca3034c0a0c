//! Plans of groups as they stand, and what happened on their way.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;

use super::Shared;
use super::api::Answered;
use super::problem::Fault;
use super::view::{RolloutEvents, RolloutsView};
use crate::rollout::Rollouts;

/// How many events are shown at once.
const MOST: usize = 500;

pub(super) async fn shown(State(shared): State<Arc<Shared>>) -> Json<RolloutsView> {
    Json(RolloutsView {
        gateway: shared.control.gateway().to_owned(),
        rollouts: shared
            .subjects
            .rollouts()
            .map(Rollouts::shown)
            .unwrap_or_default(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    group: Option<String>,
    limit: Option<usize>,
}

pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Answered<RolloutEvents> {
    let Query(wanted) = wanted.map_err(|_| {
        Fault::bad_request("wanted group=NAME and limit=COUNT, each of which may be left out")
    })?;
    let limit = wanted.limit.unwrap_or(100).min(MOST);
    Ok(Json(RolloutEvents {
        events: shared
            .subjects
            .rollouts()
            .map(|rollouts| rollouts.events(wanted.group.as_deref(), limit))
            .unwrap_or_default(),
    }))
}
