//! What a route matches: host, method, path, and in [`condition`](super::condition) the rest.

use http::{HeaderName, Method};
use toml::Spanned;

use super::Resolver;
use super::route::flat;
use crate::config::file::{self, Either};
use crate::route::{Host, Match, Pattern};

impl Resolver<'_> {
    /// What a route matches. `None` only when there is a fault.
    pub(super) fn rule(&mut self, rule: &file::Match) -> Option<Match> {
        let priority = rule.priority.as_ref().map_or(Some(0), |priority| {
            let number = i32::try_from(*priority.get_ref()).ok();
            if number.is_none() {
                self.fault(
                    priority,
                    format!("{} is no priority: at most 2147483647", priority.get_ref()),
                );
            }
            number
        });
        let host = rule.host.as_ref().map(|host| {
            Host::parse(host.get_ref())
                .map_err(|message| self.fault(host, message))
                .ok()
        });
        let methods = match &rule.method {
            None => Some(Vec::new()),
            Some(methods) => self.methods(methods),
        };
        let path = self.path(&rule.path);
        let conditions = self.conditions(rule);
        Some(Match {
            priority: priority?,
            host: flat(host)?,
            path: path?,
            methods: methods?,
            conditions: conditions?,
        })
    }

    /// A path as it is, or `{ prefix }`, `{ regex }`.
    fn path(&mut self, path: &Spanned<Either<file::Path>>) -> Option<Pattern> {
        let table = match path.get_ref() {
            Either::Word(text) => {
                let text = Spanned::new(path.span(), text.clone());
                return self.pattern(&text, Pattern::parse(text.get_ref()));
            }
            Either::Table(table) => table,
        };
        match (&table.prefix, &table.regex) {
            (Some(prefix), None) => self.pattern(prefix, Pattern::prefix(prefix.get_ref())),
            (None, Some(regex)) => Pattern::regex(regex.get_ref())
                .map_err(|message| self.fault(regex, message))
                .ok(),
            _ => {
                self.fault(path, "wanted a path or one of: prefix, regex");
                None
            }
        }
    }

    fn pattern(
        &mut self,
        path: &Spanned<String>,
        read: Result<Pattern, (std::ops::Range<usize>, String)>,
    ) -> Option<Pattern> {
        read.map_err(|(place, message)| {
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

    fn methods(&mut self, methods: &Spanned<file::OneOrMany>) -> Option<Vec<Method>> {
        let each = methods.get_ref().each(methods.span());
        if each.is_empty() {
            self.fault(methods, "no method at all: leave it out if any is meant");
        }
        let found: Vec<Method> = each.iter().filter_map(|one| self.method(one)).collect();
        (found.len() == each.len() && !each.is_empty()).then_some(found)
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

    pub(super) fn header_name(&mut self, name: &Spanned<String>) -> Option<HeaderName> {
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
}
