//! The handler: a reservation in, what is left out.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use service::{Answer, Handler, HandlerError, Json, Request, typed};
use tokio::sync::Notify;

use crate::store::Store;

/// How long a request waits for a database that is away before it is tried again.
const AGAIN: Duration = Duration::from_millis(200);

/// What is asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reservation {
    /// Of what.
    pub item: String,
    /// How many.
    pub quantity: u32,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// Of what.
    pub item: String,
    /// How many there are left.
    pub left: i64,
}

/// The handler over that store; `written` is told when there is something to relay.
pub fn handler(store: Arc<Store>, written: Arc<Notify>) -> impl Handler {
    typed(
        Json::<Reservation>::new(),
        Json::<Reserved>::new(),
        move |reservation: Reservation, request: Request| {
            reserve(
                Arc::clone(&store),
                Arc::clone(&written),
                reservation,
                request,
            )
        },
    )
}

async fn reserve(
    store: Arc<Store>,
    written: Arc<Notify>,
    reservation: Reservation,
    request: Request,
) -> Result<Answer<Reserved>, HandlerError> {
    let outcome = store.reserve(&request, &reservation).await;
    let (status, reserved) = outcome.map_err(|error| {
        tracing::warn!(error = %error, "the database did not take a reservation");
        HandlerError::retry(AGAIN, "the database is away")
    })?;
    written.notify_one();
    Ok(Answer::new(status, reserved))
}
