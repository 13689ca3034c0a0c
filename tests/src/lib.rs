//! The harness.

pub mod contract;
pub mod corpus;
pub mod gateway;
pub mod killed;
pub mod outbox;
pub mod storm;
