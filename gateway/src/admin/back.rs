//! How writes go back to legacy: for people, for Prometheus, and what people decide about those that legacy did not take.

use std::fmt::{self, Write};
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Extension, Path, State};
use http::StatusCode;

use super::Shared;
use super::api::{Answered, named, read};
use super::problem::Fault;
use super::view::{DecideParked, Parked, WriteBackView};
use crate::back::{BackState, NotDecided, Place, Resolution};
use crate::control::Refused;
use crate::control::rules::{MAX_NAME, MAX_WHY};
use crate::identity::Principal;

/// What is known of a group's writes, where they go back.
pub(super) fn of(group: &str, shared: &Shared) -> Option<WriteBackView> {
    let states = shared.subjects.backs()?.states();
    let state = states.into_iter().find(|state| *state.group == *group)?;
    Some(WriteBackView {
        topic: state.topic,
        partitions: state.partitions,
        waiting: state.standing.map(|standing| standing.waiting),
        lag_seconds: state.lag_seconds,
        parked: state.parked,
        applied: state.counted.applied,
        trouble: state.trouble,
    })
}

pub(super) async fn parked(
    State(shared): State<Arc<Shared>>,
    group: Result<Path<String>, PathRejection>,
) -> Answered<Parked> {
    list(&shared, named(group)?).map(Json)
}

fn list(shared: &Shared, group: String) -> Result<Parked, Fault> {
    let backs = shared.subjects.backs();
    let parked = backs.and_then(|backs| backs.parked(&group));
    let parked = parked.ok_or_else(|| {
        Fault::from(NotDecided::NoGroup {
            group: group.clone(),
        })
    })?;
    Ok(Parked { group, parked })
}

pub(super) async fn decided(
    State(shared): State<Arc<Shared>>,
    Extension(principal): Extension<Principal>,
    group: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Answered<Parked> {
    let (group, request): (_, DecideParked) = (named(group)?, read(body)?);
    let how = Resolution {
        what: request.what,
        who: said("who", principal.who(request.who)?, MAX_NAME)?,
        why: said("why", request.why, MAX_WHY)?,
        at_ms: jiff::Timestamp::now().as_millisecond(),
        seen_ms: Some(request.since_ms),
    };
    let place = Place {
        partition: request.partition,
        offset: request.offset,
    };
    let Some(backs) = shared.subjects.backs() else {
        return Err(NotDecided::NoGroup { group }.into());
    };
    backs.decide(&group, place, &how).await?;
    list(&shared, group).map(Json)
}

/// As what is said of changes of modes.
pub(super) fn said(field: &'static str, text: String, limit: usize) -> Result<String, Refused> {
    if text.trim().is_empty() || text.len() > limit {
        return Err(Refused::Text { field, limit });
    }
    if text.chars().any(char::is_control) {
        return Err(Refused::ControlCharacter { field });
    }
    Ok(text)
}

impl From<NotDecided> for Fault {
    fn from(error: NotDecided) -> Self {
        let (status, code) = match &error {
            NotDecided::NoGroup { .. } => (StatusCode::NOT_FOUND, "no_write_back"),
            NotDecided::NotParked { .. } => (StatusCode::NOT_FOUND, "not_parked"),
            NotDecided::Changed { .. } => (StatusCode::CONFLICT, "parked_anew"),
            NotDecided::NotWritten(_) => (StatusCode::SERVICE_UNAVAILABLE, "not_written"),
        };
        Self::new(status, code, error.to_string())
    }
}

struct Metric {
    name: &'static str,
    help: &'static str,
    kind: &'static str,
    suffix: &'static str,
    value: fn(&BackState) -> Option<u64>,
}

const METRICS: [Metric; 7] = [
    Metric {
        name: "figway_writeback_waiting_records",
        help: "Writes of a group that legacy has not got, without those that are parked.",
        kind: "gauge",
        suffix: "",
        value: |state| state.standing.as_ref().map(|standing| standing.waiting),
    },
    Metric {
        name: "figway_writeback_lag_seconds",
        help: "How long the oldest of them has waited.",
        kind: "gauge",
        suffix: "",
        value: |state| Some(state.lag_seconds),
    },
    Metric {
        name: "figway_writeback_parked_records",
        help: "Writes that legacy did not take and that wait for a person.",
        kind: "gauge",
        suffix: "",
        value: |state| Some(state.parked),
    },
    Metric {
        name: "figway_writeback_partitions",
        help: "Partitions that this gateway applies.",
        kind: "gauge",
        suffix: "",
        value: |state| u64::try_from(state.partitions.len()).ok(),
    },
    Metric {
        name: "figway_writeback_applied",
        help: "Writes that legacy took from this gateway.",
        kind: "counter",
        suffix: "_total",
        value: |state| Some(state.counted.applied),
    },
    Metric {
        name: "figway_writeback_tried_again",
        help: "Tries after which a write was tried again or asked about.",
        kind: "counter",
        suffix: "_total",
        value: |state| Some(state.counted.tried_again),
    },
    Metric {
        name: "figway_writeback_parked",
        help: "Writes that this gateway has parked.",
        kind: "counter",
        suffix: "_total",
        value: |state| Some(state.counted.parked),
    },
];

/// The metrics of all groups whose writes go back, in the OpenMetrics text format.
pub(super) fn metrics(shared: &Shared, text: &mut String) -> fmt::Result {
    let states = shared.subjects.backs().map(crate::back::Backs::states);
    let states = states.unwrap_or_default();
    for metric in &METRICS {
        let Metric {
            name,
            help,
            kind,
            suffix,
            value,
        } = metric;
        writeln!(text, "# HELP {name} {help}")?;
        writeln!(text, "# TYPE {name} {kind}")?;
        for state in &states {
            if let Some(value) = value(state) {
                let group = super::metrics::escaped(&state.group);
                writeln!(text, "{name}{suffix}{{group=\"{group}\"}} {value}")?;
            }
        }
    }
    Ok(())
}
