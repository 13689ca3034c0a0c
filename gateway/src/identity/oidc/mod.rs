//! People of an issuer (OpenID Connect Core 1.0): its tokens, and signing in with it in a browser.
//!
//! In: a bearer token, or a browser that wants to sign in. Out: a [`Principal`]. A token counts if it is signed with a key that the issuer
//! publishes, by an algorithm of the file's list, which are all asymmetric: neither `none` nor a public key taken for a secret can pass (RFC 8725
//! sections 2.1 and 3.1). The code flow has PKCE (RFC 7636), a state that is good once and for one browser, and a nonce.

mod fetch;
mod flow;
mod keys;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use jsonwebtoken::Algorithm;
use ops::{Secret, SecretError, Setting};
use serde::Deserialize;
use tokio::time::Instant;

use self::fetch::Fetch;
pub use self::fetch::FetchError;
pub(crate) use self::fetch::address;
use self::flow::Pending;
pub(crate) use self::flow::{Anew, Away, CallbackError};
use self::keys::Keys;
use super::{How, Principal, Role, Roles, session};
use crate::control::rules::MAX_NAME;
use crate::route::token::{Claims, Unverified, Wanted};
use crate::tls::{self, Trust};

/// How long what an issuer says of itself is believed.
const OLD: Duration = Duration::from_secs(3600);

/// An issuer and what its people may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcSpec {
    /// Its address, as its tokens say it.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What we prove it with; none of a public client, for which PKCE stands alone.
    pub client_secret: Option<Setting>,
    /// For whom bearer tokens must be.
    pub audience: Vec<String>,
    /// Where it sends browsers back to: `https://HOST/ui/oidc/callback`; browsers cannot sign in with it if none.
    pub redirect: Option<String>,
    /// What is asked for, beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that is the name in the log: names of objects, the last of the claim itself.
    pub name: Vec<String>,
    /// The one that people print.
    pub display: Vec<String>,
    /// The one with groups.
    pub groups: Vec<String>,
    /// Which group gives which role.
    pub roles: Vec<(String, Role)>,
    /// Which signatures count. None of them is made with a shared secret.
    pub algorithms: Vec<Algorithm>,
    /// By what its certificate is judged.
    pub trust: Trust,
    /// How far clocks may differ.
    pub leeway: Duration,
}

/// An issuer that is asked.
#[derive(Debug)]
pub(crate) struct Oidc {
    spec: OidcSpec,
    secret: Option<Secret>,
    fetch: Fetch,
    about: ArcSwapOption<About>,
    keys: Keys,
    pending: Pending,
}

/// What it says of itself (OpenID Connect Discovery 1.0 section 3), as far as it matters here.
#[derive(Debug)]
struct About {
    said: Said,
    at: Instant,
}

#[derive(Debug, Deserialize)]
struct Said {
    issuer: String,
    jwks_uri: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
}

/// Why an issuer cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The client's secret cannot be had.
    #[error("the client_secret of [admin.oidc] cannot be had")]
    Secret(#[from] SecretError),
    /// A file of TLS is wrong.
    #[error("the issuer's certificate cannot be judged")]
    Tls(#[from] tls::Error),
}

/// Why a token is nobody's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// It does not count.
    #[error("the token does not count: {0}")]
    Unverified(#[from] Unverified),
    /// It does not say who it is of, in a form that a log could show.
    #[error("the token has no usable claim \"{claim}\"")]
    Nameless {
        /// The claim that was looked at.
        claim: String,
    },
    /// The issuer cannot be asked.
    #[error("the issuer cannot be asked")]
    Fetch(#[from] FetchError),
}

impl Oidc {
    /// Reads secrets and files; asks nobody yet. Blocking, if shortly.
    ///
    /// # Errors
    /// One of them cannot be had.
    pub(crate) fn open(spec: OidcSpec) -> Result<Self, OidcError> {
        let secret = spec.client_secret.as_ref();
        Ok(Self {
            secret: secret.map(Setting::resolve).transpose()?,
            fetch: Fetch::new(spec.trust.clone())?,
            about: ArcSwapOption::empty(),
            keys: Keys::new(),
            pending: Pending::default(),
            spec,
        })
    }

    /// Whether browsers can sign in with it.
    #[must_use]
    pub(crate) fn has_pages(&self) -> bool {
        self.spec.redirect.is_some()
    }

    /// Whose bearer token that is. Dropped half-way, nothing has changed.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub(crate) async fn by_token(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Principal, TokenError> {
        let audience = self.spec.audience.clone();
        let claims = self.verified(token, audience, now).await?;
        self.principal(&claims, claims.second("auth_time"), now)
    }

    async fn verified(
        &self,
        token: &str,
        audience: Vec<String>,
        now: Timestamp,
    ) -> Result<Claims, TokenError> {
        let about = self.about().await?;
        let wanted = Wanted {
            issuer: Some(self.spec.issuer.clone()),
            audience: Vec::new(),
            leeway: self.spec.leeway,
            algorithms: self.spec.algorithms.clone(),
        };
        let keys = &about.said.jwks_uri;
        let keys = self.keys.of(token, keys, &wanted, &self.fetch).await?;
        Ok(keys.verified_for(token, &audience, now)?)
    }

    /// Who it is by these claims, who was there at `since`.
    fn principal(
        &self,
        claims: &Claims,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Principal, TokenError> {
        let text = |path: &[String]| {
            let text = claims.text(path)?.trim();
            let fits =
                !text.is_empty() && text.len() <= MAX_NAME && !text.chars().any(char::is_control);
            fits.then(|| text.to_owned())
        };
        let name = text(&self.spec.name).ok_or_else(|| TokenError::Nameless {
            claim: self.spec.name.join("."),
        })?;
        let groups: Vec<Vec<u8>> = claims.values(&self.spec.groups).collect();
        let has = |group: &String| groups.iter().any(|one| one == group.as_bytes());
        let roles = self.spec.roles.iter().filter(|(group, _)| has(group));
        Ok(Principal {
            display: text(&self.spec.display).unwrap_or_else(|| name.clone()),
            name,
            roles: Roles::from_iter(roles.map(|(_, role)| *role)),
            how: How::Oidc,
            // No clock of somebody else's makes anybody fresher than they are. An issuer that does not say when its person was there may have
            // asked nobody: a token is renewed, and a browser sent back, without them.
            authenticated_at: since.map_or(Timestamp::UNIX_EPOCH, |since| since.min(now)),
        })
    }

    /// What the issuer says of itself.
    async fn about(&self) -> Result<Arc<About>, FetchError> {
        let known = self.about.load_full();
        if let Some(about) = &known
            && about.at.elapsed() < OLD
        {
            return Ok(Arc::clone(about));
        }
        match self.discovered().await {
            Ok(about) => {
                let about = Arc::new(about);
                self.about.store(Some(Arc::clone(&about)));
                Ok(about)
            }
            // Its addresses hardly ever change.
            Err(error) => known.ok_or(error),
        }
    }

    async fn discovered(&self) -> Result<About, FetchError> {
        let issuer = &self.spec.issuer;
        let url = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let text = self.fetch.get(&url).await?;
        let strange = |wanted| FetchError::Strange {
            url: url.clone(),
            wanted,
        };
        let said: Said =
            serde_json::from_slice(&text).map_err(|_| strange("OpenID provider metadata"))?;
        // Section 4.3: else another issuer could pass for this one.
        if said.issuer != *issuer {
            return Err(strange("metadata of the issuer that was asked"));
        }
        Ok(About {
            said,
            at: Instant::now(),
        })
    }
}
