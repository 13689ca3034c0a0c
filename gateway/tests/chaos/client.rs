//! A client that trusts nobody: it reads byte for byte, and knows what the answer to its request is.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use gateway::tls::{Connector, Offer, Protocol, Stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::fault::{End, Fault, Place};

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) fault: Fault,
    pub(crate) id: String,
    pub(crate) post: bool,
    /// Bytes of its body, if it has one.
    pub(crate) body: usize,
    /// Bytes of the answer.
    pub(crate) answer: usize,
}

impl Request {
    fn bytes(&self) -> Vec<u8> {
        let method = if self.post { "POST" } else { "GET" };
        let path = self.path();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: erp.example\r\n");
        if self.post {
            head.push_str(&format!("Content-Length: {}\r\n", self.body));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if self.post {
            bytes.resize(bytes.len() + self.body, b'b');
        }
        bytes
    }

    pub(crate) fn path(&self) -> String {
        let (place, name) = (self.fault.place().path(), self.fault.name());
        format!("/{place}/{name}/{}/{}", self.id, self.answer)
    }

    /// What an answer means, which must be the one to this.
    pub(crate) fn end(&self, status: u16, body: &[u8], whole: bool) -> End {
        match (status, whole) {
            (200, whole) => {
                let right = self.id.bytes().cycle().take(body.len());
                assert!(
                    body.iter().copied().eq(right),
                    "the answer to another request came for {self:?}"
                );
                let all = body.len() == self.answer;
                assert!(
                    all || !whole,
                    "an answer that lacks something looks whole: {self:?}"
                );
                if whole { End::Whole } else { End::Cut }
            }
            (502..=504, true) => End::Refused,
            (status, whole) => {
                let text = String::from_utf8_lossy(body);
                panic!("{self:?} was answered {status} (all of it: {whole}): {text}")
            }
        }
    }

    /// How it may end. A write may be refused besides, where it is not said that its connection goes on for the others; there, not without a
    /// body: it can be sent again where nobody has looked at it.
    pub(crate) fn may(&self, end: End) -> bool {
        let ends = self.fault.ends();
        let left = matches!(ends, [End::Left | End::Told]);
        let sure = self.fault.place() == Place::Two && self.body == 0;
        ends.contains(&end) || (self.post && end == End::Refused && !left && !sure)
    }
}

/// What came.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: Vec<u8>,
    whole: bool,
    closes: bool,
}

/// How a client comes to its gateway.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<Arc<Connector>>,
}

impl Way {
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }

    pub(crate) async fn open(&self, offer: Offer) -> io::Result<Stream> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Stream::Plain(stream)),
            Some(tls) => {
                let (stream, protocol) = tls.connect(stream, "gateway.test", offer).await?;
                let wanted = matches!(offer, Offer::Http2);
                assert_eq!(protocol == Protocol::Http2, wanted, "what was offered");
                Ok(stream)
            }
        }
    }
}

/// A connection of HTTP/1.1, for as long as it lasts.
#[derive(Debug)]
pub(crate) struct Client {
    way: Way,
    line: Option<Line>,
}

#[derive(Debug)]
struct Line {
    stream: Stream,
    got: Vec<u8>,
    used: bool,
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Ended(End),
    /// The connection ended, or could not be opened, before a byte of an answer came.
    Unheard {
        reused: bool,
    },
}

impl Client {
    pub(crate) fn new(way: Way) -> Self {
        Self { way, line: None }
    }

    /// Goes elsewhere with its next connection.
    pub(crate) fn moves(&mut self, address: SocketAddr) {
        self.way.address = address;
    }

    /// Asks on the connection it has, or on a new one.
    pub(crate) async fn ask(&mut self, request: &Request) -> Asked {
        let Ok(mut line) = self.line().await else {
            return Asked::Unheard { reused: false };
        };
        let reused = line.used;
        line.used = true;
        let bytes = request.bytes();
        if let Some(end) = line.leaves(request, &bytes).await {
            return Asked::Ended(end);
        }
        let answer = line.asked(&bytes).await;
        let Some(answer) = answer else {
            return Asked::Unheard { reused };
        };
        let end = request.end(answer.status, &answer.body, answer.whole);
        if answer.whole && !answer.closes {
            self.line = Some(line);
        }
        Asked::Ended(end)
    }

    async fn line(&mut self) -> io::Result<Line> {
        if let Some(line) = self.line.take() {
            return Ok(line);
        }
        Ok(Line {
            stream: self.way.open(Offer::Http1).await?,
            got: Vec::new(),
            used: false,
        })
    }
}

