//! One timer for all the deadlines of a connection.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is seldom touched: a deadline that moves later is looked at when the earlier one has come.
#[derive(Debug, Default)]
pub(super) struct Clock(Option<(Pin<Box<Sleep>>, Instant)>);

impl Clock {
    /// Ready when it is `due`. Only the last `due` wakes the task for certain.
    pub(super) fn poll(&mut self, due: Instant, context: &mut Context<'_>) -> Poll<()> {
        let (sleep, at) = self
            .0
            .get_or_insert_with(|| (Box::pin(sleep_until(due)), due));
        if due < *at {
            sleep.as_mut().reset(due);
            *at = due;
        }
        loop {
            ready!(sleep.as_mut().poll(context));
            if due <= *at {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(due);
            *at = due;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_deadline_may_move_both_ways() {
        let start = Instant::now();
        let mut clock = Clock::default();
        let after = |seconds| start + Duration::from_secs(seconds);
        let polled = poll_fn(|context| Poll::Ready(clock.poll(after(9), context))).await;
        assert!(polled.is_pending());
        poll_fn(|context| clock.poll(after(2), context)).await;
        assert_eq!(start.elapsed().as_secs(), 2);
        poll_fn(|context| clock.poll(after(30), context)).await;
        assert_eq!(start.elapsed().as_secs(), 30);
        poll_fn(|context| clock.poll(after(30), context)).await;
        assert_eq!(start.elapsed().as_secs(), 30);
    }
}
