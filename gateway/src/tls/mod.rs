//! TLS on both sides, by rustls with ring: [`Acceptor`] in front, [`Connector`] behind, and the files that both live from.
//!
//! In: a [`ServerSpec`] or [`ClientSpec`] (plain data of the configuration) and a TCP connection. Out: a [`Stream`] and what the
//! handshake told of the peer. What files say is read again when they change ([`watch`]), and a set that does not fit together
//! is never installed: the one before serves on. Nothing here waits without the deadline of its caller, and no private key reaches
//! a message.

mod accept;
mod certificate;
mod connect;
mod error;
mod files;
mod names;
mod notice;
mod pin;
pub mod probe;
mod spec;
mod stream;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod watch;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

pub use accept::{Acceptor, Entered, HandshakeError, Protocol};
pub use certificate::{Certificate, Fingerprint};
pub use connect::{Connector, Offer, server_name};
pub use error::{Error, ErrorKind};
pub use notice::{Notice, Standing, notices};
pub use spec::{
    ClientSpec, Clients, Demand, Pair, ServerSpec, Speaks, Trust, UnknownName, Version,
};
pub use stream::Stream;

/// The one provider of cryptography. Handed to every configuration, so that none depends on what a process has installed.
fn provider() -> Arc<CryptoProvider> {
    use std::sync::OnceLock;
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}
