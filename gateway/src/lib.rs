//! The gateway: listeners in front, backends behind, and for each request a route whose mode says which side answers.
//!
//! The straight line of one request, one module each: [`message`] (what a request is), [`route`] (which route it takes), [`mode`] (who
//! answers). The modules never call back.

pub mod admin;
pub mod app;
pub mod backend;
pub mod compare;
pub mod config;
pub mod control;
pub mod error;
pub mod evidence;
pub mod exchange;
mod gateway;
pub mod guard;
pub mod listen;
pub mod message;
pub mod metrics;
pub mod mirror;
pub mod mode;
mod place;
pub mod route;
pub mod snapshot;
pub mod transcode;

pub use gateway::{Gateway, Options, StartError};
