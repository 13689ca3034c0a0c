//! A plan of a group: it proposes, a person approves, and by steps modern comes to answer everything; and it goes back by itself where modern
//! is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gateway::admin::client::Client;
use gateway::admin::view::{Approved, Proposals, RolloutEvents, RolloutsView};
use gateway::mode::Mode;
use gateway::rollout::event::What;
use gateway::rollout::judge::{Met, Standing};
use ops::Secret;
use serde_json::json;
use tests::gateway::client;
use tests::gateway::rig::{PATIENCE, Rig};
use tests::gateway::stand::{Answer, Stand};

fn config(legacy: &Stand, modern: &Stand, plan: &str, group: &str) -> String {
    format!(
        r#"
[backends.old]
http = "{}"
[backends.new]
http = "{}"
[groups.lots]
mode = "shadow"
{group}
[groups.lots.rollout]
soak = "1s"
{plan}
[[routes]]
name = "lot"
group = "lots"
match = {{ method = "GET", path = "/lots/{{lot}}" }}
effect = "read"
mirror = {{ always = true }}
legacy = "old"
modern = "new"
canary_key = {{ path = "lot" }}
[[admin.people]]
name = "bea"
token = "file:bea"
roles = ["operator", "approver"]
"#,
        legacy.url(),
        modern.url()
    )
}

const PEOPLE: &[(&str, &str)] = &[("bea", "token of bea")];

fn bea(rig: &Rig) -> Client {
    Client::new(&rig.admin_url(), Some(Secret::new("token of bea"))).unwrap()
}

fn mode(rig: &Rig) -> Option<Mode> {
    let state = rig.gateway().control().state();
    state.group("lots").map(|group| group.mode)
}

/// Asks until the group is in that mode.
async fn asked_until(rig: &Rig, wanted: impl Fn(&Rig) -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    let mut lot = 0_u32;
    while !wanted(rig) {
        let shown: RolloutsView = bea(rig).get("/v1/rollouts").await.unwrap();
        assert!(std::time::Instant::now() < deadline, "{shown:#?}");
        for _ in 0..50 {
            lot += 1;
            client::get(rig.address(), &format!("/lots/{}", lot % 400))
                .await
                .unwrap();
        }
    }
}

