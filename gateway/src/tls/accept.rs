//! The server's side: a client's connection to a [`Stream`] that is private, and what the handshake told of the client.
//!
//! In: a TCP connection, before its first byte. Out: [`Entered`], or a [`HandshakeError`]; the client has been told by an alert. No early
//! data is taken (RFC 8446 section 8: it can be played again), and a client is known again only by tickets of the same configuration,
//! so that whoever was let in by certificates that are no longer trusted is asked anew; its certificate is judged again each time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use rustls::pki_types::UnixTime;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoClientAuth, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{
    AlertDescription, HandshakeKind, PeerIncompatible, ProtocolVersion, ServerConfig,
    ServerConnection,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsStream};

use super::certificate::{Certificate, Fingerprint};
use super::error::{Error, ErrorKind};
use super::files;
use super::names::Names;
use super::spec::{Clients, Demand, ServerSpec, Speaks};
use super::stream::Stream;
use crate::message::{ClientCertificate, TlsPeer};

/// What is said to a client that speaks plain HTTP where TLS is spoken.
const SPEAK_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 52\r\nConnection: close\r\n\r\nThis port speaks TLS: the address begins with https\n";
/// How long, and for how many bytes, a client is listened to that is to read this: closing before it has finished could destroy the answer.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 64 << 10;

/// What a client and we have agreed to speak (RFC 7301).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `http/1.1`, or nothing was agreed: then HTTP/2 may not be spoken (RFC 9113 section 3.2).
    Http1,
    /// `h2`.
    Http2,
}

/// A client that has come in.
#[derive(Debug)]
pub struct Entered {
    /// What it sends and is sent.
    pub stream: Stream,
    /// What the handshake told.
    pub peer: TlsPeer,
    /// What is to be spoken.
    pub protocol: Protocol,
}

