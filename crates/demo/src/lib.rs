//! The sample company: a pharma manufacturer, its data generator and the tour.
//!
//! [`company`] decides what the company has and what happens to it, from a seed, without clock or files. [`books`] keep what
//! the topics must hold because of that; [`check`] compares it with what a reader found there.

pub mod area;
pub mod books;
pub mod check;
pub mod commarea;
pub mod company;
pub mod content;
pub mod copybook;
pub mod date;
pub mod dice;
mod error;
pub mod expect;
pub mod fault;
pub mod ledger;
pub mod legacy;
pub mod lot_service;
pub mod step;
mod together;
pub mod tour;
pub mod unload;

pub use error::{Error, Kind, Result};

/// Bytes in upper-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _written = write!(text, "{byte:02X}");
        text
    })
}
