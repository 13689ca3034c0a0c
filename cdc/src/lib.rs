//! Change capture: legacy records to Kafka topics, exactly once.
mod change;
mod error;
mod hold;
mod image;
#[cfg(test)]
mod model;
mod resolve;

pub use error::{Error, ErrorKind, Reaction, Result};

/// Lower-case hex digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
