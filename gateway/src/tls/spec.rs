//! What the configuration says of TLS, as plain data: two that are equal need the same live part.

use std::path::PathBuf;
use std::time::Duration;

use rustls::SupportedProtocolVersion;
use rustls::pki_types::ServerName;

use super::certificate::Fingerprint;

/// How clients are met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSpec {
    /// The certificates, in the order of the file; the first is for clients that name nobody. Not empty.
    pub pairs: Vec<Pair>,
    /// The oldest version that is spoken.
    pub minimum: Version,
    /// Whether clients show a certificate.
    pub clients: Clients,
    /// What becomes of a client that asks for a name no certificate has.
    pub unknown_name: UnknownName,
    /// How long a handshake may take, from the first byte.
    pub handshake: Duration,
    /// What may be agreed on to be spoken.
    pub speaks: Speaks,
}

/// What a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP/1.1 and HTTP/2.
    Either,
    /// HTTP/1.1 alone.
    Http1,
}

/// How a backend is met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSpec {
    /// By what its certificate is judged.
    pub trust: Trust,
    /// The certificate that is shown to it, where it asks for one.
    pub pair: Option<Pair>,
    /// The name that is asked for and that its certificate must have; the backend's host where there is none.
    pub name: Option<ServerName<'static>>,
    /// The oldest version that is spoken.
    pub minimum: Version,
}

impl Default for ClientSpec {
    /// Whoever the system trusts, under its own name; and nothing is shown to it.
    fn default() -> Self {
        Self {
            trust: Trust::System,
            pair: None,
            name: None,
            minimum: Version::Tls12,
        }
    }
}

/// A certificate with its chain, and its key; both in PEM, and perhaps in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The certificate, then those that lead from it to a root.
    pub certificate: PathBuf,
    /// The private key of the first.
    pub key: PathBuf,
}

/// A version of TLS. There are no older ones in rustls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 1.2 (RFC 5246), with forward secrecy and authenticated encryption only.
    Tls12,
    /// 1.3 (RFC 8446).
    Tls13,
}

impl Version {
    /// It and what is newer.
    pub(super) fn and_newer(self) -> &'static [&'static SupportedProtocolVersion] {
        match self {
            Self::Tls12 => rustls::ALL_VERSIONS,
            Self::Tls13 => ONLY_13,
        }
    }
}

static ONLY_13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// Whether clients show a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clients {
    /// They are not asked.
    NotAsked,
    /// They are asked.
    Asked {
        /// The certificates of those who may have signed theirs, in PEM.
        ca: PathBuf,
        /// Lists of revoked certificates, in PEM. Where there are any, whoever has signed a client's certificate must have one; a list that
        /// is overdue still counts.
        revoked: Vec<PathBuf>,
        /// What becomes of one that has none.
        demand: Demand,
    },
}

/// What becomes of a client without a certificate. One whose certificate does not hold is refused either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// It comes in, without an identity.
    Optional,
    /// It is refused.
    Required,
}

/// What becomes of a client that asks for a name no certificate has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownName {
    /// It is shown the first certificate.
    First,
    /// It is refused, with the alert `access_denied`.
    Refused,
}

/// By what a backend's certificate is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The roots of the operating system (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others).
    System,
    /// The certificates in this file, and nobody else's.
    Ca(PathBuf),
    /// It must be one of these, whoever signed it and whatever names it has.
    Fingerprints(Vec<Fingerprint>),
}
