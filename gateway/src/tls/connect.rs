//! The client's side: a connection to a backend, made private.
//!
//! In: a TCP connection and what is to be spoken over it. Out: a [`Stream`] and what the backend chose. Whether the backend's certificate
//! holds is decided by its [`Trust`]; a reason is in the error, and nothing has been sent that a request could be in.

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, TlsStream};

use super::accept::Protocol;
use super::certificate::Certificate;
use super::error::{Error, ErrorKind};
use super::files;
use super::pin::Pinned;
use super::spec::{ClientSpec, Trust};
use super::stream::Stream;

/// Makes connections to one backend private. Connections that are open keep what they began with.
#[derive(Debug, Default)]
pub struct Connector {
    live: ArcSwapOption<Live>,
}

#[derive(Debug)]
struct Live {
    /// Whom to ask for, whatever the host.
    name: Option<ServerName<'static>>,
    /// For what is offered: HTTP/1.1 alone, HTTP/2 alone, either.
    configs: [Arc<ClientConfig>; 3],
    certificate: Option<Certificate>,
}

/// What is offered to a backend (RFC 7301).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// `http/1.1`.
    Http1,
    /// `h2`.
    Http2,
    /// `h2`, else `http/1.1`.
    Either,
}

impl Connector {
    /// Reads the files and takes them up, for connections made from now on. Before that none can be made. Blocking.
    ///
    /// # Errors
    /// The first file that is wrong; then nothing has changed.
    pub fn install(&self, spec: &ClientSpec) -> Result<(), Error> {
        self.live.store(Some(Arc::new(Live::read(spec)?)));
        Ok(())
    }

    /// The certificate that is shown to the backend.
    #[must_use]
    pub fn certificate(&self) -> Option<Certificate> {
        self.live.load().as_ref()?.certificate.clone()
    }

    /// Makes a connection private. `host` is whom to ask for, and whose name the certificate must have, where the specification names
    /// nobody. The caller bounds how long that may take; dropped half-way it closes the connection.
    ///
    /// # Errors
    /// The backend's certificate does not hold, the two have nothing in common, or the connection ended. The [`rustls::Error`] is inside.
    pub async fn connect(
        &self,
        stream: TcpStream,
        host: &str,
        offer: Offer,
    ) -> io::Result<(Stream, Protocol)> {
        let live = self.live.load_full();
        let live = live.ok_or_else(|| io::Error::other("the files for tls cannot be used"))?;
        let name = match &live.name {
            Some(name) => name.clone(),
            None => server_name(host).ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the host is no name that a certificate could have",
                )
            })?,
        };
        let [http1, http2, either] = &live.configs;
        let config = match offer {
            Offer::Http1 => http1,
            Offer::Http2 => http2,
            Offer::Either => either,
        };
        let connector = TlsConnector::from(Arc::clone(config));
        let stream = connector.connect(name, stream).await?;
        let protocol = match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Protocol::Http2,
            _ => Protocol::Http1,
        };
        let stream = Stream::Tls(Box::new(TlsStream::Client(stream)));
        // A server that knows no ALPN may still speak HTTP/1.1, never HTTP/2 (RFC 9113 section 3.2).
        if offer == Offer::Http2 && protocol == Protocol::Http1 {
            return Err(io::Error::other("the backend did not agree to http/2"));
        }
        Ok((stream, protocol))
    }
}

/// A host of an address, which may be an IPv6 one in brackets, as a name in a certificate.
#[must_use]
pub fn server_name(host: &str) -> Option<ServerName<'static>> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    ServerName::try_from(bare.to_owned()).ok()
}

impl Live {
    fn read(spec: &ClientSpec) -> Result<Self, Error> {
        let builder = ClientConfig::builder_with_provider(super::provider())
            .with_protocol_versions(spec.minimum.and_newer())
            .expect("ring has suites for every version");
        let builder = match &spec.trust {
            Trust::Fingerprints(one_of) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Pinned::new(one_of.clone()))),
            Trust::System | Trust::Ca(_) => {
                let roots = Arc::new(files::roots(&spec.trust)?);
                let verifier =
                    WebPkiServerVerifier::builder_with_provider(roots, super::provider())
                        .build()
                        .map_err(|error| {
                            let file = match &spec.trust {
                                Trust::Ca(file) => file.as_path(),
                                Trust::System | Trust::Fingerprints(_) => files::SYSTEM.as_ref(),
                            };
                            Error::new(ErrorKind::BadCertificate, file).because(error)
                        })?;
                builder.with_webpki_verifier(verifier)
            }
        };
        let loaded = spec.pair.as_ref().map(files::pair).transpose()?;
        let config = match &loaded {
            Some(loaded) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(
                Arc::clone(&loaded.key),
            ))),
            None => builder.with_no_client_auth(),
        };
        let speaking = |protocols: &[&[u8]]| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            Arc::new(config)
        };
        Ok(Self {
            name: spec.name.clone(),
            configs: [
                speaking(&[b"http/1.1"]),
                speaking(&[b"h2"]),
                speaking(&[b"h2", b"http/1.1"]),
            ],
            certificate: loaded.map(|loaded| loaded.certificate),
        })
    }
}
