//! The REST API: paths, queries and bodies to questions and changes, and their answers as Confluent's clients expect them.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use event::confluent::SchemaType;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::registry::{Given, Registered, Registry};
use crate::schema::{Parsed, Reference};
use crate::state::See;

mod config;
mod schemas;
mod subjects;

/// The largest body taken, bytes.
const MAX_BODY: usize = 2 << 20;
/// The longest name of a subject.
const MAX_SUBJECT: usize = 1_000;

type Queries = Query<HashMap<String, String>>;
type Answer = Result<Response, ApiError>;

pub(crate) fn router(registry: Arc<Registry>) -> Router {
    Router::new()
        .route("/", get(async || answer(StatusCode::OK, &json!({}))))
        .route(
            "/contexts",
            get(async || answer(StatusCode::OK, &json!(["."]))),
        )
        .merge(subjects::routes())
        .merge(schemas::routes())
        .merge(config::routes())
        .fallback(async || ApiError::new(404, 404, "HTTP 404 Not Found"))
        .method_not_allowed_fallback(async || {
            ApiError::new(405, 405, "HTTP 405 Method Not Allowed")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(registry)
}

/// An answer in the registry's own media type.
pub(crate) fn answer(status: StatusCode, body: &Value) -> Response {
    let kind = [(
        header::CONTENT_TYPE,
        "application/vnd.schemaregistry.v1+json",
    )];
    (status, kind, body.to_string()).into_response()
}

fn ok(body: &Value) -> Answer {
    Ok(answer(StatusCode::OK, body))
}

fn is_set(query: &Queries, name: &str) -> bool {
    query.get(name).is_some_and(|value| value == "true")
}

fn see(query: &Queries) -> See {
    match (is_set(query, "deletedOnly"), is_set(query, "deleted")) {
        (true, _) => See::Deleted,
        (false, true) => See::All,
        (false, false) => See::Live,
    }
}

/// A subject's name. Names in other contexts than the default one begin with `:.`.
fn subject(name: &str) -> Result<&str, ApiError> {
    let refused = |why: &str| {
        ApiError::new(
            422,
            42208,
            format!("The specified subject '{name}' is not a valid subject: {why}"),
        )
    };
    if name.starts_with(":.") && !name.starts_with(":.:") {
        return Err(refused(
            "this registry for development has the default context only",
        ));
    }
    let name = name.strip_prefix(":.:").unwrap_or(name);
    if name.is_empty() || name.len() > MAX_SUBJECT || name.chars().any(char::is_control) {
        return Err(refused("it is empty, too long or has control characters"));
    }
    Ok(name)
}

/// `latest`, `-1` or a number from 1 on.
fn version(text: &str) -> Result<Option<i32>, ApiError> {
    match text.parse::<i32>() {
        Ok(-1) => Ok(None),
        Ok(number) if number > 0 => Ok(Some(number)),
        _ if text == "latest" => Ok(None),
        _ => Err(ApiError::new(
            422,
            42202,
            format!(
                "The specified version '{text}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\""
            ),
        )),
    }
}

fn body<'b, T: Deserialize<'b>>(bytes: &'b Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ApiError::new(422, 422, format!("the body is not understood: {error}")))
}

/// A schema as clients send it. What else newer ones send and we do not know is left alone, unless it would change what is checked.
#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    schema: Option<String>,
    #[serde(rename = "schemaType", default)]
    schema_type: Option<String>,
    #[serde(default)]
    references: Option<Vec<Reference>>,
    #[serde(default)]
    id: Option<i64>,
    #[serde(default)]
    version: Option<i32>,
    #[serde(rename = "ruleSet", default)]
    rule_set: Option<Value>,
}

fn given(bytes: &Bytes) -> Result<Given, ApiError> {
    let sent: Sent = body(bytes)?;
    if sent.rule_set.is_some_and(|rules| !rules.is_null()) {
        return Err(ApiError::new(
            422,
            42210,
            "this registry for development has no rule sets",
        ));
    }
    let kind = match sent.schema_type.as_deref() {
        None | Some("") => SchemaType::Avro,
        Some(name) => SchemaType::from_name(name).ok_or_else(|| {
            ApiError::new(
                422,
                422,
                format!("Invalid schema type {name}; known are AVRO, PROTOBUF, JSON"),
            )
        })?,
    };
    let text = sent.schema.unwrap_or_default();
    if text.trim().is_empty() {
        return Err(ApiError::new(422, 42201, "Empty schema"));
    }
    Ok(Given {
        kind,
        text,
        references: sent.references.unwrap_or_default(),
        // Clients say -1 for none.
        id: sent
            .id
            .and_then(|id| u32::try_from(id).ok())
            .filter(|id| *id > 0),
        version: sent.version,
    })
}

/// The text of a schema, in the form asked for: Protobuf's descriptor with `format=serialized`.
fn text_in(registry: &Registry, found: &Registered, query: &Queries) -> Result<String, ApiError> {
    match (query.get("format").map(String::as_str), found.text.kind) {
        (Some("serialized"), SchemaType::Protobuf) => {
            let text = &found.text;
            let state = registry.state();
            let (_, parsed) = state.parse(text.kind, &text.text, text.references.clone())?;
            Ok(parsed.serialized().unwrap_or_else(|| text.text.clone()))
        }
        // As Confluent's: a form that is not known, or not of this kind, changes nothing.
        _ => Ok(found.text.text.clone()),
    }
}

/// What every answer says of a schema.
fn described(found: &Registered, text: &str) -> Value {
    let mut body = json!({
        "guid": found.guid.to_string(),
        "schema": text,
    });
    if found.text.kind != SchemaType::Avro {
        body["schemaType"] = found.text.kind.as_str().into();
    }
    if !found.text.references.is_empty() {
        body["references"] = json!(found.text.references);
    }
    body
}

/// The same, with where it is.
fn placed(found: &Registered, text: &str) -> Value {
    let mut body = described(found, text);
    body["subject"] = found.subject.as_str().into();
    body["version"] = found.version.into();
    body["id"] = found.id.into();
    body
}

/// What is in the way of a schema, at the level in force.
fn differences(
    registry: &Registry,
    subject: &str,
    against: &[i32],
    given: Given,
) -> Result<Vec<String>, ApiError> {
    let state = registry.state();
    let (_, parsed): (_, Parsed) = state.parse(given.kind, &given.text, given.references)?;
    let versions: Vec<_> = state
        .versions(subject, See::Live)
        .filter(|(number, _)| against.contains(number))
        .collect();
    state.incompatible(&parsed, &versions, state.level_in_force(subject))
}
