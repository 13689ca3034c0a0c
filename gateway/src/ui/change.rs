//! The page of a change: what it is before and after, what stands for and against it, who and why. It changes nothing by itself.

use std::time::SystemTime;

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::checks::{self, Check};
use super::frame::{self, Frame, Menu};
use super::standing::{self, GroupStanding, Standing};
use super::viewer::Viewer;
use super::{missing, text, wish};
use crate::admin::Shared;
use crate::control::{Change, LossPolicy, Proposal, Refused};
use crate::mode::Mode;
use crate::route::BackSync;

/// What is asked for: one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Set(Mode),
    /// To that version, whose mode is known.
    Rollback(u64, Mode),
}

impl Wish {
    fn mode(self) -> Mode {
        match self {
            Self::Set(mode) | Self::Rollback(_, mode) => mode,
        }
    }
}

/// What a person has written into a form.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Filled {
    /// The version that the form was drawn from.
    pub(super) expected: u64,
    #[serde(default)]
    pub(super) who: String,
    #[serde(default)]
    pub(super) why: String,
    #[serde(default)]
    pub(super) change: String,
    #[serde(default)]
    pub(super) accept_loss: Option<String>,
    #[serde(default)]
    pub(super) propose: Option<String>,
}

#[derive(Template)]
#[template(path = "change.html")]
struct ChangePage {
    frame: Frame,
    one: GroupStanding,
    segment: String,
    heading: String,
    act: String,
    /// Of the path that the form is sent to: `flip` or `rollback`.
    verb: &'static str,
    /// Hidden fields beside the version.
    to: String,
    percent: Option<u8>,
    version: u64,
    from_glyph: &'static str,
    to_glyph: &'static str,
    to_mode: Mode,
    from_told: String,
    to_told: String,
    calls: Option<String>,
    writes: Option<String>,
    /// Why it was refused, or would be.
    refused: Option<String>,
    /// It was asked for, and refused.
    tried: bool,
    /// The page is of an earlier version.
    overtaken: bool,
    /// What is lost must be accepted, or may have to be.
    loss: Loss,
    /// How many others must approve it first, where it is to be proposed.
    approvals: Option<u8>,
    checks: Vec<Check>,
    command: String,
    filled: Filled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    None,
    May,
    Must,
}

pub(super) fn proposal(group: &str, wish: Wish, who: String, filled: &Filled) -> Proposal {
    let reference = filled.change.trim();
    Proposal {
        group: group.to_owned(),
        change: match wish {
            Wish::Set(mode) => Change::Set(mode),
            Wish::Rollback(version, _) => Change::Rollback(version),
        },
        expected: Some(filled.expected),
        who,
        why: filled.why.trim().to_owned(),
        reference: (!reference.is_empty()).then(|| reference.to_owned()),
        loss: if filled.accept_loss.is_some() {
            LossPolicy::Accept
        } else {
            LossPolicy::Refuse
        },
    }
}

