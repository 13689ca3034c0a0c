//! A whole gateway among backends and clients that misbehave, and under changes while it is busy: nothing hangs, nothing leaks, no answer goes
//! astray, no write is made twice, and what can be answered is.
//!
//! Tests run a short form. `.ci/soak` runs the long one, by `FIGWAY_CHAOS_FAULTS`, `FIGWAY_CHAOS_CHANGES` and `FIGWAY_CHAOS_SEED`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "tests; helpers are not under the lint's own exception"
)]

mod change;
mod client;
mod client_two;
mod expire;
mod fault;
mod fleet;
mod knock;
mod ledger;
mod names;
mod origin;
mod private;
mod rig;
mod storm;
#[allow(dead_code, reason = "shared with the tests beside the code")]
#[path = "../../src/tls/testing.rs"]
mod testing;
mod two;
mod wire;

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use gateway::tls::{ClientSpec, Clients, Pair, ServerSpec, Speaks, Trust, UnknownName, Version};
use tokio::runtime::Builder;

/// A number from outside, or what a test has time for.
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |value| value.parse().unwrap())
}

/// Runs a test while no other runs: what is left of it is counted, memory and descriptors of the process too.
fn alone(test: impl Future<Output = ()>) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test);
}
