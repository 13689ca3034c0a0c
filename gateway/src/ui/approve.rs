//! What waits for approval in a group, and the forms that propose, approve and reject. Each form ends in the API's own handler, so that a
//! signature is asked for, judged and written the same way wherever it comes from.

use std::sync::Arc;
use std::time::SystemTime;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::text::{self, When};
use super::viewer::Viewer;
use super::{missing, standing, wish};
use crate::admin::problem::Fault;
use crate::admin::view::{ApproveProposal, ChangeRequest, ProposeMode, RejectProposal};
use crate::admin::{Shared, proposals};
use crate::control::fold::Open;
use crate::identity::Role;
use crate::mode::Mode;

/// What waits for approval.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: String,
    pub(super) to: Mode,
    pub(super) glyph: &'static str,
    pub(super) told: String,
    pub(super) by: String,
    pub(super) at: When,
    pub(super) until: When,
    pub(super) why: String,
    pub(super) change: Option<String>,
    pub(super) evidence: Option<String>,
    pub(super) loss: Option<String>,
    pub(super) needed: u8,
    pub(super) wanting: usize,
    pub(super) signed: Vec<Signed>,
    /// Why this person may not sign; none if they may.
    pub(super) may_not_sign: Option<String>,
    /// They may take it away: it is theirs, or they may approve.
    pub(super) may_reject: bool,
}

/// A signature.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) name: String,
    pub(super) by: String,
    pub(super) meaning: String,
    pub(super) why: String,
    pub(super) at: When,
    pub(super) how: String,
}

impl Waiting {
    pub(super) fn of(open: &Open, viewer: &Viewer, now: SystemTime) -> Self {
        let own = viewer.is_signed(open);
        let may_not_sign = if !viewer.has(Role::Approver) {
            Some("Signing wants the role approver, which you have not.".to_owned())
        } else if own {
            Some("You have proposed or signed it already: another person must.".to_owned())
        } else if !viewer.is_somebody() {
            Some("A token that all share signs nothing: sign in as yourself.".to_owned())
        } else {
            None
        };
        Self {
            id: open.id.to_string(),
            to: open.to,
            glyph: standing::glyph(open.to),
            told: wish::told(open.to),
            by: open.since.by.clone(),
            at: When::of_text(&open.since.at, now),
            until: When::of_text(&open.until, now),
            why: open.since.why.clone(),
            change: open.since.change.clone(),
            evidence: open.evidence.clone(),
            loss: open.accept_loss.map(|loss| loss.to_string()),
            needed: open.approvals,
            wanting: open.wanting(),
            signed: open
                .approved
                .iter()
                .map(|approval| Signed {
                    name: approval.name.clone(),
                    by: approval.since.by.clone(),
                    meaning: approval.meaning.clone(),
                    why: approval.since.why.clone(),
                    at: When::of_text(&approval.since.at, now),
                    how: approval.by.clone(),
                })
                .collect(),
            may_reject: viewer.has(Role::Approver) || viewer.is_proposer(open),
            may_not_sign,
        }
    }
}

/// What a form about a proposal says.
#[derive(Debug, Deserialize)]
pub(super) struct Signature {
    #[serde(default)]
    name: String,
    #[serde(default)]
    meaning: String,
    #[serde(default)]
    why: String,
    #[serde(default)]
    change: String,
}

fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// As the API takes it.
fn body(request: &impl Serialize) -> Bytes {
    serde_json::to_vec(request)
        .map(Bytes::from)
        .unwrap_or_default()
}

/// Puts a change to others; who may is asked as for the change itself.
pub(super) async fn propose(
    shared: Arc<Shared>,
    viewer: Viewer,
    group: String,
    mode: Mode,
    change: ChangeRequest,
) -> Response {
    let request = ProposeMode {
        mode,
        evidence: None,
        change,
    };
    let principal = Extension(viewer.principal());
    let named = Ok(Path(group.clone()));
    let came = proposals::opened(
        State(Arc::clone(&shared)),
        principal,
        named,
        Ok(body(&request)),
    );
    match came.await {
        Ok(_) => back(&group),
        Err(fault) => refused(&shared, viewer, fault),
    }
}

pub(super) async fn approve(
    State(shared): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    Path((group, id)): Path<(String, String)>,
    sent: Result<Form<Signature>, FormRejection>,
) -> Response {
    let Ok(Form(signature)) = sent else {
        return missing::broken(&shared, viewer);
    };
    if !viewer.has(Role::Approver) {
        return refused(&shared, viewer, Fault::role(Role::Approver));
    }
    let request = ApproveProposal {
        who: None,
        name: signature.name.trim().to_owned(),
        meaning: signature.meaning.trim().to_owned(),
        why: signature.why.trim().to_owned(),
        reference: some(&signature.change),
    };
    let principal = Extension(viewer.principal());
    let came = proposals::approved(
        State(Arc::clone(&shared)),
        principal,
        Ok(Path(id)),
        Ok(body(&request)),
    )
    .await;
    match came {
        Ok(came) => match came.0.not_made {
            Some(problem) => {
                let text = format!(
                    "Your signature counts. The change could not be made yet: {}.",
                    problem.title
                );
                missing::said(&shared, viewer, StatusCode::CONFLICT, "Signed", &text)
            }
            None => back(&group),
        },
        Err(fault) => refused(&shared, viewer, fault),
    }
}

pub(super) async fn reject(
    State(shared): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    Path((group, id)): Path<(String, String)>,
    sent: Result<Form<Signature>, FormRejection>,
) -> Response {
    let Ok(Form(signature)) = sent else {
        return missing::broken(&shared, viewer);
    };
    let request = RejectProposal {
        who: viewer.said(""),
        why: signature.why.trim().to_owned(),
        reference: some(&signature.change),
    };
    let principal = Extension(viewer.principal());
    let came = proposals::rejected(
        State(Arc::clone(&shared)),
        principal,
        Ok(Path(id)),
        Ok(body(&request)),
    )
    .await;
    match came {
        Ok(_) => back(&group),
        Err(fault) => refused(&shared, viewer, fault),
    }
}

fn back(group: &str) -> Response {
    Redirect::to(&format!("/ui/groups/{}", text::segment(group))).into_response()
}

fn refused(shared: &Shared, viewer: Viewer, fault: Fault) -> Response {
    let problem = fault.problem();
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::CONFLICT);
    let text = format!("{}. Nothing has changed.", problem.title);
    missing::said(shared, viewer, status, "Refused", &text)
}
