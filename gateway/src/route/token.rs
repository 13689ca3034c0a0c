//! Tokens of clients: [`Tokens`], who signs them and where they stand, and the [`Claims`] of one that is verified. Pure.
//!
//! In: keys (a JWK set, a public key in PEM, or a shared secret) and a request's head. Out: claims, or why there are none.
//! A signature is verified before anything in a token is looked at, with the algorithms that the key itself allows: what a
//! token says of its own algorithm only chooses among those (RFC 8725 section 3.1). `none` is no algorithm here.

mod verify;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::HeaderName;
use http::header::AUTHORIZATION;
use http::request::Parts;
use jiff::Timestamp;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use crate::route::key::cookies;

/// The longest token that is looked at, in bytes.
const LONGEST: usize = 16 << 10;
/// A shared secret has this many bytes at least (RFC 7518 section 3.2, of the weakest algorithm).
const SHORTEST: usize = 32;

/// Who signs tokens, and where they stand in a request. Equal if what was read of it is.
pub struct Tokens {
    name: Arc<str>,
    place: Place,
    keys: Vec<Key>,
    issuer: Option<String>,
    audience: Vec<String>,
    /// Clocks may differ by this much, in seconds.
    leeway: i64,
    /// The text of the keys, by which two are equal.
    source: Vec<u8>,
}

/// Where a token stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In `Authorization`, after `Bearer`.
    Bearer,
    /// A header's whole value.
    Header(HeaderName),
    /// A cookie.
    Cookie(String),
}

/// What a token must be, besides being signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Its `iss`.
    pub issuer: Option<String>,
    /// One of its `aud`; a token for somebody is refused where this is empty.
    pub audience: Vec<String>,
    /// How far clocks may differ.
    pub leeway: std::time::Duration,
    /// With which algorithms it may be signed; with any that its key can be used with where this is empty.
    pub algorithms: Vec<Algorithm>,
}

/// The claims of a verified token.
#[derive(Debug)]
pub struct Claims(Value);

/// Why there are no claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// No token stands where it would.
    #[error("there is none")]
    Missing,
    /// Not a signed token, or two of them.
    #[error("it is no token")]
    Malformed,
    /// Signed with no key that is known, or not by it.
    #[error("its signature is not of a known key")]
    Signature,
    /// It is over, or has not begun, or does not say when it ends.
    #[error("it is not valid at this time")]
    Time,
    /// For somebody else, or of somebody else.
    #[error("it is of another issuer or for another audience")]
    Meant,
}

struct Key {
    id: Option<String>,
    key: DecodingKey,
    algorithms: Vec<Algorithm>,
}

impl Tokens {
    /// Tokens signed by one of a JWK set (RFC 7517). Keys for encryption and of kinds that are not known are left out,
    /// and so are secrets of less than 32 bytes.
    ///
    /// # Errors
    /// What is wrong with the set, or that no key in it can be used.
    pub fn of_jwks(name: &str, place: Place, wanted: &Wanted, text: &[u8]) -> Result<Self, String> {
        let set: JwkSet =
            serde_json::from_slice(text).map_err(|error| format!("no JWK set: {error}"))?;
        let keys = set.keys.iter().filter_map(Key::of);
        let keys: Vec<Key> = keys.filter_map(|key| key.only(wanted)).collect();
        if keys.is_empty() {
            return Err("there is no key in it that verifies signatures".to_owned());
        }
        Ok(Self::new(name, place, wanted, keys, text))
    }

    /// Tokens signed by a public key in PEM: RSA, EC (P-256, P-384) or Ed25519.
    ///
    /// # Errors
    /// It is none of these.
    pub fn of_pem(name: &str, place: Place, wanted: &Wanted, text: &[u8]) -> Result<Self, String> {
        let key = DecodingKey::from_rsa_pem(text)
            .or_else(|_| DecodingKey::from_ec_pem(text))
            .or_else(|_| DecodingKey::from_ed_pem(text))
            .map_err(|_| "no public key of RSA, P-256, P-384 or Ed25519 in PEM".to_owned())?;
        let algorithms = Key::algorithms(&key);
        let key = Key {
            id: None,
            key,
            algorithms,
        };
        Ok(Self::new(name, place, wanted, vec![key], text))
    }

    /// Tokens signed with a shared secret (HS256, HS384, HS512).
    ///
    /// # Errors
    /// It is shorter than the 32 bytes that the weakest of these needs (RFC 7518 section 3.2).
    pub fn of_secret(
        name: &str,
        place: Place,
        wanted: &Wanted,
        secret: &[u8],
    ) -> Result<Self, String> {
        if secret.len() < SHORTEST {
            return Err(format!(
                "the secret has {} bytes, and {SHORTEST} are the least",
                secret.len()
            ));
        }
        let key = Key {
            id: None,
            key: DecodingKey::from_secret(secret),
            algorithms: AlgorithmFamily::Hmac.algorithms().to_vec(),
        };
        Ok(Self::new(name, place, wanted, vec![key], secret))
    }

