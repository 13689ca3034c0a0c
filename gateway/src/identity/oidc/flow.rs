//! Signing in with an issuer in a browser: the authorization code flow (OpenID Connect Core 1.0 section 3.1) with PKCE (RFC 7636).
//!
//! What is kept between leaving and coming back is good once, for ten minutes, and for the browser that left: its cookie carries a secret that
//! the address does not, so that nobody is signed in as somebody else by a link.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use form_urlencoded::Serializer;
use http::HeaderValue;
use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{FetchError, Oidc, TokenError, address, session};
use crate::identity::people::same;
use crate::identity::{NoRandom, Principal};

/// How long somebody may take to sign in.
const PATIENCE: Duration = Duration::from_secs(600);
/// Who is away at once; a further one is waited for in the place of the one who left first.
const MOST: usize = 1000;

/// Those who have left to sign in, by the hash of their state.
#[derive(Debug, Default)]
pub(super) struct Pending(Mutex<HashMap<[u8; 32], Left>>);

#[derive(Debug)]
struct Left {
    browser: [u8; 32],
    nonce: String,
    verifier: String,
    next: String,
    at: Timestamp,
}

/// Where a browser goes to sign in.
pub(crate) struct Started {
    /// The issuer's page.
    pub(crate) to: String,
    /// What the browser's cookie carries until it is back.
    pub(crate) browser: String,
}

/// What a browser came back with: the query of its address.
#[derive(Debug, Deserialize)]
pub(crate) struct Away {
    /// What it left with.
    #[serde(default)]
    pub(crate) state: String,
    /// What stands for its tokens.
    pub(crate) code: Option<String>,
    /// Why there is none (RFC 6749 section 4.1.2.1).
    pub(crate) error: Option<String>,
    /// Who sent it (RFC 9207).
    pub(crate) iss: Option<String>,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallbackError {
    /// This browser did not leave with that state, or too long ago, or was back already.
    #[error(
        "nobody left to sign in from this browser, or it is too long ago, or it is done already"
    )]
    State,
    /// The issuer says no.
    #[error("the issuer did not sign anybody in: {0}")]
    Denied(String),
    /// Somebody else sent the browser back.
    #[error("the answer is of another issuer")]
    Issuer,
    /// The token is for another signing in.
    #[error("the token is for another time of signing in")]
    Nonce,
    /// The token, or the issuer.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl From<FetchError> for CallbackError {
    fn from(error: FetchError) -> Self {
        Self::Token(error.into())
    }
}

/// Why nobody can leave to sign in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The file has no `redirect`, or the issuer no page.
    #[error("browsers cannot sign in with this issuer")]
    NoPages,
    /// There is nothing to make a state of.
    #[error(transparent)]
    Random(#[from] NoRandom),
    /// The issuer cannot be asked.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

/// Whether who is signed in at the issuer must show anew that they are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anew {
    /// They must.
    Yes,
    /// The issuer decides.
    No,
}

#[derive(Deserialize)]
struct Given {
    id_token: String,
}

impl Oidc {
    /// Where a browser goes to sign in, to come back for `next`.
    ///
    /// # Errors
    /// See [`StartError`].
    pub(crate) async fn start(
        &self,
        next: &str,
        anew: Anew,
        now: Timestamp,
    ) -> Result<Started, StartError> {
        let about = self.about().await?;
        let page = about.said.authorization_endpoint.as_deref();
        let (Some(page), Some(redirect)) = (page, &self.spec.redirect) else {
            return Err(StartError::NoPages);
        };
        // A browser is sent there: it is believed no further than the issuer itself.
        if address(page).is_none() {
            return Err(StartError::NoPages);
        }
        let (state, browser) = (session::random()?, session::random()?);
        let (nonce, verifier) = (session::random()?, session::random()?);
        let mut scope = "openid".to_owned();
        for one in &self.spec.scopes {
            scope.push(' ');
            scope.push_str(one);
        }
        let mut query = Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.spec.client_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", &scope)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge(&verifier))
            .append_pair("code_challenge_method", "S256");
        if anew == Anew::Yes {
            query
                .append_pair("prompt", "login")
                .append_pair("max_age", "0");
        }
        let join = if page.contains('?') { '&' } else { '?' };
        let to = format!("{page}{join}{}", query.finish());
        let left = Left {
            browser: hash(&browser),
            nonce,
            verifier,
            next: next.to_owned(),
            at: now,
        };
        self.pending.put(&state, left, now);
        Ok(Started { to, browser })
    }

