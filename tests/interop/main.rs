//! Interop tests: against servers and clients that are not ours. `.ci/run` starts them and turns the
//! feature `interop` on; a missing one is a failure here, never a skip.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests"
)]

mod broker;
mod browser;
mod corpus;
mod fleet;
#[path = "../it/gateway/kept/mod.rs"]
mod kept;
mod outbox;
mod python;
mod registry;
mod security;
mod storm;

/// Kafka that nobody ends as long as this is there, for tests that run on the embedded broker as well.
struct Running {
    _held: std::sync::RwLockReadGuard<'static, String>,
}

/// Where Apache Kafka answers.
fn running() -> (String, Running) {
    let held = tokio::task::block_in_place(broker::running);
    (held.clone(), Running { _held: held })
}
