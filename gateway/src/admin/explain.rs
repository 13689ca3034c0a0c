//! Why a request would go where it goes, of a request that is described and not sent.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Uri};
use uuid::Uuid;

use super::problem::Fault;
use super::view::{ConsideredView, ExplainRequest, Explained, SideView, TakenView};
use super::{Shared, backends};
use crate::mode;
use crate::route::{self, Leg, Selected, Verdict};

pub(super) fn explain(shared: &Shared, request: &ExplainRequest) -> Result<Explained, Fault> {
    let (parts, body) = described(request)?;
    let table = shared.subjects.table();
    let considered = route::explain(&table, &parts)
        .considered
        .iter()
        .map(|one| ConsideredView {
            route: one.route.name.to_string(),
            matches: one.rule.to_string(),
            taken: one.verdict == Verdict::Taken,
            why: one.reason(),
        })
        .collect();
    let taken = route::select(&table, &parts).ok();
    Ok(Explained {
        taken: taken.map(|selected| takes(shared, &selected, &parts, &body)),
        considered,
    })
}

fn takes(shared: &Shared, selected: &Selected, parts: &Parts, body: &[u8]) -> TakenView {
    let Selected {
        route,
        group,
        params,
    } = selected;
    let state = shared.control.state();
    let in_force = state.mode(group);
    let found = route
        .canary_key
        .as_ref()
        .and_then(|source| source.find(parts, params, body));
    let key = match (&route.canary_key, &found) {
        (None, _) => "none",
        (Some(_), Some(_)) => "found",
        (Some(_), None) => "not found",
    };
    let mut notes = Vec::new();
    let plan = mode::plan(route, group, in_force, found.as_deref(), Uuid::nil());
    let plan = plan.map_err(|error| notes.push(error.to_string())).ok();
    if route.canary_key.is_some() && found.is_none() && mode::wants_key(route, in_force) {
        notes.push("without its key the request is answered by legacy".to_owned());
    }
    if found.is_none() && route.mirror.sample.get() % 100 != 0 {
        notes.push(format!(
            "{} % of requests without key are mirrored, at random",
            route.mirror.sample.get()
        ));
    }
    let side = |leg: &Leg| SideView {
        side: leg.side.as_str().to_owned(),
        backend: shared
            .subjects
            .backend(leg.backend)
            .map_or_else(String::new, |name| name.to_string()),
    };
    if let Some(plan) = &plan {
        let mut legs = vec![plan.primary()];
        legs.extend(plan.mirror());
        legs.extend(plan.fallback());
        let mut told: Vec<String> = Vec::new();
        for backend in legs.into_iter().map(|leg| side(leg).backend) {
            if !told.contains(&backend) {
                notes.extend(backends::notes(shared, &backend));
                told.push(backend);
            }
        }
    }
    TakenView {
        route: route.name.to_string(),
        group: group.name.to_string(),
        mode: in_force,
        version: state.group(&group.name).map_or(0, |known| known.version),
        effect: route.effect,
        key: key.to_owned(),
        primary: plan.as_ref().map(|plan| side(plan.primary())),
        mirror: plan
            .as_ref()
            .and_then(|plan| plan.mirror())
            .map(|leg| side(leg)),
        fallback: plan
            .as_ref()
            .and_then(|plan| plan.fallback())
            .map(|leg| side(leg)),
        notes,
    }
}

/// The head and body of the request described.
fn described(request: &ExplainRequest) -> Result<(Parts, Vec<u8>), Fault> {
    let method: Method = request
        .method
        .parse()
        .map_err(|_| Fault::bad_request("wanted a method such as GET"))?;
    let uri: Uri = request
        .target
        .parse()
        .map_err(|_| Fault::bad_request("wanted a target such as /lots/1?plant=2"))?;
    let (mut parts, ()) = http::Request::new(()).into_parts();
    (parts.method, parts.uri) = (method, uri);
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) else {
            return Err(Fault::bad_request("a header's name or value is none"));
        };
        parts.headers.append(name, value);
    }
    let body = request.body.as_deref().unwrap_or_default();
    let body = BASE64_STANDARD
        .decode(body)
        .map_err(|_| Fault::bad_request("wanted the body in base64"))?;
    Ok((parts, body))
}
