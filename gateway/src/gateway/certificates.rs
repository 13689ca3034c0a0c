//! Certificates of a running gateway: those that change on their own, and those that a changed configuration names.

use std::sync::Arc;

use super::backends::Kept;
use crate::config::Resolved;
use crate::tls::watch::{User, Watch};
use crate::tls::{Acceptor, Error};

#[derive(Debug)]
pub(super) struct Certificates {
    /// None where no client is met with TLS.
    pub(super) acceptor: Option<Arc<Acceptor>>,
    /// The same for people who ask the admin API.
    pub(super) admin: Option<Arc<Acceptor>>,
    pub(super) watch: Watch,
}

impl Certificates {
    /// Takes up how clients are met by a changed configuration. Blocking.
    ///
    /// # Errors
    /// A file is wrong; then nothing has changed.
    pub(super) fn take_up(&self, resolved: &Resolved) -> Result<(), Error> {
        match (&self.acceptor, &resolved.listen.https) {
            (Some(acceptor), Some(https)) => acceptor.install(&https.tls),
            // An address more or less is taken up at the next start.
            _ => Ok(()),
        }
    }

    /// From now on these are used, and watched.
    pub(super) fn are(&self, resolved: &Resolved, backends: &Kept) {
        let listener = match (&self.acceptor, &resolved.listen.https) {
            (Some(acceptor), Some(https)) => Some(User::Listener {
                spec: https.tls.clone(),
                acceptor: Arc::clone(acceptor),
            }),
            _ => None,
        };
        let admin = resolved.admin.as_ref().and_then(|admin| admin.tls.as_ref());
        let admin = self
            .admin
            .iter()
            .zip(admin)
            .map(|(acceptor, spec)| User::Listener {
                spec: spec.clone(),
                acceptor: Arc::clone(acceptor),
            });
        let users = listener.into_iter().chain(admin).chain(backends.with_tls());
        self.watch.users(users.collect());
    }
}
