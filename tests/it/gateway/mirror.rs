//! Invariant 4: a mirror cannot be felt.

use tests::gateway::client::{self, Client};
use tests::gateway::rig::Rig;
use tests::gateway::stand::{Answer, Stand};

const REQUESTS: u64 = 5_000;

fn config(legacy: &Stand, modern: &Stand, more: &str) -> String {
    format!(
        r#"
[backends.old]
http = "{}"
[backends.new]
http = "{}"
[groups.lots]
mode = "shadow"
[[routes]]
name = "lot"
group = "lots"
match = {{ path = "/lots/{{lot}}" }}
response = "json"
legacy = "old"
modern = "new"
{more}
"#,
        legacy.url(),
        modern.url()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_never_answers_delays_and_fails_nothing() {
    let legacy =
        Stand::start(
            |asked| async move { Answer::json(format!("{{\"lot\":\"{}\"}}", asked.target)) },
        )
        .await;
    let modern = Stand::start(|_| std::future::pending::<Answer>()).await;
    let mut rig = Rig::start(&config(&legacy, &modern, "effect = \"read\""))
        .await
        .unwrap();
    let mut client = Client::connect(rig.address()).await.unwrap();
    for lot in 0..REQUESTS {
        let target = format!("/lots/{lot}");
        let got = client.ask("GET", &target, &[], "").await.unwrap();
        assert_eq!(
            (got.status, got.text()),
            (200, format!("{{\"lot\":\"{target}\"}}"))
        );
    }
    assert_eq!(legacy.seen().len() as u64, REQUESTS);
    // Full queues drop, and say so; nothing is lost count of.
    let report = rig.gateway().app().evidence().report(Some("lot"));
    let route = &report.routes[0];
    assert_eq!(route.answers.legacy, REQUESTS);
    assert_eq!(route.planned, REQUESTS);
    assert!(route.dropped > 0, "{route:?}");
    assert_eq!(route.compared, 0);
    // The end does not wait for it either.
    rig.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_is_not_there_changes_no_answer() {
    let legacy = Stand::start(|_| async { Answer::json("{\"price\":12.35}") }).await;
    let gone = {
        let modern = Stand::start(|_| async { Answer::Hang }).await;
        modern.url()
    };
    let modern = Stand::start(|_| async { Answer::Hang }).await;
    let text = config(&legacy, &modern, "effect = \"read\"").replace(&modern.url(), &gone);
    let rig = Rig::start(&text).await.unwrap();
    for _ in 0..20 {
        let got = client::get(rig.address(), "/lots/1").await.unwrap();
        assert_eq!(
            (got.status, got.text()),
            (200, "{\"price\":12.35}".to_owned())
        );
    }
    rig.until("all mirrors have failed and were counted", |gateway| {
        let report = gateway.app().evidence().report(Some("lot"));
        report
            .routes
            .first()
            .is_some_and(|route| route.errors == 20)
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_mirrored_only_where_the_file_asks_and_then_it_is_marked() {
    let ok = |_| async { Answer::json("{\"done\":true}") };
    let (legacy, modern) = (Stand::start(ok).await, Stand::start(ok).await);
    let rig = Rig::start(&config(&legacy, &modern, "effect = \"write\"\n"))
        .await
        .unwrap();
    for _ in 0..20 {
        client::ask(rig.address(), "POST", "/lots/1", &[], "{}")
            .await
            .unwrap();
    }
    // Nothing to wait for: that nothing was planned is known when the answer is there.
    let report = rig.gateway().app().evidence().report(Some("lot"));
    assert_eq!(report.routes[0].planned, 0);

    let rig = Rig::start(&config(
        &legacy,
        &modern,
        "effect = \"write\"\nmirror = { writes = true }\n",
    ))
    .await
    .unwrap();
    client::ask(
        rig.address(),
        "POST",
        "/lots/1",
        &[("figway-shadow", "true"), ("x-mine", "kept")],
        "{}",
    )
    .await
    .unwrap();
    rig.until("the mirror has compared", |gateway| {
        let report = gateway.app().evidence().report(Some("lot"));
        report.routes.first().is_some_and(|route| route.equal == 1)
    })
    .await
    .unwrap();
    let mirrored = modern.seen();
    assert_eq!(mirrored.len(), 1);
    assert_eq!(mirrored[0].headers["figway-shadow"], "true");
    assert_eq!(mirrored[0].headers["x-mine"], "kept");
    // What a client says of itself is not believed: legacy must not take the request for a rehearsal.
    let asked = legacy.seen();
    assert!(
        asked
            .iter()
            .all(|asked| !asked.headers.contains_key("figway-shadow"))
    );
}
