//! Why a request goes where it goes: every route in the order tried, and what kept it from being taken. Pure.
//!
//! Reads the rules one by one and not the table's tree: it is a second opinion on [`select`](crate::route::select), and
//! a test says that the two agree.

use std::sync::Arc;

use http::request::Parts;

use crate::route::Group;
use crate::route::Route;
use crate::route::rule::Match;
use crate::route::table::{Entry, Mismatch, Table, head_holds, host};

/// Every route of a table, and what a request is to it.
#[derive(Debug)]
pub struct Explanation<'t> {
    /// In the order tried.
    pub considered: Vec<Considered<'t>>,
}

/// One route, and what the request is to it.
#[derive(Debug)]
pub struct Considered<'t> {
    /// What it matches.
    pub rule: &'t Match,
    /// The route.
    pub route: &'t Arc<Route>,
    /// Its group.
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
    pub fn reason(&self) -> String {
        let rule = self.rule;
        match self.verdict {
            Verdict::Taken => "matches, and is tried first".to_owned(),
            Verdict::Later => "matches too, but another is tried before it".to_owned(),
            Verdict::Not(Mismatch::Host) => match &rule.host {
                Some(host) => format!("the host is not {host}"),
                None => "the host is another".to_owned(),
            },
            Verdict::Not(Mismatch::Path) => format!("the path is not {}", rule.path),
            Verdict::Not(Mismatch::Method) => match &rule.method {
                Some(method) => format!("the method is not {method}"),
                None => "the method is another".to_owned(),
            },
            Verdict::Not(Mismatch::Header(place)) => match rule.headers.get(place) {
                Some((name, value)) => format!(
                    "the header {name} is not {}",
                    value.to_str().unwrap_or("as wanted")
                ),
                None => "a header is another".to_owned(),
            },
            Verdict::Not(Mismatch::Query(place)) => match rule.query.get(place) {
                Some((name, value)) => format!("the query parameter {name} is not {value}"),
                None => "a query parameter is another".to_owned(),
            },
        }
    }
}

/// Every route of the table, and what the request is to it.
#[must_use]
pub fn explain<'t>(table: &'t Table, parts: &Parts) -> Explanation<'t> {
    let host = host(parts);
    let mut taken = false;
    let considered = table
        .entries()
        .iter()
        .map(|Entry { rule, route }| {
            let holds = match rule.path.holds(parts.uri.path()) {
                true => head_holds(rule, host, parts),
                false => Err(Mismatch::Path),
            };
            let verdict = match holds {
                Err(mismatch) => Verdict::Not(mismatch),
                Ok(()) if std::mem::replace(&mut taken, true) => Verdict::Later,
                Ok(()) => Verdict::Taken,
            };
            Considered {
                rule,
                route,
                group: table.group(route.group),
                verdict,
            }
        })
        .collect();
    Explanation { considered }
}
