//! An origin that does what the path of a request tells it, and keeps a ledger of the writes it was asked for.
//!
//! Paths are `/PLACE/FAULT/ID/LENGTH`: the answer is the id, again and again, over so many bytes.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::fault::Fault;

/// What is known at the origin.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    open: AtomicUsize,
    requests: AtomicUsize,
    writes: Mutex<HashSet<String>>,
    twice: Mutex<Vec<String>>,
}

impl Ledger {
    /// Connections that have not ended.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Requests whose heads came.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Writes that came more than once.
    pub(crate) fn twice(&self) -> Vec<String> {
        self.twice.lock().unwrap().clone()
    }

    fn came(&self, asked: &Asked) {
        self.requests.fetch_add(1, Ordering::SeqCst);
        if asked.post && !self.writes.lock().unwrap().insert(asked.id.clone()) {
            self.twice.lock().unwrap().push(asked.id.clone());
        }
    }
}

struct Open(Arc<Ledger>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Begins to listen, for as long as the runtime lives.
pub(crate) async fn start() -> (SocketAddr, Arc<Ledger>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ledger = Arc::new(Ledger::default());
    let kept = Arc::clone(&ledger);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            kept.open.fetch_add(1, Ordering::SeqCst);
            let open = Open(Arc::clone(&kept));
            tokio::spawn(async move {
                // Whoever is at the other end may go at any time.
                let _gone = serve(stream, &open.0).await;
            });
        }
    });
    (address, ledger)
}

#[derive(Debug)]
struct Asked {
    post: bool,
    fault: Fault,
    id: String,
    length: usize,
    body: usize,
}

impl Asked {
    fn of(head: &str) -> Self {
        let mut line = head.split(' ');
        let post = line.next() == Some("POST");
        let mut path = line.next().unwrap().split('/').skip(2);
        let fault = path.next().unwrap();
        let body = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let named = name.eq_ignore_ascii_case("content-length");
            named.then(|| value.trim().parse().unwrap())
        });
        Self {
            post,
            fault: *Fault::ALL.iter().find(|one| one.name() == fault).unwrap(),
            id: path.next().unwrap().to_owned(),
            length: path.next().unwrap().parse().unwrap(),
            body: body.unwrap_or(0),
        }
    }

    fn answer(&self) -> Vec<u8> {
        self.id.bytes().cycle().take(self.length).collect()
    }
}

/// What becomes of the connection.
enum After {
    Stay,
    Close,
    Reset,
    /// Nothing more is said or read; the other end must give up.
    Hold,
}

async fn serve(mut stream: TcpStream, ledger: &Ledger) -> io::Result<()> {
    let mut got = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = got.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = got.split_off(end + 4);
                break String::from_utf8(std::mem::replace(&mut got, rest)).unwrap();
            }
            if stream.read_buf(&mut got).await? == 0 {
                return Ok(());
            }
        };
        let asked = Asked::of(&head);
        ledger.came(&asked);
        let unread = matches!(
            asked.fault,
            Fault::Early | Fault::StallUnread | Fault::ResetUnread
        );
        while !unread && got.len() < asked.body {
            if stream.read_buf(&mut got).await? == 0 {
                return Ok(());
            }
        }
        if !unread {
            assert!(
                got.iter().all(|byte| *byte == b'b'),
                "another body than was sent"
            );
            got.clear();
        }
        match act(&mut stream, &asked).await? {
            After::Stay => {}
            After::Close => return Ok(()),
            After::Reset => {
                let socket = socket2::SockRef::from(&stream);
                return socket.set_linger(Some(Duration::ZERO));
            }
            After::Hold => {
                let mut ignored = tokio::io::sink();
                // Ends when the gateway closes or resets.
                let _ended = tokio::io::copy(&mut stream, &mut ignored).await;
                return Ok(());
            }
        }
    }
}

