//! What a route wants besides host, path and method.

use http::{HeaderName, HeaderValue};
use ipnet::IpNet;
use toml::Spanned;

use super::Resolver;
use crate::config::file::{self, Either, FlagOr, in_order};
use crate::route::condition::{Claim, Condition, Presence, Text, TimeRule, TlsRule, fingerprint};

type OrWord<T> = Spanned<Either<T>>;

impl Resolver<'_> {
    /// In the order in which they are looked at: what costs little first. `None` only when there is a fault.
    pub(super) fn conditions(&mut self, rule: &file::Match) -> Option<Vec<Condition>> {
        let before = self.faults.len();
        let mut found = Vec::new();
        let mut names: Vec<HeaderName> = Vec::new();
        for (name, value) in in_order(&rule.headers) {
            let header = self.header_name(name);
            let text = self.header_text(value);
            let Some(header) = header else { continue };
            if names.contains(&header) {
                self.fault(name, "this header stands here twice, in another case");
            }
            names.push(header.clone());
            found.extend(text.map(|text| Condition::Header(header, text)));
        }
        for (name, value) in in_order(&rule.query) {
            let text = self.condition_text(value);
            found.extend(text.map(|text| Condition::Query(name.get_ref().clone(), text)));
        }
        for (name, value) in in_order(&rule.cookies) {
            let text = self.condition_text(value);
            let name = self.cookie_name(name);
            if let (Some(name), Some(text)) = (name, text) {
                found.push(Condition::Cookie(name, text));
            }
        }
        if let Some(client) = &rule.client {
            let networks = client.get_ref().each(client.span());
            let networks: Vec<_> = networks
                .iter()
                .filter_map(|one| self.network(one))
                .collect();
            if client.get_ref().each(client.span()).is_empty() {
                self.fault(client, "no network at all: no client would be taken");
            }
            found.push(Condition::Client(networks));
        }
        if let Some(tls) = &rule.tls {
            found.extend(self.tls_rules(tls).into_iter().map(Condition::Tls));
        }
        if let Some(time) = &rule.time {
            found.extend(self.hours_rule(time).map(Condition::Time));
        }
        for (name, value) in in_order(&rule.claims) {
            found.extend(self.claim(rule, name, value).map(Condition::Claim));
        }
        // The last: what it costs most to know.
        if let Some(body) = &rule.body {
            found.extend(self.body_rule(body).map(Condition::Body));
        }
        if let (Some(tokens), true) = (&rule.tokens, rule.claims.is_empty()) {
            self.fault_with_help(
                tokens,
                "tokens are named, and no claim of theirs",
                "add claims = { sub = { present = true } } to take every request with a valid token",
            );
        }
        (self.faults.len() == before).then_some(found)
    }

    fn header_text(&mut self, value: &OrWord<file::Text>) -> Option<Text> {
        let text = self.condition_text(value)?;
        let cannot = match &text {
            Text::Exact(text) | Text::Prefix(text) => HeaderValue::from_str(text).is_err(),
            Text::Regex(..) | Text::Present | Text::Absent => false,
        };
        if cannot {
            self.fault(value, "a header cannot have this value");
            return None;
        }
        Some(text)
    }

    /// A text as it is, or `{ prefix }`, `{ regex }`, `{ present }`.
    pub(super) fn condition_text(&mut self, value: &OrWord<file::Text>) -> Option<Text> {
        let table = match value.get_ref() {
            Either::Word(text) => return Some(Text::Exact(text.as_str().into())),
            Either::Table(table) => table,
        };
        match (&table.prefix, &table.regex, &table.present) {
            (Some(prefix), None, None) => Some(Text::Prefix(prefix.get_ref().as_str().into())),
            (None, Some(regex), None) => Text::regex(regex.get_ref())
                .map_err(|message| self.fault(regex, message))
                .ok(),
            (None, None, Some(present)) => Some(match present.get_ref() {
                true => Text::Present,
                false => Text::Absent,
            }),
            _ => {
                self.fault(value, "wanted a text or one of: prefix, regex, present");
                None
            }
        }
    }

    pub(super) fn cookie_name(&mut self, name: &Spanned<String>) -> Option<String> {
        let text = name.get_ref();
        if text.is_empty() || text.contains(['=', ';', ',', ' ']) {
            self.fault(
                name,
                format!("wanted the name alone, without `=`, `;`, `,` and blanks, got \"{text}\""),
            );
            return None;
        }
        Some(text.clone())
    }

    /// `10.0.0.0/8`, or an address alone.
    pub(super) fn network(&mut self, text: &Spanned<String>) -> Option<IpNet> {
        let given = text.get_ref();
        let alone = || {
            given
                .parse()
                .map(|address: std::net::IpAddr| IpNet::from(address))
        };
        let Ok(network) = given.parse::<IpNet>().or_else(|_| alone()) else {
            self.fault(
                text,
                format!("wanted a network such as \"10.0.0.0/8\" or \"fd00::/8\", or an address, got \"{given}\""),
            );
            return None;
        };
        if network.trunc() != network {
            self.fault_with_help(
                text,
                format!("{network} is an address within a network"),
                format!(
                    "write \"{}\" for the network, \"{}\" for the address",
                    network.trunc(),
                    network.addr()
                ),
            );
            return None;
        }
        Some(network)
    }

    fn tls_rules(&mut self, tls: &Spanned<FlagOr<file::Tls>>) -> Vec<TlsRule> {
        let table = match tls.get_ref() {
            FlagOr::Flag(true) => return vec![TlsRule::Any],
            FlagOr::Flag(false) => return vec![TlsRule::None],
            FlagOr::Table(table) => table,
        };
        let mut found = Vec::new();
        if let Some(name) = &table.server_name {
            found.extend(
                self.condition_text(name)
                    .map(lower)
                    .map(TlsRule::ServerName),
            );
        }
        if let Some(shown) = &table.certificate {
            let presence = if *shown.get_ref() {
                Presence::Present
            } else {
                Presence::Absent
            };
            found.push(TlsRule::Certificate(presence));
        }
        if let Some(subject) = &table.subject {
            found.extend(self.condition_text(subject).map(TlsRule::Subject));
        }
        if let Some(name) = &table.name {
            found.extend(self.condition_text(name).map(TlsRule::Name));
        }
        if let Some(fingerprint) = &table.fingerprint {
            let each = fingerprint.get_ref().each(fingerprint.span());
            let wanted: Vec<_> = each
                .iter()
                .filter_map(|one| self.fingerprint(one))
                .collect();
            if each.is_empty() {
                self.fault(
                    fingerprint,
                    "no certificate at all: no client would be taken",
                );
            }
            found.push(TlsRule::Fingerprint(wanted));
        }
        if found.is_empty() {
            self.fault(tls, "wanted true, false, or one of: server_name, certificate, subject, name, fingerprint");
        }
        found
    }

    /// SHA-256 in hexadecimal digits, perhaps with colons between.
    fn fingerprint(&mut self, text: &Spanned<String>) -> Option<[u8; 32]> {
        let found = fingerprint(text.get_ref());
        if found.is_none() {
            self.fault_with_help(
                text,
                "wanted the SHA-256 of a certificate in 64 hexadecimal digits",
                "openssl x509 -in FILE -noout -fingerprint -sha256",
            );
        }
        found
    }

    fn hours_rule(&mut self, time: &OrWord<file::Time>) -> Option<TimeRule> {
        let (name, open) = match time.get_ref() {
            Either::Word(name) => (&Spanned::new(time.span(), name.clone()), true),
            Either::Table(table) => (&table.outside, false),
        };
        let calendar = self.calendar_named(name)?;
        Some(TimeRule { calendar, open })
    }

    fn claim(
        &mut self,
        rule: &file::Match,
        name: &Spanned<String>,
        value: &OrWord<file::Text>,
    ) -> Option<Claim> {
        let path: Vec<String> = name.get_ref().split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            self.fault(
                name,
                format!(
                    "wanted names of claims with dots between them, got \"{}\"",
                    name.get_ref()
                ),
            );
            return None;
        }
        let value = self.condition_text(value);
        let tokens = self.tokens_named(rule.tokens.as_ref(), name);
        Some(Claim {
            tokens: tokens?,
            path,
            value: value?,
        })
    }
}

/// Server names come in lower case.
fn lower(text: Text) -> Text {
    match text {
        Text::Exact(text) => Text::Exact(text.to_ascii_lowercase().into()),
        Text::Prefix(text) => Text::Prefix(text.to_ascii_lowercase().into()),
        other => other,
    }
}
