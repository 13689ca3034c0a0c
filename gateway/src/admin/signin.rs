//! Signing in and out in a browser: what the forms and links of the page `/ui/login` lead to. What the page may offer is [`Ways`].
//!
//! `POST /ui/login` takes a form with `token`, `next`, and with the shared token a `name`; `GET /ui/oidc/start?next=PATH` leads to the
//! issuer, with `anew` so that it asks again who is there; `GET /ui/oidc/callback` is where it leads back to; `POST /ui/logout` ends the session.
//! Whoever was not signed in is led to `/ui/login?why=WORD`, with [`why`] for the words.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use form_urlencoded::{byte_serialize, parse};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::Instant;

use super::Shared;
use super::access::{self, Connected, cookie, set_cookie};
use super::problem::Fault;
use crate::control::rules::MAX_NAME;
use crate::identity::{
    Anew, Away, CallbackError, How, NoRandom, Principal, SentBy, next as allowed, sent_by,
};
use crate::ui::login;

/// By what people can sign in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ways {
    /// A token of the file.
    pub(crate) token: bool,
    /// The one that all share: whoever has it may say a name.
    pub(crate) shared: bool,
    /// The issuer of `[admin.oidc]`.
    pub(crate) oidc: bool,
}

impl Shared {
    /// By what people can sign in here.
    pub(crate) fn ways(&self) -> Ways {
        let people = &self.access.people;
        Ways {
            token: people.have_tokens(),
            shared: people.share_a_token(),
            oidc: self
                .access
                .oidc
                .as_ref()
                .is_some_and(|oidc| oidc.has_pages()),
        }
    }
}

/// Why somebody was not signed in, by the word of the page's address.
pub(crate) fn why(word: &str) -> Option<&'static str> {
    Some(match word {
        "token" => "Nobody has this token.",
        "name" => "A name has up to 200 characters, and no control characters.",
        "oidc" => "The issuer did not sign you in. The gateway's log says why.",
        "issuer" => "The issuer cannot be reached.",
        "late" => "That took too long, or it was done already. Please sign in again.",
        _ => return None,
    })
}

pub(super) fn router(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let within =
        Router::new()
            .route("/ui/logout", post(leave))
            .route_layer(middleware::from_fn_with_state(
                Arc::clone(shared),
                access::page,
            ));
    Router::new()
        .route("/ui/login", get(login::page).post(enter))
        .route("/ui/oidc/start", get(start))
        .route("/ui/oidc/callback", get(back))
        .merge(within)
}

async fn enter(State(shared): State<Arc<Shared>>, request: Request) -> Result<Response, Fault> {
    // Nobody is to be signed in by somebody else's page either.
    if sent_by(request.headers()) == SentBy::Elsewhere {
        let title = "wanted a request of a page of this gateway";
        return Err(Fault::new(StatusCode::FORBIDDEN, "csrf", title));
    }
    let (now, moment) = (Timestamp::now(), Instant::now());
    let address = Connected::address(&request);
    let limits = &shared.access.limits;
    limits.may_try(address, moment).map_err(Fault::too_often)?;
    let came = Came::of(&request);
    let form = access::form(request.into_body()).await?;
    let field = |wanted: &str| {
        let mut all = parse(&form).filter(|(name, _)| name == wanted);
        all.next().map(|(_, value)| value.trim().to_owned())
    };
    let next = field("next");
    let token = field("token").unwrap_or_default();
    let Some(mut principal) = shared.access.people.by_token(token.as_bytes(), now) else {
        limits.failed(address, token.as_bytes(), moment);
        tracing::info!(%address, "somebody tried to sign in with a token that nobody has");
        return Ok(again("token", next.as_deref()));
    };
    if principal.how == How::Shared
        && let Some(name) = field("name").filter(|name| !name.is_empty())
    {
        if name.len() > MAX_NAME || name.chars().any(char::is_control) {
            return Ok(again("name", next.as_deref()));
        }
        principal.display.clone_from(&name);
        principal.name = name;
    }
    came.signed_in(&shared, principal, next.as_deref(), now)
}

#[derive(Deserialize)]
struct Wish {
    next: Option<String>,
    anew: Option<String>,
}

async fn start(
    State(shared): State<Arc<Shared>>,
    wish: Result<Query<Wish>, QueryRejection>,
    request: Request,
) -> Result<Response, Fault> {
    let Query(wish) = wish.map_err(|_| Fault::bad_request("wanted next=PATH or nothing"))?;
    let Some(oidc) = &shared.access.oidc else {
        let title = "there is no issuer to sign in with";
        return Err(Fault::new(StatusCode::NOT_FOUND, "not_found", title));
    };
    let next = allowed(wish.next.as_deref());
    let anew = if wish.anew.is_some() {
        Anew::Yes
    } else {
        Anew::No
    };
    match oidc.start(next, anew, Timestamp::now()).await {
        Ok(started) => {
            let mut response = Redirect::to(&started.to).into_response();
            let private = Connected::is_private(&request);
            set_cookie(&mut response, private, "oidc", &started.browser, Some(600));
            Ok(response)
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "nobody can sign in with the issuer"
            );
            Ok(again("issuer", Some(next)))
        }
    }
}

async fn back(
    State(shared): State<Arc<Shared>>,
    away: Result<Query<Away>, QueryRejection>,
    request: Request,
) -> Result<Response, Fault> {
    let (Some(oidc), Ok(Query(away))) = (&shared.access.oidc, away) else {
        return Ok(again("late", None));
    };
    let now = Timestamp::now();
    let browser = cookie(&request, "oidc");
    match oidc.back(away, browser.as_deref(), now).await {
        Ok((principal, next)) => {
            let came = Came::of(&request);
            let private = came.private;
            let mut response = came.signed_in(&shared, principal, Some(&next), now)?;
            set_cookie(&mut response, private, "oidc", "", Some(0));
            Ok(response)
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "somebody was not signed in"
            );
            let word = match error {
                CallbackError::State => "late",
                _ => "oidc",
            };
            Ok(again(word, None))
        }
    }
}

async fn leave(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if let Some(secret) = access::session(&request) {
        shared.access.sessions.end(&secret);
    }
    let mut response = Redirect::to("/ui/login").into_response();
    let private = Connected::is_private(&request);
    set_cookie(&mut response, private, "session", "", Some(0));
    response
}

/// To the page where one signs in.
fn again(why: &str, next: Option<&str>) -> Response {
    let next: String = byte_serialize(allowed(next).as_bytes()).collect();
    Redirect::to(&format!("/ui/login?why={why}&next={next}")).into_response()
}

/// How a browser came that is to be signed in.
struct Came {
    private: bool,
    before: Option<String>,
}

impl Came {
    fn of(request: &Request<Body>) -> Self {
        Self {
            private: Connected::is_private(request),
            before: access::session(request),
        }
    }

    /// A new session, whatever it had before: whoever knew that one does not know this.
    fn signed_in(
        self,
        shared: &Shared,
        principal: Principal,
        next: Option<&str>,
        now: Timestamp,
    ) -> Result<Response, Fault> {
        tracing::info!(
            who = principal.name,
            how = principal.how.as_str(),
            "signed in"
        );
        let sessions = &shared.access.sessions;
        let begun = sessions.begin(principal, now).map_err(|NoRandom| {
            let title = "the system gives no random numbers";
            Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "no_random", title)
        })?;
        if let Some(before) = &self.before {
            sessions.end(before);
        }
        let mut response = Redirect::to(allowed(next)).into_response();
        set_cookie(&mut response, self.private, "session", &begun.secret, None);
        Ok(response)
    }
}

#[cfg(test)]
mod tests;
