//! Why a request would go where it goes, of a request that is described and not sent.
//!
//! In: a table with the modes in force, of a gateway or of a file alone, and the description. Out: [`Explained`].

use std::net::{IpAddr, SocketAddr};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Uri};
use jiff::Timestamp;
use uuid::Uuid;

use super::problem::Fault;
use super::view::{
    ConsideredView, ExplainRequest, ExplainTls, Explained, FixedView, SideView, TakenView,
};
use super::{Shared, backends};
use crate::clock::At;
use crate::config::Resolved;
use crate::edge::Edge;
use crate::forwarded::{Hop, Policy, Scheme};
use crate::message::{ClientCertificate, Peer, TlsPeer};
use crate::mode::{self, Mode, Opening, Plan};
use crate::route::{
    self, Asked, BackendId, Body, Choice, Group, Leg, Mismatch, Selected, Table, Verdict,
};

/// What is known besides the routes.
struct Around<'a> {
    /// The mode in force for a group, and its version in the log.
    mode: &'a dyn Fn(&Group) -> (Mode, u64),
    /// The name of a backend.
    backend: &'a dyn Fn(BackendId) -> String,
    /// What is to be said of a backend of that name.
    state: &'a dyn Fn(&str) -> Vec<String>,
    /// What holds for all clients.
    edge: &'a Edge,
}

pub(super) fn explain(shared: &Shared, request: &ExplainRequest) -> Result<Explained, Fault> {
    let state = shared.control.state();
    let around = Around {
        mode: &|group| {
            let known = state.group(&group.name);
            (state.mode(group), known.map_or(0, |known| known.version))
        },
        backend: &|id| {
            let name = shared.subjects.backend(id);
            name.map_or_else(String::new, |name| name.to_string())
        },
        state: &|name| backends::notes(shared, name).into_iter().collect(),
        edge: &shared.subjects.edge(),
    };
    explained(&shared.subjects.table(), &around, request).map_err(Fault::bad_request)
}

/// Where a request would go by a file alone, every group in the mode that the file seeds it with.
///
/// # Errors
/// What of the description cannot be read.
pub fn by_file(resolved: &Resolved, request: &ExplainRequest) -> Result<Explained, String> {
    let around = Around {
        mode: &|group| (group.seed, 0),
        backend: &|id| {
            let backend = resolved.backends.get(id.0);
            backend.map_or_else(String::new, |backend| backend.name.to_string())
        },
        state: &|_| Vec::new(),
        edge: &resolved.edge,
    };
    explained(&resolved.table, &around, request)
}

fn explained(
    table: &Table,
    around: &Around<'_>,
    request: &ExplainRequest,
) -> Result<Explained, String> {
    let (parts, body) = described(request)?;
    let peer = peer(request)?;
    let at = match &request.at {
        None => Timestamp::now(),
        Some(at) => at
            .parse()
            .map_err(|_| "wanted a time such as 2026-12-24T18:00:00+01:00".to_owned())?,
    };
    let mut asked = Asked::new(&parts, peer.as_ref(), at);
    asked.body = Body::Whole(&body);
    asked.client = client(&around.edge.forwarding, &parts, peer.as_ref());
    let considered = route::explain(table, &asked)
        .considered
        .iter()
        .map(|one| ConsideredView {
            route: one.entry.name().to_string(),
            matches: one.entry.rule.to_string(),
            taken: one.verdict == Verdict::Taken,
            elsewhere: matches!(one.verdict, Verdict::Not(Mismatch::Host | Mismatch::Path)),
            why: one.reason(&asked),
        })
        .collect();
    let (taken, fixed) = match route::select(table, &asked) {
        Ok(Choice::Route(selected)) => (Some(takes(around, &selected, &asked, &body)), None),
        Ok(Choice::Fixed { fixed, .. }) => {
            let entry = table
                .entries()
                .iter()
                .find(|entry| *entry.name() == fixed.name);
            let mut answers = fixed.told();
            for limit in of_limits(around.edge, &fixed.name) {
                answers.push_str("; ");
                answers.push_str(&limit);
            }
            let view = FixedView {
                name: fixed.name.to_string(),
                matches: entry.map_or_else(String::new, |entry| entry.rule.to_string()),
                answers,
            };
            (None, Some(view))
        }
        Ok(Choice::Wanted { .. } | Choice::Refused(_)) | Err(_) => (None, None),
    };
    Ok(Explained {
        taken,
        fixed,
        considered,
    })
}

