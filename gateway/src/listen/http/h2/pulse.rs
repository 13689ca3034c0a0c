//! Whether the client of a quiet connection is still there, and how long one is kept on which nothing is asked.

use std::task::Context;
use std::time::Duration;

use ::h2::server::Connection;
use ::h2::{Ping, PingPong};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

/// Of one connection.
#[derive(Debug)]
pub(super) struct Pulse {
    pings: Option<PingPong>,
    patience: Duration,
    /// When it was last looked at.
    looked: Instant,
    /// An echo is waited for.
    waits: bool,
    /// Since when no stream is open; only means something while that is so.
    rests: Instant,
    /// It is being ended.
    leaves: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beat {
    /// Nothing.
    On,
    /// Nobody asked anything for too long: it is to be ended in good order.
    Leave,
    /// Nobody is there.
    Dead,
}

impl Pulse {
    /// `patience` is how long an echo may take, how often one is asked for, and how long a connection may rest.
    pub(super) fn new<S>(connection: &mut Connection<S, Bytes>, patience: Duration) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        Self::of(connection.ping_pong(), patience)
    }

    fn of(pings: Option<PingPong>, patience: Duration) -> Self {
        let now = Instant::now();
        Self {
            pings,
            patience,
            looked: now,
            waits: false,
            rests: now,
            leaves: false,
        }
    }

    /// Looks whether the echo has come.
    pub(super) fn hear(&mut self, context: &mut Context<'_>) {
        if self.waits
            && let Some(pings) = &mut self.pings
            && pings.poll_pong(context).is_ready()
        {
            self.waits = false;
        }
    }

    /// The last stream has ended.
    pub(super) fn rests(&mut self) {
        self.rests = Instant::now();
    }

    /// When to look.
    pub(super) fn due(&self, resting: bool) -> Instant {
        let since = if resting { self.rests } else { self.looked };
        since + self.patience
    }

    /// What is to be done now that it is due, or something else is.
    pub(super) fn beat(&mut self, resting: bool, now: Instant) -> Beat {
        if now < self.due(resting) {
            return Beat::On;
        }
        self.looked = now;
        if resting {
            self.rests = now;
            return if std::mem::replace(&mut self.leaves, true) {
                Beat::Dead
            } else {
                Beat::Leave
            };
        }
        if self.waits {
            return Beat::Dead;
        }
        if let Some(pings) = &mut self.pings {
            self.waits = pings.send_ping(Ping::opaque()).is_ok();
        }
        Beat::On
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_rests_is_left_and_one_that_will_not_go_is_dead() {
        let mut pulse = Pulse::of(None, Duration::from_secs(9));
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(pulse.beat(true, after(8)), Beat::On);
        assert_eq!(pulse.beat(false, after(9)), Beat::On, "somebody asks");
        tokio::time::advance(Duration::from_secs(10)).await;
        pulse.rests();
        assert_eq!(pulse.beat(true, after(18)), Beat::On);
        assert_eq!(pulse.beat(true, after(19)), Beat::Leave);
        assert_eq!(pulse.beat(true, after(27)), Beat::On);
        assert_eq!(pulse.beat(true, after(28)), Beat::Dead);
    }
}
