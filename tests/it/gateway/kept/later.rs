//! `delivery = "async"`.

use gateway::control::{Change, LossPolicy, Proposal, Refused};
use gateway::mode::Mode;
use tests::gateway::rig::flip;
use tests::gateway::stand::{Answer, Stand};

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
[[routes]]
name = "soon-failed"
match = { method = "POST", path = "/unanswered/{lot}" }
modern = { backend = "lots", delivery = "async", async = { within = "1s" } }
mode = "modern"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_finds_its_answer_on_every_gateway_and_after_a_restart() {
    let place = Place::made().await;
    let lots = Lots::start(&place);
    let mut one = Rig::start(&config(&place, ROUTES)).await.unwrap();
    let two = Rig::start(&config(&place, ROUTES)).await.unwrap();
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
    // Where it has not read to the end of the topic in time it says so, and is asked again.
    let again = until(
        "the answer after a restart",
        async || client::get(one.address(), &place).await,
        |got: &Got| got.status != 503,
    )
    .await;
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
    let place = Place::made().await;
    let lots = Lots::start(&place);
    let rig = Rig::start(&config(&place, ROUTES)).await.unwrap();
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

    lots.hold();
    let begun = lots.begun();
    let taken = post(&rig, "/unanswered/1", &[], "hello").await;
    assert_eq!(taken.status, 202);
    lots.under_way(begun).await;
    let executed = lots.executed();
    let place = header(&taken, "location");
    let failed = until(
        "it has failed",
        async || client::get(rig.address(), &place).await,
        |got| got.status != 202,
    )
    .await;
    assert_eq!(failed.status, 504, "{}", failed.text());
    assert!(failed.text().contains("\"code\":\"request_not_answered\""));
    assert_eq!(header(&failed, "figway-outcome"), "failed");
    assert_eq!(lots.executed(), executed);
    lots.end().await;
}