    fn new(name: &str, place: Place, wanted: &Wanted, keys: Vec<Key>, source: &[u8]) -> Self {
        verify::install();
        Self {
            name: name.into(),
            place,
            keys,
            issuer: wanted.issuer.clone(),
            audience: wanted.audience.clone(),
            leeway: i64::try_from(wanted.leeway.as_secs()).unwrap_or(i64::MAX),
            source: source.to_vec(),
        }
    }

    /// As it is called in the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The claims of a request's token at that time.
    ///
    /// # Errors
    /// There is none, or it is not one of these.
    pub fn verified(&self, parts: &Parts, at: Timestamp) -> Result<Claims, Unverified> {
        self.verified_for(self.token(parts)?, &self.audience, at)
    }

    /// Whether one of the keys may be the one that a token names; a token that names none may be of any.
    pub(crate) fn has_key_of(&self, token: &str) -> bool {
        let named = decode_header(token).ok().and_then(|header| header.kid);
        let is = |key: &Key| key.id.is_none() || key.id == named;
        named.is_none() || self.keys.iter().any(is)
    }

    /// The claims of that token at that time, which must be for one of these, where there are any.
    ///
    /// # Errors
    /// It is not one of these.
    pub(crate) fn verified_for(
        &self,
        token: &str,
        audience: &[String],
        at: Timestamp,
    ) -> Result<Claims, Unverified> {
        if token.len() > LONGEST {
            return Err(Unverified::Malformed);
        }
        let header = decode_header(token).map_err(|_| Unverified::Malformed)?;
        if has_critical(token) {
            return Err(Unverified::Malformed);
        }
        let keys = self.keys.iter().filter(|key| {
            key.algorithms.contains(&header.alg)
                && (header.kid.is_none() || key.id.is_none() || header.kid == key.id)
        });
        let validation = self.validation(header.alg, audience);
        let mut fault = Unverified::Signature;
        for key in keys {
            match decode::<Value>(token, &key.key, &validation) {
                Ok(found) => return self.in_time(found.claims, at),
                Err(error) => fault = told(&error, fault),
            }
        }
        Err(fault)
    }

    fn validation(&self, algorithm: Algorithm, audience: &[String]) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.required_spec_claims.clear();
        // The time is an argument here: [`in_time`](Self::in_time).
        validation.validate_exp = false;
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            validation.required_spec_claims.insert("iss".to_owned());
        }
        if !audience.is_empty() {
            validation.set_audience(audience);
            validation.required_spec_claims.insert("aud".to_owned());
        }
        validation
    }

    /// `exp` must be there, and not over; `nbf` may be there, and must have begun (RFC 7519 section 4.1).
    fn in_time(&self, claims: Value, at: Timestamp) -> Result<Claims, Unverified> {
        let now = at.as_second();
        let number = |name: &str| claims.get(name).map(|value| value.as_f64().map(whole));
        let ends = number("exp").flatten().ok_or(Unverified::Time)?;
        let begins = match number("nbf") {
            None => i64::MIN,
            Some(begins) => begins.ok_or(Unverified::Time)?,
        };
        let over = now.saturating_sub(self.leeway) >= ends;
        let early = now.saturating_add(self.leeway) < begins;
        if over || early {
            return Err(Unverified::Time);
        }
        Ok(Claims(claims))
    }

    /// The one token where it stands; readers disagree on which of two counts, so neither does.
    fn token<'r>(&self, parts: &'r Parts) -> Result<&'r str, Unverified> {
        fn only<'r>(mut all: impl Iterator<Item = &'r str>) -> Result<&'r str, Unverified> {
            let first = all.next().ok_or(Unverified::Missing)?;
            if all.next().is_some() {
                return Err(Unverified::Malformed);
            }
            Ok(first)
        }
        let values = |name: &HeaderName| {
            let values = parts.headers.get_all(name).iter();
            values.map(|value| value.to_str().unwrap_or_default())
        };
        match &self.place {
            Place::Bearer => {
                let value = only(values(&AUTHORIZATION))?;
                let (scheme, token) = value.split_once(' ').ok_or(Unverified::Missing)?;
                if !scheme.eq_ignore_ascii_case("bearer") {
                    return Err(Unverified::Missing);
                }
                Ok(token.trim())
            }
            Place::Header(name) => only(values(name)).map(str::trim),
            Place::Cookie(name) => only(
                cookies(&parts.headers)
                    .filter_map(|(given, value)| (given == name).then_some(value)),
            ),
        }
    }
}

