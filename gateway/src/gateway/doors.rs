//! Where clients come in: the addresses that are listened on, and what makes connections private.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::StartError;
use super::sockets::Sockets;
use crate::config::{Listen, Resolved};
use crate::listen::Crowd;
use crate::listen::door::Door;
use crate::metrics::Metrics;
use crate::tls::Acceptor;

/// What is listened on.
#[derive(Debug)]
pub(super) struct Doors {
    pub(super) plain: Option<TcpListener>,
    pub(super) tls: Option<(TcpListener, Arc<Acceptor>)>,
    pub(super) at: Addresses,
}

/// Where clients connect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addresses {
    pub(super) http: Option<SocketAddr>,
    pub(super) https: Option<SocketAddr>,
}

impl Doors {
    /// Reads the certificates.
    pub(super) fn acceptor_of(listen: &Listen) -> Result<Option<Arc<Acceptor>>, StartError> {
        match &listen.https {
            Some(https) => Ok(Some(Arc::new(Acceptor::open(&https.tls)?))),
            None => Ok(None),
        }
    }

    /// Takes the addresses.
    pub(super) async fn open(
        listen: &Listen,
        acceptor: Option<Arc<Acceptor>>,
        sockets: &Sockets,
    ) -> Result<Self, StartError> {
        let mut at = Addresses {
            http: None,
            https: None,
        };
        let mut plain = None;
        if let Some(address) = listen.http {
            let (listener, address) = sockets.bind("clients", address).await?;
            (plain, at.http) = (Some(listener), Some(address));
        }
        let mut tls = None;
        if let (Some(https), Some(acceptor)) = (&listen.https, acceptor) {
            let (listener, address) = sockets.bind("clients with TLS", https.address).await?;
            (tls, at.https) = (Some((listener, acceptor)), Some(address));
        }
        Ok(Self { plain, tls, at })
    }

    pub(super) fn acceptor(&self) -> Option<&Arc<Acceptor>> {
        self.tls.as_ref().map(|(_, acceptor)| acceptor)
    }

    /// Each listener with the way in to it.
    pub(super) fn each(
        self,
        resolved: &Resolved,
        metrics: &Arc<Metrics>,
    ) -> Vec<(TcpListener, Door)> {
        let listen = &resolved.listen;
        let crowd = listen.per_client.map(|most| {
            let exempt = resolved.edge.forwarding.trusted.clone();
            let refused = metrics.connections_refused().clone();
            Arc::new(Crowd::new(most, exempt, refused))
        });
        let door = |tls| Door {
            tls,
            proxies: listen.proxies.as_slice().into(),
            crowd: crowd.clone(),
            keepalive: listen.keepalive,
            metrics: Arc::clone(metrics),
        };
        let plain = self.plain.map(|listener| (listener, door(None)));
        let tls = self
            .tls
            .map(|(listener, acceptor)| (listener, door(Some(acceptor))));
        plain.into_iter().chain(tls).collect()
    }
}
