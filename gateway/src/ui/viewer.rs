//! Who looks at a page, and what they may do there. Who it is says the API's own [`access`](crate::admin::access); here that becomes what pages show.

use axum::extract::{Extension, Request};
use axum::middleware::Next;
use axum::response::Response;

use crate::identity::{How, Principal, Role, WhoError};

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
}

impl Viewer {
    /// Of somebody who is known.
    pub(super) fn of(principal: Principal) -> Self {
        let roles: Vec<&str> = principal.roles.iter().map(Role::as_str).collect();
        let named = principal.how != How::Shared;
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
            principal,
        }
    }

    /// Who stands in the log for what they do; `said` is what a form says.
    pub(super) fn who(&self, said: &str) -> Result<String, WhoError> {
        let said = (self.principal.how == How::Shared).then(|| said.trim().to_owned());
        self.principal.who(said)
    }
}

/// Puts the [`Viewer`] among the extensions of a request of somebody who is known.
pub(super) async fn seen(
    Extension(principal): Extension<Principal>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(Viewer::of(principal));
    next.run(request).await
}
