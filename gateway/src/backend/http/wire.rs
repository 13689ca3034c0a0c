//! The bytes between us and an origin, whatever carries them.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Waker};

use socket2::SockRef;
use tokio::io::{AsyncRead as _, ReadBuf};

/// A stream to an origin.
pub(super) type Wire = crate::tls::Stream;

/// Whether nothing has come that nobody asked for: no byte, no end, no error. Costs no system call while that is so. What TLS says for
/// itself, such as new tickets, is taken on the way.
pub(super) fn is_quiet(wire: &mut Wire) -> bool {
    let mut byte = [0];
    if let Wire::Plain(stream) = wire {
        // Nobody is to be woken for it.
        return matches!(stream.try_read(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
    }
    let mut context = Context::from_waker(Waker::noop());
    Pin::new(wire)
        .poll_read(&mut context, &mut ReadBuf::new(&mut byte))
        .is_pending()
}

/// The same, asked of the system: what came in the last moment is not known otherwise.
pub(super) fn is_quiet_now(wire: &Wire) -> bool {
    let peeked = SockRef::from(wire.tcp()).peek(&mut [MaybeUninit::uninit()]);
    matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}
