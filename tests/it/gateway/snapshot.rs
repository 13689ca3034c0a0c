//! Invariant 3: one request sees one snapshot, taken at entry. Invariant 8: what does not resolve is not installed.

use std::sync::Arc;

use gateway::mode::Mode;
use tests::gateway::client;
use tests::gateway::rig::Rig;
use tests::gateway::stand::{Answer, Stand};
use tokio::sync::Semaphore;

fn config(legacy: &Stand, modern: &Stand, mode: &str) -> String {
    format!(
        r#"
[backends.old]
http = "{}"
[backends.new]
http = "{}"
[groups.lots]
mode = "{mode}"
[[routes]]
name = "lot"
group = "lots"
match = {{ method = "GET", path = "/lots/{{lot}}" }}
legacy = "old"
modern = "new"
fallback = "legacy"
"#,
        legacy.url(),
        modern.url()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_ends_in_the_mode_it_entered_with() {
    let (arrived, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let gate = (Arc::clone(&arrived), Arc::clone(&go_on));
    let modern = Stand::start(move |asked| {
        let (arrived, go_on) = gate.clone();
        async move {
            if asked.target == "/lots/slow" {
                arrived.add_permits(1);
                go_on.acquire().await.unwrap().forget();
                return Answer::Hang;
            }
            Answer::json("\"modern\"")
        }
    })
    .await;
    let legacy = Stand::start(|_| async { Answer::json("\"legacy\"") }).await;
    let rig = Rig::start(&config(&legacy, &modern, "modern"))
        .await
        .unwrap();
    let address = rig.address();
    let slow = tokio::spawn(async move { client::get(address, "/lots/slow").await });
    arrived.acquire().await.unwrap().forget();

    // Retired may not call legacy; the request that entered before may, because it entered in modern.
    rig.set("lots", Mode::Retired).await.unwrap();
    assert_eq!(
        client::get(address, "/lots/1").await.unwrap().text(),
        "\"modern\""
    );
    // A retry on the same backend may come first.
    go_on.add_permits(10);
    assert_eq!(slow.await.unwrap().unwrap().text(), "\"legacy\"");

    // And one that enters now may not.
    let refused = client::get(address, "/lots/slow").await.unwrap();
    assert_eq!(refused.status, 502, "{}", refused.text());
    assert_eq!(legacy.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_does_not_resolve_leaves_the_old_one_running() {
    let old = Stand::start(|_| async { Answer::json("\"old\"") }).await;
    let new = Stand::start(|_| async { Answer::json("\"new\"") }).await;
    let rig = Rig::start(&config(&old, &new, "legacy")).await.unwrap();
    let reloads = |gateway: &gateway::Gateway, result: &str| {
        let wanted = format!("figway_reloads_total{{result=\"{result}\"}}");
        gateway
            .app()
            .metrics()
            .encode()
            .unwrap()
            .lines()
            .find_map(|line| line.strip_prefix(&wanted)?.trim().parse::<u64>().ok())
            .unwrap_or(0)
    };

    let broken = config(&old, &new, "legacy").replace("legacy = \"old\"", "legacy = \"odl\"");
    rig.write(&broken).unwrap();
    rig.until("the refused reload is counted", |gateway| {
        reloads(gateway, "refused") == 1
    })
    .await
    .unwrap();
    assert_eq!(
        client::get(rig.address(), "/lots/1").await.unwrap().text(),
        "\"old\""
    );

    // The next good one is taken up: the sides have changed places.
    rig.write(&config(&new, &old, "legacy")).unwrap();
    rig.until("the good reload is counted", |gateway| {
        reloads(gateway, "installed") == 1
    })
    .await
    .unwrap();
    assert_eq!(
        client::get(rig.address(), "/lots/1").await.unwrap().text(),
        "\"new\""
    );
}
