//! Who is at the other end of a client's connection.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

/// The other end of a client's connection: one for all its requests, so that identity of the pointer is identity of the connection.
#[derive(Debug)]
pub struct Peer {
    /// The client's address; what a PROXY protocol header said where one is trusted.
    pub address: SocketAddr,
    /// Our own address that it connected to; likewise.
    pub local: SocketAddr,
    /// What TLS agreed on; none over plain text.
    pub tls: Option<TlsPeer>,
}

/// What was agreed on in a TLS handshake.
#[derive(Debug)]
pub struct TlsPeer {
    /// The name the client asked for (SNI), in lower case.
    pub server_name: Option<Box<str>>,
    /// The version, as `TLSv1.3`.
    pub version: &'static str,
    /// The protocol agreed on (ALPN), as `h2`.
    pub alpn: Option<Box<[u8]>>,
    /// The client's certificate, if it showed one; verified.
    pub certificate: Option<ClientCertificate>,
}

/// A client's certificate that was verified.
pub struct ClientCertificate {
    /// Its subject, as RFC 4514 writes names.
    pub subject: String,
    /// Its further names: DNS names, URIs, e-mail addresses.
    pub names: Vec<String>,
    /// SHA-256 of it.
    pub fingerprint: [u8; 32],
    /// Its serial number, in hex.
    pub serial: String,
    /// All of it.
    pub der: Bytes,
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("subject", &self.subject)
            .field("names", &self.names)
            .field("serial", &self.serial)
            .finish_non_exhaustive()
    }
}
