//! After a write: its client reads it again, from whatever gateway.

use crate::backend::Backend;
use crate::backend::view::{VERSION, version};
use crate::error::{GatewayError, Sent};
use crate::exchange::Done;
use crate::route::{Side, Written};
use crate::snapshot::Snapshot;

/// Gives the client a token to carry, or has the view remember the key, where legacy has executed the write or may have. Dropped half-way
/// the write is over, and other gateways may not know. What came of it goes in and out, so that no request keeps room for it meanwhile.
pub(super) async fn told(
    snapshot: &Snapshot,
    written: Written,
    key: Option<&[u8]>,
    mut done: Done,
) -> Done {
    let by_legacy = match &done.answer {
        Ok(_) => done.answered == Some(Side::Legacy),
        Err(error) => may_be_legacys(error),
    };
    if !by_legacy {
        return done;
    }
    match written {
        Written::Token => {
            if let Ok(response) = &mut done.answer {
                response.parts.headers.insert(VERSION, version());
            }
        }
        Written::Key(view) => {
            if let Some(Backend::View(view)) = snapshot.backend(view).map(|backend| &**backend) {
                view.wrote(key).await;
            }
        }
    }
    done
}

fn may_be_legacys(error: &GatewayError) -> bool {
    let side = match error {
        GatewayError::Backend { side, .. }
        | GatewayError::Status { side, .. }
        | GatewayError::BodyUnfinished { side, .. } => *side,
        _ => return false,
    };
    side == Side::Legacy && error.sent() == Sent::Maybe
}
