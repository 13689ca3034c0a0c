//! The COMMAREAs of the two transactions LOTI and LOTU, as their copybooks lie in `copybooks/` when this is built.
//!
//! In: nothing. Out: layouts, and the texts themselves for a folder of its own. Reads no file.

use std::sync::Arc;

use parsers::{CodePage, Layout};

use crate::copybook;
use crate::error::Result;

/// One COMMAREA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Area {
    /// Lot inquiry, request.
    LotiRequest,
    /// Lot inquiry, response.
    LotiResponse,
    /// Lot usage and QA decision, request.
    LotuRequest,
    /// Lot usage and QA decision, response.
    LotuResponse,
}

impl Area {
    /// All of them.
    pub const ALL: [Area; 4] = [
        Area::LotiRequest,
        Area::LotiResponse,
        Area::LotuRequest,
        Area::LotuResponse,
    ];

    /// The copybook's name: `LOTIREQ`.
    pub fn name(self) -> &'static str {
        match self {
            Area::LotiRequest => "LOTIREQ",
            Area::LotiResponse => "LOTIRSP",
            Area::LotuRequest => "LOTUREQ",
            Area::LotuResponse => "LOTURSP",
        }
    }

    /// The copybook's text.
    pub fn copybook(self) -> &'static str {
        match self {
            Area::LotiRequest => include_str!("../../../copybooks/LOTIREQ.cpy"),
            Area::LotiResponse => include_str!("../../../copybooks/LOTIRSP.cpy"),
            Area::LotuRequest => include_str!("../../../copybooks/LOTUREQ.cpy"),
            Area::LotuResponse => include_str!("../../../copybooks/LOTURSP.cpy"),
        }
    }

    /// The text of its meaning file.
    pub fn meaning(self) -> &'static str {
        match self {
            Area::LotiRequest => include_str!("../../../copybooks/LOTIREQ.meaning.toml"),
            Area::LotiResponse => include_str!("../../../copybooks/LOTIRSP.meaning.toml"),
            Area::LotuRequest => include_str!("../../../copybooks/LOTUREQ.meaning.toml"),
            Area::LotuResponse => include_str!("../../../copybooks/LOTURSP.meaning.toml"),
        }
    }

    /// Its layout, code page cp037.
    ///
    /// # Errors
    /// [`crate::Kind::Config`] when the copybook or its meaning do not resolve.
    pub fn layout(self) -> Result<Arc<Layout>> {
        copybook::compile(
            self.name(),
            self.copybook(),
            self.meaning(),
            CodePage::Cp037,
        )
    }
}
