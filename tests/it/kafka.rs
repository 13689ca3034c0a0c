//! The `kafka` crate against a broker: the embedded one, or the one that `FIGWAY_KAFKA` names.
//!
//! What a worker does wrong on purpose (dying in the middle, coming back as a zombie) is done with librdkafka directly.

mod checkpoint;
mod cluster;
mod commit;
mod lost;
pub(crate) mod proxy;
mod topics;
