//! Integration tests: whole programs in one process, on the embedded broker, on port 0.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests"
)]

mod architecture;
mod broker;
mod capture;
mod corpus;
mod demo;
mod gateway;
mod kafka;
mod kill;
mod outbox;
mod storm;

/// Kafka that runs as long as this is there, for tests that run on Apache Kafka as well.
type Running = ::broker::Broker;

/// Where the embedded broker answers.
fn running() -> (String, Running) {
    let broker = Running::start(::broker::BrokerConfig::default()).unwrap();
    (broker.bootstrap(), broker)
}
