//! Who woke a task that looks after several things by itself.
//!
//! Each thing is polled with a bell of its own and only if that was rung. What rings while the task is at work does not have it scheduled
//! once more: it looks at its bells before it sleeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use futures_util::task::AtomicWaker;

/// The task.
#[derive(Debug, Default)]
pub(super) struct House {
    asleep: AtomicBool,
    task: AtomicWaker,
}

impl House {
    /// The task is at work.
    pub(super) fn wakes(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }

    /// The task goes to sleep; it is woken at once if one of its bells has been rung.
    pub(super) fn sleeps(&self, bells: [&Bell; 2], context: &Context<'_>) {
        self.task.register(context.waker());
        self.asleep.store(true, Ordering::SeqCst);
        if bells.iter().any(|bell| bell.is_rung()) {
            self.call();
        }
    }

    fn call(&self) {
        if self.asleep.swap(false, Ordering::SeqCst) {
            self.task.wake();
        }
    }
}

/// One of its bells, rung to begin with.
#[derive(Debug)]
pub(super) struct Bell(Arc<Line>);

#[derive(Debug)]
struct Line {
    rung: AtomicBool,
    house: Arc<House>,
}

impl Bell {
    pub(super) fn of(house: &Arc<House>) -> Self {
        Self(Arc::new(Line {
            rung: AtomicBool::new(true),
            house: Arc::clone(house),
        }))
    }

    /// What rings it.
    pub(super) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }

    pub(super) fn ring(&self) {
        self.0.wake_by_ref();
    }

    pub(super) fn is_rung(&self) -> bool {
        self.0.rung.load(Ordering::SeqCst)
    }

    /// Whether it had been rung; it is not any more.
    pub(super) fn is_answered(&self) -> bool {
        self.0.rung.swap(false, Ordering::SeqCst)
    }
}

impl Wake for Line {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        self.house.call();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Debug, Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_task_at_work_is_not_woken_and_one_asleep_is_once() {
        let task = Arc::<Task>::default();
        let waker = Waker::from(Arc::clone(&task));
        let context = Context::from_waker(&waker);
        let woken = || task.0.load(Ordering::SeqCst);
        let house = Arc::<House>::default();
        let (one, two) = (Bell::of(&house), Bell::of(&house));
        house.wakes();
        assert!(one.is_answered() && two.is_answered() && !one.is_answered());
        one.waker().wake();
        assert_eq!(woken(), 0, "it is at work");
        house.sleeps([&one, &two], &context);
        assert_eq!(woken(), 1, "a bell had been rung before it slept");
        house.wakes();
        assert!(one.is_answered());
        house.sleeps([&one, &two], &context);
        assert_eq!(woken(), 1);
        two.waker().wake();
        one.waker().wake();
        assert_eq!(woken(), 2, "it is woken once");
        assert!(one.is_rung() && two.is_rung());
    }
}
