//! Finds the routes that a request may be for, out of any number, by looking things up: host, segments of the path, then
//! the values that rules want as they are. Pure.
//!
//! Holds places in the table's list of routes, which is in order of precedence: the lowest place whose other conditions hold
//! is the answer. Shows lists of places, each lowest first, and leaves out what cannot be lower than the best one so far.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use http::HeaderName;

use crate::route::asked::Asked;
use crate::route::condition::Place;
use crate::route::key::cookies;
use crate::route::params::decoded;
use crate::route::pattern::{Segment, is_dots, segments, split_segment};
use crate::route::rule::{Host, Match};
use crate::route::table::parameters;

/// Lists up to this long are read through; longer ones are looked up by a value.
const SHORT: usize = 8;

/// The routes of a table by what they match.
#[derive(Debug, Default)]
pub(super) struct Index {
    exact: HashMap<Box<str>, Node>,
    /// By the end of the host, with its dot.
    below: HashMap<Box<str>, Node>,
    /// How many labels the longest of those ends has.
    labels: usize,
    any: Node,
}

/// What is in these maps is the file's: nobody outside can fill one with names that fall together.
type Quick = fnv::FnvBuildHasher;

/// The routes of a tree of path segments.
#[derive(Debug)]
struct Node {
    /// The lowest place in it and below it.
    lowest: usize,
    literals: HashMap<Box<[u8]>, Node, Quick>,
    parameter: Option<Box<Node>>,
    /// Routes whose path ends here.
    here: Leaf,
    /// Routes whose path goes on in any way.
    open: Option<Box<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    /// Those that take what follows a slash.
    rest: Leaf,
    /// Those that also take nothing, and those whose expression says what.
    below: Leaf,
}

/// Routes of one path.
#[derive(Debug, Default)]
struct Leaf {
    /// Lowest first; those that are looked up by a value are not in it.
    plain: Vec<usize>,
    values: Option<Box<Values>>,
}

/// Routes by a value that they want.
#[derive(Debug, Default)]
struct Values {
    headers: HashMap<HeaderName, ByValue>,
    queries: HashMap<Box<[u8]>, ByValue>,
    cookies: HashMap<Box<str>, ByValue>,
}

type ByValue = HashMap<Box<[u8]>, Vec<usize>>;

/// Who is shown lists of places, and what is the best of them so far.
pub(super) trait Search {
    /// Looks through a list.
    fn among(&mut self, places: &[usize]);
    /// Whether a place could still be the answer.
    fn may_be(&self, place: usize) -> bool;
}

impl Index {
    /// Of these rules, in order of precedence.
    pub(super) fn of<'m>(rules: impl Iterator<Item = &'m Match> + Clone) -> Self {
        let mut index = Self::default();
        for (place, rule) in rules.clone().enumerate() {
            let tree = match &rule.host {
                Some(Host::Exact(name)) => index.exact.entry(name.as_str().into()).or_default(),
                Some(Host::Below(suffix)) => {
                    index.labels = index.labels.max(suffix.matches('.').count());
                    index.below.entry(suffix.as_str().into()).or_default()
                }
                None => &mut index.any,
            };
            tree.insert(rule.path.segments(), place);
        }
        let rules: Vec<&Match> = rules.collect();
        for tree in index.exact.values_mut().chain(index.below.values_mut()) {
            tree.seal(&rules);
        }
        index.any.seal(&rules);
        index
    }

    /// Shows everything that a request may be for.
    pub(super) fn find(&self, asked: &Asked<'_>, host: Option<&str>, search: &mut impl Search) {
        let Some(path) = asked.path().strip_prefix('/') else {
            return;
        };
        if segments(path).any(is_dots) {
            return;
        }
        if let Some(host) = host.filter(|_| !self.exact.is_empty() || !self.below.is_empty()) {
            let host = lower(host);
            if let Some(tree) = self.exact.get(&*host) {
                tree.follow(Some(path), asked, search);
            }
            for end in ends(&host, self.labels) {
                if let Some(tree) = self.below.get(end) {
                    tree.follow(Some(path), asked, search);
                }
            }
        }
        self.any.follow(Some(path), asked, search);
    }
}

/// The ends of a host with their dots, up to so many labels long; something stands before each. A host may have far more labels than any
/// pattern, and each end is read whole when it is looked up.
fn ends(host: &str, labels: usize) -> impl Iterator<Item = &str> {
    host.rmatch_indices('.')
        .take(labels)
        .take_while(|(dot, _)| *dot > 0)
        .filter_map(|(dot, _)| host.get(dot..))
}

/// Names are compared without regard to case, and kept in lower case.
fn lower(host: &str) -> Cow<'_, str> {
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

impl Default for Node {
    fn default() -> Self {
        Self {
            lowest: usize::MAX,
            literals: HashMap::default(),
            parameter: None,
            here: Leaf::default(),
            open: None,
        }
    }
}

impl Node {
    fn insert(&mut self, segments: &[Segment], place: usize) {
        self.lowest = self.lowest.min(place);
        let Some((first, after)) = segments.split_first() else {
            self.here.plain.push(place);
            return;
        };
        match first {
            Segment::Literal(text) => self
                .literals
                .entry(text.clone())
                .or_default()
                .insert(after, place),
            Segment::Parameter(_) => self.parameter.get_or_insert_default().insert(after, place),
            Segment::Rest(_) => self.open.get_or_insert_default().rest.plain.push(place),
            Segment::Below(_) | Segment::Regex(_) => {
                self.open.get_or_insert_default().below.plain.push(place);
            }
        }
    }

