//! What is known of backends: for people, for Prometheus, and as notes beside what would be asked of them.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::view::{BackendView, Backends, EndpointView, EndpointsView, StoreView};
use crate::backend::http::{EndpointState, FleetState};
use crate::backend::view::ViewState;
use crate::control::rfc3339;

/// A backend as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendState {
    /// Its name.
    pub name: Arc<str>,
    /// `http`, `kafka`, `view` or `absent`.
    pub kind: &'static str,
    /// Its endpoints, if it has any.
    pub fleet: Option<FleetState>,
    /// What a view knows of itself.
    pub view: Option<ViewState>,
}

pub(crate) fn backends(shared: &Shared) -> Backends {
    let backends = shared.subjects.backends();
    Backends {
        gateway: shared.control.gateway().to_owned(),
        backends: backends.into_iter().map(view).collect(),
    }
}

fn view(state: BackendState) -> BackendView {
    BackendView {
        name: state.name.to_string(),
        kind: state.kind.to_owned(),
        endpoints: state.fleet.map(|fleet| EndpointsView {
            balance: fleet.balance.to_owned(),
            breaker: fleet.breaker.map(str::to_owned),
            refused: fleet.refused,
            retried: fleet.retried,
            over_budget: fleet.over_budget,
            endpoints: fleet.endpoints.iter().map(endpoint).collect(),
        }),
        view: state.view.map(|view| StoreView {
            rows: view.rows,
            age_seconds: view.age.as_ref().ok().map(Duration::as_secs),
            closed: view.age.err().map(|closed| closed.to_string()),
            rebuilding: view.rebuilding,
        }),
    }
}

fn endpoint(state: &EndpointState) -> EndpointView {
    EndpointView {
        name: state.name.to_string(),
        state: state.state.to_owned(),
        since: state.change.map(|(at, _)| rfc3339(at)),
        why: state.change.map(|(_, why)| why.to_owned()),
        // Part of a second is one: zero would say that it is over.
        ejected_for_seconds: state
            .ejected_for
            .map(|left| left.as_secs() + u64::from(left.subsec_nanos() > 0)),
        in_flight: u64::try_from(state.load).unwrap_or(u64::MAX),
        requests: state.asked,
        failures: state.failed,
        ejections: state.ejected,
    }
}

/// What a person should know of a backend that would be asked: nothing of one that is well.
pub(super) fn notes(shared: &Shared, backend: &str) -> Vec<String> {
    let backends = shared.subjects.backends();
    let known = backends.iter().find(|known| &*known.name == backend);
    let Some(fleet) = known.and_then(|known| known.fleet.as_ref()) else {
        return Vec::new();
    };
    let mut notes = Vec::new();
    if let Some(position @ ("open" | "half_open")) = fleet.breaker {
        notes.push(format!(
            "backend {backend} failed too often: its breaker is {}",
            position.replace('_', " ")
        ));
    }
    for endpoint in &fleet.endpoints {
        if let (state @ ("down" | "ejected"), Some((_, why))) = (endpoint.state, endpoint.change) {
            let name = &endpoint.name;
            notes.push(format!(
                "endpoint {name} of backend {backend} is {state}: {why}"
            ));
        }
    }
    if fleet.endpoints.is_empty() {
        notes.push(format!("no address is known of backend {backend}"));
    }
    notes
}

/// The metrics of all endpoints, in the OpenMetrics text format.
pub(super) fn metrics(backends: &[BackendState], text: &mut String) -> fmt::Result {
    let fleets: Vec<_> = backends
        .iter()
        .filter_map(|known| Some((super::metrics::escaped(&known.name), known.fleet.as_ref()?)))
        .collect();
    for metric in &OF_ENDPOINTS {
        metric.head(text)?;
        for (backend, fleet) in &fleets {
            for endpoint in &fleet.endpoints {
                let name = super::metrics::escaped(&endpoint.name);
                let labels = format!("backend=\"{backend}\",endpoint=\"{name}\"");
                metric.line(&labels, (metric.value)(endpoint), text)?;
            }
        }
    }
    for metric in &OF_BACKENDS {
        metric.head(text)?;
        for (backend, fleet) in &fleets {
            let labels = format!("backend=\"{backend}\"");
            metric.line(&labels, (metric.value)(fleet), text)?;
        }
    }
    Ok(())
}

struct Metric<T> {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    value: fn(&T) -> u64,
}

