//! Answers that are not the last (1xx), on their way past the message to the client.
//!
//! A backend [`send`](Interim::send)s them as they come; the listener of the connection, which holds [`Interims`], writes them. What comes
//! when the last answer's head has gone out is dropped, and so is what a client does not take in time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use h1::Spelling;
use http::response::Parts;

/// How many may wait for the client. RFC 9110 section 15.2 sets no limit; one that sends more than these before the client has taken
/// any is not waited for.
const MOST: usize = 16;

/// Where a request's answers go that are not the last. Cheap to clone; the default goes nowhere.
#[derive(Debug, Clone, Default)]
pub struct Interim(Option<(Arc<Line>, u64)>);

impl Interim {
    /// Sends one, a 1xx other than 101, without fields that are between two neighbours, and how it was written. Never waits: it is dropped if the answer's
    /// head has gone out, if too many wait, or if nobody listens.
    pub fn send(&self, parts: Parts, spelling: Spelling) {
        let Some((line, turn)) = &self.0 else { return };
        let mut state = line.state();
        if state.turn == Some(*turn) && state.queue.len() < MOST {
            state.queue.push_back((parts, spelling));
            if let Some(waker) = state.waker.take() {
                drop(state);
                waker.wake();
            }
        }
    }

    /// Whether anybody listens: a client of HTTP/1.0 must not be sent any (RFC 9110 section 15.2).
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.0.is_some()
    }
}

#[derive(Debug, Default)]
struct Line(Mutex<State>);

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct State {
    /// Which request of the connection is being answered.
    turn: Option<u64>,
    queue: VecDeque<(Parts, Spelling)>,
    waker: Option<Waker>,
}

/// A listener's end: one for a connection, whose requests take turns.
#[derive(Debug, Default)]
pub struct Interims {
    line: Arc<Line>,
    turns: u64,
}

impl Interims {
    /// The next request's. What its predecessor still sends is dropped.
    pub fn open(&mut self) -> Interim {
        self.turns = self.turns.wrapping_add(1);
        let mut state = self.line.state();
        state.turn = Some(self.turns);
        state.queue.clear();
        drop(state);
        Interim(Some((Arc::clone(&self.line), self.turns)))
    }

    /// The head of the last answer goes out: nothing may come before it any more.
    pub fn close(&mut self) {
        let mut state = self.line.state();
        state.turn = None;
        state.queue.clear();
    }

    /// The next that waits to be written; the task is woken when there is one.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<(Parts, Spelling)> {
        let mut state = self.line.state();
        if let Some(next) = state.queue.pop_front() {
            return Poll::Ready(next);
        }
        if !state
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(context.waker()))
        {
            state.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(interim: &Interim, link: &'static str) {
        let response = http::Response::builder().status(103).header("link", link);
        let parts = response.body(()).unwrap().into_parts().0;
        interim.send(parts, Spelling::default());
    }

    fn next(interims: &mut Interims) -> Option<String> {
        let mut context = Context::from_waker(Waker::noop());
        match interims.poll_next(&mut context) {
            Poll::Ready((parts, _)) => Some(parts.headers["link"].to_str().unwrap().to_owned()),
            Poll::Pending => None,
        }
    }

    #[test]
    fn they_come_in_order_and_only_in_their_requests_turn() {
        let mut interims = Interims::default();
        let first = interims.open();
        send(&first, "a");
        send(&first, "b");
        assert_eq!(next(&mut interims).as_deref(), Some("a"));
        assert_eq!(next(&mut interims).as_deref(), Some("b"));
        assert_eq!(next(&mut interims), None);
        interims.close();
        send(&first, "too late");
        let second = interims.open();
        send(&first, "of another request");
        send(&second, "c");
        assert_eq!(next(&mut interims).as_deref(), Some("c"));
        assert_eq!(next(&mut interims), None);
    }

    #[test]
    fn one_that_sends_without_end_is_not_waited_for() {
        let mut interims = Interims::default();
        let interim = interims.open();
        for _ in 0..1_000 {
            send(&interim, "x");
        }
        let mut got = 0;
        while next(&mut interims).is_some() {
            got += 1;
        }
        assert_eq!(got, MOST);
    }
}
