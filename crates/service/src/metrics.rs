//! The numbers of a service in Prometheus' text format.

use std::fmt::{Display, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::count::{Count, Counts};

/// Requests that were done with, by `outcome`.
pub const REQUESTS: &str = "figway_service_requests_total";
/// Times a handler wanted to be asked again.
pub const RETRIES: &str = "figway_service_retries_total";
/// Transactions that did not come about.
pub const ABORTED: &str = "figway_service_aborted_transactions_total";
/// Replies forgotten while a duplicate could still have come.
pub const FORGOTTEN: &str = "figway_service_forgotten_replies_total";
/// How long handlers took.
pub const HANDLER: &str = "figway_service_handler_seconds";
/// How long transactions took.
pub const COMMIT: &str = "figway_service_commit_seconds";
/// Partitions that this instance has.
pub const PARTITIONS: &str = "figway_service_partitions";
/// Requests that were read and are not committed.
pub const WAITING: &str = "figway_service_waiting_requests";
/// Requests that are parked in topics of retries.
pub const PARKED: &str = "figway_service_parked_requests";
/// Whether this instance is ready.
pub const READY: &str = "figway_service_ready";

/// From half a millisecond to the longest that a handler may usually take; in microseconds.
const BOUNDS: [u64; 12] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000,
    30_000_000,
];

/// What is measured; cheap to clone, all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    pub(crate) counts: Counts,
    measured: Arc<Measured>,
}

#[derive(Debug, Default)]
struct Measured {
    handler: Seconds,
    commit: Seconds,
    partitions: AtomicU64,
    waiting: AtomicU64,
    parked: AtomicU64,
}

#[derive(Debug, Default)]
struct Seconds {
    /// Up to each of the bounds; what took longer is last.
    counts: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Metrics {
    pub(crate) fn new(counts: Counts) -> Self {
        Self {
            counts,
            measured: Arc::default(),
        }
    }

    pub(crate) fn handled(&self, took: Duration) {
        self.measured.handler.observe(took);
    }

    pub(crate) fn committed(&self, took: Duration) {
        self.measured.commit.observe(took);
    }

    pub(crate) fn holds(&self, partitions: usize, waiting: usize, parked: usize) {
        let set = |number: &AtomicU64, to| {
            number.store(u64::try_from(to).unwrap_or(u64::MAX), Ordering::Relaxed);
        };
        set(&self.measured.partitions, partitions);
        set(&self.measured.waiting, waiting);
        set(&self.measured.parked, parked);
    }

    /// All of it as text.
    pub(crate) fn text(&self, ready: bool) -> String {
        let mut page = Page(String::new());
        page.head(REQUESTS, "counter", "Requests that were done with.");
        let outcomes = [
            ("answered", Count::Answered),
            ("duplicate", Count::Duplicate),
            ("expired", Count::Expired),
            ("dead_letter", Count::DeadLetter),
            ("mismatch", Count::Mismatch),
        ];
        for (outcome, count) in outcomes {
            let name = format!("{REQUESTS}{{outcome=\"{outcome}\"}}");
            page.line(&name, self.counts.get(count));
        }
        let counters = [
            (
                RETRIES,
                "Times a handler wanted to be asked again.",
                Count::Retried,
            ),
            (
                ABORTED,
                "Transactions that did not come about.",
                Count::Aborted,
            ),
            (
                FORGOTTEN,
                "Replies forgotten while a duplicate could still have come.",
                Count::Forgotten,
            ),
        ];
        for (name, help, count) in counters {
            page.head(name, "counter", help);
            page.line(name, self.counts.get(count));
        }
        page.seconds(HANDLER, "How long handlers took.", &self.measured.handler);
        page.seconds(COMMIT, "How long transactions took.", &self.measured.commit);
        let gauges = [
            (
                PARTITIONS,
                "Partitions that this instance has.",
                self.measured.partitions.load(Ordering::Relaxed),
            ),
            (
                WAITING,
                "Requests that were read and are not committed.",
                self.measured.waiting.load(Ordering::Relaxed),
            ),
            (
                PARKED,
                "Requests that are parked in topics of retries.",
                self.measured.parked.load(Ordering::Relaxed),
            ),
            (READY, "Whether this instance is ready.", u64::from(ready)),
        ];
        for (name, help, value) in gauges {
            page.head(name, "gauge", help);
            page.line(name, value);
        }
        for metric in &payload::METRICS {
            let name = format!("{}_total", metric.name);
            page.head(&name, "counter", metric.help);
            for (what, count) in metric.counts {
                page.line(&format!("{name}{{what=\"{what}\"}}"), count.get());
            }
        }
        page.0
    }
}

impl Seconds {
    fn observe(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS.partition_point(|bound| *bound < micros);
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// The exposition as it is written. A `String` takes whatever is written to it.
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}").ok();
    }

    fn line(&mut self, name: &str, value: impl Display) {
        writeln!(self.0, "{name} {value}").ok();
    }

    fn seconds(&mut self, name: &str, help: &str, seconds: &Seconds) {
        self.head(name, "histogram", help);
        let mut all = 0;
        let bounds = BOUNDS
            .iter()
            .map(|bound| Duration::from_micros(*bound).as_secs_f64().to_string());
        let bounds = bounds.chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(&seconds.counts) {
            all += count.load(Ordering::Relaxed);
            self.line(&format!("{name}_bucket{{le=\"{bound}\"}}"), all);
        }
        let sum = Duration::from_micros(seconds.micros.load(Ordering::Relaxed));
        self.line(&format!("{name}_sum"), sum.as_secs_f64());
        self.line(&format!("{name}_count"), all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_prometheus_reads() {
        let metrics = Metrics::new(Counts::default());
        metrics.counts.add(Count::Answered, 2);
        metrics.handled(Duration::from_micros(700));
        metrics.handled(Duration::from_secs(60));
        metrics.holds(4, 17, 3);
        let page = metrics.text(true);
        let line = |wanted: &str| assert!(page.lines().any(|line| line == wanted), "{page}");
        line("figway_service_requests_total{outcome=\"answered\"} 2");
        line("figway_service_handler_seconds_bucket{le=\"0.0005\"} 0");
        line("figway_service_handler_seconds_bucket{le=\"0.001\"} 1");
        line("figway_service_handler_seconds_bucket{le=\"30\"} 1");
        line("figway_service_handler_seconds_bucket{le=\"+Inf\"} 2");
        line("figway_service_handler_seconds_sum 60.0007");
        line("figway_service_handler_seconds_count 2");
        line("figway_service_partitions 4");
        line("figway_service_waiting_requests 17");
        line("figway_service_ready 1");
        // Each name has its help and its type, once.
        let names = page.lines().filter(|line| line.starts_with("# TYPE"));
        assert_eq!(names.count(), 13);
        let payload = page
            .lines()
            .filter(|line| line.starts_with("figway_payload_"));
        assert_eq!(payload.count(), 8);
    }
}
