//! A proxy that loses what it is told to lose: the only way to have a commit whose answer never comes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Kafka's number for the request that writes records.
const PRODUCE: i16 = 0;
/// Kafka's number for the request that ends a transaction.
const END_TXN: i16 = 26;

/// What the proxy does with the next end of a transaction, or with records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lose {
    /// Nothing.
    Nothing,
    /// The request: the broker never sees it.
    Request,
    /// The answer: the broker has done it.
    Answer,
    /// Records: the broker never sees one, and nobody hears so. All else gets through.
    Records,
    /// It has happened: nobody gets through any more.
    Everything,
}

/// Forwards Kafka's frames between clients and one broker.
#[derive(Clone)]
pub(crate) struct Proxy {
    rule: Arc<Mutex<Lose>>,
}

impl Proxy {
    /// Listens on that socket for a broker at `broker`.
    pub(crate) fn start(listener: TcpListener, broker: SocketAddr) -> Self {
        let proxy = Self {
            rule: Arc::new(Mutex::new(Lose::Nothing)),
        };
        let accepting = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if accepting.rule() == Lose::Everything {
                    continue; // and hang up
                }
                let Ok(server) = TcpStream::connect(broker).await else {
                    continue;
                };
                tokio::spawn(accepting.clone().connection(client, server));
            }
        });
        proxy
    }

    pub(crate) fn lose(&self, what: Lose) {
        *self.rule.lock().unwrap() = what;
    }

    fn rule(&self) -> Lose {
        *self.rule.lock().unwrap()
    }

    async fn connection(self, client: TcpStream, server: TcpStream) {
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let awaited = Arc::new(Mutex::new(None));
        // Either side's end is the connection's end.
        tokio::select! {
            () = self.requests(from_client, to_server, &awaited) => {}
            () = self.answers(from_server, to_client, &awaited) => {}
        }
    }

    async fn requests(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        awaited: &Mutex<Option<[u8; 4]>>,
    ) {
        while let Some(frame) = read_frame(&mut from).await {
            let rule = self.rule();
            if rule == Lose::Everything {
                return;
            }
            let asked = i16::from_be_bytes([frame[4], frame[5]]);
            if asked == PRODUCE && rule == Lose::Records {
                continue;
            }
            if asked == END_TXN {
                match rule {
                    Lose::Request => return self.lose(Lose::Everything),
                    Lose::Answer => {
                        *awaited.lock().unwrap() = Some([frame[8], frame[9], frame[10], frame[11]]);
                    }
                    Lose::Nothing | Lose::Records | Lose::Everything => {}
                }
            }
            if to.write_all(&frame).await.is_err() {
                return;
            }
        }
    }

    async fn answers(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        awaited: &Mutex<Option<[u8; 4]>>,
    ) {
        while let Some(frame) = read_frame(&mut from).await {
            let lost = awaited
                .lock()
                .unwrap()
                .is_some_and(|correlation| frame[4..8] == correlation);
            if lost {
                self.lose(Lose::Everything);
            }
            if self.rule() == Lose::Everything || to.write_all(&frame).await.is_err() {
                return;
            }
        }
    }
}

/// A frame with its length before it.
async fn read_frame(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let length = from.read_u32().await.ok()?;
    let mut frame = length.to_be_bytes().to_vec();
    frame.resize(4 + usize::try_from(length).ok()?, 0);
    from.read_exact(&mut frame[4..]).await.ok()?;
    Some(frame)
}
