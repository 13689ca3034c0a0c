//! What is promised about a request that goes to a service behind Kafka. Pure.

use std::sync::Arc;

use http::request::Parts;

use super::Taken;
use crate::error::{GatewayError, Kept};
use crate::outcome::Promise;
use crate::route::callback::NotAllowed;
use crate::route::idempotency::Once;
use crate::route::{Delivery, Leg, Side};

/// Nothing where it is asked once and answered once.
///
/// # Errors
/// It wants somebody called who may not be.
pub(super) fn of(
    leg: &Leg,
    taken: &Taken,
    parts: &Parts,
) -> Result<Option<Box<Promise>>, GatewayError> {
    let route = &taken.route;
    let later = match &leg.delivery {
        Delivery::Async(later) => Some(later),
        Delivery::Reply | Delivery::Forget(_) => None,
    };
    // What legacy executes it executes as often as it is asked.
    let once = parts.extensions.get::<Once>();
    let once = once.filter(|_| leg.side == Side::Modern);
    let rule = route.idempotency.as_ref().filter(|_| once.is_some());
    let keep = later.map(|later| later.keep);
    let Some(keep) = keep.max(rule.map(|rule| rule.keep)) else {
        return Ok(None);
    };
    let callback = later.and_then(|later| later.callback.as_ref());
    let callback = callback.map(|rule| rule.of(parts)).transpose();
    let callback = callback.map_err(|NotAllowed| GatewayError::Kept(Kept::Callback))?;
    let back = route.back.as_ref().filter(|_| leg.side == Side::Modern);
    Ok(Some(Box::new(Promise {
        id: once.map_or(taken.id, |once| once.id),
        fingerprint: once.map(|once| once.fingerprint),
        owner: once.and_then(|once| once.owner),
        keep,
        callback: callback.flatten(),
        group: back.map(|back| Arc::clone(&back.group)),
    })))
}
