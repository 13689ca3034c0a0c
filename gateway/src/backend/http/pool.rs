//! The idle connections of one upstream, newest first, and the places that bound all of them.
//!
//! A place is held while a connection is in use. A new connection is made only when none is idle, so places bound the idle and
//! the busy ones together.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::Config;
use super::connection::{Connection, Slot};

#[derive(Debug)]
pub(super) struct Pool {
    idle: Mutex<VecDeque<Connection>>,
    places: Arc<Semaphore>,
}

impl Pool {
    #[allow(clippy::needless_pass_by_value, reason = "owned by whoever makes it")]
    pub(super) fn new(config: Arc<Config>) -> Self {
        Self {
            idle: Mutex::default(),
            places: Arc::new(Semaphore::new(
                config.max_connections.clamp(1, Semaphore::MAX_PERMITS),
            )),
        }
    }

    pub(super) fn places(&self) -> &Arc<Semaphore> {
        &self.places
    }

    /// The connection that was used last, if it still lives.
    pub(super) fn take(&self) -> Option<Connection> {
        loop {
            let connection = self.idle().pop_back()?;
            if connection.sender.is_ready() {
                connection.slot.busy();
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next request.
    pub(super) fn put(&self, connection: Connection) {
        self.idle().push_back(connection);
    }

    /// Forgets the idle connection of that slot. False if it is in use again.
    pub(super) fn remove(&self, slot: &Arc<Slot>) -> bool {
        let mut idle = self.idle();
        let place = idle
            .iter()
            .position(|connection| Arc::ptr_eq(&connection.slot, slot));
        place.and_then(|place| idle.remove(place)).is_some()
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
