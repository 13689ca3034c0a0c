//! Groups whose writes go back to legacy: what is said of it, and whether it can hold.

use std::sync::Arc;

use http::HeaderName;
use kafka::reply::HeaderForm;
use toml::Spanned;

use super::Resolver;
use crate::config::file::{self, Either};
use crate::config::{BackendSpec, units};
use crate::route::back::{AfterParked, BackPolicy, InDoubt};
use crate::route::{Effect, PathTemplate};

/// The most writes that are sent at once, and the most partitions that a topic gets.
const MOST: i64 = 1_000;
/// An operator's request takes a minute at most.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(50);
/// What a path may name by which legacy is asked.
const NAMES: [&str; 2] = ["request_id", "key"];
/// What never goes into a topic: whoever sends it means it for this one request.
const SECRET: [&str; 4] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
];

impl Resolver<'_> {
    /// What `[groups.NAME.write_back]` says.
    pub(super) fn back_policy(&mut self, said: Option<&Spanned<file::WriteBack>>) -> BackPolicy {
        let usual = BackPolicy::default();
        let Some(said) = said.map(Spanned::get_ref) else {
            return usual;
        };
        let in_doubt = said.in_doubt.as_ref().and_then(|said| self.in_doubt(said));
        let after_parked = said.after_parked.as_ref().and_then(|word| {
            let known = [("wait", AfterParked::Wait), ("go_on", AfterParked::GoOn)];
            self.word(word, "after_parked", &known)
        });
        let marker = said.marker.as_ref();
        let marker = marker.and_then(|name| self.header_name(name));
        let fields = said.fields.iter().filter_map(|name| self.kept_field(name));
        let fields = fields.collect();
        let deadline = self.parsed(said.deadline.as_ref(), usual.deadline, units::duration);
        if let Some(at) = &said.deadline
            && deadline > LONGEST
        {
            let most = LONGEST.as_secs();
            self.fault(at, format!("an operator waits for it: at most \"{most}s\""));
        }
        BackPolicy {
            in_doubt: in_doubt.unwrap_or(usual.in_doubt),
            after_parked: after_parked.unwrap_or(usual.after_parked),
            marker,
            fields,
            deadline,
            at_once: self.number_up_to(said.at_once.as_ref(), usual.at_once),
            longest_wait: self.parsed(
                said.longest_wait.as_ref(),
                usual.longest_wait,
                units::duration,
            ),
            partitions: self.number_up_to(said.partitions.as_ref(), usual.partitions),
        }
    }

    fn number_up_to<T: TryFrom<i64>>(&mut self, said: Option<&Spanned<i64>>, usual: T) -> T {
        let Some(said) = said else { return usual };
        let number = *said.get_ref();
        let fits = (1..=MOST).contains(&number);
        T::try_from(number)
            .ok()
            .filter(|_| fits)
            .unwrap_or_else(|| {
                self.fault(
                    said,
                    format!("wanted a number from 1 to {MOST}, got {number}"),
                );
                usual
            })
    }

    fn kept_field(&mut self, name: &Spanned<String>) -> Option<HeaderName> {
        let field = self.header_name(name)?;
        if SECRET.contains(&field.as_str()) {
            self.fault_with_help(
                name,
                format!("{field} would be kept in a topic, and legacy gets it later"),
                "give the legacy backend an identity of its own: identity = { … }",
            );
            return None;
        }
        Some(field)
    }

    fn in_doubt(&mut self, said: &Spanned<Either<file::AskLegacy>>) -> Option<InDoubt> {
        let check = match said.get_ref() {
            Either::Word(word) => {
                let known = [("park", InDoubt::Park), ("again", InDoubt::Again)];
                let found = known.into_iter().find(|(name, _)| name == word);
                if found.is_none() {
                    self.fault(
                        said,
                        format!("unknown in_doubt \"{word}\"; known are: \"park\", \"again\", {{ ask = \"/path/{{request_id}}\" }}"),
                    );
                }
                return found.map(|(_, in_doubt)| in_doubt);
            }
            Either::Table(check) => &check.ask,
        };
        let text = check.get_ref();
        let template = PathTemplate::parse(text).map_err(|message| self.fault(check, message));
        let template = template.ok()?;
        if !text.starts_with('/') {
            self.fault(
                check,
                format!("wanted a path that begins with `/`, got \"{text}\""),
            );
            return None;
        }
        let other = template
            .parameters()
            .find(|name| !NAMES.contains(name))
            .map(str::to_owned);
        if let Some(other) = other {
            self.fault_with_help(
                check,
                format!("a write has no {{{other}}}"),
                "it has {request_id} and {key}",
            );
            return None;
        }
        if template.parameters().next().is_none() {
            self.fault_with_help(
                check,
                "this asks the same of every write",
                "name it: /postings/{request_id}, or {key}",
            );
            return None;
        }
        Some(InDoubt::Ask(template))
    }

    /// Whether the writes of a group can go back to legacy: every way on which one could be lost is a fault.
    pub(super) fn back_holds(
        &mut self,
        at: &Spanned<String>,
        group: &Spanned<String>,
        routes: &[(&file::Route, Effect)],
    ) {
        let name = group.get_ref();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || name.len() > 200 || !name.chars().all(fits) {
            self.fault_with_help(
                at,
                format!("group \"{name}\" cannot have a topic of its writes"),
                "a topic's name has letters, digits, `.`, `_` and `-`",
            );
        } else if name.ends_with(".parked") || name.ends_with(".state") {
            self.fault(
                at,
                format!("the topic of group \"{name}\" would be another group's"),
            );
        }
        if !self.has_kafka {
            self.fault_with_help(
                at,
                "writes go back to legacy over a topic, and there is no [kafka]",
                "add [kafka] with its bootstrap",
            );
        }
        let writing: Vec<_> = routes
            .iter()
            .filter(|(_, effect)| effect.changes_data())
            .map(|(route, _)| *route)
            .collect();
        if writing.is_empty() {
            self.fault_with_help(
                at,
                "no route of the group changes data: there is nothing to write back",
                "leave it out",
            );
        }
        for route in writing {
            self.back_holds_for(at, route);
        }
    }

    fn back_holds_for(&mut self, at: &Spanned<String>, route: &file::Route) {
        let name = route.name.get_ref();
        if route.legacy.is_none() {
            self.fault_with_help(
                at,
                format!("route \"{name}\" has no legacy side for its writes to go back to"),
                "add legacy = …, or take the route out of the group",
            );
        }
        if route.canary_key.is_none() {
            self.fault_with_help(
                at,
                format!("writes go back in the order of their keys, and route \"{name}\" has no canary_key"),
                "add canary_key = { field = … }, { path = … } or { header = … }: that of the entity which is written",
            );
        }
        for leg in [&route.legacy, &route.modern].into_iter().flatten() {
            self.back_hears_of(leg);
        }
        let modern = route.modern.as_ref();
        if let Some(spec) = modern.and_then(|leg| self.spec_of(leg))
            && !matches!(spec, BackendSpec::Kafka(_))
        {
            let kind = spec.as_str();
            self.fault_with_help(
                at,
                format!("modern of route \"{name}\" is a {kind} backend, which has no transaction to put a write for legacy into"),
                "a service behind Kafka writes it together with its reply; with back_sync = \"none\" a rollback says how much legacy lacks",
            );
        }
        if let Some(spec) = modern.and_then(|leg| self.spec_of(leg))
            && let BackendSpec::Kafka(service) = &spec
            && service.form.reply_topic == HeaderForm::Spring.reply_topic()
        {
            self.fault_with_help(
                at,
                format!("modern of route \"{name}\" is asked as a listener of Spring is, which writes nothing for legacy"),
                "a service that does it (service guide, section 8) is asked with headers = \"figway\", with header_names where it has its own",
            );
        }
    }

    /// A rollback is over when all that was begun has ended, and a write counts as applied when legacy has answered: both need the reply.
    fn back_hears_of(&mut self, leg: &Spanned<Either<file::Leg>>) {
        if let Either::Table(leg) = leg.get_ref()
            && let Some(said) = &leg.delivery
            && said.get_ref() == "forget"
        {
            self.fault_with_help(
                said,
                "the group's writes go back to legacy, so it must be known what became of each",
                "leave it out: the client then waits for the reply",
            );
        }
    }

    /// Whether every legacy side that would be asked has paths.
    pub(super) fn can_be_asked(
        &mut self,
        said: Option<&Spanned<file::WriteBack>>,
        routes: &[(&file::Route, Effect)],
    ) {
        let said = said.and_then(|said| said.get_ref().in_doubt.as_ref());
        let Some(said) = said.filter(|said| matches!(said.get_ref(), Either::Table(_))) else {
            return;
        };
        for (route, _) in routes.iter().filter(|(_, effect)| effect.changes_data()) {
            let Some(spec) = route.legacy.as_ref().and_then(|leg| self.spec_of(leg)) else {
                continue;
            };
            if !matches!(spec, BackendSpec::Http(_)) {
                let (name, kind) = (route.name.get_ref(), spec.as_str());
                self.fault_with_help(
                    said,
                    format!(
                        "legacy of route \"{name}\" is a {kind} backend, which has no paths to ask"
                    ),
                    "write \"park\", or \"again\" where legacy knows its writes by their number",
                );
            }
        }
    }

    /// What stands behind a leg, if that has no faults of its own.
    fn spec_of(&self, leg: &Spanned<Either<file::Leg>>) -> Option<BackendSpec> {
        let backend = match leg.get_ref() {
            Either::Word(backend) => backend,
            Either::Table(leg) => leg.backend.get_ref(),
        };
        let id = self.backend_ids.get(backend).copied().flatten()?;
        self.backends.get(id.0).map(|named| named.spec.clone())
    }

    /// What is said of the way back where there is none.
    pub(super) fn back_unused(&mut self, said: Option<&Spanned<file::WriteBack>>) {
        if let Some(said) = said {
            self.fault_with_help(
                said,
                "the group's writes do not go back to legacy, so this says nothing",
                "write back_sync = \"durable\" in the group",
            );
        }
    }

    /// What a route says of legacy's answers.
    pub(super) fn back_of(
        &mut self,
        route: &file::Route,
        group: &str,
        effect: Effect,
        policy: Option<&Arc<BackPolicy>>,
    ) -> Option<Arc<crate::route::Back>> {
        let rule = route.accepted_when.as_ref();
        let Some(policy) = policy.filter(|_| effect.changes_data()) else {
            if let Some(at) = rule {
                self.fault(
                    at,
                    "the route's writes do not go back to legacy, so this says nothing",
                );
            }
            return None;
        };
        let accepted_when = rule.and_then(|rule| self.body_rule(rule));
        Some(Arc::new(crate::route::Back {
            group: group.into(),
            policy: Arc::clone(policy),
            accepted_when,
        }))
    }
}
