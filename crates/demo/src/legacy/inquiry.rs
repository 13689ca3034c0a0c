//! Transaction LOTI, program QAC310: the lot's header, and what the lot is worth.
//!
//! In: the store and a COMMAREA (`LOTIREQ`). Out: a COMMAREA (`LOTIRSP`). Pure; whatever comes in, a COMMAREA comes out.

use parsers::{Decimal, Group};

use super::fields::{group, number, text};
use super::{REGION, Store};
use crate::error::{Error, Kind, Result};

/// What the fields of the lot's header are called in the answer as well.
const HEADER: [&str; 12] = [
    "LOT-MATERIAL",
    "LOT-PLANT",
    "LOT-QUANTITY-MADE",
    "LOT-QUANTITY-ON-HAND",
    "LOT-UNIT",
    "LOT-MADE-ON",
    "LOT-EXPIRES-ON",
    "LOT-RETEST-ON",
    "LOT-STORAGE",
    "LOT-SUPPLIER",
    "LOT-STATE",
    "LOT-PARENT",
];

/// What QAC310 does with that COMMAREA.
///
/// # Errors
/// [`Kind::Encode`] when the answer does not fit its copybook: a mistake of ours.
pub fn answer(store: &Store, commarea: &[u8]) -> Result<Vec<u8>> {
    let values = match request(store, commarea) {
        Ok(lot) => look_up(store, &lot),
        Err(wrong) => failed("", 12, wrong),
    };
    store
        .layouts()
        .loti_response
        .encode_values(&values)
        .map_err(|error| {
            Error::new(Kind::Encode, "an answer of LOTI does not fit LOTIRSP").because(error)
        })
}

fn request(store: &Store, commarea: &[u8]) -> std::result::Result<String, &'static str> {
    let layout = &store.layouts().loti_request;
    if commarea.len() != layout.min_len() {
        return Err("COMMAREA HAS THE WRONG LENGTH");
    }
    let Ok(record) = layout.decode(commarea) else {
        return Err("COMMAREA DOES NOT DECODE");
    };
    if text(&record.values, "LOTI-TRANSACTION") != "LOTI"
        || number(&record.values, "LOTI-VERSION", 0).unscaled != 1
    {
        return Err("WRONG TRANSACTION OR VERSION");
    }
    Ok(text(&record.values, "LOT-NUMBER"))
}

fn look_up(store: &Store, lot: &str) -> Group {
    let Some(record) = store.header(lot) else {
        return failed(lot, 8, "LOT NOT FOUND");
    };
    let Some(header) = group(&record, "LOT-HEADER") else {
        return failed(lot, 8, "LOT NOT FOUND");
    };
    let mut copy = Group::new();
    for name in HEADER {
        if let Some(value) = header.get(name) {
            copy.set(name, value.clone());
        }
    }
    let on_hand = number(header, "LOT-QUANTITY-ON-HAND", 3);
    let price = store.price(&text(header, "LOT-MATERIAL"));
    let worth = price.as_ref().map(|price| value(on_hand, price.price));
    let (code, message) = match worth {
        None => (4, "NO STANDARD PRICE"),
        Some(None) => (4, "VALUE TOO LARGE"),
        Some(Some(_)) => (0, ""),
    };
    let zero = Decimal::new(0, 2);
    let valuation = Group::new()
        .with(
            "LOT-UNIT-PRICE",
            price.as_ref().map_or(zero, |price| price.price),
        )
        .with("LOT-VALUE", worth.flatten().unwrap_or(zero))
        .with(
            "LOT-CURRENCY",
            price.map_or(String::new(), |price| price.currency),
        );
    said(lot, code, message)
        .with("LOTI-LOT", copy)
        .with("LOTI-VALUATION", valuation)
}

fn said(lot: &str, code: i64, message: &str) -> Group {
    Group::new()
        .with("LOT-NUMBER", lot)
        .with("LOTI-RETURN-CODE", code)
        .with("LOTI-MESSAGE", message)
        .with("LOTI-REGION", REGION)
}

fn failed(lot: &str, code: i64, message: &str) -> Group {
    said(lot, code, message)
}

/// `COMPUTE LOT-VALUE ROUNDED = LOT-QUANTITY-ON-HAND * LOT-UNIT-PRICE ON SIZE ERROR`: five decimal places to two. ROUNDED
/// without a mode is NEAREST-AWAY-FROM-ZERO (ISO/IEC 1989:2014, 14.7.4): as compilers do it, half a unit of the last place is
/// added away from zero and the rest cut. None on size error.
pub fn value(on_hand: Decimal, price: Decimal) -> Option<Decimal> {
    let product = on_hand.unscaled.checked_mul(price.unscaled)?;
    let half = if product < 0 { -500 } else { 500 };
    let rounded = product.checked_add(half)? / 1000;
    (rounded.unsigned_abs() < 10_u128.pow(15)).then(|| Decimal::new(rounded, 2))
}
