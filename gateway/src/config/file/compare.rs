//! What `routes.toml` may say of comparing the answers of both sides.

use serde::Deserialize;
use toml::Spanned;

use super::{Either, Named, OneOrMany};

/// How a route's answers are compared.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Compare {
    #[serde(default)]
    pub(in crate::config) ignore: Vec<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) headers: Vec<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) status: Vec<Spanned<SameStatus>>,
    pub(in crate::config) error_when: Option<Spanned<ErrorWhen>>,
    #[serde(default)]
    pub(in crate::config) fields: Named<Spanned<CompareField>>,
    pub(in crate::config) variants: Option<Spanned<Variants>>,
    /// `never`, or when and how often.
    pub(in crate::config) recheck: Option<Spanned<Either<Recheck>>>,
    pub(in crate::config) noise: Option<Spanned<Noise>>,
}

/// Which kinds of answers are told apart: by one of the three.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Variants {
    pub(in crate::config) record_types: Option<Spanned<Vec<Spanned<String>>>>,
    pub(in crate::config) conditions: Option<Spanned<Vec<Spanned<String>>>>,
    pub(in crate::config) field: Option<Spanned<String>>,
    pub(in crate::config) values: Option<Spanned<Vec<Spanned<String>>>>,
}

/// When a view that was behind is asked again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Recheck {
    pub(in crate::config) after: Option<Spanned<String>>,
    pub(in crate::config) times: Option<Spanned<i64>>,
}

/// How often legacy is asked twice, and what follows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Noise {
    pub(in crate::config) percent: Spanned<i64>,
    pub(in crate::config) every: Option<Spanned<String>>,
    pub(in crate::config) leave_out: Option<Spanned<i64>>,
}

/// What the two sides say for the same.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct SameStatus {
    pub(in crate::config) legacy: Spanned<i64>,
    pub(in crate::config) modern: Spanned<i64>,
}

/// What says that an answer is an error: one of `ok` and `error`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ErrorWhen {
    pub(in crate::config) field: Spanned<String>,
    pub(in crate::config) ok: Option<Spanned<OneOrMany>>,
    pub(in crate::config) error: Option<Spanned<OneOrMany>>,
}

/// How the values of a field may differ and be the same.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct CompareField {
    pub(in crate::config) tolerance: Option<Spanned<String>>,
    pub(in crate::config) relative: Option<Spanned<String>>,
    pub(in crate::config) within: Option<Spanned<String>>,
    pub(in crate::config) form: Option<Spanned<OneOrMany>>,
    pub(in crate::config) pivot: Option<Spanned<i64>>,
    pub(in crate::config) trim: Option<Spanned<String>>,
    pub(in crate::config) case: Option<Spanned<String>>,
    pub(in crate::config) pattern: Option<Spanned<String>>,
    pub(in crate::config) numbers: Option<Spanned<String>>,
    /// `values`, or by which fields elements are told apart.
    pub(in crate::config) unordered: Option<Spanned<Either<Unordered>>>,
}

/// By which fields the elements of a list are told apart.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Unordered {
    pub(in crate::config) by: Spanned<OneOrMany>,
}
