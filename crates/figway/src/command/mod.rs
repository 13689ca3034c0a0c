//! The commands, one module each: read the words, call the library that does it, say what came of it.

pub(crate) mod audit;
pub(crate) mod broker;
pub(crate) mod cdc;
pub(crate) mod check;
pub(crate) mod copybook;
pub(crate) mod demo;
pub(crate) mod gateways;
pub(crate) mod proposals;
pub(crate) mod registry;
pub(crate) mod report;
pub(crate) mod rollouts;
pub(crate) mod routes;
pub(crate) mod serve;

/// A runtime for commands that speak to networks. Two worker threads: the work itself is in librdkafka's own threads.
///
/// # Errors
/// The system refuses threads.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
}
