//! Requests as the company's terminals send them: COMMAREAs of LOTI and LOTU.
//!
//! In: who asks, about which lot, what to do. Out: bytes. Pure.

use std::sync::Arc;

use parsers::{Decimal, Group, Layout};

use crate::area::Area;
use crate::error::{Error, Kind, Result};
use crate::ledger::Posting;

/// Makes requests.
#[derive(Debug, Clone)]
pub struct Terminal {
    inquiry: Arc<Layout>,
    posting: Arc<Layout>,
}

/// Who sits there.
const USER: &str = "TERM0042";

impl Terminal {
    /// A terminal.
    ///
    /// # Errors
    /// [`Kind::Config`] when a copybook does not resolve.
    pub fn new() -> Result<Terminal> {
        Ok(Terminal {
            inquiry: Area::LotiRequest.layout()?,
            posting: Area::LotuRequest.layout()?,
        })
    }

    /// LOTI about that lot.
    ///
    /// # Errors
    /// [`Kind::Encode`] when the number is longer than the field.
    pub fn inquiry(&self, lot: &str) -> Result<Vec<u8>> {
        let values = Group::new()
            .with("LOTI-TRANSACTION", "LOTI")
            .with("LOTI-VERSION", 1)
            .with("LOTI-USER", USER)
            .with("LOT-NUMBER", lot);
        encode(&self.inquiry, &values)
    }

    /// LOTU with that posting.
    ///
    /// # Errors
    /// [`Kind::Encode`] when a value does not fit its field.
    pub fn posting(&self, posting: &Posting) -> Result<Vec<u8>> {
        let values = Group::new()
            .with("LOTU-TRANSACTION", "LOTU")
            .with("LOTU-VERSION", 1)
            .with("LOTU-USER", USER)
            .with("LOTU-REFERENCE", posting.reference.as_str())
            .with("LOT-NUMBER", posting.lot.as_str())
            .with("LOTU-ACTION", posting.action.as_str())
            .with("LOTU-QUANTITY", Decimal::new(posting.quantity, 3));
        encode(&self.posting, &values)
    }
}

fn encode(layout: &Layout, values: &Group) -> Result<Vec<u8>> {
    layout.encode_values(values).map_err(|error| {
        Error::new(
            Kind::Encode,
            format!("a request does not fit {}", layout.name()),
        )
        .because(error)
    })
}
