//! What the gateway counts, for Prometheus. Labels come from small fixed sets: names in the file, sides, codes of ours.
//!
//! One [`Metrics`] per gateway, shared by `Arc`; [`Metrics::encode`] is what the admin port shows.

mod seconds;
mod tally;

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

pub use self::seconds::Times;
pub use self::tally::{AskedFor, BackendTally, Counts, RouteTaken, RouteTally, Taken, Tallies};
use crate::mirror::Dropped;

/// Requests by route, by whose answer it was, and by class of status.
pub const REQUESTS: &str = "figway_requests";
/// From a request's head to its answer's, by route and by whose answer it was.
pub const REQUEST_SECONDS: &str = "figway_request";
/// Requests to backends, by whom they are asked for, and by class of status or kind of failure.
pub const BACKEND_REQUESTS: &str = "figway_backend_requests";
/// From asking a backend to the head of its answer, by whom it is asked for.
pub const BACKEND_SECONDS: &str = "figway_backend_request";
/// Lines of the access log that could not be written in time, or at all.
pub const ACCESS_LOG_DROPPED: &str = "figway_access_log_dropped";
/// Errors clients heard of from the gateway, by code.
pub const ERRORS: &str = "figway_errors";
/// Answers of legacy because modern failed, by route and by the code of its failure.
pub const FALLBACKS: &str = "figway_fallbacks";
/// Exchanges that were to be mirrored and were not, by reason.
pub const MIRRORS_DROPPED: &str = "figway_mirrors_dropped";
/// Exchanges that were mirrored, by route and by what was found.
pub const MIRRORS: &str = "figway_mirrors";
/// Replies of services that came after their request had been given up.
pub const LATE_REPLIES: &str = "figway_late_replies";
/// Connections of clients.
pub const CONNECTIONS: &str = "figway_connections";
/// Those of them that no longer speak HTTP.
pub const TUNNELS: &str = "figway_tunnels";
/// Those of them that were closed because nothing went through them for too long.
pub const TUNNELS_IDLE: &str = "figway_tunnels_idle_closed";
/// Connections of clients that had too many.
pub const CONNECTIONS_REFUSED: &str = "figway_connections_refused";
/// Reloads of the configuration, by result.
pub const RELOADS: &str = "figway_reloads";
/// Handshakes with clients, by result: `done`, or why a client did not come in.
pub const TLS_HANDSHAKES: &str = "figway_tls_handshakes";
/// When certificates of ours end, in seconds since 1970, by who uses them and whom they are for.
pub const CERTIFICATE_END: &str = "figway_certificate_end_timestamp";
/// Changes of certificates, by result.
pub const CERTIFICATE_RELOADS: &str = "figway_certificate_reloads";

