//! The table of routes, and the one question it answers: which of them a request takes. Pure.
//!
//! In: a request, as [`Asked`]. Out: a [`Choice`] or [`NoRoute`]. Candidates come from an [`Index`], and are in order of
//! precedence, so the first whose other conditions hold is the answer. Allocates nothing but the parameters of the path (and
//! a decoded segment where one is percent-encoded).

use std::borrow::Cow;
use std::sync::Arc;

use http::request::Parts;

use crate::route::asked::Asked;
use crate::route::body::{Body, BodyRefused, Judged};
use crate::route::fixed::Fixed;
use crate::route::index::{Index, Search};
use crate::route::params::{PathParams, decoded};
use crate::route::pattern::{Segment, split_segment};
use crate::route::rule::Match;
use crate::route::{Group, GroupId, Route};

/// Every route, in the order in which they are tried. Immutable.
#[derive(Debug)]
pub struct Table {
    entries: Vec<Entry>,
    groups: Vec<Arc<Group>>,
    index: Index,
    /// The most bytes of a body that a rule reads.
    reads: usize,
}

/// What a route matches, and what becomes of it.
#[derive(Debug)]
pub struct Entry {
    /// Which requests.
    pub rule: Match,
    /// What becomes of them.
    pub action: Action,
}

/// What becomes of requests.
#[derive(Debug)]
pub enum Action {
    /// They go on to legacy or modern.
    Route(Arc<Route>),
    /// The gateway answers them itself.
    Fixed(Arc<Fixed>),
}

impl Entry {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        match &self.action {
            Action::Route(route) => &route.name,
            Action::Fixed(fixed) => &fixed.name,
        }
    }

    /// The route, unless the gateway answers itself.
    #[must_use]
    pub fn route(&self) -> Option<&Arc<Route>> {
        match &self.action {
            Action::Route(route) => Some(route),
            Action::Fixed(_) => None,
        }
    }
}

/// What a request takes.
#[derive(Debug, Clone)]
pub enum Choice {
    /// A route to legacy or modern.
    Route(Selected),
    /// It depends on the body, which must be read first, as far as so many bytes.
    Wanted {
        /// The most that any rule reads.
        limit: usize,
    },
    /// Its body cannot be read by a rule that refuses such.
    Refused(BodyRefused),
    /// An answer of our own.
    Fixed {
        /// The answer.
        fixed: Arc<Fixed>,
        /// The parameters of its path.
        params: PathParams,
    },
}

/// A route that a request takes.
#[derive(Debug, Clone)]
pub struct Selected {
    /// The route.
    pub route: Arc<Route>,
    /// Its group.
    pub group: Arc<Group>,
    /// The parameters of its path.
    pub params: PathParams,
}

/// No route matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no route matches the request")]
pub struct NoRoute;

impl Table {
    /// A table of these routes, as written; `groups` in the order of [`GroupId`]. Of two with the same precedence the
    /// first written is tried first.
    #[must_use]
    pub fn new(mut entries: Vec<Entry>, groups: Vec<Group>) -> Self {
        // Stable, so that the order in the file decides between equals.
        entries.sort_by(|a, b| a.rule.precedence(&b.rule));
        Self {
            index: Index::of(entries.iter().map(|entry| &entry.rule)),
            reads: entries
                .iter()
                .filter_map(|entry| Some(entry.rule.body()?.max))
                .max()
                .unwrap_or(0),
            entries,
            groups: groups.into_iter().map(Arc::new).collect(),
        }
    }

    /// Its routes with what they match, in the order in which they are tried.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Its routes to legacy or modern, in the order in which they are tried.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.entries.iter().filter_map(Entry::route)
    }

    /// The route of that name.
    #[must_use]
    pub fn route(&self, name: &str) -> Option<&Arc<Route>> {
        self.routes().find(|route| *route.name == *name)
    }

    /// Its groups, in the order of [`GroupId`].
    #[must_use]
    pub fn groups(&self) -> &[Arc<Group>] {
        &self.groups
    }

    /// A group of this table.
    #[must_use]
    pub fn group(&self, id: GroupId) -> Option<&Arc<Group>> {
        self.groups.get(id.0)
    }

    /// The group of that name.
    #[must_use]
    pub fn group_named(&self, name: &str) -> Option<&Arc<Group>> {
        self.groups.iter().find(|group| *group.name == *name)
    }

    /// The routes of a group.
    pub fn routes_of(&self, id: GroupId) -> impl Iterator<Item = &Arc<Route>> {
        self.routes().filter(move |route| route.group == id)
    }
}