fn takes(around: &Around<'_>, selected: &Selected, asked: &Asked<'_>, body: &[u8]) -> TakenView {
    let Selected {
        route,
        group,
        params,
    } = selected;
    let (in_force, version) = (around.mode)(group);
    let found = route
        .canary_key
        .as_ref()
        .and_then(|source| source.find(asked.parts, params, body));
    let key = match (&route.canary_key, &found) {
        (None, _) => "none",
        (Some(_), Some(_)) => "found",
        (Some(_), None) => "not found",
    };
    let mut notes = Vec::new();
    if let (Some(client), Some(peer)) = (asked.client, asked.peer)
        && client != peer.address.ip().to_canonical()
    {
        notes.push(format!(
            "the client is {client}: {} is trusted to say so",
            peer.address.ip()
        ));
    }
    notes.extend(of_limits(around.edge, &route.name));
    let plan = mode::plan(route, group, in_force, found.as_deref(), Uuid::nil());
    let plan = plan.map_err(|error| notes.push(error.to_string())).ok();
    let plan = plan.and_then(|plan| opened(plan, selected, asked.at, &mut notes));
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
        backend: (around.backend)(leg.backend),
    };
    let leg = |leg: fn(&Plan) -> Option<&std::sync::Arc<Leg>>| {
        plan.as_ref().and_then(leg).map(|leg| side(leg))
    };
    if let Some(plan) = &plan {
        let mut legs = vec![plan.primary()];
        legs.extend(plan.mirror());
        legs.extend(plan.fallback());
        let mut told: Vec<String> = Vec::new();
        for backend in legs.into_iter().map(|leg| side(leg).backend) {
            if !told.contains(&backend) {
                notes.extend((around.state)(&backend));
                told.push(backend);
            }
        }
    }
    TakenView {
        route: route.name.to_string(),
        group: group.name.to_string(),
        mode: in_force,
        version,
        effect: route.effect,
        key: key.to_owned(),
        primary: leg(|plan| Some(plan.primary())),
        mirror: leg(Plan::mirror),
        fallback: leg(Plan::fallback),
        notes,
    }
}

/// The plan at that time; none where its backend is closed.
fn opened(plan: Plan, selected: &Selected, at: At<'_>, notes: &mut Vec<String>) -> Option<Plan> {
    let planned = plan.primary().side;
    match mode::opening(plan, &selected.route, at) {
        Opening::Open(plan) => {
            if plan.primary().side != planned {
                notes.push(format!(
                    "{} is closed at that time: {} answers in its place",
                    planned.as_str(),
                    plan.primary().side.as_str()
                ));
            }
            Some(plan)
        }
        Opening::Wait(plan, time) => {
            notes.push(format!(
                "{} is closed: the request waits {time:?}",
                planned.as_str()
            ));
            Some(plan)
        }
        Opening::Closed {
            side,
            opens_in,
            answer,
        } => {
            let until = opens_in.map_or_else(String::new, |time| {
                let opens = at.time().checked_add(time);
                opens.map_or_else(|_| String::new(), |opens| format!(" until {opens}"))
            });
            let told = answer.map_or_else(
                || "an error in the route's form".to_owned(),
                |answer| format!("the route's own message, status {}", answer.told()),
            );
            notes.push(format!(
                "{} is closed{until}: the client gets {told}",
                side.as_str()
            ));
            None
        }
    }
}

/// Who asks, as far as those are believed who stand between.
fn client(forwarding: &Policy, parts: &Parts, peer: Option<&Peer>) -> Option<IpAddr> {
    let peer = peer?;
    let hop = Hop {
        from: Some(peer.address.ip()),
        to: None,
        scheme: Scheme::Http,
        host: None,
        version: parts.version,
    };
    forwarding.client(&parts.headers, hop)
}

/// What may be too much of a route.
fn of_limits(edge: &Edge, route: &str) -> Vec<String> {
    let own = edge.of_routes.get(route).map(|spec| ("the route", spec));
    let all = (!edge.limits.is_empty()).then_some(("the gateway", &edge.limits));
    own.into_iter()
        .chain(all)
        .map(|(whose, spec)| format!("{whose} takes on {spec}"))
        .collect()
}

/// Whoever is said to have sent the request.
fn peer(request: &ExplainRequest) -> Result<Option<Peer>, String> {
    if request.client.is_none() && request.tls.is_none() {
        return Ok(None);
    }
    let address = match &request.client {
        None => IpAddr::from([0, 0, 0, 0]),
        Some(address) => address
            .parse()
            .map_err(|_| "wanted a client's address such as 10.1.2.3".to_owned())?,
    };
    Ok(Some(Peer {
        address: SocketAddr::new(address, 0),
        local: SocketAddr::from(([0, 0, 0, 0], 0)),
        tls: request.tls.as_ref().map(tls).transpose()?,
    }))
}

fn tls(tls: &ExplainTls) -> Result<TlsPeer, String> {
    let certificate = tls.certificate.as_ref().map(|certificate| {
        let digits = certificate.fingerprint.as_deref().unwrap_or_default();
        let fingerprint = match digits {
            "" => [0; 32],
            digits => route::condition::fingerprint(digits)
                .ok_or("wanted a fingerprint of 64 hexadecimal digits")?,
        };
        Ok::<_, String>(ClientCertificate {
            subject: certificate.subject.clone(),
            names: certificate.names.clone(),
            fingerprint,
            serial: String::new(),
            der: bytes::Bytes::new(),
        })
    });
    Ok(TlsPeer {
        server_name: tls
            .server_name
            .as_deref()
            .map(|name| name.to_ascii_lowercase().into()),
        version: "TLSv1.3",
        alpn: None,
        certificate: certificate.transpose()?,
    })
}

/// The head and body of the request described.
fn described(request: &ExplainRequest) -> Result<(Parts, Vec<u8>), String> {
    let method: Method = request
        .method
        .parse()
        .map_err(|_| "wanted a method such as GET")?;
    let uri: Uri = request
        .target
        .parse()
        .map_err(|_| "wanted a target such as /lots/1?plant=2")?;
    let (mut parts, ()) = http::Request::new(()).into_parts();
    (parts.method, parts.uri) = (method, uri);
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) else {
            return Err("a header's name or value is none".to_owned());
        };
        parts.headers.append(name, value);
    }
    let body = request.body.as_deref().unwrap_or_default();
    let body = BASE64_STANDARD
        .decode(body)
        .map_err(|_| "wanted the body in base64")?;
    Ok((parts, body))
}
