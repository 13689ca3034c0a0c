//! Keys that would do nothing where they stand: whoever wrote one expects something of it, so it is a fault to take it and do nothing.

use toml::Spanned;

use super::Resolver;
use crate::backend::http::resolve::literal;
use crate::config::file::{self, Either, in_order};
use crate::config::{Addresses, BackendSpec, HttpSpec, Protocol};
use crate::route::Leg;

/// What of a request's head goes to a service over Kafka.
const OF_SERVICES: [&str; 3] = ["content-type", "traceparent", "tracestate"];

impl Resolver<'_> {
    /// What an HTTP backend says to no effect.
    pub(super) fn unused_of_backend(&mut self, backend: &file::Backend, spec: &HttpSpec) {
        let endpoints = &spec.endpoints;
        let named = endpoints.iter().any(|one| literal(one).is_none());
        if !named {
            for word in [&backend.addresses, &backend.lookup].into_iter().flatten() {
                self.fault(word, "every endpoint is an address: no name is looked up");
            }
        }
        let several = endpoints.len() > 1 || (named && matches!(spec.addresses, Addresses::All));
        if let (Some(balance), false) = (&backend.balance, several) {
            self.fault_with_help(
                balance,
                "there is one endpoint, and nothing to choose",
                "write endpoints = [\"http://a:9080\", \"http://b:9080\"], or addresses = \"all\" where one name has several",
            );
        }
        if let (Some(proxy), Protocol::Http2 | Protocol::Auto) =
            (&backend.proxy_protocol, spec.connections.protocol)
        {
            self.fault_with_help(
                proxy,
                "a connection of HTTP/2 carries requests of many clients, and this would tell of one",
                "leave protocol at \"h1\", or tell clients' addresses in a field: identity = { headers = { X-Client = \"address\" } }",
            );
        }
        if let Some(Either::Table(retry)) = backend.retry.as_ref().map(Spanned::get_ref)
            && let Some(tries) = retry.tries.as_ref().filter(|tries| *tries.get_ref() == 0)
            && (retry.wait.is_some()
                || retry.longest.is_some()
                || !retry.status.is_empty()
                || retry.budget.is_some()
                || retry.always.is_some())
        {
            self.fault_with_help(
                tries,
                "nothing is sent again, so the rest says nothing",
                "write retry = \"never\", or tries = 1 and more",
            );
        }
        if let Some(identity) = &backend.identity {
            let said = identity.get_ref();
            if said.user.is_none()
                && said.password.is_none()
                && said.bearer.is_none()
                && said.headers.is_empty()
            {
                self.fault_with_help(
                    identity,
                    "this says nothing",
                    "write user and password, bearer, or headers = { X-Client = \"address\" }",
                );
            }
        }
    }

    /// What a route says to no effect, beside what is found elsewhere.
    pub(super) fn unused_of_route(&mut self, route: &file::Route, sides: [Option<&Leg>; 2]) {
        let missing = [
            ("legacy", route.legacy.is_none()),
            ("modern", route.modern.is_none()),
        ]
        .into_iter()
        .find_map(|(side, missing)| missing.then_some(side));
        if let (Some(field), Some(side)) = (route.ignore.first(), missing) {
            self.fault(
                field,
                format!("nothing is compared: the route has no {side} side"),
            );
        }
        if let (Some(compare), Some(side)) = (&route.compare, missing) {
            self.fault(
                compare,
                format!("nothing is compared: the route has no {side} side"),
            );
        }
        if let (Some(key), Some(side)) = (&route.canary_key, missing)
            && !self.orders_by_key(sides)
            && !counts_by_key(route)
            && !self.remembered_by_key(route, sides)
        {
            self.fault_with_help(
                key,
                format!("nothing goes by this key: the route has no {side} side"),
                "a canary goes by it, a Kafka backend, read_your_writes, and limits of = \"key\"",
            );
        }
        // Where a side has faults of its own, it is not known here.
        let whole = sides.iter().flatten().count()
            == usize::from(route.legacy.is_some()) + usize::from(route.modern.is_some());
        if let Some(when) = &route.when_closed
            && whole
        {
            self.unused_when_closed(when, sides);
        }
        for (leg, side) in [&route.legacy, &route.modern].into_iter().zip(sides) {
            if let (Some(Either::Table(leg)), Some(side)) =
                (leg.as_ref().map(Spanned::get_ref), side)
            {
                self.unused_edits(leg, side);
            }
        }
    }

    /// Whether a view goes by it: for what the route writes, or for what it reads.
    fn remembered_by_key(&self, route: &file::Route, sides: [Option<&Leg>; 2]) -> bool {
        let reads_view = sides.into_iter().flatten().any(|leg| {
            let backend = self.backends.get(leg.backend.0);
            backend.is_some_and(|backend| matches!(backend.spec, BackendSpec::View(_)))
        });
        let writes = route.read_your_writes.as_ref();
        reads_view || writes.is_some_and(|said| said.get_ref().view.is_some())
    }

    fn unused_when_closed(
        &mut self,
        when: &Spanned<Either<file::WhenClosed>>,
        sides: [Option<&Leg>; 2],
    ) {
        if sides.iter().flatten().all(|leg| leg.hours.is_none()) {
            self.fault_with_help(
                when,
                "no backend of the route is ever closed",
                "give one its hours: calendar = \"NAME\" in [backends.NAME], and [calendars.NAME]",
            );
        }
        if let Either::Table(said) = when.get_ref()
            && !said.view.as_ref().is_some_and(|view| *view.get_ref())
            && said.hold.is_none()
            && said.answer.is_none()
        {
            self.fault_with_help(
                when,
                "this says nothing",
                "write \"refuse\", \"view\", { hold = \"10s\" } or { answer = … }",
            );
        }
    }

    /// Only an HTTP backend gets a request's head as it is.
    fn unused_edits(&mut self, leg: &file::Leg, side: &Leg) {
        let Some(edits) = &leg.request_headers else {
            return;
        };
        let spec = self.backends.get(side.backend.0);
        let gets: &[&str] = match spec.map(|backend| &backend.spec) {
            Some(BackendSpec::Kafka(_)) => &OF_SERVICES,
            Some(BackendSpec::View(_)) => &[],
            Some(BackendSpec::Http(_)) | None => return,
        };
        let named = in_order(&edits.set).into_iter().chain(in_order(&edits.add));
        let names = named.map(|(name, _)| name).chain(&edits.remove);
        let unheard: Vec<_> = names
            .filter(|name| {
                !gets
                    .iter()
                    .any(|get| get.eq_ignore_ascii_case(name.get_ref()))
            })
            .collect();
        for name in unheard {
            match gets {
                [] => self.fault(name, "a view is asked by its key alone: it sees no headers"),
                _ => self.fault_with_help(
                    name,
                    "a service over Kafka does not see this header",
                    format!("it sees {}", OF_SERVICES.join(", ")),
                ),
            }
        }
    }

    /// Whether the new side puts requests in order by the route's key.
    fn orders_by_key(&self, sides: [Option<&Leg>; 2]) -> bool {
        let [_, modern] = sides;
        let spec = modern.and_then(|leg| self.backends.get(leg.backend.0));
        spec.is_some_and(|backend| matches!(backend.spec, BackendSpec::Kafka(_)))
    }
}

fn counts_by_key(route: &file::Route) -> bool {
    let limits = route.limits.as_ref().map(Spanned::get_ref);
    let mut rates = limits.into_iter().flat_map(|limits| &limits.rates);
    rates.any(|rate| matches!(rate.get_ref().of.get_ref(), Either::Word(word) if word == "key"))
}
