//! Whether a connection of HTTP/2 lives, and when its origin may be asked. In: what was asked and what came, each with its time. Out: what
//! is to be done now. Plain values; no clock, no connection.
//!
//! A server of gRPC ends a connection, and with it every call on it, when its client sends pings too often while the server has nothing
//! to say: with the settings that C, Go and Java have by themselves one ping is free after each head or data that the server sent, then
//! one is after 5 minutes where a call is under way, and three that are not free are too many (gRPC `doc/keepalive.md`, "Why am I receiving
//! a GOAWAY with error code `ENHANCE_YOUR_CALM`"). Here none is sent that is not free.

use std::time::Duration;

use tokio::time::Instant;

/// Nothing came for so long since something was asked: the origin is asked for an echo, once.
pub(super) const SOON: Duration = Duration::from_secs(1);
/// Where an echo takes longer than this, nothing more is asked meanwhile.
pub(super) const PROOF: Duration = Duration::from_secs(1);
/// Where nothing at all came for so long since a ping, the connection has ended. An origin may stand still for a while, as one does that
/// collects its garbage.
const PONG: Duration = Duration::from_secs(30);
/// How long a ping is from the next where the origin sent no head and no data between the two: the 5 minutes above, and a little for the way.
const APART: Duration = Duration::from_secs(310);

/// What is known of a connection.
#[derive(Debug)]
pub(super) struct Pulse {
    /// When anything last came.
    heard: Instant,
    /// Since when nothing came although something was asked.
    waits: Option<Instant>,
    /// Requests whose answer has not begun.
    awaited: usize,
    /// Requests that the origin knows of.
    open: usize,
    echo: Echo,
    /// Somebody waits for a sign of life.
    wanted: bool,
    /// Nothing is asked until something comes.
    doubted: bool,
}

/// Whether an echo may be asked for.
#[derive(Debug, Clone, Copy)]
enum Echo {
    /// A head or data came since the last one, or there was none.
    Free,
    /// It was asked for then.
    Asked(Instant),
    /// It was asked for then, and came, and nothing else since.
    Spent(Instant),
}

/// What is to be done with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Nothing until then; or until something happens.
    Rest(Option<Instant>),
    /// The origin is asked for an echo.
    Ping,
    /// It will not be known whether it lives, and nobody uses it.
    Forget,
    /// It is dead.
    End,
}

/// What can be said of a connection before something is asked on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// Something came of late.
    Lives,
    /// The origin is asked.
    Asked,
    /// It may not be asked just now. Others wait on the connection, and will find out.
    Busy,
    /// It may not be asked, and nobody is there to find out.
    Unknown,
}

impl Pulse {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            heard: now,
            waits: None,
            awaited: 0,
            open: 0,
            echo: Echo::Free,
            wanted: false,
            doubted: false,
        }
    }

    /// A request goes out.
    pub(super) fn asks(&mut self, now: Instant) {
        self.open = self.open.saturating_add(1);
        self.awaited = self.awaited.saturating_add(1);
        self.waits.get_or_insert(now);
    }

    /// An answer begins.
    pub(super) fn answered(&mut self) {
        self.awaited = self.awaited.saturating_sub(1);
    }

    /// Nobody waits any more for the answer to what was asked then. That speaks against the connection where nothing came for most of that
    /// time, and an answer was due or an echo would have been asked for.
    pub(super) fn gives_up(&mut self, asked: Instant, why: Why, now: Instant) {
        self.answered();
        let silent = now.saturating_duration_since(self.heard.max(asked));
        let long = match why {
            Why::Late => true,
            Why::Left => silent >= SOON,
        };
        self.doubted |= long && silent >= now.saturating_duration_since(asked) / 2;
    }

    /// The stream of a request has ended.
    pub(super) fn closes(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// Anything came.
    pub(super) fn hears(&mut self, now: Instant) {
        self.heard = now;
        self.waits = (self.awaited > 0).then_some(now);
        self.wanted = false;
        self.doubted = false;
    }

    /// A head or data came.
    pub(super) fn spoke(&mut self) {
        if let Echo::Spent(_) = self.echo {
            self.echo = Echo::Free;
        }
    }

    /// An echo came.
    pub(super) fn echoed(&mut self) {
        if let Echo::Asked(asked) = self.echo {
            self.echo = Echo::Spent(asked);
            // Whoever waits does so on a connection that lives.
            self.waits = None;
        }
    }

    /// A ping goes out.
    pub(super) fn pings(&mut self, now: Instant) {
        self.echo = Echo::Asked(now);
    }

    /// Whether nothing may be asked now.
    pub(super) fn is_doubted(&self) -> bool {
        self.doubted
    }

    /// It lived `silent` ago at the latest; or it is asked whether it does.
    pub(super) fn prove(&mut self, silent: Duration, now: Instant) -> Proof {
        if now.saturating_duration_since(self.heard) < silent {
            return Proof::Lives;
        }
        let asks =
            matches!(self.echo, Echo::Asked(_)) || self.free_from().is_some_and(|from| from <= now);
        match (asks, self.open) {
            (true, _) => {
                self.wanted = true;
                Proof::Asked
            }
            (false, 0) => {
                self.doubted = true;
                Proof::Unknown
            }
            (false, _) => Proof::Busy,
        }
    }

    /// Whether one came where it was asked; else nothing more is asked for a while.
    pub(super) fn is_proven(&mut self, silent: Duration, now: Instant) -> bool {
        let lives = now.saturating_duration_since(self.heard) < silent;
        self.doubted |= !lives;
        !self.doubted
    }

    /// The connection has ended.
    pub(super) fn ends(&mut self) {
        self.doubted = true;
    }

    /// From when on a ping is free; never, as things are, where no request is under way.
    fn free_from(&self) -> Option<Instant> {
        match self.echo {
            Echo::Free => Some(self.heard),
            Echo::Asked(asked) | Echo::Spent(asked) => (self.open > 0).then(|| asked + APART),
        }
    }

    /// What is to be done now.
    pub(super) fn next(&mut self, now: Instant) -> Act {
        if let Echo::Asked(asked) = self.echo {
            let silent = self.heard.max(asked);
            if now >= silent + PONG {
                return Act::End;
            }
            self.doubted |= now >= silent + PROOF;
            let after = if self.doubted { PONG } else { PROOF };
            return Act::Rest(Some(silent + after));
        }
        let at_once = self.wanted || self.doubted;
        let due = match self.waits {
            _ if at_once => now,
            Some(since) => since + SOON,
            None => return Act::Rest(None),
        };
        match self.free_from() {
            Some(from) if from.max(due) <= now => Act::Ping,
            Some(from) => Act::Rest(Some(from.max(due))),
            None if self.doubted => Act::Forget,
            None => Act::Rest(None),
        }
    }
}

/// Why nobody waits for an answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It took longer than it may.
    Late,
    /// Whoever asked has left.
    Left,
}

#[cfg(test)]
mod tests;
