//! The sockets a gateway listens on: its own, or those that were handed to it; and copies of them for the next one.

use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;

use super::StartError;
use crate::listen::handover::Inherited;

/// The name of each with a copy of it.
pub(super) type Copies = Vec<(&'static str, std::net::TcpListener)>;

#[derive(Debug)]
pub(super) struct Sockets {
    inherited: Arc<Inherited>,
    copies: Mutex<Copies>,
}

impl Sockets {
    pub(super) fn new(inherited: Arc<Inherited>) -> Self {
        Self {
            inherited,
            copies: Mutex::default(),
        }
    }

    /// Listens there.
    pub(super) async fn bind(
        &self,
        what: &'static str,
        address: SocketAddr,
    ) -> Result<(TcpListener, SocketAddr), StartError> {
        let failed = |source| StartError::Listen {
            what,
            address,
            source,
        };
        let listener = match self.inherited.take(what, address) {
            Some(listener) => TcpListener::from_std(listener).map_err(failed)?,
            None => TcpListener::bind(address).await.map_err(failed)?,
        };
        let address = listener.local_addr().map_err(failed)?;
        let copy = listener.as_fd().try_clone_to_owned().map_err(failed)?;
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        copies.push((what, copy.into()));
        drop(copies);
        Ok((listener, address))
    }

    /// All that are listened on. Sockets that were inherited and have no place in the file are told of.
    pub(super) fn into_copies(self) -> Copies {
        for address in self.inherited.left() {
            tracing::warn!(%address, "was handed a socket for an address that the file does not name");
        }
        self.copies
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
