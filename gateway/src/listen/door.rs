//! How a connection comes in, before anything is said on it: what a balancer tells of the client, and TLS.
//!
//! In: an accepted TCP connection. Out: its [`Stream`], its [`Peer`], and what was agreed to be spoken; or nothing, when it did not come
//! in: the reason is counted and the client was told as far as its protocol allows. Each step has a deadline.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Crowd, Seat, proxy};
use crate::keepalive;
use crate::message::Peer;
use crate::metrics::Metrics;
use crate::tls::{Acceptor, HandshakeError, Protocol, Stream};

/// How long a balancer may take to say who its client is: it does so with its first packet.
const HEADER: Duration = Duration::from_secs(5);

/// The way in to a listener: by default in plain text, from everywhere.
#[derive(Debug, Clone, Default)]
pub struct Door {
    /// What makes connections private; none where they are plain.
    pub tls: Option<Arc<Acceptor>>,
    /// From where a connection begins with a PROXY protocol header.
    pub proxies: Arc<[IpNet]>,
    /// How many connections each client may have; as many as there are places if none.
    pub crowd: Option<Arc<Crowd>>,
    /// After which silence the system asks whether a client is there; never if none.
    pub keepalive: Option<Duration>,
    /// Where handshakes are counted.
    pub metrics: Arc<Metrics>,
}

/// A connection that has come in.
#[derive(Debug)]
pub struct Visitor {
    /// What is read and written.
    pub stream: Stream,
    /// Who it is.
    pub peer: Arc<Peer>,
    /// What is to be spoken; none where nothing was said of it.
    pub agreed: Option<Protocol>,
    /// Its place among the connections of its client.
    pub seat: Option<Seat>,
}

impl Door {
    /// Lets a connection in, or not. Dropped half-way it closes the connection.
    pub async fn enter(&self, mut stream: TcpStream, address: SocketAddr) -> Option<Visitor> {
        // Only latency is lost where it cannot be set.
        let _unset = stream.set_nodelay(true);
        keepalive::set(&stream, self.keepalive);
        let mut address = address;
        let mut local = stream.local_addr().ok()?;
        if self.is_proxy(address.ip()) {
            match timeout(HEADER, proxy::read(&mut stream)).await {
                Ok(Ok(proxy::Header::Proxied { from, to })) => (address, local) = (from, to),
                Ok(Ok(proxy::Header::Own)) => {}
                // A connection that says nothing is how many balancers see whether somebody listens.
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => return None,
                Ok(Err(error)) => {
                    tracing::warn!(%address, %error, "a connection from a trusted proxy was refused");
                    return None;
                }
                Err(_late) => {
                    tracing::warn!(%address, "a trusted proxy did not say who its client is");
                    return None;
                }
            }
        }
        // Before anything is read or computed for it: nothing may be asked, so nothing is answered.
        let seat = match &self.crowd {
            Some(crowd) => Some(crowd.enter(address.ip())?),
            None => None,
        };
        let Some(tls) = &self.tls else {
            return Some(Visitor {
                stream: stream.into(),
                peer: Arc::new(Peer {
                    address,
                    local,
                    tls: None,
                }),
                agreed: None,
                seat,
            });
        };
        match tls.accept(stream).await {
            Ok(entered) => {
                self.metrics.handshake("done");
                Some(Visitor {
                    stream: entered.stream,
                    peer: Arc::new(Peer {
                        address,
                        local,
                        tls: Some(entered.peer),
                    }),
                    agreed: Some(entered.protocol),
                    seat,
                })
            }
            Err(error) => {
                self.metrics.handshake(error.as_str());
                told(address, &error);
                None
            }
        }
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.proxies
            .iter()
            .any(|network| network.contains(&address))
    }
}

/// At the level of one request: clients that are refused could fill a disk.
fn told(address: SocketAddr, error: &HandshakeError) {
    let cause = std::error::Error::source(error).map(tracing::field::display);
    tracing::debug!(%address, reason = error.as_str(), cause, "a client did not come in");
}

#[cfg(test)]
mod tests {
    use socket2::SockRef;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_client_that_says_nothing_for_long_is_asked_whether_it_is_there() {
        for silence in [Some(Duration::from_secs(90)), None] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let _client = TcpStream::connect(listener.local_addr().unwrap()).await;
            let (stream, address) = listener.accept().await.unwrap();
            let door = Door {
                keepalive: silence,
                ..Door::default()
            };
            let visitor = door.enter(stream, address).await.unwrap();
            let socket = SockRef::from(visitor.stream.tcp());
            assert_eq!(socket.keepalive().unwrap(), silence.is_some());
            if let Some(silence) = silence {
                assert_eq!(socket.tcp_keepalive_time().unwrap(), silence);
            }
        }
    }
}
