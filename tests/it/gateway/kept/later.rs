//! `delivery = "async"`.

use super::*;

const ROUTES: &str = r#"
[[routes]]
name = "ready"
effect = "read"
match = { method = "POST", path = "/ready" }
modern = "lots"
mode = "modern"
[[routes]]
name = "later"
match = { method = "POST", path = "/lots/{lot}" }
modern = { backend = "lots", delivery = "async", async = { retry_after = "3s" } }
canary_key = { path = "lot" }
mode = "modern"
[[routes]]
name = "soon-over"
match = { method = "POST", path = "/soon/{lot}" }
modern = { backend = "lots", delivery = "async", async = { within = "1s", keep = "1s" } }
mode = "modern"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_finds_its_answer_on_every_gateway_and_after_a_restart() {
    let (broker, kafka) = broker().await;
    let lots = Lots::start(&kafka);
    let mut one = Rig::start(&config(&broker, ROUTES)).await.unwrap();
    let two = Rig::start(&config(&broker, ROUTES)).await.unwrap();
    ready(&one).await;
    ready(&two).await;
    let before = lots.executed();
    lots.hold();
    let taken = post(&one, "/lots/4711", &[], "hello").await;
    assert_eq!((taken.status, taken.text()), (202, String::new()));
    assert_eq!(header(&taken, "retry-after"), "3");
    let place = header(&taken, "location");
    assert!(place.starts_with("/figway/outcomes/"), "{place}");

    // Another gateway knows of it at once, however fresh it is.
    let pending = client::get(two.address(), &place).await.unwrap();
    assert_eq!(pending.status, 202, "{}", pending.text());
    assert_eq!(header(&pending, "figway-outcome"), "pending");
    assert_eq!(header(&pending, "retry-after"), "3");
    let state: serde_json::Value = serde_json::from_slice(&pending.body).unwrap();
    assert_eq!(state["state"], "pending");

    lots.let_go();
    let done = |got: &Got| got.status != 202;
    let on_two = until(
        "an answer",
        async || client::get(two.address(), &place).await,
        done,
    )
    .await;
    assert_eq!(on_two.status, 201);
    assert_eq!(header(&on_two, "figway-outcome"), "done");
    assert_eq!(header(&on_two, "content-type"), "application/json");
    let wanted = format!("{{\"nth\":{},\"said\":\"hello\"}}", before + 1);
    assert_eq!(on_two.text(), wanted);

    one.again().await.unwrap();
    let again = client::get(one.address(), &place).await.unwrap();
    assert_eq!((again.status, again.text()), (201, wanted));
    assert_eq!(lots.executed(), before + 1);

    // One digit of the secret is another's.
    let (head, last) = place.split_at(place.len() - 1);
    let other = if last == "0" { "1" } else { "0" };
    for wrong in [
        format!("{head}{other}"),
        format!("/figway/outcomes/{}", "0".repeat(48)),
        "/figway/outcomes/x".to_owned(),
        "/figway/outcomes/".to_owned(),
    ] {
        let nothing = client::get(two.address(), &wrong).await.unwrap();
        assert_eq!(nothing.status, 404, "{wrong}");
        assert!(nothing.text().contains("\"code\":\"no_such_outcome\""));
    }
    let posted = post(&two, &place, &[], "").await;
    assert_eq!(
        (posted.status, header(&posted, "allow").as_str()),
        (405, "GET, HEAD")
    );
    lots.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_executed_in_time_has_failed_and_what_is_old_is_gone() {
    let (broker, kafka) = broker().await;
    let lots = Lots::start(&kafka);
    let rig = Rig::start(&config(&broker, ROUTES)).await.unwrap();
    ready(&rig).await;
    let taken = post(&rig, "/soon/1", &[], "hello").await;
    assert_eq!(taken.status, 202);
    let place = header(&taken, "location");
    let gone = |got: &Got| got.status == 410;
    let gone = until(
        "it is gone",
        async || client::get(rig.address(), &place).await,
        gone,
    )
    .await;
    assert!(
        gone.text().contains("\"code\":\"outcome_expired\""),
        "{}",
        gone.text()
    );
    assert_eq!(header(&gone, "figway-outcome"), "expired");
    lots.end().await;
}