async fn events(rig: &Rig) -> Vec<What> {
    let found: RolloutEvents = bea(rig).get("/v1/rollouts/events?limit=500").await.unwrap();
    found
        .events
        .into_iter()
        .rev()
        .map(|event| event.data.what)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_proposes_and_a_person_approves_until_modern_answers_everything() {
    let side = || move |_| async move { Answer::json("{\"lot\":1}") };
    let (legacy, modern) = (Stand::start(side()).await, Stand::start(side()).await);
    let plan = "steps = [1, 50, 100]\nsamples = 200\nsamples_per_variant = 20\nanswers = 1\nmatch = 95\nerrors = 20\nevents = [\"month-end\"]";
    let text = config(&legacy, &modern, plan, "approvals = 1");
    let mut rig = Rig::with(&text, PEOPLE).await.unwrap();
    let person = bea(&rig);

    // Everything holds but for what has not happened.
    let lacking = |shown: &RolloutsView| -> Vec<String> {
        let judged = shown.rollouts.iter().filter(|one| one.standing.is_some());
        let conditions = judged.flat_map(|one| &one.conditions);
        let lacking = conditions.filter(|one| one.met != Met::Yes);
        lacking.map(|one| one.name.clone()).collect()
    };
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let shown: RolloutsView = person.get("/v1/rollouts").await.unwrap();
        if lacking(&shown) == ["events"] {
            assert_eq!(shown.rollouts[0].standing, Some(Standing::Waits));
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{shown:#?}");
        for lot in 0..50 {
            client::get(rig.address(), &format!("/lots/{lot}"))
                .await
                .unwrap();
        }
    }
    let listed: Proposals = person.get("/v1/proposals").await.unwrap();
    assert!(listed.proposals.is_empty());
    let happened = json!({ "event": "month-end", "why": "the books of October are closed" });
    let _: serde_json::Value = person
        .post("/v1/groups/lots/events", &happened)
        .await
        .unwrap();

    let steps = [
        Mode::Canary {
            percent: 1.try_into().unwrap(),
        },
        Mode::Canary {
            percent: 50.try_into().unwrap(),
        },
        Mode::Modern,
    ];
    for to in steps {
        asked_until(&rig, |rig| {
            let state = rig.gateway().control().state();
            state
                .group("lots")
                .is_some_and(|group| group.proposal.is_some())
        })
        .await;
        let listed: Proposals = person.get("/v1/proposals").await.unwrap();
        let [open] = listed.proposals.as_slice() else {
            panic!("{listed:?}");
        };
        assert_eq!((open.to, open.by.as_str()), (to, "rollout"));
        assert!(
            open.evidence.as_ref().unwrap().contains("match: 100.00 %"),
            "{open:?}"
        );
        let signature =
            json!({ "name": "Bea Kern", "meaning": "approval", "why": "as the plan says" });
        let path = format!("/v1/proposals/{}/approve", open.id);
        let approved: Approved = person.post(&path, &signature).await.unwrap();
        assert!(approved.made.is_some(), "{approved:?}");
        assert_eq!(mode(&rig), Some(to));
    }
    // What was counted and said is there after a restart as well.
    rig.again().await.unwrap();
    let said = events(&rig).await;
    let proposed = said
        .iter()
        .filter(|what| matches!(what, What::Proposed { .. }))
        .count();
    let begun = said
        .iter()
        .filter(|what| matches!(what, What::Begun))
        .count();
    assert_eq!((proposed, begun >= 3), (3, true), "{said:?}");
    assert_eq!(mode(&rig), Some(Mode::Modern));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_goes_back_by_itself_where_modern_is_wrong() {
    let wrong = Arc::new(AtomicBool::new(false));
    let (legacy, modern) = {
        let wrong = Arc::clone(&wrong);
        let legacy = Stand::start(|_| async move { Answer::json("{\"lot\":1}") }).await;
        let modern = Stand::start(move |_| {
            let wrong = wrong.load(Ordering::SeqCst);
            async move { Answer::json(if wrong { "{\"lot\":2}" } else { "{\"lot\":1}" }) }
        })
        .await;
        (legacy, modern)
    };
    let plan = "steps = [50, 100]\npromote = \"by_itself\"\nsamples = 200\nsamples_per_variant = 20\nanswers = 20\nmatch = 95\nerrors = 20";
    let rig = Rig::with(&config(&legacy, &modern, plan, ""), PEOPLE)
        .await
        .unwrap();
    let half = Mode::Canary {
        percent: 50.try_into().unwrap(),
    };
    asked_until(&rig, |rig| mode(rig) == Some(half)).await;
    wrong.store(true, Ordering::SeqCst);
    asked_until(&rig, |rig| mode(rig) == Some(Mode::Shadow)).await;
    let said = events(&rig).await;
    let back = said.iter().find_map(|what| match what {
        What::RolledBack { to, why } => Some((*to, why.clone())),
        _ => None,
    });
    let (to, why) = back.unwrap();
    assert_eq!(to, Mode::Shadow);
    assert!(why.starts_with("match: lot all differs in "), "{why}");
    // In shadow nobody depends on it: it stays there, and nothing is proposed.
    let listed: Proposals = bea(&rig).get("/v1/proposals").await.unwrap();
    assert!(listed.proposals.is_empty());
    let state = rig.gateway().control().state();
    let group = state.group("lots").unwrap();
    assert_eq!(
        (group.mode, group.since.by.as_str()),
        (Mode::Shadow, "rollout")
    );
}
