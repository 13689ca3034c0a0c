//! What is promised about a request that goes to a service behind Kafka. Pure.

use super::Taken;
use crate::outcome::Promise;
use crate::route::{Delivery, Leg, Side};

/// Nothing where it is asked once and answered once.
pub(super) fn of(leg: &Leg, taken: &Taken) -> Option<Box<Promise>> {
    let Delivery::Async(later) = &leg.delivery else {
        return None;
    };
    let back = taken
        .route
        .back
        .as_ref()
        .filter(|_| leg.side == Side::Modern);
    Some(Box::new(Promise {
        id: taken.id,
        fingerprint: None,
        owner: None,
        keep: later.keep,
        callback: None,
        group: back.map(|back| std::sync::Arc::clone(&back.group)),
    }))
}