/// A receiver that fails as often as it is told to, and two routes that call it.
async fn receiver(failures: usize) -> (Stand, String) {
    let left = Arc::new(AtomicUsize::new(failures));
    let partner = Stand::start(move |_| {
        let left = Arc::clone(&left);
        async move {
            let take = |left: usize| left.checked_sub(1);
            match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
                Ok(_) => Answer::Say {
                    status: 500,
                    headers: Vec::new(),
                    body: bytes::Bytes::new(),
                },
                Err(_) => Answer::json("{}"),
            }
        }
    })
    .await;
    let routes = format!(
        r#"
[backends.partner]
http = "{}"
retry = "never"
{ROUTES}
[[routes]]
name = "told"
match = {{ method = "POST", path = "/told/{{lot}}" }}
modern = {{ backend = "lots", delivery = "async", async = {{ callback = {{ backend = "partner", path = "/hooks?of=lots" }} }} }}
mode = "modern"
[[routes]]
name = "told-where"
match = {{ method = "POST", path = "/told-where/{{lot}}" }}
modern = {{ backend = "lots", delivery = "async", async = {{ callback = {{ header = "callback-url", backends = ["partner"] }} }} }}
mode = "modern"
[[routes]]
name = "told-late"
match = {{ method = "POST", path = "/told-late/{{lot}}" }}
modern = {{ backend = "lots", delivery = "async", async = {{ within = "200ms", callback = {{ backend = "partner" }} }} }}
mode = "modern"
"#,
        partner.url()
    );
    (partner, routes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_is_told_until_it_has_heard_by_whatever_gateway_lives() {
    let place = Place::made().await;
    let lots = Lots::start(&place);
    let (partner, routes) = receiver(2).await;
    let mut one = Rig::start(&config(&place, &routes)).await.unwrap();
    let two = Rig::start(&config(&place, &routes)).await.unwrap();
    ready(&one).await;
    ready(&two).await;
    lots.hold();
    let taken = post(&one, "/told/1", &[], "hello").await;
    assert_eq!(taken.status, 202);
    // Who took it on is gone when there is an answer.
    one.stop().await.unwrap();
    lots.let_go();
    let heard = async {
        while partner.seen().len() < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.unwrap();
    let id = header(&taken, "figway-outcome-id");
    let place = header(&taken, "location");
    let answer = client::get(two.address(), &place).await.unwrap();
    for asked in partner.seen() {
        assert_eq!(
            (asked.method.as_str(), asked.target.as_str()),
            ("POST", "/hooks?of=lots")
        );
        assert_eq!(asked.headers["figway-outcome-id"], id.as_str());
        assert_eq!(asked.headers["idempotency-key"], id.as_str());
        assert_eq!(asked.headers["figway-outcome-status"], "201");
        assert_eq!(asked.headers["content-type"], "application/json");
        assert_eq!(asked.body, answer.body);
    }

    // Where a request says, among those that may be called.
    let url = format!("{}/mine?x=1", partner.url());
    let mine = post(&two, "/told-where/1", &[("callback-url", &url)], "hello").await;
    assert_eq!(mine.status, 202);
    let heard = async || {
        let id = header(&mine, "figway-outcome-id");
        while !partner
            .seen()
            .iter()
            .any(|asked| asked.headers["figway-outcome-id"] == id.as_str())
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, heard()).await.unwrap();
    let seen = partner.seen();
    assert_eq!(seen.last().unwrap().target, "/mine?x=1");
    // What was told is not told again.
    assert_eq!(seen.len(), 4);
    let executed = lots.executed();
    for elsewhere in ["http://127.0.0.1:1/", "https://partner.example/", "x"] {
        let refused = post(&two, "/told-where/1", &[("callback-url", elsewhere)], "no").await;
        assert_eq!(refused.status, 400);
        assert!(refused.text().contains("\"code\":\"callback_refused\""));
    }
    let nobody = post(&two, "/told-where/1", &[], "hello").await;
    assert_eq!(nobody.status, 202);

    // That there is no answer is told as well.
    lots.hold();
    let late = post(&two, "/told-late/1", &[], "late").await;
    let id = header(&late, "figway-outcome-id");
    let told = async {
        loop {
            let seen = partner.seen();
            let of = |asked: &&tests::gateway::stand::Asked| {
                asked.headers["figway-outcome-id"] == id.as_str()
            };
            if let Some(asked) = seen.iter().find(of) {
                return asked.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await.unwrap();
    assert_eq!(told.headers["figway-outcome-status"], "504");
    assert!(lots.executed() <= executed + 1);
    lots.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_does_not_go_back_while_a_write_is_promised() {
    let place = Place::made().await;
    let lots = Lots::start(&place);
    let legacy = Stand::start(|_| async { Answer::json("{}") }).await;
    let routes = format!(
        r#"
[backends.old]
http = "{}"
[groups.lots]
mode = "legacy"
back_sync = "durable"
[groups.lots.write_back]
deadline = "1s"
longest_wait = "200ms"
[[routes]]
name = "ready"
effect = "read"
match = {{ method = "POST", path = "/ready" }}
modern = "lots"
mode = "modern"
[[routes]]
name = "later"
group = "lots"
match = {{ method = "POST", path = "/lots/{{lot}}" }}
legacy = "old"
modern = {{ backend = "lots", delivery = "async", async = {{ within = "20s" }} }}
canary_key = {{ path = "lot" }}
"#,
        legacy.url()
    );
    let one = Rig::start(&config(&place, &routes)).await.unwrap();
    let two = Rig::start(&config(&place, &routes)).await.unwrap();
    ready(&one).await;
    ready(&two).await;
    let to = async |rig: &Rig, mode| {
        let proposal = Proposal {
            loss: LossPolicy::Refuse,
            ..flip("lots", Change::Set(mode))
        };
        rig.gateway().control().submit(proposal).await
    };
    for rig in [&one, &two] {
        let flipping = async {
            while let Err(refused) = to(rig, Mode::Modern).await {
                assert!(matches!(refused, Refused::NoWayBack { .. }), "{refused}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, flipping).await.unwrap();
    }
    lots.hold();
    let taken = post(&one, "/lots/1", &[], "hello").await;
    assert_eq!(taken.status, 202, "{}", taken.text());
    // On whatever gateway it is asked for.
    for rig in [&one, &two] {
        let refused = to(rig, Mode::Legacy).await.unwrap_err().to_string();
        assert!(
            refused.contains("answered later are still under way"),
            "{refused}"
        );
    }
    assert!(legacy.seen().is_empty());
    lots.let_go();
    let back = async {
        while let Err(refused) = to(&one, Mode::Legacy).await {
            assert!(matches!(refused, Refused::NotBack { .. }), "{refused}");
        }
    };
    tokio::time::timeout(PATIENCE, back).await.unwrap();
    // Legacy has it before the group is there.
    assert_eq!(legacy.seen().len(), 1);
    assert_eq!(legacy.seen()[0].body, "hello");
    lots.end().await;
}
