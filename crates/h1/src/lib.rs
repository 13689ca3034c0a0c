//! HTTP/1.1 without I/O: heads and bodies out of bytes, and back into bytes as they came.
//!
//! In: the bytes of a connection, in pieces of any size. Out: [`RequestHead`]s and [`ResponseHead`]s, and a body through a
//! [`Decoder`]. What two readers could take in two ways is [`Refused`] (RFC 9112 section 11.2): a gateway that guesses where a message
//! ends lets one client speak for another. Header values share the bytes of their head. Never reads, writes or waits itself, and
//! never looks further than one head.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod body;
mod chunk;
mod field;
mod host;
mod refused;
mod request;
mod response;
mod scan;
mod spelling;
mod write;

pub use body::{BodyLength, Decoder, Piece};
pub use host::valid_host;
pub use refused::{Refused, RefusedKind};
pub use request::{RequestHead, read_request};
pub use response::{ResponseHead, read_response};
pub use spelling::Spelling;
pub use write::{CHUNK_END, write_chunk_size, write_last_chunk, write_request, write_response};

/// What a head may take at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a start line and its fields, and of a trailer section; above it 431.
    pub head: usize,
    /// Field lines of a head, and of a trailer section; above it 431.
    pub fields: usize,
    /// Bytes of a request target; above it 414.
    pub target: usize,
}

impl Limits {
    /// Whether the head of a request that came over another version of HTTP keeps to the limits of fields and target; what its bytes were is
    /// not known any more. The crumbs of a cookie are one field (RFC 9113 section 8.2.3).
    ///
    /// # Errors
    /// It does not.
    pub fn hold(&self, parts: &http::request::Parts) -> Result<(), Refused> {
        let crumbs = parts.headers.get_all(http::header::COOKIE).iter().count();
        let fields = parts.headers.len().saturating_sub(crumbs.saturating_sub(1));
        if fields > self.fields {
            return Err(refused::FIELDS);
        }
        let target = parts
            .uri
            .path_and_query()
            .map_or(0, |path| path.as_str().len());
        if target > self.target {
            return Err(refused::TARGET_LENGTH);
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 64 * 1024,
            fields: 128,
            target: 32 * 1024,
        }
    }
}
