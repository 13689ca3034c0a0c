//! The two ends: an origin that answers at once, and clients that ask as fast as they are answered. Both speak HTTP by hand, so that
//! they take little of the machine they share with what is measured.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What clients ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Get1K,
    Post4K,
}

impl Ask {
    pub fn name(self) -> &'static str {
        match self {
            Self::Get1K => "GET 1 KB",
            Self::Post4K => "POST 4 KB",
        }
    }

    fn bytes(self) -> Vec<u8> {
        const FIELDS: &str = "host: erp.example\r\nuser-agent: bench\r\naccept: */*\r\n";
        match self {
            Self::Get1K => format!("GET /lots/4711?plant=7 HTTP/1.1\r\n{FIELDS}\r\n").into_bytes(),
            Self::Post4K => {
                let mut bytes = format!(
                    "POST /lots HTTP/1.1\r\n{FIELDS}content-type: application/octet-stream\r\ncontent-length: 4096\r\n\r\n"
                )
                .into_bytes();
                bytes.extend([b'x'; 4096]);
                bytes
            }
        }
    }
}

/// How long a message is: where its head ends, and its `content-length`. None while the head is not all there.
fn length(bytes: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..end])?.to_ascii_lowercase();
    let body = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(Ok(0), |length| length.trim().parse::<usize>())?;
    Ok(Some(end + 4 + body))
}

/// Answers every request: 1 KB to GET, 100 bytes to anything else.
pub async fn origin() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listens at http://{}", listener.local_addr()?);
    let answer = |body: usize| {
        let mut bytes = format!(
            "HTTP/1.1 200 OK\r\nserver: origin\r\ncontent-type: text/plain\r\ncontent-length: {body}\r\n\r\n"
        )
        .into_bytes();
        bytes.resize(bytes.len() + body, b'y');
        bytes
    };
    let (long, short): (&[u8], &[u8]) = (answer(1024).leak(), answer(100).leak());
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
                if whole.is_none_or(|whole| bytes.len() < whole) {
                    continue;
                }
                let answer = if bytes.starts_with(b"GET") {
                    long
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

/// Asks `requests` times over that many connections; each waits for its answer before it asks again.
pub async fn ask(
    address: SocketAddr,
    ask: Ask,
    connections: usize,
    requests: usize,
) -> anyhow::Result<()> {
    let request: &'static [u8] = ask.bytes().leak();
    let each = requests / connections;
    let mut clients = Vec::new();
    for _ in 0..connections {
        clients.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let mut bytes = Vec::with_capacity(8192);
            for _ in 0..each {
                stream.write_all(request).await?;
                bytes.clear();
                let mut whole = None;
                while whole.is_none_or(|whole| bytes.len() < whole) {
                    let read = stream.read_buf(&mut bytes).await?;
                    anyhow::ensure!(read > 0, "the proxy closed the connection");
                    if whole.is_none() {
                        whole = length(&bytes)?;
                    }
                }
                anyhow::ensure!(
                    bytes.starts_with(b"HTTP/1.1 200 "),
                    "an answer that is no 200"
                );
            }
            Ok::<_, anyhow::Error>(())
        }));
    }
    for client in clients {
        client.await.context("a client panicked")??;
    }
    Ok(())
}
