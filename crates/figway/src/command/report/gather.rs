//! Asks a gateway for what a report says.

use std::collections::BTreeMap;
use std::time::SystemTime;

use gateway::admin::client::Client;
use gateway::admin::view::{GroupView, HistoryPage, OutcomeView, Routes};
use gateway::control::anchor::Anchor;
use gateway::control::audit::Audit;
use gateway::control::rfc3339;
use serde::Deserialize;
use serde_json::Value;

use super::super::routes::history::{self, Told};
use super::super::routes::typed;
use super::model::{Entry, Group, Legacy, Log, Parts, Report, Route};

/// Entries of one request.
const PAGE: usize = 500;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Entries that are about agreeing to a change.
const APPROVALS: [&str; 3] = ["propose", "approve", "reject"];

#[derive(Deserialize)]
struct Evidence {
    parts: EvidenceParts,
    routes: Vec<Route>,
}

#[derive(Deserialize)]
struct EvidenceParts {
    gateways: Vec<GatewayPart>,
    oldest_seconds: Option<u64>,
    #[serde(default)]
    trouble: Option<String>,
}

#[derive(Deserialize)]
struct GatewayPart {
    gateway: String,
}

pub(super) async fn gather(client: &Client, anchors: &[Anchor]) -> anyhow::Result<Report> {
    let routes: Routes = client.get("/v1/routes").await?;
    let answer: Value = client.get("/v1/evidence?of=fleet").await?;
    let evidence: Evidence = client.understood(answer)?;
    let (mut audit, mut entries) = (Audit::default(), BTreeMap::<String, Vec<Said>>::new());
    let mut from = 0;
    loop {
        let path = format!("/v1/history?from={from}&limit={PAGE}");
        let page: HistoryPage = client.get(&path).await?;
        for entry in page.entries {
            let told = Told::of(entry)?;
            audit.add(told.offset, &told.bytes);
            let said = Said::of(&told);
            entries.entry(said.group.clone()).or_default().push(said);
        }
        match page.next {
            Some(next) => from = next,
            None => break,
        }
    }
    let found = audit.found(anchors);
    let log = Log {
        entries: found.entries,
        first_at: found.first_at,
        last_at: found.last_at,
        hash: found.position.map(|position| position.hash.to_string()),
        anchors: found.anchors,
        anchored: found.anchored,
        broken: found
            .broken
            .map(|broken| format!("at offset {}: {}", broken.offset, broken.why)),
    };
    let now = SystemTime::now();
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let now_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let mut by_name: BTreeMap<String, Route> = evidence
        .routes
        .into_iter()
        .map(|route| (route.name.clone(), route))
        .collect();
    let groups = routes.groups.iter().map(|view| {
        let of_group = routes
            .routes
            .iter()
            .filter(|route| route.group == view.name);
        let of_group = of_group.map(|route| {
            by_name.remove(&route.name).unwrap_or_else(|| Route {
                name: route.name.clone(),
                ..Route::default()
            })
        });
        let of_group = of_group.collect();
        let said = entries.remove(&view.name).unwrap_or_default();
        group(view, said, of_group, now_ms)
    });
    let groups = groups.collect();
    let parts = Parts {
        gateways: evidence
            .parts
            .gateways
            .into_iter()
            .map(|part| part.gateway)
            .collect(),
        oldest_seconds: evidence.parts.oldest_seconds,
        trouble: evidence.parts.trouble,
    };
    Ok(Report::new(
        (rfc3339(now), now_ms),
        (routes.gateway, routes.revision),
        log,
        parts,
        groups,
    ))
}

fn group(view: &GroupView, said: Vec<Said>, routes: Vec<Route>, now_ms: u64) -> Group {
    let approvals = said.iter().filter(|said| said.approval);
    let approvals = approvals.map(|said| said.entry.clone()).collect();
    Group {
        name: view.name.clone(),
        mode: typed(view.mode),
        version: view.version,
        since: view.since.clone(),
        by: view.by.clone(),
        why: view.why.clone(),
        change: view.change.clone(),
        writes: view.writes,
        legacy_lacks: view.legacy_lacks.to_string(),
        legacy: legacy(&routes, now_ms),
        history: said.into_iter().map(|said| said.entry).collect(),
        approvals,
        routes,
        usage: None,
    }
}

/// What all routes of a group say of legacy together: as if it had been asked when any of them last did, and counted since the latest began.
fn legacy(routes: &[Route], now_ms: u64) -> Legacy {
    let sum = |of: fn(&Route) -> u64| routes.iter().map(of).fold(0, u64::saturating_add);
    let last = routes.iter().filter_map(|route| route.last_legacy).max();
    let all = routes.iter().all(|route| route.counted_since.is_some());
    let since = routes.iter().filter_map(|route| route.counted_since).max();
    let since = since.filter(|_| all && !routes.is_empty());
    let without = last.max(since).filter(|_| since.is_some());
    Legacy {
        answered: sum(|route| route.answers.legacy),
        spared: sum(|route| route.spared),
        counted_since: since,
        last,
        days_without: without.map(|at| now_ms.saturating_sub(at) / DAY_MS),
    }
}

/// An entry, and which group it is about.
#[derive(Debug, Clone)]
struct Said {
    group: String,
    entry: Entry,
    approval: bool,
}

impl Said {
    /// Of entries that this program does not know it says what is in them.
    fn of(told: &Told) -> Self {
        let raw: Value = serde_json::from_slice(&told.bytes).unwrap_or_default();
        let text = |name: &str| raw[name].as_str().unwrap_or_default().to_owned();
        let kind = raw["what"]["kind"].as_str().unwrap_or("not understood");
        let (came_to, counted) = match &told.outcome {
            OutcomeView::Accepted { version, mode } => {
                (format!("version {version}, {}", typed(*mode)), true)
            }
            OutcomeView::Noted => ("noted".to_owned(), true),
            OutcomeView::Refused { why, .. } => (format!("refused: {why}"), false),
            OutcomeView::NotFolded { why } => (format!("not folded: {why}"), false),
        };
        let what = match &told.command {
            Some(command) => history::what(&command.what),
            None => kind.replace('_', " "),
        };
        Self {
            group: text("group"),
            approval: APPROVALS.contains(&kind) || raw["what"]["proposal"].is_string(),
            entry: Entry {
                offset: told.offset,
                at: text("at"),
                what,
                came_to,
                counted,
                by: text("who"),
                why: text("why"),
                change: raw["change"].as_str().map(str::to_owned),
                gateway: text("gateway"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(last: Option<u64>, since: Option<u64>) -> Route {
        Route {
            last_legacy: last,
            counted_since: since,
            ..Route::default()
        }
    }

    #[test]
    fn days_without_traffic_are_no_more_than_is_counted() {
        let days = |routes: &[Route]| legacy(routes, 100 * DAY_MS).days_without;
        assert_eq!(days(&[]), None);
        assert_eq!(days(&[route(None, None)]), None);
        assert_eq!(days(&[route(None, Some(90 * DAY_MS))]), Some(10));
        assert_eq!(
            days(&[route(Some(95 * DAY_MS), Some(90 * DAY_MS))]),
            Some(5)
        );
        // One route was not counted for as long as the other.
        let two = [
            route(Some(10 * DAY_MS), Some(0)),
            route(None, Some(98 * DAY_MS)),
        ];
        assert_eq!(days(&two), Some(2));
        // And of one nothing is known.
        assert_eq!(days(&[route(Some(1), Some(0)), route(None, None)]), None);
    }
}
