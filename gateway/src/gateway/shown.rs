//! What the admin API shows of a running gateway.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ops::shutdown::Shutdown;

use crate::admin::{BackendState, NoView, Subjects};
use crate::app::App;
use crate::back::Backs;
use crate::backend::view::View;
use crate::config::Resolved;
use crate::edge::Edge;
use crate::metrics::Taken;
use crate::rollout::{self, Rollouts};
use crate::route::{BackendId, Table};

/// The names of the backends in force, in the order of the file.
pub(super) type Names = Arc<ArcSwap<Vec<Arc<str>>>>;

/// Those of a configuration.
pub(super) fn names(resolved: &Resolved) -> Vec<Arc<str>> {
    let backends = resolved.backends.iter();
    backends.map(|named| Arc::clone(&named.name)).collect()
}

#[derive(Debug)]
pub(super) struct Shown {
    pub(super) app: Arc<App>,
    pub(super) names: Names,
    pub(super) backs: Backs,
    pub(super) rollouts: Rollouts,
    pub(super) shutdown: Shutdown,
}

impl Subjects for Shown {
    fn table(&self) -> Arc<Table> {
        Arc::clone(self.app.snapshot().table())
    }

    fn backend(&self, id: BackendId) -> Option<Arc<str>> {
        self.names.load().get(id.0).cloned()
    }

    fn backends(&self) -> Vec<BackendState> {
        let (names, snapshot) = (self.names.load(), self.app.snapshot());
        let named = names.iter().zip(snapshot.backends().iter());
        named
            .map(|(name, backend)| BackendState {
                name: Arc::clone(name),
                kind: backend.kind(),
                fleet: backend.fleet(),
                view: backend.view().map(View::state),
            })
            .collect()
    }

    fn rebuild(&self, backend: &str) -> Result<(), NoView> {
        let (names, snapshot) = (self.names.load(), self.app.snapshot());
        let mut named = names.iter().zip(snapshot.backends().iter());
        let found = named.find(|(name, _)| ***name == *backend);
        let (_, backend) = found.ok_or(NoView::Unknown)?;
        backend.view().ok_or(NoView::Other)?.rebuild();
        Ok(())
    }

    fn backs(&self) -> Option<&Backs> {
        Some(&self.backs)
    }

    fn rollouts(&self) -> Option<&Rollouts> {
        Some(&self.rollouts)
    }

    fn edge(&self) -> Arc<Edge> {
        self.app.snapshot().edge().shared()
    }

    fn ready(&self) -> Result<(), String> {
        if self.shutdown.has_begun() {
            Err("the gateway is shutting down".to_owned())
        } else {
            Ok(())
        }
    }

    fn taken(&self) -> Taken {
        self.app.metrics().taken()
    }

    fn metrics(&self) -> String {
        self.app.metrics().encode().unwrap_or_else(|error| {
            tracing::error!(%error, "metrics cannot be written");
            "# EOF\n".to_owned()
        })
    }
}

/// What plans are judged by.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) app: Arc<App>,
    pub(super) backs: Backs,
}

impl rollout::Subjects for Judged {
    fn table(&self) -> Arc<Table> {
        Arc::clone(self.app.snapshot().table())
    }

    fn parked(&self, group: &str) -> Option<u64> {
        let states = self.backs.states().into_iter();
        let mut of_group = states.filter(|state| *state.group == *group);
        of_group.next().map(|state| state.parked)
    }
}
