//! A view whose stores go to another process, and come back: while a new gateway takes the place of this one.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::life::{self, Life};
use super::{Feeding, View};

impl View {
    /// Leaves its stores to another process, with all that is known now: of the one that answers a copy takes the place, which takes as long as
    /// copying it does. Ours has no name from then on, and this view goes on with it, so that both answer; where the disk does not take
    /// the copy, this one gives it up and answers no more. Dropped half-way the view stands still until
    /// [`take_back`](Self::take_back).
    pub(crate) async fn lend(&self) {
        self.stop().await;
        self.shared.lent.store(true, Ordering::SeqCst);
        if let Some(life) = self.shared.building.swap(None) {
            given_up(life).await;
        }
        let Some(life) = self.shared.serving.load_full() else {
            return;
        };
        let (ages, store) = (life.state().freshness.ages(), Arc::clone(&life.store));
        let config = Arc::clone(&self.config);
        let leaving = tokio::task::spawn_blocking(move || {
            store.seal(&ages)?;
            config.stores.leave(&config.directory)
        });
        match leaving.await {
            Ok(Ok(())) => *self.feeding() = Feeding::beside(&self.config, &self.shared, life),
            failed => {
                tracing::warn!(
                    topic = self.config.spec.topic,
                    ?failed,
                    "a view cannot be copied, and answers no more here"
                );
                self.shared.serving.store(None);
                given_up(life).await;
            }
        }
    }

    /// Has its stores again after [`lend`](Self::lend), as soon as no other process has them. Dropped half-way it goes on with its own.
    pub(crate) async fn take_back(&self) {
        if !self.shared.lent.load(Ordering::SeqCst) {
            return;
        }
        let found = life::found(&self.config).await;
        self.stop().await;
        self.shared.lent.store(false, Ordering::SeqCst);
        self.shared.tried.send_replace(false);
        *self.feeding() = Feeding::begin(&self.config, &self.shared);
        self.opened().await;
        // Until here, so that nobody opens them in between.
        drop(found);
    }
}

/// Waits until a store is closed that nobody asks any more, with all that is known on the disk.
async fn given_up(life: Arc<Life>) {
    let ages = life.state().freshness.ages();
    let store = Arc::clone(&life.store);
    drop(life);
    let closed = store.closed();
    let sealing = tokio::task::spawn_blocking(move || store.seal(&ages));
    if let Ok(Err(error)) = sealing.await {
        tracing::warn!(%error, "a view is given up without its last age");
    }
    // Who reads from it just now has it open.
    closed.cancelled().await;
}
