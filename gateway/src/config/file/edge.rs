//! What holds for all clients, as the file says it.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::Either;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Forwarding {
    pub(in crate::config) client_from: Option<Spanned<String>>,
    pub(in crate::config) via: Option<Spanned<String>>,
    pub(in crate::config) x_forwarded: Option<Spanned<String>>,
    pub(in crate::config) x_forwarded_port: Option<Spanned<String>>,
    pub(in crate::config) forwarded: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct AccessLog {
    /// A path, or `-`.
    pub(in crate::config) file: Spanned<PathBuf>,
    pub(in crate::config) format: Option<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) query: bool,
}

/// How much is taken on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Limits {
    pub(in crate::config) requests: Option<Spanned<i64>>,
    pub(in crate::config) queue: Option<Spanned<i64>>,
    pub(in crate::config) wait: Option<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) rates: Vec<Spanned<Rate>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Rate {
    /// `all`, `client`, `key`, or a header.
    pub(in crate::config) of: Spanned<Either<OfHeader>>,
    pub(in crate::config) requests: Spanned<i64>,
    pub(in crate::config) within: Option<Spanned<String>>,
    pub(in crate::config) burst: Option<Spanned<i64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct OfHeader {
    pub(in crate::config) header: Spanned<String>,
}
