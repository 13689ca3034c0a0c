//! What legacy lacks once modern has the writes: each one that modern may have executed, heard of or not.

use super::rig::{Line, Origin, Rig, rig_with};

const ASK: &str = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody";

/// One route in mode modern that changes data, and its new system.
async fn modern() -> (Rig, Origin) {
    let new = Origin::new().await;
    let route = "mode = \"modern\"\nback_sync = \"none\"\nmodern = \"new\"";
    let backend = format!("[backends.new]\nhttp = \"{}\"", new.url());
    (rig_with("write", route, &backend, "").await, new)
}

/// A client that has asked, and the system that has read it all.
async fn asked(rig: &Rig, new: &Origin) -> (Line, Line) {
    let mut client = rig.client().await;
    client.send(ASK).await;
    let mut origin = new.accept().await;
    origin.until("body").await;
    (client, origin)
}

#[tokio::test]
async fn a_write_that_modern_read_and_never_answered_is_counted() {
    let (rig, new) = modern().await;
    let (mut client, origin) = asked(&rig, &new).await;
    drop(origin);
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 502 Bad Gateway"), "{head}");
    rig.lacking(1).await;
}

#[tokio::test]
async fn a_write_whose_client_went_away_before_the_answer_is_counted() {
    let (rig, new) = modern().await;
    let (client, origin) = asked(&rig, &new).await;
    drop(client);
    rig.lacking(1).await;
    drop(origin);
}

#[tokio::test]
async fn a_write_whose_client_stopped_half_way_is_counted() {
    let (rig, new) = modern().await;
    let mut client = rig.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        .await;
    let mut origin = new.accept().await;
    origin.until("one\r\n").await;
    client.send("no chunk at all\r\n").await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 400 Bad Request"), "{head}");
    rig.lacking(1).await;
}

#[tokio::test]
async fn a_write_is_counted_if_modern_accepted_it_and_not_if_it_refused_or_never_saw_it() {
    let (rig, new) = modern().await;
    for (status, writes) in [("422 Unprocessable Entity", 0), ("200 OK", 1)] {
        let (mut client, mut origin) = asked(&rig, &new).await;
        origin
            .send(&format!(
                "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
            ))
            .await;
        client.until("ok").await;
        rig.lacking(writes).await;
    }
    new.close();
    let mut client = rig.client().await;
    client.send(ASK).await;
    client.head().await;
    client.until(r#""code":"modern_unreachable""#).await;
    rig.lacking(1).await;
}
