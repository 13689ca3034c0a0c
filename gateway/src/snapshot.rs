//! What a request sees of the configuration: one [`Snapshot`], taken when it enters (invariant 3).
//!
//! Immutable and swapped whole, by a reload as by a flip. There is no global: a snapshot is an argument.

use std::sync::Arc;

use crate::backend::Backend;
use crate::route::BackendId;

/// Backends, routes and modes at one moment.
#[derive(Debug)]
pub struct Snapshot {
    backends: Arc<[Arc<Backend>]>,
}

impl Snapshot {
    /// Of these.
    #[must_use]
    pub fn new(backends: Arc<[Arc<Backend>]>) -> Self {
        Self { backends }
    }

    /// The live backends, in the order in which legs name them.
    #[must_use]
    pub fn backends(&self) -> &Arc<[Arc<Backend>]> {
        &self.backends
    }

    /// The one a leg names.
    #[must_use]
    pub fn backend(&self, id: BackendId) -> Option<&Arc<Backend>> {
        self.backends.get(id.0)
    }
}
