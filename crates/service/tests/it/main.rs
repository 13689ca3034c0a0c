//! Services on the embedded broker.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod answer;
mod dead_letters;
mod forgotten;
mod hang;
mod held_up;
mod kill;
mod large;
mod late;
mod retries;
mod rig;
mod status;
mod typed;