#[derive(Clone, Copy)]
enum Kind {
    Gauge,
    Counter,
}

impl<T> Metric<T> {
    fn head(&self, text: &mut String) -> fmt::Result {
        let Self { name, help, .. } = self;
        let kind = match self.kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
        };
        writeln!(text, "# HELP {name} {help}")?;
        writeln!(text, "# TYPE {name} {kind}")
    }

    fn line(&self, labels: &str, value: u64, text: &mut String) -> fmt::Result {
        let suffix = match self.kind {
            Kind::Gauge => "",
            Kind::Counter => "_total",
        };
        writeln!(text, "{}{suffix}{{{labels}}} {value}", self.name)
    }
}

const OF_ENDPOINTS: [Metric<EndpointState>; 5] = [
    Metric {
        name: "figway_endpoint_up",
        help: "Whether requests are sent to it: 0 while its checks fail or it is left alone.",
        kind: Kind::Gauge,
        value: |endpoint| u64::from(!matches!(endpoint.state, "down" | "ejected")),
    },
    Metric {
        name: "figway_endpoint_in_flight",
        help: "Requests under way, bodies of answers included.",
        kind: Kind::Gauge,
        value: |endpoint| u64::try_from(endpoint.load).unwrap_or(u64::MAX),
    },
    Metric {
        name: "figway_endpoint_requests",
        help: "Requests sent to it, retries included.",
        kind: Kind::Counter,
        value: |endpoint| endpoint.asked,
    },
    Metric {
        name: "figway_endpoint_failures",
        help: "Those without an answer, or with 502, 503 or 504.",
        kind: Kind::Counter,
        value: |endpoint| endpoint.failed,
    },
    Metric {
        name: "figway_endpoint_ejections",
        help: "How often it was left alone because requests to it failed in a row.",
        kind: Kind::Counter,
        value: |endpoint| endpoint.ejected,
    },
];

const OF_BACKENDS: [Metric<FleetState>; 4] = [
    Metric {
        name: "figway_backend_breaker_open",
        help: "Whether nothing is sent to it because too much failed; 0 again while it is tried.",
        kind: Kind::Gauge,
        value: |fleet| u64::from(fleet.breaker == Some("open")),
    },
    Metric {
        name: "figway_backend_breaker_refused",
        help: "Requests refused because its breaker was open.",
        kind: Kind::Counter,
        value: |fleet| fleet.refused,
    },
    Metric {
        name: "figway_backend_retries",
        help: "Tries after the first.",
        kind: Kind::Counter,
        value: |fleet| fleet.retried,
    },
    Metric {
        name: "figway_backend_retries_over_budget",
        help: "Tries that were refused because there were too many.",
        kind: Kind::Counter,
        value: |fleet| fleet.over_budget,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_out_as_prometheus_reads_them() {
        let endpoint = EndpointState {
            name: "erp-a:9080".into(),
            state: "ejected",
            change: None,
            ejected_for: None,
            load: 2,
            asked: 7,
            failed: 3,
            ejected: 1,
        };
        let backend = |name: &str, fleet| BackendState {
            name: name.into(),
            kind: "http",
            fleet,
            view: None,
        };
        let fleet = FleetState {
            endpoints: vec![endpoint],
            balance: "round_robin",
            breaker: Some("open"),
            refused: 4,
            retried: 5,
            over_budget: 6,
        };
        let mut text = String::new();
        let backends = [backend("e\"rp", Some(fleet)), backend("service", None)];
        metrics(&backends, &mut text).unwrap();
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        insta::assert_snapshot!(samples.collect::<Vec<_>>().join("\n"), @r#"
figway_endpoint_up{backend="e\"rp",endpoint="erp-a:9080"} 0
figway_endpoint_in_flight{backend="e\"rp",endpoint="erp-a:9080"} 2
figway_endpoint_requests_total{backend="e\"rp",endpoint="erp-a:9080"} 7
figway_endpoint_failures_total{backend="e\"rp",endpoint="erp-a:9080"} 3
figway_endpoint_ejections_total{backend="e\"rp",endpoint="erp-a:9080"} 1
figway_backend_breaker_open{backend="e\"rp"} 1
figway_backend_breaker_refused_total{backend="e\"rp"} 4
figway_backend_retries_total{backend="e\"rp"} 5
figway_backend_retries_over_budget_total{backend="e\"rp"} 6
"#);
    }
}