/// All of them.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    tallies: Arc<tally::All>,
    access_log_dropped: Counter,
    errors: Family<CodeLabel, Counter>,
    fallbacks: Family<FallbackLabels, Counter>,
    mirrors_dropped: Family<ReasonLabel, Counter>,
    mirrors: Family<FindingLabels, Counter>,
    late_replies: Counter,
    connections: Gauge,
    tunnels: Gauge,
    tunnels_idle: Counter,
    connections_refused: Counter,
    reloads: Family<ResultLabel, Counter>,
    handshakes: Family<ResultLabel, Counter>,
    certificate_end: Family<CertificateLabels, Gauge>,
    certificate_reloads: Family<ResultLabel, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let tallies = Arc::<tally::All>::default();
        registry.register_collector(Box::new(Arc::clone(&tallies)));
        let access_log_dropped = Counter::default();
        registry.register(
            ACCESS_LOG_DROPPED,
            "Lines of the access log that were not written",
            access_log_dropped.clone(),
        );
        let errors = Family::default();
        registry.register(ERRORS, "Errors of the gateway's own", errors.clone());
        let fallbacks = Family::default();
        registry.register(
            FALLBACKS,
            "Answers of legacy because modern failed",
            fallbacks.clone(),
        );
        let mirrors_dropped = Family::default();
        registry.register(
            MIRRORS_DROPPED,
            "Exchanges that were to be mirrored and were not",
            mirrors_dropped.clone(),
        );
        let mirrors = Family::default();
        registry.register(
            MIRRORS,
            "Exchanges that were mirrored, by what was found",
            mirrors.clone(),
        );
        let late_replies = Counter::default();
        registry.register(
            LATE_REPLIES,
            "Replies that came after their request had been given up",
            late_replies.clone(),
        );
        let connections = Gauge::default();
        registry.register(CONNECTIONS, "Connections of clients", connections.clone());
        let tunnels = Gauge::default();
        registry.register(
            TUNNELS,
            "Connections of clients that no longer speak HTTP, as WebSocket",
            tunnels.clone(),
        );
        let tunnels_idle = Counter::default();
        registry.register(
            TUNNELS_IDLE,
            "Tunnels closed because nothing went through them for too long",
            tunnels_idle.clone(),
        );
        let connections_refused = Counter::default();
        registry.register(
            CONNECTIONS_REFUSED,
            "Connections of clients that had too many",
            connections_refused.clone(),
        );
        let reloads = Family::default();
        registry.register(RELOADS, "Reloads of the configuration", reloads.clone());
        let handshakes = Family::default();
        registry.register(
            TLS_HANDSHAKES,
            "TLS handshakes with clients, by result",
            handshakes.clone(),
        );
        let certificate_end = Family::default();
        registry.register_with_unit(
            CERTIFICATE_END,
            "When certificates end, since 1970",
            Unit::Seconds,
            certificate_end.clone(),
        );
        let certificate_reloads = Family::default();
        registry.register(
            CERTIFICATE_RELOADS,
            "Changes of certificates, by result",
            certificate_reloads.clone(),
        );
        Self {
            registry,
            tallies,
            access_log_dropped,
            errors,
            fallbacks,
            mirrors_dropped,
            mirrors,
            late_replies,
            connections,
            tunnels,
            tunnels_idle,
            connections_refused,
            reloads,
            handshakes,
            certificate_end,
            certificate_reloads,
        }
    }

    /// Where requests of these routes and to these backends are counted, the latter in the order in which legs name them.
    #[must_use]
    pub fn tallies<'a>(
        &self,
        routes: impl IntoIterator<Item = &'a Arc<str>>,
        backends: impl IntoIterator<Item = &'a Arc<str>>,
    ) -> Tallies {
        self.tallies.of(routes, backends)
    }

    /// How long requests took.
    #[must_use]
    pub fn taken(&self) -> Taken {
        self.tallies.taken()
    }

    /// Counts an answer to what no route took.
    pub fn unrouted(&self, status: StatusCode, took: Duration) {
        self.tallies.none.answered(None, status, took);
    }

    /// The counter of lines that the access log lacks.
    #[must_use]
    pub fn access_log_dropped(&self) -> &Counter {
        &self.access_log_dropped
    }

    /// Counts an error that a client hears of.
    pub fn error(&self, code: &'static str) {
        self.errors.get_or_create(&CodeLabel { code }).inc();
    }

    /// Counts an answer of legacy because modern failed with that code.
    pub fn fell_back(&self, route: &Arc<str>, code: &'static str) {
        let route = RouteLabel(Some(Arc::clone(route)));
        self.fallbacks
            .get_or_create(&FallbackLabels { route, code })
            .inc();
    }

    /// Counts an exchange that is not mirrored.
    pub fn mirror_dropped(&self, why: Dropped) {
        let reason = why.as_str();
        self.mirrors_dropped
            .get_or_create(&ReasonLabel { reason })
            .inc();
    }

    /// Counts a mirrored exchange: `equal`, `different`, `not_comparable`, `view_behind`, `error`, `dropped`.
    pub fn mirrored(&self, route: &Arc<str>, finding: &'static str) {
        let route = RouteLabel(Some(Arc::clone(route)));
        self.mirrors
            .get_or_create(&FindingLabels { route, finding })
            .inc();
    }

    /// The counter of late replies, for whoever reads them.
    #[must_use]
    pub fn late_replies(&self) -> &Counter {
        &self.late_replies
    }

    /// The gauge of client connections, for the listener.
    #[must_use]
    pub fn connections(&self) -> &Gauge {
        &self.connections
    }

    /// The gauge of client connections that no longer speak HTTP, for the listener.
    #[must_use]
    pub fn tunnels(&self) -> &Gauge {
        &self.tunnels
    }

    /// The counter of tunnels that were closed for standing still, for the listener.
    #[must_use]
    pub fn tunnels_idle(&self) -> &Counter {
        &self.tunnels_idle
    }

    /// The counter of connections that were one too many for their client, for the listener.
    #[must_use]
    pub fn connections_refused(&self) -> &Counter {
        &self.connections_refused
    }

    /// Counts a reload: `installed` or `refused`.
    pub fn reloaded(&self, result: &'static str) {
        self.reloads.get_or_create(&ResultLabel { result }).inc();
    }

    /// Counts a handshake with a client: `done`, or the word of why it came to nothing.
    pub fn handshake(&self, result: &'static str) {
        self.handshakes.get_or_create(&ResultLabel { result }).inc();
    }

    /// Counts a change of certificates: `installed` or `refused`.
    pub fn certificates_reloaded(&self, result: &'static str) {
        self.certificate_reloads
            .get_or_create(&ResultLabel { result })
            .inc();
    }

    /// All certificates of ours: who uses each, whom it is for, when it ends.
    pub fn certificates_end(&self, all: impl IntoIterator<Item = (String, String, SystemTime)>) {
        self.certificate_end.clear();
        for (used_by, certificate, end) in all {
            let seconds = end
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs();
            self.certificate_end
                .get_or_create(&CertificateLabels {
                    used_by,
                    certificate,
                })
                .set(i64::try_from(seconds).unwrap_or(i64::MAX));
        }
    }

    /// Everything as Prometheus reads it (`application/openmetrics-text; version=1.0.0`).
    ///
    /// # Errors
    /// None that is known: text is written to memory.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

