//! The harness of the gateway's tests: scripted backends, a gateway over a given configuration or three of them, and a client.

pub mod client;
pub mod evidence;
pub mod fleet;
pub mod rig;
pub mod stand;
