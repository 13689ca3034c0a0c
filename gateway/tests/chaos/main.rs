//! A whole gateway among backends and clients that misbehave, and under changes while it is busy: nothing hangs, nothing leaks, no answer goes
//! astray, no write is made twice, and what can be answered is.
//!
//! Tests run a short form. `.ci/soak` runs the long one, by `FIGWAY_CHAOS_FAULTS`, `FIGWAY_CHAOS_CHANGES` and `FIGWAY_CHAOS_SEED`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "tests; helpers are not under the lint's own exception"
)]

mod change;
mod client;
mod fault;
mod names;
mod origin;
mod rig;
mod storm;

/// A number from outside, or what a test has time for.
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |value| value.parse().unwrap())
}
