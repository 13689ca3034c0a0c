//! The pages of the admin listener: where a migration stands, what differs, who did what, and the forms that flip groups and take them back.
//!
//! In: requests under `/ui`. Out: HTML made on the server from the same values that the API gives. It reads without JavaScript and acts by plain form
//! posts; htmx only asks for figures anew. Every form goes through the same calls of [`Control`](crate::control::Control) as the API, with
//! the version that its page was drawn from: a page that has been overtaken changes nothing. Nothing is loaded from elsewhere, and the
//! pages' policy forbids scripts and styles inside of them.

mod act;
mod approve;
mod asset;
mod change;
mod chart;
mod checks;
mod fleet;
mod flow;
mod frame;
mod group;
pub(crate) mod login;
mod missing;
mod overview;
mod plan;
mod report;
mod route;
mod standing;
#[cfg(test)]
mod tests;
mod text;
mod timeline;
mod trend;
mod viewer;
mod wish;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio_util::sync::CancellationToken;

pub(crate) use self::trend::Trend;
use crate::admin::{Shared, access};
use crate::identity::Role;

/// What a page may load and do: its own files, and forms to where it came from.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The pages, to be merged into the router of the admin API.
pub(crate) fn router(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let pages = Router::new()
        .route("/ui", get(async || Redirect::permanent("/ui/")))
        .route("/ui/", get(overview::page))
        .route("/ui/groups/{group}", get(group::page))
        .route(
            "/ui/groups/{group}/flip",
            get(act::flip_form).post(act::flip),
        )
        .route(
            "/ui/groups/{group}/rollback",
            get(act::rollback_form).post(act::rollback),
        )
        .route(
            "/ui/groups/{group}/proposals/{id}/approve",
            post(approve::approve),
        )
        .route(
            "/ui/groups/{group}/proposals/{id}/reject",
            post(approve::reject),
        )
        .route("/ui/groups/{group}/overtaken", get(act::overtaken))
        .route("/ui/routes/{route}", get(route::page))
        .route("/ui/timeline", get(timeline::page))
        .route("/ui/flow", get(flow::page))
        .route("/ui/gateways", get(fleet::page))
        .route("/ui/report", get(report::page))
        // The last one is the outermost: first it must be known who asks.
        .route_layer(middleware::from_fn(viewer::seen))
        .route_layer(middleware::from_fn_with_state(Role::Viewer, access::wanted))
        .route_layer(middleware::from_fn_with_state(
            Arc::clone(shared),
            access::page,
        ));
    let open = Router::new()
        .route("/", get(front))
        .route("/ui/assets/{version}/{name}", get(asset::file));
    pages.merge(open).layer(middleware::from_fn(guarded))
}

/// Browsers that ask for nothing in particular get the overview; programs are told that there is nothing.
async fn front(headers: HeaderMap) -> Response {
    let wants_page = headers
        .get_all(ACCEPT)
        .iter()
        .any(|value| value.to_str().is_ok_and(|text| text.contains("text/html")));
    if wants_page {
        Redirect::to("/ui/").into_response()
    } else {
        http::StatusCode::NOT_FOUND.into_response()
    }
}

/// What every answer says to browsers, so that nobody else's page or script gets at it.
async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(CONTENT_SECURITY_POLICY, POLICY);
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(REFERRER_POLICY, "same-origin");
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(CACHE_CONTROL, "no-store");
    response
}

/// Takes samples of who answers, until it is cancelled.
pub(crate) async fn follow(shared: Arc<Shared>, ended: CancellationToken) {
    let mut every = tokio::time::interval(trend::EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Not before the first requests could have come: at once would only show that there were none.
    every.reset_after(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = ended.cancelled() => return,
            _ = every.tick() => shared.trend.sample(standing::answered(&shared)),
        }
    }
}
