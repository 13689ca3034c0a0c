//! The end of a gateway, and connections that never say anything or take nothing.

use std::sync::Arc;
use std::time::Duration;

use gateway::listen::door::Door;
use gateway::listen::http::{Answer, Counts, Limits, serve};
use gateway::message::{Request, Response};
use ops::shutdown::Shutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::rig::{Line, rig, rig_with};

const ASK: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

#[tokio::test]
async fn what_is_in_flight_ends_before_the_gateway_does() {
    let rig = rig("read").await;
    let (mut idle, mut busy) = (rig.client().await, rig.client().await);
    idle.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin
        .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .await;
    idle.until("ok").await;
    busy.send(ASK).await;
    origin.head().await;
    rig.shutdown.begin();
    assert_eq!(
        idle.rest().await,
        "",
        "an idle connection has its moment and ends"
    );
    origin
        .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .await;
    let rest = busy.rest().await;
    assert!(
        rest.contains("connection: close") && rest.ends_with("ok"),
        "{rest}"
    );
    assert!(rig.shutdown.drain(Duration::from_secs(10)).await);
    assert!(TcpStream::connect(rig.address()).await.is_err());
}

#[tokio::test]
async fn what_does_not_end_in_time_is_ended() {
    let rig = rig_with("read", "", "", "drain = \"100ms\"").await;
    let mut client = rig.client().await;
    client.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    assert!(rig.shutdown.drain(Duration::from_secs(10)).await);
    assert_eq!(client.rest().await, "");
}

/// More than the system keeps for a client that reads nothing.
const LARGE: usize = 60 << 20;

struct Large(Notify);

impl Answer for Large {
    async fn answer(&self, _: Request) -> Response {
        self.0.notify_one();
        Response::of(http::StatusCode::OK, "text/plain", vec![b'x'; LARGE])
    }
}

#[tokio::test]
async fn a_client_that_stops_reading_does_not_hold_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (large, open, shutdown) = (
        Arc::new(Large(Notify::new())),
        Counts::default(),
        Shutdown::new(),
    );
    let limits = Limits {
        stall: Duration::from_millis(100),
        ..Limits::default()
    };
    shutdown.spawn(serve(
        listener,
        Door::default(),
        Arc::clone(&large),
        limits,
        open.clone(),
        shutdown.clone().into(),
    ));
    let mut client = Line::of(TcpStream::connect(address).await.unwrap());
    client.send(ASK).await;
    large.0.notified().await;
    let closed = async {
        while open.connections.get() != 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), closed)
        .await
        .expect("the connection is closed");
    assert!(client.rest().await.len() < LARGE);
}
