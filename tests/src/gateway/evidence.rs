//! What three gateways over one control log have found, seen from each of them: over a restart, a crash and a clearing, whichever Kafka it is.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use gateway::Gateway;
use gateway::admin::view::{ClearEvidence, ClearedEvidence};
use gateway::evidence::{Of, RouteReport};
use kafka::{Isolation, KafkaConfig, Reader};
use serde_json::Value;
use uuid::Uuid;

use super::client;
use super::rig::{PATIENCE, Rig};
use super::stand::{Answer, Stand};

fn config(bootstrap: &str, topic: &str, legacy: &Stand, modern: &Stand) -> String {
    format!(
        r#"
[kafka]
bootstrap = "{bootstrap}"
[control]
store = "kafka"
topic = "{topic}"
directory = "state"
[backends.old]
http = "{}"
[backends.new]
http = "{}"
[groups.lots]
mode = "shadow"
[[routes]]
name = "lot"
group = "lots"
match = {{ method = "GET", path = "/lots/{{lot}}" }}
legacy = "old"
modern = "new"
response = "json"
"#,
        legacy.url(),
        modern.url()
    )
}

/// What a gateway shows of the route.
#[must_use]
pub fn shown(gateway: &Gateway, of: Of) -> RouteReport {
    let table = gateway.app().snapshot();
    let report = gateway
        .app()
        .evidence()
        .report_of(table.table(), Some("lot"), of);
    report.routes.into_iter().next().unwrap_or_default()
}

/// Asks a gateway for lots.
///
/// # Errors
/// It does not answer.
pub async fn ask(rig: &Rig, requests: usize) -> anyhow::Result<()> {
    for turn in 0..requests {
        let got = client::get(rig.address(), &format!("/lots/L{turn}")).await?;
        ensure!(got.status == 200, "{}", got.text());
    }
    Ok(())
}

/// Waits until every gateway shows so many equal pairs of the whole fleet, and so many answers.
async fn all_show(fleet: &[&Rig], pairs: u64) -> anyhow::Result<()> {
    for rig in fleet {
        let so = |gateway: &Gateway| {
            let seen = shown(gateway, Of::Fleet);
            (seen.equal, seen.answers.legacy, seen.modern_asked()) == (pairs, pairs, pairs)
        };
        let waited = rig.until(&format!("{pairs} pairs"), so).await;
        waited.with_context(|| format!("{:?}", shown(rig.gateway(), Of::Fleet)))?;
    }
    Ok(())
}

trait Asked {
    fn modern_asked(&self) -> u64;
}

impl Asked for RouteReport {
    /// Mirrored requests that modern answered.
    fn modern_asked(&self) -> u64 {
        let variants = self.variants.iter();
        variants.map(|variant| variant.modern.answers).sum()
    }
}

/// The runs of each gateway of which the topic has a part.
async fn runs(
    config: &KafkaConfig,
    topic: &str,
) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
    let mut last = BTreeMap::new();
    for record in Reader::new(config)
        .read(topic, Isolation::Uncommitted)
        .await?
    {
        last.insert(record.key.unwrap_or_default(), record.value.is_some());
    }
    let mut runs = BTreeMap::<String, BTreeSet<String>>::new();
    for (key, _) in last.into_iter().filter(|(_, there)| *there) {
        let key: Vec<String> = serde_json::from_slice(&key)?;
        if let [_, _, gateway, run] = key.as_slice() {
            runs.entry(gateway.clone()).or_default().insert(run.clone());
        }
    }
    Ok(runs)
}

