//! The broker as seen on the wire: requests built by hand, each answer looked at.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod batch;
mod client;
mod fuzz;
mod idempotence;
mod limits;
mod refusal;
mod storage;
mod transaction;
mod versions;
