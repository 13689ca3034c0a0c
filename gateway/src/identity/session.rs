//! Sessions of browsers: a cookie stands for somebody who has signed in, for a time.
//!
//! In: a [`Principal`] and the time. Out: the secret of a cookie, which is kept as its hash only, and the token that forms of that session carry
//! (a synchroniser token). Bounded in number, of one person too, and in time; a restart ends all.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use sha2::{Digest as _, Sha256};

use super::Principal;
use super::people::same;

/// Sessions of one person at once; a further one ends the one that was used the longest ago.
const OF_ONE: usize = 16;

/// How long sessions last, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSpec {
    /// How long one lasts in which nothing is asked.
    pub idle: Duration,
    /// How long one lasts in all.
    pub total: Duration,
    /// How many there are at once; a further one ends the one that was used the longest ago.
    pub most: usize,
}

impl Default for SessionSpec {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(30 * 60),
            total: Duration::from_secs(12 * 3600),
            most: 1000,
        }
    }
}

/// The sessions of one gateway.
#[derive(Debug)]
pub(crate) struct Sessions {
    spec: SessionSpec,
    /// By the hash of the secret, so that who reads the memory cannot come in by it.
    held: Mutex<HashMap<[u8; 32], Held>>,
}

#[derive(Debug)]
struct Held {
    principal: Principal,
    csrf: String,
    began: Timestamp,
    used: Timestamp,
}

/// A session that has begun.
pub(crate) struct Begun {
    /// What its cookie carries, and nobody else may see.
    pub(crate) secret: String,
    /// What its forms carry.
    #[cfg_attr(not(test), expect(dead_code, reason = "pages read it of the session"))]
    pub(crate) csrf: CsrfToken,
}

/// What the forms of a session carry, so that nobody else's page can send one (field `csrf` or header `x-csrf-token`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsrfToken(String);

impl CsrfToken {
    /// As forms carry it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a form carried it; the time that takes says nothing.
    #[must_use]
    pub fn is(&self, given: &str) -> bool {
        same(&hash(&self.0), &hash(given))
    }
}

/// The system gives no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub(crate) struct NoRandom;

impl Sessions {
    /// None yet.
    #[must_use]
    pub(crate) fn new(spec: SessionSpec) -> Self {
        Self {
            spec,
            held: Mutex::default(),
        }
    }

    /// Begins one.
    ///
    /// # Errors
    /// There is nothing to make a secret of.
    pub(crate) fn begin(&self, principal: Principal, now: Timestamp) -> Result<Begun, NoRandom> {
        let (secret, csrf) = (random()?, random()?);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, one| self.lasts(one, now));
        let of_one = held.values().filter(|one| is_of(one, &principal)).count();
        if of_one >= OF_ONE {
            end_oldest(&mut held, |one| is_of(one, &principal));
        } else if held.len() >= self.spec.most {
            end_oldest(&mut held, |_| true);
        }
        let one = Held {
            principal,
            csrf: csrf.clone(),
            began: now,
            used: now,
        };
        held.insert(hash(&secret), one);
        Ok(Begun {
            secret,
            csrf: CsrfToken(csrf),
        })
    }

    /// Whose session that is, if it lasts; it is used by that.
    #[must_use]
    pub(crate) fn find(&self, secret: &str, now: Timestamp) -> Option<(Principal, CsrfToken)> {
        let key = hash(secret);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let one = held.get_mut(&key)?;
        if !self.lasts(one, now) {
            held.remove(&key);
            return None;
        }
        one.used = one.used.max(now);
        Some((one.principal.clone(), CsrfToken(one.csrf.clone())))
    }

    /// Ends one.
    pub(crate) fn end(&self, secret: &str) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&hash(secret));
    }

    /// How many there are that nobody has found to be over.
    #[cfg(test)]
    fn count(&self) -> usize {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.len()
    }

    fn lasts(&self, one: &Held, now: Timestamp) -> bool {
        within(one.used, now, self.spec.idle) && within(one.began, now, self.spec.total)
    }
}

