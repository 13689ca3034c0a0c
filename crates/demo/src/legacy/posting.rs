//! Transaction LOTU, program QAC320: some of a lot is used, or QA decides about it.
//!
//! In: the store and a COMMAREA (`LOTUREQ`). Out: a COMMAREA (`LOTURSP`), and the lot's record rewritten. A reference that was
//! posted before is answered, not posted again. The QA release record itself is written by the night's batch, not here.

use parsers::{Decimal, Group, Value};

use super::fields::{group, number, text};
use super::{REGION, Store};
use crate::error::{Error, Kind, Result};
use crate::ledger::{Posted, Posting};

/// What the caller hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) code: i64,
    pub(super) message: &'static str,
    pub(super) posted: &'static str,
    pub(super) on_hand: Decimal,
    pub(super) state: String,
}

/// What QAC320 does with that COMMAREA.
///
/// # Errors
/// [`Kind::Encode`] when the answer or the rewritten record does not fit its copybook: a mistake of ours.
pub fn answer(store: &mut Store, commarea: &[u8]) -> Result<Vec<u8>> {
    let (posting, said) = match request(store, commarea) {
        Ok(posting) => {
            let said = post(store, &posting)?;
            (posting, said)
        }
        Err(wrong) => (blank(), Said::not_posted(12, wrong)),
    };
    let values = Group::new()
        .with("LOTU-REFERENCE", posting.reference)
        .with("LOT-NUMBER", posting.lot)
        .with("LOTU-RETURN-CODE", said.code)
        .with("LOTU-MESSAGE", said.message)
        .with("LOTU-REGION", REGION)
        .with("LOTU-POSTED", said.posted)
        .with("LOT-QUANTITY-ON-HAND", said.on_hand)
        .with("LOT-STATE", said.state);
    store
        .layouts()
        .lotu_response
        .encode_values(&values)
        .map_err(|error| {
            Error::new(Kind::Encode, "an answer of LOTU does not fit LOTURSP").because(error)
        })
}

fn blank() -> Posting {
    Posting {
        reference: String::new(),
        lot: String::new(),
        action: String::new(),
        quantity: 0,
    }
}

fn request(store: &Store, commarea: &[u8]) -> std::result::Result<Posting, &'static str> {
    let layout = &store.layouts().lotu_request;
    if commarea.len() != layout.min_len() {
        return Err("COMMAREA HAS THE WRONG LENGTH");
    }
    let Ok(record) = layout.decode(commarea) else {
        return Err("COMMAREA DOES NOT DECODE");
    };
    let values = &record.values;
    if text(values, "LOTU-TRANSACTION") != "LOTU" || number(values, "LOTU-VERSION", 0).unscaled != 1
    {
        return Err("WRONG TRANSACTION OR VERSION");
    }
    Ok(Posting {
        reference: text(values, "LOTU-REFERENCE"),
        lot: text(values, "LOT-NUMBER"),
        action: text(values, "LOTU-ACTION"),
        quantity: number(values, "LOTU-QUANTITY", 3).unscaled,
    })
}

/// Executes a posting, once.
pub(super) fn post(store: &mut Store, posting: &Posting) -> Result<Said> {
    if posting.reference.is_empty() {
        return Ok(Said::not_posted(12, "REFERENCE IS MISSING"));
    }
    if let Some(earlier) = store.ledger().find(&posting.reference) {
        if earlier.posting != *posting {
            return Ok(Said::not_posted(
                20,
                "REFERENCE WAS USED FOR SOMETHING ELSE",
            ));
        }
        let said = Said {
            code: 0,
            message: "",
            posted: "B",
            on_hand: earlier.on_hand,
            state: earlier.state.clone(),
        };
        store.ledger_mut().repeated(&posting.reference);
        return Ok(said);
    }
    let Some(mut record) = store.header(&posting.lot) else {
        return Ok(Said::not_posted(8, "LOT NOT FOUND"));
    };
    let Some(Value::Group(header)) = record.get_mut("LOT-HEADER") else {
        return Ok(Said::not_posted(8, "LOT NOT FOUND"));
    };
    let on_hand = number(header, "LOT-QUANTITY-ON-HAND", 3);
    let state = text(header, "LOT-STATE");
    let refused = |code, message| {
        Ok(Said {
            on_hand,
            state: state.clone(),
            ..Said::not_posted(code, message)
        })
    };
    let (after, next) = match posting.action.as_str() {
        "U" if posting.quantity <= 0 => return refused(12, "QUANTITY MUST BE ABOVE ZERO"),
        "U" if state != "R" => return refused(20, "LOT IS NOT RELEASED"),
        "U" if on_hand.unscaled < posting.quantity => return refused(20, "NOT ENOUGH ON HAND"),
        "U" => (
            Decimal::new(on_hand.unscaled - posting.quantity, 3),
            state.clone(),
        ),
        "R" | "X" if posting.quantity != 0 => return refused(12, "QUANTITY MUST BE ZERO"),
        "R" | "X" if state != "Q" => return refused(20, "LOT IS DECIDED ALREADY"),
        "R" | "X" => (on_hand, posting.action.clone()),
        _ => return refused(12, "UNKNOWN ACTION"),
    };
    header.set("LOT-QUANTITY-ON-HAND", after);
    header.set("LOT-STATE", next.clone());
    store.rewrite_header(&posting.lot, record)?;
    store.ledger_mut().post(Posted {
        posting: posting.clone(),
        on_hand: after,
        state: next.clone(),
        repeats: 0,
    });
    Ok(Said {
        code: 0,
        message: "",
        posted: "Y",
        on_hand: after,
        state: next,
    })
}

impl Said {
    fn not_posted(code: i64, message: &'static str) -> Said {
        Said {
            code,
            message,
            posted: "N",
            on_hand: Decimal::new(0, 3),
            state: String::new(),
        }
    }
}

/// The lot's on-hand quantity as its record has it, for whoever wants to see what a posting did.
pub fn on_hand(store: &Store, lot: &str) -> Option<Decimal> {
    let record = store.header(lot)?;
    group(&record, "LOT-HEADER").map(|header| number(header, "LOT-QUANTITY-ON-HAND", 3))
}
