//! All by which people are known: [`Access`].

use super::limit::{LimitSpec, Limits};
use super::oidc::{Oidc, OidcError};
use super::session::{SessionSpec, Sessions};
use super::{People, PeopleError};
use crate::config::Admin;

/// Who may come in, by what, and how often. What is large is boxed: it is carried through all that is waited for at the start.
#[derive(Debug)]
pub struct Access {
    pub(crate) people: People,
    pub(crate) oidc: Option<Box<Oidc>>,
    pub(crate) sessions: Sessions,
    pub(crate) limits: Box<Limits>,
}

/// Why it cannot be told who may come in.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The people of the file.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The issuer.
    #[error(transparent)]
    Oidc(#[from] OidcError),
}

impl Access {
    /// As the file has it. Reads secrets and files: blocking, if shortly. Asks nobody.
    ///
    /// # Errors
    /// A token, a secret or a file cannot be had.
    pub fn open(admin: &Admin) -> Result<Self, AccessError> {
        let oidc = admin.oidc.clone().map(Oidc::open);
        Ok(Self {
            people: People::open(admin.token.as_ref(), &admin.people)?,
            oidc: oidc.transpose()?.map(Box::new),
            sessions: Sessions::new(admin.session),
            limits: Box::new(Limits::new(admin.limits)),
        })
    }
}

impl From<People> for Access {
    /// By what the file says of them alone.
    fn from(people: People) -> Self {
        Self {
            people,
            oidc: None,
            sessions: Sessions::new(SessionSpec::default()),
            limits: Box::new(Limits::new(LimitSpec::default())),
        }
    }
}