fn is_of(one: &Held, principal: &Principal) -> bool {
    one.principal.name == principal.name && one.principal.how == principal.how
}

fn end_oldest(held: &mut HashMap<[u8; 32], Held>, of: impl Fn(&Held) -> bool) {
    let all = held.iter().filter(|(_, one)| of(one));
    let oldest = all.min_by_key(|(_, one)| one.used).map(|(key, _)| *key);
    if let Some(oldest) = oldest {
        held.remove(&oldest);
    }
}

/// Whether that is no longer ago; what is still to come, after a clock was set back, is not.
pub(super) fn within(since: Timestamp, now: Timestamp, time: Duration) -> bool {
    let past = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    past < time
}

/// 256 random bits as text that may stand in cookies and addresses.
pub(super) fn random() -> Result<String, NoRandom> {
    let mut bytes = [0; 32];
    let random = SystemRandom::new();
    random.fill(&mut bytes).map_err(|_| NoRandom)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{How, Role};

    const SPEC: SessionSpec = SessionSpec {
        idle: Duration::from_secs(100),
        total: Duration::from_secs(1_000),
        most: 20,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn person(name: &str) -> Principal {
        Principal {
            name: name.to_owned(),
            display: name.to_owned(),
            roles: [Role::Viewer].into_iter().collect(),
            how: How::Token,
            authenticated_at: at(0),
        }
    }

    #[test]
    fn one_lasts_while_it_is_used_and_not_for_ever() {
        let sessions = Sessions::new(SPEC);
        let found = |secret: &str, second| sessions.find(secret, at(second)).is_some();
        let one = sessions.begin(person("anna"), at(0)).unwrap().secret;
        assert!(!found("", 1) && !found("x", 1));
        assert!(found(&one, 99));
        assert!(found(&one, 198));
        assert!(!found(&one, 298), "idle for 100 s");
        assert!(!found(&one, 199), "over is over");
        let one = sessions.begin(person("anna"), at(0)).unwrap().secret;
        for second in (0..1_000).step_by(50) {
            assert!(found(&one, second));
        }
        assert!(!found(&one, 1_000));
        let one = sessions.begin(person("anna"), at(0)).unwrap().secret;
        sessions.end(&one);
        assert!(!found(&one, 1));
    }

    #[test]
    fn secrets_and_tokens_are_of_one_session() {
        let sessions = Sessions::new(SPEC);
        let one = sessions.begin(person("anna"), at(0)).unwrap();
        let other = sessions.begin(person("anna"), at(0)).unwrap();
        assert_ne!(one.secret, other.secret);
        assert!(one.csrf.is(one.csrf.as_str()));
        assert!(!one.csrf.is(other.csrf.as_str()) && !one.csrf.is(""));
        assert!(!one.csrf.is(&one.secret));
        let (_, csrf) = sessions.find(&one.secret, at(1)).unwrap();
        assert_eq!(csrf, one.csrf);
    }

    #[test]
    fn the_oldest_makes_room() {
        let sessions = Sessions::new(SPEC);
        let begin = |name: &str, second| {
            let begun = sessions.begin(person(name), at(second)).unwrap();
            begun.secret
        };
        let annas: Vec<_> = (0..16).map(|second| begin("anna", second)).collect();
        let bruno = begin("bruno", 20);
        // One more of anna's ends one of anna's, the one used the longest ago.
        let _used = sessions.find(&annas[0], at(21));
        begin("anna", 22);
        assert!(sessions.find(&annas[1], at(23)).is_none());
        assert!(sessions.find(&annas[0], at(23)).is_some());
        assert!(sessions.find(&bruno, at(23)).is_some());
        for n in 0..10 {
            begin(&format!("p{n}"), 24);
        }
        assert_eq!(sessions.count(), SPEC.most);
        // Those that are over make room first.
        begin("clara", 2_000);
        assert_eq!(sessions.count(), 1);
    }
}
