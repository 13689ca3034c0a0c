//! The table of routes, and the one question it answers: which of them a request takes. Pure.
//!
//! In: the head of a request. Out: [`Selected`] or [`NoRoute`]. Paths are found in a tree of segments; what they lead to
//! is in order of precedence, so the first whose other conditions hold is the answer. Allocates nothing but the
//! parameters of the path (and a decoded segment where one is percent-encoded).

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use http::request::Parts;

use crate::route::params::{PathParams, decoded};
use crate::route::rule::{Match, Segment, is_dots};
use crate::route::{Group, GroupId, Route};

/// Every route, in the order in which they are tried. Immutable.
#[derive(Debug)]
pub struct Table {
    entries: Vec<Entry>,
    groups: Vec<Arc<Group>>,
    paths: Node,
}

/// A route with what it matches.
#[derive(Debug)]
pub struct Entry {
    /// Which requests.
    pub rule: Match,
    /// What becomes of them.
    pub route: Arc<Route>,
}

/// The routes of a tree of path segments: places in the table's entries, lowest first.
#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<[u8]>, Node>,
    parameter: Option<Box<Node>>,
    /// Routes whose path ends here.
    here: Vec<usize>,
    /// Routes that take whatever follows.
    rest: Vec<usize>,
}

/// What a request takes.
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
        let mut paths = Node::default();
        for (place, entry) in entries.iter().enumerate() {
            paths.insert(entry.rule.path.segments(), place);
        }
        Self {
            entries,
            groups: groups.into_iter().map(Arc::new).collect(),
            paths,
        }
    }

    /// Its routes with what they match, in the order in which they are tried.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Its routes, in the order in which they are tried.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.entries.iter().map(|entry| &entry.route)
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
pub fn select(table: &Table, parts: &Parts) -> Result<Selected, NoRoute> {
    // `OPTIONS *` asks of a server as a whole what is asked of its root otherwise (RFC 9110 section 9.3.7).
    let path = match parts.uri.path() {
        "*" => "/",
        path => path,
    };
    let host = host(parts);
    let mut best: Option<usize> = None;
    table.paths.find(path, &mut |candidates| {
        for place in candidates {
            if best.is_some_and(|best| best <= *place) {
                return;
            }
            let holds = table
                .entries
                .get(*place)
                .is_some_and(|entry| head_holds(&entry.rule, host, parts).is_ok());
            if holds {
                best = Some(*place);
                return;
            }
        }
    });
    let entry = best
        .and_then(|place| table.entries.get(place))
        .ok_or(NoRoute)?;
    let group = table.group(entry.route.group).ok_or(NoRoute)?;
    Ok(Selected {
        params: params(&entry.rule, path),
        route: Arc::clone(&entry.route),
        group: Arc::clone(group),
    })
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
    /// That header (its place in the rule) is missing or says something else.
    Header(usize),
    /// That query parameter (its place in the rule) is missing or says something else.
    Query(usize),
}

/// The conditions besides the path.
pub(crate) fn head_holds(rule: &Match, host: Option<&str>, parts: &Parts) -> Result<(), Mismatch> {
    if let Some(wanted) = &rule.host
        && !host.is_some_and(|host| wanted.holds(host))
    {
        return Err(Mismatch::Host);
    }
    if let Some(method) = &rule.method
        && *method != parts.method
    {
        return Err(Mismatch::Method);
    }
    for (place, (name, value)) in rule.headers.iter().enumerate() {
        if !parts
            .headers
            .get_all(name)
            .iter()
            .any(|given| given == value)
        {
            return Err(Mismatch::Header(place));
        }
    }
    for (place, (name, value)) in rule.query.iter().enumerate() {
        let query = parts.uri.query().unwrap_or_default();
        if !parameters(query)
            .any(|(given, text)| *given == *name.as_bytes() && *text == *value.as_bytes())
        {
            return Err(Mismatch::Query(place));
        }
    }
    Ok(())
}

/// The host a request is for, without port: the target's authority wins over the header (RFC 9112 section 3.2.2).
pub(crate) fn host(parts: &Parts) -> Option<&str> {
    let authority = match parts.uri.authority() {
        Some(authority) => authority.as_str(),
        None => parts.headers.get(http::header::HOST)?.to_str().ok()?,
    };
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match authority.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
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
fn params(rule: &Match, path: &str) -> PathParams {
    let Some(mut left) = path.strip_prefix('/') else {
        return PathParams::default();
    };
    let mut found = Vec::new();
    for segment in rule.path.segments() {
        let (piece, after) = left.split_once('/').unwrap_or((left, ""));
        match segment {
            Segment::Literal(_) => {}
            Segment::Parameter(name) => found.push((Arc::clone(name), Box::from(piece))),
            Segment::Rest(name) => found.push((Arc::clone(name), Box::from(left))),
        }
        left = after;
    }
    PathParams::new(found)
}

impl Node {
    fn insert(&mut self, segments: &[Segment], place: usize) {
        let Some((first, after)) = segments.split_first() else {
            self.here.push(place);
            return;
        };
        match first {
            Segment::Literal(text) => self
                .literals
                .entry(text.clone())
                .or_default()
                .insert(after, place),
            Segment::Parameter(_) => self.parameter.get_or_insert_default().insert(after, place),
            Segment::Rest(_) => self.rest.push(place),
        }
    }

    /// Shows `each` list of routes that a path leads to, most exact first.
    fn find(&self, path: &str, each: &mut impl FnMut(&[usize])) {
        let Some(rest) = path.strip_prefix('/') else {
            return;
        };
        if rest.split('/').any(is_dots) {
            return;
        }
        self.follow(Some(rest), each);
    }

    /// `left` is what follows the slash that led here; none at the end. As deep as the table, not as the path.
    fn follow(&self, left: Option<&str>, each: &mut impl FnMut(&[usize])) {
        let Some(left) = left else {
            return each(&self.here);
        };
        let (piece, after) = match left.split_once('/') {
            Some((piece, after)) => (piece, Some(after)),
            None => (left, None),
        };
        if let Some(node) = self.literals.get(&*decoded(piece)) {
            node.follow(after, each);
        }
        if let Some(node) = self.parameter.as_ref().filter(|_| !piece.is_empty()) {
            node.follow(after, each);
        }
        each(&self.rest);
    }
}

#[cfg(test)]
mod tests;
