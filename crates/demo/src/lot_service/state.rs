//! What the service knows: lots and prices as captured, and what it did itself since.
//!
//! In: records of the captured topics and of the service's own. Out: a lot's [`Header`] as it is now. A fold: the same records in
//! the same order per key give the same state. What legacy says of a lot stays the base; what was used here comes off it until
//! legacy's record has it too, and a decision taken here stands. Pure.

use std::collections::BTreeMap;

use parsers::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::event::Event;
use super::message::thousandths;
use crate::date::Day;
use crate::error::{Error, Kind, Result};
use crate::ledger::Ledger;

/// A lot as its header record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Material.
    pub material: String,
    /// Plant.
    pub plant: u32,
    /// Made, thousandths.
    pub made: Decimal,
    /// On hand, thousandths.
    pub on_hand: Decimal,
    /// Unit.
    pub unit: String,
    /// Made on.
    pub made_on: Option<Day>,
    /// Expires on.
    pub expires_on: Option<Day>,
    /// Retest on.
    pub retest_on: Option<Day>,
    /// Storage condition.
    pub storage: String,
    /// Supplier.
    pub supplier: String,
    /// `Q`, `R` or `X`.
    pub state: String,
    /// The lot it was made from.
    pub parent: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Own {
    used: Vec<Used>,
    decided: Option<String>,
}

/// Some of a lot that was used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Used {
    quantity: i128,
    /// What was on hand then.
    left: i128,
}

impl Own {
    /// What was used here and is not yet in legacy's record of the lot.
    ///
    /// What is used here goes back to legacy and comes from there again with the data set, whose records do not say who changed them. A
    /// quantity only ever falls: once legacy's is no higher than what a usage left here, legacy has that usage. It is taken for one that has
    /// it too early where others use as much of the lot at legacy itself before it has gone back, until the next generation.
    fn outstanding(&self, on_hand: i128) -> i128 {
        let outstanding = self.used.iter().filter(|used| used.left < on_hand);
        outstanding
            .map(|used| used.quantity)
            .fold(0, i128::saturating_add)
    }
}

/// The service's state. Holds one entry per lot and material of the topics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    lots: BTreeMap<String, Header>,
    prices: BTreeMap<String, (Decimal, String)>,
    own: BTreeMap<String, Own>,
    ledger: Ledger,
}

#[derive(Deserialize)]
struct Envelope<T> {
    after: Option<T>,
}

impl State {
    /// Takes a record of `pharma.lot`. Records other than headers say nothing the service needs.
    ///
    /// # Errors
    /// [`Kind::Config`] when it is none of that topic's.
    pub fn captured_lot(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        let key: LotKey = serde_json::from_slice(key).map_err(|_| unknown("pharma.lot"))?;
        if key.kind != "H" {
            return Ok(());
        }
        // A delete is followed by its tombstone, and either of them says that the lot is gone.
        let after = match value {
            None => None,
            Some(value) => {
                serde_json::from_slice::<Envelope<LotAfter<'_>>>(value)
                    .map_err(|_| unknown("pharma.lot"))?
                    .after
            }
        };
        match after {
            Some(after) => {
                let header = after
                    .header
                    .and_then(HeaderAfter::read)
                    .ok_or_else(|| unknown("pharma.lot"))?;
                self.lots.insert(key.lot, header);
            }
            None => {
                self.lots.remove(&key.lot);
            }
        }
        Ok(())
    }

    /// Takes a record of `pharma.material`.
    ///
    /// # Errors
    /// [`Kind::Config`] when it is none of that topic's.
    pub fn captured_material(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        let wrong = || unknown("pharma.material");
        let key: MaterialKey = serde_json::from_slice(key).map_err(|_| wrong())?;
        let after = match value {
            None => None,
            Some(value) => {
                serde_json::from_slice::<Envelope<MaterialAfter<'_>>>(value)
                    .map_err(|_| wrong())?
                    .after
            }
        };
        match after {
            Some(after) => {
                let prices = after.detail.ok_or_else(wrong)?.prices;
                let price = decimal(prices.standard, 2).ok_or_else(wrong)?;
                self.prices.insert(key.material, (price, prices.currency));
            }
            None => {
                self.prices.remove(&key.material);
            }
        }
        Ok(())
    }

