//! How the writes of a group go back to legacy.

use serde::Deserialize;
use toml::Spanned;

use super::Either;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct WriteBack {
    pub(in crate::config) in_doubt: Option<Spanned<Either<AskLegacy>>>,
    pub(in crate::config) after_parked: Option<Spanned<String>>,
    pub(in crate::config) marker: Option<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) fields: Vec<Spanned<String>>,
    pub(in crate::config) deadline: Option<Spanned<String>>,
    pub(in crate::config) at_once: Option<Spanned<i64>>,
    pub(in crate::config) longest_wait: Option<Spanned<String>>,
    pub(in crate::config) partitions: Option<Spanned<i64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct AskLegacy {
    pub(in crate::config) ask: Spanned<String>,
}
