//! What the service itself did to a lot: one event per posting, in the service's own topic.
//!
//! In and out: JSON with a version. A reader that does not know the version stops.

use parsers::Decimal;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::ledger::{Posted, Posting};

const VERSION: u32 = 1;

/// A posting that was executed by the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event(pub Posted);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    version: u32,
    reference: String,
    lot: String,
    action: String,
    /// Thousandths; a text, as numbers of this size do not survive every JSON reader.
    quantity: String,
    on_hand: String,
    state: String,
}

impl Event {
    /// The key of its record: the lot.
    pub fn key(&self) -> &str {
        &self.0.posting.lot
    }

    /// The value of its record.
    ///
    /// # Errors
    /// [`Kind::Encode`]: a mistake of ours.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        let posted = &self.0;
        let text = Text {
            version: VERSION,
            reference: posted.posting.reference.clone(),
            lot: posted.posting.lot.clone(),
            action: posted.posting.action.clone(),
            quantity: Decimal::new(posted.posting.quantity, 3).to_string(),
            on_hand: posted.on_hand.to_string(),
            state: posted.state.clone(),
        };
        serde_json::to_vec(&text)
            .map_err(|error| Error::new(Kind::Encode, "an event has no JSON").because(error))
    }

    /// Reads the value of a record.
    ///
    /// # Errors
    /// [`Kind::Config`] when it is no event of a version known here.
    pub fn from_json(json: &[u8]) -> Result<Event> {
        let wrong = || {
            Error::new(
                Kind::Config,
                "wanted an event of the lot service, version 1",
            )
        };
        // The cause would quote what is in the event.
        let text: Text = serde_json::from_slice(json).map_err(|_| wrong())?;
        if text.version != VERSION {
            return Err(Error::new(
                Kind::Config,
                format!(
                    "wanted an event of version {VERSION}, got version {}",
                    text.version
                ),
            ));
        }
        let thousandths = |text: &str| {
            let number: Decimal = text.parse().map_err(|_| wrong())?;
            number.rescale(3).ok_or_else(wrong)
        };
        Ok(Event(Posted {
            posting: Posting {
                reference: text.reference,
                lot: text.lot,
                action: text.action,
                quantity: thousandths(&text.quantity)?.unscaled,
            },
            on_hand: thousandths(&text.on_hand)?,
            state: text.state,
            repeats: 0,
        }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_back_and_another_version_stops() {
        let event = Event(Posted {
            posting: Posting {
                reference: "R1".to_owned(),
                lot: "L26000000001".to_owned(),
                action: "U".to_owned(),
                quantity: 1_500,
            },
            on_hand: Decimal::new(-12_345_678_901_234, 3),
            state: "R".to_owned(),
            repeats: 0,
        });
        let json = event.to_json().unwrap();
        assert_eq!(
            String::from_utf8(json.clone()).unwrap(),
            r#"{"version":1,"reference":"R1","lot":"L26000000001","action":"U","quantity":"1.500","on_hand":"-12345678901.234","state":"R"}"#
        );
        assert_eq!(Event::from_json(&json).unwrap(), event);
        let newer = String::from_utf8(json).unwrap().replace(":1,", ":2,");
        let error = Event::from_json(newer.as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "wanted an event of version 1, got version 2"
        );
    }
}