/// Three gateways compare, and each shows what all found.
///
/// # Errors
/// Something is not so, or nothing can be started.
pub async fn kept(bootstrap: &str) -> anyhow::Result<()> {
    let answer = |_| async { Answer::json(r#"{"price":1}"#) };
    let (legacy, modern) = (Stand::start(answer).await, Stand::start(answer).await);
    let topic = format!("evidence.{}", Uuid::new_v4().simple());
    let text = config(bootstrap, &topic, &legacy, &modern);
    let mut one = Rig::named("gw-1", &text).await?;
    let two = Rig::named("gw-2", &text).await?;
    let mut three = Rig::named("gw-3", &text).await?;
    for rig in [&one, &two, &three] {
        ask(rig, 5).await?;
    }
    all_show(&[&one, &two, &three], 15).await?;
    let seen = shown(two.gateway(), Of::This);
    ensure!((seen.equal, seen.answers.legacy) == (5, 5), "{seen:?}");

    // What guards take.
    let totals = |gateway: &Gateway| {
        let snapshot = gateway.app().snapshot();
        gateway
            .app()
            .evidence()
            .fleet_totals(snapshot.table(), "lots")
    };
    let before = totals(two.gateway())?;
    let names: Vec<_> = before.gateways.iter().map(String::as_str).collect();
    ensure!(names == ["gw-1", "gw-2", "gw-3"], "{names:?}");
    ask(&one, 3).await?;
    all_show(&[&one, &two, &three], 18).await?;
    let since = totals(two.gateway())?.since(&before);
    let compared = since.compared();
    ensure!((compared.samples(), compared.equal) == (3, 3), "{since:?}");
    ensure!(
        compared.legacy.latency.count() == 3 && compared.modern.latency.count() == 3,
        "{since:?}"
    );
    ensure!(
        since.live().0.answers == 3 && since.live().0.errors == 0,
        "{since:?}"
    );

    // One is restarted, one goes for good.
    one.again().await?;
    three.stop().await?;
    all_show(&[&one, &two], 18).await?;
    ask(&one, 2).await?;
    all_show(&[&one, &two], 20).await?;
    let config = KafkaConfig {
        bootstrap: bootstrap.to_owned(),
        ..KafkaConfig::default()
    };
    let kept = format!("{topic}.evidence");
    let taken_up = async {
        // The new run has what the old one found, and the old one's record goes.
        loop {
            let runs = runs(&config, &kept).await?;
            if runs.get("gw-1").is_some_and(|runs| runs.len() == 1) {
                return anyhow::Ok(runs);
            }
        }
    };
    let runs = tokio::time::timeout(PATIENCE, taken_up).await??;
    ensure!(runs.len() == 3, "{runs:?}");
    all_show(&[&one, &two], 20).await?;

    // A new version of the modern side is deployed.
    let clear = ClearEvidence {
        route: None,
        group: Some("lots".to_owned()),
        who: Some("anna".to_owned()),
        why: "version 2 is deployed".to_owned(),
        reference: Some("CHG-7".to_owned()),
    };
    let cleared: ClearedEvidence = two.admin()?.post("/v1/evidence/clear", &clear).await?;
    ensure!(cleared.routes == ["lot"], "{cleared:?}");
    all_show(&[&one, &two], 0).await?;
    ask(&one, 1).await?;
    all_show(&[&one, &two], 1).await?;
    // Also for who comes later, and of who was gone then.
    three.again().await?;
    all_show(&[&three], 1).await?;
    let report: Value = three
        .admin()?
        .get("/v1/evidence?of=fleet&route=lot")
        .await?;
    let route = &report["routes"][0];
    ensure!(
        route["cleared"]["who"] == "anna" && route["cleared"]["change"] == "CHG-7",
        "{report}"
    );
    ensure!(
        report["parts"]["kept"] == "kafka" && report["parts"]["trouble"].is_null(),
        "{report}"
    );
    // The last request came after that.
    let at = |value: &Value| value.as_u64().unwrap_or(0);
    ensure!(
        at(&route["last_legacy"]) >= at(&route["cleared"]["at"]) && route["spared"] == 0,
        "{report}"
    );
    for mut rig in [one, two, three] {
        rig.stop().await?;
    }
    Ok(())
}
