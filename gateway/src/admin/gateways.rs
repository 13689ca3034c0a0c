//! Which gateways are there and whose keys sign: for people, and what people change about it.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use http::StatusCode;

use super::Shared;
use super::api::{Answered, read};
use super::problem::Fault;
use super::view::{ChangeFleet, FleetChange, FleetView, GatewayView, KeyView};
use crate::control::command::What;
use crate::control::key::{KeyId, PublicKey};
use crate::control::{Control, Reasons};
use crate::identity::Principal;

pub(super) async fn shown(State(shared): State<Arc<Shared>>) -> Json<FleetView> {
    Json(view(&shared.control))
}

pub(super) async fn changed(
    State(shared): State<Arc<Shared>>,
    Extension(principal): Extension<Principal>,
    body: Result<Bytes, BytesRejection>,
) -> Answered<FleetView> {
    let request: ChangeFleet = read(body)?;
    let what = match request.change {
        FleetChange::Enrol { gateway, key } => What::Enrol {
            gateway,
            key: PublicKey::try_from(key).map_err(|error| wrong(&error))?,
        },
        FleetChange::Revoke { key } => What::Revoke {
            key: KeyId::try_from(key).map_err(|error| wrong(&error))?,
        },
        FleetChange::Admission { open } => What::Admission { open },
    };
    let reasons = Reasons {
        who: principal.who(request.who)?,
        why: request.why,
        reference: request.reference,
    };
    shared.control.change_fleet(what, reasons).await?;
    Ok(Json(view(&shared.control)))
}

fn wrong(error: &dyn std::error::Error) -> Fault {
    Fault::new(StatusCode::BAD_REQUEST, "bad_request", error.to_string())
}

pub(crate) fn view(control: &Control) -> FleetView {
    let state = control.state();
    let now = tokio::time::Instant::now();
    let others = control.fleet().others();
    let own = GatewayView {
        name: control.gateway().to_owned(),
        run: control.fleet().run().to_string(),
        key: control.key().id().to_string(),
        enrolled: state
            .signers()
            .signs(&control.key().id(), control.gateway()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: control.revision(),
        position: state.position(),
        heard_ms: 0,
    };
    let mut gateways: Vec<_> = others
        .into_iter()
        .map(|heard| GatewayView {
            heard_ms: u64::try_from(now.saturating_duration_since(heard.at).as_millis())
                .unwrap_or(u64::MAX),
            name: heard.word.gateway,
            run: heard.word.run.to_string(),
            key: heard.word.key.id().to_string(),
            enrolled: heard.known,
            version: heard.word.version,
            revision: heard.word.revision,
            position: heard.word.position,
        })
        .collect();
    gateways.push(own);
    gateways.sort_by(|one, other| (&one.name, &one.run).cmp(&(&other.name, &other.run)));
    let first = gateways.first().and_then(|first| first.position);
    FleetView {
        gateway: control.gateway().to_owned(),
        agree: gateways.iter().all(|one| one.position == first),
        gateways,
        open: state.signers().is_open(),
        keys: state
            .signers()
            .keys()
            .map(|(id, known)| KeyView {
                id: id.to_string(),
                key: known.key.to_string(),
                gateway: known.gateway.clone(),
                by: known.by.clone(),
                offset: known.offset,
                revoked: known.revoked,
            })
            .collect(),
    }
}
