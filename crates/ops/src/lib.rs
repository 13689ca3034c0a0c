//! What every Figway program needs and none is about: configuration files and the faults in them,
//! secrets that stay secret, telemetry, and an orderly shutdown.
//!
//! No word of the domain is known here: no route, no record, no topic.

pub mod config;
mod secret;
pub mod shutdown;
pub mod telemetry;

pub use secret::{Secret, SecretError, Setting};
