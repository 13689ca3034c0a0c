//! What holds for all clients: whom they are believed to be, what is told of them and written down, and how much is taken on.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::http::header::HeaderName;
use toml::Spanned;

use super::Resolver;
use crate::access::{self, Format, Place, Query};
use crate::config::file::{self, Either, File};
use crate::config::units;
use crate::date::Dating;
use crate::edge::Edge;
use crate::forwarded::{ClientFrom, Policy, Treatment};
use crate::keepalive;
use crate::listen::http;
use crate::shed::{self, Of, PlacesSpec, Rate, RateSpec};
use crate::trace::Tracing;

/// How long one waits for a place; who waits longer has mostly gone.
const WAIT: Duration = Duration::from_secs(1);
const WITHIN: Duration = Duration::from_secs(1);
const MOST: usize = 1_000_000;
/// Less holds no request of a browser, and more is held for each connection.
const HEADS: RangeInclusive<usize> = 1 << 10..=1 << 20;

/// What Linux takes (tcp(7), TCP_KEEPIDLE), in round numbers.
const KEEPALIVE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(9 * 3600);

/// Where the key of a route is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Nowhere,
    /// The gateway answers itself.
    Never,
    InHead,
    InBody,
}

impl Resolver<'_> {
    /// What the file says of it; a fault leaves the default.
    pub(super) fn edge(&mut self, file: &File) -> Edge {
        let listen = &file.listen;
        let tracing = listen.trace.as_ref().and_then(|word| {
            let words = [("pass", Tracing::Pass), ("make", Tracing::Make)];
            self.word(word, "use of traces", &words)
        });
        let dating = listen.date.as_ref().and_then(|word| {
            let words = [("pass", Dating::Pass), ("add", Dating::Add)];
            self.word(word, "use of dates", &words)
        });
        let access_log = file.access_log.as_ref();
        let access_log = access_log.map(|log| self.access_log(log.get_ref()));
        let limits = file.limits.as_ref();
        let limits = limits.map(|limits| self.limits(limits, Key::Nowhere));
        let mut of_routes = BTreeMap::new();
        for route in &file.routes {
            let Some(limits) = &route.limits else {
                continue;
            };
            let key = match &route.canary_key {
                None if route.redirect.is_some() || route.answer.is_some() => Key::Never,
                None => Key::Nowhere,
                Some(key) if key.get_ref().field.is_some() => Key::InBody,
                Some(_) => Key::InHead,
            };
            let spec = self.limits(limits, key);
            of_routes.insert(Arc::from(route.name.get_ref().as_str()), spec);
        }
        Edge {
            outcomes: None,
            forwarding: self.forwarding(listen),
            request_id: listen
                .request_id
                .as_ref()
                .and_then(|name| self.field_name(name)),
            tracing: tracing.unwrap_or_default(),
            dating: dating.unwrap_or_default(),
            access_log,
            limits: limits.unwrap_or_default(),
            of_routes,
        }
    }

    fn field_name(&mut self, name: &Spanned<String>) -> Option<HeaderName> {
        let text = name.get_ref();
        let field = HeaderName::from_bytes(text.as_bytes()).ok();
        // Between neighbours, or what says how a message is read: nothing to put a text in.
        let taken = [
            "host",
            "content-length",
            "transfer-encoding",
            "connection",
            "te",
            "upgrade",
            "cookie",
            "authorization",
        ];
        let field = field.filter(|field| {
            !taken.contains(&field.as_str()) && !field.as_str().starts_with("figway-")
        });
        if field.is_none() {
            self.fault_with_help(
                name,
                format!("\"{text}\" cannot be the field of it"),
                "such as \"X-Request-Id\"",
            );
        }
        field
    }

    fn access_log(&mut self, log: &file::AccessLog) -> access::Spec {
        let format = log.format.as_ref().and_then(|word| {
            let words = [("json", Format::Json), ("combined", Format::Combined)];
            self.word(word, "format", &words)
        });
        let path = log.file.get_ref();
        let place = if path.as_os_str() == "-" {
            Place::Output
        } else {
            let path = self.folder.join(path);
            if path.is_dir() {
                self.fault(&log.file, "this is a folder");
            } else if !path.parent().is_none_or(Path::is_dir) {
                self.fault_with_help(
                    &log.file,
                    "there is no such folder",
                    "make it first; the file itself is made",
                );
            }
            Place::File(path)
        };
        access::Spec {
            place,
            format: format.unwrap_or_default(),
            query: if log.query {
                Query::Written
            } else {
                Query::Hidden
            },
        }
    }

    fn limits(&mut self, limits: &Spanned<file::Limits>, key: Key) -> shed::Spec {
        let said = limits.get_ref();
        if said.requests.is_none() && said.rates.is_empty() {
            self.fault_with_help(
                limits,
                "this bounds nothing",
                "write requests = 500 for those under way at once, or rates = [{ of = \"client\", requests = 20 }]",
            );
        }
        if let (None, Some(queue)) = (&said.requests, &said.queue) {
            self.fault(queue, "nobody waits where requests has no bound");
        }
        let wait = self.parsed(said.wait.as_ref(), WAIT, units::duration);
        let places = said.requests.as_ref().map(|requests| {
            let requests = self.how_many(requests, 1);
            let queue = said
                .queue
                .as_ref()
                .map_or(0, |queue| self.how_many(queue, 0));
            PlacesSpec {
                requests,
                queue,
                wait,
            }
        });
        if let (Some(wait), None | Some(0)) = (&said.wait, places.map(|places| places.queue)) {
            self.fault(wait, "nobody waits: queue is 0");
        }
        let rates = said.rates.iter();
        let rates = rates.filter_map(|rate| self.rate(rate, key)).collect();
        shed::Spec { places, rates }
    }

    /// What a connection may take; what holds at a shutdown stands elsewhere.
    pub(super) fn connection_limits(&mut self, listen: &file::Listen) -> http::Limits {
        let usual = http::Limits::default();
        let mut number = |value: Option<&Spanned<i64>>, usual| match value {
            Some(value) => self.how_many(value, 1),
            None => usual,
        };
        let connections = number(listen.max_connections.as_ref(), usual.connections);
        let fields = number(listen.max_fields.as_ref(), usual.heads.fields);
        let head = self.parsed(listen.max_head.as_ref(), usual.heads.head, units::size);
        if let (Some(value), true) = (&listen.max_head, !HEADS.contains(&head)) {
            self.fault(value, "wanted a size from 1 KiB to 1 MiB");
        }
        http::Limits {
            connections,
            head: self.parsed(listen.head_timeout.as_ref(), usual.head, units::duration),
            heads: h1::Limits {
                head,
                fields,
                target: usual.heads.target.min(head),
            },
            stall: self.parsed(listen.body_timeout.as_ref(), usual.stall, units::duration),
            ..usual
        }
    }

    /// How many connections each client may have.
    pub(super) fn per_client(&mut self, listen: &file::Listen) -> Option<usize> {
        let said = listen.max_connections_per_client.as_ref()?;
        let most = self.how_many(said, 1);
        let all = listen.max_connections.as_ref().map(|all| *all.get_ref());
        let usual = i64::try_from(http::Limits::default().connections).unwrap_or(i64::MAX);
        if *said.get_ref() >= all.unwrap_or(usual) {
            self.fault(
                said,
                format!(
                    "no client can have so many: max_connections is {}",
                    all.unwrap_or(usual)
                ),
            );
        }
        Some(most)
    }

    /// After which silence the system asks whether the other end of a connection is there.
    pub(super) fn keepalive(&mut self, value: Option<&Spanned<String>>) -> Option<Duration> {
        if value.is_some_and(|value| value.get_ref() == "never") {
            return None;
        }
        let silence = self.parsed(value, keepalive::USUAL, units::duration);
        if let (Some(value), true) = (value, !KEEPALIVE.contains(&silence)) {
            self.fault(value, "wanted a time from 1s to 9h, or \"never\"");
        }
        Some(silence)
    }

    pub(super) fn how_many(&mut self, value: &Spanned<i64>, least: usize) -> usize {
        let number = usize::try_from(*value.get_ref()).ok();
        let number = number.filter(|number| (least..=MOST).contains(number));
        if number.is_none() {
            self.fault(
                value,
                format!(
                    "wanted a number from {least} to {MOST}, got {}",
                    value.get_ref()
                ),
            );
        }
        number.unwrap_or(least)
    }

    fn rate(&mut self, rate: &Spanned<file::Rate>, key: Key) -> Option<RateSpec> {
        let said = rate.get_ref();
        let of = match said.of.get_ref() {
            Either::Table(of) => Of::Header(self.field_name(&of.header)?),
            Either::Word(word) => match word.as_str() {
                "all" => Of::All,
                "client" => Of::Client,
                "key" => Of::Key,
                other => {
                    self.fault(
                        &said.of,
                        format!("unknown word \"{other}\"; known are: \"all\", \"client\", \"key\", {{ header = \"…\" }}"),
                    );
                    return None;
                }
            },
        };
        match (&of, key) {
            (Of::Key, Key::Nowhere) => self.fault_with_help(
                &said.of,
                "there is no key here",
                "give the route a canary_key, such as { header = \"X-Customer\" }",
            ),
            (Of::Key, Key::Never) => self.fault_with_help(
                &said.of,
                "there is no key where the gateway answers itself",
                "count by \"client\" or by a header",
            ),
            (Of::Key, Key::InBody) => self.fault_with_help(
                &said.of,
                "the key is in the body, which is not read before there is room",
                "count by \"client\" or by a header",
            ),
            _ => {}
        }
        let within = self.parsed(said.within.as_ref(), WITHIN, units::duration);
        let requests = self.how_many(&said.requests, 1);
        let burst = said
            .burst
            .as_ref()
            .map_or(requests, |burst| self.how_many(burst, 1));
        let (requests, burst) = (u32::try_from(requests).ok()?, u32::try_from(burst).ok()?);
        let made = Rate::new(requests, within, burst);
        if made.is_none() {
            self.fault(rate, "this is more than can be counted");
        }
        made.map(|rate| RateSpec { of, rate })
    }

    fn forwarding(&mut self, listen: &file::Listen) -> Policy {
        let usual = Policy::default();
        let trusted = listen.trusted.iter();
        let trusted = trusted.filter_map(|text| self.network(text)).collect();
        let Some(said) = &listen.forwarding else {
            return Policy { trusted, ..usual };
        };
        let said = said.get_ref();
        let client_from = said.client_from.as_ref().and_then(|word| {
            let words = [
                ("x_forwarded", ClientFrom::XForwarded),
                ("forwarded", ClientFrom::Forwarded),
            ];
            self.word(word, "source of the client", &words)
        });
        if let (Some(word), true) = (&said.client_from, listen.trusted.is_empty()) {
            self.fault_with_help(
                word,
                "nobody is believed, so that no field says who the client is",
                "name those in front of the gateway: trusted = [\"10.0.0.0/8\"]",
            );
        }
        Policy {
            trusted,
            client_from: client_from.unwrap_or_default(),
            via: self.treatment(said.via.as_ref(), usual.via),
            x_forwarded: self.treatment(said.x_forwarded.as_ref(), usual.x_forwarded),
            x_forwarded_port: self
                .treatment(said.x_forwarded_port.as_ref(), usual.x_forwarded_port),
            forwarded: self.treatment(said.forwarded.as_ref(), usual.forwarded),
        }
    }

    fn treatment(&mut self, word: Option<&Spanned<String>>, usual: Treatment) -> Treatment {
        let words = [
            ("append", Treatment::Append),
            ("extend", Treatment::Extend),
            ("replace", Treatment::Replace),
            ("drop", Treatment::Drop),
            ("pass", Treatment::Pass),
        ];
        word.and_then(|word| self.word(word, "treatment", &words))
            .unwrap_or(usual)
    }
}
