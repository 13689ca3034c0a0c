//! Who asks the admin API, and what they may do: a [`Principal`] with its [`Roles`].
//!
//! In: what a request proves of its sender: a token of its own or of an issuer, a certificate, a session. Out: a [`Principal`], which the API puts among the request's
//! extensions, or why there is none. Nothing here decides on a change: that is [`control`](crate::control)'s.

mod access;
pub(crate) mod limit;
pub(crate) mod oidc;
mod origin;
mod people;
mod role;
pub(crate) mod session;

use std::time::Duration;

use jiff::Timestamp;

pub use self::access::{Access, AccessError};
pub use self::limit::LimitSpec;
pub(crate) use self::oidc::address;
pub(crate) use self::oidc::{Anew, Away, CallbackError, TokenError};
pub use self::oidc::{FetchError, OidcError, OidcSpec};
pub(crate) use self::origin::{SentBy, next, sent_by};
pub use self::people::{LEAST_TOKEN, People, PeopleError, Person};
pub use self::role::{Role, Roles};
pub(crate) use self::session::NoRandom;
pub use self::session::{CsrfToken, SessionSpec};

/// What whoever shows the shared token of `[admin] token` is called, as long as nobody says a name.
pub const SHARED: &str = "shared token";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The name in the log: of the file, or of the issuer's claim.
    pub name: String,
    /// The name as people print it; `name` where nothing else is known.
    pub display: String,
    /// What it may do.
    pub roles: Roles,
    /// By what it is known.
    pub how: How,
    /// When it last proved who it is.
    pub authenticated_at: Timestamp,
}

/// By what somebody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A token of its own.
    Token,
    /// A certificate.
    Mtls,
    /// A token of an issuer that the file names.
    Oidc,
    /// The one token of `[admin] token`, which says nothing of who has it.
    Shared,
}

impl How {
    /// In one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Mtls => "mtls",
            Self::Oidc => "oidc",
            Self::Shared => "shared",
        }
    }
}

/// Whose change it is does not follow from the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhoError {
    /// The shared token does not say who has it.
    #[error("wanted `who`: the shared token does not say who has it")]
    Wanted,
    /// Somebody speaks for somebody else.
    #[error("you are \"{name}\": `who` may be left out, and may be nobody else")]
    Differs {
        /// Who it is.
        name: String,
    },
}

impl Principal {
    /// Whether it may do what that role may.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.allow(role)
    }

    /// Whether it proved who it is no longer ago than that. A time that is still to come is not fresh.
    #[must_use]
    pub fn is_fresh(&self, max_age: Duration, now: Timestamp) -> bool {
        let age = now.duration_since(self.authenticated_at);
        Duration::try_from(age).is_ok_and(|age| age <= max_age)
    }

    /// The `who` of the log, where the request said that, or nothing. With the shared token it is what the request says; everybody else is
    /// who they are.
    ///
    /// # Errors
    /// The request says another name, or none where one is needed.
    pub fn who(&self, said: Option<String>) -> Result<String, WhoError> {
        match (self.how, said) {
            (How::Shared, Some(said)) => Ok(said),
            (How::Shared, None) if self.name == SHARED => Err(WhoError::Wanted),
            (_, Some(said)) if said != self.name => Err(WhoError::Differs {
                name: self.name.clone(),
            }),
            _ => Ok(self.name.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anna(how: How) -> Principal {
        Principal {
            name: "anna".to_owned(),
            display: "Anna Muster".to_owned(),
            roles: Roles::from_iter([Role::Operator]),
            how,
            authenticated_at: Timestamp::from_second(1_000).unwrap(),
        }
    }

    #[test]
    fn who_is_who_they_are() {
        let other = || Some("eve".to_owned());
        for how in [How::Token, How::Mtls, How::Oidc] {
            let anna = anna(how);
            assert_eq!(anna.who(None).unwrap(), "anna");
            assert_eq!(anna.who(Some("anna".to_owned())).unwrap(), "anna");
            let differs = WhoError::Differs {
                name: "anna".to_owned(),
            };
            assert_eq!(anna.who(other()), Err(differs));
        }
        assert_eq!(anna(How::Shared).who(other()).unwrap(), "eve");
        let mut nobody = anna(How::Shared);
        assert_eq!(nobody.who(None).unwrap(), "anna");
        nobody.name = SHARED.to_owned();
        assert_eq!(nobody.who(None), Err(WhoError::Wanted));
    }

    #[test]
    fn fresh_is_not_long_ago_and_not_to_come() {
        let anna = anna(How::Oidc);
        let fresh = |now| {
            let now = Timestamp::from_second(now).unwrap();
            anna.is_fresh(Duration::from_secs(60), now)
        };
        assert!(fresh(1_000) && fresh(1_060));
        assert!(!fresh(1_061) && !fresh(999));
    }
}
