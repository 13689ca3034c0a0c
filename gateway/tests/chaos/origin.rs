//! An origin over HTTP/1.1, with TLS or without, that does what the path of a request tells it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gateway::tls::{Acceptor, Stream};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::fault::Fault;
use super::ledger::{Asked, Ledger};

/// Begins to listen, for as long as the runtime lives.
pub(crate) async fn start(tls: Option<Arc<Acceptor>>, ledger: &Arc<Ledger>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ledger = Arc::clone(ledger);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (open, tls) = (ledger.opened(), tls.clone());
            tokio::spawn(async move {
                let stream = match tls {
                    None => Stream::Plain(stream),
                    Some(tls) => match tls.accept(stream).await {
                        Ok(entered) => entered.stream,
                        Err(_gone) => return,
                    },
                };
                // Whoever is at the other end may go at any time.
                let _gone = serve(stream, &open.0).await;
            });
        }
    });
    address
}

/// What becomes of the connection.
enum After {
    Stay,
    Close,
    /// Without the `close_notify` of TLS.
    Cut,
    Reset,
    /// Bytes beneath TLS that are no record of it.
    Garble,
    /// The beginning of a record of TLS, and then as `Hold`.
    HalfRecord,
    /// Nothing more is said or read; the other end must give up.
    Hold,
}

async fn serve(mut stream: Stream, ledger: &Ledger) -> io::Result<()> {
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
        let asked = Asked::of_head(&head);
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
            After::Close => {
                stream.flush().await?;
                return stream.shutdown().await;
            }
            After::Cut => return stream.flush().await,
            After::Reset => {
                return stream.tcp().set_zero_linger();
            }
            After::Garble => return beneath(&stream, b"no record of anybody").await,
            // Application data of 4,096 bytes (RFC 8446 section 5.1).
            After::HalfRecord => {
                beneath(&stream, b"\x17\x03\x03\x10\x00 and so on").await?;
                return hold(stream).await;
            }
            After::Hold => return hold(stream).await,
        }
    }
}

/// Ends when the gateway closes or resets.
pub(crate) async fn hold(mut stream: impl AsyncRead + Unpin) -> io::Result<()> {
    let _ended = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    Ok(())
}

/// Writes on the connection itself, whatever TLS makes of it.
async fn beneath(stream: &Stream, bytes: &[u8]) -> io::Result<()> {
    stream.tcp().writable().await?;
    stream.tcp().try_write(bytes).map(drop)
}

async fn act(stream: &mut Stream, asked: &Asked) -> io::Result<After> {
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
        | Fault::LeavesUntaken
        | Fault::LeavesConnection
        | Fault::PrivateFine => {
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
                stream.flush().await?;
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
        Fault::Old | Fault::PrivateOld => {
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
        Fault::ClosesSoon | Fault::ResetsSoon | Fault::PrivateClosesSoon => {
            stream.write_all(stated.as_bytes()).await?;
            stream.write_all(&body).await?;
            stream.flush().await?;
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
        Fault::ResetSilent | Fault::ResetUnread | Fault::PrivateReset => After::Reset,
        Fault::HalfHeadClose | Fault::HalfHeadReset | Fault::StallHalfHead => {
            say(&[&stated.as_bytes()[..stated.len() / 2]]);
            match asked.fault {
                Fault::HalfHeadClose => After::Close,
                Fault::HalfHeadReset => After::Reset,
                _ => After::Hold,
            }
        }
        Fault::HalfBodyClose
        | Fault::HalfBodyReset
        | Fault::StallHalfBody
        | Fault::CutBody
        | Fault::GarbledBody
        | Fault::HalfRecord => {
            say(&[stated.as_bytes(), half]);
            match asked.fault {
                Fault::HalfBodyClose => After::Close,
                Fault::HalfBodyReset => After::Reset,
                Fault::CutBody => After::Cut,
                Fault::GarbledBody => After::Garble,
                Fault::HalfRecord => After::HalfRecord,
                _ => After::Hold,
            }
        }
        Fault::CutOld => {
            say(&[b"HTTP/1.0 200 OK\r\n\r\n", half]);
            After::Cut
        }
        Fault::GarbledSilent => After::Garble,
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
            stream.flush().await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        },
        // Asked of others, or of nobody.
        other => unreachable!("{other:?} is none of HTTP/1.1"),
    };
    stream.write_all(&out).await?;
    stream.flush().await?;
    Ok(after)
}
