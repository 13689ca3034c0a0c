//! One end of a connection that the suite plays: bytes in a buffer, heads and bodies taken out of it by code of its own.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Whatever is waited for comes at once or never.
pub(crate) const SOON: Duration = Duration::from_secs(5);

pub(crate) struct Conn {
    pub(crate) stream: TcpStream,
    pub(crate) buf: Vec<u8>,
    /// The head that came last.
    pub(crate) head: Vec<u8>,
    /// The trailers of the body that came last.
    pub(crate) trailers: String,
}

/// How a body came out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Whole(Vec<u8>),
    /// It broke off behind these bytes.
    Broken(Vec<u8>),
}

impl Conn {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buf: Vec::new(),
            head: Vec::new(),
            trailers: String::new(),
        }
    }

    /// More bytes; none at the end, which a reset is too.
    pub(crate) async fn more(&mut self) -> Result<bool, String> {
        match timeout(SOON, self.stream.read_buf(&mut self.buf)).await {
            Ok(read) => Ok(read.unwrap_or(0) > 0),
            Err(_) => Err(format!("nothing more came after {}", show(&self.buf))),
        }
    }

    /// Takes a line and its CR LF.
    async fn line(&mut self) -> Result<Option<String>, String> {
        loop {
            if let Some(end) = find(&self.buf, b"\r\n") {
                let line: Vec<u8> = self.buf.drain(..end + 2).take(end).collect();
                return Ok(Some(latin(&line)));
            }
            if !self.more().await? {
                return Ok(None);
            }
        }
    }

    /// Takes a head, up to and with the empty line.
    pub(crate) async fn take_head(&mut self) -> Result<(), String> {
        loop {
            if let Some(end) = find(&self.buf, b"\r\n\r\n") {
                self.head = self.buf.drain(..end + 4).collect();
                return Ok(());
            }
            if !self.more().await? {
                return Err(format!("closed, wanted a head after {}", show(&self.buf)));
            }
        }
    }

    /// Takes a head of this status.
    pub(crate) async fn take_status(&mut self, status: u16) -> Result<(), String> {
        self.take_head().await?;
        self.has_status(status)
    }

    pub(crate) fn has_status(&self, status: u16) -> Result<(), String> {
        if latin(&self.head).starts_with(&format!("HTTP/1.1 {status} ")) {
            return Ok(());
        }
        Err(format!("wanted {status}, got {}", show(&self.head)))
    }

    pub(crate) fn field(&self, name: &str) -> Option<String> {
        fields(&self.head, name).next()
    }

    /// Takes the body that the last head announces.
    pub(crate) async fn take_body(&mut self) -> Result<Body, String> {
        self.trailers.clear();
        if self.field("transfer-encoding").is_some() {
            return self.take_chunks().await;
        }
        let Some(length) = self.field("content-length") else {
            if self.head.starts_with(b"HTTP/") {
                while self.more().await? {}
                return Ok(Body::Whole(std::mem::take(&mut self.buf)));
            }
            return Ok(Body::Whole(Vec::new()));
        };
        let length = length.parse().map_err(|_| format!("length {length:?}"))?;
        Ok(match self.take(length).await? {
            Some(body) => Body::Whole(body),
            None => Body::Broken(std::mem::take(&mut self.buf)),
        })
    }

    async fn take_chunks(&mut self) -> Result<Body, String> {
        let mut body = Vec::new();
        loop {
            let Some(line) = self.line().await? else {
                return Ok(Body::Broken(body));
            };
            let size = usize::from_str_radix(&line, 16).map_err(|_| format!("chunk {line:?}"))?;
            if size == 0 {
                break;
            }
            match self.take(size).await? {
                Some(data) => body.extend_from_slice(&data),
                None => {
                    body.append(&mut self.buf);
                    return Ok(Body::Broken(body));
                }
            }
            match self.line().await? {
                Some(line) if line.is_empty() => {}
                Some(line) => return Err(format!("after a chunk: {line:?}")),
                None => return Ok(Body::Broken(body)),
            }
        }
        loop {
            match self.line().await? {
                None => return Ok(Body::Broken(body)),
                Some(line) if line.is_empty() => return Ok(Body::Whole(body)),
                Some(line) => self.trailers += &format!("{line}|"),
            }
        }
    }

    /// Takes so many bytes; none if fewer come.
    pub(crate) async fn take(&mut self, length: usize) -> Result<Option<Vec<u8>>, String> {
        while self.buf.len() < length {
            if !self.more().await? {
                return Ok(None);
            }
        }
        Ok(Some(self.buf.drain(..length).collect()))
    }

    /// The other end closes, and nothing more has come.
    pub(crate) async fn take_end(&mut self) -> Result<(), String> {
        if self.buf.is_empty() && !self.more().await? {
            return Ok(());
        }
        Err(format!("wanted the end, got {}", show(&self.buf)))
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        // Whoever refuses a message need not read all of it.
        let _gone = timeout(SOON, self.stream.write_all(bytes)).await;
    }
}

/// The values of a field, in order.
pub(crate) fn fields(head: &[u8], name: &str) -> impl Iterator<Item = String> {
    let lines: Vec<String> = latin(head)
        .split("\r\n")
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .filter(|(sent, _)| sent.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_owned())
        .collect();
    lines.into_iter()
}

pub(crate) fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// As text, each byte a character.
pub(crate) fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// As messages are written in the cases.
pub(crate) fn show(bytes: &[u8]) -> String {
    format!("{:?}", latin(bytes).replace("\r\n", "|"))
}
