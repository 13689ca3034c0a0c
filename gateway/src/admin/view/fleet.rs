//! The fleet as the API shows it, and as people change it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::command::Position;

/// `GET /v1/gateways`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FleetView {
    /// Which gateway says so.
    pub gateway: String,
    /// Whether all that are there have folded the same entries to the same hash.
    pub agree: bool,
    /// Those that are there, itself among them, by name.
    pub gateways: Vec<GatewayView>,
    /// Whether a gateway may enrol its own key.
    pub open: bool,
    /// The keys that the log knows, by their names.
    pub keys: Vec<KeyView>,
}

/// A gateway that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GatewayView {
    /// Its instance name.
    pub name: String,
    /// The process.
    pub run: String,
    /// The name of its key.
    pub key: String,
    /// Whether the log knows that key.
    pub enrolled: bool,
    /// Of the program.
    pub version: String,
    /// The revision of its file.
    pub revision: u64,
    /// The last entry it has folded.
    pub position: Option<Position>,
    /// How long ago it was heard of, in milliseconds.
    pub heard_ms: u64,
}

/// A key that the log knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyView {
    /// Its name.
    pub id: String,
    /// The public key, in base64.
    pub key: String,
    /// The gateway that it signs for.
    pub gateway: String,
    /// The gateway that enrolled it.
    pub by: String,
    /// The entry that did.
    pub offset: u64,
    /// The entry that revoked it, if one did.
    pub revoked: Option<u64>,
}

/// `POST /v1/gateways`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeFleet {
    /// What.
    pub change: FleetChange,
    /// Who wants it: needed with the shared token, which does not say who has it; whoever else asks may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// Why.
    pub why: String,
    /// A change reference.
    pub reference: Option<String>,
}

/// What is changed about the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FleetChange {
    /// A key signs for a gateway.
    Enrol {
        /// Its instance name.
        gateway: String,
        /// The public key, in base64.
        key: String,
    },
    /// A key signs for nobody any more.
    Revoke {
        /// Its name.
        key: String,
    },
    /// Whether gateways may enrol their own keys.
    Admission {
        /// Whether.
        open: bool,
    },
}
