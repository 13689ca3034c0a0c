//! Tokens for OAUTHBEARER: read by reference, given to a client when it is made and again before they end.

#![allow(
    unsafe_code,
    reason = "rdkafka hands tokens only to clients that are polled; others, such as admin clients, need librdkafka's own call"
)]

use std::error::Error as Fault;
use std::ffi::CString;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ops::Setting;
use rdkafka::client::{Client, ClientContext, OAuthToken};
use rdkafka::types::RDKafkaRespErr;
use serde::Deserialize;

use crate::{Error, Kind};

/// How long a token that does not say so is taken to be good: it is read again after about four fifths of it.
const USUAL: Duration = Duration::from_secs(300);
/// Room for librdkafka's sentence.
const SENTENCE: usize = 512;

/// Where tokens come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tokens(pub(super) Setting);

/// What a JSON web token says that a broker's client needs (RFC 7519 section 4.1).
#[derive(Debug, Default, Deserialize)]
struct Claims {
    sub: Option<String>,
    /// Seconds since 1970-01-01T00:00:00Z; a fraction is allowed.
    exp: Option<serde_json::Number>,
}

impl Tokens {
    /// Reads the token that is there now.
    pub(crate) fn next(&self) -> Result<OAuthToken, Box<dyn Fault>> {
        let secret = self.0.resolve()?;
        let token = secret.expose().trim();
        let claims = claims(token).unwrap_or_default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let end = match claims.exp {
            Some(exp) => expiry(&exp).ok_or("the token's `exp` is no time")?,
            None => now + USUAL,
        };
        if end <= now {
            let ago = (now - end).as_secs();
            return Err(format!("the token ended {ago} s ago").into());
        }
        Ok(OAuthToken {
            token: token.to_owned(),
            // librdkafka wants one; brokers take who it is from the token itself.
            principal_name: claims.sub.unwrap_or_else(|| "figway".to_owned()),
            lifetime_ms: i64::try_from(end.as_millis())?,
        })
    }
}

fn expiry(seconds: &serde_json::Number) -> Option<Duration> {
    match seconds.as_u64() {
        Some(whole) => Some(Duration::from_secs(whole)),
        None => Duration::try_from_secs_f64(seconds.as_f64()?).ok(),
    }
}

/// None for a token that is no JSON web token, which is as good.
fn claims(token: &str) -> Option<Claims> {
    let payload = token.split('.').nth(1)?;
    let json = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Gives a client that was just made its first token. Later ones it asks for where it is polled; those that are not (admin clients)
/// do not live long.
pub(crate) fn authorise<C: ClientContext>(
    tokens: Option<&Tokens>,
    client: &Client<C>,
) -> Result<(), Error> {
    let Some(tokens) = tokens else { return Ok(()) };
    let bad = |message: String| {
        Error::new(
            Kind::Config,
            format!("the value of kafka.sasl.token cannot be used: {message}"),
        )
    };
    let token = tokens.next().map_err(|error| bad(error.to_string()))?;
    let value = CString::new(token.token).map_err(|error| bad(error.to_string()))?;
    let principal = CString::new(token.principal_name).map_err(|error| bad(error.to_string()))?;
    let mut sentence = vec![0_u8; SENTENCE];
    // SAFETY: the client lives for as long as it is borrowed; both texts end with a zero and are copied by the callee
    // (rdkafka.h, rd_kafka_oauthbearer_set_token); no extensions are passed; at most the buffer's length is written.
    let code = unsafe {
        rdkafka::bindings::rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            value.as_ptr(),
            token.lifetime_ms,
            principal.as_ptr(),
            std::ptr::null_mut(),
            0,
            sentence.as_mut_ptr().cast(),
            sentence.len(),
        )
    };
    if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    let length = sentence.iter().position(|byte| *byte == 0);
    sentence.truncate(length.unwrap_or(SENTENCE));
    Err(bad(String::from_utf8_lossy(&sentence).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> (tempfile::NamedTempFile, Tokens) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let tokens = Tokens(Setting::File(file.path().to_str().unwrap().to_owned()));
        (file, tokens)
    }

    fn jwt(claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.sig", part(r#"{"alg":"none"}"#), part(claims))
    }

    #[test]
    fn a_web_token_says_itself_who_and_how_long() {
        let (_file, tokens) = tokens(&jwt(r#"{"sub":"gateway-1","exp":33000000000}"#));
        let token = tokens.next().unwrap();
        assert_eq!(token.principal_name, "gateway-1");
        assert_eq!(token.lifetime_ms, 33_000_000_000_000);
    }

    #[test]
    fn any_other_token_is_read_again_after_minutes() {
        let (file, tokens) = tokens("opaque\n");
        let token = tokens.next().unwrap();
        assert_eq!(token.token, "opaque");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let left = token.lifetime_ms - i64::try_from(now.as_millis()).unwrap();
        assert!((200_000..=300_000).contains(&left), "{left}");
        std::fs::write(file.path(), "another").unwrap();
        assert_eq!(tokens.next().unwrap().token, "another");
    }

    #[test]
    fn a_token_that_ended_is_not_shown_to_anybody() {
        let (_file, tokens) = tokens(&jwt(r#"{"exp":1000.5}"#));
        let error = tokens.next().err().unwrap().to_string();
        assert!(error.starts_with("the token ended "), "{error}");
    }
}
