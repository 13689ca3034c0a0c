//! The sample company: a pharma manufacturer, its data generator and the tour.
//!
//! [`company`] decides what the company has and what happens to it, from a seed, without clock or files. [`books`] keep what
//! the topics must hold because of that; [`check`] compares it with what a reader found there.

pub mod books;
pub mod check;
pub mod company;
pub mod content;
pub mod copybook;
pub mod date;
pub mod dice;
mod error;
pub mod expect;
pub mod fault;
pub mod step;
pub mod tour;
pub mod unload;

pub use error::{Error, Kind, Result};