/// The form, empty or as it was sent and refused.
pub(super) fn form(
    shared: &Shared,
    viewer: Viewer,
    group: &str,
    wish: Wish,
    tried: Option<(Filled, Refused)>,
) -> Response {
    let standing = Standing::of(shared);
    let found = standing
        .groups
        .into_iter()
        .find(|one| one.view.name == group);
    let Some(one) = found else {
        return missing::page(
            shared,
            viewer,
            &format!("There is no group {group} in routes.toml."),
        );
    };
    let to = wish.mode();
    let (heading, verb) = match wish {
        Wish::Set(_) => (format!("{group}: {} to {to}", one.view.mode), "flip"),
        Wish::Rollback(version, _) => (
            format!("Roll {group} back to version {version}"),
            "rollback",
        ),
    };
    let frame = Frame::new(
        shared,
        viewer,
        Menu::Groups,
        heading.clone(),
        SystemTime::now(),
    );
    let (filled, said) = match tried {
        Some((filled, refused)) => (filled, Some(refused)),
        None => (
            Filled {
                expected: one.view.version,
                ..Filled::default()
            },
            None,
        ),
    };
    let would = Filled {
        why: "preview".to_owned(),
        expected: one.view.version,
        ..Filled::default()
    };
    let would = shared
        .control
        .judge(&proposal(group, wish, "preview".to_owned(), &would))
        .err();
    let lost = |refused: &Refused| {
        matches!(
            refused,
            Refused::WouldLose { .. } | Refused::Loses { .. } | Refused::NotBack { .. }
        )
    };
    let goes_back = one.view.writes && standing::share(to) < standing::share(one.view.mode);
    let loss = if would.as_ref().is_some_and(lost) || said.as_ref().is_some_and(lost) {
        Loss::Must
    } else if goes_back && one.view.back_sync == Some(BackSync::Durable) {
        Loss::May
    } else {
        Loss::None
    };
    let needed = |refused: &Refused| match (refused, wish) {
        (Refused::ApprovalNeeded { approvals, .. }, Wish::Set(_)) => Some(*approvals),
        _ => None,
    };
    let approvals = said.as_ref().or(would.as_ref()).and_then(needed);
    let tried = said.is_some();
    // What only needs a tick is said beside it.
    let refused =
        said.or_else(|| would.filter(|refused| !lost(refused) && needed(refused).is_none()));
    let status = if tried {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    };
    let version = one.view.version;
    let page = ChangePage {
        segment: text::segment(group),
        act: match wish {
            Wish::Set(mode) if approvals.is_some() => format!("Propose: {}", wish::act(mode)),
            Wish::Set(mode) => wish::act(mode),
            Wish::Rollback(version, mode) => format!("Roll back to version {version} ({mode})"),
        },
        heading,
        verb,
        to: match wish {
            Wish::Set(mode) => mode.word().to_owned(),
            Wish::Rollback(version, _) => version.to_string(),
        },
        percent: match wish {
            Wish::Set(Mode::Canary { percent }) => Some(percent.get()),
            Wish::Set(_) | Wish::Rollback(..) => None,
        },
        version: filled.expected,
        from_glyph: standing::glyph(one.view.mode),
        to_glyph: standing::glyph(to),
        to_mode: to,
        from_told: wish::told(one.view.mode),
        to_told: wish::told(to),
        calls: calls(shared, &one, to),
        writes: writes(&one, to),
        overtaken: filled.expected != version,
        refused: refused.map(|refused| refused.to_string()),
        tried,
        loss,
        approvals,
        checks: checks::of(&one, frame.trouble.as_deref(), frame.agree),
        command: match wish {
            Wish::Set(mode) if approvals.is_some() => wish::propose_command(group, mode, version),
            Wish::Set(mode) => wish::set_command(group, mode, version),
            Wish::Rollback(to, _) => wish::rollback_command(group, to, version),
        },
        filled,
        one,
        frame,
    };
    frame::page(&page, status)
}

/// For how many calls a minute something changes, by the last minute.
fn calls(shared: &Shared, one: &GroupStanding, to: Mode) -> Option<String> {
    let intervals = shared.trend.of(&one.view.name);
    let minute = usize::try_from(60 / super::trend::EVERY.as_secs()).unwrap_or(1);
    let last = intervals.iter().rev().take(minute);
    if last.len() < minute {
        return None;
    }
    let all = last.fold(0_u64, |sum, one| sum.saturating_add(one.all()));
    let (from, to) = (standing::share(one.view.mode), standing::share(to));
    let part = |share: u8| all.saturating_mul(u64::from(share)) / 100;
    Some(format!(
        "{} in the last minute; of as many, about {} would go to new instead of about {}",
        text::counted(all, "call"),
        text::count(part(to)),
        text::count(part(from))
    ))
}

/// What becomes of writes meanwhile and afterwards.
fn writes(one: &GroupStanding, to: Mode) -> Option<String> {
    let (from, to) = (standing::share(one.view.mode), standing::share(to));
    if !one.view.writes || from == to {
        return None;
    }
    let held =
        "Writes of the group are held on every gateway while it changes sides, for a moment.";
    let back = match one.view.back_sync {
        Some(BackSync::Durable) if to < from => {
            " Going back waits until legacy has every write that new accepted."
        }
        Some(BackSync::Durable) => " What new accepts goes back to legacy.",
        Some(BackSync::None) => " Legacy never gets what new accepts.",
        None => "",
    };
    Some(format!("{held}{back}"))
}
