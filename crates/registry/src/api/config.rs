//! Levels of compatibility, and modes.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Queries, body, is_set, ok, subject};
use crate::compat::Level;
use crate::error::ApiError;
use crate::registry::Registry;
use crate::state::Mode;

type Shared = State<Arc<Registry>>;

pub(super) fn routes() -> Router<Arc<Registry>> {
    Router::new()
        .route("/config", get(level).put(set_level).delete(reset_level))
        .route(
            "/config/{subject}",
            get(level_of).put(set_level_of).delete(reset_level_of),
        )
        .route("/mode", get(mode).put(set_mode))
        .route(
            "/mode/{subject}",
            get(mode_of).put(set_mode_of).delete(reset_mode_of),
        )
}

#[derive(Deserialize)]
struct SentLevel {
    compatibility: String,
}

#[derive(Deserialize)]
struct SentMode {
    mode: String,
}

fn level_in(bytes: &Bytes) -> Result<Level, ApiError> {
    let sent: SentLevel = body(bytes)?;
    Level::from_name(&sent.compatibility).ok_or_else(|| {
        ApiError::new(
            422,
            42203,
            "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive",
        )
    })
}

fn mode_in(bytes: &Bytes) -> Result<Mode, ApiError> {
    let sent: SentMode = body(bytes)?;
    Mode::from_name(&sent.mode.to_ascii_uppercase()).ok_or_else(|| {
        ApiError::new(
            422,
            42204,
            "Invalid mode. Valid values are READWRITE, READONLY, and IMPORT",
        )
    })
}

async fn level(State(registry): Shared) -> Answer {
    let level = registry.state().level(None).unwrap_or_default();
    ok(&json!({"compatibilityLevel": level.as_str()}))
}

async fn set_level(State(registry): Shared, bytes: Bytes) -> Answer {
    let level = level_in(&bytes)?;
    registry.set_level(None, Some(level)).await?;
    ok(&json!({"compatibility": level.as_str()}))
}

async fn reset_level(State(registry): Shared) -> Answer {
    let before = registry.set_level(None, None).await?.unwrap_or_default();
    ok(&json!({"compatibilityLevel": before.as_str()}))
}

async fn level_of(State(registry): Shared, Path(name): Path<String>, query: Queries) -> Answer {
    let name = subject(&name)?;
    let state = registry.state();
    let level = match (state.level(Some(name)), is_set(&query, "defaultToGlobal")) {
        (Some(level), _) => level,
        (None, true) => state.level(None).unwrap_or_default(),
        (None, false) => return Err(no_level(name)),
    };
    ok(&json!({"compatibilityLevel": level.as_str()}))
}

fn no_level(name: &str) -> ApiError {
    ApiError::new(
        404,
        40408,
        format!("Subject '{name}' does not have subject-level compatibility configured"),
    )
}

async fn set_level_of(State(registry): Shared, Path(name): Path<String>, bytes: Bytes) -> Answer {
    let level = level_in(&bytes)?;
    registry
        .set_level(Some(subject(&name)?), Some(level))
        .await?;
    ok(&json!({"compatibility": level.as_str()}))
}

async fn reset_level_of(State(registry): Shared, Path(name): Path<String>) -> Answer {
    let name = subject(&name)?;
    if registry.state().level(Some(name)).is_none() {
        return Err(no_level(name));
    }
    let before = registry
        .set_level(Some(name), None)
        .await?
        .unwrap_or_default();
    ok(&json!({"compatibilityLevel": before.as_str()}))
}

async fn mode(State(registry): Shared) -> Answer {
    let mode = registry.state().mode(None).unwrap_or_default();
    ok(&json!({"mode": mode.as_str()}))
}

async fn set_mode(State(registry): Shared, query: Queries, bytes: Bytes) -> Answer {
    let mode = mode_in(&bytes)?;
    registry
        .set_mode(None, Some(mode), is_set(&query, "force"))
        .await?;
    ok(&json!({"mode": mode.as_str()}))
}

async fn mode_of(State(registry): Shared, Path(name): Path<String>, query: Queries) -> Answer {
    let name = subject(&name)?;
    let state = registry.state();
    let mode = match (state.mode(Some(name)), is_set(&query, "defaultToGlobal")) {
        (Some(mode), _) => mode,
        (None, true) => state.mode(None).unwrap_or_default(),
        (None, false) => return Err(no_mode(name)),
    };
    ok(&json!({"mode": mode.as_str()}))
}

fn no_mode(name: &str) -> ApiError {
    ApiError::new(
        404,
        40409,
        format!("Subject '{name}' does not have subject-level mode configured"),
    )
}

async fn set_mode_of(
    State(registry): Shared,
    Path(name): Path<String>,
    query: Queries,
    bytes: Bytes,
) -> Answer {
    let mode = mode_in(&bytes)?;
    let force = is_set(&query, "force");
    registry
        .set_mode(Some(subject(&name)?), Some(mode), force)
        .await?;
    ok(&json!({"mode": mode.as_str()}))
}

async fn reset_mode_of(State(registry): Shared, Path(name): Path<String>) -> Answer {
    let name = subject(&name)?;
    if registry.state().mode(Some(name)).is_none() {
        return Err(no_mode(name));
    }
    let before = registry
        .set_mode(Some(name), None, false)
        .await?
        .unwrap_or_default();
    ok(&json!({"mode": before.as_str()}))
}
