//! What a route matches: host, method, path, headers, query.

use http::{HeaderName, HeaderValue, Method};
use toml::Spanned;

use super::Resolver;
use super::route::flat;
use crate::config::file::{self, in_order};
use crate::route::{Host, Match, Pattern};

impl Resolver<'_> {
    /// What a route matches. `None` only when there is a fault.
    pub(super) fn rule(&mut self, rule: &file::Match) -> Option<Match> {
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
