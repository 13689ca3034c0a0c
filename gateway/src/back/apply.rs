//! One try to have legacy execute a write, or one question whether it has: the same way as a client's request takes.

use std::borrow::Cow;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::decide::{Reason, Verdict, judge_answer, judge_check, judge_error};
use super::entry::{Entry, Write};
use super::window::{Came, Job, Task};
use crate::app::App;
use crate::backend::{self, Ask, Attempt};
use crate::error::GatewayError;
use crate::exchange::{self, How, Taken};
use crate::message::{Interim, Payload, Response};
use crate::metrics::Counts;
use crate::route::back::InDoubt;
use crate::route::table::params;
use crate::route::{Effect, Leg, PathParams, PathTemplate, Route};
use crate::snapshot::Snapshot;

/// How long legacy may take to say whether it has a write.
const CHECK: Duration = Duration::from_secs(10);
/// What a part of a path cannot hold as it is.
const PLAIN: &[u8] = b"-._~";

/// Does it. Dropped half-way, legacy may have executed the write or not.
pub(super) async fn run(job: &Job, group: &str, app: &App) -> Came {
    let snapshot = app.snapshot();
    match job.what {
        Task::Send => Came::Sent(send(&job.entry, group, app, &snapshot).await),
        Task::Ask => Came::Asked(ask(&job.entry, group, &snapshot).await),
    }
}

/// A write's route with its legacy side, as they are configured now. Who may write to a group's topic reaches what the group's writes
/// reach, and no other route: legacy would take it as sent by the gateway.
fn route_of<'s>(
    write: &Write,
    group: &str,
    snapshot: &'s Snapshot,
) -> Option<(&'s Route, &'s Leg)> {
    let route = snapshot.table().route(&write.back.route)?;
    let goes_back = route.back.as_ref();
    if *write.back.sent.group != *group || goes_back.is_none_or(|back| *back.group != *group) {
        return None;
    }
    Some((route, route.legacy.as_deref()?))
}

async fn send(entry: &Entry, group: &str, app: &App, snapshot: &Snapshot) -> Verdict {
    let Ok(write) = &entry.write else {
        return Verdict::Park(Reason::Unreadable(entry.unreadable().unwrap_or_default()));
    };
    let Some((route, leg)) = route_of(write, group, snapshot) else {
        return Verdict::Park(Reason::NoRoute);
    };
    let closed = leg.hours.as_ref();
    if closed.is_some_and(|hours| !hours.is_open(app.now())) {
        return Verdict::Again;
    }
    let Some(request) = request(write, route) else {
        return Verdict::Park(Reason::Unreadable("its head is none".to_owned()));
    };
    let (parts, ()) = request.into_parts();
    let mut entries = snapshot.table().entries().iter();
    let rule = entries.find(|entry| entry.name() == &route.name);
    let found = rule.map(|entry| params(&entry.rule, parts.uri.path()));
    let Some(route) = snapshot.table().route(&route.name) else {
        return Verdict::Park(Reason::NoRoute);
    };
    let taken = Taken {
        id: write.id,
        route: std::sync::Arc::clone(route),
        params: found.unwrap_or_default(),
        key: Some(entry.key.clone()),
        peer: None,
        client: None,
        spelling: h1::Spelling::default(),
        interim: Interim::default(),
        // Clients did not ask for it.
        counts: Counts::default(),
    };
    let how = How {
        attempt: Attempt::First,
        shadow: false,
        deadline: Instant::now() + route.timeout,
    };
    let body = Payload::bytes(write.back.body.clone());
    let ask = exchange::ask(&taken, parts, body, how.deadline);
    match exchange::attempt(leg, &taken, ask, how, snapshot.backends()).await {
        Ok(response) => answered(route, write.effect, response, how.deadline).await,
        Err(error) => {
            if let GatewayError::Backend { error, .. } = &error {
                tracing::debug!(route = %route.name, %error, "legacy did not answer a write");
            }
            judge_error(&error, write.effect)
        }
    }
}

