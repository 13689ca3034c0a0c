//! Listeners: bytes of clients to [`Request`](crate::message::Request)s, and answers back. The only code that knows a client's protocol.

pub mod door;
pub mod handover;
pub mod http;
pub mod proxy;
