//! The gateway as a whole: what DESIGN's invariants promise, seen from outside.

mod back;
mod back_kill;
mod behind;
mod compare;
mod control;
mod evidence;
mod fleet;
mod flip;
mod kept;
mod mirror;
mod private;
mod refusals;
mod registered;
mod rollout;
mod services;
mod shadow;
mod snapshot;
mod spring;
mod without_kafka;
