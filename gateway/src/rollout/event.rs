//! What happens on a group's way, as CloudEvents: for people, for outside process engines, and for the gateway that goes on after this one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::judge::{Condition, Standing};
use crate::control::rfc3339;
use crate::evidence::totals::Totals;
use crate::mode::Mode;

/// What the types of all of them begin with.
pub const TYPE: &str = "figway.rollout.";
/// The media type of one (CloudEvents 1.0.2, JSON format 3).
pub const MEDIA_TYPE: &str = "application/cloudevents+json";

/// An event in CloudEvents' JSON form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// `1.0`.
    pub specversion: String,
    /// Its own.
    #[schemars(with = "String")]
    pub id: Uuid,
    /// `/figway/gateways/NAME`: who says so.
    pub source: String,
    /// [`TYPE`] and a word of [`What`].
    #[serde(rename = "type")]
    pub kind: String,
    /// The group.
    pub subject: String,
    /// When, RFC 3339, by that gateway's clock.
    pub time: String,
    /// `application/json`.
    pub datacontenttype: String,
    /// What is said.
    pub data: Data,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Data {
    /// The group's version.
    pub version: u64,
    /// Its mode.
    pub mode: Mode,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
    /// What had been counted when the group came to its mode; of `begun` only. Beside `what`, since numbers as names of members are read
    /// from the text alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub counted: Option<Box<Totals>>,
    /// What was judged, where it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// The group has come to its mode, and evidence counts from here.
    Begun,
    /// The plan says something else than before.
    Judged {
        /// What.
        standing: Standing,
    },
    /// The next step waits for a person.
    Proposed {
        /// The mode.
        to: Mode,
        /// The proposal.
        proposal: String,
    },
    /// What the plan had proposed is open no more.
    Withdrawn {
        /// The mode.
        to: Mode,
        /// Why.
        why: String,
    },
    /// The next step was made.
    Promoted {
        /// The mode.
        to: Mode,
    },
    /// The group went back.
    RolledBack {
        /// The mode.
        to: Mode,
        /// Why.
        why: String,
    },
    /// What was to be done was refused.
    Refused {
        /// The mode.
        to: Mode,
        /// Why.
        why: String,
    },
}

impl What {
    fn word(&self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Judged { .. } => "judged",
            Self::Proposed { .. } => "proposed",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Promoted { .. } => "promoted",
            Self::RolledBack { .. } => "rolled_back",
            Self::Refused { .. } => "refused",
        }
    }
}

impl Event {
    /// One of now.
    #[must_use]
    pub fn new(gateway: &str, group: &str, data: Data) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id: Uuid::new_v4(),
            source: format!("/figway/gateways/{gateway}"),
            kind: format!("{TYPE}{}", data.what.word()),
            subject: group.to_owned(),
            time: rfc3339(std::time::SystemTime::now()),
            datacontenttype: "application/json".to_owned(),
            data,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::evidence::totals::RouteTotals;

    #[test]
    fn what_was_counted_is_read_as_it_was_written() {
        let mut route = RouteTotals::default();
        route.legacy.answers = 3;
        route.legacy.latency.add(Duration::from_millis(7));
        let counted = Totals {
            routes: [("lot".to_owned(), route)].into_iter().collect(),
            ..Totals::default()
        };
        let data = Data {
            version: 3,
            mode: Mode::Shadow,
            what: What::Begun,
            counted: Some(Box::new(counted)),
            conditions: Vec::new(),
        };
        let event = Event::new("gw-1", "lots", data);
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
        assert_eq!(event.kind, "figway.rollout.begun");
    }
}
