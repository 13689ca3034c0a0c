//! What a request sees of the configuration: one [`Snapshot`], taken when it enters (invariant 3).
//!
//! Immutable and swapped whole, by a reload as by a flip. There is no global: a snapshot is an argument.

use std::sync::Arc;

use crate::backend::Backend;
use crate::control::State;
use crate::edge::Live;
use crate::metrics::{Counts, Tallies};
use crate::mode::Mode;
use crate::route::{BackendId, Group, Route, Table};

/// Backends, routes and modes at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    table: Arc<Table>,
    backends: Arc<[Arc<Backend>]>,
    modes: Arc<State>,
    edge: Arc<Live>,
    tallies: Tallies,
    /// Of each group of the table: looked up once for all requests.
    in_force: Arc<[Mode]>,
    /// Of each group, where what is known of modes is too old, whether nobody answers.
    refused: Option<Arc<[bool]>>,
}

impl Snapshot {
    /// Of these; `backends` in the order in which the table's legs name them.
    #[must_use]
    pub fn new(table: Arc<Table>, backends: Arc<[Arc<Backend>]>, modes: Arc<State>) -> Self {
        Self {
            in_force: in_force(&table, &modes),
            refused: refused(&table, &modes),
            table,
            backends,
            modes,
            edge: Arc::default(),
            tallies: Tallies::default(),
        }
    }

    /// The same with other modes: a flip.
    #[must_use]
    pub fn with_modes(&self, modes: Arc<State>) -> Self {
        Self {
            in_force: in_force(&self.table, &modes),
            refused: refused(&self.table, &modes),
            modes,
            ..self.clone()
        }
    }

    /// The same with other routes and backends: a reload.
    #[must_use]
    pub fn with_table(&self, table: Arc<Table>, backends: Arc<[Arc<Backend>]>) -> Self {
        Self {
            in_force: in_force(&table, &self.modes),
            refused: refused(&table, &self.modes),
            table,
            backends,
            ..self.clone()
        }
    }

    /// The same with what else holds for clients: at the start, and at a reload.
    #[must_use]
    pub fn with_edge(&self, edge: Arc<Live>) -> Self {
        Self {
            edge,
            ..self.clone()
        }
    }

    /// What holds for all clients.
    #[must_use]
    pub fn edge(&self) -> &Arc<Live> {
        &self.edge
    }

    /// The same, counted there: at the start, and at a reload.
    #[must_use]
    pub fn with_tallies(&self, tallies: Tallies) -> Self {
        Self {
            tallies,
            ..self.clone()
        }
    }

    /// Where requests of a route are counted.
    #[must_use]
    pub fn counts(&self, route: &str) -> Counts {
        self.tallies.of(route)
    }

    /// The routes.
    #[must_use]
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The modes in force.
    #[must_use]
    pub fn modes(&self) -> &Arc<State> {
        &self.modes
    }

    /// The mode in force for a group of the table.
    #[must_use]
    pub fn mode(&self, group: &Group) -> Mode {
        self.modes.mode(group)
    }

    /// The mode in force for a route of the table.
    #[must_use]
    pub fn mode_of(&self, route: &Route) -> Mode {
        // Every route of a table has one of its groups.
        let mode = self.in_force.get(route.group.0);
        mode.copied().unwrap_or(Mode::Legacy)
    }

    /// Whether nobody answers requests of the route now: its group says so, and what is known of its mode is too old.
    #[must_use]
    pub fn is_refused(&self, route: &Route) -> bool {
        let refused = self.refused.as_ref();
        refused.is_some_and(|refused| refused.get(route.group.0).copied().unwrap_or(false))
    }

    /// The live backends, in the order in which legs name them.
    #[must_use]
    pub fn backends(&self) -> &Arc<[Arc<Backend>]> {
        &self.backends
    }

    /// The HTTP backend of that name.
    #[must_use]
    pub fn backend_named(&self, name: &str) -> Option<&Arc<Backend>> {
        let is_it = |backend: &&Arc<Backend>| match &***backend {
            Backend::Http(upstream) => **upstream.name() == *name,
            Backend::Kafka(_) | Backend::View(_) | Backend::Absent => false,
        };
        self.backends.iter().find(is_it)
    }

    /// The one a leg names.
    #[must_use]
    pub fn backend(&self, id: BackendId) -> Option<&Arc<Backend>> {
        self.backends.get(id.0)
    }
}

fn in_force(table: &Table, modes: &State) -> Arc<[Mode]> {
    table
        .groups()
        .iter()
        .map(|group| modes.mode(group))
        .collect()
}

fn refused(table: &Table, modes: &State) -> Option<Arc<[bool]>> {
    modes.is_stale().then(|| {
        let groups = table.groups().iter();
        groups.map(|group| modes.refuses(group)).collect()
    })
}
