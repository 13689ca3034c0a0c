//! Subjects, their versions, and whether a schema would fit among them.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::json;

use super::{
    Answer, Queries, differences, given, is_set, ok, placed, see, subject, text_in, version,
};
use crate::registry::{Registered, Registry};

type Shared = State<Arc<Registry>>;

pub(super) fn routes() -> Router<Arc<Registry>> {
    Router::new()
        .route("/subjects", get(list))
        .route("/subjects/{subject}", post(look_up).delete(delete))
        .route("/subjects/{subject}/versions", get(versions).post(register))
        .route(
            "/subjects/{subject}/versions/{version}",
            get(one).delete(delete_one),
        )
        .route(
            "/subjects/{subject}/versions/{version}/schema",
            get(one_text),
        )
        .route(
            "/subjects/{subject}/versions/{version}/referencedby",
            get(referring),
        )
        .route(
            "/compatibility/subjects/{subject}/versions",
            post(compatible_with_all),
        )
        .route(
            "/compatibility/subjects/{subject}/versions/{version}",
            post(compatible),
        )
}

async fn list(State(registry): Shared, query: Queries) -> Answer {
    let state = registry.state();
    let prefix = query.get("subjectPrefix").map_or("", String::as_str);
    // Clients ask for all contexts by `:*:`.
    let prefix = prefix.strip_prefix(":*:").unwrap_or(prefix);
    let found: Vec<&str> = state
        .subjects(see(&query))
        .filter(|name| name.starts_with(prefix))
        .collect();
    ok(&json!(found))
}

async fn register(State(registry): Shared, Path(name): Path<String>, bytes: Bytes) -> Answer {
    let found = registry.register(subject(&name)?, given(&bytes)?).await?;
    let text = found.text.text.clone();
    ok(&placed(&found, &text))
}

async fn look_up(
    State(registry): Shared,
    Path(name): Path<String>,
    query: Queries,
    bytes: Bytes,
) -> Answer {
    let found = registry.look_up(subject(&name)?, given(&bytes)?, see(&query))?;
    ok(&placed(&found, &text_in(&registry, &found, &query)?))
}

async fn delete(State(registry): Shared, Path(name): Path<String>, query: Queries) -> Answer {
    let permanent = is_set(&query, "permanent");
    ok(&json!(
        registry.delete_subject(subject(&name)?, permanent).await?
    ))
}

async fn versions(State(registry): Shared, Path(name): Path<String>, query: Queries) -> Answer {
    let state = registry.state();
    let found = state.known_versions(subject(&name)?, see(&query))?;
    let numbers: Vec<i32> = found.into_iter().map(|(number, _)| number).collect();
    ok(&json!(numbers))
}

fn at(
    registry: &Registry,
    name: &str,
    wanted: &str,
    query: &Queries,
) -> Result<Registered, crate::error::ApiError> {
    let name = subject(name)?;
    let state = registry.state();
    let (number, found) = state.version(name, version(wanted)?, see(query))?;
    Ok(Registered::of(name, number, found))
}

async fn one(
    State(registry): Shared,
    Path((name, wanted)): Path<(String, String)>,
    query: Queries,
) -> Answer {
    let found = at(&registry, &name, &wanted, &query)?;
    ok(&placed(&found, &text_in(&registry, &found, &query)?))
}

async fn one_text(
    State(registry): Shared,
    Path((name, wanted)): Path<(String, String)>,
    query: Queries,
) -> Answer {
    let found = at(&registry, &name, &wanted, &query)?;
    let text = text_in(&registry, &found, &query)?;
    let kind = [(
        header::CONTENT_TYPE,
        "application/vnd.schemaregistry.v1+json",
    )];
    Ok((StatusCode::OK, kind, text).into_response())
}

async fn referring(
    State(registry): Shared,
    Path((name, wanted)): Path<(String, String)>,
    query: Queries,
) -> Answer {
    let found = at(&registry, &name, &wanted, &query)?;
    ok(&json!(
        registry.state().referring(&found.subject, found.version)
    ))
}

async fn delete_one(
    State(registry): Shared,
    Path((name, wanted)): Path<(String, String)>,
    query: Queries,
) -> Answer {
    let permanent = is_set(&query, "permanent");
    let number = registry
        .delete_version(subject(&name)?, version(&wanted)?, permanent)
        .await?;
    ok(&json!(number))
}

async fn compatible(
    State(registry): Shared,
    Path((name, wanted)): Path<(String, String)>,
    query: Queries,
    bytes: Bytes,
) -> Answer {
    let name = subject(&name)?;
    let wanted = version(&wanted)?;
    let against = {
        let state = registry.state();
        match state.version(name, wanted, crate::state::See::Live) {
            Ok((number, _)) => vec![number],
            // Nothing there yet: everything fits. A version that is named must be there.
            Err(error) if wanted.is_some() => return Err(error),
            Err(_) => Vec::new(),
        }
    };
    tell(&registry, name, &against, &query, &bytes)
}

async fn compatible_with_all(
    State(registry): Shared,
    Path(name): Path<String>,
    query: Queries,
    bytes: Bytes,
) -> Answer {
    let name = subject(&name)?;
    let against: Vec<i32> = {
        let state = registry.state();
        let all: Vec<i32> = state
            .versions(name, crate::state::See::Live)
            .map(|(number, _)| number)
            .collect();
        let transitive = state.level_in_force(name).transitive();
        let first = if transitive {
            0
        } else {
            all.len().saturating_sub(1)
        };
        all.get(first..).unwrap_or_default().to_vec()
    };
    tell(&registry, name, &against, &query, &bytes)
}

fn tell(
    registry: &Registry,
    name: &str,
    against: &[i32],
    query: &Queries,
    bytes: &Bytes,
) -> Answer {
    let found = differences(registry, name, against, given(bytes)?)?;
    let mut body = json!({"is_compatible": found.is_empty()});
    if is_set(query, "verbose") {
        body["messages"] = json!(found);
    }
    ok(&body)
}