async fn act(stream: &mut TcpStream, asked: &Asked) -> io::Result<After> {
    let body = asked.answer();
    let half = &body[..body.len() / 2];
    let stated = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut out: Vec<u8> = Vec::new();
    let mut say = |parts: &[&[u8]]| parts.iter().for_each(|part| out.extend_from_slice(part));
    let size = |part: &[u8]| format!("{:x}\r\n", part.len()).into_bytes();
    let after = match asked.fault {
        Fault::Fine
        | Fault::LeavesEarly
        | Fault::LeavesMidHead
        | Fault::LeavesMidBody
        | Fault::LeavesMidAnswer
        | Fault::SaysGarbage
        | Fault::Refuses
        | Fault::Deaf => {
            say(&[stated.as_bytes(), &body]);
            After::Stay
        }
        Fault::Chunked => {
            say(&[chunked.as_bytes(), &size(half), half, b"\r\n"]);
            let rest = &body[half.len()..];
            if !rest.is_empty() {
                say(&[&size(rest), rest, b"\r\n"]);
            }
            say(&[b"0\r\nX-Sum: 1\r\n\r\n"]);
            After::Stay
        }
        Fault::Slow => {
            stream.write_all(stated.as_bytes()).await?;
            for piece in body.chunks(body.len() / 10 + 1) {
                stream.write_all(piece).await?;
                tokio::task::yield_now().await;
            }
            After::Stay
        }
        Fault::Interim => {
            for _ in 0..3 {
                say(&[b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"]);
            }
            say(&[stated.as_bytes(), &body]);
            After::Stay
        }
        Fault::Old => {
            say(&[b"HTTP/1.0 200 OK\r\n\r\n", &body]);
            After::Close
        }
        Fault::SaysClose => {
            let says = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
            say(&[
                says.as_bytes(),
                stated.split_once("\r\n").unwrap().1.as_bytes(),
                &body,
            ]);
            After::Close
        }
        Fault::ClosesAfter | Fault::Early => {
            say(&[stated.as_bytes(), &body]);
            After::Close
        }
        Fault::ClosesSoon | Fault::ResetsSoon => {
            stream.write_all(stated.as_bytes()).await?;
            stream.write_all(&body).await?;
            // At a moment of its own, from at once to when the connection is surely used again.
            for _ in 0..asked.length % 64 {
                tokio::task::yield_now().await;
            }
            match asked.fault {
                Fault::ResetsSoon => After::Reset,
                _ => After::Close,
            }
        }
        Fault::MoreThanAsked => {
            say(&[
                stated.as_bytes(),
                &body,
                b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nastray",
            ]);
            After::Stay
        }
        Fault::CloseSilent => After::Close,
        Fault::ResetSilent | Fault::ResetUnread => After::Reset,
        Fault::HalfHeadClose | Fault::HalfHeadReset | Fault::StallHalfHead => {
            say(&[&stated.as_bytes()[..stated.len() / 2]]);
            match asked.fault {
                Fault::HalfHeadClose => After::Close,
                Fault::HalfHeadReset => After::Reset,
                _ => After::Hold,
            }
        }
        Fault::HalfBodyClose | Fault::HalfBodyReset | Fault::StallHalfBody => {
            say(&[stated.as_bytes(), half]);
            match asked.fault {
                Fault::HalfBodyClose => After::Close,
                Fault::HalfBodyReset => After::Reset,
                _ => After::Hold,
            }
        }
        Fault::HalfChunkClose => {
            say(&[chunked.as_bytes(), &size(&body), half]);
            After::Close
        }
        Fault::BadChunk => {
            say(&[
                chunked.as_bytes(),
                &size(half),
                half,
                b"\r\nno size\r\n",
                half,
            ]);
            After::Stay
        }
        Fault::Garbage => {
            say(&[
                &[
                    0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, b'\r', b'\n', b'\r', b'\n',
                ],
                half,
            ]);
            After::Stay
        }
        Fault::BadStatus => {
            say(&[b"HTTP/1.1 2OO OK\r\nContent-Length: 0\r\n\r\n"]);
            After::Stay
        }
        Fault::TwoLengths => {
            say(&[
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                half,
            ]);
            After::Stay
        }
        Fault::LengthAndChunked => {
            say(&[b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]);
            After::Stay
        }
        Fault::HugeHead => {
            let field = format!("X-Field: {}\r\n", "x".repeat(1000));
            say(&[b"HTTP/1.1 200 OK\r\n"]);
            (0..100).for_each(|_| say(&[field.as_bytes()]));
            say(&[b"Content-Length: 0\r\n\r\n"]);
            After::Stay
        }
        Fault::UnaskedUpgrade => {
            say(&[b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n"]);
            After::Hold
        }
        Fault::StallSilent | Fault::StallUnread => After::Hold,
        Fault::StallInterim => loop {
            stream
                .write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n")
                .await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        },
    };
    stream.write_all(&out).await?;
    Ok(after)
}
