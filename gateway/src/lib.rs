//! The gateway: listeners in front, backends behind, and for each request a route whose mode says which side answers.
//!
//! Read [`app`] first. The straight line of one request, one module each: [`listen`] (the client's protocol), [`guard`] (limits), [`route`] (which
//! route), [`mode`] (who answers), [`exchange`] (asks the [`backend`]s, through [`transcode`] where shapes differ), [`error`] (what the client is told if
//! nobody answers); afterwards [`mirror`], [`compare`] and [`evidence`]. Beside it [`control`] decides on modes and [`admin`] shows and takes changes;
//! both reach requests only as a new [`snapshot`].

pub mod access;
pub mod admin;
pub mod app;
pub mod back;
pub mod backend;
mod callback;
mod clock;
pub mod compare;
pub mod config;
pub mod control;
pub mod date;
pub mod edge;
pub mod error;
pub mod evidence;
pub mod exchange;
pub mod forwarded;
mod gateway;
pub mod guard;
pub mod identity;
mod keepalive;
pub mod listen;
pub mod mapping;
pub mod message;
pub mod metrics;
pub mod mirror;
pub mod mode;
pub mod outcome;
mod place;
pub mod rollout;
pub mod route;
pub mod shed;
pub mod snapshot;
pub mod tls;
pub mod trace;
pub mod transcode;
mod ui;

pub use clock::{At, Moment, WallClock};
pub use gateway::{Begins, Gateway, Options, StartError};
