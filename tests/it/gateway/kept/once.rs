//! `idempotency`.

use tests::gateway::rig::flip;
use tests::gateway::stand::{Answer, Stand};

use super::*;
use gateway::control::Change;
use gateway::mode::Mode;

const ROUTES: &str = r#"
[[routes]]
name = "ready"
effect = "read"
match = { method = "POST", path = "/ready" }
modern = "lots"
mode = "modern"
[[routes]]
name = "once"
match = { method = "POST", path = "/lots/{lot}" }
modern = "lots"
canary_key = { path = "lot" }
idempotency = { header = "Idempotency-Key", required = true, client = { header = "x-customer" } }
mode = "modern"
timeout = "20s"
[[routes]]
name = "short"
match = { method = "POST", path = "/short/{lot}" }
modern = "lots"
idempotency = { header = "Idempotency-Key", keep = "4s" }
timeout = "3s"
mode = "modern"
[[routes]]
name = "fields"
match = { method = "POST", path = "/postings" }
request = "json"
response = "json"
modern = "lots"
idempotency = { fields = ["id", "day"] }
mode = "modern"
[[routes]]
name = "later"
match = { method = "POST", path = "/later/{lot}" }
modern = { backend = "lots", delivery = "async" }
idempotency = { header = "Idempotency-Key" }
mode = "modern"
"#;

const KEY: &[(&str, &str)] = &[("idempotency-key", "8e03978e")];

fn code(got: &Got) -> String {
    let problem: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(header(got, "content-type"), "application/problem+json");
    problem["code"].as_str().unwrap().to_owned()
}

