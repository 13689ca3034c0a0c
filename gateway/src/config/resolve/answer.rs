//! Answers of our own: redirects, messages at hand, and what clients are told while a backend is closed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};
use toml::Spanned;

use super::Resolver;
use crate::config::file::{self, Either, in_order};
use crate::config::units;
use crate::route::fixed::{Fixed, PLACES, What};
use crate::route::shape::ErrorBody;
use crate::route::{Effect, PathTemplate, Pattern, WhenClosed};

/// Of an answer from a file.
const LARGEST_ANSWER: u64 = 1 << 20;

impl Resolver<'_> {
    /// What the gateway answers to a route's requests itself; none where they go on. The outer `None` only when there is a fault.
    pub(super) fn fixed(
        &mut self,
        route: &file::Route,
        pattern: Option<&Pattern>,
    ) -> Option<Option<Fixed>> {
        let (span, what) = match (&route.redirect, &route.answer) {
            (None, None) => return Some(None),
            (Some(_), Some(answer)) => {
                self.fault(answer, "a route redirects or answers, not both");
                return None;
            }
            (Some(redirect), None) => (redirect.span(), "redirects"),
            (None, Some(answer)) => (answer.span(), "is answered by the gateway itself"),
        };
        let alone = self.alone(route, &Spanned::new(span, ()), what);
        let name = route.name.get_ref();
        let fixed = match (&route.redirect, &route.answer) {
            (Some(redirect), _) => self.redirect(name, redirect, pattern),
            (None, Some(answer)) => self.answer(name, answer, StatusCode::OK),
            (None, None) => None,
        };
        fixed.filter(|_| alone).map(Some)
    }

    /// Whether nothing is said of a route that means something only where somebody is asked.
    fn alone(&mut self, route: &file::Route, at: &Spanned<()>, what: &str) -> bool {
        let said = [
            ("legacy", route.legacy.is_some()),
            ("modern", route.modern.is_some()),
            ("group", route.group.is_some()),
            ("mode", route.mode.is_some()),
            ("back_sync", route.back_sync.is_some()),
            ("effect", route.effect.is_some()),
            ("request", route.request.is_some()),
            ("response", route.response.is_some()),
            ("canary_key", route.canary_key.is_some()),
            ("fallback", route.fallback.is_some()),
            ("mirror", route.mirror.is_some()),
            ("timeout", route.timeout.is_some()),
            ("max_body", route.max_body.is_some()),
            ("ignore", !route.ignore.is_empty()),
            ("compare", route.compare.is_some()),
            ("errors", route.errors.is_some()),
            ("request_headers", route.request_headers.is_some()),
            ("response_headers", route.response_headers.is_some()),
            ("when_closed", route.when_closed.is_some()),
        ];
        let said: Vec<&str> = said
            .iter()
            .filter_map(|(key, said)| said.then_some(*key))
            .collect();
        if !said.is_empty() {
            self.fault(
                at,
                format!(
                    "route \"{}\" {what}: {} {} nothing here",
                    route.name.get_ref(),
                    said.join(", "),
                    if said.len() == 1 { "says" } else { "say" }
                ),
            );
        }
        said.is_empty()
    }

    fn redirect(
        &mut self,
        name: &str,
        redirect: &Spanned<Either<file::Redirect>>,
        pattern: Option<&Pattern>,
    ) -> Option<Fixed> {
        let word;
        let (to, table) = match redirect.get_ref() {
            Either::Word(to) => {
                word = Spanned::new(redirect.span(), to.clone());
                (&word, None)
            }
            Either::Table(table) => (&table.to, Some(table)),
        };
        let status = match table.and_then(|table| table.status.as_ref()) {
            None => Some(StatusCode::PERMANENT_REDIRECT),
            Some(status) => {
                let known = [301, 302, 303, 307, 308].contains(status.get_ref());
                if !known {
                    self.fault(
                        status,
                        format!(
                            "{} is no redirect: 301, 302, 303, 307 and 308 are",
                            status.get_ref()
                        ),
                    );
                }
                u16::try_from(*status.get_ref())
                    .ok()
                    .filter(|_| known)
                    .and_then(|status| StatusCode::from_u16(status).ok())
            }
        };
        let template = self.place_to_go(to, pattern);
        Some(Fixed {
            name: Arc::from(name),
            status: status?,
            headers: Vec::new(),
            what: What::Redirect {
                to: template?,
                query: table.and_then(|table| table.query).unwrap_or(true),
            },
        })
    }

    /// An absolute URL, or a path; never one whose server a client could choose by a parameter.
    fn place_to_go(
        &mut self,
        to: &Spanned<String>,
        pattern: Option<&Pattern>,
    ) -> Option<PathTemplate> {
        let text = to.get_ref();
        let template = PathTemplate::parse(text)
            .map_err(|message| self.fault(to, message))
            .ok()?;
        let absolute = ["http://", "https://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        let server = absolute.map(|rest| {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            // `https://{host}{path}`: the path begins with a slash.
            let server = rest.get(..end).unwrap_or(rest);
            server.strip_suffix("{path}").unwrap_or(server)
        });
        let fits = match server {
            Some(server) => {
                let server = server.replacen("{host}", "host", 1);
                !server.is_empty() && !server.contains(['{', '}', '@', ' ', '\\'])
            }
            None => text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\"),
        };
        let filled = template.fill_with(|_| Some("x".into()));
        let written =
            HeaderValue::from_str(&filled).is_ok() && !text.contains([' ', '<', '>', '"']);
        if !fits || !written {
            self.fault_with_help(
                to,
                format!("\"{text}\" is no place to send clients to"),
                "write a path, \"/lots/{lot}\", or a URL whose host stands there, \"https://new.example.com/lots/{lot}\"; {host} and {path} are the client's own",
            );
            return None;
        }
        self.parameters_known(to, &template, pattern?, &PLACES)
            .then_some(template)
    }

    /// A message at hand. `None` only when there is a fault.
    pub(super) fn answer(
        &mut self,
        name: &str,
        answer: &Spanned<file::Answer>,
        status: StatusCode,
    ) -> Option<Fixed> {
        let said = answer.get_ref();
        let status = match &said.status {
            None => Some(status),
            Some(given) => {
                let status = u16::try_from(*given.get_ref())
                    .ok()
                    .and_then(|status| StatusCode::from_u16(status).ok())
                    .filter(|status| (200..600).contains(&status.as_u16()));
                if status.is_none() {
                    self.fault(
                        given,
                        format!("{} is no status of an answer", given.get_ref()),
                    );
                }
                status
            }
        };
        let headers = self.answer_headers(&said.headers);
        let what = self.body(answer);
        let what = what?;
        if let (Some(given), Some(status), What::Body { data, .. }) = (&said.status, status, &what)
            && matches!(status.as_u16(), 204 | 205 | 304)
            && !data.is_empty()
        {
            self.fault(
                given,
                format!("an answer of status {} has no body", status.as_u16()),
            );
            return None;
        }
        Some(Fixed {
            name: Arc::from(name),
            status: status?,
            headers: headers?,
            what,
        })
    }

    fn body(&mut self, answer: &Spanned<file::Answer>) -> Option<What> {
        let said = answer.get_ref();
        let content_type = match &said.content_type {
            None => None,
            Some(value) => Some(
                HeaderValue::from_str(value.get_ref())
                    .map_err(|_| self.fault(value, "a header cannot have this value"))
                    .ok()?,
            ),
        };
        if let (None, Some((name, _))) = (&said.record, in_order(&said.set).first()) {
            self.fault(*name, "fields are set in a record, and this answer is none");
            return None;
        }
        let (default, data) = match (&said.text, &said.file, &said.record) {
            (None, None, None) => ("", Bytes::new()),
            (Some(text), None, None) => (
                "text/plain; charset=utf-8",
                Bytes::from(text.get_ref().clone()),
            ),
            (None, Some(path), None) => (
                media(path.get_ref()),
                Bytes::from(self.beside(path, LARGEST_ANSWER)?),
            ),
            (None, None, Some(record)) => {
                let layout = self.layout(record)?;
                match self.error_record(record, &layout, &said.set)? {
                    ErrorBody::Record { by_code, other } => {
                        let closed = by_code.iter().find(|(code, _)| *code == "legacy_closed");
                        (
                            "application/octet-stream",
                            closed.map_or(other, |(_, bytes)| bytes.clone()),
                        )
                    }
                    ErrorBody::Text(_) => return None,
                }
            }
            _ => {
                self.fault(answer, "wanted one of: text, file, record");
                return None;
            }
        };
        Some(What::Body {
            content_type: content_type
                .or_else(|| (!data.is_empty()).then(|| HeaderValue::from_static(default))),
            data,
        })
    }

    fn answer_headers(
        &mut self,
        fields: &file::Named<Spanned<String>>,
    ) -> Option<Vec<(HeaderName, HeaderValue)>> {
        let mut found = Vec::new();
        for (name, value) in in_order(fields) {
            let header = self.editable(name).filter(|header| *header != LOCATION);
            if header.as_ref() == Some(&CONTENT_TYPE) {
                self.fault(name, "write content_type = \"…\" beside the body");
                continue;
            }
            let Ok(value) = HeaderValue::from_str(value.get_ref()) else {
                self.fault(value, "a header cannot have this value");
                continue;
            };
            found.extend(header.map(|header| (header, value)));
        }
        (found.len() == fields.len()).then_some(found)
    }

    /// What happens while a backend of the route is closed. `None` only when there is a fault.
    pub(super) fn when_closed(
        &mut self,
        route: &file::Route,
        effect: Effect,
        timeout: Duration,
    ) -> Option<WhenClosed> {
        let Some(at) = &route.when_closed else {
            return Some(WhenClosed::default());
        };
        let before = self.faults.len();
        let mut when = WhenClosed::default();
        match at.get_ref() {
            Either::Word(word) if word == "refuse" => {}
            Either::Word(word) if word == "view" => when.view = true,
            Either::Word(word) => self.fault(
                at,
                format!("unknown when_closed \"{word}\"; known are: \"refuse\", \"view\", {{ hold = \"10s\" }}, {{ answer = … }}"),
            ),
            Either::Table(said) => {
                when.view = said.view.as_ref().is_some_and(|view| *view.get_ref());
                if let Some(hold) = &said.hold {
                    let time = self.parsed(Some(hold), Duration::ZERO, units::duration);
                    if time >= timeout {
                        self.fault_with_help(
                            hold,
                            format!("the route's timeout is {timeout:?}, so nothing would be left to answer in"),
                            "hold for less, or write a longer timeout",
                        );
                    }
                    when.hold = Some(time);
                }
                if let Some(answer) = &said.answer {
                    let name = route.name.get_ref();
                    let answer = self.answer(name, answer, StatusCode::SERVICE_UNAVAILABLE);
                    when.answer = answer.map(Arc::new);
                }
            }
        }
        if when.view {
            self.view_stands_in(at, route, effect);
        }
        (self.faults.len() == before).then_some(when)
    }

    fn view_stands_in<T>(&mut self, at: &Spanned<T>, route: &file::Route, effect: Effect) {
        if effect.changes_data() {
            self.fault_with_help(
                at,
                "a view answers reads only, and the route changes data",
                "write effect = \"read\" if the route is one",
            );
        }
        let modern = route.modern.as_ref().map(|leg| match leg.get_ref() {
            Either::Word(name) => name.clone(),
            Either::Table(leg) => leg.backend.get_ref().clone(),
        });
        let view = modern.is_some_and(|name| match self.backend_ids.get(&name) {
            Some(Some(id)) => self
                .backends
                .get(id.0)
                .is_some_and(|backend| matches!(backend.spec, crate::config::BackendSpec::View(_))),
            // One with faults of its own, or that is not there, was told of.
            Some(None) | None => true,
        });
        if !view {
            self.fault_with_help(
                at,
                "the route's modern side is no view",
                "write modern = \"BACKEND\" with a backend that has view = { topic = … }",
            );
        }
    }
}

/// The content type of a file, by the end of its name.
fn media(path: &Path) -> &'static str {
    match path.extension().and_then(|end| end.to_str()) {
        Some("html" | "htm") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("xml") => "application/xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
