//! A group's plan on its page: the steps, what the next one waits for, and who makes it.

use super::checks::Bears;
use crate::admin::Shared;
use crate::mode::Mode;
use crate::rollout::Shown;
use crate::rollout::judge::{Met, Standing};

/// A plan as it stands.
pub(super) struct Plan {
    /// In a sentence.
    pub(super) told: String,
    pub(super) bears: Bears,
    pub(super) conditions: Vec<Row>,
    /// The shares of keys that its steps give modern, and which of them are behind.
    pub(super) steps: Vec<Share>,
}

/// One thing that a plan asks for.
pub(super) struct Row {
    pub(super) bears: Bears,
    pub(super) name: String,
    pub(super) told: String,
}

/// A step.
pub(super) struct Share {
    pub(super) percent: u8,
    /// `past`, `now` or `later`.
    pub(super) place: &'static str,
}

impl Plan {
    /// The plan of a group, if it has one.
    pub(super) fn of(shared: &Shared, group: &str) -> Option<Self> {
        let shown = shared.subjects.rollouts()?.shown();
        let one = shown.into_iter().find(|one| one.group == group)?;
        Some(Self::shown(&one))
    }

    fn shown(one: &Shown) -> Self {
        let now = super::standing::share(one.mode);
        let steps = one.steps.iter().map(|step| Share {
            percent: *step,
            place: match step.cmp(&now) {
                std::cmp::Ordering::Less => "past",
                std::cmp::Ordering::Equal => "now",
                std::cmp::Ordering::Greater => "later",
            },
        });
        let conditions = one.conditions.iter().map(|condition| Row {
            bears: match condition.met {
                Met::Yes => Bears::Good,
                Met::NotYet => Bears::Look,
                Met::Broken => Bears::Bad,
            },
            name: word(&condition.name),
            told: condition.told.clone(),
        });
        let bears = match one.standing {
            Some(Standing::Ready) => Bears::Good,
            Some(Standing::Waits) => Bears::Look,
            Some(Standing::Fails) => Bears::Bad,
            None => Bears::Unknown,
        };
        Self {
            told: told(one),
            bears,
            conditions: conditions.collect(),
            steps: steps.collect(),
        }
    }
}

fn told(one: &Shown) -> String {
    let by = if one.promote == "by_itself" {
        format!("gateway {} makes it", one.leader)
    } else {
        format!("gateway {} proposes it, people approve", one.leader)
    };
    let next = one.next.map(named);
    let mut told = match (one.standing, next) {
        (Some(Standing::Ready), Some(next)) => format!("All holds for {next}: {by}."),
        (Some(Standing::Waits), Some(next)) => format!("Not yet {next}: something does not hold."),
        (Some(Standing::Fails), _) if one.roll_back == "by_itself" => {
            "Something is surely wrong: where new answers clients, the group goes back by itself."
                .to_owned()
        }
        (Some(Standing::Fails), _) => {
            "Something is surely wrong: a person decides whether the group goes back.".to_owned()
        }
        (Some(Standing::Ready | Standing::Waits), None) => {
            "The last step is made, and watched for as long as a step lasts.".to_owned()
        }
        (None, _) => String::new(),
    };
    if let Some(why) = &one.why {
        if !told.is_empty() {
            told.push(' ');
        }
        let mut letters = why.chars();
        told.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        told.push_str(letters.as_str());
        told.push('.');
    }
    told
}

fn named(mode: Mode) -> String {
    match mode {
        Mode::Canary { percent } => format!("canary {} %", percent.get()),
        other => other.to_string(),
    }
}

/// As a heading.
fn word(name: &str) -> String {
    match name {
        "soak" => "Time",
        "samples" => "Samples",
        "variants" => "Coverage",
        "match" => "Match",
        "answers" => "Answers",
        "errors" => "Errors",
        "latency" => "Latency",
        "only_in" => "Window",
        "freeze" => "Freeze",
        "events" => "Events",
        "write_back" => "Way back",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::judge::Condition;

    #[test]
    fn a_plan_says_what_it_waits_for() {
        let mut one = Shown {
            group: "lots".to_owned(),
            mode: Mode::Canary {
                percent: 5.try_into().unwrap(),
            },
            version: 3,
            steps: vec![1, 5, 100],
            next: Some(Mode::Modern),
            promote: "propose".to_owned(),
            roll_back: "by_itself".to_owned(),
            standing: Some(Standing::Waits),
            conditions: vec![Condition {
                name: "samples".to_owned(),
                met: Met::NotYet,
                told: "7 of 100 pairs compared".to_owned(),
            }],
            why: None,
            leader: "gw-1".to_owned(),
        };
        let plan = Plan::shown(&one);
        assert_eq!(plan.told, "Not yet modern: something does not hold.");
        assert_eq!(
            (plan.conditions[0].name.as_str(), plan.bears),
            ("Samples", Bears::Look)
        );
        let places: Vec<_> = plan.steps.iter().map(|step| step.place).collect();
        assert_eq!(places, ["past", "now", "later"]);
        one.standing = Some(Standing::Ready);
        let told = Plan::shown(&one).told;
        assert_eq!(
            told,
            "All holds for modern: gateway gw-1 proposes it, people approve."
        );
        one.standing = None;
        one.why = Some("its step begins".to_owned());
        assert_eq!(Plan::shown(&one).told, "Its step begins.");
    }
}
