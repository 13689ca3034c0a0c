//! Making a connection to an origin.

use std::net::{IpAddr, SocketAddr};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::wire::Wire;
use super::{Config, proxied};
use crate::config::Protocol;
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};
use crate::message::Peer;
use crate::tls::Offer;

/// Connects, for that client where the origin is told who it is. Dropped half-way, nothing was sent.
///
/// # Errors
/// Nobody answers at any of the addresses in time.
pub(super) async fn dial(
    config: &Config,
    peer: Option<&Peer>,
    client: Option<IpAddr>,
) -> Result<Wire, BackendError> {
    let until = Instant::now() + config.connect_timeout;
    let mut stream = connected(config, until).await?;
    stream
        .set_nodelay(true)
        .map_err(|error| unreachable().because(error))?;
    if let Some(version) = config.proxy_protocol {
        // Before TLS, where there is any: whoever reads it need not know the keys.
        let header = proxied::header(version, peer, client);
        timeout_at(until, stream.write_all(&header))
            .await
            .map_err(|_| unreachable().because("connecting took too long"))?
            .map_err(|error| unreachable().because(error))?;
    }
    let Some(tls) = &config.tls else {
        return Ok(stream.into());
    };
    let offer = match config.protocol {
        Protocol::Http1 => Offer::Http1,
        Protocol::Http2 => Offer::Http2,
    };
    // Boxed: what a handshake needs is much, and every request would keep room for it.
    let handshake = Box::pin(tls.connect(stream, config.authority.host(), offer));
    let (stream, _) = timeout_at(until, handshake)
        .await
        .map_err(|_| unreachable().because("the tls handshake took too long"))?
        .map_err(|error| unreachable().because(error))?;
    Ok(stream)
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
