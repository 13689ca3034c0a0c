//! Requests that are executed once for their key, and that a retry goes where the first went.

use std::time::Duration;

use toml::Spanned;

use super::Resolver;
use super::kept::KEEP;
use crate::config::file::{self, Either};
use crate::config::{BackendSpec, units};
use crate::route::idempotency::{Client, Idempotency, Key, WithoutKey, WithoutOutcomes};
use crate::route::shape::Shapes;
use crate::route::{Delivery, Effect, KeySource, Leg};

/// The most fields of a key.
const FIELDS: usize = 8;

/// What a route says that its rule depends on.
pub(super) struct Of<'r> {
    pub(super) effect: Effect,
    pub(super) client: Option<&'r Shapes>,
    /// Legacy and modern.
    pub(super) legs: [Option<&'r Leg>; 2],
    pub(super) timeout: Duration,
}

impl Resolver<'_> {
    /// The rule, if there is one; `None` only when there is a fault.
    #[allow(
        clippy::option_option,
        reason = "outside: no fault; inside: there is one"
    )]
    pub(super) fn idempotency(
        &mut self,
        route: &file::Route,
        of: &Of<'_>,
    ) -> Option<Option<Idempotency>> {
        let Some(said) = &route.idempotency else {
            return Some(None);
        };
        let before = self.faults.len();
        let words = said.get_ref();
        if of.effect == Effect::Read {
            self.fault_with_help(
                said,
                "the route changes nothing, so its requests may come as often as they like",
                "take it out, or say effect = \"write\"",
            );
        }
        let key = self.idempotency_key(said, of);
        self.stays_in_its_partition(route, words);
        let client = self.client(words.client.as_ref());
        let known = [
            ("pass", WithoutOutcomes::Pass),
            ("refuse", WithoutOutcomes::Refuse),
        ];
        let without = words.without_outcomes.as_ref();
        let without = without.map(|word| self.word(word, "without_outcomes", &known));
        let keep = self.parsed(words.keep.as_ref(), KEEP, units::duration);
        let keep = self.kept_by_modern(route, said, of, keep);
        if self.faults.len() > before {
            return None;
        }
        Some(Some(Idempotency {
            key: key?,
            without_key: match words.required {
                true => WithoutKey::Refuse,
                false => WithoutKey::Pass,
            },
            keep,
            client: client?,
            without_outcomes: without.flatten().unwrap_or(WithoutOutcomes::Pass),
        }))
    }

    fn idempotency_key(&mut self, said: &Spanned<file::Idempotency>, of: &Of<'_>) -> Option<Key> {
        let words = said.get_ref();
        match (&words.header, &words.fields[..]) {
            (Some(name), []) => self.header_name(name).map(Key::Header),
            (None, fields) if (1..=FIELDS).contains(&fields.len()) => {
                let found: Vec<KeySource> = fields
                    .iter()
                    .filter_map(|field| self.key_field(field, of.client, of.legs))
                    .collect();
                (found.len() == fields.len()).then_some(Key::Fields(found))
            }
            _ => {
                self.fault_with_help(
                    said,
                    format!("wanted a header, or 1 to {FIELDS} fields"),
                    "header = \"Idempotency-Key\", or fields = [\"NAME\"] of the body",
                );
                None
            }
        }
    }

    /// The service knows what it answered in a partition: a retry must come to the same one. Body, path and query of a retry are the same, or
    /// it is refused; another header may well be another.
    fn stays_in_its_partition(&mut self, route: &file::Route, words: &file::Idempotency) {
        let Some(key) = &route.canary_key else {
            return;
        };
        let key = key.get_ref();
        let is_the_key = |name: &Spanned<String>| {
            let header = words.header.as_ref();
            header.is_some_and(|header| header.get_ref().eq_ignore_ascii_case(name.get_ref()))
        };
        let unstable = match (&key.header, &key.cookie) {
            (Some(name), _) if !is_the_key(name) => Some((name, "header")),
            (_, Some(name)) => Some((name, "cookie")),
            _ => None,
        };
        if let Some((name, what)) = unstable {
            self.fault_with_help(
                name,
                format!(
                    "a retry could reach another partition, whose service does not know the first: its {what} {} need not be the same",
                    name.get_ref()
                ),
                "take the canary_key from what a retry repeats: { field }, { path }, { query }, or the header of the idempotency key; or leave it out",
            );
        }
    }

    /// Modern keeps answers; for how long.
    fn kept_by_modern(
        &mut self,
        route: &file::Route,
        said: &Spanned<file::Idempotency>,
        of: &Of<'_>,
        keep: Duration,
    ) -> Duration {
        let [_, Some(modern)] = of.legs else {
            if route.modern.is_none() {
                self.fault_with_help(
                    said,
                    "the route has no modern side, and legacy does not know what it has executed",
                    "write modern = \"BACKEND\", a service behind Kafka",
                );
            }
            return keep;
        };
        let spec = self.backends.get(modern.backend.0);
        let spec = spec.map(|backend| &backend.spec);
        if let Some(spec) = spec
            && !matches!(spec, BackendSpec::Kafka(_))
        {
            let kind = spec.as_str();
            self.fault_with_help(
                said,
                format!("modern is a {kind} backend: only those behind Kafka know what they have executed"),
                "a backend that takes the key itself gets it as any header",
            );
            return keep;
        }
        let (within, keep) = match &modern.delivery {
            Delivery::Reply => (of.timeout, keep),
            Delivery::Async(later) => (later.within, keep.max(later.keep)),
            Delivery::Forget(_) => {
                self.fault(
                    said,
                    "with delivery = \"forget\" there is no answer that could be given again",
                );
                return keep;
            }
        };
        let at = said.get_ref().keep.as_ref();
        if let Some(at) = at {
            self.outlived(at, keep);
        }
        if keep < within
            && let Some(at) = at
        {
            self.fault(
                at,
                format!(
                    "a request may take {} s, and its answer would be kept for {} s only",
                    within.as_secs(),
                    keep.as_secs()
                ),
            );
        }
        self.keeps(modern.backend, keep);
        keep
    }

    fn client(&mut self, said: Option<&Spanned<Either<file::Client>>>) -> Option<Client> {
        let Some(said) = said else {
            return Some(Client::Certificate);
        };
        let table = match said.get_ref() {
            Either::Word(word) if word == "certificate" => return Some(Client::Certificate),
            Either::Word(word) => {
                self.fault_with_help(
                    said,
                    format!("unknown client \"{word}\""),
                    "\"certificate\", { header = \"…\" } or { tokens = \"…\", claim = \"sub\" }",
                );
                return None;
            }
            Either::Table(table) => table,
        };
        match (&table.header, &table.tokens, &table.claim) {
            (Some(name), None, None) => self.header_name(name).map(Client::Header),
            (None, Some(name), claim) => {
                let tokens = self.tokens_named(Some(name), name)?;
                let claim = claim.as_ref().map_or("sub", |claim| claim.get_ref());
                let path = claim.split('.').map(str::to_owned).collect();
                Some(Client::Claim { tokens, path })
            }
            _ => {
                self.fault_with_help(
                    said,
                    "wanted a header, or tokens and a claim of theirs",
                    "\"certificate\", { header = \"…\" } or { tokens = \"…\", claim = \"sub\" }",
                );
                None
            }
        }
    }
}
