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
