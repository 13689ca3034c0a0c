//! From what the gateway has to what the API gives. Plain functions over plain values.

use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::Shared;
use super::view::{
    BreakGlassView, ControlView, FixedView, GroupView, HealthView, HistoryEntry, Me, OutcomeView,
    RouteView, Routes, VersionView,
};
use crate::control::{Control, Health, Outcome, Override, Past, State, rfc3339};
use crate::identity::{CsrfToken, Principal};
use crate::mode::Mode;
use crate::route::{Action, Group, Leg};

/// How many earlier versions a list shows.
const SHOWN_VERSIONS: usize = 10;

pub(crate) fn routes(shared: &Shared) -> Routes {
    let (table, state) = (shared.subjects.table(), shared.control.state());
    let backend = |leg: Option<&std::sync::Arc<Leg>>| {
        let name = shared.subjects.backend(leg?.backend)?;
        Some(name.to_string())
    };
    let routes = table.entries().iter().filter_map(|entry| {
        let route = entry.route()?;
        let group = table.group(route.group);
        Some(RouteView {
            name: route.name.to_string(),
            group: group.map_or_else(String::new, |group| group.name.to_string()),
            matches: entry.rule.to_string(),
            effect: route.effect,
            mode: group.map_or(Mode::Legacy, |group| state.mode(group)),
            legacy: backend(route.legacy.as_ref()),
            modern: backend(route.modern.as_ref()),
        })
    });
    let fixed = table
        .entries()
        .iter()
        .filter_map(|entry| match &entry.action {
            Action::Route(_) => None,
            Action::Fixed(fixed) => Some(FixedView {
                name: fixed.name.to_string(),
                matches: entry.rule.to_string(),
                answers: fixed.told(),
            }),
        });
    let groups = table.groups().iter();
    Routes {
        gateway: shared.control.gateway().to_owned(),
        revision: shared.control.revision(),
        routes: routes.collect(),
        fixed: fixed.collect(),
        groups: groups.map(|known| group(known, &state, shared)).collect(),
        control: control(&shared.control),
    }
}

fn group(group: &Group, state: &State, shared: &Shared) -> GroupView {
    let known = state.group(&group.name);
    let made = state.override_of(&group.name);
    let since = known.map(|known| &known.since);
    GroupView {
        name: group.name.to_string(),
        mode: state.mode(group),
        version: known.map_or(0, |known| known.version),
        since: made
            .map(|made| &made.at)
            .or(since.map(|since| &since.at))
            .cloned(),
        by: made
            .map(|made| &made.by)
            .or(since.map(|since| &since.by))
            .cloned(),
        why: made
            .map(|made| &made.why)
            .or(since.map(|since| &since.why))
            .cloned(),
        change: match made {
            Some(made) => made.change.clone(),
            None => since.and_then(|since| since.change.clone()),
        },
        writes: group.writes,
        back_sync: group.back_sync,
        legacy_lacks: shared.control.lacking(&group.name),
        write_back: super::back::of(&group.name, shared),
        break_glass: made.map(|made| override_of(&group.name, made, state)),
        before: known.map_or_else(Vec::new, |known| {
            let past = known.before.iter().rev().take(SHOWN_VERSIONS);
            past.map(|past| VersionView {
                version: past.version,
                mode: past.mode,
            })
            .collect()
        }),
        approvals: group.approving.needed,
        proposal: known.and_then(|known| super::proposals::of(&group.name, known)),
    }
}

pub(super) fn override_of(group: &str, made: &Override, state: &State) -> BreakGlassView {
    BreakGlassView {
        id: made.id.to_string(),
        instead_of: state.group(group).map(|known| known.mode),
        at: made.at.clone(),
        by: made.by.clone(),
        why: made.why.clone(),
    }
}

pub(crate) fn control(control: &Control) -> ControlView {
    let Health {
        store,
        reach,
        current_at,
    } = control.health();
    let trouble = reach.trouble();
    ControlView {
        store: store.to_owned(),
        reach: reach.code().to_owned(),
        since: trouble.map(|(since, _)| rfc3339(since)),
        why: trouble.map(|(_, why)| why.to_owned()),
        current_at: current_at.map(rfc3339),
        age_seconds: current_at.map(age_seconds),
        stale: control.state().is_stale(),
        position: control.state().position(),
    }
}

/// A clock that went back makes it zero.
pub(super) fn age_seconds(at: SystemTime) -> u64 {
    SystemTime::now()
        .duration_since(at)
        .unwrap_or_default()
        .as_secs()
}

pub(super) fn health(shared: &Shared) -> HealthView {
    let control = control(&shared.control);
    let state = shared.control.state();
    let break_glass: Vec<String> = state.overrides().keys().cloned().collect();
    let well = control.reach == "following" && break_glass.is_empty();
    HealthView {
        status: if well { "ok" } else { "degraded" }.to_owned(),
        gateway: shared.control.gateway().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        control,
        break_glass,
    }
}

pub(crate) fn entry(past: Past) -> HistoryEntry {
    let (raw, raw_base64) = match String::from_utf8(past.bytes) {
        Ok(text) => (Some(text), None),
        Err(error) => (None, Some(BASE64_STANDARD.encode(error.as_bytes()))),
    };
    HistoryEntry {
        offset: past.offset,
        hash: past.hash.to_string(),
        raw,
        raw_base64,
        outcome: match past.outcome {
            Outcome::Accepted { version, mode } => OutcomeView::Accepted { version, mode },
            Outcome::Noted => OutcomeView::Noted,
            Outcome::Refused(refusal) => OutcomeView::Refused {
                code: refusal.code().to_owned(),
                why: refusal.to_string(),
            },
            Outcome::NotFolded { why } => OutcomeView::NotFolded { why },
        },
    }
}

pub(super) fn me(principal: &Principal, csrf: Option<&CsrfToken>) -> Me {
    Me {
        name: principal.name.clone(),
        display: principal.display.clone(),
        roles: principal
            .roles
            .iter()
            .map(|role| role.to_string())
            .collect(),
        how: principal.how.as_str().to_owned(),
        authenticated_at: principal.authenticated_at.to_string(),
        csrf: csrf.map(|csrf| csrf.as_str().to_owned()),
    }
}