    fn seal(&mut self, rules: &[&Match]) {
        self.here.seal(rules);
        if let Some(open) = &mut self.open {
            open.rest.seal(rules);
            open.below.seal(rules);
        }
        for node in self
            .literals
            .values_mut()
            .chain(self.parameter.as_deref_mut())
        {
            node.seal(rules);
        }
    }

    /// `left` is what follows the slash that led here; none at the end. As deep as the table, not as the path.
    fn follow(&self, left: Option<&str>, asked: &Asked<'_>, search: &mut impl Search) {
        if !search.may_be(self.lowest) {
            return;
        }
        match left {
            None => self.here.show(asked, search),
            Some(left) => {
                let (piece, after) = split_segment(left);
                if !self.literals.is_empty()
                    && let Some(node) = self.literals.get(&*decoded(piece))
                {
                    node.follow(after, asked, search);
                }
                if let Some(node) = self.parameter.as_ref().filter(|_| !piece.is_empty()) {
                    node.follow(after, asked, search);
                }
            }
        }
        if let Some(open) = &self.open {
            open.below.show(asked, search);
            if left.is_some() {
                open.rest.show(asked, search);
            }
        }
    }
}

impl Leaf {
    /// Puts routes under a value that they want, where there are many. Of several such values the one that tells most of them
    /// apart.
    fn seal(&mut self, rules: &[&Match]) {
        if self.plain.len() <= SHORT {
            return;
        }
        let exact = |place: &usize| {
            let conditions = rules.get(*place).map_or(&[][..], |rule| &rule.conditions);
            conditions.iter().filter_map(|condition| condition.exact())
        };
        let mut found: HashMap<Place<'_>, HashSet<&str>> = HashMap::new();
        for (place, value) in self.plain.iter().flat_map(exact) {
            found.entry(place).or_default().insert(value);
        }
        let mut values = Values::default();
        self.plain.retain(|place| {
            let best = exact(place)
                .filter(|(at, _)| found.get(at).is_some_and(|values| values.len() > 1))
                .max_by_key(|(at, _)| found.get(at).map_or(0, HashSet::len));
            let Some((at, value)) = best else {
                return true;
            };
            let by_value = match at {
                Place::Header(name) => values.headers.entry(name.clone()).or_default(),
                Place::Query(name) => values.queries.entry(name.as_bytes().into()).or_default(),
                Place::Cookie(name) => values.cookies.entry(name.into()).or_default(),
            };
            by_value
                .entry(value.as_bytes().into())
                .or_default()
                .push(*place);
            false
        });
        if values.headers.len() + values.queries.len() + values.cookies.len() > 0 {
            self.values = Some(Box::new(values));
        }
    }

    fn show(&self, asked: &Asked<'_>, search: &mut impl Search) {
        if let Some(values) = &self.values {
            values.show(asked, search);
        }
        search.among(&self.plain);
    }
}

impl Values {
    fn show(&self, asked: &Asked<'_>, search: &mut impl Search) {
        let mut wanted = |by_value: &ByValue, value: &[u8]| {
            if let Some(places) = by_value.get(value) {
                search.among(places);
            }
        };
        let headers = &asked.parts.headers;
        // Whichever is less: the names that routes ask for, or those that are there.
        if self.headers.len() <= headers.keys_len() {
            for (name, by_value) in &self.headers {
                for value in headers.get_all(name) {
                    wanted(by_value, value.as_bytes());
                }
            }
        } else {
            for (name, value) in headers {
                if let Some(by_value) = self.headers.get(name) {
                    wanted(by_value, value.as_bytes());
                }
            }
        }
        if !self.queries.is_empty() {
            for (name, value) in parameters(asked.parts.uri.query().unwrap_or_default()) {
                if let Some(by_value) = self.queries.get(&*name) {
                    wanted(by_value, &value);
                }
            }
        }
        if !self.cookies.is_empty() {
            for (name, value) in cookies(headers) {
                if let Some(by_value) = self.cookies.get(name) {
                    wanted(by_value, value.as_bytes());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::pattern::Pattern;

    #[test]
    fn no_more_of_a_host_is_looked_up_than_patterns_have_labels() {
        let seen = |host, labels| ends(host, labels).collect::<Vec<_>>();
        assert_eq!(seen("a.b.c.d", 2), [".d", ".c.d"]);
        assert_eq!(seen("a.b", 9), [".b"]);
        assert_eq!(seen(".a.b", 9), [".b", ".a.b"].split_at(1).0);
        assert_eq!(seen("a.b.c", 0), [""; 0]);
        let long = "a.".repeat(30_000);
        assert_eq!(ends(&long, 3).count(), 3);
        let below = |end: &str| Match {
            host: Some(Host::Below(end.into())),
            ..Match::path(Pattern::parse("/").unwrap())
        };
        let rules = [below(".example.com"), below(".com")];
        assert_eq!(Index::of(rules.iter()).labels, 2);
    }
}
