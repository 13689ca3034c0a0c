//! The people of the file: known by a token of their own, or by a certificate.
//!
//! A token is kept as its SHA-256 only, and compared with each without saying by the time it takes whose, or how much of it, was right.

use std::fmt;

use jiff::Timestamp;
use ops::{Secret, SecretError, Setting};
use sha2::{Digest, Sha256};

use super::{How, Principal, Roles, SHARED};
use crate::message::ClientCertificate;

/// A token shorter than this, in bytes, is none.
pub const LEAST_TOKEN: usize = 8;

/// A person, as the file has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name in the log.
    pub name: String,
    /// The name as people print it.
    pub display: String,
    /// A reference to the token, never the token itself.
    pub token: Option<Setting>,
    /// Subjects (as RFC 4514 writes them) or alternative names of certificates.
    pub certificates: Vec<String>,
    /// What it may do.
    pub roles: Roles,
}

/// Why the people of the file cannot be known.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// A token cannot be had.
    #[error("the token of {whose} cannot be had")]
    Secret {
        /// Whose: a name, or `[admin]`.
        whose: String,
        /// Why.
        source: SecretError,
    },
    /// Anybody could guess it.
    #[error(
        "the token of {whose} is shorter than {LEAST_TOKEN} bytes: `openssl rand -hex 32` makes a good one"
    )]
    Short {
        /// Whose.
        whose: String,
    },
    /// It would not say who has it.
    #[error("{one} and {other} have the same token")]
    Same {
        /// One of them.
        one: String,
        /// The other.
        other: String,
    },
}

/// Who is known.
pub struct People {
    known: Vec<Known>,
}

struct Known {
    name: String,
    display: String,
    how: How,
    token: Option<[u8; 32]>,
    certificates: Vec<String>,
    roles: Roles,
}

impl fmt::Debug for People {
    /// Names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.known.iter().map(|known| &known.name);
        f.debug_set().entries(names).finish()
    }
}

impl People {
    /// Those of the file, with the shared token where there is one. Reads secrets: blocking, if shortly.
    ///
    /// # Errors
    /// A token cannot be had, is too short, or is that of two.
    pub fn open(shared: Option<&Setting>, people: &[Person]) -> Result<Self, PeopleError> {
        let had = |whose: &str, setting: &Setting| {
            setting.resolve().map_err(|source| PeopleError::Secret {
                whose: whose.to_owned(),
                source,
            })
        };
        let shared = shared.map(|token| had("[admin]", token)).transpose()?;
        let mut known = Vec::new();
        if let Some(token) = &shared {
            known.push(Known::shared(token)?);
        }
        for person in people {
            let token = person.token.as_ref();
            let token = token.map(|token| had(&person.name, token)).transpose()?;
            let token = token
                .map(|token| hashed(&person.name, &token))
                .transpose()?;
            known.push(Known {
                name: person.name.clone(),
                display: person.display.clone(),
                how: How::Token,
                token,
                certificates: person.certificates.clone(),
                roles: person.roles,
            });
        }
        let all = Self { known };
        all.without_twins()?;
        Ok(all)
    }

    /// Nobody but whoever has this token.
    ///
    /// # Errors
    /// It is too short.
    pub fn shared(token: &Secret) -> Result<Self, PeopleError> {
        Ok(Self {
            known: vec![Known::shared(token)?],
        })
    }

    fn without_twins(&self) -> Result<(), PeopleError> {
        for (place, one) in self.known.iter().enumerate() {
            let mut before = self.known.iter().take(place);
            if let Some(other) =
                before.find(|other| one.token.is_some() && one.token == other.token)
            {
                return Err(PeopleError::Same {
                    one: other.name.clone(),
                    other: one.name.clone(),
                });
            }
        }
        Ok(())
    }

    /// Whether anybody has a token.
    pub(crate) fn have_tokens(&self) -> bool {
        self.known.iter().any(|known| known.token.is_some())
    }

    /// Whether there is one that all share.
    pub(crate) fn share_a_token(&self) -> bool {
        self.known.iter().any(|known| known.how == How::Shared)
    }

    /// Whose token that is.
    #[must_use]
    pub fn by_token(&self, given: &[u8], now: Timestamp) -> Option<Principal> {
        let given = hash(given);
        // Each is looked at, and every byte of it, whatever those before were.
        let mut found = None;
        for known in &self.known {
            if known.token.is_some_and(|token| same(&token, &given)) {
                found = Some(known);
            }
        }
        found.map(|known| known.principal(known.how, now))
    }

    /// Whose certificate that is, which was verified; `at` is when. Nobody's where it has the names of two.
    #[must_use]
    pub fn by_certificate(
        &self,
        certificate: &ClientCertificate,
        at: Timestamp,
    ) -> Option<Principal> {
        let is = |wanted: &String| {
            (!certificate.subject.is_empty() && *wanted == certificate.subject)
                || certificate.names.contains(wanted)
        };
        let mut all = self
            .known
            .iter()
            .filter(|known| known.certificates.iter().any(is));
        match (all.next(), all.next()) {
            (Some(known), None) => Some(known.principal(How::Mtls, at)),
            _ => None,
        }
    }
}

