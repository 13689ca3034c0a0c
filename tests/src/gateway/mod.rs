//! The harness of the gateway's tests: scripted backends, a gateway over a given configuration, and a client.

pub mod client;
pub mod rig;
pub mod stand;
