//! Why a request goes where it goes: every route in the order tried, and what kept it from being taken. Pure.
//!
//! Reads the rules one by one and not the table's index: it is a second opinion on [`select`](crate::route::select), and
//! a test says that the two agree.

use std::sync::Arc;

use crate::route::Group;
use crate::route::asked::Asked;
use crate::route::body::{BodyRefused, Judged};
use crate::route::rule::Match;
use crate::route::table::{Entry, Mismatch, Table, holds};

/// Every route of a table, and what a request is to it.
#[derive(Debug)]
pub struct Explanation<'t> {
    /// In the order tried.
    pub considered: Vec<Considered<'t>>,
}

/// One route, and what the request is to it.
#[derive(Debug)]
pub struct Considered<'t> {
    /// The route, with what it matches.
    pub entry: &'t Entry,
    /// Its group; none where the gateway answers itself.
    pub group: Option<&'t Arc<Group>>,
    /// Whether it was taken, or why not.
    pub verdict: Verdict,
}

/// What a request is to a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It takes this route.
    Taken,
    /// It would, but for the one that was tried before.
    Later,
    /// It does not match.
    Not(Mismatch),
}

impl<'t> Explanation<'t> {
    /// The route taken.
    #[must_use]
    pub fn taken(&self) -> Option<&Considered<'t>> {
        self.considered
            .iter()
            .find(|one| one.verdict == Verdict::Taken)
    }
}

impl Considered<'_> {
    /// The verdict in words: `the header x-tran is not LOTI`. Says what the rule wants, never what the request had.
    #[must_use]
    pub fn reason(&self, asked: &Asked<'_>) -> String {
        let rule = &self.entry.rule;
        match self.verdict {
            Verdict::Taken => match rule.body().map(|rule| rule.judge(&asked.body)) {
                Some(Judged::Refused(BodyRefused::TooLarge(max))) => {
                    format!(
                        "matches but for the body, which has more than {max} bytes and is refused"
                    )
                }
                Some(Judged::Refused(BodyRefused::Unreadable(reason))) => {
                    format!("matches but for the body, which is refused: {reason}")
                }
                _ => "matches, and is tried first".to_owned(),
            },
            Verdict::Later => "matches too, but another is tried before it".to_owned(),
            Verdict::Not(Mismatch::Host) => match &rule.host {
                Some(host) => format!("the host is not {host}"),
                None => "the host is another".to_owned(),
            },
            Verdict::Not(Mismatch::Path) => format!("the path is not {}", rule.path),
            Verdict::Not(Mismatch::Method) => format!("the method is not {}", methods(rule)),
            Verdict::Not(Mismatch::Condition(place)) => match rule.conditions.get(place) {
                Some(condition) => condition.unmet(asked),
                None => "something else is wanted".to_owned(),
            },
        }
    }
}

fn methods(rule: &Match) -> String {
    let methods: Vec<&str> = rule.methods.iter().map(http::Method::as_str).collect();
    methods.join(" or ")
}

/// Every route of the table, and what the request is to it.
#[must_use]
pub fn explain<'t>(table: &'t Table, asked: &Asked<'_>) -> Explanation<'t> {
    let mut taken = false;
    let considered = table
        .entries()
        .iter()
        .map(|entry| Considered {
            entry,
            group: entry.route().and_then(|route| table.group(route.group)),
            verdict: match holds(&entry.rule, asked) {
                Err(mismatch) => Verdict::Not(mismatch),
                Ok(()) if std::mem::replace(&mut taken, true) => Verdict::Later,
                Ok(()) => Verdict::Taken,
            },
        })
        .collect();
    Explanation { considered }
}