    /// Who is back, and for which page. `browser` is what its cookie carries.
    ///
    /// # Errors
    /// See [`CallbackError`]. Whatever it is, this state is good no more.
    pub(crate) async fn back(
        &self,
        away: Away,
        browser: Option<&str>,
        now: Timestamp,
    ) -> Result<(Principal, String), CallbackError> {
        let left = self.pending.take(&away.state, browser, now);
        let left = left.ok_or(CallbackError::State)?;
        if away.iss.is_some_and(|iss| iss != self.spec.issuer) {
            return Err(CallbackError::Issuer);
        }
        if let Some(error) = away.error {
            let word = error.len() < 64 && error.chars().all(|c| c.is_ascii_graphic());
            let error = if word { error } else { "no reason".to_owned() };
            return Err(CallbackError::Denied(error));
        }
        let code = away.code.ok_or(CallbackError::State)?;
        let token = self.exchanged(&code, &left.verifier).await?;
        let audience = vec![self.spec.client_id.clone()];
        let claims = self.verified(&token, audience, now).await?;
        let nonce = claims.text(&["nonce".to_owned()]).unwrap_or_default();
        if !same(&hash(nonce), &hash(&left.nonce)) {
            return Err(CallbackError::Nonce);
        }
        // Section 3.1.3.7: a token for several is for the one in `azp`.
        let azp = claims.text(&["azp".to_owned()]);
        if azp.is_some_and(|azp| azp != self.spec.client_id) {
            return Err(TokenError::from(super::Unverified::Meant).into());
        }
        let principal = self.principal(&claims, claims.second("auth_time"), now)?;
        Ok((principal, left.next))
    }

    /// The ID token that a code stands for.
    async fn exchanged(&self, code: &str, verifier: &str) -> Result<String, CallbackError> {
        let about = self.about().await?;
        let strange = || FetchError::Strange {
            url: self.spec.issuer.clone(),
            wanted: "token endpoint",
        };
        let url = about.said.token_endpoint.as_deref().ok_or_else(strange)?;
        let redirect = self.spec.redirect.as_deref().unwrap_or_default();
        let form = Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", redirect)
            .append_pair("code_verifier", verifier)
            .append_pair("client_id", &self.spec.client_id)
            .finish();
        let answer = self.fetch.post(url, self.basic(), form).await?;
        let given: Given = serde_json::from_slice(&answer).map_err(|_| FetchError::Strange {
            url: url.to_owned(),
            wanted: "ID token",
        })?;
        Ok(given.id_token)
    }

    /// RFC 6749 section 2.3.1: both parts as in forms, then Basic.
    fn basic(&self) -> Option<HeaderValue> {
        let secret = self.secret.as_ref()?;
        let encoded =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let both = format!(
            "{}:{}",
            encoded(&self.spec.client_id),
            encoded(secret.expose())
        );
        let value = format!("Basic {}", BASE64_STANDARD.encode(both));
        let mut value = HeaderValue::try_from(value).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl Pending {
    fn put(&self, state: &str, left: Left, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, one| session::within(one.at, now, PATIENCE));
        if all.len() >= MOST {
            let first = all.iter().min_by_key(|(_, one)| one.at);
            if let Some(first) = first.map(|(key, _)| *key) {
                all.remove(&first);
            }
        }
        all.insert(hash(state), left);
    }

    /// Good once: also for a browser that it was not for.
    fn take(&self, state: &str, browser: Option<&str>, now: Timestamp) -> Option<Left> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = all.remove(&hash(state))?;
        let here = browser.is_some_and(|browser| same(&left.browser, &hash(browser)));
        (here && session::within(left.at, now, PATIENCE)).then_some(left)
    }
}

/// RFC 7636 section 4.2.
fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(hash(verifier))
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_as_in_the_rfc() {
        // RFC 7636 appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(
            challenge(verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn who_left_comes_back_once_in_time_and_from_the_same_browser() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let pending = Pending::default();
        let left = |second| Left {
            browser: hash("browser"),
            nonce: String::new(),
            verifier: String::new(),
            next: "/ui/".to_owned(),
            at: at(second),
        };
        pending.put("one", left(0), at(0));
        assert!(pending.take("other", Some("browser"), at(1)).is_none());
        assert!(pending.take("one", Some("browser"), at(1)).is_some());
        assert!(pending.take("one", Some("browser"), at(1)).is_none());
        pending.put("two", left(0), at(0));
        assert!(pending.take("two", Some("browser"), at(600)).is_none());
        pending.put("three", left(0), at(0));
        assert!(pending.take("three", Some("another"), at(1)).is_none());
        assert!(pending.take("three", Some("browser"), at(1)).is_none());
        pending.put("four", left(0), at(0));
        assert!(pending.take("four", None, at(1)).is_none());
        for n in 0..2 * MOST {
            pending.put(&n.to_string(), left(1), at(1));
        }
        assert_eq!(pending.0.lock().unwrap().len(), MOST);
    }
}
