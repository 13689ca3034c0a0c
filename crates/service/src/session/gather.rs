//! What is done: taken from the tasks, and committed together.

use ops::shutdown::Shutdown;
use tokio::time::Instant;

use super::hands::{self, Brought};
use super::{End, Session, TOGETHER, commit, handler_failed, over, panicked};
use crate::handler::{Handler, HandlerError};

impl<H: Handler> Session<H> {
    /// Until when what is done waits for others that are about to be; none when it is to be committed now.
    pub(super) fn together(&self) -> Option<Instant> {
        let until = self.since? + TOGETHER;
        let alone = self.hands.len() == 0
            || self.done.iter().map(Vec::len).sum::<usize>() >= self.shared.config.batch;
        (!alone && Instant::now() < until).then_some(until)
    }

    /// Takes what is done.
    pub(super) async fn gather(&mut self, shutdown: &Shutdown) -> Result<(), End> {
        while let Some(brought) = self
            .hands
            .try_next(&mut self.partitions)
            .map_err(panicked)?
        {
            self.keep(brought, shutdown).await?;
        }
        Ok(())
    }

    pub(super) async fn keep(&mut self, brought: Brought, shutdown: &Shutdown) -> Result<(), End> {
        let (done, fatal) = match brought {
            Brought::Some(done) => (done, None),
            Brought::All(done, fatal) => (done, fatal),
        };
        if !done.is_empty() {
            self.since.get_or_insert_with(Instant::now);
            self.done.push_back(done);
        }
        let Some(reason) = fatal else {
            return Ok(());
        };
        // What the others do is theirs to end.
        if self.failed.replace(reason).is_none() {
            Box::pin(self.finish(shutdown)).await?;
            let reason = self.failed.take().unwrap_or_default();
            return Err(End::Over(handler_failed(&HandlerError::Fatal { reason })));
        }
        Ok(())
    }

    /// Waits for all that is under way, in a shutdown not for long, and commits what comes of it. Whether anything was committed.
    pub(super) async fn finish(&mut self, shutdown: &Shutdown) -> Result<bool, End> {
        let mut worked = false;
        let over = over(shutdown);
        tokio::pin!(over);
        loop {
            self.gather(shutdown).await?;
            worked |= self.commit().await?;
            if self.hands.len() == 0 {
                return Ok(worked);
            }
            let brought = tokio::select! {
                biased;
                brought = self.hands.next(&mut self.partitions) => brought.map_err(panicked)?,
                () = &mut over => break,
            };
            if let Some(brought) = brought {
                self.keep(brought, shutdown).await?;
            }
        }
        tracing::warn!(
            group = self.shared.config.group,
            partitions = self.hands.len(),
            "handlers did not end in time: the next instance handles their requests again"
        );
        Err(End::Shutdown)
    }

    /// Commits all that is done, in the order in which it came. Whether that was anything.
    pub(super) async fn commit(&mut self) -> Result<bool, End> {
        let mut worked = false;
        self.since = None;
        while let Some(mut done) = self.done.pop_front() {
            while let Some(next) = self.done.front()
                && done.len() + next.len() <= self.shared.config.batch
            {
                done.extend(self.done.pop_front().into_iter().flatten());
            }
            if hands::oldest(&self.partitions).is_none() {
                self.shared.status.works();
            }
            let begun = Instant::now();
            let committed = commit::all(self, done).await;
            self.shared.metrics.committed(begun.elapsed());
            self.shared.commits.took(begun.elapsed());
            committed?;
            worked = true;
        }
        Ok(worked)
    }
}
