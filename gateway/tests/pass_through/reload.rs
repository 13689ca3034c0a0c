//! Changes of the file while the gateway runs.

use gateway::control::{Change, LossPolicy, Proposal};
use gateway::mode::Mode;

use super::rig::{Line, Origin, rig, rig_with};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async fn asked(client: &mut Line, origin: &mut Line, path: &str) {
    client
        .send(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"))
        .await;
    assert!(origin.head().await.starts_with(&format!("GET {path} ")));
    origin.send(OK).await;
    client.until("ok").await;
}

#[tokio::test]
async fn a_change_counts_at_once_and_a_faulty_one_never() {
    let rig = rig("read").await;
    let mut client = rig.client().await;
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin.send(OK).await;
    client.until("ok").await;

    rig.edit(|text| text.replace("effect = \"read\"", "effect = \"raed\""));
    rig.metric("figway_reloads_total{result=\"refused\"} 1")
        .await;
    // The backend is the same one: its connection is used again.
    asked(&mut client, &mut origin, "/b").await;

    rig.edit(|text| {
        text.replace("effect = \"raed\"", "effect = \"read\"")
            .replace("/{*rest}", "/only/{*rest}")
    });
    rig.metric("figway_reloads_total{result=\"installed\"} 1")
        .await;
    asked(&mut client, &mut origin, "/only/c").await;
    client.send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 404 Not Found"));
    client.until(r#""code":"no_route""#).await;
}

#[tokio::test]
async fn a_backend_whose_secret_is_not_there_is_not_taken_up() {
    let rig = rig("read").await;
    let mut client = rig.client().await;
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin.send(OK).await;
    client.until("ok").await;
    rig.edit(|text| {
        let identity = "identity = { bearer = \"file:nowhere\" }";
        text.replace("[[routes]]", &format!("{identity}\n[[routes]]"))
    });
    rig.metric("figway_reloads_total{result=\"refused\"} 1")
        .await;
    asked(&mut client, &mut origin, "/b").await;
}

#[tokio::test]
async fn a_group_of_another_name_waits_until_no_mode_changes_by_it() {
    let route = "group = \"lots\"\nmodern = \"erp\"\n[groups.lots]\nmode = \"legacy\"\nback_sync = \"none\"";
    let rig = rig_with("write", route, "", "").await;
    let set = async |mode| {
        let proposal = Proposal {
            group: "lots".to_owned(),
            change: Change::Set(mode),
            expected: None,
            who: "anna".to_owned(),
            why: "a test".to_owned(),
            reference: None,
            loss: LossPolicy::Accept,
        };
        rig.gateway.control().submit(proposal).await.unwrap();
    };
    set(Mode::Modern).await;
    // The file still says legacy, for the new name too: writes would go back without a word.
    rig.edit(|text| text.replace("lots", "batches"));
    rig.metric("figway_reloads_total{result=\"refused\"} 1")
        .await;
    let snapshot = rig.gateway.app().snapshot();
    assert!(snapshot.table().group_named("lots").is_some());
    // Nobody touches the file again: the flip is what it waited for.
    set(Mode::Legacy).await;
    rig.metric("figway_reloads_total{result=\"installed\"} 1")
        .await;
    let snapshot = rig.gateway.app().snapshot();
    assert!(snapshot.table().group_named("batches").is_some());
}

/// Invariant 3: routes name backends by place, so that a second snapshot would call another system.
#[tokio::test]
async fn a_request_whose_body_is_being_gathered_meets_no_backend_of_a_later_reload() {
    let new = Origin::new().await;
    let route = "request = \"json\"\nmode = { canary = 100 }\nmodern = \"new\"\ncanary_key = { field = \"lot\" }";
    let backend = format!("[backends.new]\nhttp = \"{}\"", new.url());
    let rig = rig_with("read", route, &backend, "").await;
    let mut client = rig.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n")
        .await;
    // It is asked for the body: its snapshot is taken, and the key that decides is awaited.
    client.until("100 Continue\r\n\r\n").await;
    rig.edit(|text| {
        let first = "[backends.aaa]\nhttp = \"http://127.0.0.1:1\"\n[backends.erp]";
        text.replace("[backends.erp]", first)
    });
    rig.metric("figway_reloads_total{result=\"installed\"} 1")
        .await;
    client.send("{\"lot\":\"1\"}").await;
    let mut origin = new.accept().await;
    origin.until("{\"lot\":\"1\"}").await;
    origin.send(OK).await;
    client.until("ok").await;
}