/// Whether a token's header has `crit`: extensions that whoever does not know them must refuse (RFC 7515 section 4.1.11). None is known
/// here.
fn has_critical(token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default();
    let header = BASE64_URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    let header = serde_json::from_slice::<Value>(&header).unwrap_or_default();
    header.get("crit").is_some()
}

/// The one that says most, of several keys that were tried.
fn told(error: &jsonwebtoken::errors::Error, before: Unverified) -> Unverified {
    use jsonwebtoken::errors::ErrorKind as Kind;
    match error.kind() {
        Kind::InvalidIssuer | Kind::InvalidAudience | Kind::MissingRequiredClaim(_) => {
            Unverified::Meant
        }
        Kind::InvalidSignature | Kind::InvalidAlgorithm | Kind::InvalidKeyFormat => before,
        _ => Unverified::Malformed,
    }
}

/// A `NumericDate` in whole seconds, rounded down (RFC 7519 section 2).
#[allow(
    clippy::cast_possible_truncation,
    reason = "a float that is too large becomes the largest number, which is what is meant"
)]
fn whole(seconds: f64) -> i64 {
    seconds.floor() as i64
}

impl Key {
    /// None of one that does not verify signatures, or in a way that is not known.
    fn of(jwk: &Jwk) -> Option<Self> {
        let common = &jwk.common;
        if matches!(&common.public_key_use, Some(PublicKeyUse::Encryption)) {
            return None;
        }
        let key = DecodingKey::from_jwk(jwk).ok()?;
        let mut algorithms = Self::algorithms(&key);
        if let Some(stated) = common.key_algorithm {
            let stated: Option<Algorithm> = stated.to_string().parse().ok();
            algorithms.retain(|one| Some(*one) == stated);
        }
        (!algorithms.is_empty()).then(|| Self {
            id: common.key_id.clone(),
            key,
            algorithms,
        })
    }

    /// The key for what is allowed; none where that is nothing.
    fn only(mut self, wanted: &Wanted) -> Option<Self> {
        if !wanted.algorithms.is_empty() {
            self.algorithms
                .retain(|one| wanted.algorithms.contains(one));
        }
        (!self.algorithms.is_empty()).then_some(self)
    }

    /// What the key can be used with; of an EC key by its curve (RFC 7518 section 3.4).
    fn algorithms(key: &DecodingKey) -> Vec<Algorithm> {
        let length = key.try_get_as_bytes().map_or(0, <[u8]>::len);
        match (key.family(), length) {
            (AlgorithmFamily::Ec, 65) => vec![Algorithm::ES256],
            (AlgorithmFamily::Ec, 97) => vec![Algorithm::ES384],
            (AlgorithmFamily::Ec, _) => Vec::new(),
            (AlgorithmFamily::Hmac, length) if length < SHORTEST => Vec::new(),
            (family, _) => family.algorithms().to_vec(),
        }
    }
}

impl Claims {
    /// The texts of a claim: of a list each member, of a number or flag its text; `scope` is a list with blanks between
    /// (RFC 8693 section 4.2).
    pub(crate) fn values(&self, path: &[String]) -> impl Iterator<Item = Vec<u8>> + use<> {
        let mut at = Some(&self.0);
        for name in path {
            at = at.and_then(|value| value.as_object()?.get(name));
        }
        let scope = path.len() == 1 && path.first().is_some_and(|name| name == "scope");
        let texts: Vec<Vec<u8>> = match at {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) if scope => text
                .split(' ')
                .filter(|word| !word.is_empty())
                .map(Vec::from)
                .collect(),
            Some(Value::Array(members)) => members.iter().filter_map(text).collect(),
            Some(one) => text(one).into_iter().collect(),
        };
        texts.into_iter()
    }

    /// The text of a claim that is one.
    pub(crate) fn text(&self, path: &[String]) -> Option<&str> {
        let mut at = &self.0;
        for name in path {
            at = at.as_object()?.get(name)?;
        }
        at.as_str()
    }

    /// The second that a claim of the token itself says.
    pub(crate) fn second(&self, name: &str) -> Option<Timestamp> {
        let second = self.0.get(name)?.as_f64()?;
        Timestamp::from_second(whole(second)).ok()
    }
}

fn text(value: &Value) -> Option<Vec<u8>> {
    let text: Cow<'_, str> = match value {
        Value::String(text) => text.into(),
        Value::Bool(flag) => flag.to_string().into(),
        Value::Number(number) => number.to_string().into(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(text.into_owned().into_bytes())
}

impl PartialEq for Tokens {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.place == other.place
            && self.issuer == other.issuer
            && self.audience == other.audience
            && self.leeway == other.leeway
            && self.source == other.source
    }
}

impl Eq for Tokens {}

impl fmt::Debug for Tokens {
    /// The name, never a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tokens").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests;
