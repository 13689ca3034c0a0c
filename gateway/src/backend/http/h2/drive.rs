//! What keeps one connection of HTTP/2 going: sends and reads for all that is asked on it, asks for an echo when its pulse says so, and lets it
//! close when it has been idle for long enough.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use ::h2::client::Connection;
use ::h2::{Ping, PingPong};
use bytes::Bytes;
use tokio::time::{Instant, Sleep, sleep};

use super::ear::Ear;
use super::link::{Links, State};
use super::pulse::Act;

/// How often a connection is looked at.
const LOOK: Duration = Duration::from_secs(15);
/// And how seldom.
const PAUSE: Duration = Duration::from_millis(10);

/// A connection that is driven until it ends.
pub(super) struct Driver {
    connection: Connection<Ear, Bytes>,
    pings: Option<PingPong>,
    state: Arc<State>,
    links: Weak<Links>,
    idle: Duration,
    /// When it was last found in use.
    used: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Driver {
    pub(super) fn new(
        mut connection: Connection<Ear, Bytes>,
        state: Arc<State>,
        links: Weak<Links>,
        idle: Duration,
    ) -> Self {
        Self {
            pings: connection.ping_pong(),
            connection,
            state,
            links,
            idle,
            used: Instant::now(),
            timer: Box::pin(sleep(LOOK)),
        }
    }

    /// Until it has ended. Dropped half-way it is closed, with all that is asked on it.
    pub(super) async fn run(mut self) {
        let state = Arc::clone(&self.state);
        loop {
            tokio::select! {
                biased;
                () = poll_fn(|context| self.poll_end(context)) => break,
                () = state.look.notified() => {}
            }
        }
        self.forget();
        state.pulse().ends();
        state.tell();
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if Pin::new(&mut self.connection).poll(context).is_ready() {
                return Poll::Ready(());
            }
            if let Some(pings) = &mut self.pings {
                match pings.poll_pong(context) {
                    Poll::Ready(Ok(_)) => self.state.tell(),
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => {}
                }
            }
            let now = Instant::now();
            let act = self.state.pulse().next(now);
            let until = match act {
                Act::Ping => {
                    let sent = self
                        .pings
                        .as_mut()
                        .map(|pings| pings.send_ping(Ping::opaque()));
                    if !matches!(sent, Some(Ok(()))) {
                        return Poll::Ready(());
                    }
                    self.state.pulse().pings(now);
                    continue;
                }
                Act::End => return Poll::Ready(()),
                Act::Forget => {
                    self.forget();
                    None
                }
                Act::Rest(until) => until,
            };
            if self.state.streams.load(Ordering::Relaxed) != 0 {
                self.used = now;
            } else if now >= self.used + self.idle {
                self.forget();
            }
            let look = now + self.idle.clamp(PAUSE, LOOK);
            let until = until.map_or(look, |until| until.min(look));
            // One that stands earlier is moved when it fires: most never need to be.
            if self.timer.deadline() > until || self.timer.is_elapsed() {
                self.timer.as_mut().reset(until);
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Nobody begins anything on it any more; when its last exchange has ended, it closes.
    fn forget(&self) {
        if let Some(links) = self.links.upgrade() {
            links.forget(&self.state);
        }
    }
}