/// What the client sent, with what tells legacy which write it is.
fn request(write: &Write, route: &Route) -> Option<Request<()>> {
    let sent = &write.back.sent;
    let method: Method = sent.method.parse().ok()?;
    let mut request = Request::builder().method(method).uri(&*sent.path);
    let headers = request.headers_mut()?;
    if let Some(content_type) = &sent.content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_bytes(content_type).ok()?);
    }
    for (name, value) in &sent.fields {
        let name: HeaderName = name.parse().ok()?;
        headers.insert(name, HeaderValue::from_bytes(value).ok()?);
    }
    let marker = route.back.as_ref().map(|back| &back.policy.marker);
    if let Some(Some(marker)) = marker {
        let id = HeaderValue::from_str(&write.id.to_string()).ok()?;
        headers.insert(marker.clone(), id);
    }
    request.body(()).ok()
}

async fn answered(route: &Route, effect: Effect, response: Response, deadline: Instant) -> Verdict {
    let status = response.parts.status;
    let gathered = timeout_at(deadline, response.payload.gather(route.max_body)).await;
    let body = match gathered {
        Ok(Ok(whole)) => Some(whole.data),
        Ok(Err(_)) | Err(_) => None,
    };
    let back = route.back.as_ref();
    let looks = back.is_some_and(|back| back.accepted_when.is_some());
    match body {
        // What it says is in what did not come.
        None if looks && status.is_success() => match effect {
            Effect::Read | Effect::Idempotent => Verdict::Again,
            Effect::Write => Verdict::Doubt,
        },
        body => judge_answer(status, effect, || {
            let body = body.unwrap_or_default();
            back.map_or(Ok(()), |back| back.accepts(&body))
        }),
    }
}

/// Whether legacy has the write, if it can say so.
async fn ask(entry: &Entry, group: &str, snapshot: &Snapshot) -> Option<bool> {
    let write = entry.write.as_ref().ok()?;
    let (route, leg) = route_of(write, group, snapshot)?;
    let InDoubt::Ask(path) = &route.back.as_ref()?.policy.in_doubt else {
        return None;
    };
    let backend = snapshot.backend(leg.backend)?;
    let request = Request::builder().uri(filled(path, write.id, &entry.key));
    let (parts, ()) = request.body(()).ok()?.into_parts();
    let deadline = Instant::now() + CHECK;
    let ask = Ask {
        parts,
        payload: Payload::Empty,
        // Of the question, not of the write.
        id: Uuid::now_v7(),
        deadline,
        effect: Effect::Read,
        shadow: false,
        route: std::sync::Arc::clone(&route.name),
        params: PathParams::default(),
        key: Some(entry.key.clone()),
        delivery: crate::route::Delivery::default(),
        attempt: Attempt::First,
        peer: None,
        client: None,
        spelling: h1::Spelling::default(),
        interim: Interim::default(),
        back: None,
        promise: None,
    };
    let answered = backend::call(backend, Box::new(ask)).await.ok()?;
    let status: StatusCode = answered.parts.status;
    drop(timeout_at(deadline, answered.payload.gather(route.max_body)).await);
    judge_check(status)
}

fn filled(path: &PathTemplate, id: Uuid, key: &[u8]) -> String {
    path.fill_with(|name| match name {
        "request_id" => Some(Cow::Owned(id.to_string())),
        "key" => Some(Cow::Owned(encoded(key))),
        _ => None,
    })
}

/// As one part of a path (RFC 3986 section 2.3).
fn encoded(key: &[u8]) -> String {
    let mut out = String::new();
    for byte in key {
        if byte.is_ascii_alphanumeric() || PLAIN.contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_its_write() {
        let path = PathTemplate::parse("/postings/{key}/{request_id}").unwrap();
        assert_eq!(
            filled(&path, Uuid::nil(), b"L/1 \xe4"),
            "/postings/L%2F1%20%E4/00000000-0000-0000-0000-000000000000"
        );
    }
}
