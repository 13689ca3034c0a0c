//! Who may come in, and as whom: what stands before every endpoint but those of probes.
//!
//! [`known`] puts the [`Principal`] into the request's extensions, or answers 401; [`page`] does the same before pages, and leads browsers to
//! signing in; [`wanted`] answers 403 where the endpoint's role is not among the principal's, with a code that names the role. A request is of
//! whom its bearer token is of; without one, of whom its session is of; without one, of whom the connection's certificate is of. What browsers
//! add by themselves, a cookie or a certificate, changes something only for a page of our own.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use form_urlencoded::{byte_serialize, parse};
use http_body_util::{BodyExt as _, Limited};
use jiff::Timestamp;
use tokio::time::Instant;

use super::problem::Fault;
use super::{Shared, token};
use crate::identity::{
    CsrfToken, How, Principal, Role, SentBy, TokenError, WhoError, next as allowed, sent_by,
};
use crate::message::Peer;
use crate::route::key::cookies;

/// The largest form that a page sends, bytes.
const MAX_FORM: usize = 64 << 10;
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");

/// Who is at the other end, and since when.
#[derive(Debug, Clone)]
pub(super) struct Connected {
    pub(super) peer: Arc<Peer>,
    pub(super) at: Timestamp,
}

impl Connected {
    /// Whom wrong tokens are counted for.
    pub(super) fn address(request: &Request) -> IpAddr {
        let connected = request.extensions().get::<Self>();
        connected.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |one| {
            one.peer.address.ip()
        })
    }

    pub(super) fn is_private(request: &Request) -> bool {
        let connected = request.extensions().get::<Self>();
        connected.is_some_and(|one| one.peer.tls.is_some())
    }
}

