//! Routes: what each matches and what becomes of its requests.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use toml::Spanned;

use super::Resolver;
use super::group::Drafts;
use super::leg::{Around, known_parameters};
use crate::config::file::{self, File, in_order};
use crate::config::units;
use crate::mode::Percent;
use crate::route::shape::{Shape, Shapes};
use crate::route::{
    Effect, Entry, Fallback, Group, Host, KeySource, Leg, Match, MirrorPolicy, Pattern, Route, Side,
};

const TIMEOUT: Duration = Duration::from_secs(30);

impl Resolver<'_> {
    /// Every route without a fault, and every group.
    pub(super) fn routes(&mut self, file: &File) -> (Vec<Entry>, Vec<Group>) {
        let mut drafts = Drafts::of(file);
        let mut entries: Vec<Entry> = Vec::new();
        let mut names: HashMap<&str, ()> = HashMap::new();
        // Rules with the names of their routes, also of routes with other faults.
        let mut rules: Vec<(Match, &Spanned<String>)> = Vec::new();
        for route in &file.routes {
            self.route_name(&route.name);
            if names.insert(route.name.get_ref(), ()).is_some() {
                self.fault(
                    &route.name,
                    format!("two routes are called \"{}\"", route.name.get_ref()),
                );
                continue;
            }
            let rule = self.rule(route.rule.get_ref());
            if let Some(rule) = &rule {
                let other = rules.iter().find(|(other, _)| other.same_as(rule));
                if let Some((_, other)) = other {
                    let other = other.get_ref().clone();
                    self.fault_with_help(
                        &route.rule,
                        format!("route \"{}\" can never be reached: route \"{other}\" matches the same requests and stands before it", route.name.get_ref()),
                        "match on something more (method, headers, query), or take one of the two out",
                    );
                }
                rules.push((rule.clone(), &route.name));
            }
            let effect = self.effect(route);
            let group = self.group_of(route, effect, &mut drafts);
            let resolved = self.route(route, effect, rule.as_ref());
            if let (Some(rule), Some(mut route), Some(group)) = (rule, resolved, group) {
                route.group = group;
                entries.push(Entry {
                    rule,
                    route: Arc::new(route),
                });
            }
        }
        let groups = self.groups(&drafts);
        (entries, groups)
    }

    /// Names are labels of metrics and words of a command line.
    fn route_name(&mut self, name: &Spanned<String>) {
        let text = name.get_ref();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_empty() || text.len() > 100 || !text.chars().all(fits) {
            self.fault_with_help(
                name,
                format!("\"{text}\" cannot be the name of a route"),
                "letters, digits, `.`, `_` and `-`, at most 100",
            );
        }
    }

    /// By the file, else by the method; a route of any method may change data.
    fn effect(&mut self, route: &file::Route) -> Effect {
        let stated = route.effect.as_ref().and_then(|effect| {
            self.word(
                effect,
                "effect",
                &[
                    ("read", Effect::Read),
                    ("idempotent", Effect::Idempotent),
                    ("write", Effect::Write),
                ],
            )
        });
        let method = route.rule.get_ref().method.as_ref();
        stated.unwrap_or_else(|| match method.map(|method| method.get_ref().as_str()) {
            Some("GET" | "HEAD" | "OPTIONS" | "TRACE") => Effect::Read,
            Some("PUT" | "DELETE") => Effect::Idempotent,
            Some(_) | None => Effect::Write,
        })
    }

    /// What a route matches. `None` only when there is a fault.
    fn rule(&mut self, rule: &file::Match) -> Option<Match> {
        let host = rule.host.as_ref().map(|host| {
            Host::parse(host.get_ref())
                .map_err(|message| self.fault(host, message))
                .ok()
        });
        let method = rule.method.as_ref().map(|method| self.method(method));
        let path = self.pattern(&rule.path);
        let headers: Vec<_> = in_order(&rule.headers)
            .into_iter()
            .map(|(name, value)| self.header(name, value))
            .collect();
        for (place, (name, _)) in in_order(&rule.headers).iter().enumerate() {
            let same = |other: &Option<(HeaderName, HeaderValue)>| {
                other
                    .as_ref()
                    .is_some_and(|(other, _)| other.as_str().eq_ignore_ascii_case(name.get_ref()))
            };
            if headers.iter().take(place).any(same) {
                self.fault(name, "this header stands here twice, in another case");
            }
        }
        Some(Match {
            host: flat(host)?,
            path: path?,
            method: flat(method)?,
            headers: headers.into_iter().collect::<Option<_>>()?,
            query: in_order(&rule.query)
                .into_iter()
                .map(|(name, value)| (name.get_ref().clone(), value.get_ref().clone()))
                .collect(),
        })
    }

    fn pattern(&mut self, path: &Spanned<String>) -> Option<Pattern> {
        Pattern::parse(path.get_ref())
            .map_err(|(place, message)| {
                let span = self.inside(path, place);
                self.faults.push(self.text.fault(span, message));
            })
            .ok()
    }

    /// The bytes of the file that a part of a text stands at, where it stands there as it is: without escapes.
    fn inside(
        &self,
        text: &Spanned<String>,
        part: std::ops::Range<usize>,
    ) -> std::ops::Range<usize> {
        let span = text.span();
        let written = self.text.text().get(span.clone()).unwrap_or_default();
        let quoted = written
            .get(1..written.len().saturating_sub(1))
            .is_some_and(|inner| inner == text.get_ref());
        if quoted {
            span.start + 1 + part.start..span.start + 1 + part.end
        } else {
            span
        }
    }

    fn method(&mut self, method: &Spanned<String>) -> Option<Method> {
        let text = method.get_ref();
        let upper = text.to_ascii_uppercase();
        let known = Method::from_bytes(text.as_bytes()).ok();
        if upper != *text && known.is_some() {
            self.fault_with_help(
                method,
                format!("no client asks with method \"{text}\""),
                format!("methods are written in capitals: \"{upper}\""),
            );
            return None;
        }
        if upper == "CONNECT" {
            self.fault(
                method,
                "the gateway carries no tunnels: CONNECT never comes to a route",
            );
            return None;
        }
        if known.is_none() {
            self.fault(method, format!("\"{text}\" is no HTTP method"));
        }
        known
    }

    fn header(
        &mut self,
        name: &Spanned<String>,
        value: &Spanned<String>,
    ) -> Option<(HeaderName, HeaderValue)> {
        let header = self.header_name(name);
        let wanted = HeaderValue::from_str(value.get_ref());
        if wanted.is_err() {
            self.fault(value, "a header cannot have this value");
        }
        Some((header?, wanted.ok()?))
    }

    fn header_name(&mut self, name: &Spanned<String>) -> Option<HeaderName> {
        let Ok(header) = name.get_ref().parse::<HeaderName>() else {
            self.fault(
                name,
                format!("\"{}\" is no name of a header", name.get_ref()),
            );
            return None;
        };
        if header.as_str().starts_with("figway-") {
            self.fault(
                name,
                "Figway-* headers of clients are taken off before routes are looked at",
            );
            return None;
        }
        Some(header)
    }

    /// The route, in a group that its caller knows. `None` only when there is a fault.
    fn route(
        &mut self,
        route: &file::Route,
        effect: Effect,
        rule: Option<&Match>,
    ) -> Option<Route> {
        let request = self.shape_or(route.request.as_ref(), Shape::Opaque);
        let response = self.shape_or(route.response.as_ref(), Shape::Opaque);
        let client = match (request, response) {
            (Some(request), Some(response)) => Some(Shapes { request, response }),
            _ => None,
        };
        let around = Around {
            client: client.as_ref(),
            pattern: rule.map(|rule| &rule.path),
            effect,
        };
        let mut legs = |side, leg: &Option<_>| match leg {
            Some(leg) => self.leg(side, leg, &around).map(Some),
            None => Some(None),
        };
        let legacy = legs(Side::Legacy, &route.legacy);
        let modern = legs(Side::Modern, &route.modern);
        if route.legacy.is_none() && route.modern.is_none() {
            self.fault_with_help(
                &route.name,
                format!("route \"{}\" has neither side", route.name.get_ref()),
                "write legacy = \"BACKEND\", modern = \"BACKEND\", or both",
            );
        }
        let sides = [flat_ref(&legacy), flat_ref(&modern)];
        let canary_key = route
            .canary_key
            .as_ref()
            .map(|key| self.key(key, client.as_ref(), around.pattern, sides));
        let fallback = self.fallback(route, effect);
        let mirror = self.mirror(route, effect);
        let timeout = self.parsed(route.timeout.as_ref(), TIMEOUT, units::duration);
        let max_body = self.parsed(route.max_body.as_ref(), self.max_body, units::size);
        let errors = self.error_form(route.errors.as_ref());
        let compare = client
            .as_ref()
            .and_then(|client| self.rules(&route.ignore, client, sides));
        Some(Route {
            name: Arc::from(route.name.get_ref().as_str()),
            group: crate::route::GroupId(0),
            effect,
            legacy: legacy?,
            modern: modern?,
            canary_key: flat(canary_key)?,
            mirror,
            fallback,
            timeout,
            max_body,
            errors: Arc::new(errors?),
            compare: Arc::new(compare?),
            client: client?,
        })
    }

    fn fallback(&mut self, route: &file::Route, effect: Effect) -> Fallback {
        let Some(value) = &route.fallback else {
            return Fallback::None;
        };
        let fallback = self
            .word(
                value,
                "fallback",
                &[("none", Fallback::None), ("legacy", Fallback::Legacy)],
            )
            .unwrap_or(Fallback::None);
        if fallback == Fallback::None {
            return fallback;
        }
        if effect.changes_data() {
            self.fault_with_help(
                value,
                "only reads may fall back: what changes data could be executed in both systems",
                "write effect = \"read\" if the route changes nothing, else take the fallback out",
            );
        }
        for (side, leg) in [("legacy", &route.legacy), ("modern", &route.modern)] {
            if leg.is_none() {
                self.fault(
                    value,
                    format!(
                        "the route has no {side} side, so there is nothing to fall back {}",
                        if side == "legacy" { "to" } else { "from" }
                    ),
                );
            }
        }
        fallback
    }

    fn mirror(&mut self, route: &file::Route, effect: Effect) -> MirrorPolicy {
        let none = MirrorPolicy {
            sample: Percent::ALL,
            always: false,
            writes: false,
        };
        let Some(value) = &route.mirror else {
            return none;
        };
        let mirror = value.get_ref();
        let sample = mirror
            .sample
            .as_ref()
            .and_then(|sample| self.percent(sample, *sample.get_ref()));
        if effect.changes_data() && !mirror.writes {
            self.fault_with_help(
                value,
                "the route changes data, and mirroring it is not asked for by name",
                "add writes = true if the new service acts dry on requests with Figway-Shadow: true, or say effect = \"read\"",
            );
        }
        if !effect.changes_data() && mirror.writes {
            self.fault(
                value,
                "the route changes no data: writes = true says nothing here",
            );
        }
        if route.legacy.is_none() || route.modern.is_none() {
            self.fault(value, "a mirror needs both sides, legacy and modern");
        }
        MirrorPolicy {
            sample: sample.unwrap_or(Percent::ALL),
            always: mirror.always,
            writes: mirror.writes,
        }
    }

    fn key(
        &mut self,
        key: &Spanned<file::CanaryKey>,
        client: Option<&Shapes>,
        pattern: Option<&Pattern>,
        legs: [Option<&Leg>; 2],
    ) -> Option<KeySource> {
        let places = key.get_ref();
        let given = [
            &places.field,
            &places.header,
            &places.cookie,
            &places.path,
            &places.query,
        ];
        if given.iter().filter(|place| place.is_some()).count() != 1 {
            self.fault(key, "wanted one of: field, header, cookie, path, query");
            return None;
        }
        if let Some(name) = &places.header {
            return self.header_name(name).map(KeySource::Header);
        }
        if let Some(name) = &places.cookie {
            return Some(KeySource::Cookie(name.get_ref().clone()));
        }
        if let Some(name) = &places.query {
            return Some(KeySource::Query(name.get_ref().clone()));
        }
        if let Some(name) = &places.path {
            let pattern = pattern?;
            if !pattern
                .parameters()
                .any(|given| **given == **name.get_ref())
            {
                self.fault_with_help(
                    name,
                    format!("the route's path has no parameter {{{}}}", name.get_ref()),
                    known_parameters(pattern),
                );
                return None;
            }
            return Some(KeySource::Path(name.get_ref().clone()));
        }
        let field = places.field.as_ref()?;
        match &client?.request {
            Shape::Opaque => {
                self.fault_with_help(
                    field,
                    "requests are opaque: no field can be found in them",
                    "say what clients send with request = \"json\" or { record = \"…\" }, or take the key from elsewhere",
                );
                None
            }
            Shape::Record(layout) => {
                let layout = Arc::clone(layout);
                let path = self.elementary(field, &layout)?;
                Some(KeySource::Field { layout, path })
            }
            Shape::Json => {
                let names: Vec<String> = field.get_ref().split('.').map(str::to_owned).collect();
                if names.iter().any(String::is_empty) {
                    self.fault(
                        field,
                        format!(
                            "wanted names of members with dots between them, got \"{}\"",
                            field.get_ref()
                        ),
                    );
                    return None;
                }
                // Where JSON becomes a record, its members are the copybook's fields.
                for leg in legs.into_iter().flatten() {
                    if let Shape::Record(layout) = &leg.shapes.request {
                        self.member(field, &names, layout);
                    }
                }
                Some(KeySource::Member(names))
            }
        }
    }
}

/// Nothing where a part that is there has a fault; no part where it is not there.
fn flat<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    match part {
        Some(None) => None,
        Some(Some(part)) => Some(Some(part)),
        None => Some(None),
    }
}

/// The leg, where there is one without a fault.
#[allow(
    clippy::option_option,
    reason = "outside: no fault; inside: there is one"
)]
fn flat_ref(leg: &Option<Option<Arc<Leg>>>) -> Option<&Leg> {
    leg.as_ref()?.as_deref()
}
