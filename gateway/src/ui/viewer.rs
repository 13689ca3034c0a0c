//! Who looks at a page, and what they may do there. Who it is says the API's own [`access`](crate::admin::access); here that becomes what pages show.

use axum::extract::{Extension, Request};
use axum::middleware::Next;
use axum::response::Response;

use crate::control::fold::Open;
use crate::identity::{CsrfToken, How, Principal, Role, SHARED, WhoError};

/// Who looks.
#[derive(Debug, Clone)]
pub(super) struct Viewer {
    principal: Principal,
    /// As shown; none where it is not known, and a form must ask.
    pub(super) name: Option<String>,
    /// Their roles, or by what they came in.
    pub(super) role: String,
    /// Why they may not change anything; none if they may.
    pub(super) may_not_act: Option<String>,
    /// What forms carry where they come by a session.
    pub(super) csrf: Option<String>,
}

impl Viewer {
    /// Of somebody who is known.
    pub(super) fn of(principal: Principal) -> Self {
        let roles: Vec<&str> = principal.roles.iter().map(Role::as_str).collect();
        let named = principal.name != SHARED;
        Self {
            name: named.then(|| principal.display.clone()),
            role: if named {
                roles.join(", ")
            } else {
                principal.display.clone()
            },
            may_not_act: (!principal.has(Role::Operator)).then(|| {
                format!(
                    "Changes of modes want the role operator or admin; you have {}. Who has it can do this, or an administrator gives it to you in \
                     routes.toml, below [admin].",
                    if roles.is_empty() { "none".to_owned() } else { roles.join(", ") }
                )
            }),
            csrf: None,
            principal,
        }
    }

    /// Whether they have a role.
    pub(super) fn has(&self, role: Role) -> bool {
        self.principal.has(role)
    }

    /// Whether it is known who they are: a shared token does not say it.
    pub(super) fn is_somebody(&self) -> bool {
        self.principal.how != How::Shared
    }

    /// Whether they proposed it.
    pub(super) fn is_proposer(&self, open: &Open) -> bool {
        open.since.by == self.principal.name
    }

    /// Whether they proposed it or have signed it.
    pub(super) fn is_signed(&self, open: &Open) -> bool {
        open.is_signed_by(&self.principal.name)
    }

    /// Their name as it is printed.
    pub(super) fn printed(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// As the API's handlers want to know it.
    pub(super) fn principal(&self) -> Principal {
        self.principal.clone()
    }

    /// What the API wants as `who`: only the shared token does not say it.
    pub(super) fn said(&self, form: &str) -> Option<String> {
        (self.principal.name == SHARED).then(|| form.trim().to_owned())
    }

    /// Who stands in the log for what they do; `said` is what a form says.
    pub(super) fn who(&self, said: &str) -> Result<String, WhoError> {
        self.principal.who(self.said(said))
    }
}

/// Puts the [`Viewer`] among the extensions of a request of somebody who is known.
pub(super) async fn seen(
    Extension(principal): Extension<Principal>,
    csrf: Option<Extension<CsrfToken>>,
    mut request: Request,
    next: Next,
) -> Response {
    let csrf = csrf.map(|Extension(token)| token.as_str().to_owned());
    let viewer = Viewer {
        csrf,
        ..Viewer::of(principal)
    };
    request.extensions_mut().insert(viewer);
    next.run(request).await
}
