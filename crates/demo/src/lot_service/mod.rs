//! The new lot service: answers what LOTI and LOTU answer, from topics instead of data sets.
//!
//! Its domain is pure: [`State`] folds the captured topics `pharma.lot` and `pharma.material` and the service's own events;
//! [`decide`] says what to reply to a request and which events follow. It was written from the copybooks and from what the
//! transactions are documented to do, not from the stand-in's code: the tests hold one against the other. A fault can be planted
//! in it ([`Rounding`]) as a port from COBOL really gets it wrong.

mod decide;
mod event;
mod message;
mod projection;
mod rounding;
mod service;
mod state;

pub use decide::{Decision, decide};
pub use event::Event;
pub use message::{Found, Reply, Request, Unreadable};
pub use projection::Projection;
pub use rounding::Rounding;
pub use service::{GROUP, LotService, REQUESTS};
pub use state::{Header, State};

/// Who says it answered, where legacy names its CICS region.
pub const REGION: &str = "LOTSVC";

/// Where the service's own events are.
pub const EVENTS: &str = "lot.events";
