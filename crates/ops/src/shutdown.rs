//! An orderly end: one signal all tasks see, and a count of tasks to wait for.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Handed to everything that runs; cheap to clone, all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    /// Nothing has ended yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same tasks with an end of their own: for what is needed until others have ended. [`Shutdown::drain`] waits for them too, so
    /// somebody must begin it.
    #[must_use]
    pub fn later(&self) -> Self {
        Self {
            token: CancellationToken::new(),
            tasks: self.tasks.clone(),
        }
    }

    /// The token to hand to code that only needs to know when to stop.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Asks everything to stop at its next safe point.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Waits until somebody asks. May be dropped at any time.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// Whether somebody has asked.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Runs a task that [`Shutdown::drain`] waits for.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Begins the shutdown and waits for every task, at most `deadline`. True if all ended in time.
    pub async fn drain(&self, deadline: Duration) -> bool {
        self.begin();
        self.tasks.close();
        tokio::time::timeout(deadline, self.tasks.wait())
            .await
            .is_ok()
    }

    /// Begins the shutdown at the first SIGINT or SIGTERM. Must be called inside a runtime.
    ///
    /// # Errors
    /// The signal handlers could not be installed.
    pub fn on_signals(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let token = self.token();
        // Not tracked: it lives as long as the process, and drain must not wait for it.
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                () = token.cancelled() => {}
            }
            token.cancel();
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn drain_waits_for_tasks_and_says_when_one_does_not_end() {
        let shutdown = Shutdown::new();
        let inner = shutdown.clone();
        shutdown.spawn(async move { inner.begun().await });
        assert!(shutdown.drain(Duration::from_secs(5)).await);

        let shutdown = Shutdown::new();
        shutdown.spawn(std::future::pending::<()>());
        assert!(!shutdown.drain(Duration::from_millis(1)).await);
        assert!(shutdown.has_begun());
    }
}
