//! The keys of an issuer as they are now: fetched when they are needed, again when a token names one that is not known, and now and then.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::fetch::{Fetch, FetchError};
use crate::route::token::{Place, Tokens, Wanted};

/// After which time they are fetched again, so that one that was taken away stops counting.
const OLD: Duration = Duration::from_secs(600);
/// For how long they count where the issuer does not answer.
const STALE: Duration = Duration::from_secs(24 * 3600);
/// How often they are fetched at most, whatever tokens name.
const SELDOM: Duration = Duration::from_secs(10);

/// Keys, and what tokens signed by them must be.
#[derive(Debug)]
pub(super) struct Keys {
    live: ArcSwapOption<Live>,
    /// When they were last asked for; held while they are.
    asked: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Live {
    tokens: Arc<Tokens>,
    at: Instant,
}

impl Keys {
    pub(super) fn new() -> Self {
        Self {
            live: ArcSwapOption::empty(),
            asked: Mutex::new(None),
        }
    }

    /// Those that may have signed this token. Dropped half-way, nothing has changed.
    ///
    /// # Errors
    /// There are none, and the issuer does not give any.
    pub(super) async fn of(
        &self,
        token: &str,
        url: &str,
        wanted: &Wanted,
        fetch: &Fetch,
    ) -> Result<Arc<Tokens>, FetchError> {
        if let Some(tokens) = self.fitting(token) {
            return Ok(tokens);
        }
        let mut asked = self.asked.lock().await;
        // Somebody else may have asked meanwhile.
        if let Some(tokens) = self.fitting(token) {
            return Ok(tokens);
        }
        let lately = asked.is_some_and(|asked| asked.elapsed() < SELDOM);
        if !lately {
            *asked = Some(Instant::now());
            match fetched(url, wanted, fetch).await {
                Ok(tokens) => {
                    let tokens = Arc::new(tokens);
                    self.live.store(Some(Arc::new(Live {
                        tokens: Arc::clone(&tokens),
                        at: Instant::now(),
                    })));
                    return Ok(tokens);
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot fetch the keys of the issuer"
                    );
                    return self.stale().ok_or(error);
                }
            }
        }
        self.stale().ok_or_else(|| FetchError::Strange {
            url: url.to_owned(),
            wanted: "keys for now",
        })
    }

    /// Those that are not old, where the token names one of them.
    fn fitting(&self, token: &str) -> Option<Arc<Tokens>> {
        let live = self.live.load();
        let live = live.as_ref()?;
        (live.at.elapsed() < OLD && live.tokens.has_key_of(token)).then(|| Arc::clone(&live.tokens))
    }

    fn stale(&self) -> Option<Arc<Tokens>> {
        let live = self.live.load();
        let live = live.as_ref()?;
        (live.at.elapsed() < STALE).then(|| Arc::clone(&live.tokens))
    }
}

async fn fetched(url: &str, wanted: &Wanted, fetch: &Fetch) -> Result<Tokens, FetchError> {
    let text = fetch.get(url).await?;
    Tokens::of_jwks("admin", Place::Bearer, wanted, &text).map_err(|_| FetchError::Strange {
        url: url.to_owned(),
        wanted: "JWK set with a key for an allowed algorithm",
    })
}
