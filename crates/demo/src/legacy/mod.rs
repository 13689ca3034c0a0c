//! The legacy stand-in: plays the company's mainframe and ERP, so that the demo needs neither.
//!
//! **It is no mainframe.** It is a small HTTP server in this process with its own EBCDIC lot and material records, which answers
//! two transactions ([`inquiry`], [`posting`]) with raw COMMAREA bytes and the ERP's endpoints with JSON ([`erp`]), keeps a
//! [`Ledger`](crate::ledger::Ledger) of what it executed, and can unload its lots as the next generation of the data set
//! ([`store`]). Knows nothing of Kafka, capture or the gateway.

pub mod erp;
mod fields;
pub mod inquiry;
pub mod posting;
mod server;
pub mod store;

pub use server::{Legacy, ServerError};
pub use store::Store;

/// Who says it answered: the name of the CICS region that is played here.
pub const REGION: &str = "CICSPRD1";
