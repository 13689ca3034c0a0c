//! `GET /ui/groups/{group}`: may I flip this, and what would it be?

use std::sync::Arc;
use std::time::SystemTime;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::approve::Waiting;
use super::chart::{self, Svg};
use super::checks::{self, Check};
use super::frame::{self, Frame, Menu};
use super::missing;
use super::plan::Plan;
use super::standing::{self, GroupStanding, Standing};
use super::text::{self, When};
use super::viewer::Viewer;
use super::wish::Target;
use crate::admin::Shared;
use crate::control::{Change, LossPolicy, Proposal, Refused};
use crate::mode::Mode;

#[derive(Template)]
#[template(path = "group.html")]
struct GroupPage {
    frame: Frame,
    one: GroupStanding,
    plan: Option<Plan>,
    /// What others are to sign.
    waiting: Option<Waiting>,
    /// Its name in a path.
    segment: String,
    since: Option<When>,
    share: u8,
    glyph: &'static str,
    steps: Vec<Step>,
    checks: Vec<Check>,
    ways: Vec<Way>,
    before: Vec<Before>,
    times: Option<Svg>,
    legacy: Took,
    modern: Took,
    mirrored: bool,
    trend: Option<Svg>,
    began: When,
    /// A change was made by this person a moment ago.
    done: bool,
    percent: u8,
}

/// A mode on the way of a migration.
struct Step {
    mode: Mode,
    /// `past`, `now` or `later`.
    place: &'static str,
}

/// A mode that the group may be brought to, or why not.
struct Way {
    target: Target,
    glyph: &'static str,
    refused: Option<String>,
}

/// A version that the group can go back to.
struct Before {
    version: u64,
    mode: Mode,
    glyph: &'static str,
}

/// How long a side took.
pub(super) struct Took {
    pub(super) count: String,
    pub(super) half: String,
    pub(super) p99: String,
}

impl Took {
    pub(super) fn of(times: &crate::metrics::Times) -> Self {
        let told = |part| match times.within(part) {
            None => "–".to_owned(),
            Some(seconds) if seconds.is_finite() => format!("≤ {}", text::took(seconds)),
            Some(_) => "> 30 s".to_owned(),
        };
        Self {
            count: text::count(times.count()),
            half: told(0.5),
            p99: told(0.99),
        }
    }
}

#[derive(Deserialize, Default)]
pub(super) struct Asked {
    /// The version that a change has just brought the group to.
    done: Option<u64>,
}

pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let now = SystemTime::now();
    let standing = Standing::of(&shared);
    let found = standing
        .groups
        .into_iter()
        .find(|group| group.view.name == name);
    let Some(one) = found else {
        return missing::page(
            &shared,
            viewer,
            &format!("There is no group {name} in routes.toml."),
        );
    };
    let frame = Frame::new(&shared, viewer, Menu::Groups, &name, now);
    let mirrored = one.modern.count() == 0 && one.mirrored.count() > 0;
    let modern = if mirrored { &one.mirrored } else { &one.modern };
    let judge = |change| {
        let proposal = Proposal {
            group: name.clone(),
            change,
            expected: None,
            who: "preview".to_owned(),
            why: "preview".to_owned(),
            reference: None,
            // What is lost is asked about on the page of the change.
            loss: LossPolicy::Accept,
        };
        shared.control.judge(&proposal)
    };
    let percent = next_percent(one.view.mode);
    let ways = Target::all(percent).into_iter().filter_map(|target| {
        let mode = target.mode()?;
        let refused = judge(Change::Set(mode)).err();
        // It is proposed instead.
        let refused = refused.filter(|refused| !matches!(refused, Refused::ApprovalNeeded { .. }));
        let refused = refused.map(|refused| refused.to_string());
        Some(Way {
            glyph: standing::glyph(mode),
            target,
            refused,
        })
    });
    let before = one
        .view
        .before
        .iter()
        .filter(|past| judge(Change::Rollback(past.version)).is_ok());
    let state = shared.control.state();
    let open = state
        .group(&name)
        .and_then(|known| known.proposal.as_deref());
    let page = GroupPage {
        plan: Plan::of(&shared, &name),
        waiting: open.map(|open| Waiting::of(open, &frame.viewer, now)),
        segment: text::segment(&name),
        since: one
            .view
            .since
            .as_deref()
            .map(|since| When::of_text(since, now)),
        share: standing::share(one.view.mode),
        glyph: standing::glyph(one.view.mode),
        steps: steps(one.view.mode),
        checks: checks::of(&one, frame.trouble.as_deref(), frame.agree),
        ways: ways.collect(),
        before: before
            .take(5)
            .map(|past| Before {
                version: past.version,
                mode: past.mode,
                glyph: standing::glyph(past.mode),
            })
            .collect(),
        times: chart::times(&one.legacy, modern),
        legacy: Took::of(&one.legacy),
        modern: Took::of(modern),
        mirrored,
        trend: chart::share_line(&shared.trend.of(&name)),
        began: When::of(shared.trend.began(), now),
        done: asked.done == Some(one.view.version),
        percent,
        one,
        frame,
    };
    frame::page(&page, StatusCode::OK)
}

/// What a canary would be raised to next, by the steps that most go by.
fn next_percent(mode: Mode) -> u8 {
    let now = match mode {
        Mode::Canary { percent } => percent.get(),
        Mode::Legacy | Mode::Shadow | Mode::Modern | Mode::Retired => 0,
    };
    [1, 5, 25, 50, 100]
        .into_iter()
        .find(|step| *step > now)
        .unwrap_or(100)
}

fn steps(mode: Mode) -> Vec<Step> {
    let order = ["legacy", "shadow", "canary", "modern", "retired"];
    let at = order
        .iter()
        .position(|word| *word == mode.word())
        .unwrap_or_default();
    let modes = Target::all(1)
        .into_iter()
        .filter_map(|target| target.mode());
    modes
        .enumerate()
        .map(|(place, known)| Step {
            mode: if place == at { mode } else { known },
            place: match place.cmp(&at) {
                std::cmp::Ordering::Less => "past",
                std::cmp::Ordering::Equal => "now",
                std::cmp::Ordering::Greater => "later",
            },
        })
        .collect()
}
