//! A tunnel: bytes both ways between a client and a backend, until both have closed or the listener ends.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional_with_sizes};

use super::drain::{Member, Stage};
use super::{Counted, Counts};
use crate::message::Tunnel;

/// Bytes under way in each direction at most.
const BUFFER: usize = 8 << 10;

/// Carries bytes until both ends have closed. Each end's close is passed on; a failure of one closes both. Dropped half-way it closes
/// both.
pub(super) async fn splice<S>(
    mut client: S,
    mut backend: Box<dyn Tunnel>,
    mut member: Member,
    counts: &Counts,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _counted = Counted::one(&counts.tunnels);
    let mut copying = pin!(copy_bidirectional_with_sizes(
        &mut client,
        &mut backend,
        BUFFER,
        BUFFER
    ));
    poll_fn(|context| {
        if member.stage(context) == Stage::Over {
            return Poll::Ready(());
        }
        // How a tunnel ends is between the two.
        copying.as_mut().poll(context).map(|_ended| ())
    })
    .await;
}
