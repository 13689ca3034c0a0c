//! Making a connection to an origin.

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Config;
use super::wire::Wire;
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};

/// Connects. Dropped half-way, nothing was sent.
///
/// # Errors
/// Nobody answers at the address in time.
pub(super) async fn dial(config: &Config) -> Result<Wire, BackendError> {
    let unreachable = || BackendError::new(Kind::Unreachable, Sent::No);
    let host = config.authority.host();
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let port = config.authority.port_u16().unwrap_or(80);
    let stream = timeout(config.connect_timeout, TcpStream::connect((host, port)))
        .await
        .map_err(|_| unreachable().because("connecting took too long"))?
        .map_err(|error| unreachable().because(error))?;
    stream
        .set_nodelay(true)
        .map_err(|error| unreachable().because(error))?;
    Ok(Wire::Plain(stream))
}
