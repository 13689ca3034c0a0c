//! An origin over HTTP/2 that does what the path of a request tells it, to the stream or to the whole connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway::tls::{Acceptor, Stream};
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::fault::Fault;
use super::ledger::{Asked, Ledger};
use super::wire::{Inject, Wire, frame};

/// What a stream wants of its connection.
#[derive(Debug)]
enum Order {
    Close,
    Reset,
    /// Time to stop.
    GoAway,
    /// No time: what comes after the last stream that has come is not looked at.
    GoAwayNow,
    /// Nothing is read or written for so long.
    Hang(Duration),
}

/// What is shared by the streams of a connection.
#[derive(Clone)]
struct Line {
    ledger: Arc<Ledger>,
    inject: Inject,
    orders: mpsc::Sender<Order>,
}

impl Line {
    fn order(&self, order: Order) {
        // Another stream may have ended the connection, or given as many.
        let _over = self.orders.try_send(order);
    }
}

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
                serve(stream, &open.0).await;
            });
        }
    });
    address
}

async fn serve(stream: Stream, ledger: &Arc<Ledger>) {
    let (wire, inject) = Wire::over(stream);
    let mut builder = h2::server::Builder::new();
    // Less than what large bodies are, so that some wait for it.
    builder.initial_window_size(16 << 10);
    let Ok(mut connection): Result<Connection<Wire, Bytes>, _> = builder.handshake(wire).await
    else {
        return;
    };
    let (orders, mut ordered) = mpsc::channel(64);
    let line = Line {
        ledger: Arc::clone(ledger),
        inject,
        orders,
    };
    let (mut last, mut unseen) = (0, Vec::new());
    let (mut going, mut stopped) = (false, false);
    // They end with their connection.
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            order = ordered.recv() => match order.expect("we have a sender ourselves") {
                Order::Close => return,
                Order::Reset => return line.inject.reset(),
                // Once: what a second names must not be more (RFC 9113 section 6.8).
                Order::GoAway | Order::GoAwayNow if going => {}
                Order::GoAway => {
                    going = true;
                    connection.graceful_shutdown();
                }
                Order::GoAwayNow => {
                    (going, stopped) = (true, true);
                    let of = [u32::to_be_bytes(last), [0; 4]].concat();
                    line.inject.bytes(&frame(7, 0, 0, &of));
                }
                Order::Hang(time) => {
                    sleep(time).await;
                    return;
                }
            },
            Some(ended) = streams.join_next() => ended.unwrap(),
            accepted = connection.accept() => {
                let Some(Ok((request, answer))) = accepted else { return };
                if stopped {
                    // Kept, because they would be reset if they were dropped.
                    unseen.push((request, answer));
                    continue;
                }
                last = answer.stream_id().into();
                let line = line.clone();
                streams.spawn(async move {
                    let _broken = stream_of(request, answer, &line).await;
                });
            }
        }
    }
}

/// All of a request's body; false if it broke off.
async fn read(mut body: RecvStream, length: usize) -> bool {
    let mut came = 0;
    while let Some(data) = body.data().await {
        let Ok(data) = data else { return false };
        assert!(data.iter().all(|byte| *byte == b'b'), "another body");
        came += data.len();
        let _over = body.flow_control().release_capacity(data.len());
    }
    assert_eq!(came, length, "a body that lacks something looks whole");
    true
}

fn head(length: Option<usize>) -> Response<()> {
    let mut response = Response::new(());
    if let Some(length) = length {
        response
            .headers_mut()
            .insert("content-length", length.into());
    }
    response
}

async fn stream_of(
    request: Request<RecvStream>,
    mut answer: SendResponse<Bytes>,
    line: &Line,
) -> Result<(), h2::Error> {
    let length = request.headers().get("content-length");
    let asked = Asked::of(
        request.method().as_str(),
        request.uri().path(),
        length.map(|length| length.to_str().unwrap()),
    );
    let fault = asked.fault;
    let refused = match fault {
        Fault::TwoRefused => true,
        Fault::TwoRefusedOnce => line.ledger.turns_away(&asked),
        _ => false,
    };
    if refused {
        answer.send_reset(Reason::REFUSED_STREAM);
        return Ok(());
    }
    line.ledger.came(&asked);
    let mut body = request.into_body();
    let unread = matches!(
        fault,
        Fault::TwoEarly | Fault::TwoResetUnread | Fault::TwoStallUnread
    );
    if unread {
        let _some = body.data().await;
        return act(&asked, answer, line, Some(body)).await;
    }
    match read(body, asked.body).await {
        true => act(&asked, answer, line, None).await,
        false => Ok(()),
    }
}

