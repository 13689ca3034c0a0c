//! The admin API through TLS, its issuer, its sessions and its limits.

use std::time::Duration;

use jsonwebtoken::Algorithm;
use toml::Spanned;

use super::Resolver;
use crate::config::file::{AdminLimits, AdminOidc, AdminRate, AdminSession, AdminTls, in_order};
use crate::config::units;
use crate::identity::{LimitSpec, OidcSpec, Role, SessionSpec, address};
use crate::shed::Rate;
use crate::tls::{Clients, Demand, ServerSpec, Speaks, Trust, UnknownName, probe};

const HANDSHAKE: Duration = Duration::from_secs(10);
const LEEWAY: Duration = Duration::from_secs(60);
const WITHIN: Duration = Duration::from_secs(60);
/// Those of RFC 7518 and RFC 8037 that are asymmetric: with a shared secret everybody who verifies could sign.
const ALGORITHMS: [(&str, Algorithm); 9] = [
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

impl Resolver<'_> {
    /// `None` only with a fault.
    pub(super) fn admin_tls(&mut self, tls: &AdminTls) -> Option<ServerSpec> {
        let minimum = self.version(tls.minimum_version.as_ref());
        let pair = self.pair(&tls.certificate, tls.key.as_ref());
        let clients = match &tls.client_ca {
            None => {
                for unused in &tls.revoked {
                    self.fault_with_help(
                        unused,
                        "nobody is asked for a certificate",
                        "write client_ca = \"FILE\", a PEM file with those who sign them",
                    );
                }
                Clients::NotAsked
            }
            Some(ca) => {
                let revoked = tls.revoked.iter();
                let clients = Clients::Asked {
                    ca: self.folder.join(ca.get_ref()),
                    revoked: revoked
                        .map(|file| self.folder.join(file.get_ref()))
                        .collect(),
                    // Others come with a token.
                    demand: Demand::Optional,
                };
                if let Err(error) = probe::clients(&clients) {
                    let mut revoked = tls.revoked.iter();
                    let at = revoked.find(|file| self.folder.join(file.get_ref()) == error.file());
                    self.unfit(at.unwrap_or(ca), &error);
                    return None;
                }
                clients
            }
        };
        Some(ServerSpec {
            pairs: vec![pair?],
            minimum,
            clients,
            unknown_name: UnknownName::First,
            handshake: HANDSHAKE,
            speaks: Speaks::Http1,
        })
    }

    /// `None` only with a fault.
    pub(super) fn oidc(&mut self, oidc: &Spanned<AdminOidc>, private: bool) -> Option<OidcSpec> {
        let said = oidc.get_ref();
        let asked = self.asked_in_private(&said.issuer);
        if said.client_id.get_ref().trim().is_empty() {
            self.fault(&said.client_id, "wanted what the issuer calls this gateway");
        }
        let redirect = said.redirect.as_ref();
        let redirect = redirect.map(|redirect| self.redirect_of(redirect, private));
        let audience = said.audience.as_ref();
        let audience = audience.map(|audience| audience.get_ref().each(audience.span()));
        if let (Some(said), Some([])) = (&said.audience, audience.as_deref()) {
            self.fault_with_help(
                said,
                "nobody at all: a token for anybody would count",
                "name whom bearer tokens must be for, or leave it out: then that is client_id",
            );
        }
        let trust = match &said.ca {
            None => Trust::System,
            Some(ca) => {
                let file = self.folder.join(ca.get_ref());
                if let Err(error) = probe::authorities(&file) {
                    self.unfit(ca, &error);
                    return None;
                }
                Trust::Ca(file)
            }
        };
        let secret = said.client_secret.as_ref();
        let secret = secret.map(|secret| self.reference(secret, "client_secret"));
        let scopes = said.scopes.as_ref();
        let spec = OidcSpec {
            issuer: said.issuer.get_ref().clone(),
            client_id: said.client_id.get_ref().clone(),
            client_secret: secret,
            audience: match audience {
                Some(audience) => audience.into_iter().map(Spanned::into_inner).collect(),
                None => vec![said.client_id.get_ref().clone()],
            },
            redirect: redirect.flatten(),
            scopes: match scopes {
                Some(scopes) => scopes
                    .iter()
                    .filter_map(|scope| self.scope(scope))
                    .collect(),
                None => vec!["profile".to_owned()],
            },
            name: self.claim_of_people(said.name.as_ref(), "sub"),
            display: self.claim_of_people(said.display.as_ref(), "name"),
            groups: self.claim_of_people(said.groups.as_ref(), "groups"),
            roles: self.groups_with_roles(said),
            algorithms: self.algorithms(said),
            trust,
            leeway: self.parsed(said.leeway.as_ref(), LEEWAY, units::duration),
        };
        asked.then_some(spec)
    }

    fn asked_in_private(&mut self, issuer: &Spanned<String>) -> bool {
        let text = issuer.get_ref();
        let uri = address(text);
        if uri.is_none() {
            self.fault_with_help(
                issuer,
                format!("wanted the address of an issuer, got \"{text}\""),
                "it begins with https, or with http on this machine; such as \"https://sso.acme.com/realms/staff\"",
            );
        } else if text.contains(['?', '#']) {
            self.fault(issuer, "the address of an issuer has no query");
        }
        uri.is_some()
    }

    fn redirect_of(&mut self, redirect: &Spanned<String>, private: bool) -> Option<String> {
        const PATH: &str = "/ui/oidc/callback";
        let text = redirect.get_ref();
        let uri = address(text);
        let fits = uri
            .as_ref()
            .is_some_and(|uri| uri.path() == PATH && uri.query().is_none());
        if !fits {
            self.fault_with_help(
                redirect,
                format!("wanted where browsers come back to, got \"{text}\""),
                format!("such as \"https://figway.acme.com:8081{PATH}\""),
            );
            return None;
        }
        let plain = uri.as_ref().and_then(http::Uri::scheme_str) == Some("http");
        if plain && private {
            self.fault(redirect, "the admin API is met through TLS: wanted https");
        }
        Some(text.clone())
    }

    fn scope(&mut self, scope: &Spanned<String>) -> Option<String> {
        // RFC 6749 section 3.3.
        let text = scope.get_ref();
        let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
        if text.is_empty() || !text.chars().all(fits) {
            self.fault(scope, "wanted one scope, without blanks");
        }
        (text != "openid").then(|| text.clone())
    }

    /// The way to a claim: names with dots between them, but a name that is an address is one.
    fn claim_of_people(&mut self, claim: Option<&Spanned<String>>, default: &str) -> Vec<String> {
        let text = claim.map_or(default, |claim| claim.get_ref());
        if text.contains("://") {
            return vec![text.to_owned()];
        }
        let path: Vec<String> = text.split('.').map(str::to_owned).collect();
        if let Some(claim) = claim
            && path.iter().any(String::is_empty)
        {
            self.fault(
                claim,
                format!("wanted names of claims with dots between them, got \"{text}\""),
            );
        }
        path
    }

    fn groups_with_roles(&mut self, said: &AdminOidc) -> Vec<(String, Role)> {
        let roles = &said.roles;
        let known = Role::ALL.map(|role| (role.as_str(), role));
        let mut found = Vec::new();
        for (word, groups) in in_order(roles.get_ref()) {
            let Some(role) = self.word(word, "role", &known) else {
                continue;
            };
            for group in groups.get_ref().each(groups.span()) {
                if group.get_ref().trim().is_empty() {
                    self.fault(&group, "wanted a group of the issuer");
                }
                found.push((group.into_inner(), role));
            }
        }
        if found.is_empty() && roles.get_ref().is_empty() {
            self.fault_with_help(
                roles,
                "nobody of this issuer may do anything",
                "say which groups give a role, such as operator = [\"migration\"]",
            );
        }
        found
    }

    fn algorithms(&mut self, said: &AdminOidc) -> Vec<Algorithm> {
        let Some(algorithms) = &said.algorithms else {
            return vec![
                Algorithm::RS256,
                Algorithm::PS256,
                Algorithm::ES256,
                Algorithm::EdDSA,
            ];
        };
        if algorithms.get_ref().is_empty() {
            self.fault(algorithms, "no token of this issuer could count");
        }
        let mut found = Vec::new();
        for word in algorithms.get_ref() {
            match word.get_ref().as_str() {
                "none" => self.fault(word, "a token that nobody signed is nobody's"),
                "HS256" | "HS384" | "HS512" => self.fault_with_help(
                    word,
                    "whoever verifies such a signature could make it",
                    "wanted one with a key pair, such as \"RS256\" or \"ES256\"",
                ),
                _ => found.extend(self.word(word, "algorithm", &ALGORITHMS)),
            }
        }
        found
    }

    pub(super) fn session(&mut self, said: Option<&AdminSession>) -> SessionSpec {
        let usual = SessionSpec::default();
        let Some(said) = said else { return usual };
        SessionSpec {
            idle: self.parsed(said.idle.as_ref(), usual.idle, units::duration),
            total: self.parsed(said.total.as_ref(), usual.total, units::duration),
            most: said
                .most
                .as_ref()
                .map_or(usual.most, |most| self.how_many(most, 1)),
        }
    }

    pub(super) fn limits_of_people(&mut self, said: Option<&AdminLimits>) -> LimitSpec {
        let usual = LimitSpec::default();
        let Some(said) = said else { return usual };
        let failures = said.failures.as_ref();
        let requests = said.requests.as_ref();
        LimitSpec {
            failures: failures
                .and_then(|rate| self.admin_rate(rate))
                .unwrap_or(usual.failures),
            requests: requests
                .and_then(|rate| self.admin_rate(rate))
                .unwrap_or(usual.requests),
        }
    }

    fn admin_rate(&mut self, rate: &Spanned<AdminRate>) -> Option<Rate> {
        let said = rate.get_ref();
        let within = self.parsed(said.within.as_ref(), WITHIN, units::duration);
        let requests = self.how_many(&said.requests, 1);
        let burst = said.burst.as_ref();
        let burst = burst.map_or(requests, |burst| self.how_many(burst, 1));
        let (requests, burst) = (u32::try_from(requests).ok()?, u32::try_from(burst).ok()?);
        let made = Rate::new(requests, within, burst);
        if made.is_none() {
            self.fault(rate, "this is more than can be counted");
        }
        made
    }
}
