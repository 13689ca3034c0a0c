//! A backend: exactly one of `http`, `kafka` and `view`.

use std::time::Duration;

use http::Uri;
use toml::{Spanned, Value};

use super::Resolver;
use crate::config::file::{self, in_order};
use crate::config::{BackendSpec, HttpSpec, KafkaSpec, KeyMember, ViewSpec, units};
use crate::route::PathTemplate;

const CONNECT: Duration = Duration::from_secs(1);
/// Below the keep-alive of most servers (nginx 75 s, Apache 5 s to 60 s, CICS 0 to minutes).
const IDLE: Duration = Duration::from_secs(30);
const CONNECTIONS: usize = 256;
const IN_FLIGHT: usize = 1000;
const STALENESS: Duration = Duration::from_secs(30);
/// More of anything at once is a mistake: each takes memory and a file or a place in a queue.
const MOST: usize = 100_000;

impl Resolver<'_> {
    /// `None` only when there is a fault.
    pub(super) fn backend(
        &mut self,
        name: &Spanned<String>,
        backend: &file::Backend,
    ) -> Option<BackendSpec> {
        let pool = [
            backend.connect_timeout.as_ref().map(Spanned::span),
            backend.idle.as_ref().map(Spanned::span),
            backend.max_connections.as_ref().map(Spanned::span),
        ];
        match (&backend.http, &backend.kafka, &backend.view) {
            (Some(uri), None, None) => self.http(uri, backend),
            (None, Some(kafka), None) => {
                self.only_http(pool);
                Some(self.kafka(kafka))
            }
            (None, None, Some(view)) => {
                self.only_http(pool);
                self.view(view)
            }
            (None, None, None) => {
                self.fault_with_help(
                    name,
                    format!("backend \"{}\" does not say what it is", name.get_ref()),
                    "write http = \"http://host:port\", kafka = { … } or view = { … }",
                );
                None
            }
            _ => {
                self.fault(
                    name,
                    format!(
                        "backend \"{}\" is several things: wanted one of http, kafka and view",
                        name.get_ref()
                    ),
                );
                None
            }
        }
    }

    fn only_http(&mut self, settings: [Option<std::ops::Range<usize>>; 3]) {
        for span in settings.into_iter().flatten() {
            self.faults
                .push(self.text.fault(span, "only an http backend has this"));
        }
    }

    fn http(&mut self, value: &Spanned<String>, backend: &file::Backend) -> Option<BackendSpec> {
        let connect_timeout =
            self.parsed(backend.connect_timeout.as_ref(), CONNECT, units::duration);
        let idle = self.parsed(backend.idle.as_ref(), IDLE, units::duration);
        let max_connections = self.count(backend.max_connections.as_ref(), CONNECTIONS);
        let text = value.get_ref();
        if text.contains('@') {
            self.secret(
                value,
                "a password does not belong in an address",
                "clients bring their own credentials, which are passed on",
            );
            return None;
        }
        let uri = text.parse::<Uri>().ok();
        let Some(uri) = uri.filter(|uri| uri.scheme().is_some() && uri.authority().is_some())
        else {
            self.fault(
                value,
                format!("wanted an address such as \"http://127.0.0.1:9080\", got \"{text}\""),
            );
            return None;
        };
        if uri.scheme_str() != Some("http") {
            self.fault_with_help(
                value,
                format!("\"{text}\" is not plain http"),
                "TLS towards backends arrives later: put a TLS client in between",
            );
            return None;
        }
        if uri.path_and_query().is_some_and(|path| path != "/") || text.contains('#') {
            self.fault_with_help(
                value,
                "a backend has no path of its own",
                "write it in the route: { backend = \"…\", path = \"/…\" }",
            );
            return None;
        }
        let authority = uri.authority()?.clone();
        Some(BackendSpec::Http(HttpSpec {
            authority,
            connect_timeout,
            idle,
            max_connections,
        }))
    }

    fn kafka(&mut self, kafka: &Spanned<file::KafkaBackend>) -> BackendSpec {
        self.needs_kafka(kafka);
        let backend = kafka.get_ref();
        if backend.requests.get_ref() == backend.replies.get_ref() {
            self.fault(
                &backend.replies,
                "requests and replies need a topic each, and these are the same",
            );
        }
        BackendSpec::Kafka(KafkaSpec {
            requests: self.topic(&backend.requests),
            replies: self.topic(&backend.replies),
            max_in_flight: self.count(backend.max_in_flight.as_ref(), IN_FLIGHT),
        })
    }

    fn view(&mut self, view: &Spanned<file::View>) -> Option<BackendSpec> {
        self.needs_kafka(view);
        let spec = view.get_ref();
        let topic = self.topic(&spec.topic);
        let max_staleness = self.parsed(spec.max_staleness.as_ref(), STALENESS, units::duration);
        if spec.key.is_empty() {
            self.fault_with_help(
                view,
                "the view's key has no members",
                "write the members of the topic's keys, such as key = { LOT-NUMBER = \"{lot}\" }",
            );
        }
        let key: Vec<_> = in_order(&spec.key)
            .into_iter()
            .filter_map(|(name, value)| Some((name.get_ref().clone(), self.key_member(value)?)))
            .collect();
        (key.len() == spec.key.len()).then_some(BackendSpec::View(ViewSpec {
            topic,
            key,
            max_staleness,
        }))
    }

    fn key_member(&mut self, value: &Spanned<Value>) -> Option<KeyMember> {
        let template = |text: &str| PathTemplate::parse(text);
        let member = match value.get_ref() {
            Value::String(text) => template(text).map(KeyMember::Text),
            Value::Integer(number) => Ok(KeyMember::Number(*number)),
            Value::Boolean(flag) => Ok(KeyMember::Flag(*flag)),
            Value::Table(table) if table.len() == 1 => match table.get("number") {
                Some(Value::String(text)) => template(text).map(KeyMember::NumberOf),
                _ => Err(wanted_member()),
            },
            Value::Table(_) | Value::Array(_) | Value::Datetime(_) | Value::Float(_) => {
                Err(wanted_member())
            }
        };
        member.map_err(|message| self.fault(value, message)).ok()
    }

    fn needs_kafka<T>(&mut self, at: &Spanned<T>) {
        if !self.has_kafka {
            self.fault_with_help(
                at,
                "this backend needs Kafka, and there is no [kafka]",
                "add [kafka] with bootstrap = \"host:port\"",
            );
        }
    }

    fn count(&mut self, value: Option<&Spanned<usize>>, default: usize) -> usize {
        let Some(value) = value else { return default };
        if !(1..=MOST).contains(value.get_ref()) {
            self.fault(
                value,
                format!("wanted a number from 1 to {MOST}, got {}", value.get_ref()),
            );
        }
        *value.get_ref()
    }
}

fn wanted_member() -> String {
    "wanted a text such as \"{lot}\", a whole number, true, false, or { number = \"{lot}\" }"
        .to_owned()
}
