//! The bare proxy: what hyper alone costs, with the pool of hyper-util. Passes everything on and checks nothing.

use std::sync::Arc;

use anyhow::Context as _;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

type Pool = Client<HttpConnector, Incoming>;
type Authority = hyper::http::uri::Authority;

/// Plain HTTP/1.1, HTTP/2 and HTTP/1.1 in TLS, each on its own address.
pub async fn serve(
    origin: &str,
    plain: &str,
    h2: &str,
    tls: &str,
    certificate: &str,
    key: &str,
) -> anyhow::Result<()> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let pool: Pool = Client::builder(TokioExecutor::new()).build(connector);
    let origin: Authority = origin.parse()?;
    let (plain, h2, tls) = (
        TcpListener::bind(plain).await?,
        TcpListener::bind(h2).await?,
        TcpListener::bind(tls).await?,
    );
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)
        .context("the certificate")?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    loop {
        let (pool, origin) = (pool.clone(), origin.clone());
        tokio::select! {
            accepted = plain.accept() => {
                let stream = accepted?.0;
                stream.set_nodelay(true)?;
                tokio::spawn(one(TokioIo::new(stream), pool, origin));
            }
            accepted = tls.accept() => {
                let stream = accepted?.0;
                stream.set_nodelay(true)?;
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        one(TokioIo::new(stream), pool, origin).await;
                    }
                });
            }
            accepted = h2.accept() => {
                let stream = accepted?.0;
                stream.set_nodelay(true)?;
                let service = service_fn(move |request| forward(pool.clone(), origin.clone(), request));
                tokio::spawn(
                    http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service),
                );
            }
        }
    }
}

async fn one<S: Read + Write + Unpin>(stream: S, pool: Pool, origin: Authority) {
    let service = service_fn(move |request| forward(pool.clone(), origin.clone(), request));
    // A client that went away is no news here.
    let _ended = http1::Builder::new()
        .serve_connection(stream, service)
        .await;
}

async fn forward(
    pool: Pool,
    origin: Authority,
    mut request: hyper::Request<Incoming>,
) -> anyhow::Result<hyper::Response<Incoming>> {
    let mut parts = request.uri().clone().into_parts();
    parts.scheme = Some(hyper::http::uri::Scheme::HTTP);
    parts.authority = Some(origin);
    *request.uri_mut() = hyper::Uri::from_parts(parts)?;
    // The pool speaks HTTP/1.1 to the origin, whatever the client speaks.
    *request.version_mut() = hyper::Version::HTTP_11;
    Ok(pool.request(request).await?)
}
