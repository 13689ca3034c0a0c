//! One question to one address over HTTP/1.1: a connection each, closed afterwards. Questions are rare: their answers are kept.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::config::{Login, RegistryConfig, RegistryUrl};
use crate::{Error, Kind};

/// The longest answer read, bytes.
const LONGEST: usize = 16 << 20;
const MEDIA: HeaderValue = HeaderValue::from_static("application/vnd.schemaregistry.v1+json");

type Cause = Box<dyn std::error::Error + Send + Sync>;

pub(super) struct Http {
    urls: Vec<RegistryUrl>,
    authorization: Option<HeaderValue>,
    tls: Option<TlsConnector>,
    timeout: Duration,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http")
            .field("urls", &self.urls)
            .finish_non_exhaustive()
    }
}

impl Http {
    pub(super) fn new(config: &RegistryConfig) -> Result<Self, Error> {
        let tls = if config.urls.iter().any(|url| url.tls) {
            Some(connector(config)?)
        } else {
            None
        };
        Ok(Self {
            urls: config.urls.clone(),
            authorization: authorization(&config.login)?,
            tls,
            timeout: config.timeout,
        })
    }

    pub(super) fn addresses(&self) -> usize {
        self.urls.len()
    }

    pub(super) fn name(&self, at: usize) -> &str {
        self.urls.get(at).map_or("", |url| url.text.as_str())
    }

    /// The status and the body of the answer.
    ///
    /// # Errors
    /// [`Kind::Unreachable`]: there was none in time.
    pub(super) async fn exchange(
        &self,
        at: usize,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Result<(u16, Vec<u8>), Error> {
        let name = self.name(at);
        let unreachable = || {
            Error::new(
                Kind::Unreachable,
                format!("the schema registry at {name} does not answer"),
            )
        };
        let Some(url) = self.urls.get(at) else {
            return Err(unreachable());
        };
        let asked = tokio::time::timeout(self.timeout, self.connect(url, method, path, body)).await;
        match asked {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(cause)) => Err(unreachable().caused_by(cause)),
            Err(late) => Err(unreachable().caused_by(late)),
        }
    }

    async fn connect(
        &self,
        url: &RegistryUrl,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Result<(u16, Vec<u8>), Cause> {
        let authority = match url.host.contains(':') {
            true => format!("[{}]:{}", url.host, url.port),
            false => format!("{}:{}", url.host, url.port),
        };
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", url.path))
            .header(HOST, authority)
            .header(ACCEPT, MEDIA);
        if body.is_some() {
            request = request.header(CONTENT_TYPE, MEDIA);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let request = request.body(Full::new(Bytes::from(body.unwrap_or_default().to_owned())))?;
        let socket = TcpStream::connect((url.host.as_str(), url.port)).await?;
        match &self.tls {
            Some(tls) if url.tls => {
                let server = ServerName::try_from(url.host.clone())?;
                ask(tls.connect(server, socket).await?, request).await
            }
            _ => ask(socket, request).await,
        }
    }
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    request: http::Request<Full<Bytes>>,
) -> Result<(u16, Vec<u8>), Cause> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let mut answer = sender.send_request(request).await?;
        let mut body = Vec::new();
        while let Some(frame) = answer.body_mut().frame().await {
            if let Ok(data) = frame?.into_data() {
                if body.len() + data.len() > LONGEST {
                    return Err(format!("the answer is longer than {LONGEST} bytes").into());
                }
                body.extend_from_slice(&data);
            }
        }
        Ok((answer.status().as_u16(), body))
    };
    // The connection moves bytes while the exchange waits; how it ends the exchange hears itself.
    let moving = async {
        connection.await.ok();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        answer = exchange => answer,
        () = moving => Err("the connection ended".into()),
    }
}

fn authorization(login: &Login) -> Result<Option<HeaderValue>, Error> {
    let secret = |setting: &ops::Setting, name: &str| {
        setting.resolve().map_err(|error| {
            Error::new(
                Kind::Config,
                format!("`{name}` of [registry] cannot be had"),
            )
            .caused_by(error)
        })
    };
    let text = match login {
        Login::Nobody => return Ok(None),
        Login::Basic(user, password) => {
            let password = secret(password, "password")?;
            format!(
                "Basic {}",
                STANDARD.encode(format!("{user}:{}", password.expose()))
            )
        }
        Login::Bearer(token) => format!("Bearer {}", secret(token, "token")?.expose()),
    };
    // The reason is not told: it could hold a part of the secret.
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        Error::new(
            Kind::Config,
            "the secret of [registry] has characters that no header may have",
        )
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn connector(config: &RegistryConfig) -> Result<TlsConnector, Error> {
    let mut roots = RootCertStore::empty();
    match &config.ca {
        Some(file) => {
            for certificate in certificates(file)? {
                roots
                    .add(certificate)
                    .map_err(|error| unreadable(file).caused_by(error))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(Kind::Config, "TLS cannot be set up").caused_by(error))?
        .with_root_certificates(roots);
    let client = match &config.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            // The reader's own words could hold a line of the file, and this file is secret.
            let secret = PrivateKeyDer::from_pem_file(key).map_err(|_| unreadable(key))?;
            builder
                .with_client_auth_cert(certificates(certificate)?, secret)
                .map_err(|error| unreadable(certificate).caused_by(error))?
        }
    };
    Ok(TlsConnector::from(Arc::new(client)))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(file).caused_by(error))?;
    if found.is_empty() {
        return Err(unreadable(file));
    }
    Ok(found)
}

fn unreadable(file: &Path) -> Error {
    let file = file.display();
    Error::new(
        Kind::Config,
        format!("{file}, named in [registry], is no PEM file of what it should have"),
    )
}
