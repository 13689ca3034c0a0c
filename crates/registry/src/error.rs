//! What the API answers when it cannot do what was asked: Confluent's codes and words.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::compat::Difference;

/// An answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    pub(crate) fn subject_not_found(subject: &str) -> Self {
        Self::new(404, 40401, format!("Subject '{subject}' not found."))
    }

    pub(crate) fn version_not_found(version: impl std::fmt::Display) -> Self {
        Self::new(404, 40402, format!("Version {version} not found."))
    }

    pub(crate) fn schema_not_found(id: Option<&str>) -> Self {
        match id {
            Some(id) => Self::new(404, 40403, format!("Schema {id} not found")),
            None => Self::new(404, 40403, "Schema not found"),
        }
    }

    pub(crate) fn invalid_schema(text: &str, why: &str) -> Self {
        // As much of it as tells which one is meant.
        let short: String = text.chars().take(200).collect();
        Self::new(
            422,
            42201,
            format!("Invalid schema {short}, details: {why}"),
        )
    }

    pub(crate) fn not_permitted(message: impl Into<String>) -> Self {
        Self::new(422, 42205, message)
    }

    pub(crate) fn store(message: impl Into<String>) -> Self {
        Self::new(500, 50001, message)
    }

    pub(crate) fn incompatible(subject: &str, found: &[String]) -> Self {
        Self::new(
            409,
            40901,
            format!(
                "Schema being registered is incompatible with an earlier schema for subject \"{subject}\", details: [{}]",
                found.join(", ")
            ),
        )
    }
}

/// One thing in the way, as the API says it.
pub(crate) fn message(difference: &Difference, reader: &str, writer: &str) -> String {
    let description = difference.described(reader, writer);
    format!(
        "{{errorType:\"{}\", description:\"{description}\"}}",
        difference.kind
    )
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::json!({"error_code": self.code, "message": self.message});
        crate::api::answer(status, &body)
    }
}
