//! What passes through a route in legacy mode, byte by byte: raw clients in front, raw origins behind, no HTTP library on either
//! side.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "tests; helpers are not under the lint's own exception"
)]

mod body;
mod by_body;
mod client;
mod drain;
mod edge;
mod enemy;
mod fleet;
mod head;
mod hours;
mod http2;
mod lacking;
mod mapping;
mod matching;
mod origin;
mod origin_h2;
mod origin_h2_pulse;
mod pool;
mod reload;
mod rig;
mod takeover;
