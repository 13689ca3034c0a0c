//! An HTTP backend: where its endpoints are, and how they are used.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use http::uri::{Authority, PathAndQuery};
use http::{StatusCode, Uri};
use toml::Spanned;

use super::Resolver;
use crate::backend::balance::choice::Balance;
use crate::backend::balance::{breaker, budget, health, outlier, retry};
use crate::backend::http::{MOST_ENDPOINTS, Policy};
use crate::config::file::{self, Either};
use crate::config::{
    Addresses, CheckSpec, Connections, HttpSpec, Identity, Protocol, ProxyProtocol, units,
};
use crate::tls::ClientSpec;

const CHECK_EVERY: Duration = Duration::from_secs(5);
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// Who fails at everything must still be found out, and who is asked ten times is not asked but flooded.
const TRIES: RangeInclusive<i64> = 0..=9;
const PERCENT: RangeInclusive<i64> = 1..=100;
const COUNT: RangeInclusive<i64> = 1..=100_000;
/// What may be retried: what stands in front of a service that is gone says so with these (RFC 9110 section 15.6).
const RETRIED: [u16; 3] = [502, 503, 504];

/// RFC 9110 section 4.2.2.
const HTTPS_PORT: u16 = 443;

/// How an endpoint's address begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Resolver<'_> {
    /// `None` only when there is a fault.
    pub(super) fn upstream(&mut self, backend: &file::Backend) -> Option<HttpSpec> {
        let endpoints = self.endpoints(backend);
        let scheme = endpoints.as_ref().map(|(scheme, _)| *scheme);
        let tls = self.met_by(scheme, backend.tls.as_ref());
        let defaults = HttpSpec::of(Vec::new());
        let usual = defaults.connections;
        let connections = Connections {
            connect_timeout: self.time(backend.connect_timeout.as_ref(), usual.connect_timeout),
            first_byte: self.time_if(backend.first_byte_timeout.as_ref()),
            body_idle: self.time(backend.body_timeout.as_ref(), usual.body_idle),
            total: self.time_if(backend.total_timeout.as_ref()),
            tunnel_idle: match &backend.tunnel_timeout {
                Some(word) if word.get_ref() == "never" => None,
                time @ Some(_) => self.time_if(time.as_ref()),
                None => usual.tunnel_idle,
            },
            keepalive: self.keepalive(backend.tcp_keepalive.as_ref()),
            idle: self.time(backend.idle.as_ref(), usual.idle),
            queue: self.time(backend.queue_timeout.as_ref(), usual.queue),
            most: self.count(backend.max_connections.as_ref(), usual.most),
            protocol: self
                .said(
                    backend.protocol.as_ref(),
                    "protocol",
                    &[
                        ("h1", Protocol::Http1),
                        ("h2", Protocol::Http2),
                        ("auto", Protocol::Auto),
                    ],
                )
                .unwrap_or_default(),
            proxy_protocol: self.said(
                backend.proxy_protocol.as_ref(),
                "version",
                &[("v1", ProxyProtocol::V1), ("v2", ProxyProtocol::V2)],
            ),
        };
        let addresses = self.said(
            backend.addresses.as_ref(),
            "use of addresses",
            &[("first", Addresses::First), ("all", Addresses::All)],
        );
        let spec = HttpSpec {
            addresses: addresses.unwrap_or_default(),
            lookup: self.time(backend.lookup.as_ref(), defaults.lookup),
            connections,
            policy: self.policy(backend),
            check: backend.check.as_ref().and_then(|check| self.check(check)),
            identity: backend
                .identity
                .as_ref()
                .map_or_else(Identity::default, |identity| self.identity(identity)),
            endpoints: endpoints?.1,
            tls: tls?,
        };
        self.unused_of_backend(backend, &spec);
        Some(spec)
    }

    /// Says of each setting of an HTTP backend that another kind has none.
    pub(super) fn only_http(&mut self, backend: &file::Backend) {
        fn span<T>(value: Option<&Spanned<T>>) -> Option<Range<usize>> {
            value.map(Spanned::span)
        }
        let mut spans = vec![
            span(backend.max_connections.as_ref()),
            span(backend.eject.as_ref()),
            span(backend.breaker.as_ref()),
            span(backend.retry.as_ref()),
            span(backend.check.as_ref()),
            span(backend.identity.as_ref()),
            span(backend.tls.as_ref()),
        ];
        let words = [
            &backend.balance,
            &backend.addresses,
            &backend.lookup,
            &backend.connect_timeout,
            &backend.first_byte_timeout,
            &backend.body_timeout,
            &backend.total_timeout,
            &backend.tunnel_timeout,
            &backend.tcp_keepalive,
            &backend.queue_timeout,
            &backend.idle,
            &backend.protocol,
            &backend.proxy_protocol,
        ];
        spans.extend(words.map(|word| span(word.as_ref())));
        let mut spans: Vec<_> = spans.into_iter().flatten().collect();
        spans.sort_by_key(|span| span.start);
        for span in spans {
            self.faults
                .push(self.text.fault(span, "only an http backend has this"));
        }
    }

    /// How endpoints of that scheme are met. `None` only with a fault.
    fn met_by(
        &mut self,
        scheme: Option<Scheme>,
        tls: Option<&Spanned<file::BackendTls>>,
    ) -> Option<Option<ClientSpec>> {
        match (scheme?, tls) {
            (Scheme::Http, None) => Some(None),
            (Scheme::Http, Some(tls)) => {
                self.fault_with_help(
                    tls,
                    "the backend is spoken to in plain text",
                    "its address begins with https where TLS is spoken",
                );
                None
            }
            (Scheme::Https, tls) => self.backend_tls(tls.map(Spanned::get_ref)).map(Some),
        }
    }

    fn endpoints(&mut self, backend: &file::Backend) -> Option<(Scheme, Vec<Authority>)> {
        let (list, one) = (&backend.endpoints, &backend.http);
        if let (Some(_), Some(one)) = (list, one) {
            self.fault_with_help(
                one,
                "both http and endpoints say where the backend is",
                "write all of them into endpoints",
            );
        }
        let Some(list) = list else {
            let (scheme, authority) = self.endpoint(one.as_ref()?)?;
            return Some((scheme, vec![authority]));
        };
        let count = list.get_ref().len();
        if !(1..=MOST_ENDPOINTS).contains(&count) {
            self.fault(
                list,
                format!("wanted 1 to {MOST_ENDPOINTS} endpoints, got {count}"),
            );
            return None;
        }
        let mut endpoints: Vec<Authority> = Vec::with_capacity(count);
        let mut whole = true;
        let mut all = None;
        for value in list.get_ref() {
            match self.endpoint(value) {
                Some((scheme, _)) if *all.get_or_insert(scheme) != scheme => self.fault(
                    value,
                    "some endpoints begin with http and some with https: wanted one of them",
                ),
                Some((_, authority)) if endpoints.contains(&authority) => {
                    self.fault(value, format!("{authority} is in the list already"));
                }
                Some((_, authority)) => endpoints.push(authority),
                None => whole = false,
            }
        }
        Some((all?, endpoints)).filter(|_| whole)
    }

    fn endpoint(&mut self, value: &Spanned<String>) -> Option<(Scheme, Authority)> {
        let text = value.get_ref();
        if text.contains('@') {
            self.secret(
                value,
                "a password does not belong in an address",
                "clients bring their own credentials, which are passed on; identity shows a service's instead",
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
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            _ => {
                self.fault(value, format!("\"{text}\" is neither http nor https"));
                return None;
            }
        };
        if uri.path_and_query().is_some_and(|path| path != "/") || text.contains('#') {
            self.fault_with_help(
                value,
                "a backend has no path of its own",
                "write it in the route: { backend = \"…\", path = \"/…\" }",
            );
            return None;
        }
        let authority = uri.authority()?.clone();
        // What an endpoint without a port means is decided here, where its scheme is known.
        let authority = match (scheme, authority.port()) {
            (Scheme::Https, None) => format!("{authority}:{HTTPS_PORT}").parse().ok()?,
            _ => authority,
        };
        Some((scheme, authority))
    }

    fn policy(&mut self, backend: &file::Backend) -> Policy {
        let balance = self.said(
            backend.balance.as_ref(),
            "balance",
            &[
                ("round_robin", Balance::RoundRobin),
                ("least_requests", Balance::LeastRequests),
            ],
        );
        let eject = match &backend.eject {
            None => Some(outlier::Policy::default()),
            Some(eject) => match eject.get_ref() {
                Either::Word(word) => {
                    self.never(eject, word, "eject");
                    None
                }
                Either::Table(table) => Some(self.eject(table)),
            },
        };
        let retry = match &backend.retry {
            None => retry::Policy::default(),
            Some(retry) => match retry.get_ref() {
                Either::Word(word) => {
                    self.never(retry, word, "retry");
                    retry::Policy {
                        tries: 0,
                        ..retry::Policy::default()
                    }
                }
                Either::Table(table) => self.retry(table),
            },
        };
        Policy {
            balance: balance.unwrap_or_default(),
            eject,
            breaker: backend
                .breaker
                .as_ref()
                .map(|breaker| self.breaker(breaker.get_ref())),
            retry,
        }
    }

    fn eject(&mut self, eject: &file::Eject) -> outlier::Policy {
        let usual = outlier::Policy::default();
        let pause = self.time(eject.pause.as_ref(), usual.pause);
        let longest = self.time(eject.longest.as_ref(), usual.longest.max(pause));
        if let Some(value) = eject.longest.as_ref().filter(|_| longest < pause) {
            self.fault(value, "the longest pause is shorter than the first");
        }
        outlier::Policy {
            failures: self.number(eject.failures.as_ref(), usual.failures, COUNT),
            pause,
            longest,
            most: self.share(eject.most.as_ref(), usual.most, PERCENT),
        }
    }

    fn breaker(&mut self, breaker: &file::Breaker) -> breaker::Policy {
        let usual = breaker::Policy::default();
        breaker::Policy {
            percent: self.share(breaker.failures.as_ref(), usual.percent, PERCENT),
            requests: self.number(breaker.requests.as_ref(), usual.requests, COUNT),
            within: self.time(breaker.within.as_ref(), usual.within),
            pause: self.time(breaker.pause.as_ref(), usual.pause),
            trials: self.number(breaker.trials.as_ref(), usual.trials, COUNT),
        }
    }

    fn retry(&mut self, retry: &file::Retry) -> retry::Policy {
        let usual = retry::Policy::default();
        let wait = self.time(retry.wait.as_ref(), usual.wait);
        let longest = self.time(retry.longest.as_ref(), usual.longest.max(wait));
        if let Some(value) = retry.longest.as_ref().filter(|_| longest < wait) {
            self.fault(value, "the longest wait is shorter than the first");
        }
        let mut statuses = Vec::new();
        for value in &retry.status {
            let status = u16::try_from(*value.get_ref()).ok();
            match status.filter(|status| RETRIED.contains(status)) {
                Some(status) => statuses.extend(StatusCode::from_u16(status)),
                None => self.fault_with_help(
                    value,
                    format!("wanted 502, 503 or 504, got {}", value.get_ref()),
                    "with any other status the backend has answered",
                ),
            }
        }
        retry::Policy {
            tries: self.number(retry.tries.as_ref(), usual.tries, TRIES),
            wait,
            longest,
            statuses,
            budget: budget::Policy {
                percent: self.share(retry.budget.as_ref(), usual.budget.percent, 0..=100),
                per_second: self.number(
                    retry.always.as_ref(),
                    usual.budget.per_second,
                    0..=*COUNT.end(),
                ),
            },
        }
    }

    fn check(&mut self, check: &Spanned<file::Check>) -> Option<CheckSpec> {
        let check = check.get_ref();
        let usual = health::Policy::default();
        let every = self.time(check.every.as_ref(), CHECK_EVERY);
        let timeout = self.time(check.timeout.as_ref(), CHECK_TIMEOUT.min(every));
        if let Some(value) = check.timeout.as_ref().filter(|_| timeout > every) {
            self.fault(
                value,
                "a check may take longer than the time to the next one",
            );
        }
        let mut statuses = Vec::new();
        for value in &check.status {
            let status = u16::try_from(*value.get_ref()).ok();
            match status.filter(|status| (200..=599).contains(status)) {
                Some(status) => statuses.extend(StatusCode::from_u16(status)),
                None => {
                    let got = value.get_ref();
                    self.fault(value, format!("wanted a status from 200 to 599, got {got}"));
                }
            }
        }
        let host = check.host.as_ref().and_then(|host| {
            let authority = host.get_ref().parse::<Authority>().ok();
            let authority = authority.filter(|authority| !authority.as_str().contains('@'));
            if authority.is_none() {
                let got = host.get_ref();
                self.fault(
                    host,
                    format!("wanted a host such as \"erp.example.com\", got \"{got}\""),
                );
            }
            authority
        });
        let path = check.path.get_ref();
        let parsed = PathAndQuery::try_from(path.as_str()).ok();
        let Some(path) = parsed.filter(|_| path.starts_with('/')) else {
            self.fault(
                &check.path,
                format!("wanted a path such as \"/health\", got \"{path}\""),
            );
            return None;
        };
        Some(CheckSpec {
            path,
            host,
            every,
            timeout,
            statuses,
            policy: health::Policy {
                fall: self.number(check.fall.as_ref(), usual.fall, COUNT),
                rise: self.number(check.rise.as_ref(), usual.rise, COUNT),
            },
        })
    }

    fn never<T>(&mut self, value: &Spanned<T>, word: &str, what: &str) {
        if word != "never" {
            self.fault(
                value,
                format!("unknown {what} \"{word}\"; wanted \"never\" or a table"),
            );
        }
    }

    fn time(&mut self, value: Option<&Spanned<String>>, default: Duration) -> Duration {
        self.parsed(value, default, units::duration)
    }

    fn time_if(&mut self, value: Option<&Spanned<String>>) -> Option<Duration> {
        value.map(|value| self.time(Some(value), Duration::ZERO))
    }

    fn said<T: Copy>(
        &mut self,
        value: Option<&Spanned<String>>,
        what: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        value.and_then(|value| self.word(value, what, words))
    }

    fn number(
        &mut self,
        value: Option<&Spanned<i64>>,
        default: u32,
        range: RangeInclusive<i64>,
    ) -> u32 {
        let Some(value) = value else { return default };
        let number = *value.get_ref();
        let fits = range.contains(&number);
        match u32::try_from(number).ok().filter(|_| fits) {
            Some(number) => number,
            None => {
                let (least, most) = (range.start(), range.end());
                self.fault(
                    value,
                    format!("wanted a number from {least} to {most}, got {number}"),
                );
                default
            }
        }
    }

    fn share(
        &mut self,
        value: Option<&Spanned<i64>>,
        default: u8,
        range: RangeInclusive<i64>,
    ) -> u8 {
        let number = self.number(value, default.into(), range);
        u8::try_from(number).unwrap_or(default)
    }
}
