//! Keepalive of TCP (RFC 1122 section 4.2.3.6): a peer that lost power or its network says nothing, and only whoever asks finds out.

use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// After which silence the system asks, where nobody says otherwise.
pub(crate) const USUAL: Duration = Duration::from_secs(60);
/// So often without an answer, within as long again, and the connection is given up.
const ASKS: u32 = 6;

/// Has the system ask a peer that has said nothing for so long whether it is there; never if none. A connection whose peer does not
/// answer ends with an error after twice that. Counted in whole seconds.
pub(crate) fn set(stream: &TcpStream, silence: Option<Duration>) {
    let Some(silence) = silence else { return };
    let every = (silence / ASKS).max(Duration::from_secs(1));
    let asks = TcpKeepalive::new()
        .with_time(silence)
        .with_interval(every)
        .with_retries(ASKS);
    // Only what vanished is found later where it cannot be set.
    let _unset = SockRef::from(stream).set_tcp_keepalive(&asks);
}
