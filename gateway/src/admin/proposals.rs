//! Proposals: opened, shown, approved, rejected and made. Who may is decided by [`Control`] and by what the request proves.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Extension, Path, State};
use http::StatusCode;
use jiff::Timestamp;

use super::Shared;
use super::api::{Answered, changed, named, proposal, read};
use super::problem::Fault;
use super::view::{
    ApprovalView, ApproveProposal, Approved, Changed, EventHappened, GroupView, ProposalView,
    Proposals, ProposeMode, RejectProposal,
};
use crate::control::command::CommandId;
use crate::control::fold::{GroupState, Open};
use crate::control::rules::Change;
use crate::control::{Control, Reasons, Refused, Signing};
use crate::identity::{How, Principal, Role};
use crate::mode::Mode;

/// Who signs has proved who they are no longer ago than this.
const FRESH: Duration = Duration::from_secs(15 * 60);

/// What waits for approval in a group.
pub(super) fn of(group: &str, known: &GroupState) -> Option<ProposalView> {
    let open = known.proposal.as_deref()?;
    Some(view(group, (known.version, known.mode), open))
}

/// The group's version and mode are those that it is for.
fn view(group: &str, (version, from): (u64, Mode), open: &Open) -> ProposalView {
    ProposalView {
        id: open.id.to_string(),
        group: group.to_owned(),
        version,
        from,
        to: open.to,
        accept_loss: open.accept_loss,
        approvals: open.approvals,
        wanting: open.wanting(),
        until: open.until.clone(),
        evidence: open.evidence.clone(),
        by: open.since.by.clone(),
        at: open.since.at.clone(),
        why: open.since.why.clone(),
        reference: open.since.change.clone(),
        approved: open
            .approved
            .iter()
            .map(|approval| ApprovalView {
                by: approval.since.by.clone(),
                name: approval.name.clone(),
                meaning: approval.meaning.clone(),
                at: approval.since.at.clone(),
                why: approval.since.why.clone(),
                reference: approval.since.change.clone(),
                authenticated: approval.authenticated.clone(),
                how: approval.by.clone(),
            })
            .collect(),
    }
}

pub(super) async fn listed(State(shared): State<Arc<Shared>>) -> Json<Proposals> {
    let state = shared.control.state();
    let open = state.groups().filter_map(|(group, known)| of(group, known));
    Json(Proposals {
        proposals: open.collect(),
    })
}

pub(crate) async fn opened(
    State(shared): State<Arc<Shared>>,
    Extension(principal): Extension<Principal>,
    group: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<ProposalView>), Fault> {
    let (group, request): (_, ProposeMode) = (named(group)?, read(body)?);
    let table = shared.subjects.table();
    let known = table.groups().iter().find(|known| *known.name == *group);
    if known.is_some_and(|known| known.approving.needed > 0) {
        is_somebody(&principal)?;
    }
    let wanted = proposal(
        &principal,
        &group,
        Change::Set(request.mode),
        request.change,
    )?;
    let open = shared.control.propose(wanted, request.evidence).await?;
    let view = view(&group, standing(&shared.control, &group), &open);
    Ok((StatusCode::CREATED, Json(view)))
}

pub(crate) async fn approved(
    State(shared): State<Arc<Shared>>,
    Extension(principal): Extension<Principal>,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Answered<Approved> {
    let (id, request): (_, ApproveProposal) = (given(id)?, read(body)?);
    is_somebody(&principal)?;
    if !principal.is_fresh(FRESH, Timestamp::now()) {
        let title = "it is too long ago that you proved who you are: log in again, then sign";
        return Err(Fault::new(
            StatusCode::FORBIDDEN,
            "wants_fresh_login",
            title,
        ));
    }
    let group = group_of(&shared.control, &id)?;
    // Once it is made the group has another.
    let before = standing(&shared.control, &group);
    let signing = Signing {
        group: group.clone(),
        proposal: id,
        who: principal.who(request.who)?,
        why: request.why,
        reference: request.reference,
        name: request.name,
        meaning: request.meaning,
        authenticated: principal.authenticated_at.into(),
        by: principal.how.as_str().to_owned(),
    };
    let came = shared.control.approve(signing).await?;
    let (made, not_made) = match came.made {
        None => (None, None),
        Some(Ok(accepted)) => (Some(changed(group.clone(), &accepted)), None),
        Some(Err(refused)) => (None, Some(Fault::from(refused).problem())),
    };
    Ok(Json(Approved {
        proposal: view(&group, before, &came.proposal),
        made,
        not_made,
    }))
}

pub(super) async fn made(
    State(shared): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
) -> Answered<Changed> {
    let id = given(id)?;
    let group = group_of(&shared.control, &id)?;
    let accepted = shared.control.make_approved(&group, &id).await?;
    Ok(Json(changed(group, &accepted)))
}

pub(crate) async fn rejected(
    State(shared): State<Arc<Shared>>,
    Extension(principal): Extension<Principal>,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Answered<Proposals> {
    let (id, request): (_, RejectProposal) = (given(id)?, read(body)?);
    let group = group_of(&shared.control, &id)?;
    let who = principal.who(request.who)?;
    let state = shared.control.state();
    let open = state
        .group(&group)
        .and_then(|known| known.proposal.as_deref());
    let own = open.is_some_and(|open| open.since.by == who);
    if !own && !principal.has(Role::Approver) {
        return Err(Fault::role(Role::Approver));
    }
    let reasons = Reasons {
        who,
        why: request.why,
        reference: request.reference,
    };
    shared.control.reject(group, id, reasons).await?;
    Ok(listed(State(shared)).await)
}

pub(super) async fn happened(
    State(shared): State<Arc<Shared>>,
    Extension(principal): Extension<Principal>,
    group: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Answered<GroupView> {
    let (group, request): (_, EventHappened) = (named(group)?, read(body)?);
    let reasons = Reasons {
        who: principal.who(request.who)?,
        why: request.why,
        reference: request.reference,
    };
    shared
        .control
        .happened(group.clone(), request.event, reasons)
        .await?;
    let mut groups = super::show::routes(&shared).groups.into_iter();
    let found = groups.find(|view| view.name == group);
    found
        .map(Json)
        .ok_or_else(|| Refused::UnknownGroup { group }.into())
}

/// The group's version and mode by the log.
fn standing(control: &Control, group: &str) -> (u64, Mode) {
    let state = control.state();
    let known = state.group(group);
    known.map_or((0, Mode::Legacy), |known| (known.version, known.mode))
}

/// A signature is a person's: of whoever has the token that all share nobody knows who it is.
fn is_somebody(principal: &Principal) -> Result<(), Fault> {
    if principal.how == How::Shared {
        let title = "a signature is a person's, and the shared token says nothing of who has it: give each person a token of their own ([[admin.people]])";
        return Err(Fault::new(StatusCode::FORBIDDEN, "wants_a_person", title));
    }
    Ok(())
}

fn given(id: Result<Path<String>, PathRejection>) -> Result<CommandId, Fault> {
    let Path(id) = id.map_err(|_| Fault::bad_request("the proposal's id is not UTF-8"))?;
    CommandId::try_from(id).map_err(|error| Fault::bad_request(error.to_string()))
}

fn group_of(control: &Control, id: &CommandId) -> Result<String, Fault> {
    let state = control.state();
    let open = |known: &GroupState| known.proposal.as_ref().is_some_and(|open| open.id == *id);
    let found = state.groups().find(|(_, known)| open(known));
    found
        .map(|(group, _)| group.to_owned())
        .ok_or_else(|| Refused::NoProposal { id: id.clone() }.into())
}
