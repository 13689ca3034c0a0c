//! What the file says of answers that are kept: given later, or given again.

use serde::Deserialize;
use toml::Spanned;

/// How answers are given later.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Later {
    pub(in crate::config) within: Option<Spanned<String>>,
    pub(in crate::config) keep: Option<Spanned<String>>,
    pub(in crate::config) retry_after: Option<Spanned<String>>,
}
