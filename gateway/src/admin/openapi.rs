//! What the API takes and gives, as an OpenAPI 3.1 document (<https://spec.openapis.org/oas/v3.1.0>), made of the types that it is read and
//! written with.
//!
//! [`OPERATIONS`] says of each endpoint what it is for and what goes in and out; which role it wants is the router's own word. A test holds the
//! two against each other, so that no endpoint is without an operation.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use axum::Json;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::api::{Endpoint, endpoints};
use super::view::{
    ApproveProposal, Approved, Backends, ChangeFleet, Changed, ClearEvidence, ClearedEvidence,
    DecideParked, EventHappened, ExplainRequest, Explained, FleetView, GroupView, HealthView,
    HistoryPage, Me, Parked, Problem, ProposalView, Proposals, ProposeMode, ReadyView,
    RejectProposal, Rollback, RolloutEvents, RolloutsView, Routes, SetMode,
};
use crate::evidence::Report;
use crate::identity::Role;

type Of = fn(&mut SchemaGenerator) -> Schema;

/// What an endpoint is for, and what goes in and out.
pub(super) struct Operation {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    query: &'static [(&'static str, &'static str)],
    takes: Option<Of>,
    gives: Gives,
}

#[derive(Clone, Copy)]
enum Gives {
    Json(Of),
    /// Metrics.
    Text,
    /// This document.
    Any,
}

fn of<T: JsonSchema>(make: &mut SchemaGenerator) -> Schema {
    make.subschema_for::<T>()
}

const fn reads<T: JsonSchema>(path: &'static str, summary: &'static str) -> Operation {
    Operation {
        method: "GET",
        path,
        summary,
        query: &[],
        takes: None,
        gives: Gives::Json(of::<T>),
    }
}

const fn takes<In: JsonSchema, Out: JsonSchema>(
    path: &'static str,
    summary: &'static str,
) -> Operation {
    Operation {
        method: "POST",
        takes: Some(of::<In>),
        ..reads::<Out>(path, summary)
    }
}

impl Operation {
    const fn asked(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    const fn empty(self) -> Self {
        Self {
            takes: None,
            ..self
        }
    }

    const fn gives(self, gives: Gives) -> Self {
        Self { gives, ..self }
    }
}

/// All of them, in the order of the router.
#[rustfmt::skip]
const OPERATIONS: &[Operation] = &[
    reads::<Me>("/v1/me", "Who asks, and with which roles"),
    reads::<Value>("/v1/openapi.json", "This document").gives(Gives::Any),
    reads::<Routes>("/v1/routes", "Routes and groups, and who answers them"),
    reads::<Backends>("/v1/backends", "Backends as they are now"),
    takes::<(), Backends>("/v1/backends/{backend}/rebuild", "Fill a view anew, beside what answers").empty(),
    takes::<ExplainRequest, Explained>("/v1/explain", "Where a request would go, and why; nothing is sent"),
    takes::<SetMode, Changed>("/v1/groups/{group}/mode", "Set a group's mode"),
    takes::<Rollback, Changed>("/v1/groups/{group}/rollback", "Go back to an earlier version of a group"),
    reads::<Parked>("/v1/groups/{group}/parked", "Writes that legacy did not take"),
    takes::<DecideParked, Parked>("/v1/groups/{group}/parked", "Decide on one of them"),
    takes::<ProposeMode, ProposalView>("/v1/groups/{group}/proposals", "Propose a mode, for others to approve"),
    takes::<EventHappened, GroupView>("/v1/groups/{group}/events", "Say that something has happened that a group's plan waits for"),
    reads::<RolloutsView>("/v1/rollouts", "Plans of groups, and what their next steps wait for"),
    reads::<RolloutEvents>("/v1/rollouts/events", "What happened on the way of groups, as CloudEvents, the latest first")
        .asked(&[("group", "string"), ("limit", "integer")]),
    reads::<Proposals>("/v1/proposals", "Proposals that are open"),
    takes::<ApproveProposal, Approved>("/v1/proposals/{id}/approve", "Sign a proposal"),
    takes::<RejectProposal, Proposals>("/v1/proposals/{id}/reject", "Reject a proposal, or take one's own back"),
    takes::<(), Changed>("/v1/proposals/{id}/make", "Make a change that is approved and was not made").empty(),
    reads::<FleetView>("/v1/gateways", "Which gateways are there, and whose keys sign"),
    takes::<ChangeFleet, FleetView>("/v1/gateways", "Change whose keys sign"),
    reads::<HistoryPage>("/v1/history", "Entries of the control log")
        .asked(&[("from", "integer"), ("limit", "integer")]),
    reads::<Report>("/v1/evidence", "What comparing has shown").asked(&[("route", "string"), ("of", "string")]),
    takes::<ClearEvidence, ClearedEvidence>("/v1/evidence/clear", "Have evidence forgotten on every gateway"),
    reads::<HealthView>("/v1/health", "Whether all is well"),
    reads::<ReadyView>("/v1/ready", "Whether clients may be sent here"),
    reads::<()>("/metrics", "Metrics in the OpenMetrics text format").gives(Gives::Text),
    reads::<()>("/v1/metrics", "The same").gives(Gives::Text),
];

pub(super) async fn document() -> Json<&'static Value> {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    Json(DOCUMENT.get_or_init(|| made(OPERATIONS, &endpoints())))
}

