//! The Kafka protocol on a connection: frames in and out, which requests are served, bounded decoding.
//!
//! In: bytes of a socket. Out: requests as types of `kafka-protocol`, or [`Broken`], which closes that one
//! connection. Nothing here knows topics or groups.

pub(crate) mod api;
pub(crate) mod decode;
pub(crate) mod frame;
pub(crate) mod produce;

/// Why a connection is closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("reading or writing the connection")]
    Io(#[from] std::io::Error),
    #[error("a request of {len} bytes, at most {most} are taken")]
    TooLarge { len: usize, most: usize },
    #[error("a frame of {0} bytes is no request")]
    TooSmall(i32),
    #[error("the rest of a request did not come in time")]
    Slow,
    #[error("request {api} version {version} is not served")]
    Unsupported { api: i16, version: i16 },
    #[error("a request {api} version {version} that does not read: {why}")]
    Malformed { api: i16, version: i16, why: String },
    #[error("an answer to request {api} version {version} that cannot be written: {why}")]
    Unanswerable { api: i16, version: i16, why: String },
    #[error("the broker is going down")]
    Closing,
}