impl Known {
    fn shared(token: &Secret) -> Result<Self, PeopleError> {
        Ok(Self {
            name: SHARED.to_owned(),
            display: SHARED.to_owned(),
            how: How::Shared,
            token: Some(hashed("[admin]", token)?),
            certificates: Vec::new(),
            roles: Roles::all(),
        })
    }

    fn principal(&self, how: How, at: Timestamp) -> Principal {
        Principal {
            name: self.name.clone(),
            display: self.display.clone(),
            roles: self.roles,
            how,
            authenticated_at: at,
        }
    }
}

fn hashed(whose: &str, token: &Secret) -> Result<[u8; 32], PeopleError> {
    if token.expose().len() < LEAST_TOKEN {
        return Err(PeopleError::Short {
            whose: whose.to_owned(),
        });
    }
    Ok(hash(token.expose().as_bytes()))
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Every byte is looked at, whatever the ones before were.
pub(super) fn same(ours: &[u8; 32], theirs: &[u8; 32]) -> bool {
    let both = ours.iter().zip(theirs);
    both.fold(0, |differ, (ours, theirs)| differ | (ours ^ theirs)) == 0
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::identity::Role;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn person(name: &str, token: Option<&str>, certificates: &[&str], role: Role) -> Person {
        Person {
            name: name.to_owned(),
            display: name.to_uppercase(),
            token: token.map(|token| Setting::Plain(token.to_owned())),
            certificates: certificates.iter().map(|&name| name.to_owned()).collect(),
            roles: Roles::from_iter([role]),
        }
    }

    fn certificate(subject: &str, names: &[&str]) -> ClientCertificate {
        ClientCertificate {
            subject: subject.to_owned(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
            fingerprint: [0; 32],
            serial: String::new(),
            der: Bytes::new(),
        }
    }

    #[test]
    fn only_the_whole_token_of_somebody_opens() {
        let shared = Setting::Plain("0123456789".to_owned());
        let anna = person("anna", Some("a token of anna"), &[], Role::Operator);
        let people = People::open(Some(&shared), &[anna]).unwrap();
        let who = |token: &str| {
            let found = people.by_token(token.as_bytes(), NOW);
            found.map(|found| (found.name, found.how, found.roles))
        };
        let operator = Roles::from_iter([Role::Operator]);
        assert_eq!(
            who("0123456789"),
            Some((SHARED.to_owned(), How::Shared, Roles::all()))
        );
        assert_eq!(
            who("a token of anna"),
            Some(("anna".to_owned(), How::Token, operator))
        );
        for wrong in ["", "012345678", "01234567890", "a token of ann", "anna"] {
            assert_eq!(who(wrong), None);
        }
    }

    #[test]
    fn tokens_are_long_and_of_one_person_each() {
        let open = |one: &str, other: &str| {
            let people = [
                person("anna", Some(one), &[], Role::Viewer),
                person("bruno", Some(other), &[], Role::Viewer),
            ];
            People::open(None, &people).unwrap_err().to_string()
        };
        assert_eq!(
            open("0123456789", "0123456789"),
            "anna and bruno have the same token"
        );
        assert!(open("0123456789", "short").starts_with("the token of bruno is shorter than 8"));
        let missing = Person {
            token: Some(Setting::File("/nowhere/at/all".to_owned())),
            ..person("anna", None, &[], Role::Viewer)
        };
        let refused = People::open(None, &[missing]).unwrap_err().to_string();
        assert_eq!(refused, "the token of anna cannot be had");
    }

    #[test]
    fn a_certificate_is_of_one_person_by_subject_or_name() {
        let people = [
            person("anna", None, &["CN=anna,O=Acme"], Role::Viewer),
            person(
                "bruno",
                None,
                &["bruno@acme.example", "spiffe://acme/b"],
                Role::Viewer,
            ),
        ];
        let people = People::open(None, &people).unwrap();
        let who = |subject: &str, names: &[&str]| {
            let found = people.by_certificate(&certificate(subject, names), NOW);
            found.map(|found| {
                assert_eq!(found.how, How::Mtls);
                found.name
            })
        };
        assert_eq!(who("CN=anna,O=Acme", &[]).as_deref(), Some("anna"));
        assert_eq!(who("CN=x", &["spiffe://acme/b"]).as_deref(), Some("bruno"));
        assert_eq!(who("CN=anna,O=Acme", &["bruno@acme.example"]), None);
        assert_eq!(who("CN=anna", &["anna"]), None);
        assert_eq!(who("", &[]), None);
        assert!(people.by_token(b"", NOW).is_none());
    }
}
