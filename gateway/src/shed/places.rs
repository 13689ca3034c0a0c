//! Places for requests under way, and a short queue before them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::PlacesSpec;

/// One place, until it is dropped.
pub(super) type Place = OwnedSemaphorePermit;

#[derive(Debug)]
pub(super) struct Places {
    spec: PlacesSpec,
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// One of those who wait, however it ends.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Places {
    pub(super) fn new(spec: PlacesSpec) -> Self {
        let most = spec.requests.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            spec,
            free: Arc::new(Semaphore::new(most)),
            waiting: AtomicUsize::new(0),
        }
    }

    /// A place, where there is one now.
    pub(super) fn free(&self) -> Option<Place> {
        Arc::clone(&self.free).try_acquire_owned().ok()
    }

    /// A place; none where there is none in time, or too many wait already. Those who wait come first, in their order.
    pub(super) async fn wait(&self) -> Option<Place> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= self.spec.queue {
            return None;
        }
        let place = timeout(self.spec.wait, Arc::clone(&self.free).acquire_owned());
        place.await.ok()?.ok()
    }
}