/// A route's name; empty where no route took the request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct RouteLabel(Option<Arc<str>>);

impl EncodeLabelValue for RouteLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(self.0.as_deref().unwrap_or_default())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FallbackLabels {
    route: RouteLabel,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    route: RouteLabel,
    finding: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

/// Names from our own files.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CertificateLabels {
    used_by: String,
    certificate: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Side;

    #[test]
    fn counts_come_out_as_prometheus_reads_them() {
        let metrics = Metrics::new();
        let route: Arc<str> = "lots".into();
        let took = Duration::from_millis(3);
        let erp: Arc<str> = "erp".into();
        let counts = metrics.tallies([&route], [&erp]).of("lots");
        counts.answered(Some(Side::Legacy), StatusCode::OK, took);
        counts.asked(0, AskedFor::Client, Ok(StatusCode::OK), took);
        let failed = Err(crate::error::BackendErrorKind::Unreachable);
        counts.asked(0, AskedFor::Mirror, failed, took);
        counts.left();
        counts.given_up(0, AskedFor::Client);
        metrics.unrouted(StatusCode::NOT_FOUND, took);
        metrics.error("no_route");
        metrics.mirror_dropped(Dropped::QueueFull);
        let text = metrics.encode().unwrap();
        for line in [
            r#"figway_requests_total{route="lots",side="legacy",status="2xx"} 1"#,
            r#"figway_requests_total{route="",side="gateway",status="4xx"} 1"#,
            r#"figway_requests_total{route="lots",side="gateway",status="499"} 1"#,
            r#"figway_backend_requests_total{backend="erp",asked_for="client",result="given_up"} 1"#,
            r#"figway_request_seconds_bucket{le="0.005",route="lots",side="legacy"} 1"#,
            r#"figway_backend_requests_total{backend="erp",asked_for="client",result="2xx"} 1"#,
            r#"figway_backend_requests_total{backend="erp",asked_for="mirror",result="unreachable"} 1"#,
            r#"figway_backend_request_seconds_count{backend="erp",asked_for="client"} 1"#,
            r#"figway_errors_total{code="no_route"} 1"#,
            r#"figway_mirrors_dropped_total{reason="queue_full"} 1"#,
            "figway_late_replies_total 0",
        ] {
            assert!(text.contains(line), "wanted {line} in\n{text}");
        }
    }
}
