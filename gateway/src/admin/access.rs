//! Who may come in, and as whom: what stands before every endpoint but those of probes.
//!
//! [`known`] puts the [`Principal`] into the request's extensions, or answers 401; [`wanted`] answers 403 where the endpoint's role is not
//! among its roles, with a code that names the role.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;

use super::problem::Fault;
use super::{Shared, token};
use crate::identity::{Principal, Role, WhoError};

pub(crate) async fn known(
    State(shared): State<Arc<Shared>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Fault> {
    let bearer = token::bearer(request.headers());
    let known = bearer.and_then(|token| shared.people.by_token(token, Timestamp::now()));
    let Some(principal) = known else {
        let title = "wanted `Authorization: Bearer` with the admin token";
        return Err(Fault::new(StatusCode::UNAUTHORIZED, "unauthorized", title));
    };
    request.extensions_mut().insert(principal);
    Ok(next.run(request).await)
}

pub(crate) async fn wanted(
    State(role): State<Role>,
    Extension(principal): Extension<Principal>,
    request: Request,
    next: Next,
) -> Result<Response, Fault> {
    if principal.has(role) {
        return Ok(next.run(request).await);
    }
    Err(Fault::role(role))
}

impl Fault {
    /// Whoever asks has not this role.
    pub(super) fn role(wanted: Role) -> Self {
        let code = match wanted {
            Role::Viewer => "wants_viewer",
            Role::Operator => "wants_operator",
            Role::Approver => "wants_approver",
            Role::Admin => "wants_admin",
        };
        let title = format!("wanted the role {wanted}, which you have not");
        Self::new(StatusCode::FORBIDDEN, code, title)
    }
}

impl From<WhoError> for Fault {
    fn from(error: WhoError) -> Self {
        let (status, code) = match &error {
            WhoError::Wanted => (StatusCode::BAD_REQUEST, "bad_request"),
            WhoError::Differs { .. } => (StatusCode::FORBIDDEN, "who_differs"),
        };
        Self::new(status, code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use ops::Setting;
    use serde_json::{Value, json};

    use super::super::api::endpoints;
    use super::super::client::ClientError;
    use super::super::tests::{Running, change, code};
    use super::super::view::{ChangeRequest, Changed, HistoryPage, Me, SetMode};
    use crate::identity::{People, Person, Role, Roles};
    use crate::mode::Mode;

    fn person(name: &str, roles: &[Role]) -> Person {
        Person {
            name: name.to_owned(),
            display: format!("{name} of the tests"),
            token: Some(Setting::Plain(format!("the token of {name}"))),
            certificates: Vec::new(),
            roles: roles.iter().copied().collect(),
        }
    }

    async fn running() -> Running {
        let mut people: Vec<_> = Role::ALL
            .into_iter()
            .map(|role| person(role.as_str(), &[role]))
            .collect();
        people.push(person("nobody", &[]));
        Running::with(People::open(None, &people).unwrap()).await
    }

    #[tokio::test]
    async fn each_endpoint_wants_its_role() {
        let gateway = running().await;
        let mut told = Vec::new();
        for endpoint in endpoints() {
            let path = endpoint.path.replace("{group}", "lots");
            let path = path.replace("{backend}", "erp");
            let mut may = Vec::new();
            for name in ["viewer", "operator", "approver", "admin", "nobody"] {
                let client = gateway.client_of(&format!("the token of {name}"));
                let answer = match endpoint.method {
                    Method::GET => client.get::<Value>(&path).await,
                    _ => client.post::<Value>(&path, &json!({})).await,
                };
                match answer {
                    Err(ClientError::Refused { problem }) if problem.status == 403 => {
                        let role = endpoint.role.unwrap();
                        assert_eq!(problem.code, format!("wants_{role}"));
                    }
                    // What it said, or what is wrong with a body of nothing.
                    _ => may.push(name),
                }
            }
            let unknown = match endpoint.method {
                Method::GET => gateway.anybody.get::<Value>(&path).await,
                _ => gateway.anybody.post::<Value>(&path, &json!({})).await,
            };
            if endpoint.role.is_some() {
                assert_eq!(code(unknown), "unauthorized", "{path}");
            } else {
                may.push("anybody");
            }
            let (method, path) = (endpoint.method, endpoint.path);
            told.push(format!("{method} {path}: {}", may.join(" ")));
        }
        insta::assert_snapshot!(told.join("\n"), @r"
        GET /v1/me: viewer operator approver admin
        GET /v1/routes: viewer operator approver admin
        GET /v1/backends: viewer operator approver admin
        POST /v1/backends/{backend}/rebuild: operator admin
        POST /v1/explain: viewer operator approver admin
        POST /v1/groups/{group}/mode: operator admin
        POST /v1/groups/{group}/rollback: operator admin
        GET /v1/groups/{group}/parked: viewer operator approver admin
        POST /v1/groups/{group}/parked: operator admin
        POST /v1/groups/{group}/proposals: operator admin
        POST /v1/groups/{group}/events: operator admin
        GET /v1/proposals: viewer operator approver admin
        POST /v1/proposals/{id}/approve: approver
        POST /v1/proposals/{id}/reject: viewer operator approver admin
        POST /v1/proposals/{id}/make: operator admin
        GET /v1/gateways: viewer operator approver admin
        POST /v1/gateways: admin
        GET /v1/history: viewer operator approver admin
        GET /v1/evidence: viewer operator approver admin
        GET /v1/health: viewer operator approver admin nobody anybody
        GET /v1/ready: viewer operator approver admin nobody anybody
        GET /metrics: viewer operator approver admin nobody anybody
        GET /v1/metrics: viewer operator approver admin nobody anybody
        ");
        gateway.stop().await;
    }

    #[tokio::test]
    async fn who_in_the_log_is_who_asked() {
        let gateway = running().await;
        let operator = gateway.client_of("the token of operator");
        let me: Me = operator.get("/v1/me").await.unwrap();
        assert_eq!((me.name.as_str(), me.how.as_str()), ("operator", "token"));
        assert_eq!(me.display, "operator of the tests");
        assert_eq!(me.roles, ["operator"]);
        let set = |who: Option<&str>| SetMode {
            mode: Mode::Shadow,
            change: ChangeRequest {
                who: who.map(str::to_owned),
                ..change()
            },
            break_glass: false,
        };
        let path = "/v1/groups/lots/mode";
        let refused = operator.post::<Changed>(path, &set(Some("anna"))).await;
        assert_eq!(code(refused), "who_differs");
        let _changed: Changed = operator.post(path, &set(None)).await.unwrap();
        let page: HistoryPage = operator.get("/v1/history?from=4").await.unwrap();
        let entry: Value = serde_json::from_str(page.entries[0].raw.as_ref().unwrap()).unwrap();
        assert_eq!(entry["who"], "operator");
        gateway.stop().await;

        // Whoever has the shared token says who they are.
        let gateway = Running::start().await;
        let refused = gateway.client.post::<Changed>(path, &set(None)).await;
        assert_eq!(code(refused), "bad_request");
        let _changed: Changed = gateway.client.post(path, &set(Some("anna"))).await.unwrap();
        let me: Me = gateway.client.get("/v1/me").await.unwrap();
        assert_eq!(me.how, "shared");
        assert_eq!(me.roles.len(), Roles::all().iter().count());
        gateway.stop().await;
    }
}
