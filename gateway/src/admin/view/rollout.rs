//! Plans of groups as the API shows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rollout::Shown;
use crate::rollout::event::Event;

/// `GET /v1/rollouts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RolloutsView {
    /// The instance name of the gateway that answers.
    pub gateway: String,
    /// Each group that has a plan, by name.
    pub rollouts: Vec<Shown>,
}

/// `GET /v1/rollouts/events?group=NAME&limit=COUNT`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RolloutEvents {
    /// The latest, the last one first.
    pub events: Vec<Event>,
}
