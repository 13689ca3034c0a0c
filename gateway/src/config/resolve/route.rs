//! Routes: what each matches and what becomes of its requests.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;

use super::Resolver;
use super::group::Drafts;
use super::idempotency::Of;
use super::leg::Around;
use crate::config::file::{self, File};
use crate::config::units;
use crate::mode::Percent;
use crate::route::shape::{Shape, Shapes};
use crate::route::{
    Action, Edits, Effect, Entry, Fallback, Group, Leg, Match, MirrorPolicy, Rewrite, Route, Side,
};

const TIMEOUT: Duration = Duration::from_secs(30);

impl Resolver<'_> {
    /// Every route without a fault, and every group.
    pub(super) fn routes(&mut self, file: &File) -> (Vec<Entry>, Vec<Group>) {
        let mut drafts = Drafts::of(file);
        let mut entries: Vec<Entry> = Vec::new();
        let mut names: HashMap<&str, ()> = HashMap::new();
        // What rules match, with the names of their routes; also of routes with other faults.
        let mut rules: HashMap<String, &Spanned<String>> = HashMap::new();
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
                if let Some(other) = rules.get(&rule.identity()) {
                    let other = other.get_ref().clone();
                    self.fault_with_help(
                        &route.rule,
                        format!("route \"{}\" can never be reached: route \"{other}\" matches the same requests and stands before it", route.name.get_ref()),
                        "match on something more (method, headers, query), or take one of the two out",
                    );
                }
                rules.entry(rule.identity()).or_insert(&route.name);
            }
            let pattern = rule.as_ref().map(|rule| &rule.path);
            match self.fixed(route, pattern) {
                Some(None) => {}
                Some(Some(fixed)) => {
                    entries.extend(rule.map(|rule| Entry {
                        rule,
                        action: Action::Fixed(Arc::new(fixed)),
                    }));
                    continue;
                }
                None => continue,
            }
            let effect = self.effect(route);
            let group = self.group_of(route, effect, &mut drafts);
            let back = group.and_then(|group| drafts.back(group));
            let back =
                back.and_then(|(name, policy)| self.back_of(route, name, effect, policy.as_ref()));
            let resolved = self.route(route, effect, rule.as_ref());
            if let (Some(rule), Some(mut route), Some(group)) = (rule, resolved, group) {
                route.group = group;
                route.back = back;
                entries.push(Entry {
                    rule,
                    action: Action::Route(Arc::new(route)),
                });
            }
        }
        let groups = self.groups(&drafts);
        self.readers(file, &entries);
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
        let methods = route.rule.get_ref().method.as_ref();
        let methods = methods.map_or(Vec::new(), |methods| methods.get_ref().each(methods.span()));
        let of_method = |method: &Spanned<String>| match method.get_ref().as_str() {
            "GET" | "HEAD" | "OPTIONS" | "TRACE" => Effect::Read,
            "PUT" | "DELETE" => Effect::Idempotent,
            _ => Effect::Write,
        };
        // Of several methods, that of the one which does most.
        let strongest = |a: Effect, b: Effect| match (a, b) {
            (Effect::Write, _) | (_, Effect::Write) => Effect::Write,
            (Effect::Idempotent, _) | (_, Effect::Idempotent) => Effect::Idempotent,
            (Effect::Read, Effect::Read) => Effect::Read,
        };
        stated.unwrap_or_else(|| {
            methods
                .iter()
                .map(of_method)
                .reduce(strongest)
                .unwrap_or(Effect::Write)
        })
    }

    /// The route, in a group that its caller knows. `None` only when there is a fault.
    fn route(
        &mut self,
        route: &file::Route,
        effect: Effect,
        rule: Option<&Match>,
    ) -> Option<Route> {
        let (mapped, answered) = self.client_shapes(route);
        let request = self.shape_or(route.request.as_ref(), mapped.unwrap_or(Shape::Opaque));
        let response = self.shape_or(route.response.as_ref(), answered.unwrap_or(Shape::Opaque));
        let client = match (request, response) {
            (Some(request), Some(response)) => Some(Shapes { request, response }),
            _ => None,
        };
        let pattern = rule.map(|rule| &rule.path);
        let edits = self.edits(route.request_headers.as_ref(), pattern);
        let rewrite = Rewrite {
            host: None,
            request: edits.clone().unwrap_or_default(),
            response: Edits::default(),
        };
        let answers = self.edits(route.response_headers.as_ref(), pattern);
        let rewrite = Rewrite {
            response: answers.clone().unwrap_or_default(),
            ..rewrite
        };
        let around = Around {
            client: client.as_ref(),
            pattern,
            effect,
            rewrite: &rewrite,
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
        if let Some(client) = &client {
            self.records_fit(route, client, sides, max_body);
        }
        let when_closed = self.when_closed(route, effect, timeout);
        let errors = self.error_form(route.errors.as_ref());
        let written = self.written(route, effect);
        let once = self.idempotency(
            route,
            &Of {
                effect,
                client: client.as_ref(),
                legs: sides,
                timeout,
            },
        );
        self.unused_of_route(route, sides);
        let compare = client
            .as_ref()
            .and_then(|client| self.rules(route, effect, client, sides));
        edits.and(answers)?;
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
            max_streamed: route.max_body.as_ref().map(|_| max_body),
            errors: Arc::new(errors?),
            when_closed: when_closed?,
            written: written?,
            compare: Arc::new(compare?),
            back: None,
            idempotency: once?,
            client: client?,
        })
    }

    /// A record that must be gathered, and never could be, is found now and not at the first request.
    fn records_fit(
        &mut self,
        route: &file::Route,
        client: &Shapes,
        legs: [Option<&Leg>; 2],
        max_body: usize,
    ) {
        let of_legs = legs.into_iter().flatten().map(|leg| &leg.shapes);
        let shapes = of_legs
            .chain([client])
            .flat_map(|shapes| [&shapes.request, &shapes.response]);
        let longest = shapes.filter_map(|shape| match shape {
            Shape::Record(layout) => Some((layout.max_len(), layout.name().to_owned())),
            _ => None,
        });
        let Some((bytes, name)) = longest.max().filter(|(bytes, _)| *bytes > max_body) else {
            return;
        };
        let at = route.max_body.as_ref().unwrap_or(&route.name);
        self.fault(
            at,
            format!(
                "record {name} has up to {bytes} bytes, and a body of this route at most {max_body}"
            ),
        );
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
}

/// Nothing where a part that is there has a fault; no part where it is not there.
pub(super) fn flat<T>(part: Option<Option<T>>) -> Option<Option<T>> {
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