/// Why a client did not come in. Its words are labels of a metric.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// It took too long.
    #[error("the handshake took too long")]
    Late,
    /// It left, or the network did.
    #[error("the connection ended in the handshake")]
    Closed(#[source] io::Error),
    /// It speaks plain HTTP; it was answered in it.
    #[error("the client speaks plain http")]
    PlainHttp,
    /// It speaks no version, cipher or group that we do: mostly an old client.
    #[error("the client and the gateway have nothing in common")]
    Incompatible(#[source] rustls::Error),
    /// Its certificate is missing, or does not hold.
    #[error("the client's certificate is missing or does not hold")]
    ClientCertificate(#[source] rustls::Error),
    /// It asked for a name that no certificate has.
    #[error("there is no certificate of the name the client asks for")]
    UnknownName(#[source] rustls::Error),
    /// It has refused our certificate, or did not go on for a reason of its own.
    #[error("the client has refused")]
    Refused(#[source] rustls::Error),
    /// What it sent is not TLS.
    #[error("the client broke the protocol")]
    Broken(#[source] rustls::Error),
}

impl HandshakeError {
    /// In one word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Closed(_) => "closed",
            Self::PlainHttp => "plain_http",
            Self::Incompatible(_) => "incompatible",
            Self::ClientCertificate(_) => "client_certificate",
            Self::UnknownName(_) => "unknown_name",
            Self::Refused(_) => "refused",
            Self::Broken(_) => "broken",
        }
    }

    fn of(error: io::Error) -> Self {
        let tls = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .cloned();
        match tls {
            None => Self::Closed(error),
            Some(
                error @ rustls::Error::PeerIncompatible(
                    PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon,
                ),
            ) => Self::ClientCertificate(error),
            Some(
                error @ (rustls::Error::PeerIncompatible(_) | rustls::Error::NoApplicationProtocol),
            ) => Self::Incompatible(error),
            Some(
                error @ (rustls::Error::InvalidCertificate(_)
                | rustls::Error::NoCertificatesPresented
                | rustls::Error::InvalidCertRevocationList(_)),
            ) => Self::ClientCertificate(error),
            Some(error @ rustls::Error::AlertReceived(AlertDescription::CertificateRequired)) => {
                Self::ClientCertificate(error)
            }
            Some(error @ rustls::Error::AlertReceived(_)) => Self::Refused(error),
            // What rustls says where its resolver gave no certificate.
            Some(error @ rustls::Error::General(_)) => Self::UnknownName(error),
            Some(error) => Self::Broken(error),
        }
    }
}

/// The door of a TLS listener. Handshakes under way keep the certificates they began with.
#[derive(Debug)]
pub struct Acceptor {
    live: ArcSwap<Live>,
}

#[derive(Debug)]
struct Live {
    config: Arc<ServerConfig>,
    /// Who judges the certificates of clients.
    clients: Arc<dyn ClientCertVerifier>,
    handshake: Duration,
    certificates: Vec<Certificate>,
}

impl Acceptor {
    /// Reads the files. Blocking.
    ///
    /// # Errors
    /// The first file that is wrong.
    pub fn open(spec: &ServerSpec) -> Result<Self, Error> {
        Ok(Self {
            live: ArcSwap::from_pointee(Live::read(spec)?),
        })
    }

    /// Reads the files anew and takes them up, for whoever connects from now on. Blocking.
    ///
    /// # Errors
    /// The first file that is wrong; then nothing has changed.
    pub fn install(&self, spec: &ServerSpec) -> Result<(), Error> {
        self.live.store(Arc::new(Live::read(spec)?));
        Ok(())
    }

    /// What is shown to clients, in the order of the configuration.
    #[must_use]
    pub fn certificates(&self) -> Vec<Certificate> {
        self.live.load().certificates.clone()
    }

    /// Lets a client in. Dropped half-way, it closes the connection.
    ///
    /// # Errors
    /// It does not come in; it has been told why by an alert, where it listens.
    pub async fn accept(&self, stream: TcpStream) -> Result<Entered, HandshakeError> {
        let live = self.live.load_full();
        // Boxed: what a handshake needs is much, and the connection's own task keeps room for it otherwise.
        timeout(live.handshake, Box::pin(live.enter(stream)))
            .await
            .unwrap_or(Err(HandshakeError::Late))
    }
}

impl Live {
    fn read(spec: &ServerSpec) -> Result<Self, Error> {
        let loaded = spec
            .pairs
            .iter()
            .map(files::pair)
            .collect::<Result<Vec<_>, _>>()?;
        let names = Names::new(&loaded, spec.unknown_name);
        let clients = verifier(&spec.clients)?;
        let config = ServerConfig::builder_with_provider(super::provider())
            .with_protocol_versions(spec.minimum.and_newer())
            .expect("ring has suites for every version")
            .with_client_cert_verifier(Arc::clone(&clients))
            .with_cert_resolver(Arc::new(names));
        let mut config = config;
        config.alpn_protocols = match spec.speaks {
            Speaks::Either => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            Speaks::Http1 => vec![b"http/1.1".to_vec()],
        };
        // Without it a client is known again only as long as it is among the last 256.
        if let Ok(ticketer) = rustls::crypto::ring::Ticketer::new() {
            config.ticketer = ticketer;
        }
        Ok(Self {
            config: Arc::new(config),
            clients,
            handshake: spec.handshake,
            certificates: loaded.into_iter().map(|one| one.certificate).collect(),
        })
    }

    /// Who is known again shows a certificate of up to half a day ago, and nobody has looked at it since (RFC 8446 section 4.6.1): it may
    /// have ended.
    fn still_holds(&self, connection: &ServerConnection) -> Result<(), HandshakeError> {
        if connection.handshake_kind() != Some(HandshakeKind::Resumed) {
            return Ok(());
        }
        let Some([certificate, chain @ ..]) = connection.peer_certificates() else {
            return Ok(());
        };
        let judged = self
            .clients
            .verify_client_cert(certificate, chain, UnixTime::now());
        judged.map_err(HandshakeError::ClientCertificate)?;
        Ok(())
    }

    async fn enter(&self, stream: TcpStream) -> Result<Entered, HandshakeError> {
        let mut first = [0; 1];
        let seen = stream
            .peek(&mut first)
            .await
            .map_err(HandshakeError::Closed)?;
        // No message of TLS begins with a letter, and every method of HTTP does.
        if seen == 1 && first.iter().all(u8::is_ascii_uppercase) {
            let mut stream = stream;
            let _told = stream.write_all(SPEAK_TLS).await;
            linger(stream).await;
            return Err(HandshakeError::PlainHttp);
        }
        let accept = TlsAcceptor::from(Arc::clone(&self.config)).accept(stream);
        match accept.into_fallible().await {
            Ok(stream) => {
                self.still_holds(stream.get_ref().1)?;
                let (peer, protocol) = told(stream.get_ref().1);
                Ok(Entered {
                    stream: Stream::Tls(Box::new(TlsStream::Server(stream))),
                    peer,
                    protocol,
                })
            }
            Err((error, stream)) => {
                linger(stream).await;
                Err(HandshakeError::of(error))
            }
        }
    }
}

/// Lets the client read what it was told, which closing over its unread bytes would take from it (RFC 1122 section 4.2.2.13).
async fn linger(mut stream: TcpStream) {
    let _shut = stream.shutdown().await;
    let mut rest = stream.take(LINGER_BYTES);
    let _read = timeout(LINGER, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
}

/// Who judges the certificates of clients.
pub(super) fn verifier(clients: &Clients) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let Clients::Asked {
        ca,
        revoked,
        demand,
    } = clients
    else {
        return Ok(Arc::new(NoClientAuth));
    };
    let roots = Arc::new(files::authorities(ca)?);
    let mut lists = Vec::new();
    for file in revoked {
        lists.extend(files::revoked(file)?);
    }
    let lists_of = revoked.first();
    let builder = WebPkiClientVerifier::builder_with_provider(roots, super::provider())
        .with_crls(lists)
        .only_check_end_entity_revocation();
    let builder = match demand {
        Demand::Optional => builder.allow_unauthenticated(),
        Demand::Required => builder,
    };
    builder.build().map_err(|error| match error {
        VerifierBuilderError::InvalidCrl(_) => {
            Error::new(ErrorKind::BadRevocation, lists_of.unwrap_or(ca)).because(error)
        }
        _ => Error::new(ErrorKind::BadCertificate, ca).because(error),
    })
}

/// What a finished handshake tells.
fn told(connection: &ServerConnection) -> (TlsPeer, Protocol) {
    let alpn = connection.alpn_protocol();
    let certificate = connection
        .peer_certificates()
        .and_then(|chain| chain.first())
        .map(|certificate| identity(certificate));
    let protocol = match alpn {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    let peer = TlsPeer {
        server_name: connection
            .server_name()
            .map(|name| name.to_ascii_lowercase().into()),
        version: match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "TLSv1.3",
        },
        alpn: alpn.map(Into::into),
        certificate,
    };
    (peer, protocol)
}

/// Whom a certificate is for that has been judged. What cannot be read of it is left out: then no rule over names finds it.
fn identity(der: &[u8]) -> ClientCertificate {
    let fingerprint = Fingerprint::of(der).0;
    let der = Bytes::copy_from_slice(der);
    match Certificate::read(&der) {
        Ok(certificate) => ClientCertificate {
            subject: certificate.subject,
            names: certificate.names.iter().map(ToString::to_string).collect(),
            serial: certificate.serial,
            fingerprint,
            der,
        },
        Err(_) => ClientCertificate {
            subject: String::new(),
            names: Vec::new(),
            serial: String::new(),
            fingerprint,
            der,
        },
    }
}
