//! Bodies that are too large for a Kafka record, or better not sent as they are.
//!
//! A body travels in one of four ways, by its size ([`Policy`]): as the record's value; compressed; in chunks, which are records of one key;
//! or in a store, and the record is a claim check: it carries the object's name. Whoever reads is told by the record's headers
//! ([`Form`]), and what it gets has the length and the SHA-256 that stand there, or it gets an error and never another body.
//!
//! Objects are written before the record that refers to them is sent. An object whose record was never sent, or whose transaction was
//! aborted, is removed by its age like any other. Bodies of any size go in and out with the memory of a few segments.

mod assemble;
mod body;
mod compress;
mod config;
mod count;
mod error;
pub mod header;
mod hex;
mod inner;
mod key;
mod name;
mod read;
mod rules;
mod seal;
mod store;
#[cfg(test)]
mod tests;
mod units;
mod write;

pub use assemble::{Assembler, Bounds};
pub use body::{Packed, decode, manifest};
pub use config::{Config, Fault};
pub use count::{Count, METRICS, Metric};
pub use error::{Error, Kind};
pub use header::{Accept, Chunk, Encoding, Form, KeyId, Malformed, Manifest, Place};
pub use inner::Payloads;
pub use name::ObjectName;
pub use read::Reader;
pub use rules::{Above, Policy, Rules, Surroundings, Topic};
pub use units::{Age, Size};
pub use write::Writer;

fn digest_of(context: ring::digest::Context) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}
