//! The two ends: an origin that answers at once, and clients that ask as fast as they are answered. Over HTTP/1.1 both speak it by hand, so that
//! they take little of the machine they share with what is measured.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::peers::Listens;

const SHORT: usize = 100;
const USUAL: usize = 1024;
const LONG: usize = 64 * 1024;
/// Requests on one connection of HTTP/2 at once.
const STREAMS: usize = 16;

/// What clients ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Get1K,
    Get64K,
    Post4K,
}

impl Ask {
    fn path(self) -> &'static str {
        match self {
            Self::Get1K => "/lots/4711?plant=7",
            Self::Get64K => "/lots/long",
            Self::Post4K => "/lots",
        }
    }

    fn answer(self) -> usize {
        match self {
            Self::Get1K => USUAL,
            Self::Get64K => LONG,
            Self::Post4K => SHORT,
        }
    }

    fn bytes(self, further: &str) -> Vec<u8> {
        let fields = format!("host: erp.example\r\nuser-agent: bench\r\naccept: */*\r\n{further}");
        let path = self.path();
        match self {
            Self::Get1K | Self::Get64K => {
                format!("GET {path} HTTP/1.1\r\n{fields}\r\n").into_bytes()
            }
            Self::Post4K => {
                let mut bytes = format!(
                    "POST {path} HTTP/1.1\r\n{fields}content-type: application/octet-stream\r\ncontent-length: 4096\r\n\r\n"
                )
                .into_bytes();
                bytes.extend([b'x'; 4096]);
                bytes
            }
        }
    }
}

/// How clients ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// One request after the other on a connection.
    Kept,
    /// A connection for each request.
    Closing,
    /// As `Kept`, in TLS.
    Tls,
    /// On connections of HTTP/2, several requests at once on each.
    H2,
}

/// How long a message is: where its head ends, and its `content-length`. None while the head is not all there.
fn length(bytes: &[u8]) -> anyhow::Result<Option<(usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..end])?.to_ascii_lowercase();
    let body = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(Ok(0), |length| length.trim().parse::<usize>())?;
    Ok(Some((end + 4, body)))
}

/// Answers every request: 1 KB to GET, 64 KB to one for `/lots/long`, 100 bytes to anything else.
pub async fn origin(address: &str) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let answer = |body: usize| -> &'static [u8] {
        let mut bytes = format!(
            "HTTP/1.1 200 OK\r\nserver: origin\r\ncontent-type: text/plain\r\ncontent-length: {body}\r\n\r\n"
        )
        .into_bytes();
        bytes.resize(bytes.len() + body, b'y');
        bytes.leak()
    };
    let (short, usual, long) = (answer(SHORT), answer(USUAL), answer(LONG));
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let mut bytes = Vec::with_capacity(8192);
            loop {
                match stream.read_buf(&mut bytes).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                }
                let Ok(whole) = length(&bytes) else { return };
                if whole.is_none_or(|(head, body)| bytes.len() < head + body) {
                    continue;
                }
                let answer = if bytes.starts_with(b"GET /lots/long") {
                    long
                } else if bytes.starts_with(b"GET") {
                    usual
                } else {
                    short
                };
                bytes.clear();
                if stream.write_all(answer).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// A client that trusts the certificates in a file.
