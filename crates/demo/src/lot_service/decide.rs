//! What the service answers, and what follows from it. Pure.

use parsers::Decimal;

use super::event::Event;
use super::message::{Found, Reply, Request};
use super::rounding::Rounding;
use super::state::State;
use crate::ledger::{Posted, Posting};

/// A reply and the events that must be stored with it, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What the caller hears.
    pub reply: Reply,
    /// What happened; nothing for a read, a refusal, a repetition.
    pub events: Vec<Event>,
}

/// Answers a request from the state. Changes nothing.
pub fn decide(state: &State, request: &Request, rounding: Rounding) -> Decision {
    match request {
        Request::Inquiry { lot } => Decision {
            reply: inquire(state, lot, rounding),
            events: Vec::new(),
        },
        Request::Posting(posting) => post(state, posting),
        Request::Unknown { posting: false } => Decision {
            reply: Reply::Inquiry {
                lot: String::new(),
                said: (12, "WRONG TRANSACTION OR VERSION"),
                found: None,
            },
            events: Vec::new(),
        },
        Request::Unknown { posting: true } => refuse(
            (String::new(), String::new()),
            12,
            "WRONG TRANSACTION OR VERSION",
            None,
        ),
    }
}

fn inquire(state: &State, lot: &str, rounding: Rounding) -> Reply {
    let Some(header) = state.lot(lot) else {
        return Reply::Inquiry {
            lot: lot.to_owned(),
            said: (8, "LOT NOT FOUND"),
            found: None,
        };
    };
    let zero = Decimal::new(0, 2);
    let (said, price, value, currency) = match state.price(&header.material) {
        None => ((4, "NO STANDARD PRICE"), zero, zero, String::new()),
        Some((price, currency)) => match rounding.value(header.on_hand, *price) {
            None => ((4, "VALUE TOO LARGE"), *price, zero, currency.clone()),
            Some(value) => ((0, ""), *price, value, currency.clone()),
        },
    };
    Reply::Inquiry {
        lot: lot.to_owned(),
        said,
        found: Some(Box::new(Found {
            header,
            price,
            value,
            currency,
        })),
    }
}

fn post(state: &State, posting: &Posting) -> Decision {
    let asked = || (posting.reference.clone(), posting.lot.clone());
    if posting.reference.is_empty() {
        return refuse(asked(), 12, "REFERENCE IS MISSING", None);
    }
    if let Some(before) = state.ledger().find(&posting.reference) {
        return if before.posting == *posting {
            done(before, "B", Vec::new())
        } else {
            refuse(asked(), 20, "REFERENCE WAS USED FOR SOMETHING ELSE", None)
        };
    }
    let Some(header) = state.lot(&posting.lot) else {
        return refuse(asked(), 8, "LOT NOT FOUND", None);
    };
    let lot = Some((header.on_hand, header.state.clone()));
    let left = header.on_hand.unscaled.checked_sub(posting.quantity);
    let (on_hand, next) = match (posting.action.as_str(), header.state.as_str(), left) {
        ("U", ..) if posting.quantity <= 0 => {
            return refuse(asked(), 12, "QUANTITY MUST BE ABOVE ZERO", lot);
        }
        ("U", "R", Some(left)) if left >= 0 => (Decimal::new(left, 3), "R"),
        ("U", "R", _) => return refuse(asked(), 20, "NOT ENOUGH ON HAND", lot),
        ("U", ..) => return refuse(asked(), 20, "LOT IS NOT RELEASED", lot),
        ("R" | "X", ..) if posting.quantity != 0 => {
            return refuse(asked(), 12, "QUANTITY MUST BE ZERO", lot);
        }
        (decision @ ("R" | "X"), "Q", _) => (header.on_hand, decision),
        ("R" | "X", ..) => return refuse(asked(), 20, "LOT IS DECIDED ALREADY", lot),
        _ => return refuse(asked(), 12, "UNKNOWN ACTION", lot),
    };
    let posted = Posted {
        posting: posting.clone(),
        on_hand,
        state: next.to_owned(),
        repeats: 0,
    };
    done(&posted, "Y", vec![Event(posted.clone())])
}

fn done(posted: &Posted, how: &'static str, events: Vec<Event>) -> Decision {
    Decision {
        reply: Reply::Posting {
            asked: (posted.posting.reference.clone(), posted.posting.lot.clone()),
            said: (0, ""),
            posted: how,
            on_hand: posted.on_hand,
            state: posted.state.clone(),
        },
        events,
    }
}

fn refuse(
    asked: (String, String),
    code: u8,
    message: &'static str,
    lot: Option<(Decimal, String)>,
) -> Decision {
    let (on_hand, state) = lot.unwrap_or((Decimal::new(0, 3), String::new()));
    Decision {
        reply: Reply::Posting {
            asked,
            said: (code, message),
            posted: "N",
            on_hand,
            state,
        },
        events: Vec::new(),
    }
}
