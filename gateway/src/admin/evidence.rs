//! What comparing has shown, of the whole fleet or of this gateway; and having it forgotten.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use serde::Deserialize;

use super::Shared;
use super::api::{Answered, read};
use super::back::said;
use super::problem::Fault;
use super::view::{ClearEvidence, ClearedEvidence};
use crate::control::rules::{MAX_NAME, MAX_WHY};
use crate::evidence::{Clearing, NotCleared, Of};
use crate::identity::Principal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    route: Option<String>,
    #[serde(default)]
    of: Whose,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Whose {
    #[default]
    Fleet,
    This,
}

pub(super) async fn shown(
    State(shared): State<Arc<Shared>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Fault> {
    let Query(wanted) = wanted
        .map_err(|_| Fault::bad_request("wanted route=NAME, of=fleet or of=this, or nothing"))?;
    let of = match wanted.of {
        Whose::Fleet => Of::Fleet,
        Whose::This => Of::This,
    };
    let (table, route) = (shared.subjects.table(), wanted.route.as_deref());
    let mut report = shared.evidence.report_of(&table, route, of);
    report.cover(&table, route);
    Ok(Json(report).into_response())
}

pub(super) async fn cleared(
    State(shared): State<Arc<Shared>>,
    Extension(principal): Extension<Principal>,
    body: Result<Bytes, BytesRejection>,
) -> Answered<ClearedEvidence> {
    let request: ClearEvidence = read(body)?;
    let table = shared.subjects.table();
    let unknown = |what: &str| {
        let title = format!("there is no such {what}");
        Fault::new(StatusCode::NOT_FOUND, "not_found", title)
    };
    let routes: Vec<Arc<str>> = match (request.route, request.group) {
        // Also one that the file does not have any more.
        (Some(route), None) => match shared.evidence.route(&route) {
            Some(name) => vec![name],
            None => {
                let mut routes = table.routes().map(|route| &route.name);
                let found = routes.find(|name| ***name == route);
                vec![Arc::clone(found.ok_or_else(|| unknown("route"))?)]
            }
        },
        (None, Some(group)) => {
            let of_group = table.routes().filter(|route| {
                let known = table.group(route.group);
                known.is_some_and(|known| *known.name == *group)
            });
            let names: Vec<_> = of_group.map(|route| Arc::clone(&route.name)).collect();
            if names.is_empty() {
                return Err(unknown("group"));
            }
            names
        }
        _ => return Err(Fault::bad_request("wanted `route` or `group`, one of them")),
    };
    let change = request
        .reference
        .map(|text| said("reference", text, MAX_NAME));
    let clearing = Clearing {
        routes: routes.clone(),
        who: said("who", principal.who(request.who)?, MAX_NAME)?,
        why: said("why", request.why, MAX_WHY)?,
        change: change.transpose()?,
    };
    shared.evidence.clear_everywhere(clearing).await?;
    Ok(Json(ClearedEvidence {
        routes: routes.iter().map(ToString::to_string).collect(),
    }))
}

impl From<NotCleared> for Fault {
    fn from(error: NotCleared) -> Self {
        let (status, code) = match &error {
            NotCleared::NotWritten(_) => (StatusCode::SERVICE_UNAVAILABLE, "not_written"),
            NotCleared::Unknown(_) => (StatusCode::GATEWAY_TIMEOUT, "unknown"),
        };
        Self::new(status, code, error.to_string())
    }
}