impl Line {
    /// Leaves, or says nonsense, if that is the fault.
    async fn leaves(&mut self, request: &Request, bytes: &[u8]) -> Option<End> {
        let Self { stream, .. } = self;
        let sent = match request.fault {
            Fault::LeavesMidHead => bytes.len().min(20),
            Fault::LeavesMidBody | Fault::LeavesConnection => bytes.len() - request.body / 2,
            _ => bytes.len(),
        };
        let resets = || stream.tcp().set_zero_linger();
        match request.fault {
            Fault::LeavesEarly | Fault::LeavesMidHead | Fault::LeavesMidBody => {}
            // It does not care whether anybody noticed.
            Fault::LeavesMidAnswer | Fault::LeavesConnection => drop(resets()),
            Fault::LeavesUntaken => {}
            Fault::SaysGarbage => {
                let _taken = stream.write_all(b"\x16\x03\x01 no HTTP\r\n\r\n").await;
                let _flushed = stream.flush().await;
                let answer = self.answer().await;
                let told = answer.is_some_and(|answer| answer.status == 400 && answer.whole);
                return Some(if told { End::Told } else { End::Cut });
            }
            _ => return None,
        }
        let _taken = stream.write_all(&bytes[..sent]).await;
        let _flushed = stream.flush().await;
        match request.fault {
            Fault::LeavesMidAnswer => {
                let mut some = [0; 100];
                let _read = stream.read(&mut some).await;
            }
            // Until there is something; the rest is left in the sockets.
            Fault::LeavesUntaken => drop(stream.tcp().readable().await),
            _ => {}
        }
        Some(End::Left)
    }

    /// Sends and reads at once: an answer may come before all is sent.
    async fn asked(&mut self, bytes: &[u8]) -> Option<Answer> {
        let Self { stream, got, .. } = self;
        let (mut reading, mut writing) = tokio::io::split(stream);
        let answer = answer(&mut reading, got);
        tokio::pin!(answer);
        tokio::select! {
            answer = &mut answer => answer,
            // Whoever stops reading may still answer.
            _sent = all(&mut writing, bytes) => answer.await,
        }
    }

    async fn answer(&mut self) -> Option<Answer> {
        answer(&mut self.stream, &mut self.got).await
    }
}

async fn all(stream: &mut (impl tokio::io::AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

/// Reads more; false at the end, however it comes.
async fn more(stream: &mut (impl tokio::io::AsyncRead + Unpin), got: &mut Vec<u8>) -> bool {
    matches!(stream.read_buf(got).await, Ok(read) if read > 0)
}

/// The final answer. None if the connection ended before a whole head.
async fn answer(
    stream: &mut (impl tokio::io::AsyncRead + Unpin),
    got: &mut Vec<u8>,
) -> Option<Answer> {
    let head = loop {
        if let Some(end) = got.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = got.split_off(end + 4);
            let head = String::from_utf8(std::mem::replace(got, rest)).unwrap();
            if head.starts_with("HTTP/1.1 1") {
                continue;
            }
            break head.to_ascii_lowercase();
        }
        if !more(stream, got).await {
            assert!(
                got.is_empty(),
                "half a head: {:?}",
                String::from_utf8_lossy(got)
            );
            return None;
        }
    };
    let field = |name: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(": "));
        fields.find_map(|(field, value)| (field == name).then_some(value))
    };
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let closes = field("connection") == Some("close");
    let (body, whole) = if let Some(length) = field("content-length") {
        stated(stream, got, length.parse().unwrap()).await
    } else if field("transfer-encoding") == Some("chunked") {
        chunks(stream, got).await
    } else {
        while more(stream, got).await {}
        (std::mem::take(got), true)
    };
    Some(Answer {
        status,
        body,
        whole,
        closes,
    })
}

async fn stated(
    stream: &mut (impl tokio::io::AsyncRead + Unpin),
    got: &mut Vec<u8>,
    length: usize,
) -> (Vec<u8>, bool) {
    while got.len() < length {
        if !more(stream, got).await {
            return (std::mem::take(got), false);
        }
    }
    let rest = got.split_off(length);
    (std::mem::replace(got, rest), true)
}

async fn chunks(
    stream: &mut (impl tokio::io::AsyncRead + Unpin),
    got: &mut Vec<u8>,
) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(size) = row(stream, got).await else {
            return (body, false);
        };
        let size = usize::from_str_radix(&size, 16).unwrap();
        if size == 0 {
            break;
        }
        let (data, whole) = stated(stream, got, size).await;
        body.extend(data);
        if !whole || row(stream, got).await.is_none() {
            return (body, false);
        }
    }
    loop {
        match row(stream, got).await {
            None => return (body, false),
            Some(field) if field.is_empty() => return (body, true),
            Some(_) => {}
        }
    }
}

async fn row(
    stream: &mut (impl tokio::io::AsyncRead + Unpin),
    got: &mut Vec<u8>,
) -> Option<String> {
    loop {
        if let Some(end) = got.windows(2).position(|two| two == b"\r\n") {
            let rest = got.split_off(end + 2);
            let row = std::mem::replace(got, rest);
            return Some(String::from_utf8(row[..end].to_vec()).unwrap());
        }
        if !more(stream, got).await {
            return None;
        }
    }
}