    /// Takes an event of the service's own. One that was taken before changes nothing.
    pub fn happened(&mut self, event: &Event) {
        let posted = &event.0;
        if self.ledger.find(&posted.posting.reference).is_some() {
            return;
        }
        let own = self.own.entry(posted.posting.lot.clone()).or_default();
        match posted.posting.action.as_str() {
            "U" => own.used.push(Used {
                quantity: posted.posting.quantity,
                left: posted.on_hand.unscaled,
            }),
            decision => own.decided = Some(decision.to_owned()),
        }
        self.ledger.post(posted.clone());
    }

    /// Forgets what the service did itself; what legacy says stays.
    pub fn forget_own(&mut self) {
        self.own.clear();
        self.ledger = Ledger::default();
    }

    /// Notes that a posting was asked for again.
    pub fn repeated(&mut self, reference: &str) {
        self.ledger.repeated(reference);
    }

    /// A lot as it is now.
    pub fn lot(&self, lot: &str) -> Option<Header> {
        let mut header = self.lots.get(lot)?.clone();
        if let Some(own) = self.own.get(lot) {
            let on_hand = header.on_hand.unscaled;
            header.on_hand = Decimal::new(on_hand.saturating_sub(own.outstanding(on_hand)), 3);
            if let Some(decided) = &own.decided {
                header.state.clone_from(decided);
            }
        }
        Some(header)
    }

    /// Price and currency of a material.
    pub fn price(&self, material: &str) -> Option<&(Decimal, String)> {
        self.prices.get(material)
    }

    /// What the service posted.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How many lots and materials are known.
    pub fn sizes(&self) -> (usize, usize) {
        (self.lots.len(), self.prices.len())
    }
}

#[derive(Deserialize)]
struct LotKey {
    #[serde(rename = "LOT-NUMBER")]
    lot: String,
    #[serde(rename = "LOT-RECORD-TYPE")]
    kind: String,
}

#[derive(Deserialize)]
struct LotAfter<'a> {
    #[serde(rename = "LOT-HEADER", borrow)]
    header: Option<HeaderAfter<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
struct HeaderAfter<'a> {
    lot_material: String,
    lot_plant: u32,
    #[serde(borrow)]
    lot_quantity_made: &'a RawValue,
    #[serde(borrow)]
    lot_quantity_on_hand: &'a RawValue,
    lot_unit: String,
    lot_made_on: Option<i32>,
    lot_expires_on: Option<i32>,
    lot_retest_on: Option<i32>,
    lot_storage: String,
    lot_supplier: String,
    lot_state: String,
    lot_parent: Option<String>,
}

impl HeaderAfter<'_> {
    fn read(self) -> Option<Header> {
        Some(Header {
            material: self.lot_material,
            plant: self.lot_plant,
            made: thousandths(self.lot_quantity_made.get())?,
            on_hand: thousandths(self.lot_quantity_on_hand.get())?,
            unit: self.lot_unit,
            made_on: self.lot_made_on.map(Day),
            expires_on: self.lot_expires_on.map(Day),
            retest_on: self.lot_retest_on.map(Day),
            storage: self.lot_storage,
            supplier: self.lot_supplier,
            state: self.lot_state,
            parent: self.lot_parent,
        })
    }
}

#[derive(Deserialize)]
struct MaterialKey {
    #[serde(rename = "MAT-NUMBER")]
    material: String,
}

#[derive(Deserialize)]
struct MaterialAfter<'a> {
    #[serde(rename = "MAT-DETAIL", borrow)]
    detail: Option<Detail<'a>>,
}

#[derive(Deserialize)]
struct Detail<'a> {
    #[serde(rename = "MAT-PRICES", borrow)]
    prices: Prices<'a>,
}

#[derive(Deserialize)]
struct Prices<'a> {
    #[serde(rename = "MAT-STANDARD-PRICE", borrow)]
    standard: &'a RawValue,
    #[serde(rename = "MAT-CURRENCY")]
    currency: String,
}

fn decimal(raw: &RawValue, scale: i32) -> Option<Decimal> {
    raw.get().parse::<Decimal>().ok()?.rescale(scale)
}

/// What is in the record is not said.
fn unknown(topic: &str) -> Error {
    Error::new(
        Kind::Config,
        format!("wanted a record of {topic}, got something else"),
    )
}
