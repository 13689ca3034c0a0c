//! What stands for and against a flip of a group, each in a sentence: what evidence has shown, and what the data and the log say. Pure.

use super::standing::GroupStanding;
use super::text;
use crate::control::command::Count;
use crate::mode::Mode;

/// How a fact bears on a flip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bears {
    /// Nothing against it.
    Good,
    /// A person should look.
    Look,
    /// It is refused, or goes wrong.
    Bad,
    /// It is not known here.
    Unknown,
}

impl Bears {
    /// For the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Look => "warn",
            Self::Bad => "bad",
            Self::Unknown => "quiet",
        }
    }

    /// Beside its colour.
    pub(super) fn glyph(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Look => "!",
            Self::Bad => "✕",
            Self::Unknown => "?",
        }
    }

    /// In a word, for who sees no colours and signs.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Good => "fine",
            Self::Look => "look",
            Self::Bad => "stands against it",
            Self::Unknown => "not known",
        }
    }
}

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) bears: Bears,
    /// What it is about.
    pub(super) about: &'static str,
    pub(super) text: String,
}

/// All of them, most telling first.
pub(super) fn of(group: &GroupStanding, trouble: Option<&str>, agree: bool) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut add = |bears, about, text: String| checks.push(Check { bears, about, text });
    if let Some(trouble) = trouble {
        add(Bears::Bad, "Control log", trouble.to_owned());
    }
    if !agree {
        let text = "not all gateways have read the same entries yet";
        add(Bears::Look, "Fleet", text.to_owned());
    }
    if group.held {
        let text = "writes are held: another flip is under way";
        add(Bears::Bad, "Hold", text.to_owned());
    }
    if let Some(made) = &group.view.break_glass {
        let text = format!(
            "this gateway alone sends it to legacy, by {}: {}",
            made.by, made.why
        );
        add(Bears::Look, "Break-glass", text);
    }
    if group.sides.modern && group.sides.legacy {
        evidence(group, &mut add);
    }
    writes(group, &mut add);
    if group.answers.server_errors > 0 {
        let all = group
            .answers
            .legacy
            .saturating_add(group.answers.modern)
            .saturating_add(group.answers.gateway);
        let text = format!(
            "{} of {} calls were answered with a status of 500 and above",
            text::count(group.answers.server_errors),
            text::count(all)
        );
        add(Bears::Look, "Errors", text);
    }
    if group.answers.fallbacks > 0 {
        let text = format!(
            "legacy answered {} because new failed",
            text::counted(group.answers.fallbacks, "call")
        );
        add(Bears::Look, "Fallbacks", text);
    }
    checks
}

fn evidence(group: &GroupStanding, add: &mut impl FnMut(Bears, &'static str, String)) {
    let proof = &group.proof;
    match (proof.rate(), proof.at_least()) {
        (Some(rate), Some(least)) if proof.different == 0 => add(
            Bears::Good,
            "Match",
            format!(
                "no difference in {}: {rate}, at least {least}",
                text::counted(proof.samples(), "pair")
            ),
        ),
        (Some(rate), Some(least)) => add(
            Bears::Look,
            "Match",
            format!(
                "{} of {} differ, in {}: {rate}, at least {least}",
                text::count(proof.different),
                text::counted(proof.samples(), "pair"),
                text::counted(u64::try_from(proof.fields).unwrap_or(u64::MAX), "field"),
            ),
        ),
        _ => {
            let text = match group.view.mode {
                Mode::Legacy => {
                    "nothing compared: in mode legacy new is not asked; shadow compares"
                }
                Mode::Shadow | Mode::Canary { .. } | Mode::Modern | Mode::Retired => {
                    "nothing compared yet"
                }
            };
            add(Bears::Unknown, "Match", text.to_owned());
        }
    }
    if proof.declared > 0 {
        let unseen: Vec<&str> = group
            .routes
            .iter()
            .flat_map(|route| &route.report.variants)
            .filter(|variant| variant.declared && variant.samples == 0)
            .map(|variant| variant.variant.as_str())
            .collect();
        let seen = format!(
            "{} of {} declared variants seen",
            proof.covered, proof.declared
        );
        if unseen.is_empty() {
            add(Bears::Good, "Coverage", seen);
        } else {
            add(
                Bears::Look,
                "Coverage",
                format!("{seen}; not yet: {}", unseen.join(", ")),
            );
        }
    }
    if proof.errors > 0 {
        let text = format!(
            "new did not answer {} asked for comparison",
            text::counted(proof.errors, "request")
        );
        add(Bears::Look, "New side", text);
    }
    if proof.not_comparable > 0 {
        let text = format!(
            "{} could not be compared",
            text::counted(proof.not_comparable, "pair")
        );
        add(Bears::Look, "Not comparable", text);
    }
    if proof.view_behind > 0 {
        let text = format!(
            "the view had not caught up for {}",
            text::counted(proof.view_behind, "pair")
        );
        add(Bears::Look, "View", text);
    }
}

fn writes(group: &GroupStanding, add: &mut impl FnMut(Bears, &'static str, String)) {
    if let Some(back) = &group.view.write_back {
        if let Some(trouble) = &back.trouble {
            add(Bears::Bad, "Write-back", trouble.clone());
        }
        if back.parked > 0 {
            let text = format!(
                "{} that legacy did not take wait for a person",
                text::counted(back.parked, "write")
            );
            add(Bears::Look, "Parked", text);
        }
        match back.waiting {
            Some(0) => add(
                Bears::Good,
                "Write-back",
                "legacy has every write that new accepted, but for parked ones".to_owned(),
            ),
            Some(waiting) => add(
                Bears::Look,
                "Write-back",
                format!(
                    "{} on the way to legacy, the oldest for {} s; going back waits for them",
                    text::counted(waiting, "write"),
                    back.lag_seconds
                ),
            ),
            None => add(
                Bears::Unknown,
                "Write-back",
                "how many writes legacy lacks is not known here".to_owned(),
            ),
        }
    } else if group.view.writes {
        let lacks = group.view.legacy_lacks;
        match group.view.back_sync {
            None => add(
                Bears::Bad,
                "Writes",
                "the group changes data, and routes.toml does not say how legacy learns of it (`back_sync`)".to_owned(),
            ),
            Some(_) if lacks.writes == 0 && lacks.count == Count::Exact => {
                add(Bears::Good, "Writes", "legacy lacks no write".to_owned());
            }
            Some(_) => add(
                Bears::Look,
                "Writes",
                format!("legacy lacks {lacks} that new accepted, and never gets them (`back_sync = \"none\"`)"),
            ),
        }
    }
}
