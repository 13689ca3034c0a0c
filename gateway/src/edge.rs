//! What holds for all clients, whatever their route: a part of the [`snapshot`](crate::snapshot), so that a reload changes it at once.

use crate::forwarded::Policy;

/// As the file says it; the default is a file that says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    /// Who is believed about the client, and what is sent on about it.
    pub forwarding: Policy,
}
