//! Listeners: bytes of clients to [`Request`](crate::message::Request)s, and answers back. The only code that knows a client's protocol.

mod crowd;
pub mod door;
pub mod handover;
pub mod http;
pub mod proxy;

pub use self::crowd::{Crowd, Seat};