pub fn connector(certificate: &std::path::Path) -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(certificate)? {
        roots.add(certificate?)?;
    }
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A client for plain text.
pub fn trusting_nobody() -> TlsConnector {
    let config = ClientConfig::builder()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// Asks `requests` times, that many at once; each waits for its answer before it asks again.
pub async fn ask(
    at: Listens,
    tls: &TlsConnector,
    ask: Ask,
    way: Way,
    at_once: usize,
    requests: usize,
) -> anyhow::Result<()> {
    let each = requests / at_once;
    let further = match way {
        Way::Closing => "connection: close\r\n",
        Way::Kept | Way::Tls | Way::H2 => "",
    };
    let request: &'static [u8] = ask.bytes(further).leak();
    let mut clients = Vec::new();
    let mut shared = None;
    for client in 0..at_once {
        let tls = tls.clone();
        clients.push(match way {
            Way::Kept => tokio::spawn(async move {
                let stream = connect(at.plain).await?;
                talk(stream, ask, request, each).await
            }),
            Way::Closing => tokio::spawn(async move {
                for _ in 0..each {
                    let stream = connect(at.plain).await?;
                    talk(stream, ask, request, 1).await?;
                }
                Ok(())
            }),
            Way::Tls => tokio::spawn(async move {
                let stream = connect(at.tls).await?;
                let stream = tls
                    .connect(ServerName::try_from("localhost")?, stream)
                    .await?;
                talk(stream, ask, request, each).await
            }),
            Way::H2 => {
                if client % STREAMS == 0 {
                    let (sender, connection) = h2::client::handshake(connect(at.h2).await?).await?;
                    tokio::spawn(connection);
                    shared = Some(sender);
                }
                let sender = shared.clone().context("the first opens a connection")?;
                tokio::spawn(streams(sender, ask, each))
            }
        });
    }
    for client in clients {
        client.await.context("a client panicked")??;
    }
    Ok(())
}

async fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn talk(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ask: Ask,
    request: &[u8],
    times: usize,
) -> anyhow::Result<()> {
    let mut bytes = Vec::with_capacity(8192);
    for _ in 0..times {
        stream.write_all(request).await?;
        bytes.clear();
        let mut whole = None;
        while whole.is_none_or(|(head, body)| bytes.len() < head + body) {
            let read = stream.read_buf(&mut bytes).await?;
            anyhow::ensure!(read > 0, "the proxy closed the connection");
            if whole.is_none() {
                whole = length(&bytes)?;
            }
        }
        anyhow::ensure!(
            bytes.starts_with(b"HTTP/1.1 200 ")
                && whole
                    .is_some_and(|(head, body)| body == ask.answer() && bytes.len() == head + body),
            "another answer than the origin's: {}",
            String::from_utf8_lossy(bytes.get(..200).unwrap_or(&bytes))
        );
    }
    Ok(())
}

async fn streams(
    mut sender: h2::client::SendRequest<Bytes>,
    ask: Ask,
    times: usize,
) -> anyhow::Result<()> {
    anyhow::ensure!(ask != Ask::Post4K, "no bodies are sent over HTTP/2 here");
    let uri = format!("http://erp.example{}", ask.path());
    for _ in 0..times {
        sender = sender.ready().await?;
        let request = http::Request::get(&uri)
            .header("user-agent", "bench")
            .header("accept", "*/*")
            .body(())?;
        let (answer, _) = sender.send_request(request, true)?;
        let answer = answer.await?;
        anyhow::ensure!(answer.status() == 200, "an answer that is no 200");
        let mut body = answer.into_body();
        let mut got = 0;
        while let Some(data) = body.data().await {
            let data = data?;
            got += data.len();
            body.flow_control().release_capacity(data.len())?;
        }
        anyhow::ensure!(got == ask.answer(), "another answer than the origin's");
    }
    Ok(())
}

/// That many connections, each of which has asked once and stays.
pub async fn idle(address: SocketAddr, connections: usize) -> anyhow::Result<Vec<TcpStream>> {
    let request: &'static [u8] = Ask::Get1K.bytes("").leak();
    let mut kept = Vec::with_capacity(connections);
    while kept.len() < connections {
        let some = 64.min(connections - kept.len());
        let asked = (0..some).map(|_| {
            tokio::spawn(async move {
                let mut stream = connect(address).await?;
                talk(&mut stream, Ask::Get1K, request, 1).await?;
                Ok::<_, anyhow::Error>(stream)
            })
        });
        for one in asked.collect::<Vec<_>>() {
            kept.push(one.await.context("a client panicked")??);
        }
    }
    Ok(kept)
}
