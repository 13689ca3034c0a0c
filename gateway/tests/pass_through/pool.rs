//! Connections to the origin: kept, bounded, and replaced where that is safe.

use std::time::Duration;

use gateway::backend::http::Upstream;
use gateway::backend::{Ask, Attempt, Call as _};
use gateway::config::HttpSpec;
use gateway::message::{Payload, PayloadError};
use gateway::route::Effect;
use gateway::route::params::PathParams;
use tokio::time::Instant;

use super::rig::{Line, rig, rig_with};

const ASK: &str = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_connection_is_used_again() {
    let rig = rig("write").await;
    let mut client = rig.client().await;
    client.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    for _ in 0..3 {
        origin.until("body").await;
        origin.send(OK).await;
        client.until("ok").await;
        client.send(ASK).await;
    }
}

#[tokio::test]
async fn a_write_meets_no_connection_that_died_in_the_pool() {
    let rig = rig("write").await;
    let mut client = rig.client().await;
    for _ in 0..3 {
        client.send(ASK).await;
        let mut origin = rig.origin.accept().await;
        origin.until("body").await;
        origin.send(OK).await;
        client.until("ok").await;
        // Closed without a word, as origins do when their keep-alive time is over.
        drop(origin);
    }
}

#[tokio::test]
async fn a_write_that_was_read_is_not_sent_again() {
    let rig = rig("write").await;
    let mut client = rig.client().await;
    client.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.until("body").await;
    origin.send(OK).await;
    client.until("ok").await;
    client.send(ASK).await;
    origin.until("body").await;
    drop(origin);
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 502 Bad Gateway"), "{head}");
    assert!(
        client
            .until("}")
            .await
            .contains(r#""code":"legacy_broken""#)
    );
    // The next one gets the next connection: nothing was sent in between.
    client.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.until("body").await;
    origin.send(OK).await;
    client.until("ok").await;
}

#[tokio::test]
async fn a_read_that_broke_is_sent_again_on_a_fresh_connection() {
    let rig = rig("read").await;
    let mut client = rig.client().await;
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    drop(origin);
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin.send(OK).await;
    client.until("ok").await;
}

#[tokio::test]
async fn requests_wait_for_a_place_among_the_connections() {
    let rig = rig_with("write", "", "max_connections = 1", "").await;
    let (mut first, mut second) = (rig.client().await, rig.client().await);
    first.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.until("body").await;
    second.send(ASK).await;
    origin.send(OK).await;
    first.until("ok").await;
    // The second comes on the same connection.
    origin.until("body").await;
    origin.send(OK).await;
    second.until("ok").await;
}

#[tokio::test]
async fn what_cannot_get_a_place_in_time_is_told_so() {
    let rig = rig_with("write", "timeout = \"300ms\"", "max_connections = 1", "").await;
    let (mut first, mut second) = (rig.client().await, rig.client().await);
    first.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.until("body").await;
    second.send(ASK).await;
    assert!(
        first
            .head()
            .await
            .starts_with("HTTP/1.1 504 Gateway Timeout")
    );
    let head = second.head().await;
    // Its turn came when the first was given up, or its time was over before.
    assert!(
        head.starts_with("HTTP/1.1 503 Service Unavailable")
            || head.starts_with("HTTP/1.1 504 Gateway Timeout"),
        "{head}"
    );
}

#[tokio::test]
async fn an_unused_connection_is_closed_after_its_time() {
    let rig = rig_with("write", "", "idle = \"50ms\"", "").await;
    let mut client = rig.client().await;
    client.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.until("body").await;
    origin.send(OK).await;
    client.until("ok").await;
    assert_eq!(origin.rest().await, "");
    client.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.until("body").await;
    origin.send(OK).await;
    client.until("ok").await;
}

#[tokio::test]
async fn an_answer_that_stands_still_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut spec = HttpSpec::at(address.parse().unwrap());
    spec.connections.connect_timeout = Duration::from_secs(10);
    spec.connections.body_idle = Duration::from_millis(50);
    spec.connections.most = 1;
    let upstream = Upstream::open("erp".into(), &spec).unwrap();
    let ask = || {
        let (parts, ()) = hyper::Request::get("/").body(()).unwrap().into_parts();
        Box::new(Ask {
            parts,
            payload: Payload::Empty,
            id: uuid::Uuid::nil(),
            deadline: Instant::now() + Duration::from_secs(10),
            effect: Effect::Read,
            shadow: false,
            route: "r".into(),
            params: PathParams::default(),
            key: None,
            delivery: gateway::route::Delivery::default(),
            attempt: Attempt::First,
            peer: None,
            client: None,
            spelling: h1::Spelling::default(),
            interim: gateway::message::Interim::default(),
            back: None,
            promise: None,
        })
    };
    let origin = async {
        let mut origin = Line::of(listener.accept().await.unwrap().0);
        origin.head().await;
        origin
            .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            .await;
        assert_eq!(origin.rest().await, "");
    };
    let (response, ()) = tokio::join!(
        async {
            let response = upstream.call(ask()).await.unwrap();
            response.payload.gather(100).await
        },
        origin
    );
    assert!(matches!(response, Err(PayloadError::Late)));
    // Its place is free again.
    let origin = async {
        let mut origin = Line::of(listener.accept().await.unwrap().0);
        origin.head().await;
        origin.send(OK).await;
    };
    let (response, ()) = tokio::join!(upstream.call(ask()), origin);
    assert_eq!(response.unwrap().parts.status, 200);
}

#[tokio::test]
async fn who_finds_a_backend_busy_is_soon_told_to_come_back() {
    let busy = "max_connections = 1\nqueue_timeout = \"50ms\"";
    let rig = rig_with("write", "", busy, "").await;
    let mut first = rig.client().await;
    first.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.until("body").await;
    let mut second = rig.client().await;
    second.send(ASK).await;
    let head = second.head().await;
    assert!(
        head.starts_with("HTTP/1.1 503 Service Unavailable"),
        "{head}"
    );
    let after = "\nretry-after: 1";
    assert!(head.to_ascii_lowercase().contains(after), "{head}");
    assert!(
        second
            .until("}")
            .await
            .contains(r#""code":"legacy_overloaded""#)
    );
    // The one who was there first is not disturbed, and then there is room.
    origin.send(OK).await;
    first.until("ok").await;
    second.send(ASK).await;
    origin.until("body").await;
    origin.send(OK).await;
    second.until("ok").await;
}
