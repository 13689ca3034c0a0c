//! Making a connection to an origin.

use std::net::{IpAddr, SocketAddr};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::wire::Wire;
use super::{Config, proxied};
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};
use crate::keepalive;
use crate::message::Peer;
use crate::tls::{Offer, Protocol};

/// Connects, for that client where the origin is told who it is. Dropped half-way, nothing was sent.
///
/// Over plain TCP an origin that may speak either is taken to speak HTTP/1.1: it cannot be asked.
///
/// # Errors
/// Nobody answers at any of the addresses in time, or speaks what is offered.
pub(super) async fn dial(
    config: &Config,
    peer: Option<&Peer>,
    client: Option<IpAddr>,
    offer: Offer,
) -> Result<(Wire, Protocol), BackendError> {
    let until = Instant::now() + config.connect_timeout;
    let mut stream = connected(config, until).await?;
    stream
        .set_nodelay(true)
        .map_err(|error| unreachable().because(error))?;
    keepalive::set(&stream, config.keepalive);
    if let Some(version) = config.proxy_protocol {
        // Before TLS, where there is any: whoever reads it need not know the keys.
        let header = proxied::header(version, peer, client);
        timeout_at(until, stream.write_all(&header))
            .await
            .map_err(|_| unreachable().because("connecting took too long"))?
            .map_err(|error| unreachable().because(error))?;
    }
    let Some(tls) = &config.tls else {
        let spoken = match offer {
            Offer::Http1 | Offer::Either => Protocol::Http1,
            Offer::Http2 => Protocol::Http2,
        };
        return Ok((stream.into(), spoken));
    };
    // Boxed: what a handshake needs is much, and every request would keep room for it.
    let handshake = Box::pin(tls.connect(stream, config.authority.host(), offer));
    timeout_at(until, handshake)
        .await
        .map_err(|_| unreachable().because("the tls handshake took too long"))?
        .map_err(|error| unreachable().because(error))
}

/// The first address that answers. One that says nothing at all leaves the others their share of the time.
async fn connected(config: &Config, until: Instant) -> Result<TcpStream, BackendError> {
    let mut last = unreachable().because("no address is known");
    let mut left = u32::try_from(config.addresses.len()).unwrap_or(u32::MAX);
    for address in &config.addresses {
        let now = Instant::now();
        let share = until.saturating_duration_since(now) / left.max(1);
        left = left.saturating_sub(1);
        match one(*address, now + share).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn one(address: SocketAddr, until: Instant) -> Result<TcpStream, BackendError> {
    timeout_at(until, TcpStream::connect(address))
        .await
        .map_err(|_| unreachable().because("connecting took too long"))?
        .map_err(|error| unreachable().because(error))
}

fn unreachable() -> BackendError {
    BackendError::new(Kind::Unreachable, Sent::No)
}

#[cfg(test)]
mod tests {
    use socket2::SockRef;
    use std::time::Duration;
    use tokio::net::TcpListener;

    use super::super::resolve::Place;
    use super::*;
    use crate::config::Connections;

    #[tokio::test]
    async fn an_origin_that_says_nothing_for_long_is_asked_whether_it_is_there() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let place = Place {
            authority: address.to_string().parse().unwrap(),
            addresses: vec![address],
        };
        for silence in [Some(Duration::from_secs(90)), None] {
            let connections = Connections {
                keepalive: silence,
                ..Connections::default()
            };
            let config = Config::new(&place, connections, None);
            let (wire, _) = dial(&config, None, None, Offer::Http1).await.unwrap();
            let socket = SockRef::from(wire.tcp());
            assert_eq!(socket.keepalive().unwrap(), silence.is_some());
            if let Some(silence) = silence {
                assert_eq!(socket.tcp_keepalive_time().unwrap(), silence);
            }
        }
    }
}
