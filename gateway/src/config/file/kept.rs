//! What the file says of answers that are kept: given later, or given again.

use serde::Deserialize;
use toml::Spanned;

use super::Either;

/// By what a request is known that comes again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Idempotency {
    pub(in crate::config) header: Option<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) fields: Vec<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) required: bool,
    pub(in crate::config) keep: Option<Spanned<String>>,
    /// `certificate`, or a table.
    pub(in crate::config) client: Option<Spanned<Either<Client>>>,
    /// `pass` or `refuse`.
    pub(in crate::config) without_outcomes: Option<Spanned<String>>,
}

/// By what clients are told apart.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Client {
    pub(in crate::config) header: Option<Spanned<String>>,
    pub(in crate::config) tokens: Option<Spanned<String>>,
    pub(in crate::config) claim: Option<Spanned<String>>,
}

/// How answers are given later.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Later {
    pub(in crate::config) within: Option<Spanned<String>>,
    pub(in crate::config) keep: Option<Spanned<String>>,
    pub(in crate::config) retry_after: Option<Spanned<String>>,
    pub(in crate::config) callback: Option<Spanned<Callback>>,
}

/// Who is called: always the same backend, or one of several as requests say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Callback {
    pub(in crate::config) backend: Option<Spanned<String>>,
    pub(in crate::config) path: Option<Spanned<String>>,
    pub(in crate::config) header: Option<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) backends: Vec<Spanned<String>>,
}