fn is_replayed(got: &Got) -> bool {
    got.headers.contains_key("idempotency-replayed")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_gets_the_first_answer_from_every_gateway_and_after_a_restart() {
    let place = Place::made().await;
    let lots = Lots::start(&place);
    let mut one = Rig::start(&config(&place, ROUTES)).await.unwrap();
    let two = Rig::start(&config(&place, ROUTES)).await.unwrap();
    ready(&one).await;
    ready(&two).await;
    let before = lots.executed();
    let first = post(&one, "/lots/1", KEY, "hello").await;
    assert_eq!(first.status, 201, "{}", first.text());
    assert!(!is_replayed(&first));
    for rig in [&one, &two] {
        let again = post(rig, "/lots/1", KEY, "hello").await;
        assert_eq!((again.status, again.text()), (201, first.text()));
        assert_eq!(header(&again, "content-type"), "application/json");
        assert!(is_replayed(&again));
    }
    one.again().await.unwrap();
    // A service that has forgotten it, too.
    lots.end().await;
    let lots = Lots::start(&place);
    let again = post(&one, "/lots/1", KEY, "hello").await;
    assert_eq!((again.status, again.text()), (201, first.text()));
    assert_eq!(lots.executed(), 0);

    // Another body, another path, another method's worth of request: all of it is not what had this key.
    for rig in [&one, &two] {
        let other = post(rig, "/lots/1", KEY, "other").await;
        assert_eq!(
            (other.status, code(&other).as_str()),
            (422, "idempotency_key_reused")
        );
        let other = post(rig, "/lots/2", KEY, "hello").await;
        assert_eq!(other.status, 422);
    }
    // Somebody else's key is another key.
    ready(&one).await;
    let count = lots.executed();
    let others = [KEY[0], ("x-customer", "acme")];
    let theirs = post(&one, "/lots/1", &others, "hello").await;
    assert_eq!(theirs.status, 201);
    assert!(!is_replayed(&theirs) && theirs.text() != first.text());
    assert_eq!(lots.executed(), count + 1);
    assert!(before > 0);

    let none = post(&one, "/lots/1", &[], "hello").await;
    assert_eq!(
        (none.status, code(&none).as_str()),
        (400, "no_idempotency_key")
    );
    let bad = post(&one, "/lots/1", &[("idempotency-key", "\"")], "hello").await;
    assert_eq!(
        (bad.status, code(&bad).as_str()),
        (400, "bad_idempotency_key")
    );
    lots.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_is_a_conflict_everywhere_and_executed_once() {
    let place = Place::made().await;
    let lots = Lots::start(&place);
    let one = Rig::start(&config(&place, ROUTES)).await.unwrap();
    let two = Rig::start(&config(&place, ROUTES)).await.unwrap();
    ready(&one).await;
    ready(&two).await;
    let (before, begun) = (lots.executed(), lots.begun());
    lots.hold();
    // Many at once, on both: one goes.
    let asking: Vec<_> = (0..10)
        .map(|nth| {
            let address = [one.address(), two.address()][nth % 2];
            tokio::spawn(async move {
                let got = client::ask(address, "POST", "/lots/1", KEY, "hello").await;
                (nth, got.unwrap())
            })
        })
        .collect();
    lots.under_way(begun).await;
    let conflict = async || client::ask(two.address(), "POST", "/lots/1", KEY, "hello").await;
    let conflict = until("a conflict", conflict, |got| got.status == 409).await;
    assert_eq!(code(&conflict), "request_in_flight");
    assert_eq!(header(&conflict, "retry-after"), "1");
    let other = post(&two, "/lots/1", KEY, "other").await;
    assert_eq!(other.status, 422);
    // All but the one that went have heard so before it is done.
    let (mut went, mut told) = (0, 0);
    let mut asking = futures_util::stream::FuturesUnordered::from_iter(asking);
    while told < 9 {
        let (nth, got) = futures_util::StreamExt::next(&mut asking)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(got.status, 409, "{nth}: {}", got.text());
        told += 1;
    }
    lots.let_go();
    while let Some(got) = futures_util::StreamExt::next(&mut asking).await {
        let (_, got) = got.unwrap();
        assert_eq!(got.status, 201);
        went += 1;
    }
    assert_eq!((went, lots.executed()), (1, before + 1));
    // The other gateway reads of it in a moment.
    let ask = async || client::ask(two.address(), "POST", "/lots/1", KEY, "hello").await;
    let again = until("the answer", ask, |got| got.status != 409).await;
    assert!(again.status == 201 && is_replayed(&again));
    lots.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_after_the_time_is_up_goes_again_and_a_key_is_free_when_its_answer_is_old() {
    let place = Place::made().await;
    let lots = Lots::start(&place);
    let rig = Rig::start(&config(&place, ROUTES)).await.unwrap();
    ready(&rig).await;
    let first = post(&rig, "/short/1", KEY, "hello").await;
    assert_eq!(first.status, 201);
    let ask = async || client::ask(rig.address(), "POST", "/short/1", KEY, "hello").await;
    let anew = until("it is executed anew", ask, |got| !is_replayed(got)).await;
    assert_eq!(anew.status, 201);
    assert_ne!(anew.text(), first.text());
    // Not answered in its time: dropped by the service, and free for a retry as soon as that is certain.
    lots.hold();
    let key = &[("idempotency-key", "another")];
    let late = post(&rig, "/short/1", key, "late").await;
    assert_eq!(late.status, 504, "{}", late.text());
    let executed = lots.executed();
    lots.let_go();
    let ask = async || client::ask(rig.address(), "POST", "/short/1", key, "late").await;
    let done = until("it goes again", ask, |got| got.status == 201).await;
    assert!(!is_replayed(&done));
    assert_eq!(lots.executed(), executed + 1);
    lots.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_a_key_and_who_is_answered_later_gets_the_same_address() {
    let place = Place::made().await;
    let lots = Lots::start(&place);
    let rig = Rig::start(&config(&place, ROUTES)).await.unwrap();
    ready(&rig).await;
    let json = &[("content-type", "application/json")];
    let body = "{\"id\":7,\"day\":\"mon\"}";
    let first = post(&rig, "/postings", json, body).await;
    let again = post(&rig, "/postings", json, body).await;
    assert!(is_replayed(&again) && !is_replayed(&first));
    assert_eq!(first.body, again.body);
    let other = post(
        &rig,
        "/postings",
        json,
        "{\"id\":7,\"day\":\"mon\",\"x\":1}",
    )
    .await;
    assert_eq!(other.status, 422);
    let other = post(&rig, "/postings", json, "{\"id\":7,\"day\":\"tue\"}").await;
    assert!(!is_replayed(&other));
    // None of it is there: it goes as on any route.
    let none = post(&rig, "/postings", json, "{}").await;
    assert!(none.status == 201 && !is_replayed(&none));

    let executed = lots.executed();
    lots.hold();
    let later = post(&rig, "/later/1", KEY, "hello").await;
    assert_eq!(later.status, 202);
    let place = header(&later, "location");
    let again = post(&rig, "/later/1", KEY, "hello").await;
    assert_eq!(
        (again.status, header(&again, "location")),
        (202, place.clone())
    );
    assert!(is_replayed(&again));
    lots.let_go();
    let done = |got: &Got| got.status == 201;
    until(
        "an answer",
        async || client::get(rig.address(), &place).await,
        done,
    )
    .await;
    let again = post(&rig, "/later/1", KEY, "hello").await;
    assert_eq!((again.status, header(&again, "location")), (202, place));
    assert_eq!(lots.executed(), executed + 1);
    lots.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn legacy_does_not_do_what_modern_may_have_done_and_never_answered() {
    let place = Place::made().await;
    let lots = Lots::start(&place);
    let legacy = Stand::start(|_| async { Answer::json("\"legacy\"") }).await;
    let routes = format!(
        r#"
[backends.old]
http = "{}"
{ROUTES}
[[routes]]
name = "doubt"
match = {{ method = "POST", path = "/doubt/{{lot}}" }}
legacy = "old"
modern = "lots"
back_sync = "none"
idempotency = {{ header = "Idempotency-Key" }}
timeout = "1s"
mode = "modern"
"#,
        legacy.url()
    );
    let rig = Rig::start(&config(&place, &routes)).await.unwrap();
    ready(&rig).await;
    lots.hold();
    let begun = lots.begun();
    let late = post(&rig, "/doubt/1", KEY, "hello").await;
    assert_eq!(late.status, 504, "{}", late.text());
    lots.under_way(begun).await;
    let flipped = flip("doubt", Change::Set(Mode::Legacy));
    rig.gateway().control().submit(flipped).await.unwrap();
    // Nobody knows whether it was executed, neither while it may be nor afterwards.
    let ask = async || client::ask(rig.address(), "POST", "/doubt/1", KEY, "hello").await;
    let under_way = |got: &Got| got.status == 409 && code(got) == "request_in_flight";
    let in_doubt = until("it is in doubt", ask, |got| !under_way(got)).await;
    assert_eq!(
        (in_doubt.status, code(&in_doubt).as_str()),
        (409, "outcome_in_doubt")
    );
    let other = post(&rig, "/doubt/1", KEY, "other").await;
    assert_eq!(other.status, 422);
    assert!(legacy.seen().is_empty());
    lots.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn legacy_does_not_do_again_what_modern_has_done() {
    let place = Place::made().await;
    let lots = Lots::start(&place);
    let legacy = Stand::start(|_| async { Answer::json("\"legacy\"") }).await;
    let routes = format!(
        "[backends.old]\nhttp = \"{}\"\n{}",
        legacy.url(),
        ROUTES.replace(
            "canary_key = { path = \"lot\" }",
            "canary_key = { path = \"lot\" }\nlegacy = \"old\"\nback_sync = \"none\""
        )
    );
    let rig = Rig::start(&config(&place, &routes)).await.unwrap();
    ready(&rig).await;
    let first = post(&rig, "/lots/1", KEY, "hello").await;
    assert_eq!(first.status, 201);
    let set = async |mode| {
        let flipped = flip("once", Change::Set(mode));
        rig.gateway().control().submit(flipped).await.unwrap();
    };
    set(Mode::Legacy).await;
    let again = post(&rig, "/lots/1", KEY, "hello").await;
    assert_eq!((again.status, again.text()), (201, first.text()));
    assert!(is_replayed(&again) && legacy.seen().is_empty());
    let other = post(&rig, "/lots/1", KEY, "other").await;
    assert_eq!(other.status, 422);
    // What modern never had is legacy's, keys or no keys.
    let key = &[("idempotency-key", "another")];
    let theirs = post(&rig, "/lots/1", key, "hello").await;
    assert_eq!((theirs.status, theirs.text().as_str()), (200, "\"legacy\""));
    assert_eq!(legacy.seen()[0].headers["idempotency-key"], "another");

    // What modern may have done is nobody's until that is known.
    set(Mode::Modern).await;
    lots.hold();
    let key: &'static [(&str, &str)] = &[("idempotency-key", "third")];
    let address = rig.address();
    let begun = lots.begun();
    let asking = tokio::spawn(client::ask(address, "POST", "/lots/1", key, "hello"));
    lots.under_way(begun).await;
    let conflict = async || client::ask(address, "POST", "/lots/1", key, "hello").await;
    assert_eq!(conflict().await.unwrap().status, 409);
    set(Mode::Legacy).await;
    let conflict = conflict().await.unwrap();
    assert_eq!(
        (conflict.status, code(&conflict).as_str()),
        (409, "request_in_flight")
    );
    lots.let_go();
    assert_eq!(asking.await.unwrap().unwrap().status, 201);
    assert_eq!(legacy.seen().len(), 1);
    lots.end().await;
}
