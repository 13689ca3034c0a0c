//! What is decided about a backend of several endpoints: whom to ask, whom to leave alone, whether to ask at all, and whether once more.
//!
//! In: what happened, and when. Out: decisions. No sockets, no clock, no dice: time is an argument, and so is whatever stands for chance.
//! What is decided here is carried out by [`http`](super::http).

pub mod breaker;
pub mod budget;
pub mod choice;
pub mod health;
pub mod outlier;
pub mod retry;
mod window;

/// What a request says about whoever was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It answered.
    Well,
    /// It did not, or with an answer that says that it cannot.
    Failed,
    /// Nothing: the client went away, or its own body broke off.
    Nothing,
}