/// What is unread of a request is given up with the stream, without an error where it was answered (RFC 9113 section 8.1).
async fn act(
    asked: &Asked,
    mut answer: SendResponse<Bytes>,
    line: &Line,
    _unread: Option<RecvStream>,
) -> Result<(), h2::Error> {
    let body = Bytes::from(asked.answer());
    let half = body.slice(..body.len() / 2);
    let stated = head(Some(body.len()));
    match asked.fault {
        Fault::TwoTrailers => {
            let mut stream = answer.send_response(head(None), false)?;
            stream.send_data(body, false)?;
            let mut trailers = HeaderMap::new();
            trailers.insert("x-sum", 1.into());
            return stream.send_trailers(trailers);
        }
        Fault::TwoSlow => {
            let mut stream = answer.send_response(stated, false)?;
            let piece = body.len() / 10 + 1;
            for from in (0..body.len()).step_by(piece) {
                let to = body.len().min(from + piece);
                stream.send_data(body.slice(from..to), to == body.len())?;
                tokio::task::yield_now().await;
            }
            return Ok(());
        }
        Fault::TwoInterim => {
            for _ in 0..3 {
                answer.send_informational(early())?;
            }
        }
        Fault::TwoGoesAway | Fault::RoughGoesAway => line.order(Order::GoAway),
        Fault::TwoGoesAwayNow => line.order(Order::GoAwayNow),
        Fault::TwoResetSilent | Fault::TwoResetUnread => {
            answer.send_reset(Reason::INTERNAL_ERROR);
            return Ok(());
        }
        Fault::TwoResetHead | Fault::TwoResetBody => {
            let mut stream = answer.send_response(stated, false)?;
            if asked.fault == Fault::TwoResetBody {
                stream.send_data(half, false)?;
                // What is queued would be dropped by the reset.
                sleep(Duration::from_millis(1)).await;
            }
            stream.send_reset(Reason::INTERNAL_ERROR);
            return Ok(());
        }
        Fault::TwoBadHead => {
            // 200, and a field of HTTP/1.1's (RFC 9113 section 8.2.2), literally (RFC 7541 section 6.2.2).
            let block = b"\x88\x00\x0aconnection\x05close";
            let stream = answer.stream_id().into();
            line.inject.bytes(&frame(1, 4, stream, block));
            return until_reset(answer).await;
        }
        Fault::TwoHugeHead => {
            let mut huge = head(Some(0));
            // As many frames as the library takes of one head, and more than we do.
            for _ in 0..68 {
                let field = "x".repeat(1000).parse().unwrap();
                huge.headers_mut().append("x-field", field);
            }
            answer.send_response(huge, true)?;
            return Ok(());
        }
        Fault::TwoMoreThanStated | Fault::TwoLessThanStated => {
            let stated = match asked.fault {
                Fault::TwoMoreThanStated => half.len(),
                _ => body.len() + 1,
            };
            let mut stream = answer.send_response(head(Some(stated)), false)?;
            return stream.send_data(body, true);
        }
        Fault::TwoStallSilent | Fault::TwoStallUnread => return until_reset(answer).await,
        Fault::TwoStallBody => {
            let mut stream = answer.send_response(stated, false)?;
            stream.send_data(half, false)?;
            return gone(&mut stream).await;
        }
        Fault::TwoStallInterim => loop {
            answer.send_informational(early())?;
            sleep(Duration::from_millis(20)).await;
        },
        _ => rough(asked, &answer, line, &half),
    }
    let mut stream = answer.send_response(stated, false)?;
    stream.send_data(body, true)
}

/// What breaks the connection, if it is that; the answer may still come before it.
fn rough(asked: &Asked, answer: &SendResponse<Bytes>, line: &Line, half: &[u8]) {
    let stream: u32 = answer.stream_id().into();
    let bytes = match asked.fault {
        Fault::RoughClose => return line.order(Order::Close),
        Fault::RoughReset => return line.order(Order::Reset),
        Fault::RoughHangs => {
            let time = Duration::from_millis(asked.length as u64 % 1000);
            return line.order(Order::Hang(time));
        }
        Fault::RoughGarbage => b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec(),
        Fault::RoughHalfFrame => {
            line.inject.bytes(&frame(0, 0, stream, half)[..half.len()]);
            return line.order(Order::Close);
        }
        Fault::RoughHugeFrame => {
            let mut head = frame(0, 0, stream, half);
            head[..3].fill(0xff);
            head
        }
        // A status that is none, which the library takes for a fault of the table.
        Fault::RoughBadStatus => frame(1, 4, stream, b"\x08\x03two"),
        // An index far outside the table (RFC 7541 section 2.3.3).
        Fault::RoughBadBlock => frame(1, 4, stream, b"\xff\xff\xff\x0f"),
        Fault::RoughEndlessBlock => {
            let more = frame(9, 0, stream, &[0x88; 8192]);
            [frame(1, 0, stream, b"\x88"), more.repeat(100)].concat()
        }
        Fault::RoughPush => frame(5, 4, stream, b"\x00\x00\x00\x02\x82\x84\x86"),
        Fault::RoughWindow => frame(8, 0, 0, b"\x7f\xff\xff\xff").repeat(2),
        Fault::RoughOverrun => {
            let head = frame(1, 4, stream, b"\x88");
            // As an answer goes on, because some of it may be passed on.
            let long: Vec<_> = asked.id.bytes().cycle().take(20 << 14).collect();
            let frames = long.chunks(1 << 14).map(|part| frame(0, 0, stream, part));
            [head, frames.collect::<Vec<_>>().concat()].concat()
        }
        Fault::RoughSettings => frame(4, 0, 0, b"\x00\x04\x00\x01\x00\x00").repeat(5_000),
        Fault::RoughPings => frame(6, 0, 0, b"12345678").repeat(5_000),
        Fault::RoughEmpty => {
            let head = frame(1, 4, stream, b"\x88");
            [head, frame(0, 0, stream, b"").repeat(5_000)].concat()
        }
        // Those without a fault of the connection.
        _ => return,
    };
    line.inject.bytes(&bytes);
}

fn early() -> Response<()> {
    let early = Response::builder().status(103).header("link", "</x>");
    early.body(()).unwrap()
}

/// Nothing more until the gateway gives up.
async fn until_reset(mut answer: SendResponse<Bytes>) -> Result<(), h2::Error> {
    std::future::poll_fn(|context| answer.poll_reset(context))
        .await
        .map(drop)
}

async fn gone(stream: &mut SendStream<Bytes>) -> Result<(), h2::Error> {
    std::future::poll_fn(|context| stream.poll_reset(context))
        .await
        .map(drop)
}
