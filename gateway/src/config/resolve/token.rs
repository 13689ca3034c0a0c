//! Tokens: who signs them, and where they stand in a request.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ops::Setting;
use toml::Spanned;

use super::Resolver;
use crate::config::{file, units};
use crate::route::token::{Place, Tokens, Wanted};

/// A file of keys is a few KiB.
const LARGEST_KEYS: u64 = 1 << 20;
const LEEWAY: Duration = Duration::from_secs(60);

impl Resolver<'_> {
    /// `None` only when there is a fault.
    pub(super) fn tokens(
        &mut self,
        name: &Spanned<String>,
        tokens: &Spanned<file::Tokens>,
    ) -> Option<Tokens> {
        let said = tokens.get_ref();
        let given = [
            said.jwks.is_some(),
            said.public_key.is_some(),
            said.secret.is_some(),
        ];
        if given.iter().filter(|given| **given).count() != 1 {
            self.fault_with_help(
                tokens,
                "wanted one of: jwks, public_key, secret",
                "a token is looked at only once its signature is verified, with a key from here",
            );
            return None;
        }
        let place = self.token_place(said);
        let audience = said
            .audience
            .as_ref()
            .map(|audience| audience.get_ref().each(audience.span()));
        if let (Some(said), Some([])) = (&said.audience, audience.as_deref()) {
            self.fault_with_help(
                said,
                "nobody at all: a token for anybody would count",
                "name whom tokens must be for, or leave it out if that does not matter",
            );
        }
        let wanted = Wanted {
            issuer: said.issuer.as_ref().map(|issuer| issuer.get_ref().clone()),
            audience: audience
                .into_iter()
                .flatten()
                .map(Spanned::into_inner)
                .collect(),
            leeway: self.parsed(said.leeway.as_ref(), LEEWAY, units::duration),
            algorithms: Vec::new(),
        };
        let name = name.get_ref();
        if let Some(path) = &said.jwks {
            let text = self.beside(path, LARGEST_KEYS);
            let (text, place) = (text?, place?);
            return self.or_fault(path, Tokens::of_jwks(name, place, &wanted, &text));
        }
        if let Some(path) = &said.public_key {
            let text = self.beside(path, LARGEST_KEYS);
            let (text, place) = (text?, place?);
            return self.or_fault(path, Tokens::of_pem(name, place, &wanted, &text));
        }
        let at = said.secret.as_ref()?;
        let secret = self.shared_secret(at);
        let (secret, place) = (secret?, place?);
        match Tokens::of_secret(name, place, &wanted, &secret) {
            Ok(tokens) => Some(tokens),
            Err(message) => {
                self.secret(
                    at,
                    &message,
                    "make one with: head -c 32 /dev/urandom | base64",
                );
                None
            }
        }
    }

    fn or_fault<T>(&mut self, at: &Spanned<PathBuf>, result: Result<T, String>) -> Option<T> {
        result
            .map_err(|message| self.fault(at, format!("{}: {message}", at.get_ref().display())))
            .ok()
    }

    fn token_place(&mut self, said: &file::Tokens) -> Option<Place> {
        match (&said.header, &said.cookie) {
            (None, None) => Some(Place::Bearer),
            (Some(header), None) => self.header_name(header).map(|name| {
                if name == http::header::AUTHORIZATION {
                    Place::Bearer
                } else {
                    Place::Header(name)
                }
            }),
            (None, Some(cookie)) => self.cookie_name(cookie).map(Place::Cookie),
            (Some(_), Some(cookie)) => {
                self.fault(cookie, "a token stands in one place: header or cookie");
                None
            }
        }
    }

    /// A secret is never in the file itself.
    fn shared_secret(&mut self, at: &Spanned<Setting>) -> Option<Vec<u8>> {
        let setting = match at.get_ref() {
            Setting::Plain(_) => {
                self.secret(
                    at,
                    "the secret stands in the file",
                    "write \"env:NAME\" or \"file:PATH\", and the secret there",
                );
                return None;
            }
            Setting::File(path) => {
                let path = Spanned::new(at.span(), PathBuf::from(path));
                let bytes = self.beside(&path, LARGEST_KEYS)?;
                let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
                return Some(text.strip_suffix(b"\r").unwrap_or(text).to_vec());
            }
            other @ Setting::Environment(_) => other,
        };
        match setting.resolve() {
            Ok(secret) => Some(secret.expose().as_bytes().to_vec()),
            Err(error) => {
                self.fault(at, error.to_string());
                None
            }
        }
    }

    /// The tokens that a route's claims are of. `None` only when there is a fault.
    pub(super) fn tokens_named(
        &mut self,
        name: Option<&Spanned<String>>,
        at: &Spanned<String>,
    ) -> Option<Arc<Tokens>> {
        let Some(name) = name else {
            let mut all = self.tokens.values();
            return match (all.next(), all.next()) {
                (Some(only), None) => only.clone(),
                (None, _) => {
                    self.fault_with_help(
                        at,
                        "it is not said who signs the tokens that have this claim",
                        "add [tokens.NAME] with jwks = \"FILE\"",
                    );
                    None
                }
                (Some(_), Some(_)) => {
                    self.fault(
                        at,
                        "there are several [tokens]: say which with tokens = \"NAME\"",
                    );
                    None
                }
            };
        };
        match self.tokens.get(name.get_ref()) {
            Some(tokens) => tokens.clone(),
            None => {
                let names: Vec<String> = self.tokens.keys().cloned().collect();
                self.unknown(name, "token", names.iter().map(String::as_str));
                None
            }
        }
    }
}