/// The route a request takes.
///
/// # Errors
/// None matches. A path with a `.` or `..` segment matches none.
pub fn select(table: &Table, asked: &Asked<'_>) -> Result<Choice, NoRoute> {
    let mut candidates = Candidates {
        entries: &table.entries,
        asked,
        best: None,
    };
    table.index.find(asked, host(asked.parts), &mut candidates);
    let entry = candidates
        .best
        .and_then(|place| table.entries.get(place))
        .ok_or(NoRoute)?;
    if let Some(rule) = entry.rule.body() {
        match rule.judge(&asked.body) {
            _ if asked.body == Body::Unread => {
                return Ok(Choice::Wanted { limit: table.reads });
            }
            Judged::Refused(refused) => return Ok(Choice::Refused(refused)),
            Judged::Holds | Judged::Not(_) => {}
        }
    }
    let params = params(&entry.rule, asked.path());
    match &entry.action {
        Action::Fixed(fixed) => Ok(Choice::Fixed {
            fixed: Arc::clone(fixed),
            params,
        }),
        Action::Route(route) => Ok(Choice::Route(Selected {
            group: Arc::clone(table.group(route.group).ok_or(NoRoute)?),
            route: Arc::clone(route),
            params,
        })),
    }
}

/// Looks through lists of routes for the first whose conditions hold.
struct Candidates<'t, 'r> {
    entries: &'t [Entry],
    asked: &'t Asked<'r>,
    best: Option<usize>,
}

impl Search for Candidates<'_, '_> {
    fn among(&mut self, places: &[usize]) {
        for place in places {
            if !self.may_be(*place) {
                return;
            }
            let rule = self.entries.get(*place).map(|entry| &entry.rule);
            let holds = rule.is_some_and(|rule| {
                let path = self.asked.path();
                let regex = rule.path.expression();
                // The index has looked at the rest of the path, and at the host.
                regex.is_none_or(|regex| regex.holds(path)) && rest_holds(rule, self.asked).is_ok()
            });
            if holds {
                self.best = Some(*place);
                return;
            }
        }
    }

    fn may_be(&self, place: usize) -> bool {
        self.best.is_none_or(|best| place < best)
    }
}

/// Why a request is not for a rule: the first condition that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// Another host.
    Host,
    /// Another path.
    Path,
    /// Another method.
    Method,
    /// That condition (its place in the rule) does not hold.
    Condition(usize),
}

/// Whether a request is for a rule. By the rule alone, not by the index: the two are compared in tests.
pub(crate) fn holds(rule: &Match, asked: &Asked<'_>) -> Result<(), Mismatch> {
    let host = host(asked.parts);
    if let Some(wanted) = &rule.host
        && !host.is_some_and(|host| wanted.holds(host))
    {
        return Err(Mismatch::Host);
    }
    if !rule.path.holds(asked.path()) {
        return Err(Mismatch::Path);
    }
    rest_holds(rule, asked)
}

/// The conditions besides host and path.
fn rest_holds(rule: &Match, asked: &Asked<'_>) -> Result<(), Mismatch> {
    if !rule.methods.is_empty() && !rule.methods.contains(&asked.parts.method) {
        return Err(Mismatch::Method);
    }
    let unmet = rule.conditions.iter().position(|one| !one.holds(asked));
    unmet.map_or(Ok(()), |place| Err(Mismatch::Condition(place)))
}

/// The host a request is for, without port: the target's authority wins over the header (RFC 9112 section 3.2.2).
pub(crate) fn host(parts: &Parts) -> Option<&str> {
    let authority = match parts.uri.authority() {
        Some(authority) => authority.as_str(),
        None => parts.headers.get(http::header::HOST)?.to_str().ok()?,
    };
    // Byte by byte: a search for one in so short a text takes longer.
    let authority = match authority.bytes().rposition(|byte| byte == b'@') {
        Some(at) => authority.get(at.saturating_add(1)..).unwrap_or_default(),
        None => authority,
    };
    let host = match authority.bytes().rposition(|byte| !byte.is_ascii_digit()) {
        // A port; the colons of an IPv6 address stand in brackets.
        Some(at) if authority.as_bytes().get(at) == Some(&b':') => {
            authority.get(..at).unwrap_or_default()
        }
        _ => authority,
    };
    Some(host.strip_suffix('.').unwrap_or(host))
}

/// The parameters of a query, decoded as forms are.
pub(crate) fn parameters(query: &str) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (form_decoded(name), form_decoded(value))
        })
}

fn form_decoded(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('+') {
        return decoded(text);
    }
    Cow::Owned(decoded(&text.replace('+', " ")).into_owned())
}

/// The parameters of a path that the rule matches.
pub(crate) fn params(rule: &Match, path: &str) -> PathParams {
    if let Some(regex) = rule.path.expression() {
        return PathParams::new(regex.params(path));
    }
    let mut left = path.strip_prefix('/');
    let mut found = Vec::new();
    for segment in rule.path.segments() {
        let whole = left.unwrap_or_default();
        let (piece, after) = split_segment(whole);
        match segment {
            Segment::Literal(_) | Segment::Regex(_) => {}
            Segment::Parameter(name) => found.push((Arc::clone(name), Box::from(piece))),
            Segment::Rest(name) => found.push((Arc::clone(name), Box::from(whole))),
            Segment::Below(name) => {
                let below = left.map_or_else(String::new, |left| format!("/{left}"));
                found.push((Arc::clone(name), below.into()));
            }
        }
        left = after;
    }
    PathParams::new(found)
}

#[cfg(test)]
mod tests;
