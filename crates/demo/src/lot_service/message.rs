//! What the service is asked and what it says: JSON with the names of the copybooks LOTIREQ, LOTIRSP, LOTUREQ and LOTURSP, so
//! that a gateway can turn it into their COMMAREAs by name.
//!
//! In: the body of a request. Out: a [`Request`]; and the body of a [`Reply`]. Numbers keep every digit and never pass through
//! a float. What is in a message reaches no error text.

use parsers::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::REGION;
use super::state::Header;
use crate::date::Day;
use crate::ledger::Posting;

/// A request that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// LOTI: about this lot.
    Inquiry {
        /// Lot number.
        lot: String,
    },
    /// LOTU: do this.
    Posting(Posting),
    /// A transaction of ours in another version, or none of ours.
    Unknown {
        /// Which form the reply must have.
        posting: bool,
    },
}

/// A body that is not the JSON of a request; which field is not said, as it would quote what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("wanted the JSON of LOTIREQ or LOTUREQ")]
pub struct Unreadable;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(rename = "LOTI-TRANSACTION")]
    inquiry: Option<String>,
    #[serde(rename = "LOTU-TRANSACTION")]
    posting: Option<String>,
    #[serde(rename = "LOTI-VERSION", alias = "LOTU-VERSION")]
    version: u8,
    #[serde(rename = "LOT-NUMBER")]
    lot: String,
    #[serde(rename = "LOTU-REFERENCE", default)]
    reference: String,
    #[serde(rename = "LOTU-ACTION", default)]
    action: String,
    #[serde(rename = "LOTU-QUANTITY", borrow, default)]
    quantity: Option<&'a RawValue>,
}

impl Request {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// It is not the JSON of a request.
    pub fn read(body: &[u8]) -> Result<Request, Unreadable> {
        let body: Body<'_> = serde_json::from_slice(body).map_err(|_| Unreadable)?;
        let posting = body.posting.is_some();
        let name = body.posting.or(body.inquiry).ok_or(Unreadable)?;
        let expected = if posting { "LOTU" } else { "LOTI" };
        if name.trim_end() != expected || body.version != 1 {
            return Ok(Request::Unknown { posting });
        }
        let lot = body.lot.trim_end().to_owned();
        if !posting {
            return Ok(Request::Inquiry { lot });
        }
        let quantity = match body.quantity {
            None => Decimal::new(0, 3),
            Some(raw) => thousandths(raw.get()).ok_or(Unreadable)?,
        };
        Ok(Request::Posting(Posting {
            reference: body.reference.trim_end().to_owned(),
            lot,
            action: body.action.trim_end().to_owned(),
            quantity: quantity.unscaled,
        }))
    }
}

/// A number with at most three decimal places, at three.
pub(super) fn thousandths(text: &str) -> Option<Decimal> {
    text.parse::<Decimal>().ok()?.rescale(3)
}

/// What the service says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// To an inquiry.
    Inquiry {
        /// Lot number as asked.
        lot: String,
        /// Return code and message.
        said: (u8, &'static str),
        /// What is known of the lot.
        found: Option<Box<Found>>,
    },
    /// To a posting.
    Posting {
        /// Reference and lot as asked.
        asked: (String, String),
        /// Return code and message.
        said: (u8, &'static str),
        /// `Y` posted now, `B` posted before, `N` not posted.
        posted: &'static str,
        /// What is on hand and the lot's state, as far as there is such a lot.
        on_hand: Decimal,
        /// The lot's state.
        state: String,
    },
}

/// A lot and what it is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its header.
    pub header: Header,
    /// Unit price; zero if there is none.
    pub price: Decimal,
    /// Value; zero if there is none.
    pub value: Decimal,
    /// Currency; blank if there is no price.
    pub currency: String,
}

#[derive(Serialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
struct InquiryBody<'a> {
    lot_number: &'a str,
    loti_return_code: u8,
    loti_message: &'a str,
    loti_region: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    loti_lot: Option<LotBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loti_valuation: Option<ValuationBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
struct LotBody<'a> {
    lot_material: &'a str,
    lot_plant: u32,
    lot_quantity_made: Box<RawValue>,
    lot_quantity_on_hand: Box<RawValue>,
    lot_unit: &'a str,
    lot_made_on: Option<String>,
    lot_expires_on: Option<String>,
    lot_retest_on: Option<String>,
    lot_storage: &'a str,
    lot_supplier: &'a str,
    lot_state: &'a str,
    lot_parent: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
struct ValuationBody<'a> {
    lot_unit_price: Box<RawValue>,
    lot_value: Box<RawValue>,
    lot_currency: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
struct PostingBody<'a> {
    lotu_reference: &'a str,
    lot_number: &'a str,
    lotu_return_code: u8,
    lotu_message: &'a str,
    lotu_region: &'a str,
    lotu_posted: &'a str,
    lot_quantity_on_hand: Box<RawValue>,
    lot_state: &'a str,
}

impl Reply {
    /// The body of the reply.
    pub fn to_json(&self) -> Vec<u8> {
        let written = match self {
            Reply::Inquiry { lot, said, found } => serde_json::to_vec(&InquiryBody {
                lot_number: lot,
                loti_return_code: said.0,
                loti_message: said.1,
                loti_region: REGION,
                loti_lot: found.as_ref().map(|found| lot_body(&found.header)),
                loti_valuation: found.as_ref().map(|found| ValuationBody {
                    lot_unit_price: raw(found.price),
                    lot_value: raw(found.value),
                    lot_currency: &found.currency,
                }),
            }),
            Reply::Posting {
                asked,
                said,
                posted,
                on_hand,
                state,
            } => serde_json::to_vec(&PostingBody {
                lotu_reference: &asked.0,
                lot_number: &asked.1,
                lotu_return_code: said.0,
                lotu_message: said.1,
                lotu_region: REGION,
                lotu_posted: posted,
                lot_quantity_on_hand: raw(*on_hand),
                lot_state: state,
            }),
        };
        written.expect("texts and numbers have a JSON")
    }
}

fn lot_body(header: &Header) -> LotBody<'_> {
    LotBody {
        lot_material: &header.material,
        lot_plant: header.plant,
        lot_quantity_made: raw(header.made),
        lot_quantity_on_hand: raw(header.on_hand),
        lot_unit: &header.unit,
        lot_made_on: header.made_on.map(Day::iso),
        lot_expires_on: header.expires_on.map(Day::iso),
        lot_retest_on: header.retest_on.map(Day::iso),
        lot_storage: &header.storage,
        lot_supplier: &header.supplier,
        lot_state: &header.state,
        lot_parent: header.parent.as_deref(),
    }
}

/// A number with all digits of its scale.
fn raw(number: Decimal) -> Box<RawValue> {
    RawValue::from_string(number.to_string()).expect("a decimal number is a JSON number")
}
