//! TLS through a whole gateway: other people's clients (curl, OpenSSL) and our own in front, OpenSSL's server and a scripted one
//! behind. What needs another program says "not run" where that is not installed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    unreachable_pub,
    reason = "tests; helpers are not under the lint's own exception"
)]

mod behind;
mod change;
mod flood;
mod front;
mod proxy;
mod rig;
#[allow(dead_code, reason = "shared with the tests beside the code")]
#[path = "../../src/tls/testing.rs"]
mod testing;

use gateway::tls::{ClientSpec, Clients, Pair, ServerSpec, Speaks, Trust, UnknownName, Version};
