//! A client over HTTP/2: several ask on one connection, and what one of them breaks is nothing to the others.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use gateway::tls::Offer;
use h2::client::{Builder, SendRequest, handshake};
use h2::{Reason, RecvStream};
use http::Request as Head;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Mutex;

use super::client::{Asked, Request, Way};
use super::fault::{End, Fault};
use super::wire::frame;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// One of those who share a connection.
#[derive(Debug, Clone)]
pub(crate) struct ClientTwo {
    way: Way,
    shared: Arc<Mutex<Option<SendRequest<Bytes>>>>,
}

impl ClientTwo {
    pub(crate) fn new(way: Way) -> Self {
        Self {
            way,
            shared: Arc::default(),
        }
    }

    /// Asks on the connection there is, or on a new one.
    pub(crate) async fn ask(&self, request: &Request) -> Asked {
        match request.fault {
            Fault::LeavesMidHead | Fault::SaysGarbage => match self.breaks(request).await {
                Ok(end) => Asked::Ended(end),
                Err(_) => Asked::Unheard { reused: false },
            },
            Fault::LeavesConnection => self.runs(request).await,
            _ => match self.sender().await {
                Ok(sender) => talk(sender, request).await,
                Err(_) => Asked::Unheard { reused: false },
            },
        }
    }

    async fn sender(&self) -> io::Result<SendRequest<Bytes>> {
        let mut shared = self.shared.lock().await;
        if let Some(sender) = &*shared
            && let Ok(ready) = sender.clone().ready().await
        {
            return Ok(ready);
        }
        let stream = self.way.open(Offer::Http2).await?;
        // What one of them does not take must not be in the others' way.
        let handshake = Builder::new()
            .initial_connection_window_size(1 << 24)
            .handshake(stream);
        let (sender, connection) = handshake.await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        *shared = Some(sender.clone());
        sender.ready().await.map_err(io::Error::other)
    }

    /// A connection of its own that makes no sense, or ends too early to make any.
    async fn breaks(&self, request: &Request) -> io::Result<End> {
        let mut stream = self.way.open(Offer::Http2).await?;
        stream.write_all(PREFACE).await?;
        stream.write_all(&frame(4, 0, 0, b"")).await?;
        if request.fault == Fault::LeavesMidHead {
            // GET, and no end of the block.
            stream.write_all(&frame(1, 1, 1, b"\x82")).await?;
            stream.flush().await?;
            return Ok(End::Left);
        }
        stream.write_all(&frame(0, 0, 0, b"no stream")).await?;
        stream.flush().await?;
        let mut said = Vec::new();
        // It may end with a reset: what we sent was not all read.
        let _ended = stream.read_to_end(&mut said).await;
        let mut rest = &said[..];
        let mut told = false;
        while let [a, b, c, kind, ..] = *rest {
            told |= kind == 7;
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            rest = rest.get(9 + length..).unwrap_or_default();
        }
        Ok(if told { End::Told } else { End::Cut })
    }

    /// A connection of its own that is gone in the middle of an upload.
    async fn runs(&self, request: &Request) -> Asked {
        let Ok(stream) = self.way.open(Offer::Http2).await else {
            return Asked::Unheard { reused: false };
        };
        let _unset = stream.tcp().set_zero_linger();
        let Ok((sender, connection)) = handshake(stream).await else {
            return Asked::Unheard { reused: false };
        };
        let sent = async {
            let mut sender = sender.ready().await?;
            let (answer, mut upload) = sender.send_request(head(request), !request.post)?;
            if request.post {
                upload.send_data(body(request.body / 2), false)?;
            }
            // Until it has been taken, or answered.
            tokio::select! {
                answer = answer => drop(answer?),
                () = drained(&mut upload, request.body) => {}
            }
            Ok::<_, h2::Error>(())
        };
        tokio::select! {
            _ended = connection => {}
            _sent = sent => {}
        }
        Asked::Ended(End::Left)
    }
}

fn body(length: usize) -> Bytes {
    vec![b'b'; length].into()
}

fn head(request: &Request) -> Head<()> {
    let method = if request.post { "POST" } else { "GET" };
    let uri = format!("http://erp.example{}", request.path());
    let mut head = Head::builder().method(method).uri(uri);
    if request.post {
        head = head.header("content-length", request.body);
    }
    head.body(()).unwrap()
}

/// Room for more than all of it comes once the library has written what it has.
async fn drained(upload: &mut h2::SendStream<Bytes>, length: usize) {
    upload.reserve_capacity(length + 1);
    let _room = poll_fn(|context| upload.poll_capacity(context)).await;
}

async fn talk(mut sender: SendRequest<Bytes>, request: &Request) -> Asked {
    const LEFT: Asked = Asked::Ended(End::Left);
    let unheard = Asked::Unheard { reused: true };
    // A body that comes after the head may be one, whatever its length.
    let bare = !request.post || request.body == 0;
    let Ok((answer, mut upload)) = sender.send_request(head(request), bare) else {
        return unheard;
    };
    let half = request.fault == Fault::LeavesMidBody;
    let sent = if half { request.body / 2 } else { request.body };
    if !bare && upload.send_data(body(sent), !half).is_err() {
        return unheard;
    }
    match request.fault {
        Fault::LeavesMidBody => drained(&mut upload, request.body).await,
        Fault::LeavesMidAnswer | Fault::LeavesUntaken => {
            if let Ok(answer) = answer.await {
                let mut body = answer.into_body();
                let mut more = true;
                while more {
                    more = matches!(body.data().await, Some(Ok(_)));
                    // The window that every stream begins with (RFC 9113 section 6.9.2).
                    let taken = body.flow_control().used_capacity();
                    more &= request.fault == Fault::LeavesUntaken && taken < 65_535;
                }
            }
        }
        Fault::LeavesEarly => {}
        _ => {
            let answer = match answer.await {
                Ok(answer) => answer,
                // The head may still have waited to be sent.
                Err(error) if error.is_reset() && error.is_remote() => {
                    return Asked::Ended(End::Cut);
                }
                Err(_) => return unheard,
            };
            let status = answer.status().as_u16();
            let (body, whole) = taken(answer.into_body()).await;
            return Asked::Ended(request.end(status, &body, whole));
        }
    }
    upload.send_reset(Reason::CANCEL);
    LEFT
}

async fn taken(mut body: RecvStream) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    while let Some(data) = body.data().await {
        let Ok(data) = data else {
            return (all, false);
        };
        all.extend_from_slice(&data);
        let _over = body.flow_control().release_capacity(data.len());
    }
    let whole = body.trailers().await.is_ok();
    (all, whole)
}
