//! Schemas by their numbers and names for all registries.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use event::confluent::Guid;
use serde_json::{Value, json};

use super::{Answer, Queries, described, is_set, ok, placed, see, text_in};
use crate::error::ApiError;
use crate::registry::{Registered, Registry};

type Shared = State<Arc<Registry>>;

pub(super) fn routes() -> Router<Arc<Registry>> {
    Router::new()
        .route("/schemas", get(list))
        .route(
            "/schemas/types",
            get(async || ok(&json!(["JSON", "PROTOBUF", "AVRO"]))),
        )
        .route("/schemas/ids/{id}", get(by_id))
        .route("/schemas/ids/{id}/schema", get(text))
        .route("/schemas/ids/{id}/subjects", get(subjects))
        .route("/schemas/ids/{id}/versions", get(versions))
        .route("/schemas/guids/{guid}", get(by_guid))
        .route("/schemas/guids/{guid}/ids", get(ids))
}

async fn list(State(registry): Shared, query: Queries) -> Answer {
    let state = registry.state();
    let prefix = query.get("subjectPrefix").map_or("", String::as_str);
    let prefix = prefix.strip_prefix(":*:").unwrap_or(prefix);
    let mut found = Vec::new();
    for subject in state
        .subjects(see(&query))
        .filter(|name| name.starts_with(prefix))
    {
        let versions = state.versions(subject, see(&query));
        let from = found.len();
        found.extend(versions.map(|(number, version)| Registered::of(subject, number, version)));
        if is_set(&query, "latestOnly") {
            let last = found.pop();
            found.truncate(from);
            found.extend(last);
        }
    }
    let found: Vec<Value> = found
        .iter()
        .map(|found| placed(found, &found.text.text))
        .collect();
    ok(&json!(found))
}

/// The first place where the schema of that number is. A number that is none is one that is not there.
fn at_id(registry: &Registry, id: &str) -> Result<Registered, ApiError> {
    let state = registry.state();
    let number: Option<u32> = id.parse().ok();
    let found = state.all().find(|(.., version)| Some(version.id) == number);
    let (subject, number, version) = found.ok_or_else(|| ApiError::schema_not_found(Some(id)))?;
    Ok(Registered::of(subject, number, version))
}

async fn by_id(State(registry): Shared, Path(id): Path<String>, query: Queries) -> Answer {
    let found = at_id(&registry, &id)?;
    ok(&described(&found, &text_in(&registry, &found, &query)?))
}

async fn text(State(registry): Shared, Path(id): Path<String>, query: Queries) -> Answer {
    let found = at_id(&registry, &id)?;
    let text = text_in(&registry, &found, &query)?;
    let kind = [(
        header::CONTENT_TYPE,
        "application/vnd.schemaregistry.v1+json",
    )];
    Ok((StatusCode::OK, kind, text).into_response())
}

async fn subjects(State(registry): Shared, Path(id): Path<String>, query: Queries) -> Answer {
    let id = at_id(&registry, &id)?.id;
    let state = registry.state();
    let mut found: Vec<&str> = state
        .all()
        .filter(|(.., version)| version.id == id && see(&query).shows(version.deleted))
        .map(|(subject, ..)| subject)
        .collect();
    found.dedup();
    ok(&json!(found))
}

async fn versions(State(registry): Shared, Path(id): Path<String>, query: Queries) -> Answer {
    let id = at_id(&registry, &id)?.id;
    let state = registry.state();
    let found: Vec<Value> = state
        .all()
        .filter(|(.., version)| version.id == id && see(&query).shows(version.deleted))
        .map(|(subject, number, _)| json!({"subject": subject, "version": number}))
        .collect();
    ok(&json!(found))
}

fn at_guid(registry: &Registry, text: &str) -> Result<Registered, ApiError> {
    let state = registry.state();
    let guid: Option<Guid> = text.parse().ok();
    let found = state.all().find(|(.., version)| Some(version.guid) == guid);
    let (subject, number, version) = found.ok_or_else(|| ApiError::schema_not_found(Some(text)))?;
    Ok(Registered::of(subject, number, version))
}

async fn by_guid(State(registry): Shared, Path(guid): Path<String>, query: Queries) -> Answer {
    let found = at_guid(&registry, &guid)?;
    ok(&described(&found, &text_in(&registry, &found, &query)?))
}

async fn ids(State(registry): Shared, Path(guid): Path<String>) -> Answer {
    let found = at_guid(&registry, &guid)?;
    ok(&json!([{"context": ".", "id": found.id}]))
}