fn made(operations: &[Operation], endpoints: &[Endpoint]) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut make = settings.into_generator();
    let problem = make.subschema_for::<Problem>();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in operations {
        let is = |endpoint: &&Endpoint| {
            endpoint.path == operation.path && endpoint.method == operation.method
        };
        let role = endpoints.iter().find(is).and_then(|endpoint| endpoint.role);
        let told = operation.told(role, &problem, &mut make);
        let path = paths.entry(operation.path).or_default();
        path.insert(operation.method.to_ascii_lowercase(), told);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Figway admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What operators see and change. Answers may gain fields; requests with a field that is not known are refused.",
        },
        "paths": paths,
        "components": {
            "schemas": make.take_definitions(true),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "certificate": { "type": "mutualTLS" },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": "figway-session",
                    "description": "Over TLS `__Host-figway-session`. What changes something carries `x-csrf-token` too.",
                },
            },
        },
    })
}

impl Operation {
    fn told(&self, role: Option<Role>, problem: &Schema, make: &mut SchemaGenerator) -> Value {
        let media = |kind: &str, schema: Value| json!({ kind: { "schema": schema } });
        let content = match self.gives {
            Gives::Json(of) => media("application/json", of(make).to_value()),
            Gives::Text => media("application/openmetrics-text", json!({ "type": "string" })),
            Gives::Any => media("application/json", json!({ "type": "object" })),
        };
        let mut told = Map::new();
        let mut say = |name: &str, value: Value| {
            told.insert(name.to_owned(), value);
        };
        say("summary", self.summary.into());
        say("operationId", self.id().into());
        let responses = json!({
            "2XX": { "description": "Done", "content": content },
            "default": {
                "description": "An error, with a stable `code`",
                "content": media("application/problem+json", problem.clone().to_value()),
            },
        });
        say("responses", responses);
        let parameters = self.parameters();
        if !parameters.is_empty() {
            say("parameters", parameters.into());
        }
        if let Some(of) = self.takes {
            let content = media("application/json", of(make).to_value());
            let body = json!({ "required": true, "content": content });
            say("requestBody", body);
        }
        if let Some(role) = role {
            let role = role.as_str();
            say("description", format!("Wants the role `{role}`.").into());
            say("x-figway-role", role.into());
            let by = |name: &str| json!({ name: [role] });
            let security = json!([by("bearer"), by("certificate"), by("session")]);
            say("security", security);
        }
        Value::Object(told)
    }

    fn parameters(&self) -> Vec<Value> {
        let named = self.path.split('/').filter_map(|part| {
            let name = part.strip_prefix('{')?.strip_suffix('}')?;
            let schema = json!({ "type": "string" });
            Some(json!({ "name": name, "in": "path", "required": true, "schema": schema }))
        });
        let asked = self.query.iter().map(|(name, kind)| {
            let schema = json!({ "type": kind });
            json!({ "name": name, "in": "query", "required": false, "schema": schema })
        });
        named.chain(asked).collect()
    }

    /// `post_v1_groups_group_mode`.
    fn id(&self) -> String {
        let text = format!("{}{}", self.method.to_ascii_lowercase(), self.path);
        text.replace(['/', '.'], "_").replace(['{', '}'], "")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_endpoint_has_an_operation_and_every_operation_an_endpoint() {
        let routed: BTreeSet<_> = endpoints()
            .iter()
            .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path))
            .collect();
        let mut told = BTreeSet::new();
        for operation in OPERATIONS {
            let one = format!("{} {}", operation.method, operation.path);
            assert!(told.insert(one), "{} is told twice", operation.path);
        }
        assert_eq!(told, routed);
    }

    #[test]
    fn the_document_is_whole() {
        let document = made(OPERATIONS, &endpoints());
        let mut ids = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let endpoints = endpoints();
                let endpoint = endpoints.iter().find(|endpoint| {
                    endpoint.path == path
                        && endpoint.method.as_str().to_ascii_lowercase() == *method
                });
                let role = endpoint.unwrap().role.map(Role::as_str);
                assert_eq!(operation["x-figway-role"].as_str(), role, "{method} {path}");
                assert_eq!(operation.get("security").is_some(), role.is_some());
                assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()));
            }
        }
        // Whatever is referred to is there.
        let text = document.to_string();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let mut referred = 0;
        for part in text.split("\"$ref\":\"").skip(1) {
            let place = part.split('"').next().unwrap();
            let name = place.strip_prefix("#/components/schemas/").unwrap();
            assert!(schemas.contains_key(name), "{place}");
            referred += 1;
        }
        assert!(
            referred > 30 && schemas.len() > 30,
            "{referred} {}",
            schemas.len()
        );
        let set = &schemas["SetMode"];
        assert_eq!(set["additionalProperties"], false);
        assert_eq!(set["required"], json!(["mode", "change"]));
        let who = &schemas["ChangeRequest"]["properties"]["who"];
        assert_eq!(who["type"], json!(["string", "null"]));
    }
}
