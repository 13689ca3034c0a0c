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
mod corpus;
mod outbox;
mod python;
mod registry;
mod security;
mod storm;
