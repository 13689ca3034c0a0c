//! `GET /ui/timeline`: who did what, when and why, as the control log has it, with the chain's hash.

use std::sync::Arc;
use std::time::SystemTime;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::frame::{self, Frame, Menu};
use super::text::{self, When};
use super::viewer::Viewer;
use crate::admin::Shared;
use crate::control::command::{Command, What};
use crate::control::{Latest, Outcome, Past};

/// Entries on a page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "timeline.html")]
struct Timeline {
    frame: Frame,
    entries: Vec<Entry>,
    /// Why there are none.
    unread: Option<String>,
    groups: Vec<(String, bool)>,
    who: String,
    /// The address of what is older.
    older: Option<String>,
    /// This is not the first page.
    paged: bool,
    filtered: bool,
    overrides: Vec<(String, When, String, String)>,
}

struct Entry {
    offset: u64,
    at: Option<When>,
    who: String,
    what: String,
    group: String,
    /// Of the group's page; none of what is no group of ours.
    segment: Option<String>,
    why: String,
    change: Option<String>,
    /// `good`, `bad` or `quiet`.
    class: &'static str,
    outcome: String,
    gateway: String,
    signed: &'static str,
    hash: String,
    short: String,
    loss: Option<String>,
    confirmed: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    group: String,
    #[serde(default)]
    who: String,
    before: Option<u64>,
}

pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Response {
    let now = SystemTime::now();
    let frame = Frame::new(&shared, viewer, Menu::Timeline, "Timeline", now);
    let (group, who) = (asked.group.trim(), asked.who.trim());
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let wanted = Latest {
        before: asked.before,
        limit: PAGE,
        group: some(group),
        who: some(who),
    };
    let (page, unread) = match shared.control.latest(wanted).await {
        Ok(page) => (Some(page), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let state = shared.control.state();
    let next = page.as_ref().and_then(|page| page.next);
    let entries = page.into_iter().flat_map(|page| page.entries);
    let timeline = Timeline {
        entries: entries.map(|past| entry(&past, now, &shared)).collect(),
        unread,
        groups: state
            .groups()
            .map(|(name, _)| (name.to_owned(), name == group))
            .collect(),
        older: next.map(|before| {
            format!(
                "/ui/timeline?group={}&who={}&before={before}",
                text::segment(group),
                text::segment(who)
            )
        }),
        paged: asked.before.is_some(),
        filtered: !group.is_empty() || !who.is_empty(),
        who: who.to_owned(),
        overrides: state
            .overrides()
            .iter()
            .map(|(group, made)| {
                (
                    group.clone(),
                    When::of_text(&made.at, now),
                    made.by.clone(),
                    made.why.clone(),
                )
            })
            .collect(),
        frame,
    };
    frame::page(&timeline, StatusCode::OK)
}

fn entry(past: &Past, now: SystemTime, shared: &Shared) -> Entry {
    let (class, outcome) = match &past.outcome {
        Outcome::Accepted { version, mode } => ("good", format!("version {version}, {mode}")),
        Outcome::Noted => ("quiet", "noted".to_owned()),
        Outcome::Refused(why) => ("bad", format!("refused: {why}")),
        Outcome::NotFolded { why } => ("bad", format!("not understood: {why}")),
    };
    let hash = past.hash.to_string();
    let short = hash.chars().take(12).collect();
    let Ok(command) = Command::parse(&past.bytes) else {
        return Entry {
            offset: past.offset,
            at: None,
            who: String::new(),
            what: format!("{} bytes that this Figway cannot read", past.bytes.len()),
            group: String::new(),
            segment: None,
            why: String::new(),
            change: None,
            class,
            outcome,
            gateway: String::new(),
            signed: "not known",
            hash,
            short,
            loss: None,
            confirmed: None,
        };
    };
    let known = shared
        .subjects
        .table()
        .group_named(&command.group)
        .is_some();
    Entry {
        offset: past.offset,
        at: Some(When::of_text(&command.at, now)),
        what: told(&command),
        segment: known.then(|| text::segment(&command.group)),
        loss: command.what.accepted_loss().map(|loss| loss.to_string()),
        confirmed: command.what.under().map(|under| under.confirmed.join(", ")),
        who: command.who,
        group: command.group,
        why: command.why,
        change: command.change,
        class,
        outcome,
        gateway: command.gateway,
        signed: if command.signature.is_some() {
            "signed"
        } else {
            "not signed"
        },
        hash,
        short,
    }
}

/// What an entry asked for, in a few words.
fn told(command: &Command) -> String {
    match &command.what {
        What::Set { to, .. } => format!("set to {to}"),
        What::Rollback { to, .. } => format!("roll back to version {to}"),
        What::Seed { revision, mode, .. } => format!("routes.toml, revision {revision}: {mode}"),
        What::BreakGlassMerge { mode, .. } => format!("break-glass to {mode}, merged"),
        What::Hold { to, .. } => format!("hold writes, on the way to {to}"),
        What::Release { .. } => "let writes go, without a change".to_owned(),
        What::Enrol { gateway, key } => format!("enrol key {} of gateway {gateway}", key.id()),
        What::Revoke { key } => format!("revoke key {key}"),
        What::Admission { open } => {
            let told = if *open {
                "let gateways enrol their own keys"
            } else {
                "have gateways enrolled by others only"
            };
            told.to_owned()
        }
        What::Propose { to, approvals, .. } => {
            format!("propose {to}, to be approved by {approvals}")
        }
        What::Approve { name, meaning, .. } => format!("sign as {name}: {meaning}"),
        What::Reject { .. } => "reject the proposal".to_owned(),
        What::Happened { event } => format!("say that {event} has happened"),
    }
}
