//! Certificates of a rig, and whoever does not come through a handshake of TLS.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gateway::tls::{Acceptor, Connector, Offer, Pair};
use rcgen::CertificateParams;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::fault::Place;
use super::origin::hold;
use super::testing::Authority;

/// Who signs, and what clients and origins use of it.
pub(crate) struct Trust {
    pub(crate) authority: Authority,
    /// The origins' side.
    pub(crate) acceptor: Arc<Acceptor>,
    /// The clients' side.
    pub(crate) connector: Arc<Connector>,
    pub(crate) client_hello: Vec<u8>,
    server_hello: Vec<u8>,
}

impl Trust {
    pub(crate) async fn new() -> Self {
        let authority = Authority::new();
        let pair = issue(&authority, None);
        let acceptor = Arc::new(Acceptor::open(&authority.server(vec![pair])).unwrap());
        let connector = Arc::new(Connector::default());
        connector.install(&authority.client()).unwrap();
        let (client_hello, server_hello) =
            hellos(Arc::clone(&acceptor), Arc::clone(&connector)).await;
        Self {
            authority,
            acceptor,
            connector,
            client_hello,
            server_hello,
        }
    }

    /// Other certificates for the gateway and the origins, in the files of the last; they end after so long. Origins take theirs up when they
    /// are [restarted](Self::restart).
    pub(crate) fn renew(&self, life: Option<Duration>) {
        issue(&self.authority, life);
    }

    /// Origins begin anew with the certificate that there is, and know nobody's sessions any more.
    pub(crate) fn restart(&self) {
        let pair = Pair {
            certificate: self.authority.path("origin.pem"),
            key: self.authority.path("origin.key"),
        };
        self.acceptor
            .install(&self.authority.server(vec![pair]))
            .unwrap();
    }

    /// Somebody who has never been here: who knows a session does not look at certificates again.
    pub(crate) fn visitor(&self) -> Arc<Connector> {
        let connector = Connector::default();
        connector.install(&self.authority.client()).unwrap();
        Arc::new(connector)
    }

    /// An origin that never gets as far as a request; one of those that [`Place`] has.
    pub(crate) async fn misfit(&self, place: Place) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stranger = Authority::new();
        let pair = stranger.issue("origin", &["127.0.0.1"]);
        let stranger = Arc::new(Acceptor::open(&stranger.server(vec![pair])).unwrap());
        let hello = self.server_hello.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (stranger, hello) = (Arc::clone(&stranger), hello.clone());
                tokio::spawn(async move {
                    let _gone = meet(place, stream, &stranger, &hello).await;
                });
            }
        });
        address
    }
}

/// A certificate of the gateway and one of the origins.
fn issue(authority: &Authority, life: Option<Duration>) -> Pair {
    let ends = |params: &mut CertificateParams| {
        if let Some(life) = life {
            params.not_after = (SystemTime::now() + life).into();
        }
    };
    authority.issue_with("gateway", &["gateway.test"], ends);
    authority.issue_with("origin", &["127.0.0.1"], ends)
}

/// What a client and a server of ours say to each other first.
async fn hellos(acceptor: Arc<Acceptor>, connector: Arc<Connector>) -> (Vec<u8>, Vec<u8>) {
    let (client, mut asked) = pair().await;
    let (mut asking, server) = pair().await;
    tokio::spawn(async move {
        let _cut = connector.connect(client, "127.0.0.1", Offer::Http1).await;
    });
    tokio::spawn(async move {
        let _cut = acceptor.accept(server).await;
    });
    let mut said = [0; 8192];
    let length = asked.read(&mut said).await.unwrap();
    let client = said[..length].to_vec();
    asking.write_all(&client).await.unwrap();
    let length = asking.read(&mut said).await.unwrap();
    (client, said[..length].to_vec())
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).await;
    let (other, _) = listener.accept().await.unwrap();
    (one.unwrap(), other)
}

async fn meet(
    place: Place,
    mut stream: TcpStream,
    stranger: &Acceptor,
    hello: &[u8],
) -> io::Result<()> {
    match place {
        Place::Mute => hold(stream).await,
        Place::HalfHello => {
            stream.write_all(&hello[..hello.len() / 2]).await?;
            hold(stream).await
        }
        Place::Noise => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            hold(stream).await
        }
        Place::HangsUp => {
            let mut some = [0; 100];
            stream.read(&mut some).await.map(drop)
        }
        Place::Stranger => {
            let refused = stranger.accept(stream).await;
            assert!(refused.is_err(), "nobody trusts a stranger");
            Ok(())
        }
        place => unreachable!("{place:?} is met by others"),
    }
}
