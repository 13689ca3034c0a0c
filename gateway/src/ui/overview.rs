//! `GET /ui/`: where are we, and what needs a person next.

use std::sync::Arc;
use std::time::SystemTime;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::chart::{self, Svg};
use super::frame::{self, Frame, Menu};
use super::standing::{self, GroupStanding, Proof, Standing};
use super::text::{self, When};
use super::viewer::Viewer;
use crate::admin::Shared;
use crate::control;
use crate::mode::Mode;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    /// Since when calls are counted.
    since: When,
    told: String,
    /// The part that new services answered, percent; none without calls.
    share: Option<u64>,
    modern: String,
    legacy: String,
    saved: String,
    trend: Option<Svg>,
    /// How many groups are in each mode, in the order of a migration.
    modes: Vec<(Mode, usize)>,
    rows: Vec<Row>,
    needs: Vec<Need>,
}

struct Row {
    group: String,
    mode: Mode,
    share: u8,
    routes: usize,
    /// It has both sides.
    comparable: bool,
    proof: Proof,
    calls: String,
    spark: Option<Svg>,
    modern: Option<String>,
    /// Modern's time is that of mirrored requests.
    mirrored: bool,
    legacy: Option<String>,
    next: Next,
}

/// What a person would do next about a group.
struct Next {
    text: String,
    /// `go`, `look` or `quiet`.
    kind: &'static str,
    /// Where on the group's page.
    anchor: &'static str,
}

/// Something that a person should know of.
struct Need {
    text: String,
    href: String,
}

impl Row {
    fn glyph(&self) -> &'static str {
        standing::glyph(self.mode)
    }
}

impl Overview {
    fn glyph(&self, mode: &Mode) -> &'static str {
        standing::glyph(*mode)
    }
}

pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
) -> Response {
    let now = SystemTime::now();
    let standing = Standing::of(&shared);
    let frame = Frame::new(&shared, viewer, Menu::Overview, "Overview", now);
    let sum = |of: fn(&GroupStanding) -> u64| {
        let each = standing.groups.iter().map(of);
        each.fold(0, u64::saturating_add)
    };
    let (legacy, modern) = (sum(|one| one.answers.legacy), sum(|one| one.answers.modern));
    let page = Overview {
        frame,
        since: When::of(shared.trend.began(), now),
        told: standing.told.clone(),
        share: text::share(modern, legacy.saturating_add(modern)),
        modern: text::count(modern),
        legacy: text::count(legacy),
        saved: text::count(sum(|one| one.saved)),
        trend: chart::share_line(&shared.trend.all()),
        modes: modes(&standing.groups),
        rows: standing
            .groups
            .iter()
            .map(|one| row(one, &shared))
            .collect(),
        needs: needs(&standing.groups, &shared.control.state()),
    };
    frame::page(&page, StatusCode::OK)
}

fn modes(groups: &[GroupStanding]) -> Vec<(Mode, usize)> {
    let mut modes: Vec<(Mode, usize)> = Vec::new();
    for word in ["retired", "modern", "canary", "shadow", "legacy"] {
        let mut of_word = groups
            .iter()
            .map(|group| group.view.mode)
            .filter(|mode| mode.word() == word);
        if let Some(first) = of_word.next() {
            modes.push((first, of_word.count() + 1));
        }
    }
    modes
}

fn row(group: &GroupStanding, shared: &Shared) -> Row {
    let mirrored = group.modern.count() == 0 && group.mirrored.count() > 0;
    let modern = if mirrored {
        &group.mirrored
    } else {
        &group.modern
    };
    let all = group.answers.legacy.saturating_add(group.answers.modern);
    Row {
        group: group.view.name.clone(),
        mode: group.view.mode,
        share: standing::share(group.view.mode),
        routes: group.routes.len(),
        comparable: group.sides.legacy && group.sides.modern,
        proof: group.proof.clone(),
        calls: text::count(all),
        spark: chart::share_line(&shared.trend.of(&group.view.name)),
        modern: standing::p99(modern),
        mirrored,
        legacy: standing::p99(&group.legacy),
        next: next(group),
    }
}

fn next(group: &GroupStanding) -> Next {
    let look = |text: String| Next {
        text,
        kind: "look",
        anchor: "evidence",
    };
    let go = |text: &str| Next {
        text: text.to_owned(),
        kind: "go",
        anchor: "change",
    };
    let quiet = |text: &str| Next {
        text: text.to_owned(),
        kind: "quiet",
        anchor: "",
    };
    let proof = &group.proof;
    if group.held {
        return quiet("writes held: a flip is under way");
    }
    if !group.sides.modern {
        return quiet("no new side yet");
    }
    match group.view.mode {
        Mode::Retired => return quiet("done"),
        Mode::Legacy if group.sides.legacy => return go("start shadow"),
        Mode::Legacy | Mode::Shadow | Mode::Canary { .. } | Mode::Modern => {}
    }
    if proof.fields > 0 {
        let plural = if proof.fields == 1 { "" } else { "s" };
        let verb = if proof.fields == 1 {
            "differs"
        } else {
            "differ"
        };
        return look(format!("{} field{plural} {verb}", proof.fields));
    }
    if proof.covered < proof.declared {
        return look(format!(
            "{} of {} variants seen",
            proof.covered, proof.declared
        ));
    }
    match group.view.mode {
        Mode::Shadow if proof.samples() == 0 => look("no evidence yet".to_owned()),
        Mode::Shadow => go("start canary"),
        Mode::Canary { .. } => go("next step"),
        Mode::Legacy | Mode::Modern | Mode::Retired => go("retire legacy?"),
    }
}

fn needs(groups: &[GroupStanding], state: &control::State) -> Vec<Need> {
    let mut needs = Vec::new();
    for group in groups {
        let name = &group.view.name;
        let href = format!("/ui/groups/{}", text::segment(name));
        if let Some(open) = state
            .group(name)
            .and_then(|known| known.proposal.as_deref())
        {
            let wanting = u64::try_from(open.wanting()).unwrap_or(u64::MAX);
            needs.push(Need {
                text: format!(
                    "{name} to {}: proposed by {}, waits for {}",
                    open.to,
                    open.since.by,
                    text::counted(wanting, "signature")
                ),
                href: format!("{href}#waiting"),
            });
        }
        if let Some(made) = &group.view.break_glass {
            needs.push(Need {
                text: format!(
                    "{name} is overridden to legacy on this gateway alone, by {}: {}",
                    made.by, made.why
                ),
                href: href.clone(),
            });
        }
        if group.held {
            needs.push(Need {
                text: format!("writes of {name} are held: a flip is under way"),
                href: href.clone(),
            });
        }
        if let Some(back) = &group.view.write_back {
            if back.parked > 0 {
                needs.push(Need {
                    text: format!(
                        "{} of {name} parked: legacy did not take them",
                        text::counted(back.parked, "write")
                    ),
                    href: href.clone(),
                });
            }
            if let Some(trouble) = &back.trouble {
                needs.push(Need {
                    text: format!("writes of {name} do not all go back to legacy: {trouble}"),
                    href: href.clone(),
                });
            }
        }
    }
    needs
}