/// Why a request does not come in.
#[derive(Debug)]
enum Kept {
    /// Nobody is known by it.
    Unknown,
    /// It was sent by a page that is not ours, or without its session's token.
    NotOurs(&'static str),
    /// Too often.
    Late(Duration),
    /// Its form broke off or is too large.
    Form(Fault),
    /// The issuer that would have to be asked does not answer.
    Issuer,
}

pub(crate) async fn known(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Result<Response, Fault> {
    match come_in(&shared, request).await {
        Ok(request) => Ok(next.run(request).await),
        Err(kept) => Err(kept.into()),
    }
}

/// Before pages: who is not known is led to signing in, and back to where they were; a program that shows a token is told as anywhere.
pub(crate) async fn page(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let way = to_sign_in(&request);
    let program = request.headers().contains_key(AUTHORIZATION);
    match come_in(&shared, request).await {
        Ok(request) => next.run(request).await,
        Err(Kept::Unknown) if !program => way,
        Err(kept) => Fault::from(kept).into_response(),
    }
}

/// The answer that leads to signing in; to htmx, which would put a page that it is led to into a part of this one, in its own words.
pub(crate) fn to_sign_in(request: &Request) -> Response {
    let headers = request.headers();
    let part = headers.contains_key("hx-request");
    let here = if part {
        let current = headers.get("hx-current-url");
        let current = current.and_then(|url| url.to_str().ok());
        let path = current
            .and_then(|url| Some(url.parse::<http::Uri>().ok()?.path_and_query()?.to_string()));
        path.unwrap_or_default()
    } else if request.method() == Method::GET {
        request.uri().to_string()
    } else {
        String::new()
    };
    let next: String = byte_serialize(allowed(Some(&here)).as_bytes()).collect();
    let (status, name) = if part {
        (
            StatusCode::UNAUTHORIZED,
            HeaderName::from_static("hx-redirect"),
        )
    } else {
        (StatusCode::SEE_OTHER, LOCATION)
    };
    let mut response = status.into_response();
    if let Ok(value) = HeaderValue::try_from(format!("/ui/login?next={next}")) {
        response.headers_mut().insert(name, value);
    }
    response
}

async fn come_in(shared: &Shared, request: Request) -> Result<Request, Kept> {
    let (now, moment) = (Timestamp::now(), Instant::now());
    let access = &shared.access;
    let address = Connected::address(&request);
    let (mut request, principal) = if let Some(given) = token::bearer(request.headers()) {
        let given = given.to_vec();
        let principal = by_token(shared, address, &given, (now, moment)).await?;
        (request, principal)
    } else if let Some((principal, csrf)) =
        session(&request).and_then(|secret| access.sessions.find(&secret, now))
    {
        let mut request = if is_safe(request.method()) {
            request
        } else {
            of_our_page(request, &csrf).await?
        };
        request.extensions_mut().insert(csrf);
        (request, principal)
    } else {
        let connected = request.extensions().get::<Connected>();
        let principal = connected.and_then(|connected| {
            let certificate = connected.peer.tls.as_ref()?.certificate.as_ref()?;
            access.people.by_certificate(certificate, connected.at)
        });
        let principal = principal.ok_or(Kept::Unknown)?;
        // A browser shows a certificate whoever's page has it ask.
        if !is_safe(request.method()) && sent_by(request.headers()) == SentBy::Elsewhere {
            return Err(Kept::NotOurs("wanted a request of a page of this gateway"));
        }
        (request, principal)
    };
    // Those who share a token are several.
    let counted = match principal.how {
        How::Shared => format!("{address}"),
        How::Token | How::Mtls | How::Oidc => principal.name.clone(),
    };
    access.limits.asks(&counted, moment).map_err(Kept::Late)?;
    request.extensions_mut().insert(principal);
    Ok(request)
}

/// Whose token that is: one of the file's, or one of the issuer's.
async fn by_token(
    shared: &Shared,
    address: IpAddr,
    given: &[u8],
    (now, moment): (Timestamp, Instant),
) -> Result<Principal, Kept> {
    let access = &shared.access;
    access.limits.may_try(address, moment).map_err(Kept::Late)?;
    if let Some(principal) = access.people.by_token(given, now) {
        return Ok(principal);
    }
    if let (Some(oidc), Ok(text)) = (&access.oidc, std::str::from_utf8(given))
        && text.split('.').count() == 3
    {
        match oidc.by_token(text, now).await {
            Ok(principal) => return Ok(principal),
            Err(TokenError::Fetch(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot ask the issuer of [admin.oidc]"
                );
                return Err(Kept::Issuer);
            }
            Err(error) => tracing::debug!(%error, "a token of an issuer was refused"),
        }
    }
    access.limits.failed(address, given, moment);
    tracing::info!(%address, "somebody showed the admin API a token that nobody has");
    Err(Kept::Unknown)
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// What changes something in a session is of a page of ours: the browser says so, and the page knows the session's token.
async fn of_our_page(request: Request, csrf: &CsrfToken) -> Result<Request, Kept> {
    if sent_by(request.headers()) != SentBy::OurPage {
        return Err(Kept::NotOurs("wanted a request of a page of this gateway"));
    }
    let title = "wanted the session's token, as the header x-csrf-token or the form's field csrf";
    if let Some(given) = request.headers().get(CSRF) {
        let is = given.to_str().is_ok_and(|given| csrf.is(given));
        return is.then_some(request).ok_or(Kept::NotOurs(title));
    }
    if !is_form(request.headers()) {
        return Err(Kept::NotOurs(title));
    }
    let (parts, body) = request.into_parts();
    let body = form(body).await.map_err(Kept::Form)?;
    let mut given = parse(&body).filter(|(name, _)| name == "csrf");
    let is = given.next().is_some_and(|(_, given)| csrf.is(&given)) && given.next().is_none();
    drop(given);
    let request = Request::from_parts(parts, Body::from(body));
    is.then_some(request).ok_or(Kept::NotOurs(title))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// A form's bytes.
pub(super) async fn form(body: Body) -> Result<Bytes, Fault> {
    let body = Limited::new(body, MAX_FORM).collect().await;
    let body = body.map_err(|_| {
        let title = format!("the form broke off, or is larger than {MAX_FORM} bytes");
        Fault::bad_request(title)
    })?;
    Ok(body.to_bytes())
}

/// What a cookie is called: browsers take one with `__Host-` only from this very host, over TLS.
fn cookie_name(name: &str, private: bool) -> String {
    let prefix = if private { "__Host-" } else { "" };
    format!("{prefix}figway-{name}")
}

/// The one cookie of that name; of two, one of which somebody else has set, neither.
pub(super) fn cookie(request: &Request, name: &str) -> Option<String> {
    request.headers().get(COOKIE)?;
    let name = cookie_name(name, Connected::is_private(request));
    let all = cookies(request.headers());
    let mut all = all.filter_map(|(given, value)| (given == name).then_some(value));
    match (all.next(), all.next()) {
        (Some(value), None) => Some(value.to_owned()),
        _ => None,
    }
}

pub(super) fn session(request: &Request) -> Option<String> {
    cookie(request, "session")
}

/// Has a browser keep a cookie; for so long, or until it is closed. Scripts do not see it, and other sites' forms do not send it.
pub(super) fn set_cookie(
    response: &mut Response,
    private: bool,
    name: &str,
    value: &str,
    age: Option<u32>,
) {
    let name = cookie_name(name, private);
    let secure = if private { "; Secure" } else { "" };
    let age = age.map_or(String::new(), |age| format!("; Max-Age={age}"));
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
    if let Ok(value) = HeaderValue::try_from(text) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// What every answer below `/ui` says to browsers, so that nobody else's page or script gets at it. A page may say something else of how long it
/// is kept: files that never change may be.
pub(super) async fn guarded(request: Request, next: Next) -> Response {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let path = request.uri().path();
    let ours = path == "/ui" || path.starts_with("/ui/");
    let private = Connected::is_private(&request);
    let mut response = next.run(request).await;
    if ours {
        let mut set = |name: &'static str, value: &'static str| {
            response.headers_mut().insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        };
        set("content-security-policy", POLICY);
        set("x-content-type-options", "nosniff");
        set("x-frame-options", "DENY");
        // Nothing to elsewhere; with `no-referrer` browsers would not say of their own forms where they are from.
        set("referrer-policy", "same-origin");
        set("cross-origin-opener-policy", "same-origin");
        set("cross-origin-resource-policy", "same-origin");
        if private {
            set("strict-transport-security", "max-age=31536000");
        }
        let headers = response.headers_mut();
        let kept = headers.entry("cache-control");
        kept.or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

pub(crate) async fn wanted(
    State(role): State<Role>,
    Extension(principal): Extension<Principal>,
    request: Request,
    next: Next,
) -> Result<Response, Fault> {
    if principal.has(role) {
        return Ok(next.run(request).await);
    }
    Err(Fault::role(role))
}

impl From<Kept> for Fault {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Unknown => {
                let title = "wanted `Authorization: Bearer` with an admin token, or another proof of who asks";
                Self::new(StatusCode::UNAUTHORIZED, "unauthorized", title)
            }
            Kept::NotOurs(title) => Self::new(StatusCode::FORBIDDEN, "csrf", title),
            Kept::Late(wait) => Self::too_often(wait),
            Kept::Form(fault) => fault,
            Kept::Issuer => {
                let title = "the issuer that the token would be of cannot be asked";
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "issuer_out_of_reach",
                    title,
                )
            }
        }
    }
}

impl Fault {
    /// Whoever asks has not this role.
    pub(crate) fn role(wanted: Role) -> Self {
        let code = match wanted {
            Role::Viewer => "wants_viewer",
            Role::Operator => "wants_operator",
            Role::Approver => "wants_approver",
            Role::Admin => "wants_admin",
        };
        let title = format!("wanted the role {wanted}, which you have not");
        Self::new(StatusCode::FORBIDDEN, code, title)
    }
}

impl From<WhoError> for Fault {
    fn from(error: WhoError) -> Self {
        let (status, code) = match &error {
            WhoError::Wanted => (StatusCode::BAD_REQUEST, "bad_request"),
            WhoError::Differs { .. } => (StatusCode::FORBIDDEN, "who_differs"),
        };
        Self::new(status, code, error.to_string())
    }
}

#[cfg(test)]
mod tests;
